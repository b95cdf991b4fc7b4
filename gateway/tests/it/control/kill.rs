//! `kill -9` in the middle of writes: what was acknowledged is there, and nothing by halves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::client::{Control, ControlGateway as _};
use crate::support::Gateway;

/// Moments at which the gateway is killed. Source: what the control plane promises.
const KILLS: u64 = 200;

/// Who writes at once, so that changes share transactions.
const CLIENTS: usize = 3;

/// The longest time between the start and the kill, in microseconds. A power of two.
const LIFE_US_MAX: u64 = 1 << 17;

/// Resources of each API that a client makes.
const RESOURCES: usize = 4;

/// An API as its client knows it.
#[derive(Debug, Clone, Default)]
struct Known {
    /// Ids of resources, the root's too.
    resources: BTreeSet<String>,
    /// Of each stage, its deployment.
    stages: BTreeMap<String, String>,
    /// It was told to go: it is whole or it is not there.
    is_going: bool,
    /// It is gone.
    is_gone: bool,
}

/// What one client has been told, over all lives of the gateway.
#[derive(Debug, Default)]
struct Acknowledged {
    apis: BTreeMap<String, Known>,
    /// Writes that were answered.
    count: usize,
}

#[test]
fn every_acknowledged_change_outlives_a_kill() {
    let state = tempfile::tempdir().unwrap();
    let directory = state.path().to_str().unwrap().to_owned();
    let args = ["--control", "127.0.0.1:0", "--state", &directory];
    let mut clients: [Acknowledged; CLIENTS] = Default::default();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for kill in 0..KILLS {
        let gateway = Gateway::start(super::EMPTY, &args);
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let life = Duration::from_micros((seed >> 33) & (LIFE_US_MAX - 1));
        // Connected before the clock runs: a thread may start when the gateway has long been killed.
        let control = || Control::of(gateway.control_addr(), state.path());
        let controls: [Control; CLIENTS] = std::array::from_fn(|_| control());
        std::thread::scope(|scope| {
            for (client, mut control) in clients.iter_mut().zip(controls) {
                scope.spawn(move || while write(&mut control, client).is_some() {});
            }
            let until = Instant::now() + life;
            // Busy, because a sleep is too coarse.
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            gateway.signal(Signal::KILL);
        });
        gateway.ended();
        check(kill, &stored(state.path()), &clients);
    }
    let writes: usize = clients.iter().map(|client| client.count).sum();
    let apis: usize = clients.iter().map(|client| client.apis.len()).sum();
    println!("{KILLS} kills, {writes} writes acknowledged, {apis} APIs");
    assert!(writes > KILLS as usize, "the clients wrote");
}

