//! Objects of Amazon S3 that templates read: files in the directory of their bucket, beside the template, or of the control plane.

use crate::Options;
use crate::limits::FILE_BYTES_MAX;
use crate::report::Report;
use gateway_model::{Diagnostic, Place};
use std::path::{Component, Path, PathBuf};

/// The bucket of paths beside the template, as far as a template has them.
pub(crate) const LOCAL_BUCKET: &str = "file:";

/// An object, and where it is asked for.
pub(crate) struct Wanted<'w> {
    pub(crate) bucket: &'w str,
    pub(crate) key: &'w str,
    pub(crate) place: &'w Place,
}

/// Bucket and key of `s3://bucket/key`, or of a path beside the template.
pub(crate) fn bucket_and_key(text: &str) -> (&str, &str) {
    let (bucket, key) = match text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        Some((bucket, key)) => (bucket, key),
        None => (LOCAL_BUCKET, text),
    };
    (bucket, key.split_once("?versionId=").map_or(key, |(key, _)| key))
}

/// The file that holds an object, and its text; none where it cannot be had, which is said. What was looked for is added to
/// `documents`.
pub(crate) fn read(
    object: &Wanted<'_>,
    options: &Options,
    documents: &mut Vec<PathBuf>,
    report: &Report,
) -> Option<(PathBuf, String)> {
    let Wanted { bucket, key, place } = *object;
    if let Some(objects) = &options.objects
        && !objects.contains_key(&(bucket.to_owned(), key.to_owned()))
    {
        let text = match bucket {
            LOCAL_BUCKET => format!("{key} must be an S3 URI, s3://bucket/key"),
            _ => format!("Unable to get the object s3://{bucket}/{key}: there is none here"),
        };
        report.error(place, text);
        return None;
    }
    let Some(path) = path_of(bucket, key, place, options) else {
        let text = format!(
            "the bucket \"{bucket}\" is not mapped to a directory: s3://{bucket}/{key} is not read"
        );
        let help = format!("say where its objects are: --bucket {bucket}=DIRECTORY");
        report.push(Diagnostic::warning(place, text).with_help(help));
        return None;
    };
    documents.push(path.clone());
    match read_text(&path) {
        Ok(text) => Some((path, text)),
        Err(error) => {
            let text = match bucket {
                LOCAL_BUCKET => format!("{error}: {}", path.display()),
                _ => format!("s3://{bucket}/{key}: {error}: {}", path.display()),
            };
            report.error(place, text);
            None
        }
    }
}

/// Where an object lies: in the directory of its bucket, or beside the template, where the CDK leaves
/// what it would upload.
fn path_of(bucket: &str, key: &str, place: &Place, options: &Options) -> Option<PathBuf> {
    if let Some(objects) = &options.objects {
        return objects.get(&(bucket.to_owned(), key.to_owned())).cloned();
    }
    if bucket == LOCAL_BUCKET && options.reads_function_code {
        return Some(Path::new(&*place.file).with_file_name(key));
    }
    let is_inside = Path::new(key).components().all(|c| matches!(c, Component::Normal(_)));
    if let Some(directory) = options.buckets.get(bucket).filter(|_| is_inside) {
        return Some(directory.join(key));
    }
    let is_asset = options.reads_function_code
        && bucket.starts_with("cdk-")
        && bucket.contains("-assets-")
        && is_inside
        && !key.contains('/');
    let beside = Path::new(&*place.file).with_file_name(format!("asset.{key}"));
    (is_asset && beside.is_file()).then_some(beside)
}

fn read_text(path: &Path) -> std::io::Result<String> {
    let metadata = std::fs::metadata(path)?;
    if metadata.len() > FILE_BYTES_MAX as u64 {
        let text = format!("the file has more than {FILE_BYTES_MAX} bytes");
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, text));
    }
    std::fs::read_to_string(path)
}
