//! `AWS::Serverless::Function`: what the transform makes of it, as far as a function goes.

use super::super::object::Object;
use super::super::{Context, Piece};
use super::{code, common, is_image};
use gateway_model::{FunctionCode, FunctionQualifier, Spanned};

/// Properties that change nothing for whom API Gateway calls.
const SILENT: [&str; 32] = [
    "Architectures",
    "AssumeRolePolicyDocument",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "Connectors",
    "DeadLetterQueue",
    "DeploymentPreference",
    "Description",
    "DurableConfig",
    "EphemeralStorage",
    "EventInvokeConfig",
    "FunctionScalingConfig",
    "FunctionUrlConfig",
    "KmsKeyArn",
    "LoggingConfig",
    "PermissionsBoundary",
    "Policies",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "PublishToLatestPublished",
    "RecursiveLoop",
    "Role",
    "RolePath",
    "RuntimeManagementConfig",
    "SnapStart",
    "SourceKMSKeyArn",
    "Tags",
    "TenancyConfig",
    "Tracing",
    "VersionDescription",
];

/// The version that `AutoPublishAlias` points at.
const VERSION: &str = "1";

pub(in super::super) fn serverless_function(
    object: &mut Object<'_>,
    context: &Context<'_>,
) -> Option<Piece> {
    let is_image = is_image(object);
    let code = source(object, context, is_image);
    for name in SILENT {
        object.node(name);
    }
    events(object);
    let alias = object.text("AutoPublishAlias");
    let function = common(object, context, code, is_image)?;
    let of = |qualifier: &str| FunctionQualifier {
        function: function.name.clone(),
        qualifier: qualifier.to_owned(),
        version: None,
        place: object.place(),
    };
    let qualifiers = alias.iter().flat_map(|alias| [of(&alias.value), of(VERSION)]).collect();
    Some(Piece::Function(Box::new(function), qualifiers))
}

fn source(object: &mut Object<'_>, context: &Context<'_>, is_image: bool) -> Option<FunctionCode> {
    let inline = object.text("InlineCode");
    let image = object.text("ImageUri");
    let uri = object.node("CodeUri");
    if let Some(inline) = inline {
        return Some(FunctionCode::Inline(inline));
    }
    if is_image {
        let none = || Spanned::new("an image".to_owned(), object.place());
        return Some(code::elsewhere_of(object, image.unwrap_or_else(none)));
    }
    let Some(uri) = uri else {
        if object.is_unknown("CodeUri") || object.is_unknown("InlineCode") {
            let unknown = Spanned::new("not known".to_owned(), object.place());
            return Some(FunctionCode::Elsewhere(unknown));
        }
        let text = "Please provide a source for function code.";
        object.error_with_help(&object.place(), text, "set CodeUri to a directory, or InlineCode");
        return None;
    };
    if let Some(text) = uri.as_str() {
        return code::of_text(object, context, &Spanned::new(text.to_owned(), uri.place.clone()));
    }
    let mut location = object.object("CodeUri")?;
    let bucket = location.required_text("Bucket");
    let key = location.required_text("Key");
    location.node("Version");
    location.finish();
    let (bucket, key) = (bucket?.value, key?.value);
    if let Some(code) = code::stored(object, context, &bucket, &key, &uri.place) {
        return code;
    }
    let written = format!("s3://{bucket}/{key}");
    Some(code::elsewhere_of(object, Spanned::new(written, uri.place.clone())))
}

/// Events that would make or change an API. What else calls the function is not the gateway's business.
fn events(object: &mut Object<'_>) {
    for (key, mut event) in object.object_map("Events") {
        let kind = event.plain_text("Type").unwrap_or_default();
        // What events of type Api make has been made.
        if matches!(kind.as_str(), "HttpApi" | "WebSocketApi") {
            event.warning(&key.place, format!("Events of type {kind} are not served yet"));
        }
    }
}
