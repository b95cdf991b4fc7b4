use std::sync::Mutex;
use std::time::Duration;

use gateway_compile::{Code, Runtime};

use super::*;

#[derive(Default)]
struct Kept {
    lines: Mutex<Vec<String>>,
    takes: Duration,
}

impl LogSink for Kept {
    fn line(&self, line: LogLine<'_>) {
        std::thread::sleep(self.takes);
        self.lines.lock().unwrap().push(String::from_utf8_lossy(line.text).into_owned());
    }
}

fn journal(sink: Arc<Kept>) -> Journal {
    let plan = FunctionPlan {
        name: "hello".into(),
        version: "$LATEST".into(),
        arn: "".into(),
        region: "eu-west-1".into(),
        runtime: Runtime::Provided,
        handler: "".into(),
        code: Code::Inline("".into()),
        environment: Vec::new(),
        timeout_ms: 3000,
        memory_mb: 128,
        reserved_concurrency: None,
    };
    Journal::new(&plan, sink)
}

const ID: [u8; 36] = *b"8f507cfc-xmpl-4697-b07a-ac58fc914c95";

#[track_caller]
fn check(event: &PlatformEvent, expect: &[&str]) {
    let sink = Arc::new(Kept::default());
    let journal = journal(sink.clone());
    journal.used(34 * 1024 * 1024 + 1);
    journal.platform(event, 0);
    assert_eq!(*sink.lines.lock().unwrap(), expect);
}

#[test]
fn platform_lines_are_lambdas() {
    check(
        &PlatformEvent::Start { request_id: ID },
        &["START RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95 Version: $LATEST"],
    );
    check(
        &PlatformEvent::End {
            request_id: ID,
            duration: Duration::from_micros(1230),
            init: Some(Duration::from_micros(80_110)),
            error: None,
        },
        &[
            "END RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95",
            "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 35 MB\tInit Duration: 80.11 ms\t",
        ],
    );
}

#[test]
fn failures_are_said_before_the_end() {
    let sink = Arc::new(Kept::default());
    let end = |error: &str| PlatformEvent::End {
        request_id: ID,
        duration: Duration::from_secs(3),
        init: None,
        error: Some(error.to_owned()),
    };
    journal(sink.clone()).platform(&end("Task timed out after 3.00 seconds"), 0);
    journal(sink.clone()).platform(&end("Runtime exited with error: exit status 1"), 0);
    let lines = sink.lines.lock().unwrap();
    assert!(
        lines[0]
            .ends_with("Z 8f507cfc-xmpl-4697-b07a-ac58fc914c95 Task timed out after 3.00 seconds")
    );
    assert!(
        lines[2].ends_with("\tStatus: timeout") && lines[2].contains("Billed Duration: 3000 ms")
    );
    assert!(lines[3].ends_with("Error: Runtime exited with error: exit status 1"));
    assert!(lines[5].ends_with("\tStatus: error\tError Type: Runtime.ExitError"));
}

#[test]
fn lines_that_a_slow_log_has_no_time_for_are_counted() {
    let sink = Arc::new(Kept { takes: SINK_SLOW + Duration::from_millis(10), ..Kept::default() });
    let journal = journal(sink.clone());
    journal.output(|line| line(b"slow"));
    journal.output(|line| (0..7).for_each(|_| line(b"more")));
    journal.end_pause();
    assert_eq!(*sink.lines.lock().unwrap(), ["slow", "[7 lines dropped: the log did not keep up]"]);
}

#[test]
fn groups_and_streams_are_named_as_on_aws() {
    let journal = journal(Arc::default());
    assert_eq!(journal.group, "/aws/lambda/hello");
    let (date, id) = journal.stream.split_once("/[$LATEST]").unwrap();
    assert_eq!((date.len(), id.len()), (10, 32));
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));
}
