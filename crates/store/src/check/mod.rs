//! Whether the live database is the one the program was made for: the steps, every statement, the catalogue,
//! the rights. A healthy database gives nothing; each fault names what it is about, who needs it, and the cure.

mod compare;
mod partitions;

use sqlx::{Connection, Executor, SqlSafeStr};

use self::compare::Comparison;
use crate::catalogue::{Catalogue, Live, Standing, expected};
use crate::error::StoreError;
use crate::link::on;
use crate::migrate::{SchemaState, rendered};
use crate::query::Statement;
use crate::scope::{System, SystemStore};
use crate::tables;
use crate::tx::Read;

/// Something in the database that does not fit the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFault {
    /// What it is about: `users.full_name`, `index user_sessions_by_user`, …
    pub object: String,
    /// What was found, and what was expected.
    pub detail: String,
    /// A command, or the exact DDL or GRANT.
    pub cure: String,
    /// The statements that need it, as `users::INSERT`.
    pub statements: Vec<&'static str>,
}

impl std::fmt::Display for SchemaFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.object, self.detail)?;
        if !self.statements.is_empty() {
            write!(f, "; needed by {}", self.statements.join(", "))?;
        }
        write!(f, "; to mend it: {}", self.cure)
    }
}

impl SystemStore {
    /// Everything at once: the steps; then, if they fit, the catalogue, the rights, and every statement that
    /// the program can run, prepared on the live database.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer: that is not a fault of the schema.
    pub async fn check_schema(&self) -> Result<Vec<SchemaFault>, StoreError> {
        let mut read = self.read().await?;
        if let Some(fault) = of_state(read.schema_state().await?) {
            return Ok(vec![fault]);
        }
        let mut faults = read.check_rights().await?;
        faults.extend(read.check_catalogue().await?);
        let explained: Vec<&'static str> = faults.iter().flat_map(|fault| fault.statements.iter().copied()).collect();
        let failing = read.check_statements().await?;
        faults
            .extend(failing.into_iter().filter(|fault| !fault.statements.iter().all(|name| explained.contains(name))));
        Ok(faults)
    }
}

