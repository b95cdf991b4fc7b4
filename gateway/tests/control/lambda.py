"""AWS Lambda, IAM and Systems Manager through boto3, whose response parser is the judge: what is implemented, at least once.

Usage: lambda.py DATA_PLANE_URL
"""
import base64
import io
import json
import sys
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

config = Config(retries={"total_max_attempts": 1})
client = boto3.client("lambda", config=config)
iam = boto3.client("iam", config=config)
DATA = sys.argv[1]


def fails(code, call, **arguments):
    """The call is refused with this code."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused with {code}")


def package(text):
    """A zip file with one module."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("app.py", text)
    return out.getvalue()


ECHO = package("""
import os
def handler(event, context):
    print("seen", event)
    if event.get("fail"):
        raise ValueError("asked to")
    if "httpMethod" in event:
        return {"statusCode": 200, "body": "called by an API"}
    return {"statusCode": 200, "body": os.environ.get("GREETING", "none"), "event": event}
""")

# Roles, without effect.
trust = json.dumps({"Version": "2012-10-17", "Statement": []})
role = iam.create_role(RoleName="runner", AssumeRolePolicyDocument=trust, Tags=[{"Key": "a", "Value": "b"}])["Role"]
assert iam.get_role(RoleName="runner")["Role"]["AssumeRolePolicyDocument"] == json.loads(trust)
assert role["Arn"] == "arn:aws:iam::000000000000:role/runner"
fails("EntityAlreadyExists", iam.create_role, RoleName="runner", AssumeRolePolicyDocument=trust)
fails("MalformedPolicyDocument", iam.create_role, RoleName="other", AssumeRolePolicyDocument="{")
iam.put_role_policy(RoleName="runner", PolicyName="p", PolicyDocument="{}")
assert iam.get_role_policy(RoleName="runner", PolicyName="p")["PolicyDocument"] == {}
assert iam.list_role_policies(RoleName="runner")["PolicyNames"] == ["p"]
iam.attach_role_policy(RoleName="runner", PolicyArn="arn:aws:iam::aws:policy/x/Basic")
assert iam.list_attached_role_policies(RoleName="runner")["AttachedPolicies"][0]["PolicyName"] == "Basic"
iam.update_assume_role_policy(RoleName="runner", PolicyDocument="{}")
iam.update_role(RoleName="runner", Description="runs")
assert iam.get_role(RoleName="runner")["Role"]["Description"] == "runs"
iam.tag_role(RoleName="runner", Tags=[{"Key": "c", "Value": "d"}])
iam.untag_role(RoleName="runner", TagKeys=["a"])
assert iam.list_role_tags(RoleName="runner")["Tags"] == [{"Key": "c", "Value": "d"}]
assert [of["RoleName"] for of in iam.list_roles()["Roles"]] == ["runner"]
assert iam.list_instance_profiles_for_role(RoleName="runner")["InstanceProfiles"] == []

# A function, and what it is.
made = {"Runtime": "python3.12", "Handler": "app.handler", "Role": role["Arn"]}
one = {"FunctionName": "echo"}
fails("ResourceNotFoundException", client.get_function, **one)
fails("InvalidParameterValueException", client.create_function, **one, **made, Code={"ZipFile": b"no zip file"})
fails("InvalidParameterValueException", client.create_function, **one, **made, Code={"S3Bucket": "none", "S3Key": "k"})
created = client.create_function(**one, **made, Code={"ZipFile": ECHO}, Timeout=5, Tags={"t": "1"})
assert created["FunctionArn"] == "arn:aws:lambda:us-east-1:000000000000:function:echo"
assert (created["State"], created["Version"], created["MemorySize"]) == ("Active", "$LATEST", 128)
fails("ResourceConflictException", client.create_function, **one, **made, Code={"ZipFile": ECHO})
client.get_waiter("function_active_v2").wait(**one)
assert client.get_function(**one)["Tags"] == {"t": "1"}
assert client.get_function_configuration(FunctionName=created["FunctionArn"])["CodeSha256"] == created["CodeSha256"]
assert [of["FunctionName"] for of in client.list_functions()["Functions"]] == ["echo"]

