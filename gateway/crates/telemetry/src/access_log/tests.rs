use super::*;
use crate::limits::{BATCH_BYTES_CAPACITY, FLUSH_BYTES, LINE_BYTES_MAX, SHARD_BATCHES_MAX};
use std::fs;

const SOON: Duration = Duration::from_secs(20);

fn metrics() -> Arc<ShardMetrics> {
    Arc::new(ShardMetrics::new(&[]))
}

fn write_line(log: &mut ShardLog, destination: usize, text: &str) {
    log.line(destination, |out| {
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    });
}

fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + SOON;
    while !is_true() {
        assert!(std::time::Instant::now() < deadline, "in time: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn shutdown_writes_every_line_of_every_shard_to_its_destination() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = ["a/b/one.log", "two.log"].map(|name| directory.path().join(name));
    let log = AccessLog::new(paths.iter().cloned().map(SinkConfig::File).collect()).expect("opens");
    std::thread::scope(|scope| {
        for shard in 0..4 {
            let mut shard_log = log.shard(metrics());
            scope.spawn(move || {
                for line in 0..5_000 {
                    write_line(&mut shard_log, line % 2, &format!("{shard}:{line}"));
                    if line % 100 == 0 {
                        shard_log.tick();
                    }
                }
            });
        }
    });
    let sinks = log.sinks();
    log.shutdown(SOON).expect("written out");
    for (destination, path) in paths.iter().enumerate() {
        let text = fs::read_to_string(path).expect("written");
        assert_eq!(text.lines().count(), 10_000);
        assert_eq!(sinks[destination].written.value(), 10_000);
        for shard in 0..4 {
            let prefix = format!("{shard}:");
            let lines = text.lines().filter_map(|line| line.strip_prefix(&prefix));
            let lines: Vec<usize> = lines.map(|line| line.parse().expect("whole")).collect();
            let expected: Vec<usize> = (destination..5_000).step_by(2).collect();
            assert_eq!(lines, expected, "in order, none lost, shard {shard}");
        }
    }
}

#[test]
fn lines_wait_for_the_tick_or_a_full_buffer() {
    let (queue, batches) = mpsc::sync_channel(QUEUE_BATCHES_MAX);
    let mut log = ShardLog::new(1, None, queue, metrics());
    write_line(&mut log, 0, "quiet");
    assert!(batches.try_recv().is_err());
    log.tick();
    assert!(matches!(batches.try_recv(), Ok(Message::Batch(batch)) if batch.bytes == b"quiet\n"));
    log.tick();
    assert!(batches.try_recv().is_err(), "an empty batch is not sent");
    let line = "x".repeat(1_023);
    (0..FLUSH_BYTES / 1_024).for_each(|_| write_line(&mut log, 0, &line));
    assert!(matches!(batches.try_recv(), Ok(Message::Batch(batch)) if batch.lines == 64));
}

/// Adds a full batch of four lines.
fn write_batch(log: &mut ShardLog) {
    let quarter = "x".repeat(FLUSH_BYTES / 4 - 1);
    (0..4).for_each(|_| write_line(log, 0, &quarter));
}

#[test]
fn full_queue_drops_full_batches_and_counts_their_lines() {
    let (queue, batches) = mpsc::sync_channel(2);
    let counts = metrics();
    let mut log = ShardLog::new(1, None, queue, Arc::clone(&counts));
    (0..5).for_each(|_| write_batch(&mut log));
    assert_eq!(counts.access_log_lines.value(), 20);
    assert_eq!(counts.access_log_dropped.value(), 12);
    write_line(&mut log, 0, "waits");
    log.tick();
    assert_eq!(batches.try_iter().count(), 2);
    log.tick();
    assert!(matches!(batches.try_recv(), Ok(Message::Batch(batch)) if batch.bytes == b"waits\n"));
    assert_eq!(counts.access_log_dropped.value(), 12, "there was room to wait");
}

#[test]
fn shard_has_a_bounded_number_of_buffers_away() {
    let (queue, batches) = mpsc::sync_channel(QUEUE_BATCHES_MAX);
    let counts = metrics();
    let mut log = ShardLog::new(1, None, queue, Arc::clone(&counts));
    (0..SHARD_BATCHES_MAX).for_each(|_| write_batch(&mut log));
    assert_eq!(counts.access_log_dropped.value(), 0);
    write_batch(&mut log);
    assert_eq!(counts.access_log_dropped.value(), 4);
    let Ok(Message::Batch(batch)) = batches.try_recv() else {
        panic!("a batch waits");
    };
    batch.home.try_send(batch.bytes).expect("a way home");
    write_batch(&mut log);
    assert_eq!(counts.access_log_dropped.value(), 4, "one buffer came back");
}

#[test]
fn every_one_of_many_destinations_gets_its_turn() {
    let count = 3 * SHARD_BATCHES_MAX;
    let (queue, batches) = mpsc::sync_channel(QUEUE_BATCHES_MAX);
    let counts = metrics();
    let mut log = ShardLog::new(count, None, queue, Arc::clone(&counts));
    let mut seen = vec![false; count];
    for _ in 0..count {
        (0..count).for_each(|destination| write_line(&mut log, destination, "line"));
        log.tick();
        for message in batches.try_iter() {
            let Message::Batch(batch) = message else {
                panic!("only batches are sent");
            };
            seen[batch.destination] = true;
            batch.home.try_send(batch.bytes).expect("a way home");
        }
    }
    assert_eq!(seen, vec![true; count]);
    drop(log);
    assert_eq!(counts.access_log_dropped.value(), 0);
}

#[test]
fn buffer_that_came_home_is_used_again() {
    let (queue, batches) = mpsc::sync_channel(QUEUE_BATCHES_MAX);
    let mut log = ShardLog::new(1, None, queue, metrics());
    let mut addresses = Vec::new();
    for _ in 0..10 {
        write_line(&mut log, 0, "line");
        log.tick();
        let Ok(Message::Batch(mut batch)) = batches.try_recv() else {
            panic!("a batch waits");
        };
        addresses.push(batch.bytes.as_ptr());
        assert_eq!(batch.bytes.capacity(), BATCH_BYTES_CAPACITY);
        batch.bytes.clear();
        batch.home.try_send(batch.bytes).expect("a way home");
        log.tick();
    }
    addresses.dedup();
    assert_eq!(addresses.len(), 1);
}

#[test]
fn line_longer_than_the_limit_is_cut() {
    let (queue, batches) = mpsc::sync_channel(1);
    let mut log = ShardLog::new(1, None, queue, metrics());
    write_line(&mut log, 0, &"x".repeat(2 * LINE_BYTES_MAX));
    let Ok(Message::Batch(batch)) = batches.try_recv() else {
        panic!("a long line fills a batch");
    };
    assert_eq!(batch.bytes.len(), LINE_BYTES_MAX);
    assert!(batch.bytes.ends_with(b"x\n"));
}

#[test]
fn lines_after_the_end_of_the_writer_are_dropped_and_counted() {
    let log = AccessLog::new(vec![SinkConfig::Null]).expect("opens");
    let counts = metrics();
    let mut shard_log = log.shard(Arc::clone(&counts));
    log.shutdown(SOON).expect("nothing to write");
    write_line(&mut shard_log, 0, "late");
    drop(shard_log);
    assert_eq!(counts.access_log_dropped.value(), 1);
}

#[test]
fn reopen_follows_a_rotation() {
    let directory = tempfile::tempdir().expect("a directory");
    let (path, rotated) = (directory.path().join("log"), directory.path().join("log.1"));
    let log = AccessLog::new(vec![SinkConfig::File(path.clone())]).expect("opens");
    let mut shard_log = log.shard(metrics());
    write_line(&mut shard_log, 0, "before");
    shard_log.tick();
    let sinks = log.sinks();
    wait_until("the first line is written", || sinks[0].written.value() == 1);
    fs::rename(&path, &rotated).expect("renamed");
    log.reopen();
    write_line(&mut shard_log, 0, "after");
    drop(shard_log);
    log.shutdown(SOON).expect("written out");
    assert_eq!(fs::read_to_string(rotated).expect("there"), "before\n");
    assert_eq!(fs::read_to_string(path).expect("there"), "after\n");
}

#[test]
fn failing_sink_is_counted_and_others_go_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let good = directory.path().join("good");
    let full = SinkConfig::File("/dev/full".into());
    let log = AccessLog::new(vec![full, SinkConfig::File(good.clone())]).expect("opens");
    let mut shard_log = log.shard(metrics());
    (0..7).for_each(|_| write_line(&mut shard_log, 0, "lost"));
    write_line(&mut shard_log, 1, "kept");
    drop(shard_log);
    let sinks = log.sinks();
    log.shutdown(SOON).expect("written out");
    assert_eq!((sinks[0].written.value(), sinks[0].failed.value()), (0, 7));
    assert_eq!((sinks[1].written.value(), sinks[1].failed.value()), (1, 0));
    assert_eq!(fs::read_to_string(good).expect("there"), "kept\n");
}