impl Read<System> {
    /// What the connected role may not do and the program needs.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn check_rights(&mut self) -> Result<Vec<SchemaFault>, StoreError> {
        let backend = self.backend();
        let expected = expected(backend).await?;
        let standing = on!(self, |c, _sql| c.standing().await)?;
        Ok(of_standing(&standing, &expected))
    }

    /// Every statement that the program can run, prepared. A fault for each that the database refuses.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn check_statements(&mut self) -> Result<Vec<SchemaFault>, StoreError> {
        // A connection remembers what it prepared before; here it shall look again.
        on!(self, |c, _sql| c.clear_cached_statements().await)?;
        let mut faults = Vec::new();
        for statement in all_statements() {
            match on!(self, |c, sql| c.prepare(sql(statement).into_sql_str()).await.map(drop)) {
                Err(StoreError::Broken(why)) => faults.push(SchemaFault {
                    object: format!("statement {}", statement.short_name()),
                    detail: format!("the database refuses it: {why}"),
                    cure: "durward migrate".to_owned(),
                    statements: vec![statement.short_name()],
                }),
                other => other?,
            }
        }
        Ok(faults)
    }

    /// The catalogue against the one that the migrations make. What an operator added is let be, unless it
    /// would stop an insert.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn check_catalogue(&mut self) -> Result<Vec<SchemaFault>, StoreError> {
        let backend = self.backend();
        let expected = expected(backend).await?;
        let found = on!(self, |c, _sql| c.catalogue().await)?;
        let comparison = Comparison { backend, ddl: rendered(backend) };
        let mut faults = comparison.faults(&expected, &found);
        if let Some(partitions) = on!(self, |c, _sql| c.partitions().await)? {
            comparison.partitions(&partitions, &expected, &mut faults);
        }
        if found.tables.contains_key("revocation_counter") {
            faults.extend(self.counter_fault().await?);
        }
        Ok(faults)
    }

    /// The one row that a step put into a table.
    async fn counter_fault(&mut self) -> Result<Option<SchemaFault>, StoreError> {
        let behind: Result<bool, StoreError> =
            on!(self, |c, sql| sqlx::query_scalar(sql(tables::COUNTER_BEHIND)).persistent(false).fetch_one(c).await);
        match behind {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(SchemaFault {
                object: "revocation_counter".to_owned(),
                detail: "its one row is missing, or behind the newest number in revocation_events".to_owned(),
                cure: "INSERT INTO revocation_counter (id, last_seq) SELECT 1, COALESCE(MAX(seq), 0) FROM \
                       revocation_events WHERE TRUE ON CONFLICT (id) DO UPDATE SET last_seq = excluded.last_seq;"
                    .to_owned(),
                statements: statements_with(&["revocation_counter"]),
            })),
            // A missing column or right was reported as such.
            Err(StoreError::Broken(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn of_state(state: SchemaState) -> Option<SchemaFault> {
    let (detail, cure) = match state {
        SchemaState::Current => return None,
        SchemaState::Empty => ("the database has no tables of durward".to_owned(), "durward migrate"),
        SchemaState::Behind { at, pending } => {
            (format!("it is at step {at}; not applied: {}", pending.join(", ")), "durward migrate")
        }
        SchemaState::Ahead { found, newest } => (
            format!("it is at step {found}, and this program knows steps up to {newest}"),
            "start the newer program, or restore the backup from before its migration",
        ),
        SchemaState::Unknown { detail } => {
            (detail, "give durward a database or a schema of its own, or restore schema_migrations from a backup")
        }
    };
    Some(SchemaFault { object: "schema".to_owned(), detail, cure: cure.to_owned(), statements: Vec::new() })
}

fn of_standing(standing: &Standing, expected: &Catalogue) -> Vec<SchemaFault> {
    let role = &standing.role;
    let Some(schema) = &standing.schema else {
        return vec![SchemaFault {
            object: "search_path".to_owned(),
            detail: format!("the role {role} may use no schema of its search_path"),
            cure: format!("GRANT USAGE ON SCHEMA public TO {role};"),
            statements: Vec::new(),
        }];
    };
    let mut faults = Vec::new();
    if standing.read_only {
        faults.push(SchemaFault {
            object: "database".to_owned(),
            detail: "it is read-only: a standby, or default_transaction_read_only is on".to_owned(),
            cure: format!("name the primary server in database.url, or: ALTER ROLE {role} SET default_transaction_read_only = off;"),
            statements: Vec::new(),
        });
    }
    let ours = |table: &str| table == "schema_migrations" || expected.tables.contains_key(table);
    for rights in standing.rights.iter().filter(|rights| ours(&rights.table)) {
        let table = &rights.table;
        // The migrations table is only read unless there is something to migrate.
        let lacking: Vec<&str> =
            rights.lacking.iter().copied().filter(|right| table != "schema_migrations" || *right == "SELECT").collect();
        if !lacking.is_empty() {
            faults.push(SchemaFault {
                object: format!("grant on {table}"),
                detail: format!("the role {role} lacks {} on {schema}.{table}", lacking.join(", ")),
                cure: format!("GRANT {} ON {schema}.{table} TO {role};", lacking.join(", ")),
                statements: statements_with(&[table]),
            });
        }
        if rights.row_security {
            faults.push(SchemaFault {
                object: format!("row security on {table}"),
                detail: format!("policies may hide rows of {schema}.{table} from the role {role}"),
                cure: format!("ALTER TABLE {schema}.{table} DISABLE ROW LEVEL SECURITY;"),
                statements: statements_with(&[table]),
            });
        }
    }
    faults
}

fn all_statements() -> impl Iterator<Item = Statement> {
    tables::ALL.iter().flat_map(|module| module.iter().copied())
}

/// The statements whose text has all these words.
fn statements_with(words: &[&str]) -> Vec<&'static str> {
    all_statements()
        .filter(|statement| words.iter().all(|word| has_word(statement.postgres, word)))
        .map(|statement| statement.short_name())
        .collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_statements_differ_between_the_databases() {
        let differing: Vec<_> =
            all_statements().filter(|s| s.sqlite != s.postgres).map(|statement| statement.name).collect();
        assert!(differing.len() <= 15, "{differing:?}");
        assert!(all_statements().count() > 40);
    }

    #[test]
    fn no_statement_needs_what_only_one_database_has() {
        for statement in all_statements().filter(|s| s.sqlite == s.postgres) {
            for word in ["now", "NOW", "ANY", "ILIKE", "jsonb", "ARRAY"] {
                assert!(!has_word(statement.sqlite, word), "{} has {word}", statement.name);
            }
        }
    }

    #[test]
    fn statements_are_named_by_what_they_need() {
        assert_eq!(
            statements_with(&["users", "password_hash", "WHERE", "email_key", "SELECT"]),
            ["users::CREDENTIAL_BY_EMAIL"]
        );
    }
}
