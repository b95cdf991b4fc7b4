//! Environments start with what AWS documents, and say why they do not.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use gateway_compile::{Code, Runtime};
use gateway_functions::Exit;

use super::stage::{Stage, containments, nowhere, plan, wait_for};

#[test]
fn a_status_and_a_signal_are_told_as_they_were() {
    for containment in containments() {
        let stage = Stage::with(Some(containment));
        let environment = stage.script("exit 7");
        assert_eq!(stage.exit_of(environment), Exit::Status(7));
        let environment = stage.script("kill -11 $$");
        assert_eq!(stage.exit_of(environment), Exit::Signal(11));
        let environment = stage.script("echo ready; exec sleep 60");
        stage.line("ready");
        stage.kill(environment);
        assert_eq!(stage.exit_of(environment), Exit::Signal(9));
    }
}

#[test]
fn the_gateway_goes_first() {
    let own = rustix::process::getpriority_process(None).unwrap();
    let stage = Stage::new();
    let environment = stage.script("nice; (nice)");
    assert_eq!(stage.exit_of(environment), Exit::Status(0));
    let niceness = (own + 10).min(19).to_string();
    assert_eq!(stage.lines(), [&*niceness, &*niceness]);
}

#[test]
fn the_environment_is_what_aws_documents_and_nothing_else() {
    let stage = Stage::new();
    let code = stage.code("bootstrap", "#!/bin/sh\nexec env\n");
    let mut function = plan(Runtime::Provided, code);
    function.environment.push(("AWS_REGION".into(), "mars".into()));
    function.environment.push(("TZ".into(), ":Europe/Helsinki".into()));
    let runtime_api = nowhere();
    let environment = stage.start(function, runtime_api);
    assert_eq!(stage.exit_of(environment), Exit::Status(0));
    let lines = stage.lines();
    let reserved = "[WARN] environment variable AWS_REGION is reserved by Lambda and not set";
    assert!(lines.iter().any(|line| line == reserved));
    let variables: BTreeMap<&str, &str> =
        lines.iter().filter_map(|line| line.split_once('=')).collect();
    // The shell's own, and what stands in for mounts where they are not permitted.
    let is_own = |name: &&str| !["PWD", "TMPDIR"].contains(name);
    let names: Vec<&str> = variables.keys().copied().filter(is_own).collect();
    assert_eq!(
        names,
        [
            "AWS_DEFAULT_REGION",
            "AWS_ENDPOINT_URL",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            "AWS_LAMBDA_LOG_GROUP_NAME",
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_REGION",
            "GREETING",
            "LAMBDA_RUNTIME_DIR",
            "LAMBDA_TASK_ROOT",
            "LANG",
            "LD_LIBRARY_PATH",
            "PATH",
            "TZ",
            "_HANDLER",
        ]
    );
    assert_eq!(variables["AWS_REGION"], "eu-west-1");
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    assert_eq!(variables["AWS_LAMBDA_LOG_GROUP_NAME"], "/aws/lambda/hello");
    assert_eq!(variables["AWS_LAMBDA_LOG_STREAM_NAME"], stage.streams()[0]);
    assert_eq!(variables["AWS_LAMBDA_RUNTIME_API"], runtime_api.to_string());
    assert_eq!(variables["TZ"], ":Europe/Helsinki");
    assert_eq!(variables["GREETING"], "hei");
    assert_eq!(variables["PWD"], variables["LAMBDA_TASK_ROOT"]);
}

#[test]
fn each_environment_has_a_tmp_of_its_own_and_leaves_nothing() {
    let mut stage = Stage::new();
    let outside = format!("/tmp/own-tmp-{}", std::process::id());
    let script = format!(
        "ls /tmp | grep -c own-tmp; touch {outside}; echo done; touch no; ls $LAMBDA_TASK_ROOT"
    );
    for round in 1..=2 {
        let environment = stage.script(&script);
        assert_eq!(stage.exit_of(environment), Exit::Status(0));
        let lines = stage.lines();
        if containments().len() == 2 {
            assert_eq!(lines.iter().filter(|line| *line == "0").count(), round, "{lines:?}");
            assert!(!std::path::Path::new(&outside).exists());
            assert!(!lines.contains(&"no".to_owned()), "code is read-only: {lines:?}");
        }
    }
    let functions = stage.directory.path().join("functions");
    assert!(functions.exists());
    stage.end();
    assert!(!functions.exists(), "removed with the last supervisor");
}

