//! What the supervisor tells a launcher, and what it hears back.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::limits::ORDER_BYTES_MAX;
use crate::supervisor::Exit;

/// How a function's processes are held together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Containment {
    /// In a PID namespace, which needs `CAP_SYS_ADMIN`.
    Namespace,
    /// As descendants of a subreaper.
    Tree,
}

/// What a launcher starts, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchOrder {
    /// The runtime's program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// `LAMBDA_TASK_ROOT` and working directory.
    pub task_root: PathBuf,
    /// What becomes its `/tmp`.
    pub tmp: PathBuf,
    /// Other directories that it needs, wherever they are.
    pub needs: Vec<PathBuf>,
    /// User and group that it runs as, when they are not the gateway's.
    pub user: Option<(u32, u32)>,
    /// `MemorySize`, in bytes.
    pub memory_bytes: u64,
    /// How its processes are held together.
    pub containment: Containment,
}

impl LaunchOrder {
    /// As it goes over the socket: its length, then its fields, each with its length.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        let mut put = |field: &OsStr| {
            out.extend_from_slice(&len(field.as_bytes()));
            out.extend_from_slice(field.as_bytes());
        };
        let number = |n: u64| OsString::from(n.to_string());
        put(self.program.as_os_str());
        put(self.task_root.as_os_str());
        put(self.tmp.as_os_str());
        put(&number(self.memory_bytes));
        put(OsStr::new(match self.containment {
            Containment::Namespace => "namespace",
            Containment::Tree => "tree",
        }));
        put(&self
            .user
            .map_or_else(OsString::new, |(user, group)| format!("{user}:{group}").into()));
        put(&number(self.arguments.len() as u64));
        self.arguments.iter().for_each(|argument| put(argument));
        put(&number(self.needs.len() as u64));
        self.needs.iter().for_each(|path| put(path.as_os_str()));
        put(&number(self.environment.len() as u64));
        for (name, value) in &self.environment {
            put(name);
            put(value);
        }
        let total = len(&out[4..]);
        out[..4].copy_from_slice(&total);
        out
    }

    /// Reads one.
    ///
    /// # Errors
    /// When there is none, or not a whole one.
    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut total = [0; 4];
        from.read_exact(&mut total)?;
        let total = u32::from_le_bytes(total) as usize;
        if total > ORDER_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; total];
        from.read_exact(&mut bytes)?;
        Self::decode(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let order = Self {
            program: fields.next()?.into(),
            task_root: fields.next()?.into(),
            tmp: fields.next()?.into(),
            memory_bytes: fields.number()?,
            containment: match fields.next()?.to_str()? {
                "namespace" => Containment::Namespace,
                "tree" => Containment::Tree,
                _ => return None,
            },
            user: match fields.next()?.to_str()? {
                "" => None,
                both => both
                    .split_once(':')
                    .and_then(|(user, group)| Some((user.parse().ok()?, group.parse().ok()?))),
            },
            arguments: fields.list(Fields::next)?,
            needs: fields.list(|fields| fields.next().map(PathBuf::from))?,
            environment: fields.list(|fields| Some((fields.next()?, fields.next()?)))?,
        };
        fields.0.is_empty().then_some(order)
    }
}

/// What a launcher has to say, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Nothing was started; says why.
    Failed(String),
    /// The runtime has ended, and all that it started.
    Exited(Exit),
}

impl Report {
    /// As it goes over the socket, which ends behind it.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Failed(why) => format!("F{why}").into_bytes(),
            Self::Exited(Exit::Status(status)) => format!("S{status}").into_bytes(),
            Self::Exited(Exit::Signal(signal)) => format!("G{signal}").into_bytes(),
        }
    }

    /// Of all that the socket had.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = str::from_utf8(bytes).ok()?.split_at_checked(1)?;
        match kind {
            "F" => Some(Self::Failed(rest.to_owned())),
            "S" => Some(Self::Exited(Exit::Status(rest.parse().ok()?))),
            "G" => Some(Self::Exited(Exit::Signal(rest.parse().ok()?))),
            _ => None,
        }
    }
}

fn len(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn next(&mut self) -> Option<OsString> {
        let (len, rest) = self.0.split_first_chunk()?;
        let (field, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        self.0 = rest;
        Some(OsString::from_vec(field.to_vec()))
    }

    fn number(&mut self) -> Option<u64> {
        self.next()?.to_str()?.parse().ok()
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        (0..count).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests;