/// One API with resources, a method and two stages; then the one before it goes. Nothing once the gateway is dead.
fn write(control: &mut Control, client: &mut Acknowledged) -> Option<()> {
    let before: Vec<String> = client.apis.keys().cloned().collect();
    let Acknowledged { apis, count } = client;
    let mut ask = |method: &str, target: &str, body: &str| {
        control.try_send(method, target, body).ok()?;
        let answer = control.try_response().ok()?;
        assert!(matches!(answer.status, 201 | 202), "{method} {target}: {}", answer.text());
        *count += 1;
        Some(serde_json::from_slice::<Value>(&answer.body).unwrap_or_default())
    };
    let api = ask("POST", "/restapis", r#"{"name":"k"}"#)?;
    let id = api["id"].as_str().unwrap().to_owned();
    let root = api["rootResourceId"].as_str().unwrap().to_owned();
    apis.entry(id.clone()).or_default().resources.insert(root.clone());
    let method = format!("/restapis/{id}/resources/{root}/methods/GET");
    ask("PUT", &method, r#"{"authorizationType":"NONE"}"#)?;
    ask("PUT", &format!("{method}/integration"), r#"{"type":"MOCK"}"#)?;
    for index in 0..RESOURCES {
        let target = format!("/restapis/{id}/resources/{root}");
        let made = ask("POST", &target, &format!(r#"{{"pathPart":"p{index}"}}"#))?;
        let made = made["id"].as_str().unwrap().to_owned();
        apis.get_mut(&id).unwrap().resources.insert(made);
        if index % 2 == 0 {
            let body = format!(r#"{{"stageName":"s{index}"}}"#);
            let made = ask("POST", &format!("/restapis/{id}/deployments"), &body)?;
            let made = made["id"].as_str().unwrap().to_owned();
            apis.get_mut(&id).unwrap().stages.insert(format!("s{index}"), made);
        }
    }
    for id in before {
        let known = apis.get_mut(&id).unwrap();
        // One whose deletion was cut may be gone.
        if !known.is_going {
            known.is_going = true;
            ask("DELETE", &format!("/restapis/{id}"), "")?;
            apis.get_mut(&id).unwrap().is_gone = true;
        }
    }
    Some(())
}

/// All documents of a store that nobody has open.
#[track_caller]
fn stored(state: &Path) -> BTreeMap<String, Value> {
    let file = state.join("backup");
    let _ = std::fs::remove_file(&file);
    let mut backup = Command::new(env!("CARGO_BIN_EXE_gateway"));
    let backup = backup.args(["backup", "--state"]).arg(state).arg(&file).output().unwrap();
    assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let documents = lines.filter_map(|line| {
        let key = line["key"].as_str()?.to_owned();
        Some((key, serde_json::from_str(line["document"].as_str()?).unwrap()))
    });
    documents.collect()
}

/// The parts of one API in the store.
#[derive(Debug, Default)]
struct Found<'s> {
    is_there: bool,
    root: Option<&'s str>,
    resources: BTreeSet<&'s str>,
    models: BTreeSet<&'s str>,
    deployments: BTreeSet<&'s str>,
    stages: BTreeMap<&'s str, &'s str>,
}

fn apis(stored: &BTreeMap<String, Value>) -> BTreeMap<&str, Found<'_>> {
    let mut apis: BTreeMap<&str, Found<'_>> = BTreeMap::new();
    for (key, document) in stored {
        let parts: Vec<&str> = key.split('/').collect();
        let ["restapis", id, part @ ..] = parts.as_slice() else { continue };
        let found = apis.entry(id).or_default();
        match part {
            [] => {
                found.is_there = true;
                found.root = document["rootResourceId"].as_str();
            }
            ["resources", id] => drop(found.resources.insert(id)),
            ["models", id] => drop(found.models.insert(id)),
            ["deployments", id] => drop(found.deployments.insert(id)),
            ["stages", id] => {
                found.stages.insert(id, document["deploymentId"].as_str().unwrap());
            }
            other => panic!("{other:?}"),
        }
    }
    apis
}

/// All that was acknowledged, no half of what was not.
#[track_caller]
fn check(kill: u64, stored: &BTreeMap<String, Value>, clients: &[Acknowledged; CLIENTS]) {
    let apis = apis(stored);
    for (id, found) in &apis {
        // What one call makes or removes: an API with its root and its models, a deployment with its stage.
        assert!(found.is_there, "kill {kill}: a part of {id} without the API: {found:?}");
        let root = found.root.unwrap();
        assert!(found.resources.contains(root), "kill {kill}: {id} has no root: {found:?}");
        assert_eq!(found.models, ["Empty", "Error"].into(), "kill {kill}: {id}");
        let shown: BTreeSet<&str> = found.stages.values().copied().collect();
        assert_eq!(shown, found.deployments, "kill {kill}: {id}: a deployment and its stage");
    }
    let mut strangers: BTreeSet<&str> = apis.keys().copied().collect();
    for (id, known) in clients.iter().flat_map(|client| &client.apis) {
        strangers.remove(&**id);
        let Some(found) = apis.get(&**id) else {
            assert!(known.is_going, "kill {kill}: {id} is gone: {known:?}");
            continue;
        };
        assert!(!known.is_gone, "kill {kill}: {id} is back: {found:?}");
        let lost = known.resources.iter().find(|id| !found.resources.contains(&***id));
        assert_eq!(lost, None, "kill {kill}: {id} lost a resource: {found:?}");
        for (stage, deployment) in &known.stages {
            assert_eq!(found.stages.get(&**stage), Some(&&**deployment), "kill {kill}: {id}");
        }
        // One call was under way at most, when its client last wrote to it.
        let more = found.resources.len() + found.stages.len();
        let more = more - known.resources.len() - known.stages.len();
        assert!(more <= 1, "kill {kill}: {id} has {more} parts too many: {found:?}, {known:?}");
    }
    // Each kill may have cut one answer of each client.
    let most = CLIENTS * (kill as usize + 1);
    assert!(strangers.len() <= most, "kill {kill}: {strangers:?}");
}
