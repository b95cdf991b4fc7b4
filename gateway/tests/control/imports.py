"""Import, export and what else deals with documents and files, through boto3.

Usage: imports.py URL INVOKE. INVOKE is the data plane's address, `host:port`.
"""
import datetime
import io
import json
import ssl
import sys
import tempfile
import time
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from operations import record

client = record(boto3.client(
    "apigateway", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test",
    aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}),
))
INVOKE = sys.argv[2]


def fails(code, text, call, **arguments):
    """The call is refused with this code, and a text that begins so."""
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]
        assert got["Code"] == code and got["Message"].startswith(text), got
    else:
        raise AssertionError(f"{call.__name__} was not refused with {text}")


def ask(api, stage, path, method="GET", headers=None, body=None):
    request = urllib.request.Request(
        f"http://{INVOKE}/_aws/execute-api/{api}/{stage}{path}", method=method, headers=headers or {}, data=body)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def mock(status="200", body=None, **more):
    response = {"statusCode": status}
    if body is not None:
        response["responseTemplates"] = {"application/json": body}
    return {"type": "mock", "requestTemplates": {"application/json": f'{{"statusCode": {status}}}'},
            "responses": {"default": response}, **more}


def operation(**more):
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": mock(), **more}


def document(**more):
    return {"openapi": "3.0.1", "info": {"title": "pets", "version": "1.2", "description": "All pets"},
            "paths": {"/pets/{petId}": {"get": operation(operationId="getPet", parameters=[
                {"name": "type", "in": "query", "required": True, "schema": {"type": "string"}}])}},
            "components": {"schemas": {"Pet": {"type": "object", "properties": {"id": {"type": "integer"}}}}}, **more}


def text(value):
    return json.dumps(value).encode()


def paths(rest):
    return {item["path"]: item for item in client.get_resources(**rest, limit=500)["items"]}


def imports():
    """ImportRestApi: what it makes, its parameters, and what it refuses."""
    api = client.import_rest_api(body=text(document()))
    rest = {"restApiId": api["id"]}
    assert (api["name"], api["version"], api["description"]) == ("pets", "1.2", "All pets"), api
    assert "warnings" not in api and api["endpointConfiguration"]["types"] == ["EDGE"]
    found = paths(rest)
    assert sorted(found) == ["/", "/pets", "/pets/{petId}"]
    method = client.get_method(**rest, resourceId=found["/pets/{petId}"]["id"], httpMethod="GET")
    assert method["requestParameters"] == {"method.request.path.petId": True, "method.request.querystring.type": True}
    assert method["operationName"] == "getPet" and method["methodIntegration"]["cacheNamespace"] == found["/pets/{petId}"]["id"]
    assert [model["name"] for model in client.get_models(**rest)["items"]] == ["Pet"]

    servers = [{"url": "https://x/base/v1"}]
    for base, expected in (("ignore", "/a"), ("prepend", "/base/v1/a"), ("split", "/v1/a")):
        made = client.import_rest_api(
            body=text({**document(servers=servers), "paths": {"/a": {"get": operation()}}}),
            parameters={"basepath": base, "endpointConfigurationTypes": "REGIONAL"})
        assert made["endpointConfiguration"]["types"] == ["REGIONAL"]
        assert expected in paths({"restApiId": made["id"]}), base
        client.delete_rest_api(restApiId=made["id"])

    before = len(client.get_rest_apis(limit=500)["items"])
    fails("BadRequestException", "Invalid OpenAPI input.", client.import_rest_api, body=b"neither: this\nnor: that")
    wrong = document(paths={"/:v": {"get": operation()}, "/b": {"get": operation(**{"x-amazon-apigateway-integration": {
        "type": "http", "httpMethod": "GET", "uri": "nowhere", "responses": {}}})}})
    try:
        client.import_rest_api(body=text(wrong))
        raise AssertionError("a document with errors was imported")
    except ClientError as error:
        lines = error.response["Error"]["Message"].split("\n")
        assert lines[0] == "Errors found during import:" and all(line.startswith("\t") for line in lines[1:]), lines
        assert any("Unable to put integration on 'GET' for resource at path '/b': Invalid HTTP endpoint" in line
                   for line in lines), lines
    odd = document()
    odd["paths"]["/pets/{petId}"]["get"]["x-amazon-apigateway-integration"]["requestParameters"] = {
        "integration.request.header.nothing": True}
    warned = client.import_rest_api(body=text(odd))
    assert warned["warnings"] == [
        "Invalid format for 'requestParameters'. Expected type string for property 'integration.request.header.nothing' "
        "of resource '/pets/{petId}' and method 'GET' but got 'true'"], warned["warnings"]
    client.delete_rest_api(restApiId=warned["id"])
    fails("BadRequestException", "Warnings found during import:", client.import_rest_api, body=text(odd), failOnWarnings=True)
    fails("BadRequestException", "Invalid basepath", client.import_rest_api, body=text(document()), parameters={"basepath": "x"})
    assert len(client.get_rest_apis(limit=500)["items"]) == before, "an import that fails makes nothing"
    return rest


