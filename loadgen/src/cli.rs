//! The command line: what was typed, not yet what it means.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Exit status: everything held.
pub(crate) const EXIT_OK: u8 = 0;
/// Exit status: a check or threshold failed.
pub(crate) const EXIT_PROBLEMS: u8 = 1;
/// Exit status: the command line is wrong, or something cannot be read or written.
pub(crate) const EXIT_USAGE: u8 = 2;

/// Exit status: Ctrl-C ended the run, and nothing had failed until then. Source: what shells say of SIGINT.
pub(crate) const EXIT_STOPPED: u8 = 130;

/// Proves what an API definition promises, and finds what a gateway can do.
#[derive(Debug, Parser)]
#[command(name = "loadgen", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands of `loadgen`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Derive checks from a definition (throttles, bursts, quotas, caches, errors …) and run them
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Box<VerifyArgs>),
    /// Run a scenario of users, or a rate of arrivals, and judge it by thresholds
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Find the highest rate that holds a service level, what it costs and what bounds it
    #[command(after_help = TUNE_EXAMPLES)]
    Tune(Box<TuneArgs>),
}

/// Definition files and how to read them: the same words as `gateway run`.
#[derive(Debug, Default, Args)]
pub(crate) struct DefinitionArgs {
    /// CloudFormation templates, YAML or JSON: the ones that the gateway serves
    #[arg(value_name = "DEFINITION", required = true)]
    pub(crate) definitions: Vec<PathBuf>,

