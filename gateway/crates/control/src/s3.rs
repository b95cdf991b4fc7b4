//! Amazon S3, as far as tools need it to hand over artifacts: buckets and objects in the state directory.
//!
//! It is no store of data for others: one process, no replicas, no versions. Objects go from the socket to the disk as they
//! come; what a request says of its body (hash, checksum, length) is held against what came before the object is there.

mod checksum;
mod chunked;
mod file;
mod multipart;
mod objects;
mod receive;
mod settings;
mod store;
mod view;

use hyper::body::Incoming;

use crate::dispatch::Head;
use crate::limits::{S3_DOCUMENT_BYTES_MAX, S3_KEY_BYTES_MAX, S3_LIST_MAX};
use crate::signature::Payload;
use crate::wire;
use crate::{Answer, ApiError};

pub(crate) use file::FilePart;
use store::no_such_bucket;
pub(crate) use store::{Store, make_directory};
use view::{Form, Listing};

/// An answer, or a part of a file behind its head.
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    /// Of the object; their names are not ours.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) file: Option<FilePart>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, headers: Vec::new(), file: None }
    }
}

/// What a request is about.
struct Request<'r> {
    head: &'r Head,
    payload: &'r Payload,
    bucket: String,
    key: String,
    query: Vec<(String, String)>,
    account_id: &'r str,
    region: &'r str,
    unix_ms: u64,
}

impl Request<'_> {
    fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}

/// Who asks, and when.
pub(crate) struct Asked<'r> {
    pub(crate) account_id: &'r str,
    pub(crate) region: &'r str,
    pub(crate) unix_ms: u64,
}

/// Answers a request whose signature is right, but for its body.
pub(crate) async fn answer(
    store: &Store,
    head: &Head,
    payload: &Payload,
    body: Incoming,
    asked: Asked<'_>,
) -> Result<Reply, ApiError> {
    let (bucket, key) = target(head)?;
    if key.len() > S3_KEY_BYTES_MAX {
        return Err(ApiError::new(400, "KeyTooLongError", "Your key is too long"));
    }
    let mut query = wire::query(&head.query)?;
    query.retain(|(name, _)| !name.starts_with("X-Amz-"));
    let Asked { account_id, region, unix_ms } = asked;
    let request = Request { head, payload, bucket, key, query, account_id, region, unix_ms };
    let of_cdk = format!("-assets-{account_id}-{region}");
    if request.bucket.starts_with("cdk-") && request.bucket.ends_with(&of_cdk) {
        // What `cdk bootstrap` would have made.
        store.create_bucket(&request.bucket, region, unix_ms, Some(store::NOBODY))?;
    }
    match (request.bucket.is_empty(), request.key.is_empty()) {
        (true, _) => of_account(store, &request, body).await.map(Reply::from),
        (false, true) => of_bucket(store, &request, body).await.map(Reply::from),
        (false, false) => objects::answer(store, &request, body).await,
    }
}