def puts(rest):
    """PutRestApi: what stays, what goes, whose ids are kept."""
    before = paths(rest)
    added = document(paths={"/toys": {"get": operation()}}, info={"title": "toys", "version": "2"})
    merged = client.put_rest_api(**rest, body=text(added))
    assert merged["name"] == "toys" and merged["version"] == "2" and merged["tags"] == {}
    assert merged["description"] == "All pets"
    after = paths(rest)
    assert sorted(after) == ["/", "/pets", "/pets/{petId}", "/toys"]
    assert all(after[path]["id"] == item["id"] for path, item in before.items())
    clash = document(paths={"/pets/{other}": {"get": operation()}})
    fails("BadRequestException", "Errors found during import:\n\tUnable to create resource at path '/pets/{other}'",
          client.put_rest_api, **rest, body=text(clash), mode="merge")
    assert paths(rest) == after, "a document that cannot be merged changes nothing"
    client.put_rest_api(**rest, body=text(document(paths={"/toys": {"post": operation()}})), mode="overwrite")
    left = paths(rest)
    assert sorted(left) == ["/", "/toys"] and left["/toys"]["id"] == after["/toys"]["id"]
    assert left["/"]["id"] == before["/"]["id"] and list(left["/toys"]["resourceMethods"]) == ["POST"]
    fails("NotFoundException", "Invalid API identifier specified", client.put_rest_api, restApiId="none", body=text(added))
    client.put_rest_api(**rest, body=text(document()), mode="overwrite")


def documentation(rest):
    """ImportDocumentationParts, and the parts that standard fields make."""
    parts = client.get_documentation_parts(**rest)["items"]
    assert ("API", {"info": {"description": "All pets"}}) in [(p["location"]["type"], json.loads(p["properties"])) for p in parts]
    body = {"openapi": "3.0.1", "x-amazon-apigateway-documentation": {"version": "1", "documentationParts": [
        {"location": {"type": "METHOD", "path": "/pets/{petId}", "method": "GET"}, "properties": {"description": "One pet"}},
        {"location": {"type": "API"}, "properties": {"info": {"description": "Pets"}}}]}}
    answer = client.import_documentation_parts(**rest, body=text(body), mode="merge")
    again = client.import_documentation_parts(**rest, body=text(body), mode="overwrite")
    assert len(answer["ids"]) == len(again["ids"]) == 2
    kinds = [part["location"]["type"] for part in client.get_documentation_parts(**rest)["items"]]
    assert kinds == ["API", "METHOD"], kinds
    fails("BadRequestException", "Unable to build importer with provided input.", client.import_documentation_parts,
          **rest, body=b"{}")
    ignored = client.import_rest_api(body=text(document()), parameters={"ignore": "documentation"})
    assert client.get_documentation_parts(restApiId=ignored["id"])["items"] == []
    client.delete_rest_api(restApiId=ignored["id"])


