"""CloudWatch Logs through boto3, whose response parser is the judge: each operation, its errors, its paging.

Usage: logs.py
"""
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

client = boto3.client("logs", config=Config(retries={"total_max_attempts": 1}))
NOW = int(time.time() * 1000)
DAY = 24 * 60 * 60 * 1000


def fails(code, text, call, **arguments):
    """The call is refused with this code, and this in its text."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code and text in error.response["Error"]["Message"], error
    else:
        raise AssertionError(f"{call.__name__} was not refused with {code}")


def names(page):
    return [group["logGroupName"] for group in page["logGroups"]]


def groups():
    assert names(client.describe_log_groups()) == []
    for name in ["/b/two", "/a/one", "/b/three"]:
        client.create_log_group(logGroupName=name, tags={"of": name})
    fails("ResourceAlreadyExistsException", "The specified log group already exists", client.create_log_group, logGroupName="/a/one")
    fails("InvalidParameterException", r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+",
          client.create_log_group, logGroupName="a b")
    fails("InvalidParameterException", "class DELIVERY", client.create_log_group, logGroupName="x", logGroupClass="DELIVERY")
    fails("InvalidParameterException", "kmsKeyId", client.create_log_group, logGroupName="x", kmsKeyId="arn:aws:kms:::key/k")
    assert names(client.describe_log_groups()) == ["/a/one", "/b/three", "/b/two"]
    assert names(client.describe_log_groups(logGroupNamePrefix="/b")) == ["/b/three", "/b/two"]
    assert names(client.describe_log_groups(logGroupNamePattern="t")) == ["/b/three", "/b/two"]
    assert names(client.describe_log_groups(logGroupNamePattern="One")) == []
    assert names(client.describe_log_groups(logGroupClass="INFREQUENT_ACCESS")) == []
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:/a/one"
    assert names(client.describe_log_groups(logGroupIdentifiers=[arn])) == ["/a/one"]
    fails("InvalidParameterException", "mutually exclusive", client.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")
    fails("InvalidParameterException", "less than or equal to 50", client.describe_log_groups, limit=51)
    pages = list(client.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 2}))
    assert [names(page) for page in pages] == [["/a/one", "/b/three"], ["/b/two"]]
    one = client.describe_log_groups(logGroupNamePrefix="/a")["logGroups"][0]
    assert abs(one["creationTime"] - NOW) < 60_000
    assert one == {"logGroupName": "/a/one", "creationTime": one["creationTime"], "metricFilterCount": 0, "storedBytes": 0,
                   "arn": f"{arn}:*", "logGroupArn": arn, "logGroupClass": "STANDARD"}, one

    # Retention.
    fails("ResourceNotFoundException", "The specified log group does not exist.", client.put_retention_policy, logGroupName="no",
          retentionInDays=1)
    fails("InvalidParameterException", "Member must satisfy enum value set: [1, 3, 5", client.put_retention_policy,
          logGroupName="/a/one", retentionInDays=2)
    client.put_retention_policy(logGroupName="/a/one", retentionInDays=14)
    assert client.describe_log_groups(logGroupNamePrefix="/a")["logGroups"][0]["retentionInDays"] == 14
    client.delete_retention_policy(logGroupName="/a/one")
    assert "retentionInDays" not in client.describe_log_groups(logGroupNamePrefix="/a")["logGroups"][0]

    # Tags.
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"of": "/a/one"}
    client.tag_resource(resourceArn=f"{arn}:*", tags={"a": "b", "of": "all"})
    client.tag_log_group(logGroupName="/a/one", tags={"c": "d"})
    assert client.list_tags_log_group(logGroupName="/a/one")["tags"] == {"a": "b", "of": "all", "c": "d"}
    client.untag_resource(resourceArn=arn, tagKeys=["a", "none"])
    client.untag_log_group(logGroupName="/a/one", tags=["c"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"of": "all"}
    fails("ResourceNotFoundException", "does not exist", client.list_tags_for_resource, resourceArn=arn.replace("one", "none"))
    fails("TooManyTagsException", "50", client.tag_resource, resourceArn=arn, tags={f"k{n}": "" for n in range(50)})

    client.delete_log_group(logGroupName="/b/two")
    fails("ResourceNotFoundException", "The specified log group does not exist.", client.delete_log_group, logGroupName="/b/two")
    assert names(client.describe_log_groups()) == ["/a/one", "/b/three"]


def streams():
    group = {"logGroupName": "/a/one"}
    for name in ["s2", "s1", "t1"]:
        client.create_log_stream(**group, logStreamName=name)
    fails("ResourceAlreadyExistsException", "The specified log stream already exists", client.create_log_stream, **group,
          logStreamName="s1")
    fails("ResourceNotFoundException", "The specified log group does not exist.", client.create_log_stream, logGroupName="no",
          logStreamName="s1")
    fails("InvalidParameterException", "[^:*]*", client.create_log_stream, **group, logStreamName="a:b")
    put("s1", (NOW - 50, "early"))
    put("s2", (NOW, "late"))

    def listed(**arguments):
        return [stream["logStreamName"] for stream in client.describe_log_streams(**group, **arguments)["logStreams"]]

    assert listed() == ["s1", "s2", "t1"]
    assert listed(descending=True) == ["t1", "s2", "s1"]
    assert listed(logStreamNamePrefix="s") == ["s1", "s2"]
    assert listed(orderBy="LastEventTime", descending=True) == ["s2", "s1", "t1"]
    fails("InvalidParameterException", "Cannot order by LastEventTime", client.describe_log_streams, **group, logStreamNamePrefix="s",
          orderBy="LastEventTime")
    fails("ResourceNotFoundException", "log group", client.describe_log_streams, logGroupName="no")
    pages = client.get_paginator("describe_log_streams").paginate(**group, PaginationConfig={"PageSize": 2})
    assert [[stream["logStreamName"] for stream in page["logStreams"]] for page in pages] == [["s1", "s2"], ["t1"]]
    identifier = "arn:aws:logs:us-east-1:000000000000:log-group:/a/one"
    one = client.describe_log_streams(logGroupIdentifier=identifier, limit=1)["logStreams"][0]
    assert (one["firstEventTimestamp"], one["lastEventTimestamp"], one["storedBytes"]) == (NOW - 50, NOW - 50, 0)
    assert one["arn"] == f"{identifier}:log-stream:s1" and one["uploadSequenceToken"].isdigit()
    assert abs(one["creationTime"] - NOW) < 60_000 and one["lastIngestionTime"] >= one["creationTime"]
    empty = client.describe_log_streams(**group, logStreamNamePrefix="t")["logStreams"][0]
    assert "lastEventTimestamp" not in empty

    client.delete_log_stream(**group, logStreamName="s1")
    fails("ResourceNotFoundException", "The specified log stream does not exist.", client.delete_log_stream, **group,
          logStreamName="s1")
    fails("ResourceNotFoundException", "The specified log stream does not exist.", client.get_log_events, **group, logStreamName="s1")
    assert listed() == ["s2", "t1"]


def put(stream, *events, group="/a/one"):
    events = [{"timestamp": at, "message": text} for at, text in events]
    return client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def texts(answer):
    return [event["message"] for event in answer["events"]]


def events():
    one = {"logGroupName": "/a/one", "logStreamName": "events"}
    fails("ResourceNotFoundException", "The specified log stream does not exist.", client.put_log_events, **one,
          logEvents=[{"timestamp": NOW, "message": "x"}])
    client.create_log_stream(**one)
    assert put("events", (NOW - 9, "0"), (NOW - 9, "1"), (NOW - 8, "2"))["nextSequenceToken"].isdigit()
    put("events", *((NOW - 8 + n, str(n + 3)) for n in range(7)))
    try:
        put("events", (NOW, "b"), (NOW - 1, "a"))
    except ClientError as error:
        assert "must be in chronological order" in str(error), error
    else:
        raise AssertionError("events out of order were taken")
    try:
        put("events", (NOW - 2 * DAY, "a"), (NOW, "b"))
    except ClientError as error:
        assert "cannot span more than 24 hours" in str(error), error
    else:
        raise AssertionError("events of two days were taken")
    try:
        put("events", *((NOW, "x" * 1000) for _ in range(1100)))
    except ClientError as error:
        assert "Upload too large" in str(error), error
    else:
        raise AssertionError("more than 1 MiB was taken")

    # From the head: every event once, and then the same token again and again.
    def walk(limit, **arguments):
        found, token = [], None
        for _ in range(20):
            more = {"nextToken": token} if token else arguments
            page = client.get_log_events(**one, limit=limit, **more)
            found.append(texts(page))
            if page["nextForwardToken"] == token:
                return found, token
            token = page["nextForwardToken"]
        raise AssertionError("the walk never ends")

    all_of = [str(n) for n in range(10)]
    found, end = walk(4, startFromHead=True)
    assert found == [all_of[:4], all_of[4:8], all_of[8:], []], found
    put("events", (NOW, "10"))
    assert texts(client.get_log_events(**one, nextToken=end)) == ["10"], "the last token follows the stream"
    # From the tail, backwards.
    page = client.get_log_events(**one, limit=3)
    assert texts(page) == ["8", "9", "10"]
    page = client.get_log_events(**one, limit=6, nextToken=page["nextBackwardToken"])
    assert texts(page) == ["2", "3", "4", "5", "6", "7"]
    page = client.get_log_events(**one, limit=6, nextToken=page["nextBackwardToken"])
    assert texts(page) == ["0", "1"]
    last = client.get_log_events(**one, nextToken=page["nextBackwardToken"])
    assert texts(last) == [] and last["nextBackwardToken"] == page["nextBackwardToken"]
    # The start is included, the end is not.
    page = client.get_log_events(**one, startTime=NOW - 8, endTime=NOW - 6, startFromHead=True)
    assert texts(page) == ["2", "3", "4"], page
    event = page["events"][0]
    assert event["timestamp"] == NOW - 8 and abs(event["ingestionTime"] - NOW) < 60_000 and len(event) == 3
    fails("InvalidParameterException", "nextToken is invalid", client.get_log_events, **one, nextToken="f/1/s")
    fails("ResourceNotFoundException", "log group", client.get_log_events, logGroupName="no", logStreamName="events")
    # An empty stream is followed as well.
    empty = {"logGroupName": "/a/one", "logStreamName": "empty"}
    client.create_log_stream(**empty)
    page = client.get_log_events(**empty)
    assert page["events"] == []
    put("empty", (NOW, "first"))
    assert texts(client.get_log_events(**empty, nextToken=page["nextForwardToken"])) == ["first"]
    # Too old, too new, expired.
    old = put("empty", (NOW - 15 * DAY, "o"))["rejectedLogEventsInfo"]
    assert old == {"tooOldLogEventEndIndex": 1}, old
    new = put("empty", (NOW, "in time"), (NOW + DAY // 2, "n"))["rejectedLogEventsInfo"]
    assert new == {"tooNewLogEventStartIndex": 1}, new
    assert texts(client.get_log_events(**empty, startFromHead=True)) == ["first", "in time"]


def filters():
    group = {"logGroupName": "/filtered"}
    client.create_log_group(**group)
    for stream in ["web-1", "web-2", "db"]:
        client.create_log_stream(**group, logStreamName=stream)
    put("web-1", (NOW - 30, "GET /a 200 ok"), (NOW - 10, '{"status": 500, "path": "/x"}'), group="/filtered")
    put("web-2", (NOW - 20, "GET /b 404 not found"), (NOW - 10, '{"status": 200, "path": "/y"}'), group="/filtered")
    put("db", (NOW - 15, "ERROR slow query"), group="/filtered")

    def found(pattern="", **arguments):
        answer = client.filter_log_events(**group, filterPattern=pattern, **arguments)
        assert answer["searchedLogStreams"] == []
        return answer["events"]

    every = found()
    assert [event["message"].split()[0] for event in every] == ["GET", "GET", "ERROR", '{"status":', '{"status":']
    assert [event["logStreamName"] for event in every][:3] == ["web-1", "web-2", "db"]
    ids = [event["eventId"] for event in every]
    assert ids == sorted(set(ids)) and all(len(one) == 56 and one.isdigit() for one in ids)
    assert set(every[0]) == {"logStreamName", "timestamp", "message", "ingestionTime", "eventId"}
    for pattern, expect in [("GET", 2), ("GET -404", 1), ("?200 ?404", 3), ('"slow query"', 1), ("%GET /[ab]%", 2),
                            ("{ $.status = 500 }", 1), ("{ $.status >= 200 && $.path = \"/*\" }", 2),
                            ("[verb = GET, path, status = 4*, ...]", 1), ("nothing", 0)]:
        assert len(found(pattern)) == expect, (pattern, found(pattern))
    assert len(found(logStreamNamePrefix="web")) == 4
    assert len(found(logStreamNames=["db", "web-1"])) == 3
    assert [event["timestamp"] - NOW for event in found(startTime=NOW - 20, endTime=NOW - 15)] == [-20, -15]
    page = client.filter_log_events(**group, limit=2, interleaved=True)
    assert len(page["events"]) == 2
    pages = client.get_paginator("filter_log_events").paginate(**group, PaginationConfig={"PageSize": 2})
    assert [event["eventId"] for page in pages for event in page["events"]] == ids
    assert "nextToken" not in client.filter_log_events(**group)
    fails("InvalidParameterException", "Invalid filter pattern", client.filter_log_events, **group, filterPattern="{ $.a = ")
    fails("InvalidParameterException", "mutually exclusive", client.filter_log_events, **group, logStreamNames=["db"],
          logStreamNamePrefix="w")
    fails("ResourceNotFoundException", "log stream", client.filter_log_events, **group, logStreamNames=["none"])
    fails("ResourceNotFoundException", "log group", client.filter_log_events, logGroupName="no")
    # A page has room for 1 MB.
    client.create_log_stream(**group, logStreamName="large")
    for n in range(3):
        put("large", *((NOW, "l" * 1000) for _ in range(900)), group="/filtered")
    assert len(list(client.get_paginator("filter_log_events").paginate(**group, logStreamNames=["large"]))) == 3


def retention():
    group = {"logGroupName": "/kept"}
    client.create_log_group(**group)
    client.create_log_stream(**group, logStreamName="s")
    put("s", (NOW - 2 * DAY, "old"), group="/kept")
    put("s", (NOW, "new"), group="/kept")
    client.put_retention_policy(**group, retentionInDays=1)
    assert texts(client.filter_log_events(**group)) == ["new"]
    assert texts(client.get_log_events(**group, logStreamName="s", startFromHead=True)) == ["new"]
    expired = put("s", (NOW - 2 * DAY, "late"), group="/kept")["rejectedLogEventsInfo"]
    assert expired == {"expiredLogEventEndIndex": 1}, expired


def main():
    groups()
    streams()
    events()
    filters()
    retention()
    fails("NotImplementedException", "StartQuery of CloudWatch Logs", client.start_query, logGroupName="/kept", startTime=0, endTime=1,
          queryString="fields @message")
    for name in ["/a/one", "/b/three", "/filtered", "/kept"]:
        client.delete_log_group(logGroupName=name)
    assert names(client.describe_log_groups()) == []


main()
