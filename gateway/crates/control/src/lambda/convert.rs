//! Functions of the store to functions of the model.

use gateway_model::{
    Definitions, Function as ModelFunction, FunctionCode, FunctionPermission, FunctionQualifier,
    Place, Spanned,
};

use super::types::Function;
use crate::dispatch::surroundings::Surroundings;

/// What a function is to whom calls it.
pub(super) fn definitions(function: &Function, surroundings: &Surroundings) -> Definitions {
    let place = Place::nowhere();
    let name = Spanned::<String>::nowhere(function.name.as_str());
    let configuration = &function.configuration;
    let path = surroundings.code.join(&function.code.file);
    let fingerprint = gateway_definition::code_fingerprint(&path).unwrap_or_default();
    let code = FunctionCode::Path {
        written: Spanned::nowhere(function.code.sha256.as_str()),
        path,
        fingerprint,
    };
    let environment = configuration.environment.iter();
    let own = ModelFunction {
        name: name.clone(),
        runtime: Some(Spanned::nowhere(configuration.runtime.as_str())),
        handler: Some(Spanned::nowhere(configuration.handler.as_str())),
        code,
        environment: environment.map(|(name, value)| (name.clone(), value.clone())).collect(),
        timeout_seconds: Some(Spanned::nowhere(configuration.timeout_seconds)),
        memory_mb: Some(Spanned::nowhere(configuration.memory_mb)),
        reserved_concurrency: function.reserved_concurrency.map(Spanned::nowhere),
        place: place.clone(),
    };
    let versions = function.versions.iter().map(|version| version.number.to_string());
    let qualifiers = versions.chain(function.aliases.keys().cloned());
    let qualifiers = qualifiers.map(|qualifier| FunctionQualifier {
        function: name.clone(),
        qualifier,
        place: place.clone(),
    });
    let permissions = function.statements.iter().map(|statement| {
        let of = match &statement.qualifier {
            None => function.name.clone(),
            Some(qualifier) => format!("{}:{qualifier}", function.name),
        };
        FunctionPermission {
            function: Spanned::nowhere(of),
            action: statement.action.clone(),
            principal: statement.principal.clone(),
            source_arn: statement.source_arn.as_deref().map(Spanned::nowhere),
            source_account: statement.source_account.clone(),
            place: place.clone(),
        }
    });
    Definitions {
        functions: vec![own],
        function_qualifiers: qualifiers.collect(),
        function_permissions: permissions.collect(),
        ..Definitions::default()
    }
}