def exports(rest):
    """GetExport: both formats, JSON and YAML, and back."""
    fails("NotFoundException", "Invalid stage identifier specified", client.get_export, **rest, stageName="prod", exportType="oas30")
    client.create_deployment(**rest, stageName="prod")
    assert ask(rest["restApiId"], "prod", "/pets/1?type=x")[0] == 200
    stage = {**rest, "stageName": "prod"}
    got = client.get_export(**stage, exportType="oas30", parameters={"extensions": "apigateway"})
    assert got["contentType"] == "application/octet-stream"
    assert got["contentDisposition"] == 'attachment; filename="oas30_1.2.json"', got["contentDisposition"]
    exported = json.loads(got["body"].read())
    assert exported["servers"][0]["url"] == f"https://{rest['restApiId']}.execute-api.us-east-1.amazonaws.com/{{basePath}}"
    assert exported["paths"]["/pets/{petId}"]["get"]["x-amazon-apigateway-integration"]["type"] == "mock"
    plain = json.loads(client.get_export(**stage, exportType="swagger")["body"].read())
    assert plain["swagger"] == "2.0" and plain["basePath"] == "/prod"
    assert "x-amazon-apigateway-integration" not in plain["paths"]["/pets/{petId}"]["get"]
    for extension in ("integrations", "authorizers", "postman", "integrations,authorizers"):
        body = client.get_export(**stage, exportType="swagger", parameters={"extensions": extension})["body"].read()
        has = "x-amazon-apigateway-integration" in json.loads(body)["paths"]["/pets/{petId}"]["get"]
        assert has == ("integrations" in extension), extension
    yaml = client.get_export(**stage, exportType="oas30", accepts="application/yaml", parameters={"extensions": "apigateway"})
    assert yaml["contentDisposition"].endswith('.yaml"')
    written = yaml["body"].read()
    assert written.startswith(b"openapi:"), written[:40]
    # Documentation is in the places that OpenAPI has for it, or in the extension.
    client.create_documentation_version(**rest, documentationVersion="1")
    client.update_stage(**stage, patchOperations=[{"op": "replace", "path": "/documentationVersion", "value": "1"}])
    told = json.loads(client.get_export(**stage, exportType="oas30")["body"].read())
    assert told["info"]["description"] == "Pets" and told["info"]["version"] == "1.2", told["info"]
    assert told["paths"]["/pets/{petId}"]["get"]["description"] == "One pet"
    told = json.loads(client.get_export(**stage, exportType="swagger", parameters={"extensions": "apigateway"})["body"].read())
    assert len(told["x-amazon-apigateway-documentation"]["documentationParts"]) == 2
    assert "description" not in told["paths"]["/pets/{petId}"]["get"]
    # What is not deployed is not exported.
    client.put_rest_api(**rest, body=text(document(paths={"/new": {"get": operation()}})))
    assert "/new" not in json.loads(client.get_export(**stage, exportType="oas30")["body"].read())["paths"]
    back = client.import_rest_api(body=written)
    assert sorted(paths({"restApiId": back["id"]})) == ["/", "/pets", "/pets/{petId}"]
    client.delete_rest_api(restApiId=back["id"])
    fails("BadRequestException", "Invalid export type", client.get_export, **stage, exportType="raml")
    fails("BadRequestException", "Invalid extension", client.get_export, **stage, exportType="oas30", parameters={"extensions": "x"})
    return stage


def sdk(stage):
    got = client.get_sdk(**stage, sdkType="javascript")
    assert got["contentType"] == "application/octet-stream" and got["contentDisposition"].endswith('Z.zip"')
    archive = zipfile.ZipFile(io.BytesIO(got["body"].read()))
    names = {name.removeprefix("apiGateway-js-sdk/") for name in archive.namelist()}
    assert {"apigClient.js", "README.md", "lib/apiGatewayCore/sigV4Client.js"} <= names, names
    source = archive.read("apiGateway-js-sdk/apigClient.js").decode()
    assert "apigClient.petsPetIdGet = function (params, body, additionalParams)" in source
    assert "required: [\"petId\",\"type\"]" in source, source
    assert f"https://{stage['restApiId']}.execute-api.us-east-1.amazonaws.com/prod" in source
    run(archive, stage)
    fails("BadRequestException", "SDKs of type ruby", client.get_sdk, **stage, sdkType="ruby")
    fails("BadRequestException", "Invalid SDK type", client.get_sdk, **stage, sdkType="cobol")


