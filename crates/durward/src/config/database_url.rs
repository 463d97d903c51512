//! Database URLs as people have them: libpq's, SQLAlchemy's with its drivers, asyncpg's, sqlx's.
//!
//! Errors never repeat a part of the URL: a password that was not percent-encoded can end up in any of them.

use std::path::PathBuf;

use durward_proto::Secret;
use durward_store::SslMode;

use crate::config::database::{DatabaseUrl, PgParts};
use crate::config::nearest::nearest;
use crate::config::percent::decode;

const PG_DRIVERS: [&str; 6] = ["asyncpg", "psycopg", "psycopg2", "psycopg2cffi", "psycopg_async", "pg8000"];
const SQLITE_DRIVERS: [&str; 3] = ["aiosqlite", "pysqlite", "pysqlcipher"];

/// What decides something here.
const USED: [&str; 10] =
    ["sslmode", "ssl", "sslrootcert", "host", "port", "user", "password", "dbname", "database", "application_name"];

/// What tunes another program's driver and may be left unheeded without harm.
const UNHEEDED: [&str; 11] = [
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "statement_cache_size",
    "prepared_statement_cache_size",
    "prepare_threshold",
    "async_fallback",
    "client_encoding",
];

/// libpq's six, weakest first.
const SSLMODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Reads a URL.
pub(crate) fn parse(text: &str) -> Result<DatabaseUrl, String> {
    let (scheme, rest) = text.split_once(':').ok_or("no scheme such as postgresql:// or sqlite://")?;
    let scheme = scheme.to_ascii_lowercase();
    let (kind, driver) = match scheme.split_once('+') {
        Some((kind, driver)) => (kind, Some(driver)),
        None => (scheme.as_str(), None),
    };
    match kind {
        "postgres" | "postgresql" if driver.is_none_or(|driver| PG_DRIVERS.contains(&driver)) => {
            let rest = rest.strip_prefix("//").ok_or("// is missing after the scheme")?;
            postgres(rest).map(DatabaseUrl::Postgres)
        }
        "sqlite" if driver.is_none_or(|driver| SQLITE_DRIVERS.contains(&driver)) => {
            sqlite(rest, driver.is_some()).map(DatabaseUrl::Sqlite)
        }
        "postgres" | "postgresql" => Err(format!("a driver that is not known; known are {}", PG_DRIVERS.join(", "))),
        "sqlite" => Err(format!("a driver that is not known; known are {}", SQLITE_DRIVERS.join(", "))),
        _ => Err("a scheme that is neither PostgreSQL's nor SQLite's".to_owned()),
    }
}

/// `sqlite:///abs` and `sqlite://rel`. SQLAlchemy counts one slash more, so that `///rel` is relative: with a driver in
/// the scheme that is what is meant, and `///./rel` is meant so by everybody.
fn sqlite(rest: &str, is_sqlalchemy: bool) -> Result<PathBuf, String> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if !["mode=rwc", "mode=rw", "cache=private", "check_same_thread=false", "timeout=5"]
            .contains(&pair.to_ascii_lowercase().as_str())
        {
            return Err("a parameter that is not known for SQLite; remove what follows the question mark".to_owned());
        }
    }
    let path = decode(path)?;
    let path = path.strip_prefix("//").unwrap_or(&path);
    let path = match path.strip_prefix('/') {
        Some(inner) if is_sqlalchemy || inner.starts_with("./") || inner.starts_with("../") => inner,
        _ => path,
    };
    if path.is_empty() || path.contains(":memory:") {
        return Err("no file; a database in memory would forget every account".to_owned());
    }
    Ok(PathBuf::from(path))
}

fn postgres(rest: &str) -> Result<PgParts, String> {
    if rest.contains('#') {
        return Err("a #; in a password it is written %23".to_owned());
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    if database.contains('/') || database.contains('@') {
        return Err(
            "more than a database's name after the host; in a password / is written %2F, ? %3F and @ %40".to_owned()
        );
    }
    let mut parts = PgParts { database: given(database)?, ..PgParts::default() };
    let address = match authority.rsplit_once('@') {
        None => authority,
        Some((login, address)) => {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            parts.user = given(user)?;
            parts.password = given(password)?.map(Secret::new);
            address
        }
    };
    let (name, number) = split_address(address)?;
    parts.host = given(name)?.map(|name| host(&name)).transpose()?;
    parts.port = number.map(port).transpose()?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("a parameter without a value")?;
        parameter(&mut parts, &decode(name)?, decode(value)?)?;
    }
    Ok(parts)
}

