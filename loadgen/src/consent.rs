//! Asks before a lot of load leaves this machine.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::bail;

use crate::target::Target;

/// More requests per second than this leave the machine only when somebody agreed. Source: ours; a site
/// that is not built for load serves a few hundred.
pub(crate) const RATE_UNASKED_RPS: f64 = 1_000.0;

/// Returns when load of up to `rate_rps` (`None`: as much as goes) may go to `target`: it is this machine,
/// the load is small, `is_agreed` (`--yes`), or somebody at the terminal says so.
///
/// # Errors
/// When nobody agreed.
pub(crate) fn ask(target: &Target, rate_rps: Option<f64>, is_agreed: bool) -> anyhow::Result<()> {
    if is_agreed || target.is_loopback() || rate_rps.is_some_and(|rate| rate <= RATE_UNASKED_RPS) {
        return Ok(());
    }
    let rate = rate_rps.map_or_else(
        || "as many requests per second as go".to_owned(),
        |rate| format!("up to {rate:.0} requests/s"),
    );
    let what = format!("{rate} to {} ({}), which is not this machine", target.text, target.address);
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        bail!("this would send {what}; say --yes if its owner agrees, or lower the rate");
    }
    write!(stderr, "This sends {what}. Does its owner agree? [y/N] ")?;
    stderr.flush()?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    if !matches!(line.trim(), "y" | "Y" | "yes") {
        bail!("nothing was sent");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_much_load_for_others_needs_agreement() {
        let here = Target::parse("http://127.0.0.1:1").unwrap();
        let away = Target::parse("http://192.0.2.1").unwrap();
        assert!(ask(&here, None, false).is_ok());
        assert!(ask(&away, Some(RATE_UNASKED_RPS), false).is_ok());
        assert!(ask(&away, Some(1e6), true).is_ok());
        if !std::io::stdin().is_terminal() {
            for rate in [None, Some(RATE_UNASKED_RPS + 1.0)] {
                let error = ask(&away, rate, false).unwrap_err().to_string();
                assert!(error.contains("--yes"), "{error}");
            }
        }
    }
}
