//! The process between the gateway and a function's runtime: confines it, reaps what it leaves, ends all of it.
//!
//! The gateway runs itself again with [`COMMAND`] as the only argument, and with a socket as standard input, on which
//! come one [`LaunchOrder`] and, at the end, the end of file: the gateway ended the environment, or died. Standard
//! output and standard error are the function's already. What the launcher has to say goes back as a [`Report`].
//!
//! There are two ways to hold a function's processes together ([`Containment`]):
//! - In a PID namespace of its own the launcher is process 1. The kernel ends all others when it ends, and lets none
//!   of them signal it; `PR_SET_PDEATHSIG` ends it with the gateway.
//! - Elsewhere it is the subreaper of all that its child starts, `setsid` and double forks included, and goes through
//!   `/proc` until none is left. It must outlive the gateway for that, so only the runtime has a `PR_SET_PDEATHSIG`.

mod confine;
mod order;
pub(crate) mod tree;

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

pub(crate) use confine::unshare;
pub use order::{Containment, LaunchOrder, Report};

use crate::limits::LAUNCHER_END_MAX;
use crate::supervisor::Exit;

/// The hidden command of the gateway's program that starts an environment.
pub const COMMAND: &str = "function-environment";

/// Runs one environment to its end, and gives the program's exit status.
pub fn main() -> u8 {
    // The gateway's thread that starts us is not the one that accepts: a connection may slip in between.
    if gateway_rt::process::close_inherited().is_err() {
        return 2;
    }
    let Ok(mut control) = control() else { return 2 };
    match run(&mut control) {
        Ok(exit) => {
            report(&mut control, &Report::Exited(exit));
            0
        }
        Err(error) => {
            report(&mut control, &Report::Failed(error));
            1
        }
    }
}

fn control() -> io::Result<UnixStream> {
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Nobody may be there any more, and then nobody wants to know.
fn report(control: &mut UnixStream, report: &Report) {
    let _ = control.write_all(&report.encode());
}

fn run(control: &mut UnixStream) -> Result<Exit, String> {
    let order = LaunchOrder::read(control).map_err(|error| format!("no order: {error}"))?;
    confine::launcher(&order)?;
    let mut command = Command::new(&order.program);
    command
        .args(&order.arguments)
        .env_clear()
        .envs(order.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .process_group(0);
    confine::runtime(&order, &mut command)?;
    let runtime = command
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", order.program.display()))?;
    let runtime = Pid::from_child(&runtime);
    end_with_gateway(control, order.containment, runtime)?;
    let exit = reap_until(runtime);
    if order.containment == Containment::Tree {
        tree::end_descendants();
    }
    Ok(exit)
}

/// A thread that ends everything at the end of the socket.
fn end_with_gateway(
    control: &UnixStream,
    containment: Containment,
    runtime: Pid,
) -> Result<(), String> {
    let mut control = control.try_clone().map_err(|error| error.to_string())?;
    let watch = move || {
        // The gateway says nothing more: a byte as well as the end means the end.
        let _ = control.read(&mut [0]);
        match containment {
            Containment::Namespace => std::process::exit(0),
            Containment::Tree => {
                // Most of them at once, which a look at each could not end while they multiply.
                let _ = rustix::process::kill_process_group(runtime, Signal::KILL);
                tree::end_descendants();
                // The other thread has learnt of the runtime's end, and reports it.
                std::thread::sleep(LAUNCHER_END_MAX / 2);
                std::process::exit(0)
            }
        }
    };
    std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(watch)
        .map(drop)
        .map_err(|error| format!("cannot watch the gateway: {error}"))
}

/// Waits for all processes that end, until `runtime` is one of them.
fn reap_until(runtime: Pid) -> Exit {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == runtime => return exit_of(status),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            // There is nobody to wait for: somebody else has taken the status.
            Err(_) => return Exit::Signal(Signal::KILL.as_raw()),
        }
    }
}

fn exit_of(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => Exit::Status(status),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Signal(Signal::KILL.as_raw()),
    }
}
