//! Operations on one object.

use hyper::body::Incoming;

use super::file::FilePart;
use super::receive::{Received, receive};
use super::store::{Object, Store, failed, no_such_bucket, no_such_key};
use super::{Reply, Request, document, method_not_allowed, multipart, view};
use crate::{Answer, ApiError};

/// What is given back as it came. Source: Amazon S3, PutObject, "system-defined object metadata".
const KEPT: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];

/// What requests may ask to be answered instead.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

pub(super) async fn answer(
    store: &Store,
    request: &Request<'_>,
    body: Incoming,
) -> Result<Reply, ApiError> {
    let has = |name: &str| request.query(name).is_some();
    let method = request.head.method.as_str();
    match method {
        "PUT" if has("partNumber") => {
            multipart::put_part(store, request, body).await.map(Reply::from)
        }
        "PUT" if has("tagging") => {
            let text = document(request, body).await?;
            tag(store, request, Some(text)).map(Reply::from)
        }
        "DELETE" if has("tagging") => tag(store, request, None).map(Reply::from),
        "GET" if has("tagging") => {
            let object = find(store, request)?;
            let inside = object.tagging.map_or_else(String::new, |text| {
                view::texts(&text, "TagSet").pop().unwrap_or_default()
            });
            let inside = format!("<TagSet>{inside}</TagSet>");
            Ok(view::document("Tagging", &inside).into())
        }
        _ if ["acl", "legal-hold", "retention", "torrent", "restore", "select", "attributes"]
            .iter()
            .any(|name| has(name)) =>
        {
            let what = request.query.first().map_or("", |(name, _)| name);
            Err(ApiError::not_implemented(&format!("{method} ?{what} of an object of Amazon S3")))
        }
        "PUT" if request.head.header("x-amz-copy-source").is_some() => {
            document(request, body).await?;
            copy(store, request).map(Reply::from)
        }
        "PUT" => put(store, request, body).await.map(Reply::from),
        "POST" if has("uploads") => multipart::create(store, request).map(Reply::from),
        "POST" if has("uploadId") => {
            let text = document(request, body).await?;
            multipart::complete(store, request, &text).map(Reply::from)
        }
        "DELETE" if has("uploadId") => multipart::abort(store, request).map(Reply::from),
        "GET" if has("uploadId") => multipart::list_parts(store, request).map(Reply::from),
        "DELETE" => {
            store.delete(&request.bucket, &request.key)?;
            Ok(Answer::empty(204).into())
        }
        "GET" | "HEAD" => get(store, request),
        _ => Err(method_not_allowed()),
    }
}

fn find(store: &Store, request: &Request<'_>) -> Result<Object, ApiError> {
    let buckets = store.lock();
    let bucket = buckets.get(&request.bucket).ok_or_else(no_such_bucket)?;
    bucket.objects.get(&request.key).cloned().ok_or_else(no_such_key)
}

fn tag(store: &Store, request: &Request<'_>, tags: Option<String>) -> Result<Answer, ApiError> {
    let status = if tags.is_some() { 200 } else { 204 };
    let object = Object { tagging: tags, ..find(store, request)? };
    store.put(&request.bucket, object)?;
    Ok(Answer::empty(status))
}

/// What of a request's headers stays with the object.
pub(super) fn kept_headers(request: &Request<'_>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in &request.head.headers {
        let is_kept = KEPT.contains(&name.as_str()) || name.starts_with("x-amz-meta-");
        let value = match name.as_str() {
            // The coding of the transfer, which is taken off.
            "content-encoding" => {
                let others =
                    value.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked");
                others.collect::<Vec<_>>().join(",")
            }
            _ => value.clone(),
        };
        if is_kept && !value.is_empty() {
            headers.push((name.clone(), value));
        }
    }
    if !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "binary/octet-stream".to_owned()));
    }
    headers
}

/// Receives data into a new file of a bucket, which goes again when something is wrong with it.
pub(super) async fn receive_file(
    store: &Store,
    request: &Request<'_>,
    body: Incoming,
) -> Result<(Received, String), ApiError> {
    if !store.has_bucket(&request.bucket) {
        return Err(no_such_bucket());
    }
    let (mut file, name) = store.new_file(&request.bucket)?;
    match receive(body, request.head, request.payload, &mut file).await {
        Ok(received) => Ok((received, name)),
        Err(error) => {
            store.remove_file(&request.bucket, &name);
            Err(error)
        }
    }
}

async fn put(store: &Store, request: &Request<'_>, body: Incoming) -> Result<Answer, ApiError> {
    let is_create = request.head.header("if-none-match").is_some_and(|value| value == "*");
    let exists = find(store, request);
    if is_create && exists.is_ok() {
        let text = "At least one of the pre-conditions you specified did not hold";
        return Err(ApiError::new(412, "PreconditionFailed", text));
    }
    let (received, file) = receive_file(store, request, body).await?;
    let checksum = received.checksum.map(|(name, value)| (name.to_owned(), value));
    let object = Object {
        key: request.key.clone(),
        file: file.clone(),
        bytes: received.bytes,
        etag: received.etag.clone(),
        modified_ms: request.unix_ms,
        headers: kept_headers(request),
        checksum: checksum.clone(),
        tagging: None,
    };
    if let Err(error) = store.put(&request.bucket, object) {
        store.remove_file(&request.bucket, &file);
        return Err(error);
    }
    let mut answer = Answer::empty(200);
    answer.headers.push(("ETag", format!("\"{}\"", received.etag)));
    answer.headers.push(("x-amz-server-side-encryption", "AES256".to_owned()));
    push_checksum(checksum.as_ref(), &mut answer);
    Ok(answer)
}