def run(archive, stage):
    """Where Node is, the client calls the method."""
    import shutil
    import subprocess
    node = shutil.which("node")
    if node is None:
        print("left out: the SDK is not run, there is no node")
        return
    order = ["lib/apiGatewayCore/utils.js", "lib/apiGatewayCore/simpleHttpClient.js", "lib/apiGatewayCore/sigV4Client.js",
             "lib/apiGatewayCore/apiGatewayClient.js", "apigClient.js"]
    source = "\n".join(archive.read(f"apiGateway-js-sdk/{name}").decode() for name in order)
    endpoint = f"http://{INVOKE}/_aws/execute-api/{stage['restApiId']}/prod"
    source += f"""
        apigClientFactory.newClient({{ endpoint: '{endpoint}', accessKey: 'a', secretKey: 'b' }})
            .petsPetIdGet({{ petId: '1', type: 'cat' }}).then(function (result) {{ console.log(result.status); }});
        try {{ apigClientFactory.newClient().petsPetIdGet({{}}); }} catch (error) {{ console.log(error.message); }}"""
    with tempfile.NamedTemporaryFile("w", suffix=".js") as file:
        file.write(source)
        file.flush()
        out = subprocess.run([node, file.name], capture_output=True, text=True, timeout=30)
    assert out.stdout.split("\n")[:2] == ["Missing required parameters: petId, type", "200"], out


def models(rest):
    schema = {"type": "object", "properties": {"id": {"type": "integer"}, "names": {"type": "array", "items": {"type": "string"}}}}
    client.create_model(**rest, name="Nested", contentType="application/json", schema=json.dumps(schema))
    value = client.get_model_template(**rest, modelName="Nested")["value"]
    assert value.startswith("#set($inputRoot = $input.path('$'))\n{\n  \"id\" : 42,"), value
    assert "#foreach($elem in $inputRoot.names)" in value
    fails("NotFoundException", "Invalid model name specified: none", client.get_model_template, **rest, modelName="none")


def keys(stage):
    """ImportApiKeys, GetUsage and UpdateUsage."""
    api = stage["restApiId"]
    resource = paths({"restApiId": api})["/pets/{petId}"]["id"]
    client.update_method(restApiId=api, resourceId=resource, httpMethod="GET",
                         patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}])
    client.create_deployment(**stage)
    plan = client.create_usage_plan(name="p", apiStages=[{"apiId": api, "stage": "prod"}],
                                    quota={"limit": 3, "period": "MONTH"})["id"]
    value = "imported-key-of-thirty-characters"
    rows = f"Name,key,Description,Enabled,UsagePlanIds,other\none,{value},first,TRUE,\"{plan},none\",x\n"
    made = client.import_api_keys(body=rows.encode(), format="csv")
    assert made["warnings"] == ["Line 2: Invalid Usage Plan ID specified: none"], made
    fails("BadRequestException", "Warnings found during import:", client.import_api_keys, body=rows.encode(), format="csv",
          failOnWarnings=True)
    again = client.import_api_keys(body=rows.replace("first", "second").encode(), format="csv")
    assert again["ids"] == made["ids"], "a key of the same name and value is changed"
    key = client.get_api_key(apiKey=made["ids"][0], includeValue=True)
    assert (key["name"], key["value"], key["description"], key["enabled"]) == ("one", value, "second", True), key
    fails("BadRequestException", "Failed to parse API key file", client.import_api_keys, body=b"a,b\n1,2", format="csv")

    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    usage = {"usagePlanId": plan, "startDate": today, "endDate": today}
    assert client.get_usage(**usage)["items"] == {key["id"]: [[0, 3]]}
    statuses = [ask(api, "prod", "/pets/1?type=x", headers={"x-api-key": value})[0] for _ in range(4)]
    assert statuses == [200, 200, 200, 429], statuses
    report = client.get_usage(**usage, keyId=key["id"])
    assert report["items"] == {key["id"]: [[3, 0]]} and report["usagePlanId"] == plan, report
    more = client.update_usage(usagePlanId=plan, keyId=key["id"],
                               patchOperations=[{"op": "replace", "path": "/remaining", "value": "1"}])
    assert more["items"] == {key["id"]: [[3, 1]]}, more
    statuses = [ask(api, "prod", "/pets/1?type=x", headers={"x-api-key": value})[0] for _ in range(2)]
    assert statuses == [200, 429], statuses
    beyond = client.update_usage(usagePlanId=plan, keyId=key["id"],
                                 patchOperations=[{"op": "replace", "path": "/remaining", "value": "5"}])
    assert beyond["items"] == {key["id"]: [[4, 5]]}, "more than the quota of 3 remains"
    statuses = [ask(api, "prod", "/pets/1?type=x", headers={"x-api-key": value})[0] for _ in range(6)]
    assert statuses == [200] * 5 + [429], statuses
    assert client.get_usage(**usage)["items"] == {key["id"]: [[9, 0]]}
    fails("NotFoundException", "Invalid Key identifier specified", client.get_usage, **usage, keyId="none")
    fails("NotFoundException", "Invalid Usage Plan ID specified", client.get_usage, **{**usage, "usagePlanId": "none"})
    fails("BadRequestException", "Invalid patch path", client.update_usage, usagePlanId=plan, keyId=key["id"],
          patchOperations=[{"op": "replace", "path": "/used", "value": "1"}])
    fails("BadRequestException", "Invalid remaining quota", client.update_usage, usagePlanId=plan, keyId=key["id"],
          patchOperations=[{"op": "replace", "path": "/remaining", "value": "x"}])
    client.delete_usage_plan_key(usagePlanId=plan, keyId=key["id"])
    client.delete_api_key(apiKey=key["id"])
    client.update_usage_plan(usagePlanId=plan, patchOperations=[{"op": "remove", "path": "/apiStages", "value": f"{api}:prod"}])
    client.delete_usage_plan(usagePlanId=plan)


