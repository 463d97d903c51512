//! Rows by the million: the database makes them itself, one statement for each table.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use durward_proto::{Clock, SystemClock};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::place::Place;
use crate::Outcome;
use crate::load::PASSWORD;

/// The ids of the users that are made here begin after this, out of the way of those that register.
const FIRST: usize = 1_000_000_000;
/// How long ago the oldest row of the trail is, in seconds: younger than what retention removes.
const OLDEST: u64 = 30 * 86_400;

/// How many rows there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    /// Accounts, each with a profile and a device.
    pub(crate) users: usize,
    /// Live sessions, each with its refresh token.
    pub(crate) sessions: usize,
    /// Rows of the login trail, over the last month.
    pub(crate) attempts: usize,
}

/// The address of an account that is made here, from 1.
pub(crate) fn email(number: usize) -> String {
    format!("grown{number}@example.com")
}

/// What each database makes of a row's number `n`. `NOW` stands for the time, in microseconds.
const WORDS: &[(&str, &str, &str)] = &[
    ("{id}", "CAST(printf('%016d', n) AS BLOB)", "CAST(LPAD(TO_HEX(n), 32, '0') AS UUID)"),
    ("{hash}", "randomblob(32)", "SHA256(CAST(CAST(n AS TEXT) AS BYTEA))"),
    ("{now}", "NOW", "TO_TIMESTAMP(NOW / 1000000.0)"),
    ("{later}", "NOW + 2592000000000", "TO_TIMESTAMP(NOW / 1000000.0 + 2592000)"),
    ("{then}", "NOW - n * STEP", "TO_TIMESTAMP((NOW - n * STEP) / 1000000.0)"),
];

const USERS: &[&str] = &[
    "INSERT INTO users (id, email, email_key, password_hash, role, status, email_verified, tfa_enabled, created_at, \
     updated_at) SELECT FIRST + n, 'grown' || n || '@example.com', 'grown' || n || '@example.com', 'HASH', 'user', \
     'active', TRUE, FALSE, {now}, {now} FROM numbers",
    "INSERT INTO user_profiles (user_id, work_style_preferences, productivity_patterns, personal_goals, updated_at) \
     SELECT FIRST + n, '{}', '{}', '{}', {now} FROM numbers",
    "INSERT INTO registered_devices (id, user_id, identity_hash, fingerprint, kind, name, trust_level, security_level, \
     logins, successes_milli, failures_milli, reputed_at, streak_logins, streak_since, created_at, last_seen_at) \
     SELECT {id}, FIRST + n, {hash}, {hash}, 'desktop', 'Firefox on Linux', 'trusted', 'always_login', 9, 9000, 0, {now}, \
     9, {now}, {now}, {now} FROM numbers",
];
const SESSIONS: &[&str] = &[
    "INSERT INTO user_sessions (id, user_id, created_at, last_seen_at, expires_at, auth_time, amr, transport, generation, \
     settled_generation, user_agent, ip) SELECT {id}, FIRST + 1 + n % USERS, {now}, {now}, {later}, {now}, 'pwd', \
     'bearer', 1, 1, 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0', '192.0.2.1' FROM numbers",
    "INSERT INTO refresh_tokens (token_hash, session_id, generation, issued_at, expires_at) \
     SELECT {hash}, {id}, 1, {now}, {later} FROM numbers",
];
const ATTEMPTS: &[&str] = &[
    "INSERT INTO device_login_attempts (id, at, user_id, email_key, method, succeeded, reason, ip, user_agent, country) \
     SELECT {id}, {then}, FIRST + 1 + n % USERS, 'grown' || (1 + n % USERS) || '@example.com', 'password', TRUE, \
     'succeeded', '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0', 'NO' FROM numbers",
];

/// The months that the trail's rows are of, where a node that has just been started made those from this one on: they lie
/// where they would if the server had run for that long.
const MONTHS: &str = "DO $$ DECLARE \
    first TIMESTAMPTZ; \
    next TIMESTAMPTZ := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'; \
    BEGIN FOR back IN 1..2 LOOP \
    first := (next AT TIME ZONE 'UTC' - interval '1 month') AT TIME ZONE 'UTC'; \
    EXECUTE format('CREATE TABLE device_login_attempts_%s PARTITION OF device_login_attempts FOR VALUES FROM (%L) TO (%L)', \
    to_char(first AT TIME ZONE 'UTC', 'YYYY_MM'), first, next); \
    next := first; END LOOP; END $$";

/// Fills a database that no node stands on.
pub(crate) async fn fill(place: &Place<'_>, rows: Rows, clock: &Arc<SystemClock>) -> Outcome<()> {
    let now = clock.now().micros();
    let step = OLDEST * 1_000_000 / u64::try_from(rows.attempts.max(1))?;
    let hash = cheapest_hash()?;
    let mut database = Database::open(place).await?;
    for (statements, count) in [(USERS, rows.users), (SESSIONS, rows.sessions), (ATTEMPTS, rows.attempts)] {
        for statement in statements {
            let statement = WORDS.iter().fold((*statement).to_owned(), |text, (word, sqlite, postgres)| {
                text.replace(word, if place.url.is_none() { sqlite } else { postgres })
            });
            let statement = statement
                .replace("FIRST", &FIRST.to_string())
                .replace("USERS", &rows.users.to_string())
                .replace("HASH", &hash)
                .replace("STEP", &step.to_string())
                .replace("NOW", &now.to_string());
            database.run(count, &statement).await?;
        }
    }
    database.close().await
}

/// The hash of everybody's password, by the parameters that the nodes are given.
fn cheapest_hash() -> Outcome<String> {
    let params = Params::new(8, 1, 1, Some(32)).map_err(|error| error.to_string())?;
    let (salt, mut output) = (b"sixteen byte sal", [0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(PASSWORD.as_bytes(), salt, &mut output)
        .map_err(|error| error.to_string())?;
    Ok(format!("$argon2id$v=19$m=8,t=1,p=1${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output)))
}

enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

impl Database {
    async fn open(place: &Place<'_>) -> Outcome<Self> {
        Ok(match (&place.url, place.nodes.first()) {
            (Some(url), _) => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::raw_sql(MONTHS).execute(&mut connection).await?;
                Self::Postgres(connection)
            }
            (None, Some(node)) => {
                let connection = rusqlite::Connection::open(node.path().join("durward.db"))?;
                // Nothing has to survive yet, and there is memory enough to sort the indexes' pages in.
                connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000")?;
                Self::Sqlite(connection)
            }
            (None, None) => return Err("there is no node".into()),
        })
    }

    /// Runs a statement over the numbers from 1 to `count`.
    async fn run(&mut self, count: usize, statement: &str) -> Outcome<()> {
        match self {
            Self::Sqlite(connection) => {
                let numbers = format!("(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})");
                let sql = format!("WITH RECURSIVE numbers (n) AS {numbers} {statement}");
                connection.execute_batch(&sql)?;
            }
            Self::Postgres(connection) => {
                let sql = statement
                    .replace("FROM numbers", &format!("FROM generate_series(CAST(1 AS BIGINT), {count}) AS n"));
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// What a database does for itself, sooner or later, is done before anything is measured.
    async fn close(self) -> Outcome<()> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?,
            Self::Postgres(mut connection) => {
                sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await?;
                sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }
}
