//! `loadgen verify`.

use std::fs;

use anyhow::{Context, bail};
use loadgen_report::console;
use loadgen_report::threshold::Threshold;
use loadgen_verify::{Event, Expectations, Settings, promises};

use crate::cli::{EXIT_OK, EXIT_USAGE, VerifyArgs};
use crate::target::Target;
use crate::{consent, definition, keyboard, output};

/// Runs the command; says the exit status.
///
/// # Errors
/// When something cannot be read or written, or nobody agreed to the load.
pub(crate) fn verify(args: &VerifyArgs) -> anyhow::Result<u8> {
    let definitions = definition::load(&args.definition)?;
    let target = Target::parse(&args.target.target)?;
    let settings = settings(args, &target)?;
    if let Some(name) = &settings.stage
        && !definitions.apis.iter().any(|api| api.stages.keys().any(|s| s.as_str() == name))
    {
        let stages = definitions.apis.iter().flat_map(|api| api.stages.keys());
        let stages: Vec<_> = stages.map(|stage| stage.as_str()).collect();
        bail!("--stage {name}: the definition has no such stage; it has {}", stages.join(", "));
    }
    let known = |name: &str| {
        definitions.api_keys.iter().any(|key| key.name == name || key.id.as_str() == name)
    };
    if let Some((name, _)) = args.keys.iter().find(|(name, _)| !known(name)) {
        let names: Vec<_> = definitions.api_keys.iter().map(|key| &*key.name).collect();
        bail!("--key {name}: the definition has no such key; it has {}", names.join(", "));
    }
    let promised = promises(&definitions, &settings);
    if promised.is_empty() {
        bail!(
            "there is nothing to check: no promise of the definition is left by --stage, --only and --skip"
        );
    }
    if args.list {
        for (id, promised) in promised {
            output::say(&format!("{id}\n    {promised}\n"));
        }
        return Ok(EXIT_OK);
    }
    output::check(&args.output, &[])?;
    consent::ask(&target, Some(args.rate_max), args.target.yes)?;
    let stop = keyboard::stop()?;
    let (colour, columns) = (output::is_coloured(), output::columns());
    let is_told = !args.output.quiet && !output::is_taken(&args.output);
    let mut told = |event: &Event<'_>| match event {
        Event::Planned { count, lasts } if is_told => {
            let lasts_s = lasts.as_secs().max(1);
            output::say(&format!("{count} checks of {}, about {lasts_s} s\n", target.text));
        }
        Event::Finished(check) if is_told => {
            output::say(&console::check(check, columns, colour));
        }
        _ => {}
    };
    let mut report = loadgen_verify::verify_until(&definitions, &settings, &stop, &mut told);
    let names: Vec<_> =
        args.definition.definitions.iter().map(|p| p.display().to_string()).collect();
    report.subject = names.join(", ");
    output::surround(&mut report);
    if !output::is_taken(&args.output) {
        output::say(&console::summary(&report, columns, colour));
    }
    let status = output::finish(&report, &args.output)?;
    let is_empty = output::is_empty(&report) && !stop.is_stopped();
    Ok(if is_empty { EXIT_USAGE } else { keyboard::status(stop.is_stopped(), status) })
}

fn settings(args: &VerifyArgs, target: &Target) -> anyhow::Result<Settings> {
    let mut expectations = match &args.expect {
        None => Expectations::default(),
        Some(path) => {
            let name = path.display();
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
            Expectations::parse(&name.to_string(), &text)?
        }
    };
    for text in &args.slo {
        text.parse::<Threshold>().with_context(|| format!("--slo {text}"))?;
        expectations.slo.push(text.clone());
    }
    if let Some(rate) = args.slo_rate {
        expectations.slo_rate_rps = rate;
    }
    Ok(Settings {
        target: target.socket(),
        target_text: target.text.clone(),
        host: args.target.host.clone().or_else(|| target.named.clone()),
        base_path: target.base_path.clone(),
        stage: args.stage.clone(),
        keys: args.keys.iter().cloned().collect(),
        expectations,
        lasts: args.duration,
        rate_max_rps: args.rate_max,
        count_max: args.count_max,
        connections: usize::from(args.connections),
        threads: 1,
        timeout: args.timeout,
        ops: args.ops,
        fast_forward: args.fast_forward,
        origin: args.origin,
        only: args.only.clone(),
        skip: args.skip.clone(),
    })
}
