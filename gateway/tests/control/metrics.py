"""CloudWatch through boto3 in CBOR, JSON and query: what was counted is told, to the request.

Usage: metrics.py CONTROL-URL DATA-ADDRESS OPS-ADDRESS. The gateway serves `metrics.yaml` and has a test clock.
"""
import datetime
import http.client
import json
import sys
import time

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

CONTROL, DATA, OPS = sys.argv[1:]


def client(protocol):
    """A client as of a version of botocore that has this protocol alone."""
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_with_protocol(*arguments, **more):
        model = load(*arguments, **more)
        if "protocol" not in model.get("metadata", {}):
            return model
        return {**model, "metadata": {**model["metadata"], "protocol": protocol, "protocols": [protocol]}}

    loader.load_service_model = load_with_protocol
    made = session.create_client(
        "cloudwatch", endpoint_url=CONTROL, region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}),
    )
    assert made.meta.service_model.resolved_protocol == protocol
    return made


cloudwatch = client("smithy-rpc-v2-cbor")


def ops(method, target):
    connection = http.client.HTTPConnection(OPS)
    connection.request(method, target)
    return connection.getresponse().read().decode()


def now():
    """Seconds by the gateway's clock."""
    return json.loads(ops("GET", "/clock"))["unix_ms"] / 1000


def advance(seconds):
    ops("POST", f"/clock?advance_seconds={seconds}")


def time_of(second):
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc)


def get(path, count, status):
    connection = http.client.HTTPConnection(DATA)
    for _ in range(count):
        connection.request("GET", f"/_aws/execute-api/shop1{path}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status, (path, answer.status)
    connection.close()


def dimensions(**values):
    return [{"Name": name, "Value": value} for name, value in values.items()]


SHOP = dimensions(ApiName="shop")
PROD = dimensions(ApiName="shop", Stage="prod")
CACHED = dimensions(ApiName="shop", Stage="cached")
PET = dimensions(ApiName="shop", Stage="prod", Method="GET", Resource="/pets/{id}")
PETS = dimensions(ApiName="shop", Stage="prod", Method="GET", Resource="/pets")
STATISTICS = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]


def points(metric, of, period=60, namespace="AWS/ApiGateway", **more):
    more = more or {"Statistics": STATISTICS}
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=metric, Dimensions=of, StartTime=time_of(now() - 3600),
        EndTime=time_of(now() + 60), Period=period, **more,
    )
    assert answer["Label"] == metric, answer
    return sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])


def total(metric, of):
    """The sum and the number of all that there is."""
    found = points(metric, of, Statistics=["Sum", "SampleCount"])
    return sum(point["Sum"] for point in found), sum(point["SampleCount"] for point in found)


def settled(metric, of, count):
    """A request is counted when its last byte has gone, which its client may see a little earlier."""
    for _ in range(200):
        found = total(metric, of)
        assert found[0] <= count, found
        if found[0] == count:
            return
        time.sleep(0.02)
    raise AssertionError((metric, of, found))


def fails(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]
        assert got["Code"] == code and got["Message"].startswith(text), got
    else:
        raise AssertionError(f"{call.__name__} was not refused with {text}")


# A whole minute ahead of us, so that a run does not straddle two.
advance(61 - int(now()) % 60)
assert points("Count", SHOP) == [], "nothing was asked yet"

# Known requests give exactly these sums, at once.
minute = int(now()) // 60 * 60
get("/prod/pets?status=200", 7, 200)
get("/prod/pets?status=404", 3, 404)
get("/prod/pets?status=502", 2, 502)
get("/prod/pets/1?status=200", 5, 200)
get("/prod/pets/2?status=404", 4, 404)
get("/prod/nothing", 6, 403)
settled("Count", PROD, 27)
assert total("Count", PROD) == total("Count", SHOP) == (27, 27)
assert total("4XXError", PROD) == (13, 27)
assert total("5XXError", PROD) == (2, 27)
assert total("Count", PET) == (9, 9)
assert total("4XXError", PET) == (4, 9)
assert total("5XXError", PET) == (0, 9)
assert total("Count", PETS) == (0, 0), "it has no metrics of its own"
assert total("CacheHitCount", PROD) == (0, 0), "it has no cache"
assert total("Latency", PROD)[1] == 27
(point,) = points("Count", PROD)
assert point["Timestamp"] == time_of(minute), (point, minute)
assert point["Unit"] == "Count" and point["Minimum"] == point["Maximum"] == point["Average"] == 1.0
(point,) = points("4XXError", PROD)
assert abs(point["Average"] - 13 / 27) < 1e-9 and (point["Minimum"], point["Maximum"]) == (0, 1)
(point,) = points("Latency", PROD, Statistics=STATISTICS, ExtendedStatistics=["p50", "p99.9", "tm90", "TC(:100%)"])
extended = point["ExtendedStatistics"]
assert point["Unit"] == "Milliseconds"
assert 0 < point["Minimum"] <= extended["p50"] <= extended["p99.9"] <= point["Maximum"], point
assert point["Minimum"] <= point["Average"] <= point["Maximum"] and extended["TC(:100%)"] == 27
assert abs(point["Average"] - point["Sum"] / 27) < 1e-9

