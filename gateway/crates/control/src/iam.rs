//! AWS IAM: roles and their policies, stored and given back. Nothing is decided by them: there is one administrator.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cloudformation::Stacks;
use crate::dispatch::operations::Done;
use crate::limits::{IAM_POLICY_BYTES_MAX, ROLE_NAME_CHARS_MAX, ROLES_MAX};
use crate::signature::iso;
use crate::wire::form::Form;
use crate::wire::xml::{self, write_element};
use crate::{ApiError, Call, Change};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
const PREFIX: &str = "iam/roles/";

/// Roles by name.
#[derive(Debug, Default)]
pub(crate) struct Roles(BTreeMap<String, Role>);

/// A role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Role {
    name: String,
    path: String,
    id: String,
    created_ms: u64,
    /// As it was given, JSON.
    trust: String,
    description: Option<String>,
    session_seconds: Option<u32>,
    boundary: Option<String>,
    /// Inline policies by name.
    policies: BTreeMap<String, String>,
    /// ARNs.
    attached: Vec<String>,
    tags: Vec<(String, String)>,
}

type Result<T, E = ApiError> = std::result::Result<T, E>;

impl Roles {
    /// The roles that documents hold.
    pub(crate) fn load(documents: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let mut roles = BTreeMap::new();
        for (key, bytes) in documents.iter().filter(|(key, _)| key.starts_with(PREFIX)) {
            let role: Role = serde_json::from_slice(bytes).map_err(|error| {
                format!("the stored document \"{key}\" cannot be read: {error}")
            })?;
            roles.insert(role.name.clone(), role);
        }
        Ok(Self(roles))
    }

