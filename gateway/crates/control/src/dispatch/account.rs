//! Everything that an account has: API Gateway's objects and those of the services beside it.

use std::collections::BTreeSet;

use gateway_model::{Definitions, Diagnostic};

use super::operations::{Done, Neighbour, Operations};
use super::surroundings::Surroundings;
use crate::apigateway::State;
use crate::cloudformation::Stacks;
use crate::iam::Roles;
use crate::lambda::Lambda;
use crate::{ApiError, Call, ssm};

/// Everything that an account has.
pub struct Account {
    apis: State,
    stacks: Stacks,
    roles: Roles,
    lambda: Lambda,
    surroundings: Option<Surroundings>,
    /// What files define, and since when it is shown.
    files: Option<(Definitions, u64)>,
}

impl Account {
    /// Shows what files and stacks define among API Gateway's objects.
    fn show(&mut self) {
        let Some((files, unix_s)) = &self.files else { return };
        self.apis.show_files(files, *unix_s);
        for stack in self.stacks.definitions() {
            self.apis.show_stack(stack, *unix_s);
        }
    }
}

impl Operations for Account {
    fn load(documents: &[(String, Vec<u8>)]) -> Result<Self, String> {
        Ok(Self {
            apis: <State as Operations>::load(documents)?,
            stacks: Stacks::load(documents)?,
            roles: Roles::load(documents)?,
            lambda: Lambda::load(documents)?,
            surroundings: None,
            files: None,
        })
    }

    fn settle(&mut self, surroundings: &Surroundings) {
        self.stacks.made = self.apis.ids();
        self.stacks.settle(surroundings);
        self.lambda.settle(surroundings);
        self.stacks.taken_functions = self.lambda.names();
        self.surroundings = Some(surroundings.clone());
        self.sweep(surroundings);
    }

    fn answer(&mut self, call: &Call) -> Result<Done, ApiError> {
        Operations::answer(&mut self.apis, call)
    }

    fn answer_neighbour(
        &mut self,
        service: Neighbour,
        call: &Call,
        refused: Option<&[Diagnostic]>,
    ) -> Result<Done, ApiError> {
        match service {
            Neighbour::CloudFormation => {
                self.stacks.made = self.apis.ids();
                let done = self.stacks.answer(call, refused)?;
                if !done.changes.is_empty() {
                    self.show();
                }
                Ok(done)
            }
            Neighbour::Lambda => {
                let Some(surroundings) = &self.surroundings else {
                    return Err(ApiError::new(503, "ServiceException", "The gateway is starting"));
                };
                let done = self.lambda.answer(&self.stacks, surroundings, call)?;
                self.stacks.taken_functions = self.lambda.names();
                Ok(done)
            }
            Neighbour::Iam => self.roles.answer(&self.stacks, call),
            Neighbour::Ssm => ssm::answer(&self.stacks, call),
        }
    }

    fn show_files(&mut self, files: &Definitions, unix_s: u64) {
        self.files = Some((files.clone(), unix_s));
        self.show();
    }

    fn definitions(&mut self) -> Definitions {
        let mut all = Operations::definitions(&mut self.apis);
        for of in self.stacks.definitions().chain(self.lambda.definitions()) {
            merge(&mut all, of.clone());
        }
        all
    }
}

impl Account {
    /// Removes code that nothing stored uses any more: what is stored is what is served when a state was just loaded.
    fn sweep(&self, surroundings: &Surroundings) {
        let used: BTreeSet<&str> = self.stacks.files().chain(self.lambda.files()).collect();
        // It may never have been made.
        let Ok(entries) = std::fs::read_dir(&surroundings.code) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.to_str().is_none_or(|name| used.contains(name)) {
                continue;
            }
            if let Err(error) = std::fs::remove_file(entry.path()) {
                tracing::warn!(%error, path = %entry.path().display(), "Code of nothing not removed");
            }
        }
    }
}

/// Beside each other: ids tell them apart.
fn merge(all: &mut Definitions, of: Definitions) {
    all.apis.extend(of.apis);
    all.api_keys.extend(of.api_keys);
    all.usage_plans.extend(of.usage_plans);
    all.usage_plan_keys.extend(of.usage_plan_keys);
    all.domain_names.extend(of.domain_names);
    all.base_path_mappings.extend(of.base_path_mappings);
    all.domain_name_access_associations.extend(of.domain_name_access_associations);
    all.vpc_links.extend(of.vpc_links);
    all.client_certificates.extend(of.client_certificates);
    all.functions.extend(of.functions);
    all.function_qualifiers.extend(of.function_qualifiers);
    all.function_permissions.extend(of.function_permissions);
    all.function_urls.extend(of.function_urls);
    all.outputs.extend(of.outputs);
    if all.account.is_none() {
        all.account = of.account;
    }
}
