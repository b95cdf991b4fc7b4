"""Function URLs, versions and aliases through boto3 and plain HTTP: made by hand, by a stack and by SAM.

Usage: urls.py DATA_PLANE_HOST:PORT
"""
import base64
import http.client
import io
import json
import sys
import time
import urllib.parse
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

config = Config(retries={"total_max_attempts": 1})
client = boto3.client("lambda", config=config)
DATA = sys.argv[1]
ROLE = "arn:aws:iam::000000000000:role/r"


def fails(code, call, **arguments):
    """The call is refused with this code; says the text."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{call.__name__} was not refused with {code}")


def package(text):
    """A zip file with one module."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("app.py", text)
    return out.getvalue()


def make(name, text, **more):
    return client.create_function(FunctionName=name, Runtime="python3.12", Handler="app.handler", Role=ROLE,
                                  Code={"ZipFile": package(text)}, Timeout=10, **more)


def call(url, method="GET", path="", headers=None, body=None):
    """Status, fields in lower case (of a name that comes again the last) and body; sent to the data plane."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(DATA, timeout=30)
    connection.request(method, parts.path.rstrip("/") + (path or "/"), body, {"Host": parts.netloc, **(headers or {})})
    answer = connection.getresponse()
    fields = {name.lower(): value for name, value in answer.getheaders()}
    cookies = answer.headers.get_all("set-cookie") or []
    return answer.status, fields, answer.read(), cookies


ECHO = """
import json
def handler(event, context):
    wanted = event.get("queryStringParameters", {}).get("answer")
    if wanted == "error":
        raise ValueError("asked to")
    if wanted == "slow":
        import time
        time.sleep(30)
    if wanted:
        return json.loads(wanted)
    return event