/// Bucket and key: of a virtual host below `localhost`, or of the path.
fn target(head: &Head) -> Result<(String, String), ApiError> {
    let path = head.path.strip_prefix('/').unwrap_or(&head.path);
    if let Some(bucket) = host_bucket(head) {
        return Ok((bucket, wire::decode(path, false)?));
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    Ok((wire::decode(bucket, false)?, wire::decode(key, false)?))
}

/// The bucket that a virtual host below `localhost` names.
pub(crate) fn host_bucket(head: &Head) -> Option<String> {
    let host = head.header("host").unwrap_or_default().to_ascii_lowercase();
    let name = host.rsplit_once(':').map_or(&*host, |(name, _)| name);
    let below = name.strip_suffix(".localhost").unwrap_or_default();
    let below = below.strip_suffix(".s3").unwrap_or(below);
    let is_service = matches!(below, "" | "s3") || below.starts_with("s3.");
    (!is_service).then(|| below.to_owned())
}

/// Whether a request is about an object, not a bucket or the account.
pub(crate) fn names_object(head: &Head) -> bool {
    target(head).is_ok_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
}

/// A body that is a small document.
async fn document(request: &Request<'_>, body: Incoming) -> Result<String, ApiError> {
    use http_body_util::{BodyExt as _, Limited};
    let too_large = |_| {
        let text = format!("A document may have {S3_DOCUMENT_BYTES_MAX} bytes");
        ApiError::new(400, "MaxMessageLengthExceeded", text)
    };
    let bytes = Limited::new(body, S3_DOCUMENT_BYTES_MAX).collect().await.map_err(too_large)?;
    let bytes = bytes.to_bytes();
    let mut content = Vec::new();
    match request.payload {
        Payload::Hash(said) => {
            let found = gateway_auth::sigv4::payload_hash(&bytes);
            if !said.as_bytes().eq_ignore_ascii_case(&found) {
                let text =
                    "The provided 'x-amz-content-sha256' header does not match what was computed.";
                return Err(ApiError::new(400, "XAmzContentSHA256Mismatch", text));
            }
            content.extend_from_slice(&bytes);
        }
        Payload::Unsigned => content.extend_from_slice(&bytes),
        Payload::Chunked => {
            let mut chunked = chunked::Chunked::default();
            chunked.decode(&bytes, |part| {
                content.extend_from_slice(part);
                Ok(())
            })?;
        }
    }
    String::from_utf8(content)
        .map_err(|_| ApiError::new(400, "MalformedXML", "The document is not text in UTF-8"))
}

/// `ListBuckets` and nothing else.
async fn of_account(
    store: &Store,
    request: &Request<'_>,
    body: Incoming,
) -> Result<Answer, ApiError> {
    if request.head.method != "GET" {
        return Err(method_not_allowed());
    }
    document(request, body).await?;
    let mut inside = view::owner(request.account_id);
    inside.push_str("<Buckets>");
    for (name, bucket) in &*store.lock() {
        let time = view::time(bucket.facts.created_ms);
        let of = view::elements(&[
            ("Name", name),
            ("CreationDate", &time),
            ("BucketRegion", &bucket.facts.region),
        ]);
        inside.push_str(&format!("<Bucket>{of}</Bucket>"));
    }
    inside.push_str("</Buckets>");
    Ok(view::document("ListAllMyBucketsResult", &inside))
}

async fn of_bucket(
    store: &Store,
    request: &Request<'_>,
    body: Incoming,
) -> Result<Answer, ApiError> {
    let document = document(request, body).await?;
    let method = request.head.method.as_str();
    let name = request.bucket.as_str();
    if let Some(setting) = settings::named(request) {
        return settings::answer(store, request, setting, &document);
    }
    match method {
        "PUT" => {
            let region = view::texts(&document, "LocationConstraint").pop();
            let region = region.unwrap_or_else(|| request.region.to_owned());
            if store.has_bucket(name) && region != "us-east-1" {
                let text = "Your previous request to create the named bucket succeeded and you already own it.";
                return Err(ApiError::new(409, "BucketAlreadyOwnedByYou", text));
            }
            store.create_bucket(name, &region, request.unix_ms, None)?;
            let mut answer = Answer::empty(200);
            answer.headers.push(("Location", format!("/{name}")));
            Ok(answer)
        }
        "HEAD" => {
            let buckets = store.lock();
            let bucket = buckets.get(name).ok_or_else(no_such_bucket)?;
            let mut answer = Answer::empty(200);
            answer.headers.push(("x-amz-bucket-region", bucket.facts.region.clone()));
            Ok(answer)
        }
        "DELETE" => store.delete_bucket(name).map(|()| Answer::empty(204)),
        "GET" if request.query("location").is_some() => {
            let buckets = store.lock();
            let region = &buckets.get(name).ok_or_else(no_such_bucket)?.facts.region;
            // The oldest region has no name there.
            let region = if region == "us-east-1" { "" } else { region };
            Ok(view::document("LocationConstraint", region))
        }
        "GET" if request.query("uploads").is_some() => multipart::list(store, request),
        "GET" => list(store, request),
        "POST" if request.query("delete").is_some() => delete_objects(store, request, &document),
        _ => Err(method_not_allowed()),
    }
}

fn list(store: &Store, request: &Request<'_>) -> Result<Answer, ApiError> {
    let text = |name: &str| request.query(name).unwrap_or_default().to_owned();
    let form = match (request.query("list-type"), request.query("versions")) {
        (_, Some(_)) => Form::Versions,
        (Some("2"), _) => Form::V2,
        _ => Form::V1,
    };
    let after = match (form, request.query("continuation-token")) {
        (Form::V2, Some(token)) => view::key_of_token(token).ok_or_else(|| {
            let text = "The continuation token provided is incorrect";
            ApiError::new(400, "InvalidArgument", text)
        })?,
        (Form::V2, None) => text("start-after"),
        (Form::V1, _) => text("marker"),
        (Form::Versions, _) => text("key-marker"),
    };
    let count_max = match request.query("max-keys") {
        None => S3_LIST_MAX,
        Some(text) => {
            let invalid = |_| {
                let text = "Provided max-keys not an integer or within integer range";
                ApiError::new(400, "InvalidArgument", text)
            };
            text.parse::<u32>().map_err(invalid)?.min(S3_LIST_MAX as u32) as usize
        }
    };
    let listing = Listing {
        name: request.bucket.clone(),
        prefix: text("prefix"),
        delimiter: text("delimiter"),
        after,
        count_max,
        is_url: request.query("encoding-type") == Some("url"),
        form,
    };
    let buckets = store.lock();
    let bucket = buckets.get(&request.bucket).ok_or_else(no_such_bucket)?;
    Ok(view::list(&listing, bucket, request.account_id))
}

fn delete_objects(
    store: &Store,
    request: &Request<'_>,
    document: &str,
) -> Result<Answer, ApiError> {
    let keys = view::texts(document, "Key");
    if keys.is_empty() || keys.len() > S3_LIST_MAX {
        let text = "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(ApiError::new(400, "MalformedXML", text));
    }
    let is_quiet = view::texts(document, "Quiet").pop().is_some_and(|quiet| quiet == "true");
    let mut inside = String::new();
    for key in keys {
        store.delete(&request.bucket, &key)?;
        if !is_quiet {
            let of = view::elements(&[("Key", &key)]);
            inside.push_str(&format!("<Deleted>{of}</Deleted>"));
        }
    }
    Ok(view::document("DeleteResult", &inside))
}

fn method_not_allowed() -> ApiError {
    let text = "The specified method is not allowed against this resource.";
    ApiError::new(405, "MethodNotAllowed", text)
}