# A cache: of six requests one is missed.
get("/cached/pets?status=200", 6, 200)
settled("Count", CACHED, 6)
assert total("CacheHitCount", CACHED) == total("CacheHitCount", SHOP) == (5, 6)
assert total("CacheMissCount", CACHED) == (1, 6)
assert total("Count", SHOP) == (33, 33)

# The next minute is a point of its own; an empty one is none; a longer period has both.
advance(120)
get("/prod/pets?status=200", 4, 200)
settled("Count", PROD, 31)
found = points("Count", PROD)
assert [(point["Timestamp"], point["Sum"]) for point in found] == [
    (time_of(minute), 27), (time_of(minute + 120), 4)], found
found = points("Count", PROD, period=3600)
assert sum(point["Sum"] for point in found) == 31
assert all(point["Timestamp"].timestamp() % 3600 == 0 for point in found), found

# Prometheus has the same, each request once.
text = ops("GET", "/metrics")
series = [line for line in text.splitlines() if line.startswith("gateway_requests_total{")]
prod = [line for line in series if 'stage="prod"' in line]
assert sum(float(line.rsplit(" ", 1)[1]) for line in prod) == 31, prod
pet = [line for line in prod if 'method="GET"' in line and 'route="/pets/{id}"' in line]
assert sum(float(line.rsplit(" ", 1)[1]) for line in pet) == 9, pet


def query(identity, metric, of, stat="Sum", **more):
    named = {"Namespace": "AWS/ApiGateway", "MetricName": metric, "Dimensions": of}
    return {"Id": identity, "MetricStat": {"Metric": named, "Period": 60, "Stat": stat}, **more}


def data(queries, **more):
    return cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=time_of(now() - 3600), EndTime=time_of(now() + 60), **more)


# Expressions, order, labels, pages.
answer = data([
    query("errors", "4XXError", PROD, ReturnData=False),
    query("n", "Count", PROD, Label="requests"),
    {"Id": "rate", "Expression": "100 * errors / n", "Label": "percent"},
    {"Id": "all", "Expression": "SUM(METRICS())"},
    query("p", "Latency", PROD, "p99"),
])
results = {result["Id"]: result for result in answer["MetricDataResults"]}
assert list(results) == ["n", "rate", "all", "p"], answer
assert results["n"]["Label"] == "requests" and results["n"]["StatusCode"] == "Complete"
assert results["n"]["Timestamps"] == [time_of(minute + 120), time_of(minute)], results["n"]
assert results["n"]["Values"] == [4, 27]
assert results["rate"]["Label"] == "percent" and results["rate"]["Values"] == [0, 100 * 13 / 27]
assert results["all"]["Values"][1] > 27 + 13 and len(results["p"]["Values"]) == 2
pages = cloudwatch.get_paginator("get_metric_data").paginate(
    MetricDataQueries=[query("n", "Count", PROD), query("e", "5XXError", PROD)], StartTime=time_of(now() - 3600),
    EndTime=time_of(now() + 60), ScanBy="TimestampAscending", PaginationConfig={"PageSize": 3},
)
pages = list(pages)
values = [(result["Id"], value) for page in pages for result in page["MetricDataResults"] for value in result["Values"]]
assert len(pages) == 2 and values == [("n", 27), ("n", 4), ("e", 2), ("e", 0)], (len(pages), values)

# What there is.
listed = cloudwatch.list_metrics(Namespace="AWS/ApiGateway", MetricName="Count")["Metrics"]
sets = sorted(sorted((one["Name"], one["Value"]) for one in metric["Dimensions"]) for metric in listed)
assert sets == sorted(sorted((one["Name"], one["Value"]) for one in of) for of in (SHOP, PROD, CACHED, PET)), sets
listed = cloudwatch.list_metrics(Dimensions=[{"Name": "Resource"}], RecentlyActive="PT3H")["Metrics"]
assert {metric["MetricName"] for metric in listed} == {"Count", "4XXError", "5XXError", "Latency"} or {
    metric["MetricName"] for metric in listed} == {"Count", "4XXError", "5XXError", "Latency", "IntegrationLatency"}

