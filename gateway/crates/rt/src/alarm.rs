//! Waiting until a moment, to the microsecond: what [`crate::sleep`] is too coarse for.
//!
//! A timer of the kernel's behind a descriptor, waited for like a socket: through the ring, or by epoll. The
//! runtime's own timers sit in a wheel of milliseconds, and the time limit of its wait is rounded by the
//! kernel's timer slack; a `timerfd` has neither.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use crate::clock::Moment;

/// An alarm of this shard, set again and again.
///
/// Cost: two system calls and one operation a wait.
pub struct Alarm {
    /// A timer; the type is what the runtime waits on, and no operation of sockets is ever used on it.
    timer: monoio::net::UnixStream,
}

impl Alarm {
    /// An alarm that is not set.
    ///
    /// # Errors
    /// When the process is out of descriptors, what the driver says when it registers the timer, and
    /// [`io::ErrorKind::Unsupported`] on the glommio backend.
    pub fn new() -> io::Result<Self> {
        #[cfg(feature = "glommio")]
        if crate::backend::is_glommio() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: makes a descriptor and touches no memory of ours.
        let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made, and nobody else has it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { timer: monoio::net::UnixStream::from_std(UnixStream::from(fd))? })
    }

    /// Waits until `at`, never less; a moment that has passed is over at once.
    ///
    /// # Errors
    /// What the kernel says of the timer; it has no reason to refuse.
    pub async fn until(&mut self, at: Moment) -> io::Result<()> {
        while Moment::now() < at {
            self.set(at)?;
            self.timer.readable(false).await?;
        }
        Ok(())
    }

    fn set(&self, at: Moment) -> io::Result<()> {
        let seconds = i64::try_from(at.micros() / 1_000_000).unwrap_or(i64::MAX);
        let value = libc::timespec {
            tv_sec: seconds,
            // Less than a thousand million, so it fits; at least one, since zero would unset it.
            tv_nsec: ((at.micros() % 1_000_000 * 1000) as libc::c_long).max(1),
        };
        let once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = libc::itimerspec { it_interval: once, it_value: value };
        let fd = self.timer.as_raw_fd();
        // SAFETY: the pointer leads to `spec`, which outlives the call, and the old value is not asked for.
        let rc = unsafe {
            libc::timerfd_settime(
                fd,
                libc::TFD_TIMER_ABSTIME,
                &raw const spec,
                std::ptr::null_mut(),
            )
        };
        if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Backend, Driver, DriverChoice, ShardConfig, spawn_shard};

    /// The lateness of 200 waits, in microseconds, ascending.
    fn lateness(choice: DriverChoice) -> Vec<u64> {
        let driver = Driver::probe(choice).expect("a driver");
        let config =
            ShardConfig { index: 0, cpu: None, backend: Backend::Monoio, driver, ring_entries: 64 };
        let (sender, receiver) = std::sync::mpsc::channel();
        let shard = spawn_shard(config, move || async move {
            let mut alarm = Alarm::new().expect("a descriptor");
            for round in 0..200 {
                let at = Moment::now() + Duration::from_micros(200 + round * 7);
                alarm.until(at).await.expect("a timer");
                let now = Moment::now();
                assert!(now >= at, "an alarm never rings early");
                let _ = sender.send(now.micros_since(at));
            }
        });
        let mut all: Vec<u64> = receiver.iter().collect();
        shard.expect("a thread").join().expect("no panic").expect("a runtime");
        all.sort_unstable();
        all
    }

    #[test]
    fn it_rings_at_the_moment_and_not_at_the_next_millisecond() {
        for choice in [DriverChoice::Auto, DriverChoice::Epoll] {
            let all = lateness(choice);
            assert_eq!(all.len(), 200);
            // The quickest fifth, so that a busy machine does not matter: a wheel of milliseconds would
            // be late by half of one on average, whatever the machine.
            assert!(all[40] < 250, "{choice:?}: {all:?}");
        }
    }
}
