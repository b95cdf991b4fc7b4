"""Amazon S3 through boto3, whose response parser is the judge: every operation that is implemented, at least once."""
import io

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, MissingDependencyException

client = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}, signature_version="s3v4"))


def fails(code, call, **arguments):
    """The call is refused with this code."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused with {code}")


bucket = {"Bucket": "b-1"}
fails("404", client.head_bucket, **bucket)
fails("InvalidBucketName", client.create_bucket, Bucket="No")
client.create_bucket(**bucket)
client.head_bucket(**bucket)
assert [of["Name"] for of in client.list_buckets()["Buckets"]] == ["b-1"]
assert client.get_bucket_location(**bucket)["LocationConstraint"] is None
assert "Status" not in client.get_bucket_versioning(**bucket)
client.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
assert client.get_bucket_versioning(**bucket)["Status"] == "Enabled"
rules = client.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
fails("NoSuchBucketPolicy", client.get_bucket_policy, **bucket)
client.put_bucket_policy(**bucket, Policy='{"Version":"2012-10-17"}')
assert client.get_bucket_policy(**bucket)["Policy"] == '{"Version":"2012-10-17"}'
client.delete_bucket_policy(**bucket)
fails("NoSuchPublicAccessBlockConfiguration", client.get_public_access_block, **bucket)
client.put_public_access_block(**bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
assert client.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
assert client.get_bucket_acl(**bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"

for sums in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]:
    try:
        put = client.put_object(**bucket, Key=sums, Body=b"hello", ChecksumAlgorithm=sums)
    except MissingDependencyException:  # CRC32C and CRC64NVME need a library of their own in botocore
        continue
    assert put["ETag"]
    got = client.get_object(**bucket, Key=sums, ChecksumMode="ENABLED")
    assert got[f"Checksum{sums}"] and got["Body"].read() == b"hello", sums
    client.delete_object(**bucket, Key=sums)
client.put_object(**bucket, Key="d/1", Body=b"one", ContentType="text/plain", Metadata={"of": "me"})
client.upload_fileobj(io.BytesIO(b"two"), "b-1", "d/2")
got = client.get_object(**bucket, Key="d/1")
assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"one", "text/plain", {"of": "me"})
assert got["LastModified"].year > 2000
part = client.get_object(**bucket, Key="d/1", Range="bytes=1-")
assert (part["Body"].read(), part["ContentRange"]) == (b"ne", "bytes 1-2/3")
fails("InvalidRange", client.get_object, **bucket, Key="d/1", Range="bytes=9-")
assert client.get_object(**bucket, Key="d/1", ResponseContentType="a/b")["ContentType"] == "a/b"
fails("304", client.get_object, **bucket, Key="d/1", IfNoneMatch=got["ETag"])
fails("PreconditionFailed", client.get_object, **bucket, Key="d/1", IfMatch='"x"')
fails("PreconditionFailed", client.put_object, **bucket, Key="d/1", Body=b"x", IfNoneMatch="*")
fails("NoSuchKey", client.get_object, **bucket, Key="none")
fails("404", client.head_object, **bucket, Key="none")
client.put_object_tagging(**bucket, Key="d/1", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
assert client.get_object_tagging(**bucket, Key="d/1")["TagSet"] == [{"Key": "k", "Value": "v"}]
client.delete_object_tagging(**bucket, Key="d/1")
copied = client.copy_object(**bucket, Key="e", CopySource={"Bucket": "b-1", "Key": "d/1"})
assert copied["CopyObjectResult"]["ETag"] == got["ETag"]

listed = client.list_objects_v2(**bucket, Delimiter="/")
assert [of["Key"] for of in listed["Contents"]] == ["e"] and listed["CommonPrefixes"] == [{"Prefix": "d/"}]
pages = client.get_paginator("list_objects_v2").paginate(**bucket, PaginationConfig={"PageSize": 1})
assert [of["Key"] for page in pages for of in page["Contents"]] == ["d/1", "d/2", "e"]
fails("InvalidArgument", client.list_objects_v2, **bucket, ContinuationToken="junk")
assert [of["Key"] for of in client.list_objects(**bucket, Prefix="d/")["Contents"]] == ["d/1", "d/2"]
versions = client.list_object_versions(**bucket)["Versions"]
assert [(of["Key"], of["VersionId"]) for of in versions] == [("d/1", "null"), ("d/2", "null"), ("e", "null")]

upload = client.create_multipart_upload(**bucket, Key="m", ContentType="text/x")
one = {**bucket, "Key": "m", "UploadId": upload["UploadId"]}
assert client.list_multipart_uploads(**bucket)["Uploads"][0]["Key"] == "m"
parts = [client.upload_part(**one, PartNumber=number, Body=body) for number, body in [(1, b"x" * 5), (2, b"y")]]
etags = [{"PartNumber": number + 1, "ETag": part["ETag"]} for number, part in enumerate(parts)]
assert [of["Size"] for of in client.list_parts(**one)["Parts"]] == [5, 1]
fails("InvalidPartOrder", client.complete_multipart_upload, **one, MultipartUpload={"Parts": etags[::-1]})
wrong = [{"PartNumber": 1, "ETag": '"x"'}]
fails("InvalidPart", client.complete_multipart_upload, **one, MultipartUpload={"Parts": wrong})
client.complete_multipart_upload(**one, MultipartUpload={"Parts": etags})
got = client.get_object(**bucket, Key="m")
assert (got["Body"].read(), got["ContentType"]) == (b"xxxxxy", "text/x")
fails("NoSuchUpload", client.abort_multipart_upload, **one)
upload = client.create_multipart_upload(**bucket, Key="n")
client.abort_multipart_upload(**bucket, Key="n", UploadId=upload["UploadId"])

url = client.generate_presigned_url("get_object", Params={**bucket, "Key": "m"})
import urllib.request  # noqa: E402
assert urllib.request.urlopen(url).read() == b"xxxxxy"

fails("BucketNotEmpty", client.delete_bucket, **bucket)
keys = [{"Key": key} for key in ["d/1", "d/2", "e", "m"]]
assert len(client.delete_objects(**bucket, Delete={"Objects": keys})["Deleted"]) == 4
client.delete_bucket(**bucket)
fails("NoSuchBucket", client.list_objects_v2, **bucket)
