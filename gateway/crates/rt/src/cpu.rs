//! Which cores shards run on: the cpuset decides, the operator narrows it.

use std::io;
use std::time::Duration;

/// What a thread of a shard runs for before another has its turn, where both have work (`sched_runtime`).
/// Source: sched_setattr(2), the least that the kernel grants; its own default is 0.7 ms and more.
const SLICE: Duration = Duration::from_micros(100);

/// The cores this process may run on, ascending (its affinity mask, so a cpuset is respected).
///
/// # Errors
/// What the kernel says; it has no reason to refuse.
pub fn allowed() -> io::Result<Vec<usize>> {
    let mut set = empty_set();
    // SAFETY: the size is that of the set the pointer leads to.
    let rc = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
    if rc != 0 {
        return Err(io::Error::last_os_error());
    }
    let all = 0..libc::CPU_SETSIZE as usize;
    // SAFETY: every index is below CPU_SETSIZE.
    Ok(all.filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect())
}

/// Keeps the calling thread on `cpu`.
///
/// # Errors
/// When the core does not exist or the cpuset forbids it.
pub fn pin(cpu: usize) -> io::Result<()> {
    keep_on(&[cpu])
}

/// Keeps the calling thread, and the threads that it starts from now on, on some cores.
///
/// # Errors
/// When a core does not exist, or the cpuset forbids all of them.
pub fn keep_on(cpus: &[usize]) -> io::Result<()> {
    let mut set = empty_set();
    for &cpu in cpus {
        if cpu >= libc::CPU_SETSIZE as usize {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the index was checked.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    // SAFETY: the size is that of the set the pointer leads to.
    let rc = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lets the calling thread run sooner when it wakes while others run. It gets no more time by that: its turns are shorter,
/// and come earlier. Nothing happens before Linux 6.12, nor to a thread with a real-time policy.
///
/// # Errors
/// Where a sandbox forbids the calls.
pub fn wake_early() -> io::Result<()> {
    let mut attributes = scheduling()?;
    if attributes.sched_policy != libc::SCHED_OTHER.cast_unsigned() {
        return Ok(());
    }
    attributes.sched_runtime = SLICE.as_nanos() as u64;
    let no_flags: libc::c_uint = 0;
    // SAFETY: the attributes say their size, and live until the call returns.
    let rc = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, no_flags) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How the calling thread is scheduled.
fn scheduling() -> io::Result<libc::sched_attr> {
    let size = size_of::<libc::sched_attr>() as libc::c_uint;
    // SAFETY: numbers, of which all may be zero.
    let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
    let no_flags: libc::c_uint = 0;
    // SAFETY: the kernel writes at most `size` bytes, which is what there is.
    let rc =
        unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, no_flags) };
    if rc == 0 { Ok(attributes) } else { Err(io::Error::last_os_error()) }
}

fn empty_set() -> libc::cpu_set_t {
    // SAFETY: a mask of bits; all zero is the empty set.
    unsafe { std::mem::zeroed() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_thread_that_wakes_early_is_scheduled_as_before_in_all_else() {
        std::thread::spawn(|| {
            let before = super::scheduling().expect("readable");
            super::wake_early().expect("permitted");
            let after = super::scheduling().expect("readable");
            assert_eq!(after.sched_policy, before.sched_policy);
            assert_eq!(after.sched_nice, before.sched_nice);
            // Kernels before 6.12 take no slice.
            let is_taken = after.sched_runtime == super::SLICE.as_nanos() as u64;
            assert!(is_taken || after.sched_runtime == before.sched_runtime);
        })
        .join()
        .expect("the thread ends well");
    }

    #[test]
    fn a_thread_stays_where_it_is_pinned() {
        let cpus = super::allowed().expect("the mask is readable");
        let last = *cpus.last().expect("there is a core");
        std::thread::spawn(move || {
            super::pin(last).expect("an allowed core");
            assert_eq!(super::allowed().expect("readable"), [last]);
            assert!(super::pin(100_000).is_err());
        })
        .join()
        .expect("the thread ends well");
    }
}
