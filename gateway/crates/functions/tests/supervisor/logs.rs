//! What functions write, and the platform between.

use std::time::{Duration, Instant};

use gateway_functions::{Exit, NoticeKind, PlatformEvent};

use super::stage::{Stage, containments, processes_with, wait_for};

const ID: [u8; 36] = *b"8f507cfc-1111-4697-b07a-ac58fc914c95";

fn end(error: Option<&str>) -> PlatformEvent {
    PlatformEvent::End {
        request_id: ID,
        duration: Duration::from_millis(12),
        init: None,
        error: error.map(str::to_owned),
    }
}

#[test]
fn lines_come_as_they_were_written() {
    let stage = Stage::new();
    let environment = stage.script(
        r"printf 'one\n\ntw'; sleep 0.1; printf 'o\r\n'; printf '\377\000x\n' >&2; printf last",
    );
    assert_eq!(stage.exit_of(environment), Exit::Status(0));
    assert_eq!(stage.lines(), ["one", "", "two", "\u{fffd}\0x", "last"]);
}

#[test]
fn ten_megabytes_come_whole_and_others_are_not_stalled() {
    for containment in containments() {
        let stage = Stage::with(Some(containment));
        let loud = stage.script(
            "yes 0123456789012345678901234567890123456789 | head -c 10485760; echo; echo end",
        );
        let since = Instant::now();
        let quiet = stage.script("echo quiet");
        for _ in 0..2 {
            let (environment, ended) = stage.notice();
            let is_ok = matches!(ended, NoticeKind::Exited(Exit::Status(0)));
            assert!(is_ok && [loud, quiet].contains(&environment), "{environment:?} {ended:?}");
        }
        println!("10 MB took {:?}", since.elapsed());
        let lines = stage.lines();
        let full = lines.iter().filter(|line| line.len() == 40).count();
        let last = &lines[lines.len() - 3..];
        assert_eq!(full, 10_485_760 / 41, "{containment:?}: {} lines, {last:?}", lines.len());
        assert_eq!(lines.iter().filter(|line| *line == "end" || *line == "quiet").count(), 2);
    }
}

#[test]
fn platform_lines_stand_around_what_the_function_says() {
    let stage = Stage::new();
    let marker = 1_900_000 + std::process::id() % 100_000;
    let environment = stage.script(&format!(
        "while [ ! -e $LAMBDA_TASK_ROOT/go ]; do sleep 0.02; done; printf said; exec sleep {marker}"
    ));
    stage.log(environment, PlatformEvent::Start { request_id: ID });
    stage.line("START RequestId: ");
    let code = stage.directory.path().join("code-1");
    std::fs::write(code.join("go"), "").unwrap();
    // It is in the pipe without an end by then, and shows with the end of the invocation that it belongs to.
    let sleeps = format!("sleep {marker}");
    wait_for(|| (processes_with(&sleeps).len() == 1).then_some(())).unwrap();
    stage.log(environment, end(None));
    stage.line("REPORT RequestId: ");
    let lines = stage.lines();
    let said = lines.iter().position(|line| line == "said").expect("flushed at the end");
    assert!(lines[said + 1].starts_with("END RequestId: 8f507cfc-"), "{lines:#?}");
    assert!(lines[said + 2].contains("Memory Size: 128 MB\tMax Memory Used: "));
    assert!(!lines[said + 2].contains("Max Memory Used: 0 MB"), "measured: {lines:#?}");
    stage.kill(environment);
    stage.exit_of(environment);
    // The shard says what became of the invocation after it has heard of the end.
    stage.log(environment, end(Some("Runtime exited with error: signal: killed")));
    stage.line("RequestId: 8f507cfc-1111-4697-b07a-ac58fc914c95 Error: Runtime exited with error: signal: killed");
}
