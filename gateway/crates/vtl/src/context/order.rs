//! The order in which `$context` and its objects list their names: that of Java's `HashMap`.

use super::Place;
use crate::Request;

/// What `$context` has without an authorizer, as recorded on API Gateway. Names that the recording has in one bucket are in
/// their recorded order.
const CONTEXT: [&str; 18] = [
    "resourceId",
    "resourcePath",
    "httpMethod",
    "extendedRequestId",
    "requestTime",
    "path",
    "accountId",
    "protocol",
    "requestOverride",
    "stage",
    "domainPrefix",
    "requestTimeEpoch",
    "requestId",
    "identity",
    "domainName",
    "deploymentId",
    "responseOverride",
    "apiId",
];

/// What `$context.identity` has always, as recorded.
const IDENTITY: [&str; 12] = [
    "cognitoIdentityPoolId",
    "accountId",
    "cognitoIdentityId",
    "caller",
    "sourceIp",
    "principalOrgId",
    "accessKey",
    "cognitoAuthenticationType",
    "cognitoAuthenticationProvider",
    "userArn",
    "userAgent",
    "user",
];

/// The names in the object at `place` for `request`, in the order of insertion.
pub(super) fn names(place: Place, request: &dyn Request) -> Vec<&'static str> {
    let (always, sometimes): (&[&'static str], &[&'static str]) = match place {
        Place::Context => (&CONTEXT, &["isCanaryRequest", "wafResponseCode", "webaclArn"]),
        Place::Identity => (&IDENTITY, &["apiKey", "apiKeyId", "vpcId", "vpceId"]),
        Place::ClientCert => {
            (&[], &["clientCertPem", "subjectDN", "issuerDN", "serialNumber", "validity"])
        }
        Place::Validity => (&[], &["notBefore", "notAfter"]),
        Place::Error => {
            (&[], &["message", "messageString", "responseType", "validationErrorString"])
        }
        _ => (&[], &[]),
    };
    let mut names = always.to_vec();
    for name in sometimes {
        if request.context(&format!("{}{name}", place.prefix())).is_some() {
            names.push(name);
        }
    }
    match place {
        Place::Context if request.authorizer(&mut |_, _| {}) => names.push("authorizer"),
        Place::Context if request.context("error.message").is_some() => names.push("error"),
        Place::Identity if request.context("identity.clientCert.subjectDN").is_some() => {
            names.push("clientCert");
        }
        Place::ClientCert if request.context("identity.clientCert.validity.notAfter").is_some() => {
            names.push("validity");
        }
        _ => {}
    }
    names
}

/// Sorts as a `HashMap` that grew to hold all of `items` iterates: by bucket, and in a bucket as inserted.
pub(super) fn sort<T>(items: &mut [T], name: impl Fn(&T) -> &str) {
    let mut buckets: u32 = 16;
    while items.len() as u32 * 4 > buckets * 3 {
        buckets *= 2;
    }
    items.sort_by_key(|item| spread(name(item)) & (buckets - 1));
}

/// `HashMap`'s hash of a string: Java's own, its upper half mixed into the lower.
fn spread(text: &str) -> u32 {
    let hash = text
        .encode_utf16()
        .fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
    hash ^ (hash >> 16)
}
