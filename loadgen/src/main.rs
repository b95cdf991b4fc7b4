//! Proves what an API definition promises, and finds what a gateway can do. Each module is one step; this
//! file only wires.
#![forbid(unsafe_code)]

mod cli;
mod consent;
mod definition;
mod keyboard;
mod output;
mod run;
mod target;
mod tune;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, EXIT_USAGE};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Verify(args) => verify::verify(&args),
        Command::Run(args) => run::run(&args),
        Command::Tune(args) => tune::tune(&args),
    };
    ExitCode::from(result.unwrap_or_else(|error| {
        output::tell(&format!("error: {error:#}"));
        EXIT_USAGE
    }))
}
