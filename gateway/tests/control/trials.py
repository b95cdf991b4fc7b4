"""TestInvokeMethod and TestInvokeAuthorizer through boto3: what is not deployed is tried, and the log tells of it.

Usage: trials.py URL. The gateway serves the functions of `trials.yaml`.
"""
import http.server
import json
import re
import sys
import threading

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from operations import record

client = record(boto3.client(
    "apigateway", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test",
    aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}),
))
DATE = re.compile(r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} UTC \d{4} : ")


def fails(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]
        assert got["Code"] == code and got["Message"].startswith(text), got
    else:
        raise AssertionError(f"{call.__name__} was not refused with {text}")


def lines(answer):
    """The log without dates and the request's id, which is the same everywhere."""
    log = answer["log"].split("\n")
    assert log.pop() == "", answer["log"]
    request_id = log[0].removeprefix("Execution log for request ")
    assert re.fullmatch(r"[0-9a-f-]{36}", request_id), log[0]
    for line in log[1:]:
        assert DATE.match(line) or "\n" in line, line
    return [DATE.sub("", line).replace(request_id, "ID") for line in log[1:]]


class Backend(http.server.BaseHTTPRequestHandler):
    """Says what it got."""

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        said = json.dumps({"path": self.path, "body": body, "x": self.headers.get("X-One")}).encode()
        self.send_response(500 if self.path.startswith("/bad") else 201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def function(name):
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def resource(rest, root, part):
    made = client.create_resource(**rest, parentId=root, pathPart=part)
    return {**rest, "resourceId": made["id"]}


def mock(rest, root):
    """A mock: no endpoint, and what authorization would refuse is tried all the same."""
    at = {**resource(rest, root, "mock"), "httpMethod": "POST"}
    client.put_method(**at, authorizationType="AWS_IAM", apiKeyRequired=True,
                      requestParameters={"method.request.querystring.a": False})
    fails("NotFoundException", "Invalid Integration identifier specified", client.test_invoke_method, **at)
    client.put_method_response(**at, statusCode="200", responseParameters={"method.response.header.X-A": False})
    client.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    template = ('{"a": "$input.params(\'a\')", "ip": "$context.identity.sourceIp", "stage": "$context.stage", '
                '"key": "$context.identity.apiKeyId", "v": "$stageVariables.v", "host": "$context.domainName"}')
    client.put_integration_response(**at, statusCode="200", responseTemplates={"application/json": template},
                                    responseParameters={"method.response.header.X-A": "'one'"})
    got = client.test_invoke_method(**at, pathWithQueryString="/mock?a=1&a=2", body='{"b": 1}',
                                    headers={"Content-Type": "application/json"},
                                    multiValueHeaders={"X-Many": ["1", "2"]}, stageVariables={"v": "blue"})
    assert got["status"] == 200 and got["latency"] >= 0, got
    assert json.loads(got["body"]) == {
        "a": "2", "ip": "test-invoke-source-ip", "stage": "test-invoke-stage", "key": "test-invoke-api-key-id",
        "v": "blue", "host": "testPrefix.testDomainName"}, got["body"]
    assert got["headers"] == {"X-A": "one", "Content-Type": "application/json"}, got["headers"]
    assert got["multiValueHeaders"] == {"X-A": ["one"], "Content-Type": ["application/json"]}
    assert lines(got) == [
        "Starting execution for request: ID",
        "HTTP Method: POST, Resource Path: /mock",
        "Method request path: {}",
        "Method request query string: {a=2}",
        "Method request headers: {Content-Type=application/json, X-Many=1, X-Many=2}",
        'Method request body before transformations: {"b": 1}',
        f"Method response body after transformations: {got['body']}",
        "Method response headers: {X-A=one, Content-Type=application/json}",
        "Successfully completed execution",
        "Method completed with status: 200",
    ], got["log"]
    client.update_integration(**at, patchOperations=[
        {"op": "replace", "path": "/requestTemplates/application~1json", "value": '{"statusCode": 404}'}])
    client.update_integration_response(**at, statusCode="200", patchOperations=[
        {"op": "replace", "path": "/selectionPattern", "value": "200"}])
    got = client.test_invoke_method(**at)
    assert got["status"] == 500 and got["headers"] == {"x-amzn-ErrorType": "InternalServerErrorException"}, got
    assert lines(got)[-2:] == [
        "Execution failed due to configuration error: No match for output mapping and no default output mapping "
        "configured. Endpoint Response Status Code: 404", "Method completed with status: 500"], got["log"]


def backend(rest, root, url):
    """HTTP, with and without mapping: what goes out and what comes back is in the log."""
    at = {**resource(rest, root, "http"), "httpMethod": "POST"}
    client.put_method(**at, authorizationType="NONE", requestParameters={"method.request.header.One": True})
    client.put_method_response(**at, statusCode="201")
    client.put_integration(**at, type="HTTP", integrationHttpMethod="POST", uri=f"{url}/things",
                           requestParameters={"integration.request.header.X-One": "method.request.header.One"},
                           requestTemplates={"application/json": '{"was": $input.json(\'$\')}'})
    client.put_integration_response(**at, statusCode="201",
                                    responseTemplates={"application/json": '{"got": $input.json(\'$.body\')}'})
    got = client.test_invoke_method(**at, headers={"One": "1"}, body='{"b":1}')
    assert got["status"] == 201 and json.loads(got["body"]) == {"got": '{"was": {"b":1}}'}, got
    assert got["headers"]["X-Amzn-Trace-Id"].startswith("Root=1-"), got["headers"]
    log = lines(got)
    assert log[6] == f"Endpoint request URI: {url}/things", log[6]
    assert log[7].startswith("Endpoint request headers: {") and "X-One=1" in log[7], log[7]
    assert log[8] == 'Endpoint request body after transformations: {"was": {"b":1}}', log[8]
    assert log[9] == f"Sending request to {url}/things", log[9]
    assert re.fullmatch(r"Received response\. Status: 201, Integration latency: \d+ ms", log[10]), log[10]
    assert log[11].startswith("Endpoint response headers: {") and "Content-Type=application/json" in log[11], log[11]
    assert log[12] == 'Endpoint response body before transformations: ' + json.dumps(
        {"path": "/things", "body": '{"was": {"b":1}}', "x": "1"}), log[12]
    assert log[13] == f"Method response body after transformations: {got['body']}", log[13]
    assert log[14].startswith("Method response headers: {X-Amzn-Trace-Id="), log[14]
    assert log[15:] == ["Successfully completed execution", "Method completed with status: 201"], log

    proxy = {**resource(rest, root, "{name}"), "httpMethod": "ANY"}
    client.put_method(**proxy, authorizationType="NONE", requestParameters={"method.request.path.name": True})
    client.put_integration(**proxy, type="HTTP_PROXY", integrationHttpMethod="ANY", uri=f"{url}/{{name}}",
                           requestParameters={"integration.request.path.name": "method.request.path.name"})
    got = client.test_invoke_method(**{**proxy, "httpMethod": "GET"}, pathWithQueryString="/fish%20s?q=1")
    assert got["status"] == 201 and json.loads(got["body"])["path"] == "/fish%20s?q=1", got
    assert lines(got)[2] == "Method request path: {name=fish s}", lines(got)[2]
    got = client.test_invoke_method(**{**proxy, "httpMethod": "GET"}, pathWithQueryString="/a/b/c")
    assert lines(got)[2] == "Method request path: {}", "a path that is not the resource's has no parameters"

    gone = {**resource(rest, root, "gone"), "httpMethod": "GET"}
    client.put_method(**gone, authorizationType="NONE")
    client.put_integration(**gone, type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://127.0.0.1:9/")
    got = client.test_invoke_method(**gone)
    assert got["status"] == 504 and lines(got)[-2:] == [
        "Execution failed due to a network error communicating with endpoint", "Method completed with status: 504"], got
    fails("NotFoundException", "Invalid Method identifier specified", client.test_invoke_method, **{**gone, "httpMethod": "PUT"})
    fails("NotFoundException", "Invalid Resource identifier specified", client.test_invoke_method, **{**gone, "resourceId": "x"})


def validated(rest, root):
    """What a validator refuses, the log explains."""
    at = {**resource(rest, root, "validated"), "httpMethod": "POST"}
    client.create_model(**rest, name="Named", contentType="application/json",
                        schema='{"type": "object", "required": ["name"]}')
    validator = client.create_request_validator(**rest, name="all", validateRequestBody=True, validateRequestParameters=True)
    client.put_method(**at, authorizationType="NONE", requestModels={"application/json": "Named"},
                      requestValidatorId=validator["id"], requestParameters={"method.request.querystring.q": True})
    client.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    client.put_integration_response(**at, statusCode="200")
    got = client.test_invoke_method(**at, body='{"name": "x"}')
    assert got["status"] == 400 and "Missing required request parameters: [q]" in lines(got), got
    got = client.test_invoke_method(**at, pathWithQueryString="/validated?q=1", body="{}")
    assert got["status"] == 400, got
    problem = [line for line in lines(got) if line.startswith("Request body does not match model schema for content type")]
    assert len(problem) == 1 and "name" in problem[0], got["log"]


def functions(rest, root):
    """Lambda, both ways, and what becomes of its failures."""
    at = {**resource(rest, root, "function"), "httpMethod": "GET"}
    client.put_method(**at, authorizationType="NONE")
    client.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=function("echo"))
    got = client.test_invoke_method(**at, pathWithQueryString="/function?x=1")
    assert got["status"] == 200 and got["headers"]["X-Echo"] == "yes", got
    event = json.loads(got["body"])
    identity = event["requestContext"]["identity"]
    assert event["requestContext"]["stage"] == "test-invoke-stage" and event["path"] == "/function", event
    assert identity["sourceIp"] == "test-invoke-source-ip" and identity["apiKey"] == "test-invoke-api-key", identity
    assert identity["userArn"] == "arn:aws:iam::000000000000:root" and identity["accessKey"] == "test", identity
    assert event["requestContext"]["domainName"] == "testPrefix.testDomainName", event["requestContext"]
    log = lines(got)
    address = "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:echo/invocations"
    assert f"Endpoint request URI: {address}" in log and f"Sending request to {address}" in log, got["log"]
    assert any(line.startswith("Endpoint request headers: {x-amzn-lambda-integration-tag=ID, Authorization=***") for line in log)
    got = client.test_invoke_method(**at, pathWithQueryString="/function?fail=1")
    failed = [line for line in lines(got) if line.startswith("Lambda execution failed with status 200 due to customer function error: no luck.")]
    assert got["status"] == 502 and len(failed) == 1, got
    got = client.test_invoke_method(**at, pathWithQueryString="/function?odd=1")
    assert got["status"] == 502 and lines(got)[-2:] == [
        "Execution failed due to configuration error: Malformed Lambda proxy response", "Method completed with status: 502"], got

    plain = {**resource(rest, root, "plain"), "httpMethod": "POST"}
    client.put_method(**plain, authorizationType="NONE")
    client.put_method_response(**plain, statusCode="200")
    client.put_integration(**plain, type="AWS", integrationHttpMethod="POST", uri=function("echo"))
    client.put_integration_response(**plain, statusCode="200")
    got = client.test_invoke_method(**plain, body='{"a": 1}')
    assert got["status"] == 200 and json.loads(json.loads(got["body"])["body"]) == {"a": 1}, got
    trace = got["headers"]["X-Amzn-Trace-Id"]
    responded = [line for line in lines(got) if line.startswith("Endpoint response headers: {Date=")]
    assert len(responded) == 1 and responded[0].endswith(f"X-Amz-Executed-Version=$LATEST, X-Amzn-Trace-Id={trace}}}"), responded
    assert lines(got)[-3] == f"Method response headers: {{X-Amzn-Trace-Id={trace}, Content-Type=application/json}}", got["log"]


def authorizers(rest):
    token = client.create_authorizer(**rest, name="token", type="TOKEN", authorizerUri=function("guard"),
                                     identitySource="method.request.header.Authorization")["id"]
    one = {**rest, "authorizerId": token}
    got = client.test_invoke_authorizer(**one, headers={"Authorization": "a-token-of-somebody"})
    assert got["clientStatus"] == 0 and got["principalId"] == "user-a-token-of-somebody" and got["latency"] >= 0, got
    policy = json.loads(got["policy"])
    assert policy["Statement"][0]["Resource"] == (
        f"arn:aws:execute-api:us-east-1:000000000000:{rest['restApiId']}/ESTestInvoke-stage/GET/"), policy
    log = lines(got)
    assert log[:2] == [f"Starting authorizer: {token} for request: ID", "Incoming identity: *************mebody"], log
    assert [line.split(":")[0] for line in log[2:]] == [
        "Endpoint request URI", "Endpoint request headers", "Endpoint request body after transformations",
        "Sending request to https", "Authorizer result body before parsing", "Using valid authorizer policy for principal",
        "Successfully completed authorizer execution"], log
    got = client.test_invoke_authorizer(**one, headers={"Authorization": "deny"})
    assert got["clientStatus"] == 0 and json.loads(got["policy"])["Statement"][0]["Effect"] == "Deny", got
    for given, status in (({"Authorization": "unauthorized"}, 401), ({}, 401), ({"Authorization": "nothing"}, 500)):
        got = client.test_invoke_authorizer(**one, headers=given)
        assert got["clientStatus"] == status and "policy" not in got and "principalId" not in got, (given, got)
        assert lines(got)[-1] == "Unauthorized", got["log"]

    request = client.create_authorizer(**rest, name="request", type="REQUEST", authorizerUri=function("guard"),
                                       identitySource="method.request.header.X-Token, context.identity.sourceIp")["id"]
    got = client.test_invoke_authorizer(**rest, authorizerId=request, multiValueHeaders={"X-Token": ["a-long-enough-token"]},
                                        stageVariables={"v": "1"}, additionalContext={"identity.sourceIp": "192.0.2.1"})
    assert got["clientStatus"] == 0 and got["principalId"] == "user-a-long-enough-token", got
    assert lines(got)[1].startswith("Incoming identity: {method.request.header.X-Token=*************-token"), got["log"]
    fails("NotFoundException", "Invalid Authorizer identifier specified", client.test_invoke_authorizer, **rest, authorizerId="none")
    pool = client.create_authorizer(**rest, name="pool", type="COGNITO_USER_POOLS", identitySource="method.request.header.A",
                                    providerARNs=["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a"])["id"]
    fails("NotImplementedException", "TestInvokeAuthorizer of a user pool", client.test_invoke_authorizer, **rest, authorizerId=pool)


def main():
    api = client.create_rest_api(name="tried")
    rest, root = {"restApiId": api["id"]}, api["rootResourceId"]
    url = serve()
    mock(rest, root)
    backend(rest, root, url)
    validated(rest, root)
    functions(rest, root)
    authorizers(rest)
    assert client.get_deployments(**rest)["items"] == [] and client.get_stages(**rest).get("item", []) == []
    client.delete_rest_api(**rest)
    print("all trials told what they should")


main()