#[test]
fn limits_are_lambdas() {
    let stage = Stage::new();
    let environment = stage.script(
        "ulimit -n; ulimit -c; grep -E 'NoNewPrivs|CapEff' /proc/self/status; ps -o sid= $$ || true; ls -l /proc/self/fd",
    );
    assert_eq!(stage.exit_of(environment), Exit::Status(0));
    let lines = stage.lines();
    assert_eq!(lines[..2], ["1024", "0"]);
    assert!(lines.contains(&"NoNewPrivs:\t1".to_owned()), "{lines:?}");
    assert!(lines.contains(&"CapEff:\t0000000000000004".to_owned()) || !is_root(), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("socket:")), "no way to the gateway: {lines:?}");
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn functions_run_as_the_user_that_the_operator_named() {
    if !is_root() {
        return println!("left out: functions_run_as_the_user_that_the_operator_named (not root)");
    }
    for containment in containments() {
        let stage = Stage::of(Some(containment), |settings| settings.user = Some("65534".into()));
        let environment =
            stage.script("echo $(id -u):$(id -g):$(id -G); touch ${TMPDIR:-/tmp}/x && echo wrote");
        assert_eq!(stage.exit_of(environment), Exit::Status(0), "{:?}", stage.lines());
        assert_eq!(stage.lines(), ["65534:65534:65534", "wrote"]);
    }
}

#[test]
fn what_cannot_start_says_why() {
    let stage = Stage::new();
    let code = stage.code("other", "");
    stage.start(plan(Runtime::Provided, code), nowhere());
    assert!(stage.start_failure().contains("no file `bootstrap` in "));
    let missing = Code::Path { path: "/no/such/code".into(), fingerprint: 0 };
    stage.start(plan(Runtime::Provided, missing), nowhere());
    assert!(stage.start_failure().contains("/no/such/code"));
    let code = stage.code("bootstrap", "#!/no/such/interpreter\n");
    stage.start(plan(Runtime::Provided, code), nowhere());
    assert!(stage.start_failure().contains("bootstrap: No such file"));
    // Its owner looks into the function's log, not into the gateway's.
    let lines = stage.lines();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].starts_with("[ERROR] The environment could not start: no file `bootstrap`"));
}

#[test]
fn a_launcher_that_is_missing_is_a_start_that_failed() {
    let stage = Stage::of(None, |settings| settings.launcher = "/no/such/gateway".into());
    stage.script("exit 0");
    assert!(stage.start_failure().contains("cannot start /no/such/gateway"));
}

#[test]
fn two_supervisors_share_a_directory() {
    let one = Stage::new();
    let shared = one.directory.path().join("functions");
    let mut other = Stage::of(None, |settings| settings.directory = shared);
    let environments = [one.script("sleep 60"), other.script("echo up; sleep 60")];
    other.line("up");
    other.end();
    assert_eq!(other.exit_of(environments[1]), Exit::Signal(9));
    one.kill(environments[0]);
    assert_eq!(one.exit_of(environments[0]), Exit::Signal(9), "its directory is still there");
    let environment = one.script("exit 3");
    assert_eq!(one.exit_of(environment), Exit::Status(3));
}

#[test]
fn two_hundred_starts_and_ends_leave_nothing() {
    let stage = Stage::new();
    let code = stage.code("bootstrap", "#!/bin/sh\nsleep 0.01 &\nexec sleep 60\n");
    let function = plan(Runtime::Provided, code);
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let round = || {
        let environments: Vec<_> =
            (0..8).map(|_| stage.start(function.clone(), nowhere())).collect();
        environments.iter().for_each(|environment| stage.kill(*environment));
        environments.iter().for_each(|_| drop(stage.notice()));
    };
    round();
    let ended = || {
        let functions = stage.directory.path().join("functions");
        let part =
            std::fs::read_dir(functions).unwrap().flatten().find(|e| e.path().is_dir()).unwrap();
        let left = std::fs::read_dir(part.path().join("environments")).unwrap().count();
        (left == 0).then_some(())
    };
    wait_for(ended).unwrap();
    let before = descriptors();
    (0..25).for_each(|_| round());
    wait_for(ended).expect("no environment's directory is left");
    // Other tests of this process open some as well.
    let back = wait_for(|| (descriptors() <= before + 40).then_some(()));
    assert!(back.is_some(), "{before} descriptors before, {} now", descriptors());
}

#[test]
fn what_a_killed_gateway_left_is_gone_soon_after_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let functions = directory.path().join("functions");
    let left = functions.join("gateway-1-0/code/package");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(functions.join("gateway-1-0/lock"), "").unwrap();
    std::fs::write(left.join("index.py"), "").unwrap();
    let _stage = Stage::of(None, |settings| settings.directory.clone_from(&functions));
    // The lock and the stage's own part.
    let is_gone = || (std::fs::read_dir(&functions).unwrap().count() == 2).then_some(());
    assert!(wait_for(is_gone).is_some(), "what was left is still there");
}
