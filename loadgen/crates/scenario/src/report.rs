//! A run's result as a report.

use loadgen_report::threshold::Threshold;
use loadgen_report::{
    Axis, Check, Plot, Report, Scale, Series, Style, Table, Verdict, count, latency_plot, micros,
};

use crate::result::{RequestResult, RunResult};
use crate::scenario::{Engine, Load, Scenario};

/// Lateness of the generator that is worth a word: the 99.9th percentile, in microseconds. Ours: what a timer and a
/// wake-up take on a busy machine, ten times over.
const LATE_US: u64 = 1_000;

impl RunResult {
    /// The report: checks of the scenario's thresholds, tables, plots.
    #[must_use]
    pub fn to_report(&self, scenario: &Scenario, target: &str) -> Report {
        let mut checks = Threshold::evaluate(&scenario.thresholds, &self.summary());
        checks.extend(self.silence_check(target));
        checks.extend(self.generator_check());
        let mut tables = vec![self.request_table(), self.status_table()];
        tables.retain(|table| !table.rows.is_empty());
        Report {
            command: "run".into(),
            target: target.into(),
            subject: format!("scenario {}", self.scenario),
            started_unix_ms: self.started_unix_us / 1_000,
            took_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            surroundings: self.surroundings(scenario),
            checks,
            tables,
            plots: self.plots(scenario),
        }
    }

