//! Code that is handed over: checked to be a zip file and kept under the name of its hash.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::Value;

use super::types::Code;
use super::{Cx, Result, invalid, package};
use crate::ApiError;
use crate::limits::FUNCTION_CODE_BYTES_MAX;
use crate::s3::make_directory;
use crate::wire::{base64, from_base64, hex};

/// Keeps the code that a request has: text in base64, or an object of a bucket here.
pub(super) fn keep(cx: &Cx<'_>, code: &Value) -> Result<Code> {
    let text = |name: &str| code.get(name).and_then(Value::as_str);
    if let Some(image) = text("ImageUri") {
        return Err(invalid(format!(
            "{image}: images of functions do not run here; use a zip file"
        )));
    }
    match (text("ZipFile"), text("S3Bucket"), text("S3Key")) {
        (Some(zip), None, None) => {
            let bytes = from_base64(zip).ok_or_else(|| invalid("ZipFile is not in base64"))?;
            keep_bytes(cx, &bytes)
        }
        (None, Some(bucket), Some(key)) => {
            let path = cx.surroundings.buckets.object_path(bucket, key).map_err(|error| {
                invalid(format!(
                    "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
                    error.code, error.message
                ))
            })?;
            let len = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            if len > FUNCTION_CODE_BYTES_MAX {
                return Err(too_large());
            }
            keep_bytes(cx, &fs::read(path).map_err(|error| failed(&error))?)
        }
        _ => Err(invalid("Please provide a source for function code.")),
    }
}

fn keep_bytes(cx: &Cx<'_>, bytes: &[u8]) -> Result<Code> {
    if bytes.len() as u64 > FUNCTION_CODE_BYTES_MAX {
        return Err(too_large());
    }
    package::check(bytes)?;
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    let hash = context.finish();
    let file = format!("{}.zip", hex(hash.as_ref()));
    let directory = &cx.surroundings.code;
    if !is_there(&directory.join(&file), bytes) {
        make_directory(directory)
            .and_then(|()| {
                let beside = directory.join(format!("{file}.new"));
                let mut new = File::create(&beside)?;
                new.write_all(bytes)?;
                new.sync_data()?;
                fs::rename(beside, directory.join(&file))
            })
            .map_err(|error| failed(&error))?;
    }
    Ok(Code { file, bytes: bytes.len() as u64, sha256: base64(hash.as_ref()) })
}

/// Whether the code is kept already.
fn is_there(path: &Path, bytes: &[u8]) -> bool {
    let mut known = Vec::new();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut known));
    read.is_ok() && known == bytes
}

fn too_large() -> ApiError {
    let text = format!("Code of a function may have {FUNCTION_CODE_BYTES_MAX} bytes");
    ApiError::new(400, "CodeStorageExceededException", text)
}

fn failed(error: &std::io::Error) -> ApiError {
    tracing::error!(%error, "Code of a function not kept");
    let text = "The code could not be kept; the gateway's log says why";
    ApiError::new(500, "ServiceException", text)
}
