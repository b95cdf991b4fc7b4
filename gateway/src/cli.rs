//! The command line: what was typed, not yet what it means.
//!
//! [`Cli`] only parses words into values. [`crate::settings::Settings::for_run`] lays a [`RunArgs`] or
//! [`CheckArgs`] over the configuration file and the environment, and is the only reader of both.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings::{
    AccessLogDestination, Backend, CpuList, Driver, LogFormat, OptionalAddress, ShardCount,
};

/// Exit status: the operation did what it was asked.
pub(crate) const EXIT_OK: u8 = 0;
/// Exit status: the operation ran and found problems, for example errors in a definition.
pub(crate) const EXIT_PROBLEMS: u8 = 1;
/// Exit status: the command line is wrong or an input cannot be read. Clap uses it as well.
pub(crate) const EXIT_USAGE: u8 = 2;
/// Exit status: an internal failure; `EX_SOFTWARE` of sysexits(3).
pub(crate) const EXIT_INTERNAL: u8 = 70;

/// AWS API Gateway for your own hardware.
#[derive(Debug, Parser)]
#[command(name = "gateway", version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands of `gateway`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the APIs that the definitions describe
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Load everything that `run` would, and print every diagnostic
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Box<CheckArgs>),
    /// Say what would become of a request at the running gateway, without sending it
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Box<ExplainArgs>),
    /// Write an API as an OpenAPI document, as API Gateway exports it
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Box<ExportArgs>),
    /// Render a mapping template against a body and a context, or template lines as they are typed
    #[command(after_help = crate::vtl::EXAMPLES)]
    Vtl(Box<crate::vtl::VtlArgs>),
    /// Write everything that the control plane created into one file
    Backup(Box<BackupArgs>),
    /// Put a backup into a state directory, while no gateway uses it
    Restore(Box<RestoreArgs>),
    /// Print the version
    Version,
}

/// What `run` and `check` both need in order to load definitions.
#[derive(Debug, Default, Args)]
pub(crate) struct LoadArgs {
    /// CloudFormation and SAM templates and OpenAPI documents, YAML or JSON. They replace `definitions` of the
    /// configuration file
    #[arg(value_name = "DEFINITION")]
    pub definitions: Vec<PathBuf>,

    /// Configuration file (TOML). Every setting has a default, so none is needed
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// API keys to import: a file in API Gateway's format, CSV with the columns name, key, description,
    /// enabled, usageplanIds; repeatable
    #[arg(long = "api-keys", value_name = "FILE")]
    pub api_keys: Vec<PathBuf>,

    /// A template parameter; repeatable
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parse_key_value)]
    pub parameters: Vec<(String, String)>,

    /// A directory that stands for an S3 bucket, for documents that templates name; repeatable
    #[arg(long = "bucket", value_name = "NAME=DIRECTORY", value_parser = parse_key_value)]
    pub buckets: Vec<(String, String)>,

    /// The value of AWS::AccountId, twelve digits [default: 000000000000]
    #[arg(long, value_name = "ID")]
    pub account_id: Option<String>,

    /// The value of AWS::Region [default: us-east-1]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Where AWS services live for service integrations; repeatable [default: AWS itself]
    #[arg(long = "aws-endpoint", value_name = "[SERVICE=]URL", value_parser = parse_aws_endpoint)]
    pub aws_endpoints: Vec<(String, String)>,
}

/// `gateway run`.
#[derive(Debug, Default, Args)]
pub(crate) struct RunArgs {
    /// What to load.
    #[command(flatten)]
    pub load: LoadArgs,

    /// Serve plain HTTP on this address; repeatable; port 0 takes a free one
    /// [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", value_parser = parse_address, help_heading = "Addresses")]
    pub listen: Vec<SocketAddr>,

    /// Serve HTTPS on this address; repeatable. Not served yet: naming one is an error
    #[arg(long, value_name = "ADDR", value_parser = parse_address, help_heading = "Addresses")]
    pub listen_tls: Vec<SocketAddr>,

