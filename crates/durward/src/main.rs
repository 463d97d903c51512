//! durward: a self-hosted authentication and session server.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use durward::cli;
use durward::config::{Inputs, Purpose};

/// A self-hosted authentication and session server.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file; without it ./durward.toml if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at the configuration
    #[command(subcommand)]
    Config(cli::config::ConfigCommand),
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Config(command) => {
            let inputs = Inputs::of_process(Purpose::Serve, arguments.config);
            cli::config::run(&command, &inputs, &mut io::stdout(), &mut io::stderr())
        }
    }
}
