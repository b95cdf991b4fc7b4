//! `kill -9` in the middle of writes: what was acknowledged is there, and nothing by halves.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::client::{Control, ControlGateway as _};
use crate::support::Gateway;

/// Moments at which the gateway is killed. Source: what the control plane promises; a minute.
const KILLS: u64 = 200;

/// Each script makes an API with so many resources; an API without all of its acknowledged ones is a half change.
const RESOURCES: usize = 6;

#[test]
fn every_acknowledged_change_outlives_a_kill() {
    let state = tempfile::tempdir().unwrap();
    let directory = state.path().to_str().unwrap().to_owned();
    let args = ["--control", "127.0.0.1:0", "--state", &directory];
    let mut acknowledged: Vec<(String, Vec<String>)> = Vec::new();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for kill in 0..KILLS {
        let gateway = Gateway::start(super::EMPTY, &args);
        let mut control = Control::of(gateway.control_addr(), state.path());
        for (id, paths) in acknowledged.iter().rev().take(3) {
            let found =
                control.json("GET", &format!("/restapis/{id}/resources?limit=500"), "", 200);
            let found: Vec<_> =
                found["item"].as_array().unwrap().iter().map(|r| r["path"].clone()).collect();
            for path in paths {
                assert!(
                    found.iter().any(|found| found == path),
                    "kill {kill}: {path} of {id} is gone: {found:?}"
                );
            }
            assert!(
                found.len() <= paths.len() + 2,
                "kill {kill}: {found:?}, acknowledged {paths:?}"
            );
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let until = Instant::now() + Duration::from_micros(seed >> 33 & 0x1_ffff);
        std::thread::scope(|scope| {
            let gateway = &gateway;
            scope.spawn(move || {
                // Busy, because a sleep is too coarse.
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
                gateway.signal(Signal::KILL);
            });
            write_until_it_dies(&mut control, &mut acknowledged);
        });
    }
    let resources: usize = acknowledged.iter().map(|(_, paths)| paths.len()).sum();
    println!("{KILLS} kills, {} APIs, {resources} resources acknowledged", acknowledged.len());
    assert!(resources > 0, "the clients wrote");
}

/// Makes APIs with resources, and notes what was acknowledged.
fn write_until_it_dies(control: &mut Control, acknowledged: &mut Vec<(String, Vec<String>)>) {
    let mut ask = |target: &str, body: &str| {
        control.try_send("POST", target, body).ok()?;
        let answer = control.try_response().ok()?;
        assert_eq!(answer.status, 201, "{}", answer.text());
        serde_json::from_slice::<serde_json::Value>(&answer.body).ok()
    };
    loop {
        let Some(api) = ask("/restapis", r#"{"name":"k"}"#) else { return };
        let id = api["id"].as_str().unwrap().to_owned();
        let root = api["rootResourceId"].as_str().unwrap().to_owned();
        acknowledged.push((id.clone(), vec!["/".to_owned()]));
        for index in 0..RESOURCES {
            let target = format!("/restapis/{id}/resources/{root}");
            let Some(made) = ask(&target, &format!(r#"{{"pathPart":"p{index}"}}"#)) else { return };
            let path = made["path"].as_str().unwrap().to_owned();
            acknowledged.last_mut().unwrap().1.push(path);
        }
    }
}
