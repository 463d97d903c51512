//! What can go wrong with a database, without a parameter, a password or a row in its text.

use sqlx::error::{DatabaseError, ErrorKind};

/// Why the database did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or is too busy: try again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The row breaks a rule of the schema.
    #[error("the row breaks the rule {constraint}")]
    Conflict {
        /// The constraint's name; in SQLite, for keys, the columns. `nul_character` when a text holds U+0000,
        /// which PostgreSQL cannot keep.
        constraint: String,
    },
    /// What the row belongs to is no longer there: an account or a session that ended at the same moment.
    #[error("what the row belongs to is gone: {constraint}")]
    Gone {
        /// The foreign key's name; empty in SQLite, which does not say.
        constraint: String,
    },
    /// The database is not what the program was made for, or the program is wrong.
    #[error("the database refused: {0}")]
    Broken(String),
}

impl StoreError {
    /// Whether waiting may help: the answer is 503 and the breaker counts it.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => match error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
                Some(postgres) => of_postgres(postgres),
                None => of_sqlite(&*error),
            },
            E::Io(error) => Self::Unavailable(format!("connection: {}", error.kind())),
            E::Tls(error) => Self::Unavailable(format!("TLS: {error}")),
            E::PoolTimedOut => Self::Unavailable("no connection became free in time".to_owned()),
            E::PoolClosed => Self::Unavailable("the store is closed".to_owned()),
            E::Protocol(_) => Self::Unavailable("the server answered out of protocol".to_owned()),
            E::ColumnNotFound(column) => Self::Broken(format!("no column {column} in the answer")),
            // The source may quote the value; the column's name is enough to find the fault.
            E::ColumnDecode { index, .. } => Self::Broken(format!("the value of column {index} cannot be read")),
            E::Encode(_) | E::InvalidArgument(_) => Self::Broken("a parameter cannot be sent".to_owned()),
            // The source may quote what it was given.
            E::Configuration(_) => Self::Broken("the connection's parameters cannot be used".to_owned()),
            other => Self::Broken(kind_of(&other).to_owned()),
        }
    }
}

/// By SQLSTATE (PostgreSQL documentation, appendix A). The message is shown only for classes whose messages
/// name objects and never values.
fn of_postgres(error: &sqlx::postgres::PgDatabaseError) -> StoreError {
    let (state, message) = (error.code(), error.message());
    if state == "23503" {
        return StoreError::Gone { constraint: error.constraint().unwrap_or_default().to_owned() };
    }
    if let Some(constraint) = error.constraint().filter(|_| state.starts_with("23")) {
        return StoreError::Conflict { constraint: constraint.to_owned() };
    }
    match state {
        // character_not_in_repertoire, untranslatable_character: U+0000 in a text or in JSON.
        "22021" | "22P05" => StoreError::Conflict { constraint: "nul_character".to_owned() },
        "57014" | "55P03" | "25P03" => StoreError::Unavailable(format!("it took too long (SQLSTATE {state})")),
        "40001" | "40P01" => StoreError::Unavailable(format!("it lost a race with others (SQLSTATE {state})")),
        // object_not_in_prerequisite_state: the database takes no connections at present.
        "55000" => StoreError::Unavailable(format!("{message} (SQLSTATE {state})")),
        // Authorization, the database's name, resources, the operator, the system, the connection.
        _ if ["28", "3D", "53", "57", "58", "08"].iter().any(|class| state.starts_with(class)) => {
            StoreError::Unavailable(format!("{message} (SQLSTATE {state})"))
        }
        // Syntax, access rights, schema names, and what the server thinks of its own catalogue.
        _ if ["42", "3F", "0A", "25", "2B", "55", "XX"].iter().any(|class| state.starts_with(class)) => {
            StoreError::Broken(format!("{message} (SQLSTATE {state})"))
        }
        _ => StoreError::Broken(format!("SQLSTATE {state}")),
    }
}

/// By result code (<https://www.sqlite.org/rescode.html>). SQLite's messages name objects and never values.
fn of_sqlite(error: &dyn DatabaseError) -> StoreError {
    let message = error.message();
    if matches!(error.kind(), ErrorKind::ForeignKeyViolation) {
        return StoreError::Gone { constraint: String::new() };
    }
    if !matches!(error.kind(), ErrorKind::Other) {
        let rule = message.rsplit_once("failed: ").map_or(message, |(_, rule)| rule);
        return StoreError::Conflict { constraint: rule.to_owned() };
    }
    let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(1);
    match code & 0xff {
        // BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN
        5 | 6 | 7 | 8 | 9 | 10 | 13 | 14 => StoreError::Unavailable(format!("{message} (SQLite {code})")),
        _ => StoreError::Broken(format!("{message} (SQLite {code})")),
    }
}

fn kind_of(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::RowNotFound => "a row that must be there is not",
        sqlx::Error::TypeNotFound { .. } => "a type of the schema is not known to the server",
        sqlx::Error::ColumnIndexOutOfBounds { .. } => "the answer has too few columns",
        _ => "the driver failed",
    }
}
