//! Large objects in parts. What is not completed ends with the process.

use std::io::copy;

use aws_lc_rs::digest::{Context, SHA256};
use hyper::body::Incoming;

use super::objects::{kept_headers, receive_file};
use super::receive::etag;
use super::store::{Object, Part, Store, Upload, failed, no_such_bucket};
use super::{Request, view};
use crate::limits::{OBJECT_BYTES_MAX, PARTS_MAX, UPLOADS_MAX};
use crate::wire::hex;
use crate::{Answer, ApiError};

/// `CreateMultipartUpload`
pub(super) fn create(store: &Store, request: &Request<'_>) -> Result<Answer, ApiError> {
    let mut random = [0; 16];
    let _ = getrandom::fill(&mut random);
    let id = hex(&random);
    let mut buckets = store.lock();
    let bucket = buckets.get_mut(&request.bucket).ok_or_else(no_such_bucket)?;
    if bucket.uploads.len() >= UPLOADS_MAX {
        let text =
            format!("There are {UPLOADS_MAX} uploads in this bucket; complete or abort some first");
        return Err(ApiError::new(503, "SlowDown", text));
    }
    let upload = Upload {
        key: request.key.clone(),
        started_ms: request.unix_ms,
        headers: kept_headers(request),
        ..Upload::default()
    };
    bucket.uploads.insert(id.clone(), upload);
    let inside =
        view::elements(&[("Bucket", &request.bucket), ("Key", &request.key), ("UploadId", &id)]);
    Ok(view::document("InitiateMultipartUploadResult", &inside))
}

/// `UploadPart`
pub(super) async fn put_part(
    store: &Store,
    request: &Request<'_>,
    body: Incoming,
) -> Result<Answer, ApiError> {
    if request.head.header("x-amz-copy-source").is_some() {
        return Err(ApiError::not_implemented("UploadPartCopy of Amazon S3"));
    }
    let number = request.query("partNumber").and_then(|text| text.parse::<u32>().ok());
    let number = number.filter(|number| (1..=PARTS_MAX).contains(number)).ok_or_else(|| {
        let text = format!("Part number must be an integer between 1 and {PARTS_MAX}, inclusive");
        ApiError::new(400, "InvalidArgument", text)
    })?;
    with_upload(store, request, |_| ())?;
    let (received, file) = receive_file(store, request, body).await?;
    let part = Part {
        file: file.clone(),
        bytes: received.bytes,
        etag: received.etag.clone(),
        modified_ms: request.unix_ms,
    };
    match with_upload(store, request, |upload| upload.parts.insert(number, part)) {
        Ok(Some(old)) => store.remove_file(&request.bucket, &old.file),
        Ok(None) => {}
        Err(error) => {
            store.remove_file(&request.bucket, &file);
            return Err(error);
        }
    }
    let mut answer = Answer::empty(200);
    answer.headers.push(("ETag", format!("\"{}\"", received.etag)));
    if let Some((name, value)) = received.checksum {
        answer.headers.push((name, value));
    }
    Ok(answer)
}

