//! Lambda functions, their aliases and versions, and who may call them.

mod code;
mod sam;
mod url;

pub(super) use sam::serverless_function;
pub(super) use url::url;

use super::object::Object;
use super::{Context, Piece};
use crate::limits::{
    ENVIRONMENT_BYTES_MAX, FUNCTION_NAME_CHARS_MAX, HANDLER_CHARS_MAX, INLINE_CODE_BYTES_MAX,
};
use gateway_model::limits::{
    FUNCTION_MEMORY_MB_MAX, FUNCTION_MEMORY_MB_MIN, FUNCTION_TIMEOUT_SECONDS_MAX,
};
use gateway_model::{
    Function, FunctionCode, FunctionPermission, FunctionQualifier, Place, Spanned,
};

/// Runtimes that are known and do not run here, without their versions.
const OTHER_RUNTIMES: [&str; 5] = ["java", "dotnet", "dotnetcore", "ruby", "go"];

/// For "did you mean".
const RUNTIMES: [&str; 12] = [
    "provided.al2023",
    "provided.al2",
    "provided",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
];

/// Names that Lambda keeps for itself. Source: Lambda Developer Guide, "Defined runtime environment
/// variables".
const RESERVED_VARIABLES: [&str; 17] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// Properties that change nothing for whom API Gateway calls.
const SILENT: [&str; 17] = [
    "Architectures",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DeadLetterConfig",
    "Description",
    "DurableConfig",
    "EphemeralStorage",
    "FunctionScalingConfig",
    "KmsKeyArn",
    "LoggingConfig",
    "PublishToLatestPublished",
    "RecursiveLoop",
    "Role",
    "RuntimeManagementConfig",
    "SnapStart",
    "Tags",
    "TenancyConfig",
];

/// Properties that a function here does not have, and what to call them.
const UNSERVED: [(&str, &str); 5] = [
    ("FileSystemConfigs", "file systems of functions are"),
    ("ImageConfig", "function images are"),
    ("Layers", "layers of functions are"),
    ("TracingConfig", "tracing of functions is"),
    ("VpcConfig", "networks of functions are"),
];

pub(super) fn function(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let is_image = is_image(object);
    let code = code::of_function(object, context);
    if code.is_none() {
        object.require("Code");
    }
    for name in SILENT {
        object.node(name);
    }
    let function = common(object, context, code, is_image)?;
    Some(Piece::Function(Box::new(function), Vec::new()))
}

/// `PackageType`
fn is_image(object: &mut Object<'_>) -> bool {
    let package = object.text("PackageType");
    let Some(package) = package else { return false };
    if !matches!(package.value.as_str(), "Image" | "Zip") {
        let text = format!("PackageType is Zip or Image, not {}", package.value);
        object.error(&package.place, text);
    }
    package.value == "Image"
}

/// What functions of both kinds of template have.
fn common(
    object: &mut Object<'_>,
    context: &Context<'_>,
    code: Option<FunctionCode>,
    is_image: bool,
) -> Option<Function> {
    let name = Spanned::new(context.identity.reference.clone(), name_place(object));
    let is_name = name.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let is_short = (1..=FUNCTION_NAME_CHARS_MAX).contains(&name.value.len());
    if !is_name || !is_short {
        let text = format!(
            "FunctionName \"{}\" is not 1 to {FUNCTION_NAME_CHARS_MAX} letters, digits, hyphens and \
             underscores",
            name.value
        );
        object.error(&name.place, text);
    }
    let runtime = object.text("Runtime");
    let handler = object.text("Handler");
    match &runtime {
        None if !is_image && object.is_absent("Runtime") => object.require("Runtime"),
        None => {}
        Some(runtime) => check_runtime(object, runtime),
    }
    if handler.is_none() && !is_image && object.is_absent("Handler") {
        object.require("Handler");
    }
    if let Some(handler) = &handler {
        check_handler(object, handler, runtime.as_ref());
    }
    if let Some(FunctionCode::Inline(text)) = &code {
        check_inline(object, text, runtime.as_ref());
    }
    for (property, feature) in UNSERVED {
        if object.node(property).is_some() {
            let place = object.place_of(property);
            object.warning(&place, format!("{feature} not served yet"));
        }
    }
    let environment = environment(object);
    let timeout = 1..=FUNCTION_TIMEOUT_SECONDS_MAX;
    let memory = FUNCTION_MEMORY_MB_MIN..=FUNCTION_MEMORY_MB_MAX;
    let timeout_seconds = integer(object, "Timeout", timeout);
    let memory_mb = integer(object, "MemorySize", memory);
    let reserved_concurrency = integer(object, "ReservedConcurrentExecutions", 0..=i64::MAX);
    Some(Function {
        name,
        version: None,
        runtime,
        handler,
        code: code?,
        environment,
        timeout_seconds,
        memory_mb,
        reserved_concurrency,
        place: object.place(),
    })
}

