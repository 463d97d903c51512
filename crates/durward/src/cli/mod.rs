//! The command line. One file for each command; exit code 0 is good, 1 the thing that was checked or asked for is not
//! good, 2 wrong usage or configuration.

mod audit;
pub mod config;
mod dev;
mod doctor;
mod failure;
mod keys;
mod logging;
mod migrate;
mod open;
mod seed;
mod serve;
mod user;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use failure::Failure;
pub(crate) use open::Open;

use crate::config::{Inputs, Purpose};

/// A self-hosted authentication and session server.
#[derive(Debug, Parser)]
#[command(name = "durward", version, after_help = "Example: durward dev")]
struct Arguments {
    /// The configuration file; without it ./durward.toml if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine with nothing configured: SQLite in ./data, made-up secrets, an admin and a test user
    #[command(after_help = "Example: durward dev")]
    Dev,
    /// Run the server; the start is refused when a check fails
    #[command(after_help = "Example: durward --config /etc/durward.toml serve")]
    Serve,
    /// Bring the database's schema up to date
    #[command(after_help = "Example: durward migrate --check")]
    Migrate {
        /// Change nothing; say whether the schema is what this program needs (exit code 1: it is not)
        #[arg(long)]
        check: bool,
    },
    /// Run every check, the Golden Path included, and say how to mend what is not good (exit code 1: something is not)
    #[command(after_help = "Example: durward doctor --json | jq '.checks[] | select(.status == \"failing\")'")]
    Doctor {
        /// The report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make an admin and a test user with fresh passwords, in development and test
    #[command(after_help = "Example: durward seed")]
    Seed,
    /// Look after accounts
    #[command(subcommand, after_help = "Example: durward user create ann@example.com --role admin")]
    User(user::UserCommand),
    /// Look after the signing keys
    #[command(subcommand, after_help = "Example: durward keys rotate")]
    Keys(keys::KeysCommand),
    /// Verify and export the audit trail
    #[command(subcommand, after_help = "Example: durward audit verify")]
    Audit(audit::AuditCommand),
    /// Look at the configuration
    #[command(subcommand, after_help = "Example: durward config show")]
    Config(config::ConfigCommand),
    /// Print the OpenAPI document
    #[command(after_help = "Example: durward openapi > openapi.json")]
    Openapi,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let purpose = match arguments.command {
        Command::Dev | Command::Seed => Purpose::Dev,
        _ => Purpose::Serve,
    };
    let inputs = Inputs::of_process(purpose, arguments.config);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::new(format!("starting: {error}")).tell(),
    };
    let code = runtime.block_on(run(arguments.command, inputs));
    // What still runs, such as a server for the checks, ends with the process.
    runtime.shutdown_background();
    code.unwrap_or_else(|failure| failure.tell())
}

async fn run(command: Command, inputs: Inputs) -> Result<ExitCode, Failure> {
    match command {
        Command::Dev => dev::run(&inputs).await,
        Command::Serve => serve::run(&inputs).await,
        Command::Migrate { check } => migrate::run(&inputs, check).await,
        Command::Doctor { json } => doctor::run(&inputs, json).await,
        Command::Seed => seed::run(&inputs).await,
        Command::User(command) => user::run(command, &inputs).await,
        Command::Keys(command) => keys::run(command, &inputs).await,
        Command::Audit(command) => audit::run(command, &inputs).await,
        Command::Config(command) => Ok(config::run(&command, &inputs, &mut io::stdout(), &mut io::stderr())?),
        Command::Openapi => {
            say(&format!("{:#}", durward_http::openapi::document()));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Prints a line that the command was asked for. A reader who has gone away is no error.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