    /// A template parameter; repeatable
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) parameters: Vec<(String, String)>,

    /// The value of AWS::AccountId, twelve digits [default: 000000000000]
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<String>,

    /// The value of AWS::Region [default: us-east-1]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Where load goes, and how much may.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// Where the API is reached; nothing is sent anywhere else
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) target: String,

    /// `Host` of every request [default: the target's name; for an IP address or localhost what each command says]
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,

    /// Answer yes when asked whether more than 1,000 requests/s may go to another machine
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Where the report goes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct OutputArgs {
    /// Write the report as JSON into this file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write the report as JUnit XML into this file, for CI servers
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Write the report as one HTML file with plots, readable without network
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Print nothing but failures
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `loadgen verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// What is promised.
    #[command(flatten)]
    pub(crate) definition: DefinitionArgs,

    /// Where it is looked at.
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Only this stage [default: all stages of all APIs]
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: Option<String>,

    /// The value of an API key, by its name or logical id, where the definition does not say it; repeatable
    #[arg(long = "key", value_name = "NAME=VALUE", value_parser = key_value)]
    pub(crate) keys: Vec<(String, String)>,

    /// What the definition has no place for: latencies, tokens, path parameters (YAML)
    #[arg(long, value_name = "FILE")]
    pub(crate) expect: Option<PathBuf>,

    /// A latency that is promised, such as 'p99<50ms' or 'p99<50ms for GET /orders'; repeatable
    #[arg(long, value_name = "THRESHOLD")]
    pub(crate) slo: Vec<String>,

    /// The rate at which latencies are looked at, in requests per second [default: 100]
    #[arg(long, value_name = "RPS", value_parser = rate)]
    pub(crate) slo_rate: Option<f64>,

    /// The gateway's ops address: tells what is left of quotas, flushes caches [default: not asked]
    #[arg(long, value_name = "ADDR")]
    pub(crate) ops: Option<SocketAddr>,

    /// Serve the definition's HTTP backend at this address meanwhile, so that calls can be counted:
    /// for caches and canaries
    #[arg(long, value_name = "ADDR")]
    pub(crate) origin: Option<SocketAddr>,

    /// Move the gateway's test clock (`gateway run --test-clock`) instead of waiting for days to end
    #[arg(long, requires = "ops")]
    pub(crate) fast_forward: bool,

    /// Only checks whose id starts so, such as throttle or quota/plan/Basic; repeatable
    #[arg(long, value_name = "PREFIX")]
    pub(crate) only: Vec<String>,

    /// No checks whose id starts so; repeatable
    #[arg(long, value_name = "PREFIX")]
    pub(crate) skip: Vec<String>,

    /// Print the checks that would run, and send nothing
    #[arg(long)]
    pub(crate) list: bool,

    /// How long each rate is offered
    #[arg(long, value_name = "SPAN", default_value = "3s", value_parser = span, help_heading = "Bounds")]
    pub(crate) duration: Duration,

    /// No check offers more requests per second; what would have to is not checked
    #[arg(long, value_name = "RPS", default_value = "5000", value_parser = rate, help_heading = "Bounds")]
    pub(crate) rate_max: f64,

    /// No check sends more requests; what would have to is not checked
    #[arg(long, value_name = "N", default_value_t = 50_000, help_heading = "Bounds")]
    pub(crate) count_max: u64,

    /// Connections where several are wanted
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Bounds")]
    pub(crate) connections: u16,

    /// A request that takes longer is an error
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = span, help_heading = "Bounds")]
    pub(crate) timeout: Duration,

    /// Where the report goes.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// What sends the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    /// Users with think times, credentials and slow connections.
    Goose,
    /// Fixed requests, as many as the machine can send.
    Uring,
}

/// `loadgen run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A scenario: a YAML file, or the name of a built-in one (see --list)
    #[arg(value_name = "SCENARIO", required_unless_present = "list")]
    pub(crate) scenario: Option<String>,

    /// Where it is sent.
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// A value for one of the scenario's params; repeatable
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = key_value)]
    pub(crate) parameters: Vec<(String, String)>,

    /// What sends the requests [default: what the scenario says, else goose]
    #[arg(long, value_name = "ENGINE")]
    pub(crate) engine: Option<Engine>,

    /// One more threshold, such as 'p99<5ms', 'errors<0.1%' or 'throughput>20000'; repeatable
    #[arg(long = "threshold", value_name = "THRESHOLD")]
    pub(crate) thresholds: Vec<String>,

    /// Send no more requests than this
    #[arg(long, value_name = "N", default_value_t = 100_000_000, help_heading = "Bounds")]
    pub(crate) count_max: u64,

    /// Threads of the uring engine [default: one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Bounds")]
    pub(crate) threads: Option<u16>,

    /// Take any certificate that the target shows (goose engine)
    #[arg(long)]
    pub(crate) insecure: bool,

    /// Print the built-in scenarios; with a SCENARIO, its YAML, as a start for your own
    #[arg(long)]
    pub(crate) list: bool,

    /// Write goose's own report into this file: .html, .md or .json
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) goose_report: Option<PathBuf>,

    /// Write latencies into this file, an HdrHistogram interval each second
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) hdr_log: Option<PathBuf>,

    /// Compare with a baseline that was saved before; what is worse than its tolerance fails
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) baseline: Option<PathBuf>,

    /// Save this run as a baseline
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) save_baseline: Option<PathBuf>,

    /// Where the report goes.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `loadgen tune`.
#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    /// Where it is sent.
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Path and query that are asked for, below the target's; repeatable, taken in turn
    #[arg(long = "path", value_name = "PATH", default_value = "/")]
    pub(crate) paths: Vec<String>,

    /// A header of every request, such as 'x-api-key: secret'; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,

    /// The gateway's process, when it is on this machine: CPU per request, shards, what bounds it
    #[arg(long, value_name = "PID")]
    pub(crate) gateway_pid: Option<u32>,

    /// The service level; repeatable [default: p99<10ms and errors<0.1%]
    #[arg(long, value_name = "THRESHOLD")]
    pub(crate) slo: Vec<String>,

    /// A status that counts as an answer; repeatable [default: all below 400]
    #[arg(long = "status", value_name = "STATUS", value_parser = clap::value_parser!(u16).range(100..=599))]
    pub(crate) statuses: Vec<u16>,

    /// Connections [default: some numbers are tried]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Bounds")]
    pub(crate) connections: Option<u16>,

    /// Threads of the generator
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Bounds")]
    pub(crate) threads: u16,

    /// Offer no more requests per second
    #[arg(long, value_name = "RPS", value_parser = rate, help_heading = "Bounds")]
    pub(crate) rate_max: Option<f64>,

    /// How long each rate is measured
    #[arg(long, value_name = "SPAN", default_value = "3s", value_parser = span, help_heading = "Bounds")]
    pub(crate) step: Duration,

    /// The whole run, at most
    #[arg(long, value_name = "SPAN", default_value = "2m", value_parser = span, help_heading = "Bounds")]
    pub(crate) duration: Duration,

    /// Where the report goes.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

