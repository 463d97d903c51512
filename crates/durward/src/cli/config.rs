//! `durward config`: what holds, and whether it is good.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Subcommand;

use crate::config::{Config, ConfigErrors, Inputs, reference, shown_as_json, shown_as_text};

/// What to do with the configuration.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print what holds and from where; secrets are masked
    #[command(after_help = "Example: durward config show --json")]
    Show {
        /// As JSON: {"key": {"value": ..., "source": ...}}
        #[arg(long)]
        json: bool,
    },
    /// Say everything that is wrong with the configuration (exit code 0: nothing, 1: something, 2: it cannot be read)
    #[command(after_help = "Example: durward --config /etc/durward.toml config check")]
    Check {
        /// As JSON: a list of problems
        #[arg(long)]
        json: bool,
    },
    /// Print the page docs/config.md
    #[command(hide = true)]
    Reference,
}

/// Runs the command; results go to `out`, complaints to `err`.
///
/// # Errors
/// When `out` or `err` cannot be written.
pub fn run(command: &ConfigCommand, inputs: &Inputs, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<ExitCode> {
    match command {
        ConfigCommand::Show { json } => show(*json, inputs, out, err),
        ConfigCommand::Check { json } => check(*json, inputs, out, err),
        ConfigCommand::Reference => out.write_all(reference().as_bytes()).map(|()| ExitCode::SUCCESS),
    }
}

fn show(json: bool, inputs: &Inputs, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<ExitCode> {
    match Config::load(inputs) {
        Ok(loaded) if json => writeln!(out, "{:#}", shown_as_json(&loaded)).map(|()| ExitCode::SUCCESS),
        Ok(loaded) => out.write_all(shown_as_text(&loaded).as_bytes()).map(|()| ExitCode::SUCCESS),
        Err(errors) => writeln!(err, "{errors}").map(|()| ExitCode::from(2)),
    }
}

fn check(json: bool, inputs: &Inputs, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<ExitCode> {
    let errors = match Config::load(inputs) {
        Ok(loaded) => ConfigErrors { problems: loaded.problems(), unreadable: false },
        Err(errors) => errors,
    };
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&errors.problems)?)?;
    } else if errors.problems.is_empty() {
        writeln!(out, "The configuration is good.")?;
    } else {
        writeln!(err, "{errors}")?;
    }
    Ok(match &errors {
        errors if errors.unreadable => ExitCode::from(2),
        errors if errors.problems.is_empty() => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}