fn name_place(object: &mut Object<'_>) -> Place {
    object.text("FunctionName");
    object.place_of("FunctionName")
}

fn integer(
    object: &mut Object<'_>,
    name: &'static str,
    range: std::ops::RangeInclusive<i64>,
) -> Option<Spanned<i64>> {
    let value: Option<i64> = object.integer(name);
    let (least, most) = (range.start(), range.end());
    let expected = match *most {
        i64::MAX => format!("{least} or more"),
        most => format!("from {least} to {most}"),
    };
    let value = object.within(name, value, &expected, |value| range.contains(value))?;
    Some(Spanned::new(value, object.place_of(name)))
}

fn check_runtime(object: &Object<'_>, runtime: &Spanned<String>) {
    let text = runtime.value.as_str();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_python = text.strip_prefix("python").is_some_and(|version| {
        let mut parts = version.splitn(2, '.');
        parts.all(is_number) && version.contains('.')
    });
    let is_node = text.strip_prefix("nodejs").is_some_and(|version| {
        version.is_empty()
            || version.strip_suffix(".x").is_some_and(is_number)
            || matches!(version, "4.3" | "4.3-edge" | "6.10" | "8.10")
    });
    let is_provided = matches!(text, "provided" | "provided.al2" | "provided.al2023");
    if is_python || is_node || is_provided {
        return;
    }
    let family = text.trim_end_matches(|c: char| c.is_ascii_digit() || ".xal".contains(c));
    if OTHER_RUNTIMES.contains(&family) || text.starts_with("java") {
        let said = format!("runtime {text} is not served yet: the function does not run here");
        let help = "name somebody who runs it: --aws-endpoint lambda=URL";
        return object.warning_with_help(&runtime.place, &said, help);
    }
    object.error_near(
        &runtime.place,
        format!("\"{text}\" is no runtime of Lambda"),
        text,
        RUNTIMES,
    );
}

/// What the runtime clients need of a handler.
fn check_handler(
    object: &Object<'_>,
    handler: &Spanned<String>,
    runtime: Option<&Spanned<String>>,
) {
    let text = handler.value.as_str();
    let is_handler = !text.is_empty()
        && text.len() <= HANDLER_CHARS_MAX
        && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let needs_two = runtime.is_some_and(|runtime| {
        runtime.value.starts_with("python") || runtime.value.starts_with("nodejs")
    });
    let has_two = text.rsplit_once('.').is_some_and(|(file, name)| {
        let file_name = file.rsplit('/').next().unwrap_or(file);
        !file_name.is_empty() && !name.is_empty()
    });
    if !is_handler || (needs_two && !has_two) {
        let said = format!("Handler \"{text}\" does not name a file and a function of it");
        object.error_with_help(&handler.place, &said, "write file.function, such as index.handler");
    }
}

/// Source: AWS::Lambda::Function Code, `ZipFile`, "(Node.js and Python)", "up to 4 MB".
fn check_inline(object: &Object<'_>, text: &Spanned<String>, runtime: Option<&Spanned<String>>) {
    if text.value.len() > INLINE_CODE_BYTES_MAX {
        let said = format!(
            "inline code has {} bytes, at most {INLINE_CODE_BYTES_MAX} are allowed",
            text.value.len()
        );
        object.error_with_help(&text.place, &said, "put it into a directory");
    }
    let is_script = runtime.is_none_or(|runtime| {
        runtime.value.starts_with("python") || runtime.value.starts_with("nodejs")
    });
    if !is_script {
        let said = "ZipFile can only be used when Runtime is set to a version of nodejs or python";
        object.error_with_help(&text.place, said, "put the code into a directory or a zip file");
    }
}

