//! `durward keys`: the signing keys. Running nodes hear of every change within a second.

use std::process::ExitCode;

use clap::Subcommand;
use durward_core::{KeyFault, SigningKeys};
use durward_verify::{Algorithm, SystemRandom};

use super::{Failure, Open, say};
use crate::config::Inputs;
use crate::wire;

/// What is done to signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Lists all keys, one JSON object a line, the newest first; never a private part.
    #[command(after_help = "Example: durward keys list | jq 'select(.state != \"retired\")'")]
    List,
    /// Makes a new signing key, which every running node uses within a second. Tokens of the one before hold until they
    /// expire. Prints its kid.
    #[command(after_help = "Example: durward keys rotate --algorithm EdDSA")]
    Rotate {
        /// HS256, EdDSA, ES256 or RS256; without it, as tokens.algorithm says.
        #[arg(long)]
        algorithm: Option<Algorithm>,
    },
    /// Retires a key: its tokens are refused on every node within a second, and its private part is gone. Sessions live
    /// on: browsers and apps refresh their tokens.
    #[command(after_help = "Example: durward keys retire kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    Retire {
        /// The key's kid, or that of the configuration's secret.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

/// Carries a command out.
pub(crate) async fn run(command: KeysCommand, inputs: &Inputs) -> Result<ExitCode, Failure> {
    let Open { mut loaded, opened, clock } = Open::database(inputs).await?;
    if matches!(command, KeysCommand::Rotate { .. }) {
        loaded.make_master_key(&SystemRandom).map_err(|problem| Failure::new(problem.to_string()))?;
    }
    let keys = wire::signing_keys(&loaded, &opened, clock, std::sync::Arc::new(SystemRandom))?;
    let done = carry_out(command, &keys).await;
    opened.close().await;
    done.map(|()| ExitCode::SUCCESS).map_err(Failure::from)
}

async fn carry_out(command: KeysCommand, keys: &SigningKeys) -> Result<(), KeyFault> {
    match command {
        KeysCommand::List => {
            for entry in keys.list().await? {
                say(&serde_json::to_string(&entry).unwrap_or_default());
            }
        }
        KeysCommand::Rotate { algorithm } => {
            let kid = keys.rotate(algorithm).await?;
            say(&format!("{kid} signs from now on; tokens of the key before hold until they expire."));
        }
        KeysCommand::Retire { kid } => {
            keys.retire(&kid).await?;
            say(&format!("{kid} is retired; its tokens are refused from now on."));
        }
    }
    Ok(())
}