/// Host and port of `host:port` or `[v6]:port`.
fn split_address(address: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(bracketed) = address.strip_prefix('[') {
        let (host, tail) = bracketed.split_once(']').ok_or("a [ without its ]")?;
        return match tail.strip_prefix(':') {
            Some(number) => Ok((host, Some(number).filter(|number| !number.is_empty()))),
            None if tail.is_empty() => Ok((host, None)),
            None => Err("something between the ] and the port".to_owned()),
        };
    }
    match address.split_once(':') {
        Some((_, number)) if number.contains(':') => {
            Err("more than one colon in the address; an IPv6 address stands in [ ], and : in a password is written %3A"
                .to_owned())
        }
        Some((host, number)) => Ok((host, Some(number).filter(|number| !number.is_empty()))),
        None => Ok((address, None)),
    }
}

fn given(part: &str) -> Result<Option<String>, String> {
    let text = decode(part)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A host's name or address, or the directory of a Unix socket.
pub(crate) fn host(text: &str) -> Result<String, String> {
    if text.contains(',') {
        return Err("several hosts; name the one that takes writes".to_owned());
    }
    let is_name = |c: char| c.is_alphanumeric() || ".-_:%".contains(c);
    if !text.is_empty() && (text.starts_with('/') || text.chars().all(is_name)) {
        Ok(text.to_owned())
    } else {
        Err("a host's name with characters that no name has; special characters of a password are percent-encoded"
            .to_owned())
    }
}

/// A port, 1 to 65535.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        "a port that is not 1 to 65535 (when it is a part of the password: special characters are percent-encoded)"
            .to_owned()
    })
}

fn parameter(parts: &mut PgParts, name: &str, value: String) -> Result<(), String> {
    match name {
        "sslmode" => once(&mut parts.sslmode, sslmode(&value)?, "sslmode and ssl"),
        "ssl" => once(&mut parts.sslmode, ssl(&value)?, "sslmode and ssl"),
        // libpq's word for the authorities that the system trusts, which are ours too when no file is named.
        "sslrootcert" if value == "system" => {
            once(&mut parts.sslmode, SslMode::VerifyFull, "sslmode and sslrootcert=system")
        }
        "sslrootcert" => once(&mut parts.ssl_root_cert, PathBuf::from(value), "two sslrootcert"),
        "host" => once(&mut parts.host, host(&value)?, "the host and the parameter host"),
        "port" => once(&mut parts.port, port(&value)?, "the port and the parameter port"),
        "user" => once(&mut parts.user, value, "the user and the parameter user"),
        "password" => once(&mut parts.password, Secret::new(value), "the password and the parameter password"),
        "dbname" | "database" => once(&mut parts.database, value, "the database's name and the parameter for it"),
        "application_name" => once(&mut parts.application_name, value, "two application_name"),
        "gssencmode" | "channel_binding" if value == "disable" || value == "prefer" => Ok(()),
        "target_session_attrs" if ["any", "read-write", "primary"].contains(&value.as_str()) => Ok(()),
        "channel_binding" => {
            Err("channel_binding=require, which is not supported; remove it and take sslmode=verify-full".to_owned())
        }
        name if UNHEEDED.contains(&name) => Ok(()),
        "sslcert" | "sslkey" => Err("client certificates, which are not supported; use a password".to_owned()),
        name => Err(format!(
            "a parameter that is not known; did you mean `{}`?",
            nearest(name, USED.into_iter().chain(UNHEEDED)).unwrap_or_default()
        )),
    }
}

fn once<T: PartialEq>(slot: &mut Option<T>, value: T, names: &str) -> Result<(), String> {
    match slot {
        Some(earlier) if *earlier != value => Err(format!("{names} disagree")),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

fn sslmode(text: &str) -> Result<SslMode, String> {
    text.parse().map_err(|_| {
        let meant = nearest(text, SSLMODES).unwrap_or_default();
        format!("an sslmode that is not known; did you mean `{meant}`?")
    })
}

/// asyncpg's: a boolean or one of libpq's words.
fn ssl(text: &str) -> Result<SslMode, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(SslMode::Require),
        "false" | "0" | "no" | "off" => Ok(SslMode::Disable),
        word => sslmode(word),
    }
}
