//! The gateway: parses, loads, compiles, starts. Each module is one step; this file only wires.
#![forbid(unsafe_code)]

mod check;
mod cli;
mod control;
mod counts;
mod explain;
mod functions;
mod load;
mod logging;
mod ops;
mod published;
mod remembered;
mod resolver;
mod run;
mod settings;
mod shards;
mod systemd;
mod usage;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

// Pages of idle connections go back to the system, and small blocks cost no header.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let code = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Version => {
            println!("gateway {}", env!("CARGO_PKG_VERSION"));
            cli::EXIT_OK
        }
    };
    ExitCode::from(code)
}
