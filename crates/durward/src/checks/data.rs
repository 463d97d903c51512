//! Checks of the database.

use durward_store::{Opened, SchemaFault, SchemaState, StoreError, Target};

use super::subject::NotMade;
use super::{Outcome, Subject};

pub(super) async fn database(subject: &Subject) -> Outcome {
    let shown = subject.config().database.url.to_string();
    let reached = match subject.store().await {
        Ok(opened) => ping(&opened).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match reached {
        Ok(()) => Outcome::Good(shown),
        Err(error) => Outcome::Bad { found: format!("{shown}: {error}"), cure: cure(subject).to_owned() },
    }
}

async fn ping(opened: &Opened) -> Result<(), StoreError> {
    opened.system.read().await?.ping().await
}

fn cure(subject: &Subject) -> &'static str {
    match subject.config().database.url.target() {
        Target::Sqlite { .. } => {
            "look whether the file and its directory belong to the user that runs durward and whether it is a database; restore it from a backup when it is damaged"
        }
        Target::Postgres(_) => {
            "look whether the server runs, and whether host, port, user, password, database name and sslmode in database.url (DATABASE_URL) are right: `psql` with the same URL tells"
        }
    }
}

pub(super) async fn version(subject: &Subject) -> Outcome {
    let version = match subject.store().await {
        Ok(opened) => match opened.system.read().await {
            Ok(mut read) => read.server_version().await,
            Err(error) => Err(error),
        },
        Err(error) => Err(StoreError::Unavailable(error.to_string())),
    };
    match version {
        Ok(version) if is_supported(&version) => Outcome::Good(version),
        Ok(version) => Outcome::Bad { found: version, cure: "upgrade the database server".to_owned() },
        Err(error) => Outcome::Bad { found: error.to_string(), cure: cure(subject).to_owned() },
    }
}

/// Whether a version such as `PostgreSQL 15.4` or `SQLite 3.46.0` is one that the statements are tested on.
fn is_supported(version: &str) -> bool {
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    match version.split_once(' ') {
        Some(("PostgreSQL", rest)) => number(rest).is_some_and(|major: u32| major >= 15),
        Some(("SQLite", rest)) => {
            let mut parts = rest.split('.').map(number);
            matches!((parts.next(), parts.next()), (Some(Some(3)), Some(Some(minor))) if minor >= 40)
        }
        _ => false,
    }
}

pub(super) async fn schema(subject: &Subject) -> Outcome {
    let opened = match subject.prepared().await {
        Ok(opened) => opened,
        Err(error) => return not_prepared(subject, &error).await,
    };
    if subject.is_held_back() && matches!(state(&opened).await, Ok(SchemaState::Empty | SchemaState::Behind { .. })) {
        return Outcome::Skipped("its migrations wait for a start at which nothing else fails".to_owned());
    }
    match opened.system.check_schema().await {
        Ok(faults) if faults.is_empty() => Outcome::Good("complete, and every statement can be prepared".to_owned()),
        Ok(faults) => told(faults),
        Err(error) => Outcome::Bad { found: error.to_string(), cure: cure(subject).to_owned() },
    }
}

/// The migrations could not be applied. Where they do not fit what is there, the check of the schema says so better than
/// the step that failed.
async fn not_prepared(subject: &Subject, error: &NotMade) -> Outcome {
    let look = async {
        let opened = subject.store().await.ok()?;
        match state(&opened).await.ok()? {
            SchemaState::Ahead { .. } | SchemaState::Unknown { .. } => opened.system.check_schema().await.ok(),
            SchemaState::Empty | SchemaState::Behind { .. } | SchemaState::Current => None,
        }
    };
    match look.await {
        Some(faults) if !faults.is_empty() => told(faults),
        _ => Outcome::Bad {
            found: format!("schema: the migrations cannot be applied: {error}"),
            cure: "do what it says, or run `durward migrate` as a role that may make tables".to_owned(),
        },
    }
}

async fn state(opened: &Opened) -> Result<SchemaState, StoreError> {
    opened.system.read().await?.schema_state().await
}

fn told(faults: Vec<SchemaFault>) -> Outcome {
    let lines: Vec<String> = faults.iter().map(fault).collect();
    let mut cures: Vec<String> = faults.into_iter().map(|fault| fault.cure).collect();
    cures.dedup();
    Outcome::Bad { found: lines.join("; "), cure: cures.join("; ") }
}

/// A fault without its cure, which has a place of its own.
fn fault(fault: &SchemaFault) -> String {
    let needed = fault.statements.join(", ");
    let needed = if needed.is_empty() { needed } else { format!(" (needed by {needed})") };
    format!("{}: {}{needed}", fault.object, fault.detail)
}

#[cfg(test)]
mod tests {
    use super::is_supported;

    #[test]
    fn versions() {
        for good in [
            "PostgreSQL 15",
            "PostgreSQL 15.18 (Debian 15.18-0+deb12u1)",
            "PostgreSQL 18beta1",
            "SQLite 3.40.0",
            "SQLite 3.51.2",
        ] {
            assert!(is_supported(good), "{good}");
        }
        for bad in ["PostgreSQL 14.9", "SQLite 3.39.4", "MySQL 8.0", "", "PostgreSQL"] {
            assert!(!is_supported(bad), "{bad}");
        }
    }
}
