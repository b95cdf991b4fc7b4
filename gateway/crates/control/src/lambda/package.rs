//! Deployment packages: what would not be unpacked later is refused when it is handed over.

use std::io::Cursor;
use std::path::{Component, Path};

use zip::ZipArchive;

use super::{Result, invalid};
use crate::ApiError;
use crate::limits::{FUNCTION_CODE_BYTES_MAX, FUNCTION_FILES_MAX};

/// Refuses what is no zip file, and one with too much in it or with what leads out of it.
///
/// Sizes are those that the file says of itself; whether they are true is seen when it is unpacked.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| cannot_unzip(""))?;
    if archive.len() > FUNCTION_FILES_MAX {
        let (count, most) = (archive.len(), FUNCTION_FILES_MAX);
        return Err(cannot_unzip(&format!(" It has {count} entries, more than {most}.")));
    }
    let mut bytes = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| cannot_unzip(&format!(" {error}.")))?;
        let name = entry.name().map_err(|error| cannot_unzip(&format!(" {error}.")))?;
        if leads_out(&name) {
            return Err(cannot_unzip(&format!(" Entry {name:?} lies outside the package.")));
        }
        if !entry.is_dir() && entry.unix_mode().is_some_and(is_special) {
            return Err(cannot_unzip(&format!(
                " Entry {name:?} is neither a file nor a directory."
            )));
        }
        bytes = bytes.saturating_add(entry.size());
    }
    if bytes > FUNCTION_CODE_BYTES_MAX {
        let most = FUNCTION_CODE_BYTES_MAX;
        return Err(invalid(format!("Unzipped size must be smaller than {most} bytes")));
    }
    Ok(())
}

fn leads_out(name: &str) -> bool {
    let is_inside = |component| matches!(component, Component::Normal(_) | Component::CurDir);
    name.contains(['\0', '\\']) || !Path::new(name).components().all(is_inside)
}

/// Whether the file type in a Unix mode, where there is one, is not that of a file.
fn is_special(mode: u32) -> bool {
    const KIND: u32 = 0o170_000;
    const FILE: u32 = 0o100_000;
    !matches!(mode & KIND, 0 | FILE)
}

fn cannot_unzip(why: &str) -> ApiError {
    let text = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    invalid(format!("{text}{why}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip file with these entries, all empty.
    fn package<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            writer.start_file(name, SimpleFileOptions::default()).expect("written");
        }
        writer.finish().expect("written").into_inner()
    }

    fn told(bytes: &[u8]) -> String {
        check(bytes).expect_err("refused").message
    }

    #[test]
    fn a_package_is_taken_up_to_its_bounds() {
        check(&package([])).expect("empty");
        check(&package(["app.py", "a/b/c..py", "./d"])).expect("taken");
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("zeros", SimpleFileOptions::default()).expect("written");
        let block = vec![0; 1024 * 1024];
        for _ in 0..250 {
            writer.write_all(&block).expect("written");
        }
        let exact = writer.finish().expect("written").into_inner();
        check(&exact).expect("262144000 bytes are taken");
    }

    #[test]
    fn what_leads_out_is_refused() {
        for name in ["..", "../a", "a/../../b", "/a", "a\\b"] {
            let text = told(&package([name]));
            assert!(text.starts_with("Could not unzip uploaded file."), "{name}: {text}");
        }
        assert!(told(b"no zip file").starts_with("Could not unzip uploaded file."));
    }
}
