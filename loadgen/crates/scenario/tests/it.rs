//! Scenarios against a small server of threads.
#![forbid(unsafe_code)]

#[path = "it/baseline.rs"]
mod baseline;
#[path = "it/closed.rs"]
mod closed;
#[path = "it/open.rs"]
mod open;
#[path = "it/server.rs"]
mod server;
#[path = "it/uring.rs"]
mod uring;
#[path = "it/yaml.rs"]
mod yaml;

use std::collections::BTreeMap;

use loadgen_scenario::{RunResult, RunSettings, Scenario, Sources, run_goose};

/// A scenario without files, parameters or environment.
fn scenario(text: &str) -> Scenario {
    let sources =
        Sources { name: "test.yaml", folder: None, params: &BTreeMap::new(), env: &|_| None };
    Scenario::parse(text, &sources).unwrap_or_else(|error| panic!("{error}"))
}

fn run(text: &str, server: &server::Server) -> RunResult {
    let settings = RunSettings::new(server.target());
    run_goose(&scenario(text), &settings, &mut |_| {})
        .unwrap_or_else(|error| panic!("{error}: {error:?}"))
}
