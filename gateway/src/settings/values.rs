//! The values that settings take, each a type that cannot be wrong.
//!
//! One spelling each, shared by the command line, the environment and the file: `FromStr` reads it,
//! `Display` writes it, and [`text`] lends both to serde.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize};

use super::limits::{CPU_INDEX_MAX, SHARDS_MAX};

/// How many shards to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ShardCount {
    /// One for each CPU that the process may run on.
    #[default]
    Auto,
    /// Exactly this many.
    Count(NonZeroU16),
}

impl FromStr for ShardCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let count = text.parse::<NonZeroU16>().ok().filter(|n| n.get() <= SHARDS_MAX);
        count
            .map(Self::Count)
            .ok_or_else(|| format!("expected auto or 1 to {SHARDS_MAX}, found `{text}`"))
    }
}

impl fmt::Display for ShardCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Count(n) => n.fmt(f),
        }
    }
}

/// The bound on concurrent client connections of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConnectionsMax {
    /// As many as `RLIMIT_NOFILE` has descriptors for; see [`super::nofile`].
    #[default]
    Auto,
    /// Exactly this many.
    Count(NonZeroU32),
}

impl FromStr for ConnectionsMax {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let count = text.parse::<NonZeroU32>().ok();
        count
            .map(Self::Count)
            .ok_or_else(|| format!("expected auto or a number from 1, found `{text}`"))
    }
}

impl fmt::Display for ConnectionsMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Count(n) => n.fmt(f),
        }
    }
}

/// CPUs by kernel index, in the order written, without repeats. Empty: all that the cpuset permits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuList(Vec<usize>);

impl CpuList {
    /// The indices; empty means no restriction.
    pub(crate) fn indices(&self) -> &[usize] {
        &self.0
    }
}

impl FromStr for CpuList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut cpus = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let index = |text: &str| {
                let index = text.trim().parse::<usize>().ok().filter(|n| *n <= CPU_INDEX_MAX);
                index.ok_or_else(|| {
                    format!("`{part}` is not a CPU or a range of CPUs up to {CPU_INDEX_MAX}, such as 0-3,6")
                })
            };
            let (first, last) = (index(first)?, index(last)?);
            if first > last {
                return Err(format!("the range `{part}` runs backwards"));
            }
            for cpu in first..=last {
                if cpus.contains(&cpu) {
                    return Err(format!("CPU {cpu} is listed twice"));
                }
                cpus.push(cpu);
            }
        }
        Ok(Self(cpus))
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, cpu) in self.0.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(f, "{comma}{cpu}")?;
        }
        Ok(())
    }
}

/// An address to listen on, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OptionalAddress(pub Option<SocketAddr>);

impl FromStr for OptionalAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            _ => parse_address(text).map(|address| Self(Some(address))),
        }
    }
}

impl fmt::Display for OptionalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("none"),
        }
    }
}

/// Reads `IP:PORT`. Names are not resolved: what to listen on must not depend on DNS.
///
/// # Errors
/// A clause that says what was expected.
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "`{text}` is not IP:PORT; write for example 127.0.0.1:8080, 0.0.0.0:80 or [::]:8080"
        )
    })
}

/// Where access-log lines go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum AccessLogDestination {
    /// No access log.
    #[default]
    Off,
    /// The process's standard output.
    Stdout,
    /// The journal's native socket.
    Journald,
    /// A file, appended to and reopened on SIGHUP.
    File(PathBuf),
}

impl FromStr for AccessLogDestination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "stdout" => Ok(Self::Stdout),
            "journald" => Ok(Self::Journald),
            path if path.contains('/') => Ok(Self::File(path.into())),
            other => Err(format!(
                "expected off, stdout, journald or a path with a `/`, found `{other}`; for a file in the working directory write ./{other}"
            )),
        }
    }
}

impl fmt::Display for AccessLogDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Stdout => f.write_str("stdout"),
            Self::Journald => f.write_str("journald"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A host and port to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Target {
    /// A name, or an IP address; IPv6 without brackets.
    pub host: String,
    /// The port, never 0.
    pub port: u16,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is not HOST:PORT, such as 10.0.0.7:8080");
        let (host, port) = text.rsplit_once(':').ok_or_else(expected)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(expected)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bracketed.unwrap_or(host);
        let is_address = host.parse::<Ipv6Addr>().is_ok() && bracketed.is_some();
        let is_name = bracketed.is_none()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        if host.is_empty() || !(is_address || is_name) {
            return Err(expected());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Declares an enum of plain names, with the one spelling of each.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) enum $type { $($(#[$variant_doc])* $variant,)+ }

        impl $type {
            /// The name, as settings spell it.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    other => Err(format!(
                        "expected {}, found `{other}`",
                        [$($name),+].join(" or ")
                    )),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

names!(
    /// The runtime under the shards.
    Backend {
        /// monoio, the default.
        #[default]
        Monoio = "monoio",
        /// glommio; needs a build with the feature `glommio`.
        Glommio = "glommio",
    }
);

names!(
    /// The kernel interface that drives I/O.
    Driver {
        /// io_uring where the kernel permits it, else epoll with a warning.
        #[default]
        Auto = "auto",
        /// io_uring, or refuse to start.
        IoUring = "io_uring",
        /// epoll.
        Epoll = "epoll",
    }
);

names!(
    /// The form of the gateway's own log.
    LogFormat {
        /// For people.
        #[default]
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
);

names!(
    /// The least severe event that the gateway's own log shows.
    LogLevel {
        /// Someone must act now.
        Error = "error",
        /// Ours to fix.
        Warn = "warn",
        /// Life cycle.
        #[default]
        Info = "info",
        /// Each connection.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
);

/// Serde for any `FromStr + Display`: `#[serde(with = "values::text")]`.
pub(crate) mod text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err = String>,
        D: Deserializer<'de>,
    {
        super::deserialize_with(from, T::from_str)
    }
}

/// Serde for paths where the empty string means "none": `#[serde(with = "values::optional_path")]`.
pub(crate) mod optional_path {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<PathBuf>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(&value.as_deref().unwrap_or_else(|| "".as_ref()).display())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        let text = String::deserialize(from)?;
        Ok((!text.is_empty()).then(|| text.into()))
    }
}

/// Serde for lists of listening addresses: `#[serde(with = "values::addresses")]`.
pub(crate) mod addresses {
    use std::net::SocketAddr;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &[SocketAddr], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<SocketAddr>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        texts.iter().map(|text| super::parse_address(text).map_err(D::Error::custom)).collect()
    }
}

/// Reads a string or an integer and hands its text to `parse`.
pub(crate) fn deserialize_with<'de, T, D>(
    from: D,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text;

    impl Visitor<'_> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a whole number")
        }

        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_i64<E>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_u64<E>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }

    parse(&from.deserialize_any(Text)?).map_err(D::Error::custom)
}

/// Text that logs and errors do not show.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}
