//! Which cores shards run on: the cpuset decides, the operator narrows it.

use std::io;

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
    let mut set = empty_set();
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the index was checked.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the size is that of the set the pointer leads to.
    let rc = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn empty_set() -> libc::cpu_set_t {
    // SAFETY: a mask of bits; all zero is the empty set.
    unsafe { std::mem::zeroed() }
}

#[cfg(test)]
mod tests {
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
