//! What tools put on buckets: stored and given back, without effect.

use super::store::{Bucket, Store, no_such_bucket};
use super::{Request, method_not_allowed, view};
use crate::limits::S3_SETTING_BYTES_MAX;
use crate::wire::xml;
use crate::{Answer, ApiError};

/// A setting: its name in the query, the root of its document, and what GET says when there is none.
pub(super) struct Setting {
    name: &'static str,
    root: &'static str,
    missing: Option<(&'static str, &'static str)>,
}

const fn without(name: &'static str, root: &'static str) -> Setting {
    Setting { name, root, missing: None }
}

const fn missing(
    name: &'static str,
    root: &'static str,
    code: &'static str,
    text: &'static str,
) -> Setting {
    Setting { name, root, missing: Some((code, text)) }
}

const SETTINGS: [Setting; 15] = [
    without("accelerate", "AccelerateConfiguration"),
    without("acl", "AccessControlPolicy"),
    missing(
        "cors",
        "CORSConfiguration",
        "NoSuchCORSConfiguration",
        "The CORS configuration does not exist",
    ),
    // Amazon S3 encrypts every bucket by itself.
    without("encryption", "ServerSideEncryptionConfiguration"),
    missing(
        "lifecycle",
        "LifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
        "The lifecycle configuration does not exist",
    ),
    without("logging", "BucketLoggingStatus"),
    without("notification", "NotificationConfiguration"),
    missing(
        "object-lock",
        "ObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    missing(
        "ownershipControls",
        "OwnershipControls",
        "OwnershipControlsNotFoundError",
        "The bucket ownership controls were not found",
    ),
    missing("policy", "", "NoSuchBucketPolicy", "The bucket policy does not exist"),
    missing(
        "publicAccessBlock",
        "PublicAccessBlockConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
    without("requestPayment", "RequestPaymentConfiguration"),
    missing("tagging", "Tagging", "NoSuchTagSet", "The TagSet does not exist"),
    without("versioning", "VersioningConfiguration"),
    missing(
        "website",
        "WebsiteConfiguration",
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration",
    ),
];

/// The setting that a request is about.
pub(super) fn named(request: &Request<'_>) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| request.query(setting.name).is_some())
}

/// Puts, gets or removes a setting.
pub(super) fn answer(
    store: &Store,
    request: &Request<'_>,
    setting: &Setting,
    document: &str,
) -> Result<Answer, ApiError> {
    let mut buckets = store.lock();
    let bucket = buckets.get_mut(&request.bucket).ok_or_else(no_such_bucket)?;
    match request.head.method.as_str() {
        "GET" => get(bucket, setting, request.account_id),
        "PUT" => {
            if document.len() > S3_SETTING_BYTES_MAX {
                let text = format!("A setting of a bucket may have {S3_SETTING_BYTES_MAX} bytes");
                return Err(ApiError::new(400, "MaxMessageLengthExceeded", text));
            }
            bucket.facts.settings.insert(setting.name.to_owned(), document.to_owned());
            store.save_bucket(&request.bucket, bucket)?;
            Ok(Answer::empty(if setting.name == "policy" { 204 } else { 200 }))
        }
        "DELETE" => {
            bucket.facts.settings.remove(setting.name);
            store.save_bucket(&request.bucket, bucket)?;
            Ok(Answer::empty(204))
        }
        _ => Err(method_not_allowed()),
    }
}

fn get(bucket: &Bucket, setting: &Setting, account_id: &str) -> Result<Answer, ApiError> {
    if let Some(document) = bucket.facts.settings.get(setting.name).filter(|text| !text.is_empty())
    {
        let is_json = setting.name == "policy";
        return Ok(Answer {
            status: 200,
            content_type: Some(if is_json { "application/json" } else { "application/xml" }),
            headers: Vec::new(),
            body: document.clone().into_bytes(),
        });
    }
    if let Some((code, text)) = setting.missing {
        return Err(ApiError::new(404, code, text));
    }
    let inside = match setting.name {
        "acl" => {
            let mut id = String::new();
            xml::write_element("ID", account_id, &mut id);
            format!(
                "<Owner>{id}</Owner><AccessControlList><Grant><Grantee \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">{id}</Grantee>\
                 <Permission>FULL_CONTROL</Permission></Grant></AccessControlList>"
            )
        }
        "encryption" => {
            "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
             </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>"
                .to_owned()
        }
        "requestPayment" => "<Payer>BucketOwner</Payer>".to_owned(),
        _ => String::new(),
    };
    Ok(view::document(setting.root, &inside))
}
