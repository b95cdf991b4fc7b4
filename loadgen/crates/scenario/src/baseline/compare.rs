//! A run against a baseline.

use loadgen_report::{Check, Table, Verdict, count, micros};

use super::{Baseline, BaselineError, Kept, QUANTILES, shape};
use crate::result::RunResult;
use crate::scenario::Scenario;

/// Samples above a percentile that it takes to compare it. Ours: with ten, chance moves it by about a third of
/// the way to its neighbours.
const SAMPLES_ABOVE_MIN: f64 = 10.0;

/// How much worse than its baseline a run may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Latencies: as a share of the baseline's.
    pub latency: f64,
    /// Latencies: and this many microseconds, below which a difference is the machine's noise.
    pub latency_us: u64,
    /// Throughput: as a share of the baseline's.
    pub throughput: f64,
    /// Errors: in percentage points.
    pub error_points: f64,
}

impl Default for Tolerance {
    /// Ours: runs of the same program on one busy machine of two cores stay within these.
    fn default() -> Self {
        Self { latency: 0.15, latency_us: 200, throughput: 0.05, error_points: 0.1 }
    }
}

/// One line of a comparison.
struct Line {
    id: String,
    what: String,
    before: f64,
    now: f64,
    /// The worst that is let pass.
    limit: f64,
    /// Whether more is worse.
    more_is_worse: bool,
    show: fn(f64) -> String,
    /// Why it cannot be compared.
    unsure: Option<String>,
}

impl Baseline {
    /// Compares a run with this baseline: a check for each figure, and a table of all.
    ///
    /// # Errors
    /// The two were not offered the same: [`BaselineError::Unlike`].
    pub fn compare(
        &self,
        scenario: &Scenario,
        result: &RunResult,
        tolerance: Tolerance,
    ) -> Result<(Vec<Check>, Table), BaselineError> {
        self.is_alike(scenario, result)?;
        let now = Self::new(scenario, result);
        let mut lines = vec![Line {
            id: "throughput".into(),
            what: "throughput".into(),
            before: self.throughput_rps,
            now: now.throughput_rps,
            limit: self.throughput_rps * (1.0 - tolerance.throughput),
            more_is_worse: false,
            show: |rps| format!("{rps:.1}/s"),
            unsure: None,
        }];
        lines.extend(lines_of(&self.all, &now.all, &tolerance));
        if self.requests.len() > 1 {
            for (before, now) in self.requests.iter().zip(&now.requests) {
                lines.extend(lines_of(before, now, &tolerance));
            }
        }
        let machine =
            if self.machine == now.machine { String::new() } else { self.other_machine(&now) };
        let said = tolerance_said(&tolerance) + &machine;
        let checks = lines.iter().map(|line| line.check(&said)).collect();
        let table = Table {
            title: format!("Against the baseline of {} requests{machine}", count(self.all.count)),
            columns: ["figure", "baseline", "now", "change", "allowed", "verdict"]
                .map(str::to_string)
                .to_vec(),
            rows: lines.iter().map(Line::row).collect(),
        };
        Ok((checks, table))
    }

    fn is_alike(&self, scenario: &Scenario, result: &RunResult) -> Result<(), BaselineError> {
        let mut differences = Vec::new();
        if self.scenario != result.scenario {
            differences.push(format!("scenario {} and {}", self.scenario, result.scenario));
        }
        let now = shape::shape(scenario, result.engine);
        let gone = self.shape.iter().filter(|part| !now.contains(part));
        differences.extend(gone.map(|part| format!("only the baseline has {part:?}")));
        let new = now.iter().filter(|part| !self.shape.contains(part));
        differences.extend(new.map(|part| format!("only this run has {part:?}")));
        if differences.is_empty() && self.shape != now {
            differences.push("the same parts in another order".into());
        }
        if differences.is_empty() { Ok(()) } else { Err(BaselineError::Unlike(differences)) }
    }

    fn other_machine(&self, now: &Self) -> String {
        let said = |of: &Self| {
            format!("{}, {} CPUs, Linux {}", of.machine.cpu, of.machine.cpus, of.machine.kernel)
        };
        format!(" (made on another machine: {}; this one is {})", said(self), said(now))
    }
}

