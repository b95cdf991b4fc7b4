//! A check before it is run.

use std::time::Duration;

use gateway_model::Place;
use loadgen_report::{Plot, Verdict};

use crate::session::Session;

/// When a check is run: what uses up a limit comes after what needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Answers that the gateway makes up itself.
    Errors,
    /// Authorizers and their caches.
    Authorizers,
    /// Response caches.
    Caches,
    /// The split of canaries.
    Canaries,
    /// Latencies.
    Latencies,
    /// Bursts.
    Bursts,
    /// Rates.
    Rates,
    /// Quotas; last, since they leave nothing.
    Quotas,
}

/// A check that the definition gives rise to.
pub(crate) struct Planned<'a> {
    /// See [`loadgen_report::Check::id`].
    pub(crate) id: String,
    /// See [`loadgen_report::Check::promised`].
    pub(crate) promised: String,
    /// Where that was written.
    pub(crate) place: Option<Place>,
    /// When it is run.
    pub(crate) phase: Phase,
    /// About how long it takes.
    pub(crate) lasts: Duration,
    /// Runs it.
    pub(crate) run: Box<dyn Fn(&Session<'_>) -> Finding + 'a>,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Finding {
    /// See [`loadgen_report::Check::offered`].
    pub(crate) offered: String,
    /// See [`loadgen_report::Check::observed`].
    pub(crate) observed: String,
    /// See [`loadgen_report::Check::verdict`].
    pub(crate) verdict: Verdict,
    /// See [`loadgen_report::Check::tolerance`].
    pub(crate) tolerance: String,
    /// See [`loadgen_report::Check::plots`].
    pub(crate) plots: Vec<Plot>,
}

impl Finding {
    /// Nothing was sent: why, and what to do about it.
    pub(crate) fn not_checked(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotChecked(why.into()), ..Self::default() }
    }
}