    /// What whoever reads the numbers should know first: each in a sentence.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.late_us.value_at_quantile(0.999) > LATE_US {
            warnings.push(format!(
                "the generator itself was up to {} late (p99.9 {}), which the latencies include: take a lower rate, \
                 a less busy machine or --engine uring",
                micros(self.late_us.max()),
                micros(self.late_us.value_at_quantile(0.999))
            ));
        }
        if self.unsent > 0 {
            warnings.push(format!(
                "{} requests were due and not sent: a bound ended the run",
                count(self.unsent)
            ));
        }
        warnings
    }

    fn surroundings(&self, scenario: &Scenario) -> Vec<(String, String)> {
        let load = match &scenario.load {
            Load::Users(_) => format!("{} users at most", self.users_max),
            Load::Arrivals(_) => format!(
                "arrival rate of {:.0}/s at most, over {} users; latencies from the intended time",
                scenario.load.peak_rps().unwrap_or(0.0),
                self.users_max
            ),
        };
        let engine = match self.engine {
            Engine::Goose => "goose",
            Engine::Uring => "uring",
        };
        let mut all = vec![
            ("engine".to_string(), engine.to_string()),
            (
                "load".to_string(),
                format!("{load}, for {:.1} s", scenario.load.lasts().as_secs_f64()),
            ),
            (
                "requests".to_string(),
                format!("{}, {} of them errors", count(self.requests), count(self.failed())),
            ),
            ("throughput".to_string(), format!("{:.1}/s", self.throughput_rps())),
        ];
        if let Some((user_us, system_us)) = self.cpu_us {
            let cpu_us = user_us + system_us;
            let each = cpu_us as f64 / self.requests.max(1) as f64;
            all.push((
                "generator's CPU".into(),
                format!("{} ({each:.1} µs a request)", micros(cpu_us)),
            ));
        }
        if !self.late_us.is_empty() {
            let late = micros(self.late_us.value_at_quantile(0.999));
            all.push(("generator's lateness, p99.9".into(), late));
        }
        all.extend(self.warnings().into_iter().map(|warning| ("warning".to_string(), warning)));
        all
    }

    /// A target that answers nothing holds no promise, whatever the thresholds say of no latencies.
    fn silence_check(&self, target: &str) -> Option<Check> {
        let (kind, _) = self.errors.iter().max_by_key(|(_, count)| **count)?;
        if !self.statuses.is_empty() {
            return None;
        }
        let trusted = match target.starts_with("https") {
            true => ", and that this machine trusts its certificate",
            false => "",
        };
        Some(Check {
            id: "answers".into(),
            promised: "the target answers".into(),
            offered: format!("{} requests", count(self.requests)),
            observed: "no answer".into(),
            verdict: Verdict::Failed(format!(
                "none of {} requests was answered, most for: {kind}; see that the target is up{trusted}",
                count(self.requests)
            )),
            ..Check::default()
        })
    }

    /// A late generator is no fault of the target: what it makes doubtful is not checked.
    fn generator_check(&self) -> Option<Check> {
        let why = self.warnings().into_iter().next()?;
        Some(Check {
            id: "generator/schedule".into(),
            promised: "every request is sent when it is due".into(),
            offered: format!("{} requests", count(self.requests + self.unsent)),
            observed: format!(
                "p99.9 {} late, {} not sent",
                micros(self.late_us.value_at_quantile(0.999)),
                self.unsent
            ),
            verdict: Verdict::NotChecked(why),
            tolerance: format!(
                "{} at p99.9: timers and wake-ups of a busy machine",
                micros(LATE_US)
            ),
            ..Check::default()
        })
    }

    fn request_table(&self) -> Table {
        let columns = ["request", "count", "errors", "p50", "p90", "p99", "p99.9", "max", "rate/s"];
        let all = RequestResult {
            name: "all".into(),
            requests: self.requests,
            errors: Some(self.failed()),
            latency_us: self.latency_us.clone(),
        };
        let total = (self.by_request.len() > 1).then_some(&all);
        let rows = self.by_request.iter().chain(total).map(|request| self.request_row(request));
        Table {
            title: "Latency by request".into(),
            columns: columns.map(str::to_string).to_vec(),
            rows: rows.collect(),
        }
    }

    fn request_row(&self, request: &RequestResult) -> Vec<String> {
        let latency_us = &request.latency_us;
        let shown = |us: u64| if latency_us.is_empty() { "–".to_string() } else { micros(us) };
        let errors = request.errors.map_or_else(|| "–".to_string(), count);
        let mut row = vec![request.name.clone(), count(request.requests), errors];
        row.extend([0.5, 0.9, 0.99, 0.999].map(|q| shown(latency_us.value_at_quantile(q))));
        row.push(shown(latency_us.max()));
        row.push(format!("{:.1}", request.requests as f64 / self.took.as_secs_f64().max(1e-6)));
        row
    }

    fn status_table(&self) -> Table {
        let all = self.requests.max(1) as f64;
        let row =
            |name: String, n: u64| vec![name, count(n), format!("{:.2} %", 100.0 * n as f64 / all)];
        let statuses = self.statuses.iter().map(|(status, n)| row(status.to_string(), *n));
        let is_status = |kind: &str| kind.starts_with("status ");
        let errors = self.errors.iter().filter(|(kind, _)| !is_status(kind));
        let errors = errors.map(|(kind, n)| row(kind.clone(), *n));
        Table {
            title: "Answers and errors".into(),
            columns: ["status or error", "count", "share"].map(str::to_string).to_vec(),
            rows: statuses.chain(errors).collect(),
        }
    }

    fn plots(&self, scenario: &Scenario) -> Vec<Plot> {
        let curves = self.by_request.iter().filter(|request| !request.latency_us.is_empty());
        let mut curves: Vec<_> =
            curves.map(|request| (request.name.as_str(), &request.latency_us)).collect();
        if curves.len() != 1 {
            curves.insert(0, ("all", &self.latency_us));
        }
        let mut plots = vec![latency_plot("Latency by percentile", &curves)];
        if self.seconds.len() > 1 {
            plots.push(self.throughput_plot(scenario));
            plots.push(self.latency_over_time());
        }
        plots
    }

    fn throughput_plot(&self, scenario: &Scenario) -> Plot {
        let mut series = Vec::new();
        if let Load::Arrivals(arrivals) = &scenario.load {
            let mut start_s = 0.0;
            let mut points = Vec::new();
            for step in &arrivals.steps {
                points.push((start_s, step.from_rps));
                start_s += step.lasts.as_secs_f64();
                points.push((start_s, step.to_rps));
            }
            series.push(Series { label: "offered".into(), style: Style::Bound, points });
        }
        series.push(self.over_time("answers", |second| second.answered as f64));
        if self.failed() > 0 {
            series.push(self.over_time("errors", |second| second.failed as f64));
        }
        plot("Throughput over time", "per second", Scale::Linear, series)
    }

    fn latency_over_time(&self) -> Plot {
        let ms = |us: u64| us as f64 / 1e3;
        let mut series = Vec::new();
        if self.seconds.iter().any(|second| second.p99_us.is_some()) {
            series.push(self.over_time("p99", |second| ms(second.p99_us.unwrap_or(0))));
        }
        series.push(self.over_time("max", |second| ms(second.max_us)));
        plot("Latency over time", "latency (ms)", Scale::Linear, series)
    }

    /// A point in the middle of each second.
    fn over_time(
        &self,
        label: &str,
        value: impl Fn(&crate::result::SecondResult) -> f64,
    ) -> Series {
        let points =
            self.seconds.iter().enumerate().map(|(at, second)| (at as f64 + 0.5, value(second)));
        Series { label: label.into(), style: Style::Line, points: points.collect() }
    }
}

fn plot(title: &str, y: &str, scale: Scale, series: Vec<Series>) -> Plot {
    Plot {
        title: title.into(),
        x: Axis { label: "time (s)".into(), scale: Scale::Linear },
        y: Axis { label: y.into(), scale },
        series,
    }
}