    /// Carries out one operation.
    pub(crate) fn answer(&mut self, stacks: &Stacks, call: &Call) -> Result<Done> {
        let form = Form::of(call)?;
        let action = form.get("Action").unwrap_or_default().to_owned();
        let mut changes = Vec::new();
        let result = match action.as_str() {
            "CreateRole" => self.create(stacks, call, &form, &mut changes)?,
            "GetRole" => {
                let role = self.shown(stacks, required(&form, "RoleName")?)?;
                format!("<Role>{}</Role>", view(call, &role))
            }
            "ListRoles" => {
                let prefix = form.get("PathPrefix").unwrap_or("/");
                let all = self.0.values().cloned().chain(of_stacks(stacks));
                let mut inside = String::new();
                for role in all.filter(|role| role.path.starts_with(prefix)) {
                    inside.push_str(&format!("<member>{}</member>", view(call, &role)));
                }
                format!("<IsTruncated>false</IsTruncated><Roles>{inside}</Roles>")
            }
            "DeleteRole" => self.delete(stacks, &form, &mut changes)?,
            "UpdateAssumeRolePolicy" => {
                let document = policy(&form, "PolicyDocument")?;
                self.change(stacks, &form, &mut changes, |role| {
                    role.trust = document;
                    Ok(())
                })?
            }
            "UpdateRole" => {
                let description = form.get("Description").map(str::to_owned);
                let seconds = form.get("MaxSessionDuration").and_then(|text| text.parse().ok());
                self.change(stacks, &form, &mut changes, |role| {
                    role.description = description.or_else(|| role.description.take());
                    role.session_seconds = seconds.or(role.session_seconds);
                    Ok(())
                })?
            }
            "PutRolePolicy" => {
                let name = required(&form, "PolicyName")?.to_owned();
                let document = policy(&form, "PolicyDocument")?;
                self.change(stacks, &form, &mut changes, |role| {
                    role.policies.insert(name, document);
                    Ok(())
                })?
            }
            "GetRolePolicy" => {
                let role = self.shown(stacks, required(&form, "RoleName")?)?;
                let name = required(&form, "PolicyName")?;
                let document = role.policies.get(name).ok_or_else(|| {
                    no_such(format!("The role policy with name {name} cannot be found."))
                })?;
                let mut out = String::new();
                write_element("RoleName", &role.name, &mut out);
                write_element("PolicyName", name, &mut out);
                write_element("PolicyDocument", &encoded(document), &mut out);
                out
            }
            "DeleteRolePolicy" => {
                let name = required(&form, "PolicyName")?.to_owned();
                self.change(stacks, &form, &mut changes, |role| {
                    let gone = role.policies.remove(&name);
                    gone.map(drop).ok_or_else(|| {
                        no_such(format!("The role policy with name {name} cannot be found."))
                    })
                })?
            }
            "ListRolePolicies" => {
                let role = self.shown(stacks, required(&form, "RoleName")?)?;
                let mut inside = String::new();
                role.policies.keys().for_each(|name| write_element("member", name, &mut inside));
                format!("<IsTruncated>false</IsTruncated><PolicyNames>{inside}</PolicyNames>")
            }
            "AttachRolePolicy" => {
                let arn = required(&form, "PolicyArn")?.to_owned();
                self.change(stacks, &form, &mut changes, |role| {
                    if !role.attached.contains(&arn) {
                        role.attached.push(arn);
                    }
                    Ok(())
                })?
            }
            "DetachRolePolicy" => {
                let arn = required(&form, "PolicyArn")?.to_owned();
                self.change(stacks, &form, &mut changes, |role| {
                    let before = role.attached.len();
                    role.attached.retain(|known| *known != arn);
                    match role.attached.len() == before {
                        true => Err(no_such(format!("Policy {arn} was not found."))),
                        false => Ok(()),
                    }
                })?
            }
            "ListAttachedRolePolicies" => {
                let role = self.shown(stacks, required(&form, "RoleName")?)?;
                let mut inside = String::new();
                for arn in &role.attached {
                    inside.push_str("<member>");
                    let name = arn.rsplit('/').next().unwrap_or(arn);
                    write_element("PolicyName", name, &mut inside);
                    write_element("PolicyArn", arn, &mut inside);
                    inside.push_str("</member>");
                }
                format!(
                    "<IsTruncated>false</IsTruncated><AttachedPolicies>{inside}</AttachedPolicies>"
                )
            }
            "TagRole" => {
                let tags = tags(&form);
                self.change(stacks, &form, &mut changes, |role| {
                    for (key, value) in tags {
                        role.tags.retain(|(known, _)| *known != key);
                        role.tags.push((key, value));
                    }
                    Ok(())
                })?
            }
            "UntagRole" => {
                let keys = form.list("TagKeys");
                self.change(stacks, &form, &mut changes, |role| {
                    role.tags.retain(|(key, _)| !keys.contains(key));
                    Ok(())
                })?
            }
            "ListRoleTags" => {
                let role = self.shown(stacks, required(&form, "RoleName")?)?;
                format!("<IsTruncated>false</IsTruncated>{}", shown_tags(&role.tags))
            }
            "ListInstanceProfilesForRole" => {
                self.shown(stacks, required(&form, "RoleName")?)?;
                "<IsTruncated>false</IsTruncated><InstanceProfiles></InstanceProfiles>".to_owned()
            }
            "" => {
                let text = "Missing Action parameter";
                return Err(ApiError::new(400, "MissingAction", text));
            }
            other => return Err(ApiError::not_implemented(&format!("{other} of IAM"))),
        };
        let answer = xml::answer(NAMESPACE, &action, &result, &call.request_id);
        Ok(Done { answer, changes, effect: None })
    }