"""

# Made, shown, changed, listed, deleted.
arn = make("echo", ECHO)["FunctionArn"]
one = {"FunctionName": "echo"}
assert fails("ResourceNotFoundException", client.create_function_url_config, FunctionName="none", AuthType="NONE") == "Function does not exist"
fails("ResourceNotFoundException", client.get_function_url_config, **one)
fails("ResourceNotFoundException", client.update_function_url_config, **one, AuthType="NONE")
fails("ResourceNotFoundException", client.delete_function_url_config, **one)
fails("ResourceNotFoundException", client.list_function_url_configs, FunctionName="none")
fails("ValidationException", client.create_function_url_config, **one, AuthType="SOME")
fails("ValidationException", client.create_function_url_config, **one, AuthType="NONE", Qualifier="1")
fails("ResourceNotFoundException", client.create_function_url_config, **one, AuthType="NONE", Qualifier="none")
for wrong in [{"AllowMethods": ["OPTIONS"]}, {"AllowOrigins": ["a\r\nb"]}, {"AllowMethods": ["GET"] * 7}, {"MaxAge": 86401}]:
    fails("ValidationException", client.create_function_url_config, **one, AuthType="NONE", Cors=wrong)
made = client.create_function_url_config(**one, AuthType="NONE")
url = made["FunctionUrl"]
assert (made["FunctionArn"], made["AuthType"], made["InvokeMode"]) == (arn, "NONE", "BUFFERED"), made
assert "Cors" not in made and made["CreationTime"].endswith("Z")
host = urllib.parse.urlsplit(url).netloc
label = host.split(".")[0]
assert len(label) == 32 and host.split(".")[1:3] == ["lambda-url", "us-east-1"] and url.endswith(":" + DATA.split(":")[1] + "/"), url
said = fails("ResourceConflictException", client.create_function_url_config, **one, AuthType="NONE")
assert said == f"Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists for this Lambda function", said
shown = client.get_function_url_config(**one)
assert (shown["FunctionUrl"], shown["LastModifiedTime"]) == (url, made["CreationTime"])
assert [of["FunctionUrl"] for of in client.list_function_url_configs(**one)["FunctionUrlConfigs"]] == [url]

# Nobody may call before a permission says so; every other host is nobody's.
status, fields, body, _ = call(url)
assert (status, json.loads(body), fields["x-amzn-errortype"]) == (403, {"Message": "Forbidden"}, "AccessDeniedException")
permission = {"StatementId": "url", "Action": "lambda:InvokeFunctionUrl", "Principal": "*"}
fails("InvalidParameterValueException", client.add_permission, **one, **{**permission, "Action": "lambda:InvokeFunction"}, FunctionUrlAuthType="NONE")
added = client.add_permission(**one, **permission, FunctionUrlAuthType="AWS_IAM")
assert json.loads(added["Statement"])["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}, added
assert call(url)[0] == 403
client.remove_permission(**one, StatementId="url")
client.add_permission(**one, **permission, FunctionUrlAuthType="NONE")
for other in [f"http://{'a' * 32}.lambda-url.us-east-1.on.aws/", f"http://{label}x.lambda-url.us-east-1.localhost/",
              "http://.lambda-url.us-east-1.on.aws/", f"http://{DATA}/_aws/lambda-url/{'b' * 32}/", f"http://{DATA}/_aws/lambda-url/"]:
    status, fields, body, _ = call(other)
    assert (status, body, fields["x-amzn-errortype"]) == (403, b'{"Message":null}', "AccessDeniedException"), (other, status, body)

# The event.
status, fields, body, _ = call(url, path="/a%20b//c?x=1&x=2&y=a+b&z", headers={"Cookie": "a=b; c=d", "X-Two": "e", "User-Agent": "me"})
event = json.loads(body)
context = event.pop("requestContext")
assert status == 200 and fields["content-type"] == "application/json" and "x-amz-apigw-id" not in fields, fields
assert fields["x-amzn-trace-id"].startswith("Root=1-") and fields["x-amzn-requestid"] == context["requestId"], fields
headers = event.pop("headers")
assert event == {"version": "2.0", "routeKey": "$default", "rawPath": "/a%20b//c", "rawQueryString": "x=1&x=2&y=a+b&z",
                 "cookies": ["a=b", "c=d"], "queryStringParameters": {"x": "1,2", "y": "a b", "z": ""}, "isBase64Encoded": False}, event
assert (headers["x-two"], headers["host"], headers["x-forwarded-proto"], headers["x-forwarded-for"]) == ("e", host, "http", "127.0.0.1"), headers
assert "cookie" not in headers and "connection" not in headers and "content-length" not in headers
assert context.pop("time") and abs(context.pop("timeEpoch") - time.time() * 1000) < 60_000
assert context == {
    "accountId": "anonymous", "apiId": label, "domainName": host, "domainPrefix": label, "requestId": context["requestId"],
    "routeKey": "$default", "stage": "$default",
    "http": {"method": "GET", "path": "/a%20b//c", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "me"}}, context
event = json.loads(call(url, "POST", body=b"\x00\xff", headers={"Content-Type": "application/octet-stream"})[2])
assert (event["isBase64Encoded"], base64.b64decode(event["body"]), event["headers"]["content-length"]) == (True, b"\x00\xff", "2"), event
event = json.loads(call(url, "PUT", body='{"ä": 1}'.encode(), headers={"Content-Type": "application/json"})[2])
assert (event["isBase64Encoded"], event["body"], event["requestContext"]["http"]["method"]) == (False, '{"ä": 1}', "PUT"), event
event = json.loads(call(url, "DELETE", headers={"X-HTTP-Method-Override": "GET", "Host": f"{label}.lambda-url.us-east-1.on.aws"})[2])
assert (event["requestContext"]["http"]["method"], event["requestContext"]["domainName"]) == ("DELETE", f"{label}.lambda-url.us-east-1.on.aws")
event = json.loads(call(f"http://{DATA}/_aws/lambda-url/{label}/", path="/in/path")[2])
assert event["rawPath"] == "/in/path", event
assert call(url, "HEAD")[0] == 200 and call(url, "HEAD")[2] == b""


def answered(document, **more):
    return call(url, path="/?answer=" + urllib.parse.quote(json.dumps(document)), **more)


# What the function answers, and what it must not.
status, fields, body, cookies = answered({"statusCode": 201, "headers": {"Content-Type": "text/x", "N": 5}, "cookies": ["a=b; Secure", "c=d"], "body": "made"})
assert (status, fields["content-type"], fields["n"], body, cookies) == (201, "text/x", "5", b"made", ["a=b; Secure", "c=d"])
assert answered({"statusCode": 200, "body": base64.b64encode(b"\x01\x02").decode(), "isBase64Encoded": True})[2] == b"\x01\x02"
assert answered("a \"text\"")[2] == b'a "text"' and answered([1, 2])[2] == b"[1, 2]"
assert json.loads(answered({"statusCode": 200, "body": {"a": 1}})[2]) == {"a": 1}
assert answered({"statusCode": 204})[2] == b""
for wrong in [{"statusCode": 99}, {"statusCode": 200, "headers": {"A": "b\r\nC: d"}}, {"statusCode": 200, "cookies": "a"},
              {"statusCode": 200, "body": "%", "isBase64Encoded": True}]:
    status, fields, body, _ = answered(wrong)
    assert (status, body) == (502, b"Internal Server Error"), (wrong, status, body)
assert call(url, path="/?answer=error")[::2] == (502, b"Internal Server Error")
client.update_function_configuration(**one, Timeout=1)
assert call(url, path="/?answer=slow")[::2] == (502, b"Internal Server Error")
client.update_function_configuration(**one, Timeout=10)
client.put_function_concurrency(**one, ReservedConcurrentExecutions=0)
assert call(url)[0] == 429
client.delete_function_concurrency(**one)
large = http.client.HTTPConnection(DATA, timeout=30)
large.putrequest("POST", "/", skip_host=True)
for name, value in [("Host", host), ("Content-Length", str(6 * 1024 * 1024 + 1))]:
    large.putheader(name, value)
large.endheaders()
assert large.getresponse().status == 413, "said before a byte of it is sent"
assert call(url, "POST", body=b"\xff" * (5 * 1024 * 1024))[0] == 413, "in base64 it is larger than an event may be"

# Pages of other origins.
cors = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["GET", "POST"], "AllowHeaders": ["x-one"], "MaxAge": 60,
        "ExposeHeaders": ["x-two"], "AllowCredentials": True}
changed = client.update_function_url_config(**one, Cors=cors, InvokeMode="RESPONSE_STREAM")
assert (changed["Cors"], changed["InvokeMode"], changed["AuthType"]) == (cors, "RESPONSE_STREAM", "NONE"), changed
asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
status, fields, body, _ = call(url, "OPTIONS", headers=asks)
about = {name: value for name, value in fields.items() if name.startswith("access-control-")}
assert (status, body) == (200, b"") and about == {
    "access-control-allow-origin": "https://shop.example", "access-control-allow-credentials": "true", "access-control-max-age": "60",
    "access-control-allow-methods": "GET,POST", "access-control-allow-headers": "x-one"}, fields
status, fields, _, _ = call(url, "OPTIONS", headers={**asks, "Origin": "https://evil.example"})
assert status == 200 and "access-control-allow-origin" not in fields
assert json.loads(call(url, "OPTIONS")[2])["requestContext"]["http"]["method"] == "OPTIONS", "no preflight: the function's"
wanted = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": ""}
fields = answered(wanted, headers={"Origin": "https://shop.example"})[1]
assert (fields["access-control-allow-origin"], fields["access-control-expose-headers"], fields["vary"]) == ("https://shop.example", "x-two", "Origin")
client.update_function_url_config(**one, Cors={"AllowOrigins": ["*"]})
assert answered(wanted, headers={"Origin": "https://x"})[1]["access-control-allow-origin"] == "*"

# AWS_IAM is not served: everybody is refused.
client.update_function_url_config(**one, AuthType="AWS_IAM")
assert call(url)[0] == 403
client.update_function_url_config(**one, AuthType="NONE")
assert call(url)[0] == 200

# Versions stay what they were published as; aliases run the version that they name.
make("kept", "import os\ndef handler(event, context):\n    return ['first', os.environ.get('V'), context.function_version]\n",
     Environment={"Variables": {"V": "1"}}, Publish=True)
kept = {"FunctionName": "kept"}


def runs(**more):
    ran = client.invoke(**kept, **more)
    return ran["ExecutedVersion"], json.load(ran["Payload"])


client.update_function_configuration(**kept, Environment={"Variables": {"V": "2"}})
client.update_function_code(**kept, ZipFile=package("import os\ndef handler(event, context):\n    return ['second', os.environ.get('V'), context.function_version]\n"))
assert runs() == ("$LATEST", ["second", "2", "$LATEST"])
assert runs(Qualifier="1") == ("1", ["first", "1", "1"])
client.create_alias(**kept, Name="live", FunctionVersion="1")
client.create_alias(**kept, Name="latest", FunctionVersion="$LATEST")
assert runs(Qualifier="live") == ("1", ["first", "1", "1"]) and runs(Qualifier="latest")[0] == "$LATEST"
assert client.publish_version(**kept)["Version"] == "2"
fails("NotImplementedException", client.update_alias, **kept, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
of_alias = client.create_function_url_config(**kept, Qualifier="live", AuthType="NONE")
assert of_alias["FunctionArn"].endswith(":kept:live")
client.add_permission(**kept, **permission, Qualifier="live", FunctionUrlAuthType="NONE")
assert json.loads(call(of_alias["FunctionUrl"])[2])[0] == "first"
apis = boto3.client("apigateway", config=config)
api = apis.create_rest_api(name="kept")
at = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
apis.put_method(**at, authorizationType="NONE")
invoked = "arn:aws:lambda:us-east-1:000000000000:function:kept:${stageVariables.alias}"
apis.put_integration(**at, type="AWS", integrationHttpMethod="POST",
                     uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{invoked}/invocations")
apis.put_method_response(**at, statusCode="200")
apis.put_integration_response(**at, statusCode="200")
apis.create_deployment(restApiId=api["id"], stageName="prod", variables={"alias": "live"})
prod = f"http://{DATA}/_aws/execute-api/{api['id']}/prod/"
assert json.loads(call(prod)[2]) == ["first", "1", "1"]
client.update_alias(**kept, Name="live", FunctionVersion="2")
assert json.loads(call(prod)[2]) == ["second", "2", "2"] and runs(Qualifier="live")[0] == "2"
assert json.loads(call(of_alias["FunctionUrl"])[2])[0] == "second"
assert runs(Qualifier="1") == ("1", ["first", "1", "1"])
page = client.create_function_url_config(**kept, AuthType="NONE") and client.list_function_url_configs(**kept, MaxItems=1)
rest = client.list_function_url_configs(**kept, Marker=page["NextMarker"])
assert len(page["FunctionUrlConfigs"]) == len(rest["FunctionUrlConfigs"]) == 1 and "NextMarker" not in rest
client.delete_alias(**kept, Name="live")
assert call(of_alias["FunctionUrl"])[2] == b'{"Message":null}', "an alias goes with its URL"

# Those of stacks, and of SAM's functions.
stacks = boto3.client("cloudformation", config=config)
code = {"ZipFile": "def handler(event, context):\n    return {'from': event['rawPath']}\n"}
function = {"FunctionName": "of-stack", "Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE, "Code": code}
stacks.create_stack(StackName="urls", TemplateBody=json.dumps({
    "Resources": {
        "F": {"Type": "AWS::Lambda::Function", "Properties": function},
        "U": {"Type": "AWS::Lambda::Url", "Properties": {"AuthType": "NONE", "TargetFunctionArn": {"Fn::GetAtt": ["F", "Arn"]}, "Cors": {"AllowOrigins": ["*"]}}},
        "P": {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": {"Ref": "F"}, "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}}},
    "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["U", "FunctionUrl"]}}, "Arn": {"Value": {"Ref": "U"}}}}))
outputs = {of["OutputKey"]: of["OutputValue"] for of in stacks.describe_stacks(StackName="urls")["Stacks"][0]["Outputs"]}
assert outputs["Arn"].endswith(":function:of-stack"), outputs
assert json.loads(call(outputs["Url"], path="/there")[2]) == {"from": "/there"}
shown = client.get_function_url_config(FunctionName="of-stack")
assert (shown["FunctionUrl"], shown["Cors"]["AllowOrigins"]) == (outputs["Url"], ["*"]), shown
assert len(client.list_function_url_configs(FunctionName="of-stack")["FunctionUrlConfigs"]) == 1
fails("ResourceConflictException", client.delete_function_url_config, FunctionName="of-stack")
stacks.create_stack(StackName="sam", Capabilities=["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"], TemplateBody=json.dumps({
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {"S": {"Type": "AWS::Serverless::Function", "Properties": {
        "Runtime": "python3.12", "Handler": "index.handler", "InlineCode": code["ZipFile"], "AutoPublishAlias": "live",
        "FunctionUrlConfig": {"AuthType": "NONE"}}}},
    "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["SUrl", "FunctionUrl"]}}}}))
of_sam = stacks.describe_stacks(StackName="sam")["Stacks"][0]["Outputs"][0]["OutputValue"]
assert json.loads(call(of_sam, path="/sam")[2]) == {"from": "/sam"}
stacks.delete_stack(StackName="sam")
assert call(of_sam)[2] == b'{"Message":null}'

client.delete_function_url_config(**one)
assert call(url)[2] == b'{"Message":null}'
client.create_function_url_config(**one, AuthType="NONE")
client.delete_function(**one)
assert call(url)[2] == b'{"Message":null}'
