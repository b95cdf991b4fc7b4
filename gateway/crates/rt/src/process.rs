//! What becomes of a child process before its program starts.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes the process that `command` starts end with the thread that starts it, however that ends
/// (`PR_SET_PDEATHSIG`, `SIGKILL`).
pub fn end_with_parent(command: &mut Command) {
    let parent = std::process::id();
    let set = move || {
        // SAFETY: a system call without pointers.
        if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // It may have ended before.
        // SAFETY: as above.
        if unsafe { libc::getppid() }.cast_unsigned() != parent {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(())
    };
    // SAFETY: between `fork` and `exec` the closure makes system calls that are async-signal-safe, and neither
    // allocates nor takes a lock: both errors are plain codes.
    unsafe { command.pre_exec(set) };
}

/// Closes all that this process inherited but the standard three: a copy would keep a connection open that its owner has
/// closed. For the first line of a program, before it owns a descriptor of its own.
///
/// # Errors
/// Where the kernel is older than 5.9.
pub fn close_inherited() -> io::Result<()> {
    // SAFETY: the caller says that nobody in this process owns one of them yet.
    if unsafe { libc::close_range(3, libc::c_uint::MAX, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Keeps the programs that this process starts from inheriting any of its file descriptors but the standard three.
///
/// # Errors
/// Where the kernel is older than 5.11.
pub fn keep_file_descriptors() -> io::Result<()> {
    let flag = libc::CLOSE_RANGE_CLOEXEC.cast_signed();
    // SAFETY: sets a flag of descriptors and closes none, so that whoever owns one still has it.
    if unsafe { libc::close_range(3, libc::c_uint::MAX, flag) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_ends_with_the_thread_that_started_it() {
        let started = std::thread::spawn(|| {
            let mut command = Command::new("sleep");
            command.arg("60");
            end_with_parent(&mut command);
            command.spawn().unwrap()
        });
        let mut child = started.join().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGKILL));
    }

    #[test]
    fn programs_inherit_no_descriptors_but_the_standard_three() {
        // SAFETY: a new descriptor, which nobody else knows; it is closed below.
        let inherited = unsafe { libc::dup(0) };
        let flags = || {
            // SAFETY: reads a flag of a descriptor that is open.
            unsafe { libc::fcntl(inherited, libc::F_GETFD) }
        };
        assert_eq!(flags(), 0);
        keep_file_descriptors().unwrap();
        assert_eq!(flags(), libc::FD_CLOEXEC);
        // SAFETY: it is this test's own.
        unsafe { libc::close(inherited) };
    }
}