const EXAMPLES: &str = "\
Prove a 429 on purpose (two terminals, or put & behind the first line):
  gateway run config/examples/limits.yaml
  loadgen verify config/examples/limits.yaml --only throttle

More:
  loadgen run browse --target http://127.0.0.1:8080/prod          users of config/examples/orders.yaml
  loadgen tune --target http://127.0.0.1:8080/prod --path /health --gateway-pid $(pidof gateway)
  loadgen verify template.yaml --list          what the template promises, without sending anything
  loadgen verify --help                        all options, more examples

Exit status: 0 everything held, 1 a check or threshold failed, 2 wrong usage or unreadable input,
130 stopped by Ctrl-C, which still writes the report.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  loadgen verify template.yaml --target http://127.0.0.1:8080
  loadgen verify template.yaml --only throttle --only burst --duration 10s
  loadgen verify template.yaml --key partner=0123456789abcdefghij --slo 'p99<20ms' --html report.html
  loadgen verify template.yaml --param BackendUrl=http://127.0.0.1:9000 --origin 127.0.0.1:9000 \\
      --ops 127.0.0.1:9090          also counts what reaches the backend, and asks for quotas

For each promise prints what was promised, offered and admitted, the verdict, and how far from the
promise a right gateway may be and why. For an IP address or localhost as target, each API is asked for
as Host {api-id}.execute-api.localhost. Requests with side effects are sent only where nothing else
reaches a limit; point --target at a gateway whose backend may be called.
Exit status: 0 all that was checked held, 1 a check failed, 2 nothing was checked,
130 stopped by Ctrl-C before anything failed.";

const RUN_EXAMPLES: &str = "\
Examples:
  loadgen run --list                                     the built-in scenarios
  loadgen run browse --target http://127.0.0.1:8080/prod
  loadgen run spike --target http://127.0.0.1:8080/prod --threshold 'p99<50ms' --html report.html
  loadgen run get --engine uring --param path=/health --target http://127.0.0.1:8080/prod
  loadgen run soak.yaml --save-baseline soak.json        then: --baseline soak.json
  loadgen run browse --list > mine.yaml                  a start for a scenario of your own

Progress goes to standard error: a table on a terminal, a line a second otherwise. Latencies of an
arrival rate count from the time at which each request was due, so a slow target cannot hide behind
the requests that it delayed.
Exit status: 0 all thresholds held, 1 one did not or the run is worse than its baseline, 2 not run.";

const TUNE_EXAMPLES: &str = "\
Examples:
  loadgen tune --target http://127.0.0.1:8080/prod --path /health --gateway-pid $(pidof gateway)
  loadgen tune --target http://127.0.0.1:8080/prod --path /orders -H 'x-api-key: secret' \\
      --slo 'p99<5ms' --slo 'errors<0.1%' --html tune.html

Steps the rate up until the service level breaks, then closes in on the highest rate that holds.
Says what a request costs, what bounds the rate, and which shards and connections to try.
Exit status: 0 a rate was found, 1 no rate holds the service level, 2 not run.";

/// `KEY=VALUE`, split at the first `=`; the value may be empty, the key may not.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as BackendUrl=http://127.0.0.1:9000".to_owned()),
    }
}

/// A span such as `500ms`, `10s` or `2m`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    const HELP: &str = "expected a span such as 500ms, 10s or 2m";
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| HELP.to_owned())?;
    let seconds = match unit {
        "ms" => number / 1_000.0,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3_600.0,
        _ => return Err(HELP.to_owned()),
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(span) if !span.is_zero() => Ok(span),
        _ => Err(HELP.to_owned()),
    }
}

/// Requests per second: a number above zero.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("expected requests per second, such as 500".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn spans_have_units() {
        assert_eq!(span("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(span("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "5", "s", "0s", "-1s", "1d", "1e9h", "99999999999999999999h"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }
}
