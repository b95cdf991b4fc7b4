//! Nothing outlives its environment, and no environment takes more than it has.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use gateway_compile::Runtime;
use gateway_functions::{Containment, Exit};

use super::stage::{
    LAUNCHER, Stage, containments, nowhere, plan, processes_with, wait_for, wait_for_none_with,
    write_file,
};

/// A process that has left its parent, its session and its environment, found by `marker`.
fn daemon(marker: u32) -> String {
    format!("(env -i setsid sh -c 'env -i setsid sleep {marker} & sleep {marker}' &) ; echo up")
}

/// A number of seconds that no other process of this machine sleeps.
fn marker(test: u32) -> u32 {
    1_000_000 + test * 100_000 + std::process::id() % 100_000
}

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[track_caller]
fn wait_for_daemon(marker: u32) {
    let sleeps = format!("sleep {marker}");
    let up = || (processes_with(&sleeps).len() >= 2).then_some(());
    wait_for(up).unwrap_or_else(|| panic!("no daemon: {:?}", processes_with(&sleeps)));
}

#[test]
fn daemons_end_when_the_environment_is_killed() {
    for containment in containments() {
        let (stage, marker) = (Stage::with(Some(containment)), marker(1));
        let environment = stage.script(&format!("{}; sleep 60", daemon(marker)));
        wait_for_daemon(marker);
        stage.kill(environment);
        assert_eq!(stage.exit_of(environment), Exit::Signal(9));
        assert_eq!(processes_with(&marker.to_string()), [""; 0], "told when all have ended");
    }
}

#[test]
fn daemons_end_with_the_runtime() {
    for containment in containments() {
        let (stage, marker) = (Stage::with(Some(containment)), marker(2));
        let script = format!(
            "{}; while [ ! -e $LAMBDA_TASK_ROOT/go ]; do sleep 0.02; done; exit 4",
            daemon(marker)
        );
        let environment = stage.script(&script);
        wait_for_daemon(marker);
        let code = stage.directory.path().join("code-1");
        write_file(&code, "go", "");
        // The daemons hold the pipes of the function's output open until they end.
        assert_eq!(stage.exit_of(environment), Exit::Status(4));
        assert_eq!(processes_with(&marker.to_string()), [""; 0]);
    }
}

#[test]
fn daemons_end_with_the_supervisor() {
    for containment in containments() {
        let (mut stage, marker) = (Stage::with(Some(containment)), marker(3));
        stage.script(&format!("{}; sleep 60", daemon(marker)));
        wait_for_daemon(marker);
        stage.end();
        assert_eq!(processes_with(&marker.to_string()), [""; 0]);
    }
}

#[test]
fn nothing_survives_a_gateway_that_is_killed() {
    for containment in containments() {
        let marker = marker(4);
        let directory = tempfile::tempdir().unwrap();
        let code = directory.path().join("code");
        std::fs::create_dir(&code).unwrap();
        write_file(&code, "bootstrap", &format!("#!/bin/sh\n{}; sleep {marker}\n", daemon(marker)));
        let name = if containment == Containment::Tree { "tree" } else { "namespace" };
        let functions = directory.path().join("functions");
        let gateway = Command::new(LAUNCHER)
            .args(["run", name])
            .args([&functions, &code])
            .stdout(Stdio::null())
            .spawn();
        let gateway = Killed(gateway.unwrap());
        wait_for_daemon(marker);
        drop(gateway);
        wait_for_none_with(&marker.to_string());
        let launchers = || {
            let all = processes_with("function-environment");
            all.iter().all(|line| !line.contains(&*functions.to_string_lossy())).then_some(())
        };
        wait_for(launchers).unwrap();
        // What it left on disk goes with the next one that uses the directory.
        assert!(std::fs::read_dir(&functions).unwrap().count() > 1);
        let stage = Stage::of(None, |settings| settings.directory = functions.clone());
        let is_clean = || (std::fs::read_dir(&functions).unwrap().count() == 2).then_some(());
        wait_for(is_clean).expect("a lock and its own part");
        drop(stage);
        assert!(!functions.exists());
    }
}

#[test]
fn a_function_that_kills_its_launcher_gains_nothing() {
    for containment in containments() {
        let (stage, marker) = (Stage::with(Some(containment)), marker(5));
        let script = format!("{}; sleep 0.3; kill -9 $PPID; sleep 0.1; exit 5", daemon(marker));
        let environment = stage.script(&script);
        let exit = stage.exit_of(environment);
        // In a namespace of its own the launcher cannot be killed from within.
        let expect =
            if containment == Containment::Tree { Exit::Signal(9) } else { Exit::Status(5) };
        assert_eq!(exit, expect);
        wait_for_none_with(&marker.to_string());
    }
}

#[test]
fn a_function_that_takes_too_much_memory_is_killed() {
    for containment in containments() {
        let stage = Stage::with(Some(containment));
        let code = stage.code("bootstrap", "#!/bin/sh\n# Doubles until it is killed.\nx=0123456789abcdef\nwhile :; do x=$x$x; done\n");
        let since = Instant::now();
        let environment = stage.start(plan(Runtime::Provided, code), nowhere());
        let exit = stage.exit_of(environment);
        // On a busy machine it may meet the limit of its data before anybody has looked: then the shell gives up.
        let is_ended = matches!(exit, Exit::Signal(9) | Exit::Status(2));
        assert!(is_ended, "{exit:?} after {:?}: {:?}", since.elapsed(), stage.lines());
    }
}

#[test]
fn memory_of_children_counts() {
    let stage = Stage::new();
    let environment = stage.script(
        "hog() { x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do x=$x$x; done; sleep 60; }\n\
         hog & hog & hog & wait",
    );
    assert_eq!(stage.exit_of(environment), Exit::Signal(9));
}

#[test]
fn a_fork_bomb_is_bounded() {
    for containment in containments() {
        let (stage, marker) = (Stage::with(Some(containment)), marker(6));
        // No process of it ends before all do.
        let script = format!("bomb() {{ while :; do sleep {marker} & done; }}; bomb & bomb & wait");
        let environment = stage.script(&script);
        assert_eq!(stage.exit_of(environment), Exit::Signal(9));
        wait_for_none_with(&marker.to_string());
    }
}
