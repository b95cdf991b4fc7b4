use std::time::{Duration, Instant};

use super::*;

const LINE: &str =
    "S 1 42 42 0 -1 4194560 9 0 0 0 731 1234 0 0 20 0 3 0 8675309 1000 20 18446744073709551615";

#[test]
fn a_name_may_hold_anything() {
    for name in ["gateway", "a) b (", ") S 1 2 3 4", "", "a\nb", "(", ")", "(((", "1 (x) R"] {
        let got = stat(format!("42 ({name}) {LINE}\n").as_bytes()).expect(name);
        assert_eq!((got.id, got.name.as_str()), (42, name));
        assert_eq!((got.user_ticks, got.system_ticks), (731, 1234), "{name}");
    }
    let got = stat(&[b"7 (\xff\xfe) ", LINE.as_bytes()].concat()).expect("any bytes");
    assert_eq!(got.name, "\u{fffd}\u{fffd}");
}

#[test]
fn what_is_no_stat_is_none() {
    for text in
        ["", "42", "42 (a", "42 a) S", "(a) S", ")(", "x (a) S 1", "42 (a) S 1 2 3", "-1 (a) S"]
    {
        assert_eq!(stat(text.as_bytes()), None, "{text:?}");
    }
    let negative = format!("42 (a) {LINE}").replace("731", "-31");
    assert_eq!(stat(negative.as_bytes()), None);
}

#[test]
fn schedstat_and_status_are_read() {
    assert_eq!(schedstat(b"123 456 7\n"), Some(Schedule { run_ns: 123, wait_ns: 456 }));
    assert_eq!(schedstat(b"123"), None);
    let status = b"Name:\tnonvoluntary_ctxt_switches: 1\nCpus_allowed_list:\t0-2,5,7-8\n\
        voluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t99\n";
    assert_eq!(involuntary_switches(status), Some(99));
    assert_eq!(cpus_allowed_list(status), Some(vec![0, 1, 2, 5, 7, 8]));
    for list in ["", "1-", "-1", "3-1", "0-99999999", "a", "1,,2"] {
        let status = format!("Cpus_allowed_list:\t{list}\n");
        assert_eq!(cpus_allowed_list(status.as_bytes()), None, "{list:?}");
    }
}

#[test]
fn the_machine_is_its_first_line_and_the_count_of_the_others() {
    let text = b"cpu  10 1 5 100 7 2 3 4 9 9\ncpu0 5 0 0 0\ncpu1 5 0 0 0\nintr 1 2\ncpux 1\n";
    assert_eq!(machine(text), Some(Machine { busy_ticks: 25, idle_ticks: 107, cpus: 2 }));
    assert_eq!(machine(b"cpu0 1 2 3 4\n"), None);
    assert_eq!(machine(b""), None);
}

#[test]
fn this_process_is_read_with_its_threads_and_their_time_grows() {
    let pid = std::process::id();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let busy = std::thread::Builder::new()
        .name("a) b (".to_owned())
        .spawn(move || {
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                std::hint::spin_loop();
            }
        })
        .expect("a thread");
    let time = || {
        let now = process(pid).expect("this process");
        now.threads.into_values().find(|thread| thread.name == "a) b (").map(|thread| thread.run_us)
    };
    let start = Instant::now();
    let mut grew = false;
    while !grew && start.elapsed() < Duration::from_secs(30) {
        grew = time().is_some_and(|run_us| run_us > 20_000);
    }
    drop(stop);
    busy.join().expect("it ends");
    assert!(grew, "a thread that spins uses CPU time");
    let system = system().expect("a machine");
    assert!(system.cpus > 0 && system.busy_us > 0);
    let cpus = cpus_allowed(pid).expect("some CPUs");
    assert!(!cpus.is_empty());
}

#[test]
fn no_process_is_an_error() {
    assert!(process(u32::MAX).is_err());
    assert!(cpus_allowed(u32::MAX).is_err());
}