    fn create(
        &mut self,
        stacks: &Stacks,
        call: &Call,
        form: &Form,
        changes: &mut Vec<Change>,
    ) -> Result<String> {
        let name = required(form, "RoleName")?;
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if name.len() > ROLE_NAME_CHARS_MAX || !name.bytes().all(is_letter) {
            return Err(invalid(&format!(
                "1 validation error detected: Value at 'roleName' failed to satisfy constraint: Member must have length \
                 less than or equal to {ROLE_NAME_CHARS_MAX} and match [\\w+=,.@-]+"
            )));
        }
        let is_taken = self.0.contains_key(name) || of_stacks(stacks).any(|role| role.name == name);
        if is_taken {
            let text = format!("Role with name {name} already exists.");
            return Err(ApiError::new(409, "EntityAlreadyExists", text));
        }
        if self.0.len() >= ROLES_MAX {
            let text = format!("Cannot exceed quota for RolesPerAccount: {ROLES_MAX}");
            return Err(ApiError::new(409, "LimitExceeded", text));
        }
        let role = Role {
            name: name.to_owned(),
            path: form.get("Path").unwrap_or("/").to_owned(),
            id: id_of(name),
            created_ms: call.unix_ms,
            trust: policy(form, "AssumeRolePolicyDocument")?,
            description: form.get("Description").map(str::to_owned),
            session_seconds: form.get("MaxSessionDuration").and_then(|text| text.parse().ok()),
            boundary: form.get("PermissionsBoundary").map(str::to_owned),
            tags: tags(form),
            ..Role::default()
        };
        changes.push(put(&role));
        let shown = format!("<Role>{}</Role>", view(call, &role));
        self.0.insert(role.name.clone(), role);
        Ok(shown)
    }

    fn delete(
        &mut self,
        stacks: &Stacks,
        form: &Form,
        changes: &mut Vec<Change>,
    ) -> Result<String> {
        let role = self.own(stacks, required(form, "RoleName")?)?;
        if !role.policies.is_empty() || !role.attached.is_empty() {
            let text = "Cannot delete entity, must detach all policies first.";
            return Err(ApiError::new(409, "DeleteConflict", text));
        }
        let name = role.name.clone();
        changes.push(Change::Remove { key: format!("{PREFIX}{name}") });
        self.0.remove(&name);
        Ok(String::new())
    }

    fn change(
        &mut self,
        stacks: &Stacks,
        form: &Form,
        changes: &mut Vec<Change>,
        work: impl FnOnce(&mut Role) -> Result<()>,
    ) -> Result<String> {
        let mut role = self.own(stacks, required(form, "RoleName")?)?.clone();
        work(&mut role)?;
        changes.push(put(&role));
        self.0.insert(role.name.clone(), role);
        Ok(String::new())
    }

    /// A role that is not a stack's.
    fn own(&self, stacks: &Stacks, name: &str) -> Result<&Role> {
        if let Some(role) = self.0.get(name) {
            return Ok(role);
        }
        match stacks.resources("AWS::IAM::Role").find(|(_, role)| role.physical_id == name) {
            Some((stack, _)) => {
                let text = format!("The role {name} is the stack {stack}'s: change its template");
                Err(ApiError::new(400, "UnmodifiableEntity", text))
            }
            None => Err(not_found(name)),
        }
    }

    /// A role, a stack's or not. The role of a session needs not exist.
    fn shown(&self, stacks: &Stacks, name: &str) -> Result<Role> {
        let own = self.0.get(name).cloned();
        own.or_else(|| of_stacks(stacks).find(|role| role.name == name))
            .ok_or_else(|| not_found(name))
    }
}

/// The roles that stacks have.
fn of_stacks(stacks: &Stacks) -> impl Iterator<Item = Role> {
    stacks.resources("AWS::IAM::Role").map(|(_, resource)| {
        let properties = &resource.properties;
        let texts = properties["ManagedPolicyArns"].as_array().into_iter().flatten();
        let policies = properties["Policies"].as_array().into_iter().flatten();
        let policies = policies.filter_map(|policy| {
            let name = policy["PolicyName"].as_str()?.to_owned();
            Some((name, policy["PolicyDocument"].to_string()))
        });
        let trust = properties.get("AssumeRolePolicyDocument");
        Role {
            name: resource.physical_id.clone(),
            path: properties["Path"].as_str().unwrap_or("/").to_owned(),
            id: id_of(&resource.physical_id),
            created_ms: resource.updated_ms,
            trust: trust.map_or_else(|| "{}".to_owned(), ToString::to_string),
            description: properties["Description"].as_str().map(str::to_owned),
            attached: texts.filter_map(|text| text.as_str().map(str::to_owned)).collect(),
            policies: policies.collect(),
            ..Role::default()
        }
    })
}

