"""The life of an API through boto3, with a request after each step: made, deployed, changed, deployed anew, rolled back, deleted.

Usage: lifecycle.py CONTROL-URL DATA-HOST:PORT
"""
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

CONTROL, DATA = sys.argv[1:]
client = boto3.client(
    "apigateway", endpoint_url=CONTROL, region_name="us-east-1", aws_access_key_id="test",
    aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}),
)


def patch(op, path, value=None, **more):
    return [{"op": op, "path": path, **({} if value is None else {"value": value}), **more}]


def get(api, stage, path="/pets"):
    """Status and body of a request to a stage."""
    url = f"http://{DATA}/{stage}{path}"
    request = urllib.request.Request(url, headers={"Host": f"{api}.execute-api.us-east-1.amazonaws.com"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, None


def answer(method, text, replaces):
    """The mock answers with this text from the next deployment on."""
    if replaces:
        client.update_integration_response(
            **method, statusCode="200", patchOperations=patch("replace", "/responseTemplates/application~1json", text))
    else:
        client.put_method(**method, authorizationType="NONE")
        client.put_method_response(**method, statusCode="200")
        client.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        client.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": text})


def main():
    api = client.create_rest_api(name="pets")
    rest = {"restApiId": api["id"]}
    pets = client.create_resource(**rest, parentId=api["rootResourceId"], pathPart="pets")
    method = {**rest, "resourceId": pets["id"], "httpMethod": "GET"}
    answer(method, "first", replaces=False)
    assert get(api["id"], "prod")[0] == 403
    first = client.create_deployment(**rest, stageName="prod")["id"]
    assert get(api["id"], "prod") == (200, "first")

    answer(method, "second", replaces=True)
    assert get(api["id"], "prod") == (200, "first"), "a change is not live before it is deployed"
    second = client.create_deployment(**rest)["id"]
    assert get(api["id"], "prod") == (200, "first"), "nor is a deployment before a stage shows it"
    client.create_stage(**rest, stageName="test", deploymentId=second)
    assert (get(api["id"], "prod"), get(api["id"], "test")) == ((200, "first"), (200, "second"))

    stage = {**rest, "stageName": "prod"}
    client.update_stage(**stage, patchOperations=patch("replace", "/deploymentId", second))
    assert get(api["id"], "prod") == (200, "second")
    client.update_stage(**stage, patchOperations=patch("replace", "/deploymentId", first))
    assert (get(api["id"], "prod"), get(api["id"], "test")) == ((200, "first"), (200, "second")), "rolled back"

    client.delete_method(**method)
    assert get(api["id"], "test") == (200, "second")
    client.delete_stage(**rest, stageName="test")
    client.delete_deployment(**rest, deploymentId=second)
    assert (get(api["id"], "prod"), get(api["id"], "test")[0]) == ((200, "first"), 403)
    client.delete_rest_api(**rest)
    assert get(api["id"], "prod")[0] == 403
    assert client.get_rest_apis()["items"] == []


main()
