//! `durward seed`, and the accounts that `durward dev` makes.

use std::process::ExitCode;

use durward_core::operator::Operator;
use durward_proto::{Email, Role, Secret};

use super::user::ensure;
use super::{Failure, Open, say};
use crate::config::{Config, Inputs};

/// The accounts: what they are called, and their addresses.
const ACCOUNTS: [(&str, &str); 2] = [("admin", "admin@localhost"), ("user", "user@localhost")];

pub(super) async fn run(inputs: &Inputs) -> Result<ExitCode, Failure> {
    let open = Open::any_schema(inputs).await?;
    open.opened.system.migrate().await?;
    let operator = Operator::new(open.opened.system.clone(), open.clock.clone());
    for (email, role, password) in accounts(&open.loaded.config, &operator).await? {
        say(&format!("{role}: {email}  password: {}", password.expose()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes sure that both accounts are there, each with a fresh password.
pub(super) async fn accounts(config: &Config, operator: &Operator) -> Result<Vec<(Email, Role, Secret)>, Failure> {
    let mut made = Vec::new();
    for (role, email) in ACCOUNTS {
        let wrong = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
        let email: Email = email.parse().map_err(|error| wrong(&error))?;
        let role: Role = role.parse().map_err(|error| wrong(&error))?;
        let password = ensure(config, operator, &email, &role).await?;
        made.push((email, role, password));
    }
    Ok(made)
}
