use std::fs::File;
use std::io::Write;

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;
use crate::limits::CODE_BYTES_MAX;

/// A zip file with what `fill` writes.
fn package(fill: impl FnOnce(&mut ZipWriter<File>)) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = ZipWriter::new(file.reopen().unwrap());
    fill(&mut writer);
    writer.finish().unwrap();
    file
}

fn entry(writer: &mut ZipWriter<File>, name: &str, mode: u32, text: &str) {
    writer.start_file(name, SimpleFileOptions::default().unix_permissions(mode)).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
}

#[track_caller]
fn check(package: &tempfile::NamedTempFile, expect: impl FnOnce(Result<(), PackageError>, &Path)) {
    let around = tempfile::tempdir().unwrap();
    let into = around.path().join("into");
    fs::create_dir(&into).unwrap();
    expect(unpack(package.path(), &into), &into);
    let beside: Vec<_> = fs::read_dir(around.path()).unwrap().flatten().collect();
    assert_eq!(beside.len(), 1, "nothing beside the directory: {beside:?}");
}

#[test]
fn files_keep_their_place_and_whether_they_are_programs() {
    let package = package(|zip| {
        entry(zip, "bootstrap", 0o755, "#!");
        entry(zip, "lib/deep/a.py", 0o600, "a = 1");
        zip.add_directory("empty", SimpleFileOptions::default()).unwrap();
    });
    check(&package, |unpacked, into| {
        unpacked.unwrap();
        assert_eq!(fs::read_to_string(into.join("lib/deep/a.py")).unwrap(), "a = 1");
        let mode = |name: &str| fs::metadata(into.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("bootstrap"), mode("lib/deep/a.py")), (0o755, 0o644));
        assert!(into.join("empty").is_dir());
    });
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in ["../x", "a/../../x", "/etc/x", "a\\..\\x"] {
        let package = package(|zip| entry(zip, name, 0o644, "x"));
        check(&package, |unpacked, _| {
            assert!(matches!(unpacked, Err(PackageError::Outside(_))), "{name}: {unpacked:?}");
        });
    }
}

#[test]
fn links_are_refused() {
    let package = package(|zip| {
        zip.add_symlink("out", "/etc", SimpleFileOptions::default()).unwrap();
        entry(zip, "out/x", 0o644, "x");
    });
    check(&package, |unpacked, _| {
        assert!(matches!(unpacked, Err(PackageError::Special(_))), "{unpacked:?}");
    });
}

#[test]
fn a_bomb_is_refused() {
    let package = package(|zip| {
        let zeros = vec![0; 1 << 20];
        zip.start_file("zeros", SimpleFileOptions::default()).unwrap();
        for _ in 0..=CODE_BYTES_MAX >> 20 {
            zip.write_all(&zeros).unwrap();
        }
    });
    assert!(package.as_file().metadata().unwrap().len() < CODE_BYTES_MAX / 100);
    check(&package, |unpacked, _| {
        assert!(matches!(unpacked, Err(PackageError::Large)), "{unpacked:?}")
    });
}

#[test]
fn what_is_no_package_is_said_to_be_none() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"not a zip file").unwrap();
    check(&file, |unpacked, _| {
        assert!(matches!(unpacked, Err(PackageError::Zip(_))), "{unpacked:?}")
    });
}

fn plan(runtime: Runtime, code: Code) -> FunctionPlan {
    FunctionPlan {
        name: "f".into(),
        version: "$LATEST".into(),
        arn: "".into(),
        region: "".into(),
        runtime,
        handler: "index.handler".into(),
        code,
        environment: Vec::new(),
        timeout_ms: 1000,
        memory_mb: 128,
        reserved_concurrency: None,
    }
}

fn ready(store: &CodeStore, plan: &FunctionPlan) -> Result<Rc<CodeDirectory>, CodeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.ready(plan))
}

fn store() -> (tempfile::TempDir, CodeStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = CodeStore::new(directory.path().join("code")).unwrap();
    (directory, store)
}

#[test]
fn inline_code_is_a_file_called_index() {
    let (_directory, store) = store();
    let python = Runtime::Python { version: "3.12".into() };
    let node = Runtime::NodeJs { version: "20".into() };
    for (runtime, text, file) in [
        (python, "import json\n", "index.py"),
        (node.clone(), "exports.handler = async () => import('x');\n", "index.js"),
        (node.clone(), "export const handler = async () => 1;\n", "index.mjs"),
        (node, "const exported = 1;\n  import x", "index.js"),
    ] {
        let code = ready(&store, &plan(runtime.clone(), Code::Inline(text.into()))).unwrap();
        assert_eq!(fs::read_to_string(code.path.join(file)).unwrap(), text, "{file}");
        let again = ready(&store, &plan(runtime, Code::Inline(text.into()))).unwrap();
        assert!(Rc::ptr_eq(&code, &again), "the same text is written once");
    }
    let error = ready(&store, &plan(Runtime::Provided, Code::Inline("x".into()))).unwrap_err();
    assert!(error.to_string().contains("python or nodejs"), "{error}");
}

#[test]
fn a_directory_is_used_where_it_is_and_needs_a_bootstrap() {
    let (directory, store) = store();
    let path = directory.path().join("function");
    fs::create_dir(&path).unwrap();
    let plan =
        |fingerprint| plan(Runtime::Provided, Code::Path { path: path.clone(), fingerprint });
    let error = ready(&store, &plan(1)).unwrap_err();
    assert!(matches!(error, CodeError::NoBootstrap(_)), "{error}");
    fs::write(path.join("bootstrap"), "#!/bin/sh").unwrap();
    let error = ready(&store, &plan(1)).unwrap_err();
    assert!(matches!(error, CodeError::BootstrapMode(_)), "{error}");
    fs::set_permissions(path.join("bootstrap"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(ready(&store, &plan(1)).unwrap().path, fs::canonicalize(&path).unwrap());
}

#[test]
fn a_package_is_unpacked_once_for_each_fingerprint_and_old_ones_go() {
    let (directory, store) = store();
    let package = package(|zip| entry(zip, "bootstrap", 0o755, "#!/bin/sh"));
    let plan = |fingerprint| {
        let path = package.path().to_owned();
        plan(Runtime::Provided, Code::Path { path, fingerprint })
    };
    let first = ready(&store, &plan(0)).unwrap();
    assert!(Rc::ptr_eq(&first, &ready(&store, &plan(0)).unwrap()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for fingerprint in 1..40 {
        runtime.block_on(store.ready(&plan(fingerprint))).unwrap();
    }
    // What is removed beside takes its time.
    let kept = || fs::read_dir(directory.path().join("code")).unwrap().count();
    let started = std::time::Instant::now();
    while kept() > CODE_KEPT_MAX && started.elapsed() < std::time::Duration::from_secs(20) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    drop(runtime);
    assert!(first.path.join("bootstrap").exists(), "in use");
    assert_eq!(kept(), CODE_KEPT_MAX);
}

#[test]
fn code_that_is_not_there_is_said_to_be_missing() {
    let (_directory, store) = store();
    let code = Code::Path { path: "/no/such/place".into(), fingerprint: 1 };
    let error = ready(&store, &plan(Runtime::Provided, code)).unwrap_err();
    assert!(error.to_string().contains("/no/such/place"), "{error}");
}
