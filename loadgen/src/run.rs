//! `loadgen run`.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use loadgen_report::threshold::Threshold;
use loadgen_scenario::progress::Live;
use loadgen_scenario::{
    Baseline, Engine, RunSettings, Scenario, Tolerance, builtin, builtins, is_goose_stopped,
    run_goose, run_uring_until,
};

use crate::cli::{self, EXIT_OK, RunArgs};
use crate::target::Target;
use crate::{consent, keyboard, output};

/// Runs the command; says the exit status.
///
/// # Errors
/// When something cannot be read or written, nobody agreed to the load, or an engine cannot run it.
pub(crate) fn run(args: &RunArgs) -> anyhow::Result<u8> {
    if args.list {
        return list(args.scenario.as_deref());
    }
    let name = args.scenario.as_deref().context("name a scenario, or --list")?;
    let parameters: BTreeMap<_, _> = args.parameters.iter().cloned().collect();
    let mut scenario = Scenario::load(name, &parameters)?;
    for text in &args.thresholds {
        let threshold = text.parse::<Threshold>();
        scenario.thresholds.push(threshold.with_context(|| format!("--threshold {text}"))?);
    }
    match args.engine {
        Some(cli::Engine::Goose) => scenario.engine = Engine::Goose,
        Some(cli::Engine::Uring) => scenario.engine = Engine::Uring,
        None => {}
    }
    let baseline = args.baseline.as_deref().map(Baseline::load).transpose()?;
    let target = Target::parse(&args.target.target)?;
    let others = [&args.goose_report, &args.hdr_log, &args.save_baseline];
    output::check(&args.output, &others.map(|path| path.as_deref()))?;
    consent::ask(&target, scenario.load.peak_rps(), args.target.yes)?;
    let settings = RunSettings {
        count_max: args.count_max,
        threads: args.threads.map_or(1, usize::from),
        insecure: args.insecure,
        goose_report: args.goose_report.clone(),
        hdr_log: args.hdr_log.clone(),
        host: args.target.host.clone(),
        silences_stdout: true,
        ..RunSettings::new(target.text.clone())
    };
    let mut live = Live::stderr(&*scenario.name, Some(scenario.load.lasts()), args.output.quiet);
    let told = &mut |progress: &_| live.told(progress);
    let (result, is_stopped) = match scenario.engine {
        // goose catches Ctrl-C itself, and ends the run with what it has.
        Engine::Goose => {
            let result = run_goose(&scenario, &settings, told);
            (result, is_goose_stopped())
        }
        Engine::Uring => {
            let stop = keyboard::stop()?;
            let result = run_uring_until(&scenario, &settings, &stop, told);
            (result, stop.is_stopped())
        }
    };
    live.finish();
    let result = result?;
    for warning in result.warnings() {
        output::tell(&format!("warning: {warning}"));
    }
    let mut report = result.to_report(&scenario, &target.text);
    if let Some(baseline) = baseline {
        let (checks, table) = baseline.compare(&scenario, &result, Tolerance::default())?;
        report.checks.extend(checks);
        report.tables.push(table);
    }
    if let Some(path) = &args.save_baseline {
        Baseline::new(&scenario, &result).save(path)?;
    }
    output::surround(&mut report);
    output::print(&args.output, &report);
    let status = output::finish(&report, &args.output)?;
    Ok(keyboard::status(is_stopped, status))
}

/// Prints the built-in scenarios, or the text of one.
fn list(name: Option<&str>) -> anyhow::Result<u8> {
    match name {
        None => {
            let width = builtins().iter().map(|builtin| builtin.name.len()).max().unwrap_or(0);
            for builtin in builtins() {
                output::say(&format!("{:width$}  {}\n", builtin.name, builtin.description));
            }
        }
        Some(name) => match builtin(name) {
            Some(text) => output::say(text),
            None => bail!("{name} is no built-in scenario; `loadgen run --list` names them"),
        },
    }
    Ok(EXIT_OK)
}
