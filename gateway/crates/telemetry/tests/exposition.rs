//! What a scraper gets: read by a strict parser, compared with the names and their documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use gateway_telemetry::names::{self, MetricKind};
use gateway_telemetry::{
    AccessLog, BuildInfo, Exposition, FunctionNumbers, ProcessStats, Registry, SinkConfig,
    StageLabels, StageMetrics, UpstreamFailure,
};

const BUILD: BuildInfo = BuildInfo { version: "1.2.3", os: "linux", arch: "x86_64" };

const PROCESS: ProcessStats = ProcessStats {
    cpu_seconds: Some(1.5),
    resident_bytes: Some(1),
    virtual_bytes: Some(2),
    start_time_seconds: Some(1_700_000_000.25),
    open_fds: Some(3),
    max_fds: Some(4),
    threads: Some(5),
};

/// A family of one exposition.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
    unit: String,
    /// By sample name and labels, as written.
    samples: BTreeMap<(String, Vec<(String, String)>), f64>,
}

/// Reads an exposition, or panics with the line that a strict reader would refuse.
fn parse(text: &str, is_open_metrics: bool) -> BTreeMap<String, Family> {
    let text = if is_open_metrics {
        text.strip_suffix("# EOF\n").expect("OpenMetrics has an end")
    } else {
        text
    };
    assert!(text.ends_with('\n'), "the last line ends");
    let mut families = BTreeMap::<String, Family>::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let (keyword, rest) = comment.split_once(' ').expect(line);
            let (name, value) = rest.split_once(' ').expect(line);
            if keyword == "HELP" {
                assert!(!families.contains_key(name), "families are whole: {line}");
                current = name.to_owned();
            }
            assert_eq!(name, current, "{line}");
            let family = families.entry(current.clone()).or_default();
            assert!(family.samples.is_empty(), "comments come first: {line}");
            let field = match keyword {
                "HELP" => &mut family.help,
                "TYPE" => &mut family.kind,
                "UNIT" if is_open_metrics => &mut family.unit,
                _ => panic!("unknown keyword: {line}"),
            };
            assert!(field.is_empty(), "once: {line}");
            *field = value.to_owned();
            continue;
        }
        let family = families.get_mut(&current).expect(line);
        let (name, labels, value) = sample(line);
        let suffix = name.strip_prefix(&current).expect(line);
        let allowed: &[&str] = match (family.kind.as_str(), is_open_metrics) {
            ("counter", true) => &["_total"],
            ("info", true) => &["_info"],
            ("counter" | "gauge", _) => &[""],
            ("histogram", _) => &["_bucket", "_sum", "_count"],
            _ => panic!("unknown type before {line}"),
        };
        assert!(allowed.contains(&suffix), "{line}");
        let old = family.samples.insert((name, labels), value);
        assert!(old.is_none(), "a sample is unique: {line}");
    }
    families
}

/// `name{label="value",…} number`.
fn sample(line: &str) -> (String, Vec<(String, String)>, f64) {
    let end = line.find(['{', ' ']).expect(line);
    let (name, mut rest) = line.split_at(end);
    let is_name = |name: &str| {
        let mut chars = name.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    assert!(is_name(name), "{line}");
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").expect(line);
            assert!(is_name(label), "{line}");
            let mut value = String::new();
            let mut chars = after.chars();
            loop {
                match chars.next().expect(line) {
                    '"' => break,
                    '\\' => value.push(match chars.next().expect(line) {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        _ => panic!("unknown escape: {line}"),
                    }),
                    c => value.push(c),
                }
            }
            labels.push((label.to_owned(), value));
            rest = chars.as_str();
            match rest.split_at(1) {
                (",", more) => rest = more,
                ("}", more) => {
                    rest = more;
                    break;
                }
                _ => panic!("after a label: {line}"),
            }
        }
    }
    let number = rest.strip_prefix(' ').expect(line);
    (name.to_owned(), labels, number.parse().expect(line))
}

