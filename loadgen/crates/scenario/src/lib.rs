//! Scenarios: what users send, how much of it, and what the run is judged by.
//!
//! A [`Scenario`] is read from YAML ([`Scenario::load`]) or is one of [`builtins`]. [`run_goose`] runs it with goose's
//! users, each with goose's client; [`run_uring`] runs what is fixed beforehand on the io_uring engine. Both answer
//! with a [`RunResult`], which becomes a report ([`RunResult::to_report`]), a baseline ([`Baseline`]) and a log of
//! histograms.
//!
//! **Invariant:** with an arrival rate, a request's due time comes from the [`Schedule`] alone, and its latency counts
//! from it. A slow answer delays nothing but itself and what must wait for its user, and that wait is counted.
//!
//! Only this crate names goose.
#![forbid(unsafe_code)]

mod baseline;
mod builtin;
mod hdr_log;
pub mod limits;
pub mod progress;
mod quantity;
mod report;
mod result;
mod run;
mod scenario;
mod schedule;
mod template;
mod yaml;

pub use baseline::{Baseline, BaselineError, Tolerance};
pub use builtin::{Builtin, builtin, builtins};
pub use hdr_log::HdrLog;
pub use result::{RequestResult, RunResult, SecondResult, histogram};
pub use run::{RunError, RunSettings, is_goose_stopped, run_goose, run_uring, run_uring_until};
pub use scenario::{
    Arrivals, Auth, Body, Burst, Engine, Expect, Load, Order, Pace, RateStep, Request, Scenario,
    Slow, UserKind, UserStage,
};
pub use schedule::Schedule;
pub use template::{Draw, Template};
pub use yaml::{Problem, ScenarioError, Sources};