    /// Control plane (AWS wire protocol) address, or `none` [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDR", help_heading = "Addresses")]
    pub control: Option<OptionalAddress>,

    /// Address of /metrics, /livez, /readyz and /version, or `none` [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR", help_heading = "Addresses")]
    pub ops: Option<OptionalAddress>,

    /// Let `POST /clock` on the ops address move the gateway's time, for tests of quotas and caches. Never in
    /// production
    #[arg(long, help_heading = "Addresses")]
    pub test_clock: bool,

    /// Write the bound addresses into this file, one `listen ADDR` or `ops ADDR` a line
    #[arg(long, value_name = "FILE", help_heading = "Addresses")]
    pub port_file: Option<PathBuf>,

    /// Shards, one pinned thread each; `auto` is one for each permitted CPU [default: auto]
    #[arg(long, value_name = "N|auto", help_heading = "Threads and I/O")]
    pub shards: Option<ShardCount>,

    /// CPUs that shards may be pinned to, such as 0-3,6 [default: all that the cpuset permits]
    #[arg(long, value_name = "LIST", help_heading = "Threads and I/O")]
    pub cpus: Option<CpuList>,

    /// Runtime under the shards: monoio or glommio [default: monoio]
    #[arg(long, value_name = "NAME", help_heading = "Threads and I/O")]
    pub backend: Option<Backend>,

    /// Kernel interface: auto, io_uring or epoll; `auto` falls back to epoll with a warning
    /// [default: auto]
    #[arg(long, value_name = "NAME", help_heading = "Threads and I/O")]
    pub driver: Option<Driver>,

    /// Directory for what must survive a restart: what the control plane created, its credentials, the counts of
    /// quotas [default: memory only]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,

    /// Development mode: credentials test/test on the control plane, verbose errors
    #[arg(long)]
    pub dev: bool,

    /// Where access-log lines go: off, stdout, journald or a file's path [default: off]
    #[arg(long, value_name = "DEST", help_heading = "Logs")]
    pub access_log: Option<AccessLogDestination>,

    /// Form of the gateway's own log on stderr: text or json [default: text]
    #[arg(long, value_name = "FORMAT", help_heading = "Logs")]
    pub log_format: Option<LogFormat>,
}

/// `gateway check`.
#[derive(Debug, Default, Args)]
pub(crate) struct CheckArgs {
    /// What to load.
    #[command(flatten)]
    pub load: LoadArgs,

    /// Print the diagnostics as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `gateway explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The request's method, such as GET
    #[arg(value_name = "METHOD")]
    pub method: String,

    /// The request's URL, or its path; the URL's host becomes `Host` [path: localhost]
    #[arg(value_name = "URL")]
    pub url: String,

    /// A header of the request; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,

    /// The ops address of the running gateway
    #[arg(long, value_name = "ADDR", value_parser = parse_address, default_value = "127.0.0.1:9090")]
    pub ops: SocketAddr,

    /// Print the trail as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `gateway export`.
#[derive(Debug, Default, Args)]
pub(crate) struct ExportArgs {
    /// What to load.
    #[command(flatten)]
    pub load: LoadArgs,

    /// The API's id or name [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub api: Option<String>,

    /// The stage that is exported [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub stage: Option<String>,

    /// Which OpenAPI to write
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: ExportFormat,

    /// What to write besides the interface; with `apigateway` the document imports to the same API again
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',')]
    pub extensions: Vec<ExportExtension>,

    /// Write YAML instead of JSON
    #[arg(long)]
    pub yaml: bool,
}

/// Which OpenAPI `gateway export` writes, by API Gateway's names of export types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// OpenAPI 3.0.1
    #[default]
    Oas30,
    /// Swagger 2.0
    Swagger,
}

/// What `gateway export` writes besides the interface, by API Gateway's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportExtension {
    /// x-amazon-apigateway-integration
    Integrations,
    /// x-amazon-apigateway-authorizer
    Authorizers,
    /// All extensions of API Gateway
    Apigateway,
}

