//! What files and stacks define: shown like what was made here, and changed by the files and the stacks alone.
//!
//! The objects lie in the state beside the others, so that every operation that reads finds them, and whatever names them may. They
//! are in no store and are not deployed from here. A call that would change one is refused before its operation begins.

mod account;
mod rest_api;

use super::documents::domain_key;
use super::routes::Found;
use super::state::{Domain, Plan, State};
use super::types::{Account, UsagePlanKey};
use crate::{ApiError, Call};
use gateway_model::{Definitions, Place};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Which objects of the state are those of files and stacks.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    /// Whose each object is, by the object's key in the store had it been made here.
    owners: BTreeMap<String, Owner>,
    /// The account's settings, when a file or a stack has them.
    pub(super) account: Option<Account>,
}

/// Who defines an object.
#[derive(Debug, Clone)]
enum Owner {
    /// The file of this name.
    File(String),
    /// The stack of this name.
    Stack(String),
}

impl Files {
    /// Whether a file or a stack defines the object that would have this key.
    pub(super) fn have(&self, kind: &str, id: &str) -> bool {
        !self.owners.is_empty() && self.owners.contains_key(&format!("{kind}/{id}"))
    }

    /// Refuses a change of an object that a file or a stack defines.
    pub(super) fn check(&self, key: &str) -> Result<(), ApiError> {
        self.owners.get(key).map_or(Ok(()), |owner| Err(defined_by(key, owner)))
    }
}

/// Operations that change nothing although their method says so.
const HARMLESS: &[&str] = &[
    "TestInvokeMethod",
    "TestInvokeAuthorizer",
    "FlushStageCache",
    "FlushStageAuthorizersCache",
    "UpdateUsage",
];

/// Refuses a call that would change what a file or a stack defines.
pub(super) fn check(state: &State, found: &Found, call: &Call) -> Result<(), ApiError> {
    let is_harmless = call.method == "GET" || HARMLESS.contains(&found.operation.name);
    if is_harmless || state.files.owners.is_empty() {
        return Ok(());
    }
    let segments = call.segments();
    let arn_path;
    let parts = match segments.as_slice() {
        ["tags", arn] => {
            arn_path = arn.splitn(6, ':').nth(5).unwrap_or_default().trim_start_matches('/');
            arn_path.split('/').collect()
        }
        _ => segments,
    };
    let arn = match call.segments().as_slice() {
        ["tags", arn] | ["domainnameaccessassociations", arn] => Some((*arn).to_owned()),
        ["rejectdomainnameaccessassociations"] => {
            call.query("domainNameAccessAssociationArn").map(str::to_owned)
        }
        _ => None,
    };
    let association = arn.and_then(|arn| {
        let mut all = state.access_associations.iter();
        let found = all.find(|(_, one)| one.domain_name_access_association_arn == arn);
        found.map(|(id, _)| format!("domainnameaccessassociations/{id}"))
    });
    let key = match (association, parts.as_slice()) {
        (Some(key), _) => key,
        (None, ["account"]) => "account".to_owned(),
        (None, ["domainnames", name, ..]) => match call.query("domainNameId") {
            Some(id) => format!("domainnames/{name}+{id}"),
            None => format!("domainnames/{name}"),
        },
        (None, [kind, id, ..]) => format!("{kind}/{id}"),
        _ => return Ok(()),
    };
    state.files.check(&key)
}

/// The answer to who would change what somebody else defines.
fn defined_by(key: &str, owner: &Owner) -> ApiError {
    let (kind, id) = key.split_once('/').unwrap_or((key, ""));
    let what = match kind {
        "restapis" => "The REST API",
        "apikeys" => "The API key",
        "usageplans" => "The usage plan",
        "domainnames" => "The domain name",
        "domainnameaccessassociations" => "The access association",
        "vpclinks" => "The VPC link",
        "clientcertificates" => "The client certificate",
        _ => "The account's settings",
    };
    let what = if id.is_empty() { what.to_owned() } else { format!("{what} {id}") };
    let whose = match owner {
        Owner::File(file) => {
            format!(
                "the file {file} defines it. Change the file instead; the gateway reads it again"
            )
        }
        Owner::Stack(stack) => {
            format!(
                "the stack {stack} has made it. Change its template and update the stack instead"
            )
        }
    };
    ApiError::conflict(format!("{what} cannot be changed through the API: {whose}"))
}

impl State {
    /// Shows what files define as of `unix_s`, in the place of what they defined before. What was made here keeps its id.
    pub fn show_files(&mut self, files: &Definitions, unix_s: u64) {
        self.hide_files();
        self.show(files, unix_s, Owner::File);
    }

    /// Shows what a stack has made, beside what files define.
    pub fn show_stack(&mut self, stack: &Definitions, unix_s: u64) {
        self.show(stack, unix_s, Owner::Stack);
    }

