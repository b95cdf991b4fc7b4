"""What stages write of their requests: execution logs at each level, of each kind of integration, of canaries; access logs; logs of
functions. All read back through CloudWatch Logs.

Usage: execution_logs.py DATA-HOST:PORT BACKEND-URL
"""
import io
import json
import re
import socket
import sys
import time
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.config import Config

DATA, BACKEND = sys.argv[1:]
config = Config(retries={"total_max_attempts": 1})
gateway = boto3.client("apigateway", config=config)
functions = boto3.client("lambda", config=config)
logs = boto3.client("logs", config=config)


def package(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("app.py", text)
    return out.getvalue()


def function(name, text):
    made = functions.create_function(
        FunctionName=name, Runtime="python3.12", Handler="app.handler", Role="arn:aws:iam::000000000000:role/r",
        Code={"ZipFile": package(text)}, Timeout=5)
    functions.add_permission(FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com")
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{made['FunctionArn']}/invocations"


HELLO = function("hello", "def handler(event, context):\n    print('seen')\n    return {'statusCode': 200, 'body': 'from the function'}\n")
BROKEN = function("broken", "def handler(event, context):\n    raise ValueError('asked to')\n")
ODD = function("odd", "def handler(event, context):\n    return 'no response'\n")
GUARD = function("guard", """
def handler(event, context):
    if event["authorizationToken"] != "a-token-that-is-good":
        raise Exception("Unauthorized")
    return {"principalId": "ali", "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}]}}
""")


def make_api():
    made = gateway.create_rest_api(name="logged", tags={"_custom_id_": "logged"})
    rest = {"restApiId": made["id"]}
    authorizer = gateway.create_authorizer(
        **rest, name="guard", type="TOKEN", identitySource="method.request.header.X-Token", authorizerUri=GUARD,
        authorizerResultTtlInSeconds=0)["id"]
    validator = gateway.create_request_validator(**rest, name="v", validateRequestParameters=True, validateRequestBody=True)["id"]
    schema = {"type": "object", "required": ["name"]}
    gateway.create_model(**rest, name="Named", contentType="application/json", schema=json.dumps(schema))

    def method(path, verb="GET", responses=("200",), **arguments):
        resource = gateway.create_resource(**rest, parentId=made["rootResourceId"], pathPart=path)
        one = {**rest, "resourceId": resource["id"], "httpMethod": verb}
        gateway.put_method(**one, **{"authorizationType": "NONE", **arguments})
        for status in responses:
            gateway.put_method_response(**one, statusCode=status)
        return one

    mock = dict(type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})

    def answered(one, text="mocked"):
        gateway.put_integration(**one, **mock)
        gateway.put_integration_response(**one, statusCode="200", responseTemplates={"application/json": text})
        return one

    answered(method("mock"))
    answered(method("guarded", authorizationType="CUSTOM", authorizerId=authorizer))
    answered(method("keyed", apiKeyRequired=True))
    answered(method("slow"))
    answered(method("named", verb="POST", requestValidatorId=validator, requestModels={"application/json": "Named"}))
    answered(method("wanted", requestValidatorId=validator, requestParameters={"method.request.querystring.x": True}))
    http = dict(type="HTTP_PROXY", integrationHttpMethod="POST", uri=f"{BACKEND}/orders")
    gateway.put_integration(**method("http", verb="POST"), **http)
    gateway.put_integration(**method("nobody"), type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://127.0.0.1:1/")
    for name, uri in [("hello", HELLO), ("broken", BROKEN), ("odd", ODD)]:
        gateway.put_integration(**method(name), type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    return rest


def patch(path, value):
    return {"op": "replace", "path": path, "value": value}


def ask(path, stage="dev", body=None, method=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"http://{DATA}/_aws/execute-api/logged/{stage}/{path}"
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers["x-amzn-RequestId"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["x-amzn-RequestId"], error.read()


def at_once(path, body):
    """The id of a POST whose head and body come with one send, so that all of it is at hand."""
    host, port = DATA.split(":")
    head = f"POST /_aws/execute-api/logged/dev/{path} HTTP/1.1\r\nHost: {DATA}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, int(port))) as stream:
        stream.sendall(head.encode() + body)
        answer = b"".join(iter(lambda: stream.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    return re.search(rb"x-amzn-RequestId: (\S+)", answer)[1].decode()


def wait(look, what):
    """What `look` finds, once it finds something."""
    deadline = time.time() + 20
    while time.time() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never seen: {what}")


def events(group):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def lines(request_id, group="API-Gateway-Execution-Logs_logged/dev", last="Method completed with status"):
    """The execution log of a request, without its id."""
    prefix = f"({request_id}) "

    def look():
        own = [text.removeprefix(prefix) for text in events(group) if text.startswith(prefix)]
        return own if any(text.startswith(last) for text in own) else None

    return wait(look, f"{last} of {request_id} in {group}")


def check(found, expect):
    """Each line begins as expected; `~` stands before a regular expression."""
    def is_it(line, wanted):
        return re.search(wanted[1:], line, re.S) if wanted.startswith("~") else line.startswith(wanted)

    is_as = len(found) == len(expect) and all(map(is_it, found, expect))
    assert is_as, "\n".join(["found:", *found, "expected:", *expect])


def main():
    rest = make_api()
    gateway.create_deployment(**rest, stageName="dev")
    stage = {**rest, "stageName": "dev"}
    assert logs.describe_log_groups()["logGroups"] == [], "nothing is logged yet"
    ask("mock")
    assert logs.describe_log_groups()["logGroups"] == [], "OFF writes nothing"

    gateway.update_stage(**stage, patchOperations=[patch("/*/*/logging/loglevel", "INFO"), patch("/*/*/logging/dataTrace", "true")])
    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert names == ["API-Gateway-Execution-Logs_logged/dev"], "the group is there before the first request"

    # MOCK, with everything.
    status, made_by, _ = ask("mock?a=b", x_api_key="0123456789abcdefghij", Authorization="Bearer secret-of-somebody")
    assert status == 200
    check(lines(made_by), [
        "~^Extended Request Id: .{16}$",
        f"Verifying Usage Plan for request: {made_by}. API Key: **************efghij API Stage: logged/dev",
        "API Key **************efghij authorized because method 'GET /mock' does not require API Key. Request will not contribute to"
        " throttle or quota limits",
        "Usage Plan check succeeded for API Key **************efghij and API Stage logged/dev",
        f"Starting execution for request: {made_by}",
        "HTTP Method: GET, Resource Path: /mock",
        "Method request path: {}",
        "Method request query string: {a=b}",
        r"~^Method request headers: \{(?!.*secret-of)(?!.*0123456789).*Host=.*\}$",
        "Method request body before transformations: ",
        "Method response body after transformations: mocked",
        "Method response headers: {Content-Type=application/json}",
        "Successfully completed execution",
        "Method completed with status: 200",
    ])

    # HTTP, its bodies cut off, not buffered.
    made_by = at_once("http", b"b" * 5000)
    found = lines(made_by)
    check(found[5:], [
        "HTTP Method: POST, Resource Path: /http",
        "Method request path: {}",
        "Method request query string: {}",
        "Method request headers: {",
        r"~^Method request body before transformations: b{900,} \[TRUNCATED\]$",
        f"Endpoint request URI: {BACKEND}/orders",
        "Endpoint request headers: {",
        r"~^Endpoint request body after transformations: b{900,} \[TRUNCATED\]$",
        f"Sending request to {BACKEND}/orders",
        r"~^Received response. Status: 200, Integration latency: \d+ ms$",
        "Endpoint response headers: {",
        "Endpoint response body before transformations: {",
        "Method response body after transformations: {",
        "Method response headers: {",
        "Successfully completed execution",
        "Method completed with status: 200",
    ])
    assert all(len(f"({made_by}) {line}".encode()) <= 1024 + len(" [TRUNCATED]") for line in found)

    # Lambda.
    status, made_by, _ = ask("hello", X_Amzn_Trace_Id="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    assert status == 200
    found = lines(made_by, last="X-ray")
    check(found[9:], [
        "Method request body before transformations: ",
        "Endpoint request URI: https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:hello/",
        "Endpoint request headers: {x-amzn-lambda-integration-tag=" + made_by,
        'Endpoint request body after transformations: {"',
        "Sending request to https://lambda.us-east-1.amazonaws.com/",
        "Received response. Status: 200, Integration latency: ",
        "Endpoint response headers: {",
        "~^Endpoint response body before transformations: .*from the function",
        "Method response body after transformations: from the function",
        "Method response headers: {",
        "Successfully completed execution",
        "Method completed with status: 200",
        "~^AWS Integration Endpoint RequestId : [0-9a-f-]{36}$",
        "X-ray Tracing ID : 1-5759e988-bd862e3fe1be46a994272793",
    ])
    of_function = wait(lambda: [text for text in events("/aws/lambda/hello") if "seen" in text], "what the function printed")
    assert of_function == ["seen"] and any(text.startswith("REPORT") for text in wait(
        lambda: [text for text in events("/aws/lambda/hello") if text.startswith("REPORT")], "the report"))

    # Failures of functions, backends and authorizers.
    status, made_by, _ = ask("broken")
    assert status == 502
    found = lines(made_by)
    assert any(re.match("Lambda execution failed with status 200 due to customer function error: asked to. Lambda request id: ", line)
               for line in found), found
    assert "Method completed with status: 502" in found
    status, made_by, _ = ask("odd")
    check(lines(made_by)[-3:], ["Execution failed due to configuration error: Malformed Lambda proxy response",
                                "Method completed with status: 502", "AWS Integration Endpoint RequestId : "])
    status, made_by, _ = ask("nobody")
    check(lines(made_by)[-2:], ["Execution failed due to", f"Method completed with status: {status}"])
    status, made_by, _ = ask("guarded", x_token="a-token-that-is-good")
    assert status == 200
    check(lines(made_by)[:11], [
        "Extended Request Id: ",
        f"~^Starting authorizer: [a-z0-9]+ for request: {made_by}$",
        "Incoming identity: **************s-good",
        "Endpoint request URI: https://lambda.",
        "Endpoint request headers: {",
        "Endpoint request body after transformations: {",
        "Sending request to https://lambda.",
        "Authorizer result body before parsing: {",
        "Using valid authorizer policy for principal: ***",
        "Successfully completed authorizer execution",
        f"Verifying Usage Plan for request: {made_by}. API Key:  API Stage: logged/dev",
    ])
    status, made_by, _ = ask("guarded", x_token="a-bad-one")
    assert status == 401
    check(lines(made_by)[-2:], [f"Unauthorized request: {made_by}", "Method completed with status: 401"])

    # Keys.
    status, made_by, _ = ask("keyed")
    assert status == 403
    check(lines(made_by)[1:], [
        f"Verifying Usage Plan for request: {made_by}. API Key:  API Stage: logged/dev",
        "API Key  not authorized because method 'GET /keyed' requires API Key and API Key is not associated with a Usage Plan for API"
        " Stage logged/dev: ",
        "Method completed with status: 403",
    ])
    key = gateway.create_api_key(name="k", enabled=True, value="key-of-these-tests-0123456789")
    plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": "logged", "stage": "dev"}], throttle={"rateLimit": 0.01, "burstLimit": 1})
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    status, made_by, _ = ask("keyed", x_api_key="key-of-these-tests-0123456789")
    assert status == 200
    found = lines(made_by)
    assert f"API Key: {'*' * 23}456789" in found and f"API Key ID: {key['id']}" in found, found
    status, made_by, _ = ask("keyed", x_api_key="key-of-these-tests-0123456789")
    assert status == 429
    check(lines(made_by)[2:], ["~^Key throttle limit exceeded for RestApi logged, Stage dev, Resource [a-z0-9]+, HttpMethod GET. Limit:"
                               " 0.01 Burst: 1$", "Method completed with status: 429"])

    # Validation.
    status, made_by, _ = ask("named", body=b'{"other": 1}', method="POST", Content_Type="application/json")
    assert status == 400
    check(lines(made_by)[-2:], ["Request body does not match model schema for content type application/json: [object has missing required"
                                ' properties (["name"])]', "Method completed with status: 400"])
    status, made_by, _ = ask("wanted")
    check(lines(made_by)[-2:], ["Missing required request parameters: [x]", "Method completed with status: 400"])

    # A method without its path, as any other request that finds no method, is not logged.
    _, unknown, _ = ask("nowhere")

    # ERROR: those that fail, and why.
    gateway.update_stage(**stage, patchOperations=[patch("/*/*/logging/loglevel", "ERROR")])
    _, fine, _ = ask("mock")
    _, failed, _ = ask("odd")
    check(lines(failed), ["Execution failed due to configuration error: Malformed Lambda proxy response", "Method completed with status: 502"])
    everything = events("API-Gateway-Execution-Logs_logged/dev")
    assert not any(fine in text or unknown in text for text in everything)

    # One method of its own, without data.
    gateway.update_stage(**stage, patchOperations=[
        patch("/*/*/logging/loglevel", "OFF"), patch("/~1hello/GET/logging/loglevel", "INFO"), patch("/~1hello/GET/logging/dataTrace", "false")])
    _, off, _ = ask("odd")
    _, made_by, _ = ask("hello")
    check(lines(made_by, last="AWS Integration"), [
        "Extended Request Id", "Verifying Usage Plan", "API Key  authorized because", "Usage Plan check succeeded for API Key  and API Stage",
        "Starting execution", "HTTP Method: GET, Resource Path: /hello", "Sending request to", "Received response. Status: 200",
        "Successfully completed execution", "Method completed with status: 200", "AWS Integration Endpoint RequestId : "])
    assert not any(off in text for text in events("API-Gateway-Execution-Logs_logged/dev"))

    # A canary has a group of its own.
    deployment = gateway.create_deployment(**rest)["id"]
    gateway.update_stage(**stage, patchOperations=[
        patch("/*/*/logging/loglevel", "INFO"), patch("/canarySettings/percentTraffic", "100"),
        patch("/canarySettings/deploymentId", deployment)])
    _, made_by, _ = ask("mock")
    assert "Method completed with status: 200" in lines(made_by, group="API-Gateway-Execution-Logs_logged/dev/Canary")
    assert not any(made_by in text for text in events("API-Gateway-Execution-Logs_logged/dev"))
    streams = logs.describe_log_streams(logGroupName="API-Gateway-Execution-Logs_logged/dev")["logStreams"]
    assert all(re.fullmatch("[0-9a-f]{32}", stream["logStreamName"]) for stream in streams), streams

    # The access log of a stage, in a group of its own.
    gateway.create_deployment(**rest, stageName="access")
    gateway.update_stage(**rest, stageName="access", patchOperations=[
        patch("/accessLogSettings/destinationArn", "arn:aws:logs:us-east-1:000000000000:log-group:/of/access"),
        patch("/accessLogSettings/format", "$context.requestId $context.httpMethod $context.resourcePath $context.status")])
    expect = []
    for path, status in [("mock", 200), ("odd", 502)]:
        asked = ask(path, stage="access")
        expect.append(f"{asked[1]} GET /{path} {status}")
    assert wait(lambda: sorted(events("/of/access")) == sorted(expect), "lines of the access log"), events("/of/access")


main()