/// `Environment.Variables`
fn environment(object: &mut Object<'_>) -> Vec<(String, String)> {
    let Some(mut environment) = object.object("Environment") else { return Vec::new() };
    let variables = environment.text_members("Variables");
    let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > ENVIRONMENT_BYTES_MAX {
        let text = format!(
            "environment variables have {bytes} bytes, at most {ENVIRONMENT_BYTES_MAX} are allowed"
        );
        environment.error(&environment.place_of("Variables"), text);
    }
    for (name, value) in &variables {
        check_variable(&environment, name, value);
    }
    environment.finish();
    variables.into_iter().map(|(name, value)| (name.value, value.value)).collect()
}

/// Source: CreateFunction, `Environment`, keys `[a-zA-Z]([a-zA-Z0-9_])+`.
fn check_variable(environment: &Object<'_>, name: &Spanned<String>, value: &Spanned<String>) {
    let text = name.value.as_str();
    let is_name = text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if RESERVED_VARIABLES.contains(&text) {
        let said = format!(
            "the environment variables you have provided contains reserved keys that are currently not \
             supported for modification. Reserved keys used in this request: {text}"
        );
        environment.error(&name.place, said);
    } else if !is_name {
        let said = format!(
            "environment variable \"{text}\" is not two or more letters, digits and underscores that \
             start with a letter"
        );
        environment.error(&name.place, said);
    }
    if value.value.contains('\0') {
        environment.error(&value.place, format!("environment variable {text} has a zero byte"));
    }
}

pub(super) fn alias(object: &mut Object<'_>, _: &Context<'_>) -> Option<Piece> {
    let function = object.required_text("FunctionName");
    let name = object.required_text("Name");
    object.required_text("FunctionVersion");
    for property in ["Description", "ProvisionedConcurrencyConfig"] {
        object.node(property);
    }
    if object.node("RoutingConfig").is_some() {
        let place = object.place_of("RoutingConfig");
        object.warning(&place, "weights of function aliases are not served yet");
    }
    qualifier(function?, name?.value, object.place())
}

pub(super) fn version(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let function = object.required_text("FunctionName");
    for property in [
        "CodeSha256",
        "Description",
        "FunctionScalingConfig",
        "ProvisionedConcurrencyConfig",
        "RuntimePolicy",
    ] {
        object.node(property);
    }
    let reference = &context.identity.reference;
    let number = reference.rsplit(':').next().unwrap_or("1").to_owned();
    qualifier(function?, number, object.place())
}

/// All aliases and versions run the code that the definition has.
fn qualifier(function: Spanned<String>, qualifier: String, place: Place) -> Option<Piece> {
    let (name, _) = parts(&function.value);
    let function = Spanned::new(name.to_owned(), function.place);
    let version = None;
    Some(Piece::FunctionQualifier(FunctionQualifier { function, qualifier, version, place }))
}

/// The name and the qualifier of a function that is named by its name or its ARN.
fn parts(function: &str) -> (&str, Option<&str>) {
    let mut parts = function.split(':');
    let name = match function.starts_with("arn:") {
        true => parts.nth(6),
        false => parts.next(),
    };
    (name.unwrap_or_default(), parts.next().filter(|qualifier| !qualifier.is_empty()))
}

pub(super) fn permission(object: &mut Object<'_>, _: &Context<'_>) -> Option<Piece> {
    let function = object.required_text("FunctionName");
    let action = object.required_text("Action");
    let principal = object.required_text("Principal");
    let source_arn = object.text("SourceArn");
    let source_account = object.plain_text("SourceAccount");
    let function_url_auth_type = object.plain_text("FunctionUrlAuthType");
    let is_via_function_url = object.boolean("InvokedViaFunctionUrl").unwrap_or_default();
    for property in ["EventSourceToken", "PrincipalOrgID"] {
        object.node(property);
    }
    // A value that is not known may be any: a permission that is narrower must not become wider.
    let narrowing = ["SourceArn", "SourceAccount", "FunctionUrlAuthType", "InvokedViaFunctionUrl"];
    if narrowing.iter().any(|property| object.is_unknown(property)) {
        return None;
    }
    Some(Piece::FunctionPermission(FunctionPermission {
        function: function?,
        action: action?.value,
        principal: principal?.value,
        source_arn,
        source_account,
        function_url_auth_type,
        is_via_function_url,
        place: object.place(),
    }))
}