/// Made from the name, so that it stays the same.
fn id_of(name: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    let hash = crate::wire::hex(digest(&SHA256, name.as_bytes()).as_ref());
    format!("AROA{}", hash[..17].to_ascii_uppercase())
}

fn put(role: &Role) -> Change {
    let document = serde_json::to_vec(role).expect("documents have string keys only");
    Change::Put { key: format!("{PREFIX}{}", role.name), document }
}

fn view(call: &Call, role: &Role) -> String {
    let mut out = String::new();
    let arn = format!("arn:aws:iam::{}:role{}{}", call.account_id, role.path, role.name);
    for (name, value) in [
        ("Path", role.path.as_str()),
        ("RoleName", &role.name),
        ("RoleId", &role.id),
        ("Arn", &arn),
        ("CreateDate", &iso(role.created_ms)),
        ("AssumeRolePolicyDocument", &encoded(&role.trust)),
        ("MaxSessionDuration", &role.session_seconds.unwrap_or(3600).to_string()),
    ] {
        write_element(name, value, &mut out);
    }
    if let Some(description) = &role.description {
        write_element("Description", description, &mut out);
    }
    if let Some(arn) = &role.boundary {
        out.push_str("<PermissionsBoundary>");
        write_element("PermissionsBoundaryType", "Policy", &mut out);
        write_element("PermissionsBoundaryArn", arn, &mut out);
        out.push_str("</PermissionsBoundary>");
    }
    out.push_str(&shown_tags(&role.tags));
    out
}

fn shown_tags(tags: &[(String, String)]) -> String {
    let mut out = String::from("<Tags>");
    for (key, value) in tags {
        out.push_str("<member>");
        write_element("Key", key, &mut out);
        write_element("Value", value, &mut out);
        out.push_str("</member>");
    }
    out.push_str("</Tags>");
    out
}

/// Policies are percent-encoded in answers. Source: IAM API Reference, GetRolePolicy.
fn encoded(document: &str) -> String {
    let mut out = String::new();
    for byte in document.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn tags(form: &Form) -> Vec<(String, String)> {
    let members = form.members("Tags").into_iter();
    let pairs = members.map(|tag| {
        let text = |name: &str| tag.get(name).unwrap_or_default().to_owned();
        (text("Key"), text("Value"))
    });
    pairs.collect()
}

fn required<'f>(form: &'f Form, name: &str) -> Result<&'f str> {
    form.get(name).filter(|text| !text.is_empty()).ok_or_else(|| {
        let mut member = name.to_owned();
        member[..1].make_ascii_lowercase();
        invalid(&format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// A document that has to be one.
fn policy(form: &Form, name: &str) -> Result<String> {
    let text = required(form, name)?;
    if text.len() > IAM_POLICY_BYTES_MAX {
        let text = format!("Cannot exceed quota for PolicySize: {IAM_POLICY_BYTES_MAX}");
        return Err(ApiError::new(409, "LimitExceeded", text));
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Object(_)) => Ok(text.to_owned()),
        _ => {
            let text = "Syntax errors in policy.";
            Err(ApiError::new(400, "MalformedPolicyDocument", text))
        }
    }
}

fn invalid(text: &str) -> ApiError {
    ApiError::new(400, "ValidationError", text)
}

fn no_such(text: String) -> ApiError {
    ApiError::new(404, "NoSuchEntity", text)
}

fn not_found(name: &str) -> ApiError {
    no_such(format!("The role with name {name} cannot be found."))
}
