//! Where a function's code is.

use super::super::Context;
use super::super::object::Object;
use crate::files;
use crate::node::{Kind, Node};
use gateway_model::{Diagnostic, FunctionCode, Place, Spanned};
use std::path::{Path, PathBuf};

/// `Code` of `AWS::Lambda::Function`: an object, or a path as it is written before packaging.
pub(super) fn of_function(object: &mut Object<'_>, context: &Context<'_>) -> Option<FunctionCode> {
    let node = object.node("Code")?;
    if let Kind::String(text) = &node.kind {
        return of_text(object, context, &Spanned::new(text.clone(), node.place.clone()));
    }
    let place = node.place.clone();
    let mut code = object.object("Code")?;
    let inline = code.text("ZipFile");
    let bucket = code.plain_text("S3Bucket");
    let key = code.plain_text("S3Key");
    let image = code.plain_text("ImageUri");
    for property in ["S3ObjectVersion", "S3ObjectStorageMode", "SourceKMSKeyArn"] {
        code.node(property);
    }
    let is_unknown =
        ["ZipFile", "S3Bucket", "S3Key", "ImageUri"].iter().any(|name| code.is_unknown(name));
    code.finish();
    if let (Some(bucket), Some(key), None, None) = (&bucket, &key, &image, &inline)
        && let Some(code) = stored(object, context, bucket, key, &place)
    {
        return code;
    }
    let elsewhere = match (bucket, key, image) {
        (_, _, Some(image)) => Some(image),
        (Some(bucket), key, None) => Some(format!("s3://{bucket}/{}", key.unwrap_or_default())),
        _ => None,
    };
    match (inline, elsewhere) {
        (Some(inline), None) => Some(FunctionCode::Inline(inline)),
        (None, Some(written)) => {
            let written = Spanned::new(written, place);
            if let Some(code) = asset(object, context) {
                return Some(code);
            }
            Some(elsewhere_of(object, written))
        }
        (None, None) if is_unknown => {
            Some(FunctionCode::Elsewhere(Spanned::new("not known".to_owned(), place)))
        }
        (inline, _) => {
            let text = match inline {
                Some(_) => {
                    "Please provide either ZipFile, or S3Bucket and S3Key, or ImageUri: not both"
                }
                None => "Please provide a source for function code.",
            };
            let help = "write Code: ./directory, or Code: {ZipFile: text}";
            object.error_with_help(&place, text, help);
            None
        }
    }
}

/// A path or an `s3://` address.
pub(super) fn of_text(
    object: &Object<'_>,
    context: &Context<'_>,
    written: &Spanned<String>,
) -> Option<FunctionCode> {
    if let Some((bucket, key)) =
        written.value.strip_prefix("s3://").and_then(|rest| rest.split_once('/'))
        && let Some(code) = stored(object, context, bucket, key, &written.place)
    {
        return code;
    }
    let is_elsewhere =
        ["s3://", "http://", "https://"].iter().any(|p| written.value.starts_with(p));
    if is_elsewhere {
        return Some(elsewhere_of(object, written.clone()));
    }
    of_path(object, context, written)
}

/// A zip file among the objects that a template from elsewhere may read; nothing where there are no objects.
pub(super) fn stored(
    object: &Object<'_>,
    context: &Context<'_>,
    bucket: &str,
    key: &str,
    place: &Place,
) -> Option<Option<FunctionCode>> {
    let objects = context.options.objects.as_ref()?;
    let written = Spanned::new(format!("s3://{bucket}/{key}"), place.clone());
    let Some(path) = objects.get(&(bucket.to_owned(), key.to_owned())) else {
        let text = format!(
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: there is no {written} here",
            written = written.value
        );
        object.error_with_help(place, &text, "upload it first, as `package` and `deploy` do");
        return Some(None);
    };
    Some(match files::fingerprint(path) {
        Ok(fingerprint) => Some(FunctionCode::Path { written, path: path.clone(), fingerprint }),
        Err(error) => {
            object.error(place, format!("function code {}: {error}", written.value));
            None
        }
    })
}

/// Code that others have to run.
pub(super) fn elsewhere_of(object: &Object<'_>, written: Spanned<String>) -> FunctionCode {
    let text = format!("function code elsewhere is not served yet: {}", written.value);
    let help = "name a directory or a zip file on this machine, or somebody who runs the function: \
                --aws-endpoint lambda=URL";
    object.warning_with_help(&written.place, &text, help);
    FunctionCode::Elsewhere(written)
}

/// What the CDK leaves beside a template: `aws:asset:path` for the property `Code`.
fn asset(object: &Object<'_>, context: &Context<'_>) -> Option<FunctionCode> {
    if context.options.objects.is_some() {
        return None;
    }
    let metadata = context.metadata?;
    let property = metadata.member("aws:asset:property").and_then(Node::as_str);
    let node =
        metadata.member("aws:asset:path").filter(|_| property.is_none_or(|p| p == "Code"))?;
    let written = Spanned::new(node.as_str()?.to_owned(), node.place.clone());
    let path = resolve(&node.place, &written.value);
    let is_missing = context.options.reads_function_code && !path.exists();
    // Its copy in a bucket may be all that there is: what cannot be found is said of that.
    if is_missing {
        let text = format!(
            "asset \"{}\" of function code is not there: {}",
            written.value,
            path.display()
        );
        object.warning_with_help(&written.place, &text, "run `cdk synth` where this gateway runs");
        return None;
    }
    of_path(object, context, &written)
}

fn of_path(
    object: &Object<'_>,
    context: &Context<'_>,
    written: &Spanned<String>,
) -> Option<FunctionCode> {
    if written.value.is_empty() || written.value.contains('\0') {
        object.error(&written.place, "Please provide a source for function code.");
        return None;
    }
    if context.options.objects.is_some() {
        let text =
            format!("'{}' is not a valid S3 Uri of the form 's3://bucket/key'", written.value);
        let help = "package the template first: `aws cloudformation package`, `sam package`";
        object.error_with_help(&written.place, &text, help);
        return None;
    }
    let path = resolve(&written.place, &written.value);
    if !context.options.reads_function_code {
        return Some(FunctionCode::Path { written: written.clone(), path, fingerprint: 0 });
    }
    let path = std::path::absolute(&path).unwrap_or(path);
    match files::fingerprint(&path) {
        Ok(fingerprint) => Some(FunctionCode::Path { written: written.clone(), path, fingerprint }),
        Err(error) => {
            let text = format!("function code \"{}\": {error}: {}", written.value, path.display());
            let help = "name a directory or a zip file, relative to the definition's directory";
            object.push(Diagnostic::error(&written.place, text).with_help(help));
            None
        }
    }
}

/// Relative to the directory of the definition.
fn resolve(place: &Place, written: &str) -> PathBuf {
    let directory = Path::new(&*place.file).parent().unwrap_or_else(|| Path::new(""));
    directory.join(written)
}
