//! What was found, as a report.

use loadgen_report::{
    Axis, Check, Plot, Report, Scale, Series, Style, Table, Verdict, count, micros,
};

use crate::bound::Bound;
use crate::judge;
use crate::search::Ended;
use crate::{Found, GatewayFacts, StepFacts};

impl Found {
    /// The report: the knee as a check, tables of steps and connections, and plots over the rate.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report {
            command: "tune".to_owned(),
            target: self.target_name.clone(),
            subject: self.headline(),
            started_unix_ms: self.started_unix_ms,
            took_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            surroundings: self.surroundings(),
            checks: vec![self.check()],
            tables: vec![self.findings(), self.steps_table(), self.accounts_table()],
            plots: self.plots(),
        };
        if self.trials.len() > 1 {
            report.tables.push(self.trials_table());
        }
        report
    }

    /// In one line: the rate, what bounds it.
    #[must_use]
    pub fn headline(&self) -> String {
        let level = self.level();
        match self.end.holds_rps {
            None => format!("no rate holds {level}; bounded by {}", self.finding.bound.clause()),
            Some(rate) => {
                let least = if self.is_lower_bound() { "at least " } else { "" };
                let clause = self.finding.bound.clause();
                format!("{least}{} requests/s hold {level}; bounded by {clause}", rounded(rate))
            }
        }
    }

    fn level(&self) -> String {
        let level: Vec<String> = self.thresholds.iter().map(ToString::to_string).collect();
        level.join(" and ")
    }

    fn check(&self) -> Check {
        let (rates, time) = (self.steps.len(), loadgen_report::count(self.took.as_secs()));
        let fails = self.end.fails_rps.map(|rate| format!("; {}/s do not", rounded(rate)));
        let fails = fails.unwrap_or_default();
        let (observed, verdict) = match (self.end.holds_rps, self.steps.is_empty()) {
            (_, true) => (
                "nothing was measured".to_owned(),
                Verdict::NotChecked(
                    "the time was over before the first rate; allow more".to_owned(),
                ),
            ),
            // Nothing held, and it was not the gateway's doing: that is no broken promise.
            (None, _) if self.is_lower_bound() => (
                format!("no rate held{fails}"),
                Verdict::NotChecked(format!(
                    "bounded by {}: {}",
                    self.finding.bound.clause(),
                    self.finding.advice
                )),
            ),
            (None, _) => {
                let last = self.steps.last().map(|step| step.broken.clone()).unwrap_or_default();
                (format!("no rate held{fails}"), Verdict::Failed(last))
            }
            (Some(rate), _) => (format!("{}/s hold{fails}", rounded(rate)), Verdict::Passed),
        };
        Check {
            id: "knee/constant rate".to_owned(),
            promised: format!("a rate at which {}", self.level()),
            offered: format!(
                "{rates} steps over {} connections in {time} s, latencies from the intended send time",
                self.connections
            ),
            observed,
            verdict,
            tolerance: format!(
                "{}; a rate near the limit was measured up to three times, and two of a kind decided",
                self.why_ended()
            ),
            took_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            ..Check::default()
        }
    }

    fn why_ended(&self) -> &'static str {
        match self.end.why {
            Ended::Resolved => "the rates that hold and do not are within 5 %",
            Ended::AtMost => {
                "the highest rate that was allowed held, so that no higher one was tried"
            }
            Ended::AtLeast => "the lowest rate that is tried did not hold",
            Ended::Steps => "all steps were used before the rates were within 5 %",
            Ended::Time => "the time or count was used before the rates were within 5 %",
        }
    }

    fn findings(&self) -> Table {
        let mut rows = vec![
            ("bounded by", self.finding.bound.clause().to_owned()),
            ("since", self.finding.evidence.join("; ")),
            ("so", self.finding.advice.clone()),
        ];
        if let Some(rate) = self.rate_per_core() {
            rows.push(("per core of shards", format!("{} requests/s", rounded(rate))));
        }
        if let Some(gateway) = self.knee().and_then(|knee| knee.gateway.as_ref()) {
            rows.push((
                "CPU per request",
                format!(
                    "{:.1} µs, {:.0} % of it in the kernel",
                    gateway.cpu_us_per_request,
                    gateway.system_share * 100.0
                ),
            ));
        }
        if let Some(ceiling) = &self.ceiling {
            let rate = rounded(ceiling.achieved_rps);
            let connections = ceiling.connections;
            let each = ceiling.gateway.as_ref().map(|gateway| {
                let (each, cores) = (gateway.cpu_us_per_request, gateway.cores);
                format!(", {each:.1} µs of CPU each, {cores:.2} cores of the gateway")
            });
            rows.push((
                "as fast as it answers",
                format!("{rate}/s over {connections} connections{}", each.unwrap_or_default()),
            ));
        }
        if let Some(shards) = self.advice.shards {
            rows.push(("suggested shards", format!("{shards}: {}", self.advice.shards_why)));
        }
        if let Some(connections) = self.advice.connections {
            let why = &self.advice.connections_why;
            rows.push(("suggested connections", format!("{connections}: {why}")));
        }
        if self.finding.bound == Bound::Generator {
            rows.push(("note", "the gateway can do more than was offered".to_owned()));
        }
        Table {
            title: "Result".to_owned(),
            columns: vec!["what".to_owned(), "found".to_owned()],
            rows: rows.into_iter().map(|(what, found)| vec![what.to_owned(), found]).collect(),
        }
    }

    fn steps_table(&self) -> Table {
        table(
            "Steps",
            &["offered/s", "achieved/s", "p50", "p99", "p99.9", "errors", "held", "sent late, p99"],
            self.steps.iter().map(latency_cells),
        )
    }

    fn accounts_table(&self) -> Table {
        table(
            "CPUs by step",
            &[
                "offered/s",
                "gateway µs/request",
                "gateway",
                "its shards",
                "involuntary/s",
                "generator",
                "machine",
            ],
            self.steps.iter().map(account_cells),
        )
    }

    fn trials_table(&self) -> Table {
        let rows = self.trials.iter().map(|trial| {
            let p50_us = (trial.p50_ms * 1e3) as u64;
            vec![trial.connections.to_string(), rounded(trial.rate_rps), micros(p50_us)]
        });
        table(
            "Connections, each sending as soon as it has its answer",
            &["connections", "answers/s", "p50"],
            rows,
        )
    }

    fn surroundings(&self) -> Vec<(String, String)> {
        let mut rows = vec![("connections", self.connections.to_string())];
        if let Some(step) = self.steps.last() {
            rows.push(("generator threads", step.generator_threads.to_string()));
            if let Some(machine) = step.machine {
                rows.push(("CPUs of the machine", machine.cpus.to_string()));
            }
            if let Some(gateway) = &step.gateway {
                rows.push(("shards of the gateway", gateway.shards.len().to_string()));
            }
        }
        if let Some(cpus) = self.gateway_cpus {
            rows.push(("CPUs that the gateway may use", cpus.to_string()));
        }
        rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn plots(&self) -> Vec<Plot> {
        let mut plots = vec![self.latency_plot()];
        let gateway = |of: &dyn Fn(&GatewayFacts) -> f64| {
            self.over_rate(&|step| step.gateway.as_ref().map(of))
        };
        let cpu = gateway(&|facts| facts.cpu_us_per_request);
        if cpu.is_empty() {
            return plots;
        }
        let line = |label: String, points| Series { label, style: Style::Line, points };
        plots.push(Plot {
            title: "CPU time per request".to_owned(),
            x: self.rate_axis(),
            y: Axis { label: "CPU of the gateway (µs/request)".to_owned(), scale: Scale::Linear },
            series: vec![line("gateway".to_owned(), cpu)],
        });
        let shards = self.steps.iter().filter_map(|step| step.gateway.as_ref());
        let most = shards.map(|gateway| gateway.shards.len()).max().unwrap_or(0);
        let mut series: Vec<Series> = (0..most)
            .map(|i| {
                let busy =
                    |step: &StepFacts| Some(step.gateway.as_ref()?.shards.get(i)?.busy * 100.0);
                line(format!("shard-{i}"), self.over_rate(&busy))
            })
            .collect();
        let generator = |step: &StepFacts| {
            Some(100.0 * step.generator_cores / step.generator_threads.max(1) as f64)
        };
        series.push(line("generator, each thread".to_owned(), self.over_rate(&generator)));
        plots.push(Plot {
            title: "Busy cores".to_owned(),
            x: self.rate_axis(),
            y: Axis { label: "share of a core (%)".to_owned(), scale: Scale::Linear },
            series,
        });
        plots
    }

    /// Evenly, or by the logarithm where the rates span more than a decade.
    fn rate_axis(&self) -> Axis {
        let (first, last) = self.rate_ends();
        let scale = if last > first * 10.0 { Scale::Log } else { Scale::Linear };
        Axis { label: "offered rate (requests/s)".to_owned(), scale }
    }

    fn rate_ends(&self) -> (f64, f64) {
        let rates = || self.steps.iter().map(|step| step.offered_rps);
        (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max))
    }

    fn latency_plot(&self) -> Plot {
        let line = |label: &str, percentile| Series {
            label: label.to_owned(),
            style: Style::Line,
            points: self.over_rate(&|step| step.latency_ms(percentile)),
        };
        let mut series = vec![line("p50", 50.0), line("p99", 99.0), line("p99.9", 99.9)];
        let (first, last) = self.rate_ends();
        for threshold in self.thresholds.iter().filter(|t| t.metric().is_latency()) {
            let ms = threshold.limit() / 1e3;
            series.push(Series {
                label: threshold.to_string(),
                style: Style::Bound,
                points: vec![(first, ms), (last, ms)],
            });
        }
        if let (Some(rate), Some(us)) =
            (self.end.holds_rps, judge::latency_limit_us(&self.thresholds))
        {
            let knee_ms = self.knee().and_then(|knee| knee.latency_ms(50.0)).unwrap_or(us / 1e3);
            series.push(Series {
                label: "knee".to_owned(),
                style: Style::Bound,
                points: vec![(rate, knee_ms.min(us / 1e3)), (rate, us / 1e3)],
            });
        }
        Plot {
            title: "Latency over offered rate".to_owned(),
            x: self.rate_axis(),
            y: Axis {
                label: "latency from the intended send time (ms)".to_owned(),
                scale: Scale::Log,
            },
            series,
        }
    }

    /// A value of each step over its rate, in order of the rate; of repeated steps the median.
    fn over_rate(&self, of: &dyn Fn(&StepFacts) -> Option<f64>) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> =
            self.steps.iter().filter_map(|step| Some((step.offered_rps, of(step)?))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        points.chunk_by(|a, b| a.0 == b.0).map(|same| same[(same.len() - 1) / 2]).collect()
    }
}