# Metrics of one's own, one of them long enough to be compressed.
till = dimensions(Till="7", Shop="north")
cloudwatch.put_metric_data(Namespace="Shop", MetricData=[
    {"MetricName": "Sales", "Dimensions": till, "Value": 4, "Unit": "Count", "Timestamp": time_of(now())},
    {"MetricName": "Sales", "Dimensions": till, "Values": [1, 2.5], "Counts": [2, 1], "Unit": "Count",
     "Timestamp": time_of(now())},
    {"MetricName": "Sales", "Dimensions": till[:1], "Unit": "Count", "Timestamp": time_of(now()),
     "StatisticValues": {"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}},
])
(point,) = points("Sales", till[::-1], namespace="Shop", Statistics=STATISTICS, ExtendedStatistics=["p50"])
assert (point["SampleCount"], point["Sum"], point["Minimum"], point["Maximum"]) == (4, 8.5, 1, 4), point
assert point["ExtendedStatistics"] == {"p50": 1} and point["Unit"] == "Count"
(point,) = points("Sales", till[:1], namespace="Shop")
assert (point["SampleCount"], point["Sum"]) == (2, 3)
cloudwatch.put_metric_data(Namespace="Shop", MetricData=[
    {"MetricName": "Many", "Dimensions": dimensions(Row=str(row)), "Value": row, "Timestamp": time_of(now())}
    for row in range(900)])
pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="Shop", MetricName="Many")
assert [len(page["Metrics"]) for page in pages] == [500, 400]

# Errors, by their names of the query protocol.
known = {"Namespace": "AWS/ApiGateway", "MetricName": "Count", "Dimensions": SHOP, "Period": 60,
         "StartTime": time_of(now() - 600), "EndTime": time_of(now()), "Statistics": ["Sum"]}
statistics = cloudwatch.get_metric_statistics
fails("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.", statistics,
      **{**known, "StartTime": time_of(now() + 1)})
fails("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics", statistics,
      **{name: value for name, value in known.items() if name != "Statistics"})
fails("InvalidParameterCombination", "You have requested up to 1,441 datapoints, which exceeds the limit of 1,440.",
      statistics, **{**known, "StartTime": time_of(minute - 1441 * 60), "EndTime": time_of(minute)})
fails("InvalidParameterValue", "The value p101 for parameter ExtendedStatistics.member.1 is invalid.", statistics,
      **{**known, "ExtendedStatistics": ["p101"]})
fails("ValidationError", "Error in expression 'e' [Invalid syntax", data, queries=[{"Id": "e", "Expression": "1 +"}])
fails("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.", cloudwatch.put_metric_data,
      Namespace="AWS/ApiGateway", MetricData=[{"MetricName": "Count", "Value": 1}])
fails("NotImplementedException", "DescribeAlarms of CloudWatch", cloudwatch.describe_alarms)
assert statistics(**{**known, "Namespace": "AWS/Nothing"})["Datapoints"] == []


# The other protocols say the same.
def same(operation, **arguments):
    def told(protocol):
        answer = getattr(client(protocol), operation)(**arguments)
        return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", "Messages")}

    cbor, as_json, query = (told(protocol) for protocol in ("smithy-rpc-v2-cbor", "json", "query"))
    assert cbor == as_json == query, (cbor, as_json, query)
    assert any(cbor.values()), cbor


long = {"StartTime": time_of(minute - 600), "EndTime": time_of(minute + 600)}
same("get_metric_statistics", Namespace="AWS/ApiGateway", MetricName="Latency", Dimensions=PROD, Period=60, **long,
     Statistics=STATISTICS, ExtendedStatistics=["p50", "p99"])
same("get_metric_data", MetricDataQueries=[query("n", "Count", PROD), {"Id": "x", "Expression": "n / 3"}], **long)
same("list_metrics", Namespace="AWS/ApiGateway")
for protocol in ("smithy-rpc-v2-cbor", "json", "query"):
    other = client(protocol)
    fails("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics",
          other.get_metric_statistics, **{name: value for name, value in known.items() if name != "Statistics"})
    other.put_metric_data(Namespace="Three", MetricData=[
        {"MetricName": "Puts", "Value": 2, "Timestamp": time_of(minute), "Dimensions": dimensions(A="1")}])
(point,) = points("Puts", dimensions(A="1"), namespace="Three")
assert (point["SampleCount"], point["Sum"]) == (3, 6), point
