//! Records on their way to log groups: a group, a time and a text each, one behind the other in a batch.
//!
//! A record is the length of its text in four bytes, that of its group's name in two, the time in eight, all little-endian; then
//! the name and the text. Batches never leave the process.

use std::fmt;
use std::sync::Arc;

use crate::limits::LINE_BYTES_MAX;

/// The head of a record, in bytes.
const HEAD_BYTES: usize = 4 + 2 + 8;

/// One line for a log group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'r> {
    /// The group.
    pub group: &'r str,
    /// Its time, in milliseconds since 1970.
    pub unix_ms: u64,
    /// The line, without its end.
    pub text: &'r [u8],
}

/// Takes consecutive records of one group, with the name of their stream; says whether it did. Called on the writer thread.
type Take = dyn Fn(&str, &[Record<'_>]) -> bool + Send + Sync;

/// Where records go.
#[derive(Clone)]
pub struct Groups(Arc<Take>);

impl Groups {
    /// Gives records to `take`: the name of their stream, and those that follow each other with the same group.
    pub fn new(take: impl Fn(&str, &[Record<'_>]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Gives all records of a batch; says how many were not taken, if any.
    pub(super) fn write(&self, stream: &str, batch: &[u8]) -> Result<(), u64> {
        let records: Vec<Record<'_>> = Records(batch).collect();
        let runs = records.chunk_by(|one, two| one.group == two.group);
        let lost = runs.filter(|run| !(self.0)(stream, run)).map(|run| run.len() as u64).sum();
        if lost == 0 { Ok(()) } else { Err(lost) }
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Groups")
    }
}

impl PartialEq for Groups {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Groups {}

/// Appends a record whose text `render` appends; a newline at its end is left out.
pub(super) fn write(
    out: &mut Vec<u8>,
    group: &str,
    unix_ms: u64,
    render: impl FnOnce(&mut Vec<u8>),
) {
    let head = out.len();
    let name = &group[..group.floor_char_boundary(usize::from(u16::MAX))];
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(name.len() as u16).to_le_bytes());
    out.extend_from_slice(&unix_ms.to_le_bytes());
    out.extend_from_slice(name.as_bytes());
    let start = out.len();
    render(out);
    out.truncate(out.len().min(start + LINE_BYTES_MAX));
    if out.len() > start && out.last() == Some(&b'\n') {
        out.pop();
    }
    let len = (out.len() - start) as u32;
    out[head..head + 4].copy_from_slice(&len.to_le_bytes());
}

/// The records of a batch.
struct Records<'b>(&'b [u8]);

impl<'b> Iterator for Records<'b> {
    type Item = Record<'b>;

    fn next(&mut self) -> Option<Record<'b>> {
        let (head, rest) = self.0.split_first_chunk::<HEAD_BYTES>()?;
        let [a, b, c, d, e, f, time @ ..] = *head;
        let text_len = u32::from_le_bytes([a, b, c, d]) as usize;
        let name_len = usize::from(u16::from_le_bytes([e, f]));
        let (name, rest) = rest.split_at_checked(name_len)?;
        let (text, rest) = rest.split_at_checked(text_len)?;
        self.0 = rest;
        let group = std::str::from_utf8(name).ok()?;
        Some(Record { group, unix_ms: u64::from_le_bytes(time), text })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    type Run = (String, String, Vec<(u64, Vec<u8>)>);

    fn taken(batch: &[u8]) -> Vec<Run> {
        let runs: Arc<Mutex<Vec<Run>>> = Arc::default();
        let into = runs.clone();
        let groups = Groups::new(move |stream, records| {
            let group = records[0].group.to_owned();
            let lines = records.iter().map(|record| (record.unix_ms, record.text.to_vec()));
            into.lock().unwrap().push((stream.to_owned(), group, lines.collect()));
            true
        });
        groups.write("stream", batch).unwrap();
        runs.lock().unwrap().clone()
    }

    #[test]
    fn records_that_follow_each_other_come_by_group() {
        let mut batch = Vec::new();
        for (group, text) in [("a", "1"), ("a", "2\n"), ("b", ""), ("a", "3")] {
            write(&mut batch, group, 7, |out| out.extend_from_slice(text.as_bytes()));
        }
        let run = |group: &str, texts: &[&str]| {
            let lines = texts.iter().map(|text| (7, text.as_bytes().to_vec()));
            ("stream".to_owned(), group.to_owned(), lines.collect())
        };
        assert_eq!(taken(&batch), [run("a", &["1", "2"]), run("b", &[""]), run("a", &["3"])]);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_what_is_not_taken_is_counted() {
        let mut batch = Vec::new();
        write(&mut batch, "g", 1, |out| out.extend_from_slice(&vec![b'x'; LINE_BYTES_MAX + 5]));
        write(&mut batch, "g", 2, |out| out.extend_from_slice(b"next"));
        let runs = taken(&batch);
        assert_eq!(runs[0].2[0].1.len(), LINE_BYTES_MAX);
        assert_eq!(runs[0].2[1], (2, b"next".to_vec()));
        assert_eq!(Groups::new(|_, _| false).write("s", &batch), Err(2));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            records in prop::collection::vec((".{0,30}", any::<u64>(), prop::collection::vec(any::<u8>(), 0..50)), 0..20),
        ) {
            let mut batch = Vec::new();
            for (group, unix_ms, text) in &records {
                write(&mut batch, group, *unix_ms, |out| out.extend_from_slice(text));
            }
            let read: Vec<_> = Records(&batch).collect();
            prop_assert_eq!(read.len(), records.len());
            for (read, (group, unix_ms, text)) in read.iter().zip(&records) {
                let text = text.strip_suffix(b"\n").unwrap_or(text);
                prop_assert_eq!((read.group, read.unix_ms, read.text), (&**group, *unix_ms, text));
            }
        }
    }
}