fn registry() -> (Registry, Vec<Arc<StageMetrics>>) {
    let registry = Registry::new(BUILD, 3, &["bad_host", "bad_length"]);
    registry.describe_ring("io_uring", "SINGLE_ISSUER|DEFER_TASKRUN");
    registry.add_functions(|| {
        let function = "na\"me".to_owned();
        vec![FunctionNumbers { function, idle: 2, invocations: 7, ..FunctionNumbers::default() }]
    });
    registry.config().loaded(1_700_000_001);
    registry.config().failed();
    registry.usage().failed();
    registry.usage().failed();
    registry.usage().written(1_700_000_002);
    let stage = StageLabels::stage("a1", "odd \"name\"\\\n", "prod");
    let method = stage.method("GET", "/pets/{id}");
    let mut held = Vec::new();
    for (index, shard) in registry.shards().iter().enumerate() {
        shard.connections_accepted.add(10 + index as u64);
        shard.loop_ticks.increment();
        shard.refusals.increment("bad_length");
        shard.responses.increment(200);
        shard.upstream_failures.increment(UpstreamFailure::Timeout);
        for labels in [&stage, &method] {
            let metrics = registry.stage(index, labels);
            metrics.record(200, Duration::from_millis(2), Some(Duration::from_millis(1)));
            metrics.record(404, Duration::from_micros(10), None);
            held.push(metrics);
        }
    }
    (registry, held)
}

fn value(families: &BTreeMap<String, Family>, family: &str, name: &str, labels: &[&str]) -> f64 {
    let samples = families[family].samples.iter();
    let mut found = samples.filter(|((sample, values), _)| {
        sample == name && values.iter().map(|(_, value)| value).eq(labels)
    });
    let (_, value) = found.next().expect("the sample is there");
    assert!(found.next().is_none());
    *value
}

#[test]
fn both_forms_have_every_name_and_nothing_else() {
    let (registry, _held) = registry();
    let log = AccessLog::new(vec![SinkConfig::Null, SinkConfig::Null]).expect("opens");
    registry.add_sinks(log.sinks());
    for exposition in [Exposition::Text, Exposition::OpenMetrics] {
        let is_open_metrics = exposition == Exposition::OpenMetrics;
        let families = parse(&registry.render(exposition, &PROCESS), is_open_metrics);
        assert_eq!(families.len(), names::ALL.len());
        for metric in names::ALL {
            let (family_name, kind) = match (metric.kind, is_open_metrics) {
                (MetricKind::Counter, true) => (metric.name.replace("_total", ""), "counter"),
                (MetricKind::Info, true) => (metric.name.replace("_info", ""), "info"),
                (MetricKind::Info, false) => (metric.name.to_owned(), "gauge"),
                (kind, _) => (metric.name.to_owned(), kind.label()),
            };
            let family = families.get(&family_name).expect(metric.name);
            assert_eq!(family.kind, kind, "{}", metric.name);
            assert_eq!(family.help, metric.help);
            let unit = if is_open_metrics { metric.unit } else { "" };
            assert_eq!(family.unit, unit);
            assert!(!family.samples.is_empty(), "{} has a sample", metric.name);
            for (_, labels) in family.samples.keys() {
                let labels = labels.iter().map(|(name, _)| name.as_str());
                let labels: Vec<_> = labels.filter(|name| *name != "le").collect();
                assert_eq!(labels, metric.labels, "{}", metric.name);
            }
        }
    }
}

