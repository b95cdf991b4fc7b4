use std::process::{Command, Stdio};

use super::*;

#[test]
fn names_of_processes_may_hold_anything() {
    let stat =
        "17 (a) R (b) ) S 3 17 16 0 -1 4194560 80 0 0 0 1 2 3 4 20 0 5 0 900 1000 42 1844 1 1 0";
    let process = Process::parse(stat).unwrap();
    assert_eq!((process.pid, process.parent, process.session), (17, 3, 16));
    assert_eq!((process.threads, process.started, process.rss_pages), (5, 900, 42));
    assert!(!process.is_zombie);
    assert_eq!(Process::parse("17 (a"), None);
    assert_eq!(Process::parse(""), None);
}

#[test]
fn what_is_below_a_process_is_found_and_ended() {
    // A shell, a shell below it, and what that starts.
    let mut child = Command::new("sh")
        .args(["-c", "sh -c 'sleep 60 & sleep 61 & echo ready; wait' & wait"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let shell = child.id().cast_signed();
    let below = Processes::now().below(shell);
    assert_eq!(below.len(), 3, "{below:?}");
    let pids: Vec<i32> = below.iter().map(|process| process.pid).collect();
    end_until_none(|processes| {
        let all =
            processes.all().filter(|process| pids.contains(&process.pid) || process.pid == shell);
        all.copied().collect()
    });
    // The shell was waited for with the rest.
    child.wait().unwrap_err();
    assert!(pids.iter().all(|pid| Process::of(*pid).is_none_or(|process| process.is_zombie)));
}
