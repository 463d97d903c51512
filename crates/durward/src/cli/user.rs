//! `durward user`: accounts, from the command line.

use std::io::Read;
use std::process::ExitCode;

use clap::Subcommand;
use durward_core::factors::password::{Hasher, PasswordRules, prepare};
use durward_core::mail::Outbox;
use durward_core::operator::Operator;
use durward_proto::wire::auth::User;
use durward_proto::{AccountStatus, Email, Role, Secret, UserId, random};
use durward_store::UserRow;
use durward_verify::SystemRandom;

use super::{Failure, Open, say};
use crate::config::{Config, Inputs};
use crate::wire;

/// What is done to accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Opens an account. Without --password-stdin a password is made up and printed.
    #[command(after_help = "Example: durward user create ann@example.com --role admin")]
    Create {
        /// The address.
        email: Email,
        /// The role: user, admin, or one that the configuration defines.
        #[arg(long, default_value = "user")]
        role: Role,
        /// Reads the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists all accounts, one JSON object a line.
    #[command(after_help = "Example: durward user list | jq .email")]
    List,
    /// Shows an account as JSON, with its factors, sessions, devices and newest login attempts.
    #[command(after_help = "Example: durward user show ann@example.com")]
    Show {
        /// The address.
        email: Email,
    },
    /// Gives an account another role.
    #[command(after_help = "Example: durward user set-role ann@example.com admin")]
    SetRole {
        /// The address.
        email: Email,
        /// The role.
        role: Role,
    },
    /// Suspends an account: its sessions end at once, and nobody can log in to it.
    #[command(after_help = "Example: durward user suspend ann@example.com")]
    Suspend {
        /// The address.
        email: Email,
    },
    /// Makes an account active: a pending, suspended or deactivated one.
    #[command(after_help = "Example: durward user activate ann@example.com")]
    Activate {
        /// The address.
        email: Email,
    },
    /// Replaces an account's password with the one on standard input. Its sessions end.
    #[command(after_help = "Example: pass show ann | durward user set-password ann@example.com --password-stdin")]
    SetPassword {
        /// The address.
        email: Email,
        /// Reads the password from standard input. Must be given, so that no password ever stands in a shell's history.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Mails an account's user a link to set a new password with, as they could ask for themself.
    #[command(after_help = "Example: durward user send-reset ann@example.com")]
    SendReset {
        /// The address.
        email: Email,
    },
    /// Removes all second factors of an account: TOTP, passkeys, backup codes and trusted devices. Its sessions end.
    #[command(after_help = "Example: durward user reset-factors ann@example.com")]
    ResetFactors {
        /// The address.
        email: Email,
    },
    /// Ends all sessions of an account.
    #[command(after_help = "Example: durward user revoke-sessions ann@example.com")]
    RevokeSessions {
        /// The address.
        email: Email,
    },
    /// Deletes an account with its profile, settings, sessions and conversations.
    #[command(after_help = "Example: durward user delete ann@example.com --yes")]
    Delete {
        /// The address.
        email: Email,
        /// Confirms it.
        #[arg(long, required = true)]
        yes: bool,
    },
}

/// Carries a command out.
pub(crate) async fn run(command: UserCommand, inputs: &Inputs) -> Result<ExitCode, Failure> {
    let open = Open::database(inputs).await?;
    let config = &open.loaded.config;
    let operator = operator(&open)?;
    match command {
        UserCommand::Create { email, role, password_stdin } => {
            known(config, &role)?;
            let given = if password_stdin { Some(password_from_stdin()?) } else { None };
            create(config, &operator, &email, &role, given).await?;
        }
        UserCommand::List => list(&operator).await?,
        UserCommand::Show { email } => {
            let (roles, rules) = (wire::roles(config), wire::second_factor_rules(config));
            let detail = operator.detail(found(&operator, &email).await?, &roles, &rules).await?;
            say(&serde_json::to_string(&detail).unwrap_or_default());
        }
        UserCommand::SetRole { email, role } => {
            known(config, &role)?;
            operator.set_role(found(&operator, &email).await?.id, &role).await?;
            say(&format!("{email} is {role} now."));
        }
        UserCommand::Suspend { email } => {
            operator.set_status(found(&operator, &email).await?.id, AccountStatus::Suspended).await?;
            say(&format!("{email} is suspended; its sessions have ended."));
        }
        UserCommand::Activate { email } => {
            operator.set_status(found(&operator, &email).await?.id, AccountStatus::Active).await?;
            say(&format!("{email} is active."));
        }
        UserCommand::SetPassword { email, .. } => {
            let user = found(&operator, &email).await?;
            let hash = hash(config, &password_from_stdin()?, &email).await?;
            operator.set_password(user.id, &hash).await?;
            say(&format!("{email} has a new password; its sessions have ended."));
        }
        UserCommand::SendReset { email } => send_reset(&operator, &email).await?,
        UserCommand::ResetFactors { email } => {
            let had = operator.reset_factors(found(&operator, &email).await?.id).await?;
            let what = if had { "has no second factor any more" } else { "had no second factor" };
            say(&format!("{email} {what}; its sessions have ended."));
        }
        UserCommand::RevokeSessions { email } => {
            let ended = operator.revoke_sessions(found(&operator, &email).await?.id).await?;
            say(&format!("{ended} sessions of {email} have ended."));
        }
        UserCommand::Delete { email, .. } => {
            if !operator.delete(found(&operator, &email).await?.id).await? {
                return Err(Failure::new(format!("{email} was deleted by somebody else a moment ago")));
            }
            say(&format!("{email} is deleted."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// With the outbox, where a running server would send what is put there.
fn operator(open: &Open) -> Result<Operator, Failure> {
    let operator = Operator::new(open.opened.system.clone(), open.clock.clone());
    let config = &open.loaded.config;
    let (Some(tokens), true) = (&config.tokens.secret, wire::has_post(config)) else { return Ok(operator) };
    let master = config.keys.master_key.as_ref();
    Ok(operator.with_post(Outbox::new(master, tokens, open.clock.clone(), std::sync::Arc::new(SystemRandom))?))
}

async fn send_reset(operator: &Operator, email: &Email) -> Result<(), Failure> {
    found(operator, email).await?;
    if !operator.send_reset(email).await? {
        let words = "no mail can be sent: mail.url is not set. `durward user set-password` sets a password without one";
        return Err(Failure::new(words));
    }
    say(&format!("A running server mails {email} a link to set a new password with."));
    Ok(())
}

async fn create(
    config: &Config,
    operator: &Operator,
    email: &Email,
    role: &Role,
    given: Option<Secret>,
) -> Result<(), Failure> {
    let made_up = given.is_none();
    let password = given.unwrap_or_else(make_password);
    let hash = hash(config, &password, email).await?;
    if operator.create(email, role, &hash).await?.is_none() {
        return Err(Failure::new(format!("{email} has an account already; `durward user show {email}` shows it")));
    }
    if made_up {
        say(&format!("{role}: {email}  password: {}", password.expose()));
    } else {
        say(&format!("{email} has an account now, as {role}."));
    }
    Ok(())
}

/// Opens the account, or gives it a new password, and says which: for `dev` and `seed`.
pub(crate) async fn ensure(
    config: &Config,
    operator: &Operator,
    email: &Email,
    role: &Role,
) -> Result<Secret, Failure> {
    let password = make_password();
    let hash = hash(config, &password, email).await?;
    if operator.create(email, role, &hash).await?.is_none() {
        let user = found(operator, email).await?;
        operator.set_password(user.id, &hash).await?;
        operator.set_role(user.id, role).await?;
        operator.set_status(user.id, AccountStatus::Active).await?;
    }
    Ok(password)
}

async fn list(operator: &Operator) -> Result<(), Failure> {
    let mut after: Option<UserId> = None;
    loop {
        let users = operator.list(after, 500).await?;
        let Some(last) = users.last().map(|user| user.id) else { return Ok(()) };
        users.into_iter().for_each(show);
        after = Some(last);
    }
}

fn show(user: UserRow) {
    let user: User = user.into();
    say(&serde_json::to_string(&user).unwrap_or_default());
}

async fn found(operator: &Operator, email: &Email) -> Result<UserRow, Failure> {
    let user = operator.find(email).await?;
    user.ok_or_else(|| Failure::new(format!("{email} has no account; `durward user list` shows those that are there")))
}

/// Refuses a role that there is not.
fn known(config: &Config, role: &Role) -> Result<(), Failure> {
    if config.roles.knows(role.as_str()) {
        return Ok(());
    }
    let meant = config.roles.nearest(role.as_str());
    Err(Failure::usage(format!("{role} is no role; did you mean {meant}? Otherwise define it: roles.{role}.scopes")))
}

async fn hash(config: &Config, password: &Secret, email: &Email) -> Result<String, Failure> {
    let rules = PasswordRules { min_strength: config.password.min_strength.into() };
    rules.check(password, &[email.as_str()], "/password")?;
    let hasher = Hasher::start(wire::hash_settings(config), std::sync::Arc::new(SystemRandom))?;
    Ok(hasher.hash(prepare(password)).await?)
}

/// Four groups of five letters and digits without those that look alike: 96 bits.
fn make_password() -> Secret {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes: [u8; 20] = random::bytes(&SystemRandom);
    let letters = bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32)).copied().map(char::from));
    let mut word = String::new();
    for (at, letter) in letters.enumerate() {
        if at > 0 && at % 5 == 0 {
            word.push('-');
        }
        word.push(letter);
    }
    Secret::new(word)
}

/// One password: all of standard input but the line's end.
fn password_from_stdin() -> Result<Secret, Failure> {
    let mut text = String::new();
    std::io::stdin().take(8 * 1_024).read_to_string(&mut text).map_err(|error| Failure::new(error.to_string()))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(password.strip_suffix('\r').unwrap_or(password)))
}
