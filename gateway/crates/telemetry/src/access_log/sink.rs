//! The places where lines end: the only I/O of this crate, on the writer thread.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SinkConfig;
use super::records::Groups;
use crate::limits::JOURNAL_SEND_MS_MAX;

/// Lines that a sink could not take.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) lines_lost: u64,
    pub(super) error: io::Error,
}

#[derive(Debug)]
pub(super) enum Sink {
    File(PathBuf, LineStream<File>),
    Stdout(LineStream<io::Stdout>),
    Journal(Journal),
    Null,
    Groups(Groups),
}

impl Sink {
    pub(super) fn open(config: &SinkConfig) -> io::Result<Self> {
        Ok(match config {
            SinkConfig::File(path) => {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                parent.map_or(Ok(()), std::fs::create_dir_all)?;
                Self::File(path.clone(), LineStream::new(open_append(path)?))
            }
            SinkConfig::Stdout => Self::Stdout(LineStream::new(io::stdout())),
            SinkConfig::Journal(socket) => Self::Journal(Journal::new(socket)?),
            SinkConfig::Null => Self::Null,
            SinkConfig::Groups(groups) => Self::Groups(groups.clone()),
        })
    }

    /// Writes whole lines, or records of a stream; those that were written before a failure stay.
    pub(super) fn write(&mut self, lines: &[u8], stream: &str) -> Result<(), Failure> {
        match self {
            Self::File(_, stream) => stream.write(lines),
            Self::Stdout(stream) => stream.write(lines),
            Self::Journal(journal) => journal.write(lines),
            Self::Null => Ok(()),
            Self::Groups(groups) => groups.write(stream, lines).map_err(|lines_lost| Failure {
                lines_lost,
                error: io::Error::other("there are too many log groups"),
            }),
        }
    }

    /// Opens a file again by its name; other sinks have none.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Self::File(path, stream) = self {
            *stream = LineStream::new(open_append(path)?);
        }
        Ok(())
    }
}

fn open_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640).open(path)
}

/// Lines into a stream. After a write that ended inside a line, the next one starts a new line.
#[derive(Debug)]
pub(super) struct LineStream<W> {
    inner: W,
    is_torn: bool,
}

impl<W: Write> LineStream<W> {
    fn new(inner: W) -> Self {
        let is_torn = false;
        Self { inner, is_torn }
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Failure> {
        let fail = |rest: &[u8], error| Failure { lines_lost: count(rest), error };
        if self.is_torn {
            let ended = self.inner.write_all(b"\n");
            ended.map_err(|error| fail(lines, error))?;
            self.is_torn = false;
        }
        let mut rest = lines;
        while !rest.is_empty() {
            let error = match self.inner.write(rest) {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(len) => {
                    rest = &rest[len..];
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            let written = &lines[..lines.len() - rest.len()];
            self.is_torn = !written.is_empty() && !written.ends_with(b"\n");
            return Err(fail(rest, error));
        }
        self.inner.flush().map_err(|error| fail(&[], error))
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// journald's native protocol: a datagram per entry. Source: systemd, "Native Journal Protocol".
#[derive(Debug)]
pub(super) struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
    entry: Vec<u8>,
}

/// What every entry starts with; priority 6 is `info`.
const ENTRY_START: &[u8] = b"PRIORITY=6\nSYSLOG_IDENTIFIER=gateway\nMESSAGE=";

impl Journal {
    fn new(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(Duration::from_millis(JOURNAL_SEND_MS_MAX)))?;
        Ok(Self { socket, path: path.to_owned(), entry: ENTRY_START.to_vec() })
    }

    /// Sends each line. A line that is too long for the socket is lost alone; any other failure ends
    /// the batch, since the journal is away or overloaded.
    fn write(&mut self, lines: &[u8]) -> Result<(), Failure> {
        let mut too_long: Option<Failure> = None;
        let mut rest = lines;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            self.entry.truncate(ENTRY_START.len());
            self.entry.extend_from_slice(&rest[..=end]);
            if let Err(error) = self.socket.send_to(&self.entry, &self.path) {
                let before = too_long.as_ref().map_or(0, |failure| failure.lines_lost);
                if !is_too_long(&error) {
                    let lines_lost = before + count(rest);
                    return Err(Failure { lines_lost, error });
                }
                let lines_lost = before + 1;
                too_long = Some(Failure { lines_lost, error });
            }
            rest = &rest[end + 1..];
        }
        too_long.map_or(Ok(()), Err)
    }
}

fn is_too_long(error: &io::Error) -> bool {
    const EMSGSIZE: i32 = 90;
    error.raw_os_error() == Some(EMSGSIZE)
}

#[cfg(test)]
mod tests;
