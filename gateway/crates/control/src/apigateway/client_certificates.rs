//! Client certificates: what endpoints are shown. The private key stays here.

use super::cx::Cx;
use super::limits::CERTIFICATE_SECONDS;
use super::patch::{self, Family, R, Rule, Set, rule};
use super::tags;
use super::types::{ClientCertificate, Texts};
use super::view::{page, view, view_with_tags};
use crate::ApiError;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, RsaKeySize};
use serde_json::Value;
use std::time::{Duration, SystemTime};

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Generate {
    description: Option<String>,
    tags: Option<Texts>,
}

pub(super) fn generate_client_certificate(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let input: Generate = cx.input()?;
    let tags = tags::checked(input.tags)?;
    let now = cx.now();
    let expires = now + CERTIFICATE_SECONDS;
    let (certificate, private_key) = self_signed(now, expires).map_err(|error| {
        ApiError::new(503, "ServiceUnavailableException", format!("no certificate: {error}"))
    })?;
    let state = &mut *cx.state;
    let id = state.ids.next(6, |id| state.client_certificates.contains_key(id));
    let certificate = ClientCertificate {
        client_certificate_id: id.clone(),
        description: input.description.filter(|text| !text.is_empty()),
        pem_encoded_certificate: certificate,
        private_key,
        created_date: now,
        expiration_date: expires,
        tags,
    };
    cx.writes.put(format!("clientcertificates/{id}"), &certificate);
    cx.writes.publish();
    let shown = view(&shown(&certificate));
    state.client_certificates.insert(id, certificate);
    Ok(shown)
}

/// RSA with 2,048 bits, signed by itself: certificate and key as PEM.
fn self_signed(from: u64, until: u64) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let mut params = CertificateParams::new(Vec::new())?;
    let mut name = DistinguishedName::new();
    for (kind, text) in [
        (DnType::CountryName, "US"),
        (DnType::StateOrProvinceName, "Washington"),
        (DnType::LocalityName, "Seattle"),
        (DnType::OrganizationName, "Amazon.com"),
        (DnType::CommonName, "ApiGateway"),
    ] {
        name.push(kind, text);
    }
    params.distinguished_name = name;
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    params.not_before = at(from).into();
    params.not_after = at(until).into();
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// A certificate without its key.
fn shown(certificate: &ClientCertificate) -> Value {
    let mut shown = view(certificate);
    if let Value::Object(members) = &mut shown {
        members.remove("privateKey");
    }
    shown
}

fn certificate<'c>(cx: &'c Cx<'_>) -> Result<&'c ClientCertificate, ApiError> {
    let found = cx.state.client_certificates.get(&cx.label("clientcertificate_id"));
    found.ok_or_else(|| ApiError::not_found("Invalid Client Certificate identifier specified"))
}

pub(super) fn get_client_certificate(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view_with_tags(&shown(certificate(cx)?)))
}

pub(super) fn get_client_certificates(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let certificates = cx.state.client_certificates.iter();
    page(cx.call, certificates.map(|(id, kept)| (id.clone(), kept)).collect(), shown)
}

pub(super) fn delete_client_certificate(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let id = certificate(cx)?.client_certificate_id.clone();
    let stages = cx
        .state
        .apis
        .iter()
        .flat_map(|(api, kept)| kept.stages.values().map(move |stage| (api, stage)));
    let using: Vec<String> = stages
        .filter(|(_, stage)| stage.client_certificate_id.as_ref() == Some(&id))
        .map(|(api, stage)| format!("{api}/{}", stage.stage_name))
        .collect();
    if !using.is_empty() {
        let stages = using.join(", ");
        return Err(ApiError::bad_request(format!(
            "Client certificate {id} cannot be deleted while stages use it: {stages}"
        )));
    }
    cx.state.client_certificates.remove(&id);
    cx.writes.remove(format!("clientcertificates/{id}"));
    cx.writes.publish();
    Ok(Value::Null)
}

const RULES: &[Rule] = &[rule("/description", R, Set::Text)];

pub(super) fn update_client_certificate(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let operations = cx.patch()?;
    let after = patch::apply_rules(certificate(cx)?, Family::Listed, RULES, &operations)?;
    let id = after.client_certificate_id.clone();
    cx.writes.put(format!("clientcertificates/{id}"), &after);
    let shown = view_with_tags(&shown(&after));
    cx.state.client_certificates.insert(id, after);
    Ok(shown)
}
