//! A million API keys from one file: in bounded time, and little memory a key. A debug build, where
//! the time says nothing, reads a tenth.

use gateway_definition::api_keys::import;
use std::io::{BufReader, Read};
use std::time::{Duration, Instant};

const KEYS: usize = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };

/// A key file that is made while it is read, so that nobody holds the whole.
struct KeyFile {
    next: usize,
    row: Vec<u8>,
    read: usize,
}

impl Read for KeyFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.row.len() && self.next < KEYS {
            let index = self.next;
            let random = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let row = format!("name{index:08},{random:020x}{index:020},A key,TRUE,gold\n");
            (self.next, self.row, self.read) = (index + 1, row.into_bytes(), 0);
        }
        let len = buffer.len().min(self.row.len() - self.read);
        buffer[..len].copy_from_slice(&self.row[self.read..self.read + len]);
        self.read += len;
        Ok(len)
    }
}

#[test]
fn many_keys_are_read_soon_and_take_little() {
    let read = || {
        let head = b"Name,key,description,Enabled,usageplanIds\n".to_vec();
        let file = KeyFile { next: 0, row: head, read: 0 };
        let started = Instant::now();
        let read = import("keys.csv", BufReader::with_capacity(1 << 16, file));
        (read, started.elapsed())
    };
    let soon = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 3 });
    let ((mut keys, mut diagnostics), mut took) = read();
    // Other tests and builds may share the cores: the quickest of five counts.
    for _ in 1..5 {
        if took >= soon {
            let (again, next) = read();
            ((keys, diagnostics), took) = (again, took.min(next));
        }
    }
    let bytes = keys.memory_bytes() as f64 / KEYS as f64;
    println!("{KEYS} keys: {took:?}, {bytes:.1} bytes a key");
    assert_eq!(diagnostics, []);
    assert_eq!(keys.len(), KEYS);
    let last = keys.key(KEYS - 1).expect("the last key");
    let name = format!("name{:08}", KEYS - 1);
    assert_eq!((last.name, last.line as usize), (name.as_str(), KEYS + 1));
    // With the table of keys (95 bytes) there is room for a membership below 300 bytes.
    assert!(bytes <= 100.0, "{bytes} bytes a key");
    assert!(took < soon, "took {took:?}");
}