    fn show(&mut self, files: &Definitions, unix_s: u64, owner: fn(String) -> Owner) {
        let mut shown = std::mem::take(&mut self.files);
        let has_account = shown.account.is_some();
        let mut own = |key: String, place: &Place| {
            shown.owners.insert(key, owner(place.file.to_string()));
        };
        let mut sequence = self.sequence;
        for given in &files.apis {
            let id = given.id.as_str();
            if !self.apis.contains_key(id) {
                own(format!("restapis/{id}"), &given.place);
                self.apis.insert(id.to_owned(), rest_api::api(given, unix_s, &mut sequence));
            }
        }
        for given in &files.api_keys {
            let id = given.id.as_str();
            if !self.api_keys.contains_key(id) {
                own(format!("apikeys/{id}"), &given.place);
                sequence += 1;
                if let Some(value) = &given.value {
                    self.key_values.entry(value.clone()).or_insert_with(|| id.to_owned());
                }
                self.api_keys.insert(id.to_owned(), account::api_key(given, unix_s, sequence));
            }
        }
        for given in &files.usage_plans {
            let id = given.id.as_str();
            if !self.usage_plans.contains_key(id) {
                own(format!("usageplans/{id}"), &given.place);
                let usage_plan = account::usage_plan(given);
                self.usage_plans.insert(id.to_owned(), Plan { usage_plan, ..Plan::default() });
            }
        }
        for given in &files.domain_names {
            let domain = account::domain_name(given, rest_api::endpoint(&given.endpoint));
            let key = domain_key(&domain);
            if let Entry::Vacant(free) = self.domain_names.entry(key) {
                own(format!("domainnames/{}", free.key()), &given.place);
                free.insert(Domain { domain_name: domain, ..Domain::default() });
            }
        }
        for (index, given) in files.domain_name_access_associations.iter().enumerate() {
            let id = match given.arn.rsplit_once('+') {
                Some((_, id)) => id.to_owned(),
                None => format!("file{index}"),
            };
            if let Entry::Vacant(free) = self.access_associations.entry(id) {
                own(format!("domainnameaccessassociations/{}", free.key()), &given.place);
                free.insert(account::association(given));
            }
        }
        for given in &files.vpc_links {
            let id = given.id.as_str();
            if !self.vpc_links.contains_key(id) {
                own(format!("vpclinks/{id}"), &given.place);
                self.vpc_links.insert(id.to_owned(), account::vpc_link(given));
            }
        }
        for given in &files.client_certificates {
            let id = given.id.as_str();
            if !self.client_certificates.contains_key(id) {
                own(format!("clientcertificates/{id}"), &given.place);
                let certificate = account::client_certificate(given, unix_s);
                self.client_certificates.insert(id.to_owned(), certificate);
            }
        }
        if let Some(given) = files.account.as_ref().filter(|_| !has_account) {
            own("account".to_owned(), &given.place);
            let cloudwatch_role_arn = given.cloudwatch_role_arn.clone();
            shown.account = Some(Account { cloudwatch_role_arn, ..Account::default() });
        }
        self.files = shown;
        self.show_members(files, &mut sequence);
        self.sequence = sequence;
    }

    /// The keys of the files' plans and the mappings of their domain names.
    fn show_members(&mut self, files: &Definitions, sequence: &mut u64) {
        for given in &files.usage_plan_keys {
            let (plan, key) = (given.usage_plan_id.as_str(), given.key_id.to_string());
            if self.files.have("usageplans", plan)
                && let Some(plan) = self.usage_plans.get_mut(plan)
            {
                *sequence += 1;
                let member = UsagePlanKey { key_id: key.clone(), sequence: *sequence };
                plan.keys.insert(key, member);
            }
        }
        for given in &files.base_path_mappings {
            let named = &*given.domain_name.value;
            let files = &self.files;
            let mut domains = self.domain_names.iter_mut().filter(|(key, domain)| {
                let name = &domain.domain_name;
                let is_it = name.domain_name.eq_ignore_ascii_case(named)
                    || name.domain_name_arn.as_deref() == Some(named);
                is_it && files.have("domainnames", key)
            });
            let mapping = account::base_path_mapping(given);
            if let (Some((_, domain)), Some(mapping)) = (domains.next(), mapping) {
                domain.mappings.insert(mapping.base_path.clone(), mapping);
            }
        }
    }

    /// Takes what files defined out of the state.
    fn hide_files(&mut self) {
        for key in std::mem::take(&mut self.files).owners.into_keys() {
            let Some((kind, id)) = key.split_once('/') else { continue };
            match kind {
                "restapis" => drop(self.apis.remove(id)),
                "apikeys" => {
                    let value = self.api_keys.remove(id).and_then(|key| key.value);
                    if let Some(value) = value
                        && self.key_values.get(&value).is_some_and(|of| of == id)
                    {
                        self.key_values.remove(&value);
                    }
                }
                "usageplans" => drop(self.usage_plans.remove(id)),
                "domainnames" => drop(self.domain_names.remove(id)),
                "domainnameaccessassociations" => drop(self.access_associations.remove(id)),
                "vpclinks" => drop(self.vpc_links.remove(id)),
                "clientcertificates" => drop(self.client_certificates.remove(id)),
                _ => {}
            }
        }
    }
}
