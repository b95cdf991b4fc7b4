//! The maps of an event: last values, and lists of all values.

use super::json;

/// How a map without entries is written: `null` for an integration, `{}` for an authorizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    Null,
    Object,
}

/// One value under its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'e> {
    pub(crate) name: &'e [u8],
    pub(crate) value: &'e [u8],
}

/// Entries in the order they are written, those of one name next to each other, in the order they came.
pub(crate) struct Multimap<'e> {
    entries: Vec<Entry<'e>>,
    is_same: fn(&[u8], &[u8]) -> bool,
}

impl<'e> Multimap<'e> {
    /// Headers: names in alphabetical order, whatever their case. Two spellings are one name, written as the
    /// first of them.
    ///
    /// Source: captured events have their headers in this order, which is that of a map that compares
    /// without case.
    pub(crate) fn headers(mut entries: Vec<Entry<'e>>) -> Self {
        let lower = |entry: &Entry<'e>| entry.name.iter().map(u8::to_ascii_lowercase);
        entries.sort_by(|a, b| lower(a).cmp(lower(b)));
        Self { entries, is_same: <[u8]>::eq_ignore_ascii_case }
    }

    /// Query parameters: names in the order of their first appearance, with their case.
    pub(crate) fn parameters(entries: Vec<Entry<'e>>) -> Self {
        let is_same: fn(&[u8], &[u8]) -> bool = |a, b| a == b;
        if entries.len() < 2 {
            return Self { entries, is_same };
        }
        // First those of one name together, so that each can be told where its name came first.
        let mut order: Vec<(usize, usize)> = (0..entries.len()).map(|at| (at, at)).collect();
        order.sort_by(|a, b| (entries[a.1].name, a.1).cmp(&(entries[b.1].name, b.1)));
        let mut first = 0;
        for at in 0..order.len() {
            if at == 0 || entries[order[at].1].name != entries[order[at - 1].1].name {
                first = order[at].1;
            }
            order[at].0 = first;
        }
        order.sort_unstable();
        Self { entries: order.iter().map(|(_, at)| entries[*at]).collect(), is_same }
    }

    /// Appends the last value of each name.
    pub(crate) fn write_last(&self, empty: Empty, out: &mut Vec<u8>) {
        self.write(empty, out, |group, out| {
            json::string(group[group.len() - 1].value, out);
        });
    }

    /// Appends the values of each name as a list.
    pub(crate) fn write_all(&self, empty: Empty, out: &mut Vec<u8>) {
        self.write(empty, out, |group, out| {
            let mut before = b'[';
            for entry in group {
                out.push(before);
                before = b',';
                json::string(entry.value, out);
            }
            out.push(b']');
        });
    }

    /// Appends the values of each name, joined with commas. `spelling` writes the name.
    pub(crate) fn write_joined(&self, spelling: fn(&[u8]) -> Vec<u8>, out: &mut Vec<u8>) {
        let mut joined = Vec::new();
        let mut before = b'{';
        for group in self.entries.chunk_by(|a, b| (self.is_same)(a.name, b.name)) {
            out.push(before);
            before = b',';
            json::string(&spelling(group[0].name), out);
            out.push(b':');
            joined.clear();
            for (index, entry) in group.iter().enumerate() {
                joined.extend_from_slice(if index == 0 { b"" } else { b"," });
                joined.extend_from_slice(entry.value);
            }
            json::string(&joined, out);
        }
        out.extend_from_slice(if before == b'{' { b"{}" } else { b"}" });
    }

    fn write(
        &self,
        empty: Empty,
        out: &mut Vec<u8>,
        write_values: impl Fn(&[Entry<'e>], &mut Vec<u8>),
    ) {
        if self.entries.is_empty() {
            return out.extend_from_slice(empty.text());
        }
        let mut before = b'{';
        for group in self.entries.chunk_by(|a, b| (self.is_same)(a.name, b.name)) {
            out.push(before);
            before = b',';
            json::string(group[0].name, out);
            out.push(b':');
            write_values(group, out);
        }
        out.push(b'}');
    }
}

impl Empty {
    /// What is written.
    pub(crate) fn text(self) -> &'static [u8] {
        match self {
            Self::Null => b"null",
            Self::Object => b"{}",
        }
    }
}