/// Latencies and errors of one request, or of all.
fn lines_of(before: &Kept, now: &Kept, tolerance: &Tolerance) -> Vec<Line> {
    let share = |kept: &Kept| Some(100.0 * kept.errors? as f64 / kept.count.max(1) as f64);
    let errors = share(before).zip(share(now)).map(|(was, is)| Line {
        id: format!("errors/{}", before.name),
        what: format!("errors of {}", before.name),
        before: was,
        now: is,
        limit: was + tolerance.error_points,
        more_is_worse: true,
        show: |percent| format!("{percent:.2} %"),
        unsure: None,
    });
    let mut lines: Vec<Line> = errors.into_iter().collect();
    for (name, quantile) in QUANTILES {
        let of =
            |kept: &Kept| kept.percentiles_us.iter().find(|(n, _)| n == name).map(|(_, us)| *us);
        let (Some(before_us), Some(now_us)) = (of(before), of(now)) else { continue };
        let above = before.count.min(now.count) as f64 * (1.0 - quantile);
        // Rounding: 1,000 requests are ten above p99.
        let unsure = (above < SAMPLES_ABOVE_MIN - 1e-6).then(|| {
            let needed = (SAMPLES_ABOVE_MIN / (1.0 - quantile)).round();
            format!("{needed} requests are needed for {name}: let both runs last longer")
        });
        lines.push(Line {
            id: format!("{name}/{}", before.name),
            what: format!("{name} of {}", before.name),
            before: before_us as f64,
            now: now_us as f64,
            limit: before_us as f64 * (1.0 + tolerance.latency) + tolerance.latency_us as f64,
            more_is_worse: true,
            show: |us| micros(us.round() as u64),
            unsure,
        });
    }
    lines
}

impl Line {
    fn verdict(&self) -> Verdict {
        let is_kept =
            if self.more_is_worse { self.now <= self.limit } else { self.now >= self.limit };
        match (&self.unsure, is_kept) {
            (Some(why), _) => Verdict::NotChecked(why.clone()),
            (None, true) => Verdict::Passed,
            (None, false) => Verdict::Failed(format!(
                "{} went from {} to {}, and {} is allowed",
                self.what,
                (self.show)(self.before),
                (self.show)(self.now),
                (self.show)(self.limit)
            )),
        }
    }

    fn check(&self, tolerance: &str) -> Check {
        let no_worse = if self.more_is_worse { "at most" } else { "at least" };
        Check {
            id: format!("baseline/{}", self.id),
            promised: format!("{} {no_worse} {}", self.what, (self.show)(self.limit)),
            offered: "the baseline's load again".into(),
            observed: format!(
                "{}; the baseline has {}",
                (self.show)(self.now),
                (self.show)(self.before)
            ),
            verdict: self.verdict(),
            tolerance: tolerance.into(),
            ..Check::default()
        }
    }

    fn row(&self) -> Vec<String> {
        let change = match self.before {
            0.0 => "–".into(),
            before => format!("{:+.1} %", 100.0 * (self.now - before) / before),
        };
        let is_better =
            if self.more_is_worse { self.now < self.before } else { self.now > self.before };
        let verdict = match self.verdict() {
            Verdict::NotChecked(_) => "too few",
            Verdict::Failed(_) => "worse",
            Verdict::Passed if is_better => "no worse, better",
            Verdict::Passed => "no worse",
        };
        let shown = [self.before, self.now].map(self.show);
        let [before, now] = shown;
        vec![self.what.clone(), before, now, change, (self.show)(self.limit), verdict.into()]
    }
}

fn tolerance_said(tolerance: &Tolerance) -> String {
    format!(
        "latencies may be {:.0} % and {} higher, throughput {:.0} % lower, errors {} points more: \
         runs of one program on one machine differ by as much",
        tolerance.latency * 100.0,
        micros(tolerance.latency_us),
        tolerance.throughput * 100.0,
        tolerance.error_points
    )
}
