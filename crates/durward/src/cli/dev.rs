//! `durward dev`: everything on one machine with nothing configured.

use std::process::ExitCode;
use std::time::Duration;

use durward_core::operator::Operator;

use super::{Failure, say, seed, serve};
use crate::checks::golden_path::Step;
use crate::config::Inputs;

pub(super) async fn run(inputs: &Inputs) -> Result<ExitCode, Failure> {
    let started = serve::start(inputs, |subject| subject.watch_steps(tell())).await?;
    let operator = Operator::new(started.opened.system.clone(), started.core.clock().clone());
    let config = &started.loaded.config;
    say("");
    for (email, role, password) in seed::accounts(config, &operator).await? {
        say(&format!("{role}: {email}  password: {}", password.expose()));
    }
    let url = &config.server.public_url;
    say(&format!("\nServing {url}, listening on {}", started.address()));
    say(&format!("  API docs  {url}/docs"));
    say(&format!("  data      {}", config.database.url));
    say("  Ctrl-C stops it.");
    started.serve().await?;
    Ok(ExitCode::SUCCESS)
}

/// Says each step as it is taken, after one line of introduction.
fn tell() -> impl FnMut(&Step) + Send {
    let mut first = true;
    move |step| {
        if first {
            say("The Golden Path, step by step:");
        }
        first = false;
        say(&line(step));
    }
}

fn line(step: &Step) -> String {
    let word = if step.fault.is_none() { "good   " } else { "FAILING" };
    let fault = step.fault.as_deref().map(|fault| format!("  {fault}")).unwrap_or_default();
    format!("  {word}  {:<16} {:>6.1} ms{fault}", step.name, millis(step.took))
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}
