use super::*;

fn program(directory: &Path, name: &str, text: &str) {
    make_directory(directory).unwrap();
    fs::write(directory.join(name), text).unwrap();
    fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

fn python() -> Runtime {
    Runtime::Python { version: "3.12".into() }
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let missing = MissingInterpreter { runtime: name(&python()), looked_for: programs(&python()) };
    assert_eq!(
        missing.to_string(),
        "no interpreter for python3.12: no working python3.12 or python3 on PATH; install python3, or put it on PATH"
    );
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(find(&[directory.path().to_owned()], "python3", &python()), None);
}

#[test]
fn a_script_is_asked_for_what_it_starts() {
    let directory = tempfile::tempdir().unwrap();
    let (shims, broken) = (directory.path().join("shims"), directory.path().join("broken"));
    let real = directory.path().join("real/python3");
    program(&directory.path().join("real"), "python3", "\x7fELF");
    program(&shims, "python3", &format!("#!/bin/sh\necho {}\n", real.display()));
    program(&broken, "python3", "#!/bin/sh\nexit 127\n");
    assert_eq!(find(std::slice::from_ref(&shims), "python3", &python()), Some(real.clone()));
    assert_eq!(find(&[broken, shims], "python3", &python()), Some(real), "the next on PATH");
}

#[test]
fn runtimes_have_their_names() {
    assert_eq!(name(&python()), "python3.12");
    assert_eq!(name(&Runtime::NodeJs { version: "20".into() }), "nodejs20.x");
    assert_eq!(name(&Runtime::NodeJs { version: "20.x".into() }), "nodejs20.x");
}

#[test]
fn provided_runtimes_need_no_interpreter() {
    assert_eq!(interpreter(&Runtime::Provided), Ok(PathBuf::new()));
}
