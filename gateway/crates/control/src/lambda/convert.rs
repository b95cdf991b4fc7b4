//! Functions of the store to functions of the model.

use gateway_model::{
    Definitions, Function as ModelFunction, FunctionCode, FunctionPermission, FunctionQualifier,
    FunctionUrl, FunctionUrlAuth, FunctionUrlInvokeMode, Place, Spanned,
};

use super::types::{Code, Configuration, Function, Url};
use super::urls;
use crate::dispatch::surroundings::Surroundings;

/// What a function is to whom calls it.
pub(super) fn definitions(function: &Function, surroundings: &Surroundings) -> Definitions {
    let name = || Spanned::<String>::nowhere(function.name.as_str());
    let own = (None, &function.configuration, &function.code);
    let versions = function
        .versions
        .iter()
        .map(|version| (Some(version.number.to_string()), &version.configuration, &version.code));
    let functions = std::iter::once(own).chain(versions);
    let versions = function.versions.iter().map(|version| {
        let number = version.number.to_string();
        (number.clone(), Some(number))
    });
    let aliases = function.aliases.iter().map(|(alias, of)| {
        (alias.clone(), Some(of.version.clone()).filter(|version| version != "$LATEST"))
    });
    let qualifiers = versions.chain(aliases).map(|(qualifier, version)| FunctionQualifier {
        function: name(),
        qualifier,
        version,
        place: Place::nowhere(),
    });
    // What no call here can be shown to be, no call is: a statement that is narrower must not become wider.
    let statements = function.statements.iter();
    let statements =
        statements.filter(|of| of.event_source_token.is_none() && of.principal_org_id.is_none());
    let permissions = statements.map(|statement| {
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
            function_url_auth_type: statement.function_url_auth_type.clone(),
            is_via_function_url: statement.is_via_function_url,
            place: Place::nowhere(),
        }
    });
    let urls = function.urls.iter().map(|(qualifier, of)| url(function, qualifier, of));
    Definitions {
        functions: functions.map(|of| model(function, of, surroundings)).collect(),
        function_qualifiers: qualifiers.collect(),
        function_permissions: permissions.collect(),
        function_urls: urls.collect(),
        ..Definitions::default()
    }
}

/// A function as it is now, or as it was published.
fn model(
    function: &Function,
    (version, configuration, code): (Option<String>, &Configuration, &Code),
    surroundings: &Surroundings,
) -> ModelFunction {
    let path = surroundings.code.join(&code.file);
    let fingerprint = gateway_definition::code_fingerprint(&path).unwrap_or_default();
    let code =
        FunctionCode::Path { written: Spanned::nowhere(code.sha256.as_str()), path, fingerprint };
    let environment = configuration.environment.iter();
    ModelFunction {
        name: Spanned::nowhere(function.name.as_str()),
        version,
        runtime: Some(Spanned::nowhere(configuration.runtime.as_str())),
        handler: Some(Spanned::nowhere(configuration.handler.as_str())),
        code,
        environment: environment.map(|(name, value)| (name.clone(), value.clone())).collect(),
        timeout_seconds: Some(Spanned::nowhere(configuration.timeout_seconds)),
        memory_mb: Some(Spanned::nowhere(configuration.memory_mb)),
        reserved_concurrency: function.reserved_concurrency.map(Spanned::nowhere),
        place: Place::nowhere(),
    }
}

fn url(function: &Function, qualifier: &str, url: &Url) -> FunctionUrl {
    FunctionUrl {
        id: url.id.clone(),
        function: Spanned::nowhere(function.name.as_str()),
        qualifier: Some(qualifier.to_owned()).filter(|qualifier| !qualifier.is_empty()),
        // What was stored was checked; what nobody knows, nobody may.
        auth: FunctionUrlAuth::parse(&url.auth_type).unwrap_or(FunctionUrlAuth::AwsIam),
        cors: url.cors.as_ref().map(urls::cors),
        invoke_mode: FunctionUrlInvokeMode::parse(&url.invoke_mode).ok(),
        place: Place::nowhere(),
    }
}