fn table(title: &str, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Table {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    Table { title: title.to_owned(), columns, rows: rows.collect() }
}

fn latency_cells(step: &StepFacts) -> Vec<String> {
    let latency = |percentile| match step.latency_ms(percentile) {
        Some(ms) => micros((ms * 1e3).round() as u64),
        None => "–".to_owned(),
    };
    let errors = 100.0 * step.errors as f64 / step.requests.max(1) as f64;
    vec![
        rounded(step.offered_rps),
        rounded(step.achieved_rps),
        latency(50.0),
        latency(99.0),
        latency(99.9),
        format!("{errors:.2} %"),
        if step.holds { "yes" } else { "no" }.to_owned(),
        micros(step.late_us),
    ]
}

/// CPU time in cores, but for the first.
fn account_cells(step: &StepFacts) -> Vec<String> {
    let of_gateway = |of: &dyn Fn(&GatewayFacts) -> String| {
        step.gateway.as_ref().map_or_else(|| "–".to_owned(), of)
    };
    let shards = |gateway: &GatewayFacts| {
        let shares = gateway.shards.iter().map(|shard| format!("{:.0} %", shard.busy * 100.0));
        shares.collect::<Vec<_>>().join(", ")
    };
    let machine = |m: crate::MachineFacts| format!("{:.2} of {}", m.busy_cores, m.cpus);
    vec![
        rounded(step.offered_rps),
        of_gateway(&|gateway| format!("{:.1}", gateway.cpu_us_per_request)),
        of_gateway(&|gateway| format!("{:.2}", gateway.cores)),
        of_gateway(&shards),
        of_gateway(&|gateway| format!("{:.0}", gateway.involuntary_per_s)),
        format!("{:.2}", step.generator_cores),
        step.machine.map_or_else(|| "–".to_owned(), machine),
    ]
}

fn rounded(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}") } else { count(rate.round() as u64) }
}
