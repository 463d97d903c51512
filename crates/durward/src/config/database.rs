//! Which database, in our own terms.

use std::fmt;
use std::path::PathBuf;

use durward_proto::Secret;
use durward_store::{PgTarget, SslMode, Target};
use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::database_url;
use crate::config::percent::{encode_part, encode_path, scheme_only};
use crate::config::value::Value;

/// A database as it was named: what was left out is still left out. `Debug` and `Display` hide the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(PgParts),
}

/// The parts of a PostgreSQL URL that were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PgParts {
    /// A name, an address, or the directory of a Unix socket.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// Who logs in.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<Secret>,
    /// The database.
    pub database: Option<String>,
    /// How much TLS is wanted.
    pub sslmode: Option<SslMode>,
    /// The certificates that are trusted (PEM).
    pub ssl_root_cert: Option<PathBuf>,
    /// How the connection is called in `pg_stat_activity`.
    pub application_name: Option<String>,
}

impl DatabaseUrl {
    /// Where to connect: what was left out has libpq's defaults, but for the host (`localhost`) and the user (`postgres`).
    pub fn target(&self) -> Target {
        let parts = match self {
            Self::Sqlite(path) => return Target::Sqlite { path: path.clone() },
            Self::Postgres(parts) => parts,
        };
        let user = parts.user.clone().unwrap_or_else(|| "postgres".to_owned());
        Target::Postgres(PgTarget {
            host: parts.host.clone().unwrap_or_else(|| "localhost".to_owned()),
            port: parts.port.unwrap_or(5432),
            password: parts.password.clone(),
            database: parts.database.clone().unwrap_or_else(|| user.clone()),
            user,
            sslmode: parts.sslmode.unwrap_or(SslMode::Prefer),
            ssl_root_cert: parts.ssl_root_cert.clone(),
            application_name: parts.application_name.clone().unwrap_or_else(|| "durward".to_owned()),
        })
    }

    /// The password, where there is one.
    pub fn password(&self) -> Option<&Secret> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(parts) => parts.password.as_ref(),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match self.target() {
            Target::Sqlite { path } => return write!(f, "sqlite://{}", encode_path(&path.display().to_string())),
            Target::Postgres(target) => target,
        };
        let password = if target.password.is_some() { ":***" } else { "" };
        let host = match target.host {
            socket if socket.starts_with('/') => encode_part(&socket),
            address if address.contains(':') => format!("[{address}]"),
            name => name,
        };
        let (user, database) = (encode_part(&target.user), encode_part(&target.database));
        let (port, sslmode) = (target.port, target.sslmode.as_str());
        write!(f, "postgresql://{user}{password}@{host}:{port}/{database}?sslmode={sslmode}")
    }
}

impl Value for DatabaseUrl {
    fn expected() -> String {
        "a database URL such as postgresql://user:password@host:5432/name or sqlite://path/to/file.db".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        database_url::parse(raw.text()?.trim())
    }

    fn shown(&self) -> Json {
        Json::from(self.to_string())
    }

    fn mask(text: &str) -> String {
        scheme_only(text)
    }

    fn with_parts(self, given: &[(&'static str, &str)]) -> Result<Self, (usize, String)> {
        let mut parts = match self {
            Self::Postgres(parts) => parts,
            Self::Sqlite(_) => PgParts::default(),
        };
        for (place, (part, text)) in given.iter().enumerate() {
            let wrong = |wrong: String| (place, wrong);
            match *part {
                "host" => parts.host = Some(database_url::host(text.trim()).map_err(wrong)?),
                "port" => parts.port = Some(database_url::port(text.trim()).map_err(wrong)?),
                "user" => parts.user = Some((*text).to_owned()),
                "password" => parts.password = Some(Secret::new(*text)),
                _ => parts.database = Some((*text).to_owned()),
            }
        }
        Ok(Self::Postgres(parts))
    }

    /// A part that this URL leaves out may come from elsewhere: a URL without a password and `POSTGRES_PASSWORD`.
    fn agrees_with(&self, whole: &Self) -> bool {
        let (Self::Postgres(mine), Self::Postgres(whole)) = (self, whole) else { return self == whole };
        fn agrees<T: PartialEq>(mine: &Option<T>, whole: &Option<T>) -> bool {
            mine.is_none() || mine == whole
        }
        agrees(&mine.host, &whole.host)
            && agrees(&mine.port, &whole.port)
            && agrees(&mine.user, &whole.user)
            && agrees(&mine.password, &whole.password)
            && agrees(&mine.database, &whole.database)
    }
}
