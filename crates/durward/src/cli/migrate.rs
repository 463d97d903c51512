//! `durward migrate`.

use std::process::ExitCode;

use super::{Failure, Open, say};
use crate::config::Inputs;

pub(super) async fn run(inputs: &Inputs, check: bool) -> Result<ExitCode, Failure> {
    if check {
        let open = Open::database(inputs).await?;
        say(&format!("The schema of {} is what this program needs.", open.loaded.config.database.url));
        return Ok(ExitCode::SUCCESS);
    }
    let open = Open::any_schema(inputs).await?;
    let applied = open.opened.system.migrate().await?;
    for step in &applied {
        say(&format!("applied {step}"));
    }
    if applied.is_empty() {
        say("There was nothing to apply.");
    }
    Ok(ExitCode::SUCCESS)
}
