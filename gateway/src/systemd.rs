//! What a service says to systemd, and the sockets it is given: sd_notify(3), sd_listen_fds(3).
//!
//! Everything is read from the environment once, at start, through a function that tests replace.
//! Without systemd the variables are absent and [`Notifier`] says nothing.

use std::io;
use std::os::fd::RawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The first descriptor that systemd passes; `SD_LISTEN_FDS_START`.
const LISTEN_FDS_START: RawFd = 3;

/// Sockets that one unit may pass; a larger `LISTEN_FDS` is a mistake, not a configuration.
const LISTEN_FDS_MAX: RawFd = 1024;

/// A message waits this long for room in systemd's queue; the control thread must not hang on it.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads a variable of the process's environment: what production passes for `variable`.
pub(crate) fn process_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Tells systemd about the life of the service; a notifier without systemd is silent.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
}

impl Notifier {
    /// Connects to `$NOTIFY_SOCKET`: a path, or `@name` for an abstract socket.
    ///
    /// # Errors
    /// The variable names no socket that this protocol knows, or there are no descriptors left.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<String>) -> io::Result<Self> {
        let Some(name) = variable("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Ok(Self::default());
        };
        let address = match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None if name.starts_with('/') => SocketAddr::from_pathname(&name)?,
            None => {
                let text = format!("NOTIFY_SOCKET is `{name}`, neither a path nor an @name");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(SEND_TIMEOUT))?;
        Ok(Self { socket: Some((socket, address)) })
    }

    /// Start-up or a reload is complete; `status` is what `systemctl status` shows.
    ///
    /// # Errors
    /// As [`Notifier::send`].
    pub(crate) fn ready(&self, status: &str) -> io::Result<()> {
        self.send(&format!("READY=1\nSTATUS={}", one_line(status)))
    }

    /// A reload begins; [`Notifier::ready`] ends it, whether or not it changed anything.
    ///
    /// The time stamp is what `Type=notify-reload` compares with its signal; older versions ignore
    /// it.
    ///
    /// # Errors
    /// As [`Notifier::send`].
    pub(crate) fn reloading(&self) -> io::Result<()> {
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_micros()))
    }

    /// The drain begins.
    ///
    /// # Errors
    /// As [`Notifier::send`].
    pub(crate) fn stopping(&self, status: &str) -> io::Result<()> {
        self.send(&format!("STOPPING=1\nSTATUS={}", one_line(status)))
    }

    /// Changes what `systemctl status` shows.
    ///
    /// # Errors
    /// As [`Notifier::send`].
    pub(crate) fn status(&self, status: &str) -> io::Result<()> {
        self.send(&format!("STATUS={}", one_line(status)))
    }

    /// Feeds the watchdog: only when every shard advances. One that is stuck leaves its clients
    /// without an answer while the others hide it.
    ///
    /// # Errors
    /// As [`Notifier::send`].
    pub(crate) fn watchdog(&self) -> io::Result<()> {
        self.send("WATCHDOG=1")
    }

    /// Sends one datagram of `KEY=VALUE` lines.
    ///
    /// # Errors
    /// What sendto(2) says. The service goes on: systemd decides what silence means.
    fn send(&self, message: &str) -> io::Result<()> {
        match &self.socket {
            Some((socket, address)) => {
                socket.send_to_addr(message.as_bytes(), address).map(|_sent_whole| ())
            }
            None => Ok(()),
        }
    }
}

/// How often to feed the watchdog: half of what systemd allows, as sd_watchdog_enabled(3) advises.
/// `None` when the watchdog is off or meant for another process.
pub(crate) fn watchdog_interval(
    variable: impl Fn(&str) -> Option<String>,
    pid: u32,
) -> Option<Duration> {
    let micros = variable("WATCHDOG_USEC")?.parse::<u64>().ok().filter(|micros| *micros > 0)?;
    let meant_for = variable("WATCHDOG_PID").map(|text| text.parse::<u32>());
    match meant_for {
        None => Some(Duration::from_micros(micros / 2)),
        Some(Ok(meant)) if meant == pid => Some(Duration::from_micros(micros / 2)),
        Some(_) => None,
    }
}

/// A socket that systemd opened for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActivatedSocket {
    /// Its descriptor; owned by whoever takes it first, so take it once.
    pub fd: RawFd,
    /// `FileDescriptorName=` of the socket unit; the unit's name by default.
    pub name: String,
}

/// The sockets of socket activation, in the order of the unit; empty without it.
///
/// # Errors
/// A clause, when the variables are meant for `pid` and contradict each other.
pub(crate) fn activated_sockets(
    variable: impl Fn(&str) -> Option<String>,
    pid: u32,
) -> Result<Vec<ActivatedSocket>, String> {
    let Some(count) = variable("LISTEN_FDS") else { return Ok(Vec::new()) };
    // A child inherits the variables but not the meaning: LISTEN_PID tells them apart.
    if variable("LISTEN_PID").and_then(|text| text.parse().ok()) != Some(pid) {
        return Ok(Vec::new());
    }
    let count: RawFd =
        count.parse().ok().filter(|count| (0..=LISTEN_FDS_MAX).contains(count)).ok_or_else(
            || format!("LISTEN_FDS is `{count}`, not a count up to {LISTEN_FDS_MAX}"),
        )?;
    let names = variable("LISTEN_FDNAMES");
    let mut names = names.iter().flat_map(|names| names.split(':'));
    let mut sockets = Vec::new();
    for fd in LISTEN_FDS_START..LISTEN_FDS_START + count {
        let name = names.next().unwrap_or("unknown").to_owned();
        sockets.push(ActivatedSocket { fd, name });
    }
    match names.next() {
        Some(name) => Err(format!("LISTEN_FDNAMES has `{name}` beyond the {count} of LISTEN_FDS")),
        None => Ok(sockets),
    }
}

/// A line break would start another assignment.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn monotonic_micros() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}

#[cfg(test)]
mod tests;