#[test]
fn file_that_cannot_be_opened_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    fs::write(&file, "").expect("written");
    let path = file.join("below/log");
    let error = AccessLog::new(vec![SinkConfig::File(path.clone())]).expect_err("not a directory");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn blocked_writer_does_not_hold_up_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let _journald = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
    let log = AccessLog::new(vec![SinkConfig::Journal(path)]).expect("opens");
    let mut shard_log = log.shard(metrics());
    // Nobody reads the socket, so its queue fills and the writer waits for room.
    for _ in 0..2_000 {
        write_line(&mut shard_log, 0, "line");
    }
    drop(shard_log);
    assert_eq!(log.shutdown(Duration::from_millis(50)), Err(Unfinished));
}

#[test]
fn records_go_to_their_groups_and_lines_to_their_sinks() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("lines.log");
    let taken: Arc<Mutex<Vec<(String, String, String)>>> = Arc::default();
    let into = Arc::clone(&taken);
    let groups = Groups::new(move |stream, records| {
        let mut taken = into.lock().expect("whole");
        taken.extend(records.iter().map(|record| {
            let text = String::from_utf8_lossy(record.text).into_owned();
            (stream.to_owned(), record.group.to_owned(), text)
        }));
        records[0].group != "refused"
    });
    let sinks = vec![SinkConfig::File(file.clone()), SinkConfig::Groups(groups)];
    let log = AccessLog::new(sinks).expect("opens");
    let sinks = log.sinks();
    let mut shard_log = log.shard(metrics()).with_stream("of-shard-0");
    let mut others = log.shard(metrics()).with_stream("of-shard-1");
    write_line(&mut shard_log, 0, "a line");
    shard_log.record("a", 5, |out| out.extend_from_slice(b"one"));
    shard_log.record("refused", 6, |out| out.extend_from_slice(b"two"));
    shard_log.tick();
    wait_until("the first", || sinks[1].written.value() == 1 && sinks[1].failed.value() == 1);
    others.record("a", 7, |out| out.extend_from_slice(b"three"));
    drop((shard_log, others));
    log.shutdown(SOON).expect("in time");
    let expect = [
        ("of-shard-0", "a", "one"),
        ("of-shard-0", "refused", "two"),
        ("of-shard-1", "a", "three"),
    ];
    let expect = expect.map(|(s, g, t)| (s.to_owned(), g.to_owned(), t.to_owned()));
    assert_eq!(*taken.lock().expect("whole"), expect);
    assert_eq!(fs::read_to_string(file).expect("there"), "a line\n");
}

#[test]
fn without_a_sink_for_groups_records_are_forgotten() {
    let log = AccessLog::new(vec![SinkConfig::Null]).expect("opens");
    let mut shard_log = log.shard(metrics());
    shard_log.record("a", 5, |_| panic!("nobody reads it"));
    drop(shard_log);
    log.shutdown(SOON).expect("in time");
}