def certificates():
    made = client.generate_client_certificate(description="mine", tags={"team": "a"})
    one = {"clientCertificateId": made["clientCertificateId"]}
    pem = made["pemEncodedCertificate"]
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        decoded = ssl._ssl._test_decode_cert(file.name)
    names = {name: value for ((name, value),) in decoded["subject"]}
    assert names["commonName"] == "ApiGateway" and decoded["subject"] == decoded["issuer"], decoded
    lives = ssl.cert_time_to_seconds(decoded["notAfter"]) - ssl.cert_time_to_seconds(decoded["notBefore"])
    assert lives == 365 * 86400, lives
    assert (made["expirationDate"] - made["createdDate"]).days == 365 and "privateKey" not in made
    assert client.get_client_certificate(**one)["pemEncodedCertificate"] == pem
    assert [item["clientCertificateId"] for item in client.get_client_certificates()["items"]] == [made["clientCertificateId"]]
    changed = client.update_client_certificate(**one, patchOperations=[{"op": "replace", "path": "/description", "value": "ours"}])
    assert changed["description"] == "ours" and changed["tags"] == {"team": "a"}
    client.delete_client_certificate(**one)
    fails("NotFoundException", "Invalid Client Certificate identifier specified", client.get_client_certificate, **one)


def large():
    """10,000 resources; how long it takes is the caller's to judge."""
    many = document(paths={f"/r{n // 100}/s{n}": {"get": operation()} for n in range(9900)})
    body = text(many)
    started = time.monotonic()
    api = client.import_rest_api(body=body)
    took = time.monotonic() - started
    count = sum(len(page["items"]) for page in client.get_paginator("get_resources").paginate(
        restApiId=api["id"], PaginationConfig={"PageSize": 500}))
    assert count == 10_000, count
    print(f"imported {count} resources, {len(body)} bytes, in {took:.2f} s")
    client.delete_rest_api(restApiId=api["id"])


def main():
    rest = imports()
    puts(rest)
    documentation(rest)
    stage = exports(rest)
    sdk(stage)
    models(rest)
    keys(stage)
    certificates()
    large()
    client.delete_rest_api(**rest)
    print("documents went in and out as they should")


main()