/// `CompleteMultipartUpload`
pub(super) fn complete(
    store: &Store,
    request: &Request<'_>,
    document: &str,
) -> Result<Answer, ApiError> {
    let upload = with_upload(store, request, |upload| upload.clone())?;
    let numbers = view::texts(document, "PartNumber");
    let etags = view::texts(document, "ETag");
    if numbers.is_empty() || numbers.len() != etags.len() {
        let text = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(ApiError::new(400, "MalformedXML", text));
    }
    let mut parts: Vec<&Part> = Vec::new();
    let mut before = 0;
    for (number, etag) in numbers.iter().zip(&etags) {
        let number: u32 = number.trim().parse().unwrap_or(0);
        if number <= before {
            let text = "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(ApiError::new(400, "InvalidPartOrder", text));
        }
        before = number;
        let part =
            upload.parts.get(&number).filter(|part| part.etag == etag.trim().trim_matches('"'));
        parts.push(part.ok_or_else(|| {
            let text = "One or more of the specified parts could not be found. The part may not have been \
                        uploaded, or the specified entity tag may not match the part's entity tag.";
            ApiError::new(400, "InvalidPart", text)
        })?);
    }
    let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
    if bytes > OBJECT_BYTES_MAX {
        let text = format!(
            "Your proposed upload exceeds the maximum allowed size of {OBJECT_BYTES_MAX} bytes"
        );
        return Err(ApiError::new(400, "EntityTooLarge", text));
    }
    let (mut file, name) = store.new_file(&request.bucket)?;
    let mut hash = Context::new(&SHA256);
    for part in &parts {
        let path = store.path(&request.bucket, &part.file);
        std::fs::File::open(path)
            .and_then(|mut data| copy(&mut data, &mut file))
            .map_err(|error| failed(&error))?;
        hash.update(part.etag.as_bytes());
    }
    file.sync_data().map_err(|error| failed(&error))?;
    let object = Object {
        key: request.key.clone(),
        file: name,
        bytes,
        etag: etag(&hash.finish().as_ref()[..16], parts.len()),
        modified_ms: request.unix_ms,
        headers: upload.headers.clone(),
        checksum: None,
        tagging: None,
    };
    let inside = view::elements(&[
        ("Location", &format!("/{}/{}", request.bucket, view::url(&request.key))),
        ("Bucket", &request.bucket),
        ("Key", &request.key),
        ("ETag", &format!("\"{}\"", object.etag)),
    ]);
    store.put(&request.bucket, object)?;
    forget(store, request)?;
    Ok(view::document("CompleteMultipartUploadResult", &inside))
}

/// `AbortMultipartUpload`
pub(super) fn abort(store: &Store, request: &Request<'_>) -> Result<Answer, ApiError> {
    with_upload(store, request, |_| ())?;
    forget(store, request)?;
    Ok(Answer::empty(204))
}

/// `ListParts`
pub(super) fn list_parts(store: &Store, request: &Request<'_>) -> Result<Answer, ApiError> {
    let mut inside = view::elements(&[
        ("Bucket", &request.bucket),
        ("Key", &request.key),
        ("UploadId", request.query("uploadId").unwrap_or_default()),
        ("IsTruncated", "false"),
    ]);
    inside.push_str(&with_upload(store, request, |upload| view::parts(&upload.parts))?);
    Ok(view::document("ListPartsResult", &inside))
}

/// `ListMultipartUploads`
pub(super) fn list(store: &Store, request: &Request<'_>) -> Result<Answer, ApiError> {
    let buckets = store.lock();
    let bucket = buckets.get(&request.bucket).ok_or_else(no_such_bucket)?;
    let mut inside = view::elements(&[("Bucket", &request.bucket), ("IsTruncated", "false")]);
    for (id, upload) in &bucket.uploads {
        let of = view::elements(&[
            ("Key", &upload.key),
            ("UploadId", id),
            ("Initiated", &view::time(upload.started_ms)),
        ]);
        inside.push_str(&format!("<Upload>{of}</Upload>"));
    }
    Ok(view::document("ListMultipartUploadsResult", &inside))
}

fn with_upload<T>(
    store: &Store,
    request: &Request<'_>,
    work: impl FnOnce(&mut Upload) -> T,
) -> Result<T, ApiError> {
    let mut buckets = store.lock();
    let bucket = buckets.get_mut(&request.bucket).ok_or_else(no_such_bucket)?;
    let id = request.query("uploadId").unwrap_or_default();
    let upload = bucket.uploads.get_mut(id).filter(|upload| upload.key == request.key);
    let upload = upload.ok_or_else(|| {
        let text = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                    aborted or completed.";
        ApiError::new(404, "NoSuchUpload", text)
    })?;
    Ok(work(upload))
}

fn forget(store: &Store, request: &Request<'_>) -> Result<(), ApiError> {
    let upload = {
        let mut buckets = store.lock();
        let bucket = buckets.get_mut(&request.bucket).ok_or_else(no_such_bucket)?;
        bucket.uploads.remove(request.query("uploadId").unwrap_or_default())
    };
    for part in upload.iter().flat_map(|upload| upload.parts.values()) {
        store.remove_file(&request.bucket, &part.file);
    }
    Ok(())
}
