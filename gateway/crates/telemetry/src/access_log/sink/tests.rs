use super::*;

/// Takes `room` bytes at most, a few at a time, then is full.
struct Disk {
    bytes: Vec<u8>,
    room: usize,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.room).min(3);
        if len == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.room -= len;
        self.bytes.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn full_disk_costs_only_the_lines_that_did_not_fit() {
    for (room, lost, after) in [
        (12, 0, "one\ntwo\nsix\nnew\n"),
        (8, 1, "one\ntwo\nnew\n"),
        (6, 2, "one\ntw\nnew\n"),
        (0, 3, "new\n"),
    ] {
        let bytes = Vec::new();
        let mut stream = LineStream::new(Disk { bytes, room });
        let result = stream.write(b"one\ntwo\nsix\n");
        let lines_lost = result.err().map_or(0, |failure| failure.lines_lost);
        assert_eq!(lines_lost, lost, "room for {room}");
        stream.inner.room = usize::MAX;
        stream.write(b"new\n").expect("there is room again");
        assert_eq!(String::from_utf8_lossy(&stream.inner.bytes), after);
    }
}

#[test]
fn torn_line_is_not_continued_while_the_disk_is_full() {
    let bytes = Vec::new();
    let mut stream = LineStream::new(Disk { bytes, room: 2 });
    stream.write(b"one\n").expect_err("full");
    let failure = stream.write(b"two\nsix\n").expect_err("still full");
    assert_eq!(failure.lines_lost, 2);
    stream.inner.room = usize::MAX;
    stream.write(b"new\n").expect("there is room again");
    assert_eq!(stream.inner.bytes, b"on\nnew\n");
}

#[test]
fn journal_gets_an_entry_per_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let journald = UnixDatagram::bind(&path).expect("a socket");
    let mut journal = Journal::new(&path).expect("a socket");
    journal.write(b"first\nsecond = 2\n").expect("sent");
    for message in ["first", "second = 2"] {
        let mut entry = [0; 256];
        let len = journald.recv(&mut entry).expect("an entry");
        let expected = format!("PRIORITY=6\nSYSLOG_IDENTIFIER=gateway\nMESSAGE={message}\n");
        assert_eq!(String::from_utf8_lossy(&entry[..len]), expected);
    }
}

#[test]
fn absent_journal_costs_its_lines_and_may_come_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let mut journal = Journal::new(&path).expect("a socket");
    let failure = journal.write(b"a\nb\n").expect_err("nobody listens");
    assert_eq!(failure.lines_lost, 2);
    let journald = UnixDatagram::bind(&path).expect("a socket");
    journal.write(b"c\n").expect("somebody listens");
    assert!(journald.recv(&mut [0; 256]).expect("an entry") > 0);
}

#[test]
fn line_too_long_for_the_journal_is_lost_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let journald = UnixDatagram::bind(&path).expect("a socket");
    let mut journal = Journal::new(&path).expect("a socket");
    let long = "x".repeat(16 << 20);
    let lines = format!("a\n{long}\nb\n");
    let failure = journal.write(lines.as_bytes()).expect_err("too long");
    assert_eq!(failure.lines_lost, 1);
    for _ in 0..2 {
        assert!(journald.recv(&mut [0; 256]).expect("an entry") > 0);
    }
}