#[test]
fn shards_are_merged_and_labels_survive() {
    let (registry, _held) = registry();
    let families = parse(&registry.render(Exposition::Text, &PROCESS), false);
    let value = |family: &str, labels: &[&str]| value(&families, family, family, labels);
    let stage = ["a1", "odd \"name\"\\\n", "prod", "*", "*"];
    let requests = |class| [&stage[..], &[class]].concat();
    assert_eq!(value("gateway_requests_total", &requests("2xx")), 3.0);
    assert_eq!(value("gateway_requests_total", &requests("4xx")), 3.0);
    assert_eq!(value("gateway_requests_total", &requests("5xx")), 0.0);
    assert_eq!(value("gateway_connections_accepted_total", &["2"]), 12.0);
    assert_eq!(value("gateway_requests_refused_total", &["bad_length"]), 3.0);
    assert_eq!(value("gateway_requests_refused_total", &["other"]), 0.0);
    assert_eq!(value("gateway_responses_total", &["2xx"]), 3.0);
    assert_eq!(value("gateway_upstream_failures_total", &["timeout"]), 3.0);
    assert_eq!(value("gateway_config_reload_total", &["failure"]), 1.0);
    assert_eq!(value("gateway_config_last_reload_successful", &[]), 0.0);
    assert_eq!(value("gateway_usage_writes_total", &["success"]), 1.0);
    assert_eq!(value("gateway_usage_writes_total", &["failure"]), 2.0);
    assert_eq!(value("gateway_usage_last_write_timestamp_seconds", &[]), 1_700_000_002.0);
    let time = "gateway_config_last_reload_success_timestamp_seconds";
    assert_eq!(value(time, &[]), 1_700_000_001.0);
    assert_eq!(value("process_start_time_seconds", &[]), 1_700_000_000.25);
}

#[test]
fn histograms_are_cumulative_and_complete() {
    let (registry, _held) = registry();
    let families = parse(&registry.render(Exposition::OpenMetrics, &PROCESS), true);
    for (name, count) in
        [("gateway_request_duration_seconds", 6.0), ("gateway_integration_duration_seconds", 3.0)]
    {
        let mut series = BTreeMap::<Vec<(String, String)>, Vec<(f64, f64)>>::new();
        for ((sample, labels), value) in &families[name].samples {
            if sample.ends_with("_bucket") {
                let mut labels = labels.clone();
                let (_, bound) = labels.pop().expect("le");
                let bound = bound.parse().expect("a number");
                series.entry(labels).or_default().push((bound, *value));
            }
        }
        assert_eq!(series.len(), 2, "the stage and one method");
        for (labels, mut buckets) in series {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1));
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)));
            let labels: Vec<_> = labels.iter().map(|(_, value)| value.as_str()).collect();
            let total = value(&families, name, &format!("{name}_count"), &labels);
            assert_eq!(total, count);
        }
    }
}

#[test]
fn reload_keeps_counts_and_a_removed_stage_goes_after_one_scrape() {
    let (registry, held) = registry();
    let labels = StageLabels::stage("b2", "pets", "dev");
    let first = registry.stage(1, &labels);
    first.record(200, Duration::ZERO, None);
    let again = registry.stage(1, &labels);
    assert!(Arc::ptr_eq(&first, &again), "an unchanged stage keeps its counters");
    assert!(!Arc::ptr_eq(&first, &registry.stage(0, &labels)), "a shard has its own");
    drop((first, again));
    let render = || registry.render(Exposition::Text, &PROCESS);
    assert!(render().contains("api_id=\"b2\""), "the last counts are seen");
    let next = render();
    assert!(!next.contains("api_id=\"b2\""));
    assert!(next.contains("api_id=\"a1\""), "a stage in use stays");
    drop(held);
}

#[test]
fn documentation_has_every_metric_and_nothing_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let text = std::fs::read_to_string(path).expect("gateway/docs/metrics.md is there");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let documented: BTreeSet<_> = rows.map(str::to_owned).collect();
    let expected = names::ALL.iter().map(|metric| {
        let labels: Vec<_> = metric.labels.iter().map(|l| format!("`{l}`")).collect();
        let dash = |text: &str| if text.is_empty() { "–".into() } else { text.to_owned() };
        format!(
            "| `{}` | {} | {} | {} | {} |",
            metric.name,
            metric.kind.label(),
            dash(metric.unit),
            dash(&labels.join(", ")),
            metric.help,
        )
    });
    let expected: BTreeSet<_> = expected.collect();
    let missing: Vec<_> = expected.difference(&documented).collect();
    let unknown: Vec<_> = documented.difference(&expected).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "gateway/docs/metrics.md and names.rs differ\nadd: {missing:#?}\nremove: {unknown:#?}"
    );
}