/// The names of checksums are a closed set.
fn push_checksum(checksum: Option<&(String, String)>, answer: &mut Answer) {
    let known = checksum
        .and_then(|(name, value)| Some((super::checksum::Checksum::named(name)?.header(), value)));
    if let Some((name, value)) = known {
        answer.headers.push((name, value.clone()));
        answer.headers.push(("x-amz-checksum-type", "FULL_OBJECT".to_owned()));
    }
}

fn copy(store: &Store, request: &Request<'_>) -> Result<Answer, ApiError> {
    let source = request.head.header("x-amz-copy-source").unwrap_or_default();
    let source = source.split('?').next().unwrap_or_default();
    let source = crate::wire::decode(source.strip_prefix('/').unwrap_or(source), false)?;
    let (bucket, key) = source
        .split_once('/')
        .ok_or_else(|| ApiError::new(400, "InvalidArgument", "x-amz-copy-source is bucket/key"))?;
    let from = {
        let buckets = store.lock();
        let known = buckets.get(bucket).ok_or_else(no_such_bucket)?;
        known.objects.get(key).cloned().ok_or_else(no_such_key)?
    };
    let path = store.object_path(bucket, key)?;
    let mut data = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let (mut file, name) = store.new_file(&request.bucket)?;
    std::io::copy(&mut data, &mut file)
        .and_then(|_| file.sync_data())
        .map_err(|error| failed(&error))?;
    let replaces = request.head.header("x-amz-metadata-directive") == Some("REPLACE");
    let object = Object {
        key: request.key.clone(),
        file: name,
        modified_ms: request.unix_ms,
        headers: if replaces { kept_headers(request) } else { from.headers.clone() },
        ..from
    };
    let inside = view::elements(&[
        ("ETag", &format!("\"{}\"", object.etag)),
        ("LastModified", &view::time(request.unix_ms)),
    ]);
    store.put(&request.bucket, object)?;
    Ok(view::document("CopyObjectResult", &inside))
}

fn get(store: &Store, request: &Request<'_>) -> Result<Reply, ApiError> {
    let object = find(store, request)?;
    let etag = format!("\"{}\"", object.etag);
    let header = |name| request.head.header(name);
    if header("if-match").is_some_and(|value| value != "*" && !value.contains(&etag)) {
        let text = "At least one of the pre-conditions you specified did not hold";
        return Err(ApiError::new(412, "PreconditionFailed", text));
    }
    if header("if-none-match").is_some_and(|value| value == "*" || value.contains(&etag)) {
        let mut answer = Answer::empty(304);
        answer.headers.push(("ETag", etag));
        return Ok(answer.into());
    }
    let range = match header("range") {
        Some(range) => wanted(range, object.bytes)?,
        None => None,
    };
    let (offset, len) = range.unwrap_or((0, object.bytes));
    let mut answer = Answer::empty(if range.is_some() { 206 } else { 200 });
    answer.headers.push(("ETag", etag));
    answer.headers.push(("Last-Modified", view::http_date(object.modified_ms)));
    answer.headers.push(("Accept-Ranges", "bytes".to_owned()));
    answer.headers.push(("x-amz-server-side-encryption", "AES256".to_owned()));
    answer.headers.push(("Content-Length", len.to_string()));
    if range.is_some() {
        let last = offset + len - 1;
        answer.headers.push(("Content-Range", format!("bytes {offset}-{last}/{}", object.bytes)));
    } else if header("x-amz-checksum-mode").is_some() {
        push_checksum(object.checksum.as_ref(), &mut answer);
    }
    let mut headers = object.headers.clone();
    for (parameter, name) in OVERRIDES {
        if let Some(value) = request.query(parameter) {
            headers.retain(|(known, _)| known != name);
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let mut reply = Reply::from(answer);
    reply.headers = headers;
    if request.head.method == "GET" && len > 0 {
        let path = store.path(&request.bucket, &object.file);
        reply.file = Some(FilePart::open(&path, offset, len).map_err(|error| failed(&error))?);
    }
    Ok(reply)
}

/// Offset and length of the one range that is asked for; what is no range is none.
fn wanted(range: &str, bytes: u64) -> Result<Option<(u64, u64)>, ApiError> {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Ok(None);
    };
    let found = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Some((first, last.min(bytes.saturating_sub(1)))),
        (Ok(first), Err(_)) if last.is_empty() => Some((first, bytes.saturating_sub(1))),
        (Err(_), Ok(count)) if first.is_empty() && count > 0 => {
            Some((bytes.saturating_sub(count), bytes.saturating_sub(1)))
        }
        _ => return Ok(None),
    };
    match found {
        Some((first, last)) if first < bytes => Ok(Some((first, last - first + 1))),
        _ => {
            let text = "The requested range is not satisfiable";
            Err(ApiError::new(416, "InvalidRange", text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, expect) in [
            ("bytes=0-4", Ok(Some((0, 5)))),
            ("bytes=4-100", Ok(Some((4, 6)))),
            ("bytes=9-", Ok(Some((9, 1)))),
            ("bytes=-3", Ok(Some((7, 3)))),
            ("bytes=-30", Ok(Some((0, 10)))),
            ("bytes=10-", Err("InvalidRange")),
            ("bytes=4-3", Ok(None)),
            ("lines=1-2", Ok(None)),
            ("bytes=a-b", Ok(None)),
        ] {
            assert_eq!(wanted(range, 10).map_err(|error| error.code), expect, "{range}");
        }
        assert_eq!(wanted("bytes=0-0", 0).unwrap_err().code, "InvalidRange");
    }
}
