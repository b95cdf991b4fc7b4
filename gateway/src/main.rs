//! The gateway: parses, loads, compiles, starts. Each module is one step; this file only wires.
#![forbid(unsafe_code)]

mod backup;
mod check;
mod cli;
mod control;
mod control_plane;
mod counts;
mod definition;
mod explain;
mod export;
mod functions;
mod load;
mod logging;
mod logs;
mod metrics;
mod ops;
mod published;
mod remembered;
mod resolver;
mod run;
mod settings;
mod shards;
mod systemd;
mod usage;
mod vtl;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

// Pages of idle connections go back to the system, and small blocks cost no header.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Not a command of anybody's: how the gateway starts an environment of a function. Before all else, since a
    // start of a function waits for it.
    if std::env::args_os().nth(1).is_some_and(|first| first == gateway_functions::launcher::COMMAND)
    {
        return ExitCode::from(gateway_functions::launcher::main());
    }
    let code = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Export(args) => export::export(&args),
        Command::Vtl(args) => vtl::vtl(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Version => {
            println!("gateway {}", env!("CARGO_PKG_VERSION"));
            cli::EXIT_OK
        }
    };
    ExitCode::from(code)
}
