//! `loadgen tune`.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context, bail};
use loadgen_engine::Request;
use loadgen_report::threshold::Threshold;
use loadgen_report::{count, micros};
use loadgen_scenario::progress::Live;
use loadgen_tune::{Event, Settings};

use crate::cli::{EXIT_USAGE, TuneArgs};
use crate::target::Target;
use crate::{consent, keyboard, output};

/// Runs the command; says the exit status.
///
/// # Errors
/// When something cannot be read or written, nobody agreed to the load, or the target does not answer.
pub(crate) fn tune(args: &TuneArgs) -> anyhow::Result<u8> {
    let target = Target::parse(&args.target.target)?;
    consent::ask(&target, args.rate_max, args.target.yes)?;
    let host = args.target.host.as_deref().unwrap_or(&target.authority);
    let requests: Result<Vec<_>, _> =
        args.paths.iter().map(|path| request(path, &target, host, &args.headers)).collect();
    let mut settings = Settings::new(target.socket(), target.text.clone(), requests?);
    for text in &args.slo {
        let threshold = text.parse::<Threshold>();
        settings.thresholds.push(threshold.with_context(|| format!("--slo {text}"))?);
    }
    settings.statuses.clone_from(&args.statuses);
    settings.gateway_pid = args.gateway_pid;
    settings.connections = args.connections.map(usize::from);
    settings.threads = usize::from(args.threads);
    if let Some(rate) = args.rate_max {
        settings.rate_rps_max = rate;
    }
    settings.step_lasts = args.step;
    settings.lasts_max = args.duration;
    output::check(&args.output, &[])?;
    settings.stop = keyboard::stop()?;
    let tell = |line: &str| {
        if !args.output.quiet {
            output::tell(line);
        }
    };
    let mut live = Live::stderr("finding the knee", None, args.output.quiet);
    let found = loadgen_tune::tune(&settings, &mut |event| match event {
        Event::Progress(progress) => live.told(progress),
        Event::Tried(trial) => {
            live.finish();
            let (rate, connections) = (count(trial.rate_rps as u64), trial.connections);
            tell(&format!("{connections} connections, as fast as they go: {rate}/s"));
        }
        Event::Measured(step) => {
            live.finish();
            let p99 = micros(step.latency_us.value_at_quantile(0.99));
            let rate = count(step.offered_rps as u64);
            let verdict = if step.holds { "holds" } else { &*step.broken };
            tell(&format!("{rate}/s over {} connections: p99 {p99}; {verdict}", step.connections));
        }
    });
    live.finish();
    let mut report = found?.report();
    output::surround(&mut report);
    output::print(&args.output, &report);
    let status = output::finish(&report, &args.output)?;
    let is_empty = output::is_empty(&report) && !settings.stop.is_stopped();
    Ok(if is_empty { EXIT_USAGE } else { keyboard::status(settings.stop.is_stopped(), status) })
}

/// A GET of `path` below the target.
fn request(path: &str, target: &Target, host: &str, headers: &[String]) -> anyhow::Result<Request> {
    if !path.starts_with('/') || path.bytes().any(|b| b <= b' ' || b == 0x7f) {
        bail!("--path {path}: a path starts with a slash and has no spaces; encode them as %20");
    }
    let mut head = format!("GET {}{path} HTTP/1.1\r\nHost: {host}\r\n", target.base_path);
    for header in headers {
        let (name, value) = header
            .split_once(':')
            .filter(|(name, _)| !name.is_empty() && !name.contains([' ', '\r', '\n']))
            .context("--header: expected 'NAME: VALUE', such as 'x-api-key: secret'")?;
        if value.contains(['\r', '\n']) {
            bail!("--header {name}: a value has no line breaks");
        }
        let _ = write!(head, "{name}: {}\r\n", value.trim());
    }
    head.push_str("\r\n");
    let bytes = Arc::from(head.into_bytes());
    Ok(Request { name: format!("GET {path}"), bytes, is_head: false, weight: 1 })
}
