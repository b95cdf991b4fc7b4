//! In steady state a request's counters and log line allocate nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_telemetry::log_format::presets;
use gateway_telemetry::{
    AccessLog, BuildInfo, LogFormat, LogRecord, Registry, SinkConfig, StageLabels, ValueWriter,
    Variable,
};

struct Record {
    number: u64,
}

impl LogRecord for Record {
    fn write(&self, variable: &Variable, out: &mut ValueWriter<'_>) -> bool {
        match variable {
            Variable::RequestId => out.str("5b3f2c1e-0d77-4a6f-9a57-2d4b7c1d9e10"),
            Variable::RequestTime => out.clf_time(1_700_000_000 + self.number),
            Variable::Status => out.u64(200),
            Variable::ResponseLatency => out.millis(Duration::from_micros(self.number)),
            Variable::IdentityUserAgent => out.bytes(b"curl/8 \"quoted\" \xff"),
            Variable::ErrorMessageString => out.json_string("none"),
            _ => return false,
        }
        true
    }
}

#[test]
fn ten_thousand_requests_allocate_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("access.log");
    let log = AccessLog::new(vec![SinkConfig::File(path.clone())]).expect("opens");
    let build = BuildInfo { version: "0", os: "", arch: "" };
    let registry = Registry::new(build, 1, &["bad_host"]);
    let shard = &registry.shards()[0];
    let stage = registry.stage(0, &StageLabels::stage("a1", "pets", "prod"));
    let sinks = log.sinks();
    let mut shard_log = log.shard(Arc::clone(shard));
    let (format, _) = LogFormat::parse(presets::DEFAULT).expect("usable");

    let mut request = |number| {
        let micros = Duration::from_micros(number);
        stage.record(200, micros, Some(micros));
        shard.responses.increment(200);
        shard.refusals.increment("unknown reason");
        shard.downstream_sent_bytes.add(number);
        shard.connections_active.increment();
        shard.connections_active.decrement();
        let record = Record { number };
        shard_log.line(0, |out| format.render(&record, out));
        if number % 64 == 0 {
            shard_log.tick();
            // A loop without I/O outruns the writer, which a shard does not for long.
            let deadline = Instant::now() + Duration::from_secs(20);
            while sinks[0].written.value() + 64 < shard.access_log_lines.value() {
                assert!(Instant::now() < deadline, "the writer keeps up");
                std::thread::yield_now();
            }
        }
    };
    (0..1_000).for_each(&mut request);
    let counted = allocation_counter::measure(|| (1_000..11_000).for_each(&mut request));
    assert_eq!(counted.count_total, 0, "{counted:?}");

    drop(shard_log);
    log.shutdown(Duration::from_secs(20)).expect("written out");
    let text = std::fs::read_to_string(path).expect("written");
    assert_eq!(text.lines().count(), 11_000);
    assert_eq!(shard.access_log_dropped.value(), 0);
}
