"""URLs of objects, signed by boto3 in both versions of signatures: what is signed is taken, and nothing else."""
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config

CONFIG = {"retries": {"total_max_attempts": 1}}
client = boto3.client("s3", config=Config(**CONFIG))
KEY = "a%20b/c+d"
AT = {"Bucket": "signed", "Key": KEY}


def answer(url, method="GET", body=None, headers=None):
    """Status and body of a request with nothing but the URL's own signature."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def refused(status, code, url, **request):
    """The URL is refused with this code, in XML."""
    found, body = answer(url, **request)
    assert (found, re.findall(rb"<Code>(\w+)</Code>", body)) == (status, [code.encode()]), (found, body)


def changed(url, **parameters):
    """The URL with other values for these parameters."""
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True), **parameters)
    return parts._replace(query=urllib.parse.urlencode(query)).geturl()


client.create_bucket(Bucket="signed")
client.put_object(**AT, Body=b"presigned")

# Version 2: what comes without being asked for.
url = client.generate_presigned_url("get_object", Params=AT)
assert "AWSAccessKeyId=test" in url, url
assert answer(url) == (200, b"presigned"), answer(url)
for method in ["PUT", "DELETE", "HEAD"]:
    assert answer(url, method=method)[0] == 403, method
refused(403, "SignatureDoesNotMatch", url, method="DELETE")
refused(403, "SignatureDoesNotMatch", url.replace("/signed/", "/other/"))
refused(403, "SignatureDoesNotMatch", changed(url, Signature="AAAAAAAAAAAAAAAAAAAAAAAAAAA="))
refused(403, "SignatureDoesNotMatch", changed(url, Expires=str(int(time.time()) + 9999)))
refused(403, "SignatureDoesNotMatch", url + "&acl")
refused(403, "InvalidClientTokenId", changed(url, AWSAccessKeyId="other"))
refused(403, "AccessDenied", url + "&Signature=x")
past = client.generate_presigned_url("get_object", Params=AT, ExpiresIn=-1)
refused(403, "AccessDenied", past)
assert b"Request has expired" in answer(past)[1]
named = client.generate_presigned_url("get_object", Params={**AT, "ResponseContentType": "a/b; c=d"})
assert urllib.request.urlopen(named).headers["content-type"] == "a/b; c=d"
put = client.generate_presigned_url(
    "put_object", Params={"Bucket": "signed", "Key": "put", "ContentType": "text/x", "Metadata": {"of": "me"}})
fields = {"Content-Type": "text/x", "x-amz-meta-of": "me"}
refused(403, "SignatureDoesNotMatch", put, method="PUT", body=b"x", headers={"Content-Type": "text/y"})
assert answer(put, "PUT", b"put", fields)[0] == 200
got = client.get_object(Bucket="signed", Key="put")
assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"put", "text/x", {"of": "me"})
# A bucket is no object.
assert answer(client.generate_presigned_url("list_objects_v2", Params={"Bucket": "signed"}))[0] == 403
# The host names the bucket.
virtual = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"].replace("127.0.0.1", "s3.localhost"),
                       config=Config(**CONFIG, s3={"addressing_style": "virtual"}))
there = urllib.parse.urlsplit(virtual.generate_presigned_url("get_object", Params=AT))
assert there.hostname == "signed.s3.localhost", there
direct = there._replace(netloc=urllib.parse.urlsplit(url).netloc).geturl()
found = answer(direct, headers={"Host": there.netloc})
assert found == (200, b"presigned"), found
# Temporary credentials.
session = boto3.client("sts").get_session_token()["Credentials"]
temporary = boto3.client("s3", config=Config(**CONFIG), aws_access_key_id=session["AccessKeyId"],
                         aws_secret_access_key=session["SecretAccessKey"], aws_session_token=session["SessionToken"])
url = temporary.generate_presigned_url("get_object", Params=AT)
assert "x-amz-security-token=" in url, url
assert answer(url) == (200, b"presigned"), answer(url)
refused(403, "InvalidClientTokenId", re.sub("x-amz-security-token=[^&]*", "", url))

# Version 4.
newer = boto3.client("s3", config=Config(**CONFIG, signature_version="s3v4"))
url = newer.generate_presigned_url("get_object", Params=AT)
assert answer(url) == (200, b"presigned")
refused(400, "AuthorizationQueryParametersError", url + "&X-Amz-Signature=x")
refused(400, "AuthorizationQueryParametersError", url + "&X-Amz-Expires=9")
refused(400, "AuthorizationQueryParametersError", changed(url, **{"X-Amz-Expires": "604801"}))
brief = newer.generate_presigned_url("get_object", Params=AT, ExpiresIn=1)
time.sleep(2.1)
refused(403, "AccessDenied", brief)
assert b"Request has expired" in answer(brief)[1]
