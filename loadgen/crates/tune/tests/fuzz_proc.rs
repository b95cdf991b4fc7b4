//! Any bytes as a file of `/proc`: no panic, and what is read is what was there.
#![forbid(unsafe_code)]

use loadgen_tune::proc;

#[test]
fn proc_files() {
    bolero::check!().for_each(|input: &[u8]| judge(input));
    judge(b"1 () S 1 1 1 1 1 1 1 1 1 1 99999999999999999999 1");
    judge(b"Cpus_allowed_list:\t0-8191,0-8191,0-8191");
}

fn judge(input: &[u8]) {
    if let Some(stat) = proc::stat(input) {
        // A name round trips: whatever it holds, the fields behind it are still found.
        let again = format!("{} ({}) S 1 1 1 1 1 1 1 1 1 1 {} {}", stat.id, stat.name, 5, 6);
        let read = proc::stat(again.as_bytes()).expect("it was read before");
        assert_eq!((read.name, read.user_ticks, read.system_ticks), (stat.name, 5, 6));
    }
    let _ = proc::schedstat(input);
    let _ = proc::machine(input);
    let _ = proc::involuntary_switches(input);
    if let Some(cpus) = proc::cpus_allowed_list(input) {
        assert!(cpus.iter().all(|cpu| *cpu < loadgen_tune::limits::CPUS_MAX));
    }
}
