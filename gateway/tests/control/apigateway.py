"""API Gateway v1 through boto3, whose response parser is the judge: every operation that is implemented, at least once.

Usage: apigateway.py URL. The server stands for account 000000000000 with the credentials test/test.
"""
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from operations import record

client = record(boto3.client(
    "apigateway", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test",
    aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}),
))


def patch(op, path, value=None, **more):
    return [{"op": op, "path": path, **({} if value is None else {"value": value}), **more}]


def fails(code, text, call, **arguments):
    """The call is refused with this code and text."""
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]
        assert (got["Code"], got["Message"]) == (code, text), got
    else:
        raise AssertionError(f"{call.__name__} was not refused with {text}")


def names(items, key="id"):
    return [item[key] for item in items]


def build():
    """An API by hand, from CreateRestApi to CreateDeployment."""
    api = client.create_rest_api(name="orders", description="Orders", tags={"team": "a"})
    rest = {"restApiId": api["id"]}
    assert api["tags"] == {"team": "a"} and api["endpointConfiguration"]["types"] == ["EDGE"]
    assert client.get_rest_api(**rest)["name"] == "orders"
    assert api["id"] in names(client.get_rest_apis()["items"])
    assert client.update_rest_api(**rest, patchOperations=patch("replace", "/name", "orders2"))["name"] == "orders2"

    validator = client.create_request_validator(**rest, name="all", validateRequestBody=True)
    one = {**rest, "requestValidatorId": validator["id"]}
    assert client.get_request_validator(**one)["validateRequestBody"] is True
    assert names(client.get_request_validators(**rest)["items"]) == [validator["id"]]
    changed = client.update_request_validator(**one, patchOperations=patch("replace", "/validateRequestParameters", "true"))
    assert changed["validateRequestParameters"] is True

    client.create_model(**rest, name="Order", contentType="application/json", schema='{"type":"object"}')
    assert client.get_model(**rest, modelName="Order")["schema"] == '{"type":"object"}'
    assert names(client.get_models(**rest)["items"], "name") == ["Empty", "Error", "Order"]
    changed = client.update_model(**rest, modelName="Order", patchOperations=patch("replace", "/description", "An order"))
    assert changed["description"] == "An order"

    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations"
    authorizer = client.create_authorizer(
        **rest, name="guard", type="TOKEN", authorizerUri=uri, identitySource="method.request.header.Authorization")
    one = {**rest, "authorizerId": authorizer["id"]}
    assert client.get_authorizer(**one)["authType"] == "custom"
    assert names(client.get_authorizers(**rest)["items"]) == [authorizer["id"]]
    changed = client.update_authorizer(**one, patchOperations=patch("replace", "/authorizerResultTtlInSeconds", "60"))
    assert changed["authorizerResultTtlInSeconds"] == 60

    orders = client.create_resource(**rest, parentId=api["rootResourceId"], pathPart="order")
    at = {**rest, "resourceId": orders["id"]}
    assert client.update_resource(**at, patchOperations=patch("replace", "/pathPart", "orders"))["path"] == "/orders"
    assert client.get_resource(**at)["pathPart"] == "orders"
    get = {**at, "httpMethod": "GET"}
    client.put_method(**get, authorizationType="NONE", requestParameters={"method.request.querystring.page": False})
    fails("BadRequestException", "No integration defined for method", client.create_deployment, **rest)
    client.update_method(**get, patchOperations=patch("replace", "/apiKeyRequired", "true"))
    assert client.get_method(**get)["apiKeyRequired"] is True
    client.put_method_response(**get, statusCode="200", responseModels={"application/json": "Order"})
    header = patch("add", "/responseParameters/method.response.header.X-Page", "false")
    client.update_method_response(**get, statusCode="200", patchOperations=header)
    parameters = client.get_method_response(**get, statusCode="200")["responseParameters"]
    assert parameters == {"method.response.header.X-Page": False}
    client.put_integration(**get, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    changed = client.update_integration(**get, patchOperations=patch("replace", "/timeoutInMillis", "1000"))
    assert changed["timeoutInMillis"] == 1000
    assert client.get_integration(**get)["type"] == "MOCK"
    client.put_integration_response(
        **get, statusCode="200", responseTemplates={"application/json": "{}"},
        responseParameters={"method.response.header.X-Page": "'1'"})
    client.update_integration_response(**get, statusCode="200", patchOperations=patch("replace", "/selectionPattern", ""))
    assert client.get_integration_response(**get, statusCode="200")["selectionPattern"] == ""
    listed = client.get_resources(**rest, embed=["methods"])["items"]
    assert [item["path"] for item in listed] == ["/", "/orders"]
    assert listed[1]["resourceMethods"]["GET"]["methodIntegration"]["type"] == "MOCK"
    fails("ConflictException", "Cannot delete model 'Order', is referenced in method response: /orders/GET",
          client.delete_model, **rest, modelName="Order")

    assert client.get_gateway_response(**rest, responseType="THROTTLED")["defaultResponse"] is True
    client.put_gateway_response(**rest, responseType="DEFAULT_4XX", statusCode="418")
    assert client.get_gateway_response(**rest, responseType="THROTTLED")["statusCode"] == "418"
    changed = client.update_gateway_response(
        **rest, responseType="DEFAULT_4XX", patchOperations=patch("replace", "/statusCode", "400"))
    assert changed["statusCode"] == "400"
    assert len(client.get_gateway_responses(**rest)["items"]) == 21
    client.delete_gateway_response(**rest, responseType="DEFAULT_4XX")
    return api, get


def deploy(api, get):
    """Deploys, changes, redeploys, rolls back, tries a canary and promotes it."""
    rest = {"restApiId": api["id"]}
    first = client.create_deployment(**rest, stageName="prod", variables={"color": "blue"})["id"]
    prod = {**rest, "stageName": "prod"}
    assert client.get_stage(**prod)["deploymentId"] == first
    client.update_integration_response(**get, statusCode="200",
                                       patchOperations=patch("replace", "/responseTemplates/application~1json", '{"n":2}'))
    second = client.create_deployment(**prod, description="second")["id"]
    assert client.get_stage(**prod)["deploymentId"] == second
    client.update_stage(**prod, patchOperations=patch("replace", "/deploymentId", first))
    assert client.get_stage(**prod)["deploymentId"] == first
    summary = client.get_deployment(**rest, deploymentId=second, embed=["apisummary"])["apiSummary"]
    assert summary == {"/orders": {"GET": {"authorizationType": "NONE", "apiKeyRequired": True}}}
    assert set(names(client.get_deployments(**rest)["items"])) == {first, second}
    client.update_deployment(**rest, deploymentId=second, patchOperations=patch("replace", "/description", "2"))

    canary = {"percentTraffic": 10, "stageVariableOverrides": {"color": "green"}}
    third = client.create_deployment(**prod, canarySettings=canary)["id"]
    assert client.get_stage(**prod)["canarySettings"]["deploymentId"] == third
    promoted = client.update_stage(**prod, patchOperations=[
        *patch("copy", "/deploymentId", **{"from": "/canarySettings/deploymentId"}),
        *patch("copy", "/variables", **{"from": "/canarySettings/stageVariableOverrides"}),
        *patch("remove", "/canarySettings"),
    ])
    assert promoted["deploymentId"] == third and promoted["variables"] == {"color": "green"}
    settings = client.update_stage(**prod, patchOperations=patch("replace", "/*/*/throttling/rateLimit", "100"))
    assert settings["methodSettings"]["*/*"]["throttlingRateLimit"] == 100.0
    fails("BadRequestException", "Active stages pointing to this deployment must be moved or deleted",
          client.delete_deployment, **rest, deploymentId=third)
    client.delete_deployment(**rest, deploymentId=second)

    client.create_stage(**rest, stageName="beta", deploymentId=first)
    assert names(client.get_stages(**rest)["item"], "stageName") == ["prod", "beta"]
    client.flush_stage_cache(**rest, stageName="beta")
    client.flush_stage_authorizers_cache(**rest, stageName="beta")
    client.delete_stage(**rest, stageName="beta")


def tag(api):
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    client.tag_resource(resourceArn=arn, tags={"x": "1"})
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert client.get_tags(resourceArn=arn)["tags"] == {"x": "1"}


def document(api):
    rest = {"restApiId": api["id"]}
    part = client.create_documentation_part(**rest, location={"type": "API"}, properties='{"a": "b"}')["id"]
    one = {**rest, "documentationPartId": part}
    client.update_documentation_part(**one, patchOperations=patch("replace", "/properties", '{"a": "c"}'))
    assert client.get_documentation_part(**one)["properties"] == '{"a": "c"}'
    assert names(client.get_documentation_parts(**rest)["items"]) == [part]
    client.create_documentation_version(**rest, documentationVersion="1", stageName="prod")
    assert client.get_stage(**rest, stageName="prod")["documentationVersion"] == "1"
    one_version = {**rest, "documentationVersion": "1"}
    client.update_documentation_version(**one_version, patchOperations=patch("replace", "/description", "d"))
    assert client.get_documentation_version(**one_version)["description"] == "d"
    assert names(client.get_documentation_versions(**rest)["items"], "version") == ["1"]
    client.delete_documentation_version(**one_version)
    client.delete_documentation_part(**one)


def plans(api):
    rest = {"restApiId": api["id"]}
    key = client.create_api_key(name="k", enabled=True)
    assert len(key["value"]) == 40
    one = {"apiKey": key["id"]}
    assert "value" not in client.get_api_key(**one)
    assert client.get_api_key(**one, includeValue=True)["value"] == key["value"]
    assert client.update_api_key(**one, patchOperations=patch("replace", "/enabled", "no"))["enabled"] is False
    fails("ConflictException", "API Key already exists", client.create_api_key, value=key["value"])
    others = [client.create_api_key(name=f"page{n}")["id"] for n in range(3)]
    pages = client.get_paginator("get_api_keys").paginate(nameQuery="page", PaginationConfig={"PageSize": 1})
    assert [names(page["items"]) for page in pages if page["items"]] == [[other] for other in reversed(others)]
    for other in others:
        client.delete_api_key(apiKey=other)
    assert names(client.get_api_keys(nameQuery="k")["items"]) == [key["id"]]

    stage = {"apiId": rest["restApiId"], "stage": "prod"}
    plan = client.create_usage_plan(name="p", apiStages=[stage], throttle={"rateLimit": 5, "burstLimit": 10})
    of = {"usagePlanId": plan["id"]}
    changed = client.update_usage_plan(**of, patchOperations=[
        *patch("add", "/quota/limit", "100"), *patch("add", "/quota/period", "DAY")])
    assert changed["quota"] == {"limit": 100, "offset": 0, "period": "DAY"}
    assert client.get_usage_plan(**of)["apiStages"] == [stage]
    client.create_usage_plan_key(**of, keyId=key["id"], keyType="API_KEY")
    assert client.get_usage_plan_key(**of, keyId=key["id"])["value"] == key["value"]
    assert names(client.get_usage_plan_keys(**of)["items"]) == [key["id"]]
    assert names(client.get_usage_plans(keyId=key["id"])["items"]) == [plan["id"]]
    client.delete_usage_plan_key(**of, keyId=key["id"])
    where = f"{stage['apiId']}:{stage['stage']}"
    fails("BadRequestException",
          f"Cannot delete Usage Plan {plan['id']} because there are API Stages associated with it, including {where}",
          client.delete_usage_plan, **of)
    client.update_usage_plan(**of, patchOperations=patch("remove", "/apiStages", where))
    client.delete_usage_plan(**of)
    client.delete_api_key(**one)


def domains(api):
    domain = client.create_domain_name(domainName="api.example.com", endpointConfiguration={"types": ["REGIONAL"]},
                                       regionalCertificateArn="arn:aws:acm:us-east-1:000000000000:certificate/a")
    assert domain["domainNameStatus"] == "AVAILABLE" and domain["regionalDomainName"].startswith("d-")
    of = {"domainName": "api.example.com"}
    client.create_base_path_mapping(**of, restApiId=api["id"], stage="prod")
    assert client.get_base_path_mapping(**of, basePath="(none)")["stage"] == "prod"
    client.update_base_path_mapping(**of, basePath="(none)", patchOperations=patch("replace", "/basePath", "v1"))
    assert names(client.get_base_path_mappings(**of)["items"], "basePath") == ["v1"]
    text = (f"Deleting RestApi {api['id']} failed. Please remove all base path mappings related to the RestApi in your "
            "domains: api.example.com")
    fails("BadRequestException", text, client.delete_rest_api, restApiId=api["id"])
    client.delete_base_path_mapping(**of, basePath="v1")
    client.update_domain_name(**of, patchOperations=patch("replace", "/securityPolicy", "TLS_1_2"))
    assert client.get_domain_name(**of)["securityPolicy"] == "TLS_1_2"
    assert names(client.get_domain_names()["items"], "domainName") == ["api.example.com"]
    client.delete_domain_name(**of)

    private = client.create_domain_name(domainName="in.example.com", endpointConfiguration={"types": ["PRIVATE"]})
    arn = private["domainNameArn"]
    for forget in (client.delete_domain_name_access_association, client.reject_domain_name_access_association):
        made = client.create_domain_name_access_association(
            domainNameArn=arn, accessAssociationSourceType="VPCE", accessAssociationSource="vpce-1")
        made = made["domainNameAccessAssociationArn"]
        listed = client.get_domain_name_access_associations()["items"]
        assert names(listed, "domainNameAccessAssociationArn") == [made]
        more = {} if forget.__name__.startswith("delete") else {"domainNameArn": arn}
        forget(domainNameAccessAssociationArn=made, **more)
    client.delete_domain_name(domainName="in.example.com", domainNameId=private["domainNameId"])


def links():
    arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/n/1"
    link = client.create_vpc_link(name="l", targetArns=[arn])
    assert link["status"] == "PENDING"
    one = {"vpcLinkId": link["id"]}
    assert client.get_vpc_link(**one)["status"] == "AVAILABLE"
    assert client.update_vpc_link(**one, patchOperations=patch("replace", "/name", "m"))["name"] == "m"
    assert names(client.get_vpc_links()["items"]) == [link["id"]]
    client.delete_vpc_link(**one)
    fails("NotFoundException", "Invalid Vpc Link identifier specified", client.get_vpc_link, **one)


def account():
    role = "arn:aws:iam::000000000000:role/logs"
    assert client.update_account(patchOperations=patch("replace", "/cloudwatchRoleArn", role))["cloudwatchRoleArn"] == role
    assert client.get_account()["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}
    kinds = names(client.get_sdk_types()["items"])
    assert "javascript" in kinds and client.get_sdk_type(id="javascript")["friendlyName"] == "JavaScript"


def refused(api, get):
    """What is wrong is refused where it is made."""
    rest, bad = {"restApiId": api["id"]}, "BadRequestException"
    for custom in (f"{api['id']}/stages/prod", "A", "-a", "..", "a" * 64):
        fails(bad, f'"{custom}" cannot be an API\'s id: 1 to 63 of a-z, 0-9 and inner hyphens',
              client.create_rest_api, name="x", tags={"_custom_id_": custom})
    assert client.get_stage(**rest, stageName="prod")["deploymentId"]
    fails(bad, "Name cannot be empty", client.create_rest_api, name="")
    fails(bad, "Name cannot be empty", client.update_rest_api, **rest, patchOperations=patch("replace", "/name", ""))
    fails(bad, "Invalid tag 'aws:a': aws: prefixed tag key names are not allowed for external use.",
          client.create_rest_api, name="x", tags={"aws:a": "b"})
    fails(bad, "Invalid Authorizer URI: x. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function "
          "invocation.", client.create_authorizer, **rest, name="x", type="TOKEN", authorizerUri="x",
          identitySource="method.request.header.A")
    start = "Validation Result: warnings : [], errors : "
    fails(bad, f"Invalid mapping expression specified: {start}[Invalid mapping expression specified: b]",
          client.put_gateway_response, **rest, responseType="THROTTLED",
          responseParameters={"gatewayresponse.header.X": "b"})
    url = f"https://apigateway.amazonaws.com/restapis/{api['id']}/models/Missing"
    for schema in ('{"type":"nothing"}', '{"$ref":"#/x"}', f'{{"$ref":"{url}"}}', '{"pattern":"(?=a)b"}'):
        fails(bad, f"Invalid model specified: {start}[Invalid model schema specified]", client.create_model, **rest,
              name="Wrong", contentType="application/json", schema=schema)
    for uri in ("http://a b/", "http://a:65536/", "http:///x"):
        fails(bad, "Invalid HTTP endpoint specified for URI", client.put_integration, **get, type="HTTP_PROXY",
              integrationHttpMethod="GET", uri=uri)


def take_apart(api, get):
    rest = {"restApiId": api["id"]}
    client.delete_integration_response(**get, statusCode="200")
    client.delete_method_response(**get, statusCode="200")
    client.delete_integration(**get)
    client.delete_method(**get)
    client.delete_resource(**rest, resourceId=get["resourceId"])
    client.delete_model(**rest, modelName="Order")
    for authorizer in client.get_authorizers(**rest)["items"]:
        client.delete_authorizer(**rest, authorizerId=authorizer["id"])
    for validator in client.get_request_validators(**rest)["items"]:
        client.delete_request_validator(**rest, requestValidatorId=validator["id"])
    client.delete_rest_api(**rest)
    fails("NotFoundException", f"Invalid API identifier specified 000000000000:{api['id']}", client.get_rest_api, **rest)


def main():
    api, get = build()
    deploy(api, get)
    tag(api)
    document(api)
    plans(api)
    domains(api)
    links()
    account()
    refused(api, get)
    take_apart(api, get)
    print("all operations answered as they should")


main()
