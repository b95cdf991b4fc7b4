//! Row 24: more connections than there is room for.

use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::{Hostile, get};
use crate::support::{Backend, Client};

/// Processor time of a process so far, in clock ticks: a hundredth of a second each.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit(')').next().unwrap();
    fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[test]
fn connections_beyond_the_limit_are_closed_at_once() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "[limits]\nconnections_max = 10\n");
    let mut inside: Vec<_> = (0..10).map(|_| hostile.client()).collect();
    for client in &mut inside {
        client.send(&get("/s/mock"));
        assert_eq!(client.response().status, 200);
    }
    for _ in 0..20 {
        assert!(hostile.client().is_closed());
    }
    for client in &mut inside {
        client.send(&get("/s/mock"));
        assert_eq!(client.response().status, 200, "those inside are served");
    }
    let baseline = hostile.descriptors();
    drop(inside);
    hostile.wait_descriptors(baseline - 10);
    hostile.assert_serves();
}

#[test]
fn without_descriptors_accepting_pauses_and_goes_on() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "[limits]\nconnections_max = 1000\n");
    let mut inside = hostile.client();
    inside.send(&get("/s/a"));
    assert_eq!(inside.response().status, 200);
    let pid = Pid::from_raw(i32::try_from(hostile.gateway.pid()).unwrap());
    let few = Some(hostile.descriptors() as u64 + 10);
    prlimit(pid, Resource::Nofile, Rlimit { current: few, maximum: few }).unwrap();
    let baseline = hostile.descriptors();
    let crowd: Vec<_> = (0..60).map(|_| hostile.client()).collect();
    hostile.gateway.wait_for_stderr("Accepting pauses", 1);
    let before = ticks(hostile.gateway.pid());
    for _ in 0..20 {
        inside.send(&get("/s/mock"));
        assert_eq!(inside.response().status, 200, "who is inside is served");
        std::thread::sleep(Duration::from_millis(50));
    }
    let spent = ticks(hostile.gateway.pid()) - before;
    assert!(spent < 60, "{spent} ticks in a second and more: it spins");
    drop(crowd);
    hostile.wait_descriptors(baseline);
    assert_eq!(Client::get(hostile.gateway.addr(), "/s/mock").status, 200);
}