# What would not run is refused when it is made, and says why as AWS does.
def package_of(*entries):
    """A zip file with these entries, names or what zipfile takes for them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return 1\n")
        for entry, content in entries:
            archive.writestr(entry, content)
    return {"ZipFile": out.getvalue()}


def refused(text, call=client.create_function, code="InvalidParameterValueException", **arguments):
    """The call is refused with this code and a text that has this in it."""
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code and text in found["Message"], error
        assert "/var/" not in found["Message"] and "/tmp/" not in found["Message"], error
    else:
        raise AssertionError(f"was not refused with {text}")


new = {**made, "FunctionName": "new", "Code": {"ZipFile": ECHO}}
refused("Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs, ",
        **{**new, "Runtime": "cobol"})
client.create_function(**{**new, "Runtime": "ruby3.4"})
refused("enum value set", client.update_function_configuration, FunctionName="new", Runtime="cobol")
client.delete_function(FunctionName="new")
link = zipfile.ZipInfo("link")
link.create_system, link.external_attr = 3, 0o120777 << 16
for entry in ["../out", "a/../../out", "/absolute", "a\\b", link]:
    refused("Could not unzip uploaded file", **{**new, "Code": package_of((entry, "x"))})
    refused("Could not unzip uploaded file", client.update_function_code, **one, **package_of((entry, "x")))
refused("Could not unzip uploaded file", **{**new, "Code": {"ZipFile": ECHO[:-30]}})
bomb = package_of(("zeros", bytes(262_144_000)))
refused("Unzipped size must be smaller than 262144000 bytes", **{**new, "Code": bomb})
for names in [["AWS_REGION"], ["LAMBDA_TASK_ROOT", "_HANDLER"]]:
    variables = {"Variables": dict.fromkeys([*names, "OWN"], "x")}
    text = "Reserved keys used in this request: " + ", ".join(names)
    refused(text, **{**new, "Environment": variables})
    refused(text, client.update_function_configuration, **one, Environment=variables)

# Pages, and names of others.
for name in ["a", "b", "c"]:
    client.create_function(**{**new, "FunctionName": name})
page = client.list_functions(MaxItems=2)
assert [of["FunctionName"] for of in page["Functions"]] == ["a", "b"]
page = client.list_functions(MaxItems=2, Marker=page["NextMarker"])
assert [of["FunctionName"] for of in page["Functions"]] == ["c", "echo"] and "NextMarker" not in page
pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
assert [of["FunctionName"] for page in pages for of in page["Functions"]] == ["a", "b", "c", "echo"]
refused("Marker", client.list_functions, Marker="junk")
for name in ["a", "b", "c"]:
    client.delete_function(FunctionName=name)
arn = created["FunctionArn"]
for call in [client.get_function, client.invoke, client.delete_function]:
    refused("are not reachable in this region ('us-east-1')", call, "ResourceNotFoundException",
            FunctionName=arn.replace("us-east-1", "eu-west-1"))
    for other in [arn.replace("000000000000", "111111111111"), "111111111111:function:echo"]:
        refused("is not authorized", call, "AccessDeniedException", FunctionName=other)
assert client.get_function(FunctionName="000000000000:function:echo")["Configuration"]["FunctionArn"] == arn

# It runs.
ran = client.invoke(**one, Payload=json.dumps({"n": 1}), LogType="Tail")
assert (ran["StatusCode"], ran["ExecutedVersion"]) == (200, "$LATEST") and "FunctionError" not in ran
assert json.load(ran["Payload"])["event"] == {"n": 1}
log = base64.b64decode(ran["LogResult"]).decode()
assert log.startswith("START RequestId:") and "seen {'n': 1}" in log and "REPORT RequestId:" in log, log
ran = client.invoke(**one, Payload=b'{"fail": true}')
assert ran["FunctionError"] == "Unhandled" and json.load(ran["Payload"])["errorMessage"] == "asked to"
assert client.invoke(**one, InvocationType="Event")["StatusCode"] == 202
assert client.invoke(**one, InvocationType="DryRun")["StatusCode"] == 204
fails("ResourceNotFoundException", client.invoke, FunctionName="none")
fails("InvalidRequestContentException", client.invoke, **one, Payload=b"{")

# It changes.
changed = client.update_function_configuration(**one, Environment={"Variables": {"GREETING": "hi"}}, MemorySize=256)
assert changed["MemorySize"] == 256 and changed["RevisionId"] != created["RevisionId"]
assert json.load(client.invoke(**one)["Payload"])["body"] == "hi"
fails("PreconditionFailedException", client.update_function_configuration, **one, RevisionId="old")
fails("ValidationException", client.update_function_configuration, **one, Timeout=901)
other = package("def handler(event, context):\n    return 'other'\n")
assert client.update_function_code(**one, ZipFile=other)["CodeSha256"] != created["CodeSha256"]
assert json.load(client.invoke(**one)["Payload"]) == "other"
s3 = boto3.client("s3", config=config)
s3.create_bucket(Bucket="code")
s3.put_object(Bucket="code", Key="echo.zip", Body=ECHO)
client.update_function_code(**one, S3Bucket="code", S3Key="echo.zip")
s3.delete_object(Bucket="code", Key="echo.zip")
assert json.load(client.invoke(**one)["Payload"])["body"] == "hi"

# An API that is built by hand calls it.
apis = boto3.client("apigateway", config=config)
api = apis.create_rest_api(name="echo")
at = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
apis.put_method(**at, authorizationType="NONE")
uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{created['FunctionArn']}/invocations"
apis.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
apis.create_deployment(restApiId=api["id"], stageName="prod")
url = f"{DATA}/_aws/execute-api/{api['id']}/prod/"
assert urllib.request.urlopen(url).read() == b"called by an API"

# Versions, aliases, permissions, tags, concurrency.
version = client.publish_version(**one, Description="first")
assert (version["Version"], version["Description"]) == ("1", "first")
assert [of["Version"] for of in client.list_versions_by_function(**one)["Versions"]] == ["$LATEST", "1"]
alias = client.create_alias(**one, Name="live", FunctionVersion="1")
assert alias["AliasArn"].endswith(":echo:live")
assert client.get_function_configuration(**one, Qualifier="live")["Version"] == "1"
fails("ResourceNotFoundException", client.create_alias, **one, Name="next", FunctionVersion="9")
assert client.update_alias(**one, Name="live", Description="now")["Description"] == "now"
assert client.get_alias(**one, Name="live")["FunctionVersion"] == "1"
assert [of["Name"] for of in client.list_aliases(**one)["Aliases"]] == ["live"]
assert json.load(client.invoke(**one, Qualifier="live")["Payload"])["body"] == "hi"
fails("ResourceNotFoundException", client.invoke, **one, Qualifier="none")
permission = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
statement = json.loads(client.add_permission(**one, **permission, SourceArn="arn:x")["Statement"])
assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": "arn:x"}}
fails("ResourceConflictException", client.add_permission, **one, **permission)
assert json.loads(client.get_policy(**one)["Policy"])["Statement"] == [statement]
client.remove_permission(**one, StatementId="s")
fails("ResourceNotFoundException", client.get_policy, **one)
client.tag_resource(Resource=created["FunctionArn"], Tags={"u": "2"})
client.untag_resource(Resource=created["FunctionArn"], TagKeys=["t"])
assert client.list_tags(Resource=created["FunctionArn"])["Tags"] == {"u": "2"}
assert client.put_function_concurrency(**one, ReservedConcurrentExecutions=2)["ReservedConcurrentExecutions"] == 2
assert client.get_function_concurrency(**one)["ReservedConcurrentExecutions"] == 2
client.delete_function_concurrency(**one)

# Functions and parameters of stacks are seen, and are theirs.
stacks = boto3.client("cloudformation", config=config)
stacks.create_stack(StackName="f", Capabilities=["CAPABILITY_IAM"], TemplateBody=json.dumps({"Resources": {
    "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/a", "Type": "String", "Value": "v"}},
    "R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
    "F": {"Type": "AWS::Lambda::Function", "Properties": {
        "FunctionName": "of-stack", "Runtime": "python3.12", "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["R", "Arn"]}, "Code": {"ZipFile": "def handler(e, c):\n    return 'of a stack'\n"}}}}}))
assert client.get_function_configuration(FunctionName="of-stack")["Runtime"] == "python3.12"
assert json.load(client.invoke(FunctionName="of-stack")["Payload"]) == "of a stack"
fails("ResourceConflictException", client.delete_function, FunctionName="of-stack")
fails("ResourceConflictException", client.create_function, FunctionName="of-stack", **made, Code={"ZipFile": ECHO})
ssm = boto3.client("ssm", config=config)
assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "v"
assert ssm.get_parameters(Names=["/a", "/b"])["InvalidParameters"] == ["/b"]
fails("ParameterNotFound", ssm.get_parameter, Name="/b")

client.delete_alias(**one, Name="live")
client.delete_function(**one)
fails("ResourceNotFoundException", client.invoke, **one)
fails("DeleteConflict", iam.delete_role, RoleName="runner")
iam.delete_role_policy(RoleName="runner", PolicyName="p")
iam.detach_role_policy(RoleName="runner", PolicyArn="arn:aws:iam::aws:policy/x/Basic")
iam.delete_role(RoleName="runner")
fails("NoSuchEntity", iam.get_role, RoleName="runner")
