//! Finds the knee: the highest constant rate that holds a service level, and what bounds it.
//!
//! [`tune`] tries a closed model for the ceiling and the connections, then steps a constant rate (`search`), measures
//! each step with the engine's open model and the accounts of `/proc`, and explains what it saw (`bound`,
//! `advice`). [`Found::report`] is for people.
#![forbid(unsafe_code)]

pub mod advice;
pub mod bound;
mod error;
mod facts;
mod found;
mod judge;
pub mod limits;
mod measure;
pub mod proc;
pub mod search;
mod tune;

pub use advice::{Advice, Trial};
pub use bound::{Bound, Finding};
pub use error::TuneError;
pub use facts::{GatewayFacts, MachineFacts, ShardFacts, StepFacts};
pub use search::{End, Ended};
pub use tune::{Event, Found, Settings, tune};