/// `gateway backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The gateway's state directory
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,

    /// The control plane of the gateway, if it runs
    #[arg(long, value_name = "ADDR", value_parser = parse_address, default_value = "127.0.0.1:4566")]
    pub control: SocketAddr,
}

/// `gateway restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The state directory to fill
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,

    /// Replace what is there
    #[arg(long)]
    pub force: bool,
}

const EXAMPLES: &str = "\
Examples:
  gateway run template.yaml            serve the template's stages on http://127.0.0.1:8080
  gateway check template.yaml          list everything that is wrong with it
  gateway explain GET /prod/orders     what would become of a request, and why
  gateway export template.yaml --yaml  its API as an OpenAPI document
  gateway vtl request.vtl --body b.json  what a mapping template makes of a body
  gateway run --help                   all settings that have a flag

Exit status: 0 fine, 1 problems found, 2 wrong usage or unreadable input, 70 internal failure.";

const RUN_EXAMPLES: &str = "\
Examples:
  gateway run template.yaml
  gateway run template.yaml --param BackendUrl=http://10.0.0.7:9000 --listen 0.0.0.0:80
  gateway run -c /etc/gateway/gateway.toml --shards 4 --cpus 2-5
  gateway run template.yaml --listen 127.0.0.1:0 --port-file /run/gateway/ports --access-log stdout

A flag wins over the environment (GATEWAY_SECTION_KEY, for example GATEWAY_TIMEOUTS_CONNECT=2s),
which wins over the configuration file. SIGHUP reloads, SIGTERM drains and stops.
The commented config/gateway.toml is the reference of all settings.";

const CHECK_EXAMPLES: &str = "\
Examples:
  gateway check template.yaml
  gateway check -c /etc/gateway/gateway.toml
  gateway check template.yaml --param Stage=prod --json

Prints each diagnostic as `file:line:col: error|warning: text`.
Exit status: 0 clean, 1 diagnostics, 2 something could not be read.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  gateway export template.yaml > api.json
  gateway export template.yaml --api orders --stage prod --extensions apigateway --yaml
  gateway export petstore.yaml --format swagger --extensions integrations,authorizers

Exit status: 0 written, 1 the definitions have errors, 2 no such API or stage, or something could not be
read.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  gateway explain GET http://127.0.0.1:8080/prod/orders/42
  gateway explain POST /prod/orders -H 'X-Api-Key: my-key' -H 'Content-Type: application/json'
  gateway explain GET https://api.example.com/orders --ops 10.0.0.7:9090 --json

Prints each decision that the request would meet, up to the one that refuses it: stage, canary, route or
the nearest ones, authorizer, API key and usage plan, every bucket with its level and when its next
token comes, quota, cache key and entry, integration. Nothing is sent to a backend, no token and no quota
is spent. Values of X-Api-Key, Authorization and Cookie print as ***.
Exit status: 0 a cache or an integration would answer, 1 the gateway would refuse, 2 not asked.";

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    crate::settings::parse_address(text)
}

/// `Key=Value`, split at the first `=`; the value may be empty, the key may not.
fn parse_key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as BackendUrl=http://127.0.0.1:9000".to_owned()),
    }
}

/// `[SERVICE=]URL`; a URL without a service is for all services, under the key `default`.
///
/// A query string may contain `=`, so only a `=` before `://` separates the service.
fn parse_aws_endpoint(text: &str) -> Result<(String, String), String> {
    let scheme_end = text.find("://").ok_or_else(|| {
        "expected [SERVICE=]URL, such as dynamodb=http://127.0.0.1:8000".to_owned()
    })?;
    match text[..scheme_end].split_once('=') {
        Some(("", _)) => Err("the service before `=` is empty".to_owned()),
        Some((service, _)) => {
            Ok((service.to_ascii_lowercase(), text[service.len() + 1..].to_owned()))
        }
        None => Ok((crate::settings::AWS_ENDPOINT_DEFAULT.to_owned(), text.to_owned())),
    }
}

#[cfg(test)]
mod tests;
