//! Databases.

use durward_store::testing::Backend;

use super::{Broken, Place, Way, broken, examine, refused, set, try_all};
use crate::kit::process::run;

/// What can be done to both alike.
fn on_both() -> Vec<Broken> {
    vec![
        broken(
            "schema",
            "a dropped column",
            [Way::Sql("ALTER TABLE users DROP COLUMN full_name")],
            &["users.full_name", "users::", "ALTER TABLE users ADD COLUMN full_name"],
        ),
        broken(
            "schema",
            "a renamed column",
            [Way::Sql("ALTER TABLE user_profiles RENAME COLUMN mission_statement TO mission")],
            &["user_profiles.mission_statement", "profiles::"],
        ),
        broken(
            "schema",
            "a dropped table",
            [Way::Sql("DROP TABLE guess_budgets")],
            &["table guess_budgets", "budgets::", "CREATE TABLE guess_budgets"],
        ),
        broken(
            "schema",
            "a dropped index",
            [Way::Sql("DROP INDEX user_sessions_by_user")],
            &["index user_sessions_by_user", "CREATE INDEX user_sessions_by_user ON user_sessions"],
        ),
        broken(
            "schema",
            "an index on other columns",
            [Way::Sql("DROP INDEX user_sessions_by_user; CREATE INDEX user_sessions_by_user ON user_sessions (ip)")],
            &["index user_sessions_by_user", "(ip)", "DROP INDEX user_sessions_by_user"],
        ),
        broken(
            "schema",
            "the row that counts revocations",
            [Way::Sql("DELETE FROM revocation_counter")],
            &["revocation_counter", "INSERT INTO revocation_counter"],
        ),
        broken(
            "schema",
            "a schema that is newer than the program",
            [Way::Sql(
                "INSERT INTO schema_migrations (version, name, checksum, applied_at)
                 SELECT 9999, '9999_later', checksum, applied_at FROM schema_migrations WHERE version = 1",
            )],
            &["schema: it is at step 9999", "start the newer program"],
        ),
        broken(
            "schema",
            "a step that was changed after it was applied",
            [Way::Sql("UPDATE schema_migrations SET checksum = '0000000000000000' WHERE version = 1")],
            &["schema: step 0001_accounts is not the one that was applied"],
        ),
        broken(
            "schema",
            "a list of steps that cannot be read",
            [Way::Sql("ALTER TABLE schema_migrations DROP COLUMN checksum")],
            &["schema_migrations cannot be read", "checksum"],
        ),
        broken(
            "schema",
            "a schema that is behind, where nothing may be applied",
            [Way::Sql("DELETE FROM schema_migrations"), set("DURWARD_DATABASE__MIGRATE", "check")],
            &["schema: ", "durward migrate"],
        ),
        broken(
            "schema",
            "tables whose steps were forgotten",
            [Way::Sql("DELETE FROM schema_migrations")],
            &["schema: ", "durward migrate"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let mut table = on_both();
    table.extend([
        broken(
            "schema",
            "a unique constraint that is gone",
            [Way::Sql(
                "DROP TABLE refresh_tokens; CREATE TABLE refresh_tokens (token_hash BLOB NOT NULL,
                 session_id BLOB NOT NULL, generation INTEGER NOT NULL, issued_at INTEGER NOT NULL,
                 expires_at INTEGER NOT NULL, rotated_at INTEGER, sealed_successor BLOB,
                 CONSTRAINT refresh_tokens_pk PRIMARY KEY (token_hash),
                 CONSTRAINT refresh_tokens_session FOREIGN KEY (session_id) REFERENCES user_sessions (id)
                 ON DELETE CASCADE) STRICT; CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at)",
            )],
            &["UNIQUE (session_id, generation)", "refresh_tokens"],
        ),
        broken(
            "schema",
            "a column of another type",
            [Way::Sql(
                "DROP TABLE user_settings; CREATE TABLE user_settings (user_id INTEGER NOT NULL, key TEXT NOT NULL,
                 value INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                 CONSTRAINT user_settings_pk PRIMARY KEY (user_id, key),
                 CONSTRAINT user_settings_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE) STRICT",
            )],
            &["user_settings.value", "found INTEGER; expected TEXT"],
        ),
        broken(
            "schema",
            "a column that may be null",
            [Way::Sql(
                "DROP TABLE user_settings; CREATE TABLE user_settings (user_id INTEGER NOT NULL, key TEXT NOT NULL,
                 value TEXT, updated_at INTEGER NOT NULL, CONSTRAINT user_settings_pk PRIMARY KEY (user_id, key),
                 CONSTRAINT user_settings_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE) STRICT",
            )],
            &["user_settings.value", "may be null"],
        ),
        broken(
            "database",
            "a file that is no database",
            [Way::File("words.txt", LETTER), set("DATABASE_URL", "sqlite://{dir}/words.txt")],
            &["words.txt", "not a database"],
        ),
        broken(
            "database",
            "a directory",
            [Way::Directory("directory", 0o700), set("DATABASE_URL", "sqlite://{dir}/directory")],
            &["/directory"],
        ),
        broken(
            "database",
            "a file below a file",
            [Way::File("file", ""), set("DATABASE_URL", "sqlite://{dir}/file/durward.db")],
            &["/file/durward.db"],
        ),
        broken(
            "database",
            "a place where nobody can write",
            [set("DATABASE_URL", "sqlite:///proc/durward.db")],
            &["/proc/durward.db"],
        ),
    ]);
    try_all(Backend::Sqlite, table).await;
}

/// Longer than the head of a database file.
const LETTER: &str = "Dear reader, this file is a letter. It was never meant to be opened by a program that looks for \
    tables in it, and it would be sad to see it overwritten by one.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let mut table = on_both();
    table.extend([
        broken(
            "schema",
            "a unique constraint that is gone",
            [Way::Sql("ALTER TABLE users DROP CONSTRAINT users_email_key_unique")],
            &["constraint users_email_key_unique on users", "ADD CONSTRAINT users_email_key_unique UNIQUE (email_key)"],
        ),
        broken(
            "schema",
            "a reference that is gone",
            [Way::Sql("ALTER TABLE user_sessions DROP CONSTRAINT user_sessions_user")],
            &["constraint user_sessions_user on user_sessions", "FOREIGN KEY (user_id)"],
        ),
        broken(
            "schema",
            "a column of another type",
            [Way::Sql("ALTER TABLE guess_budgets ALTER COLUMN failures TYPE integer")],
            &["guess_budgets.failures", "found integer; expected bigint"],
        ),
        broken(
            "schema",
            "a column that may be null",
            [Way::Sql("ALTER TABLE users ALTER COLUMN email DROP NOT NULL")],
            &["users.email", "may be null", "SET NOT NULL"],
        ),
        broken(
            "schema",
            "a column that nothing fills",
            [Way::Sql("ALTER TABLE conversations ADD COLUMN tenant text NOT NULL")],
            &["conversations.tenant", "DROP NOT NULL"],
        ),
        broken(
            "schema",
            "ids that nobody gives out",
            [Way::Sql("ALTER TABLE users ALTER COLUMN id DROP IDENTITY")],
            &["users.id", "GENERATED BY DEFAULT AS IDENTITY"],
        ),
        broken(
            "schema",
            "no right to read",
            [Way::AsRole("REVOKE SELECT ON users FROM {role}")],
            &["grant on users", "GRANT SELECT ON public.users"],
        ),
        broken(
            "schema",
            "no right to add",
            [Way::AsRole("REVOKE INSERT ON security_audit FROM {role}")],
            &["grant on security_audit", "GRANT INSERT ON public.security_audit"],
        ),
        broken(
            "schema",
            "no right to change",
            [Way::AsRole("REVOKE UPDATE ON user_sessions FROM {role}")],
            &["grant on user_sessions", "GRANT UPDATE ON public.user_sessions"],
        ),
        broken(
            "schema",
            "no right to remove",
            [Way::AsRole("REVOKE DELETE ON one_time_tickets FROM {role}")],
            &["grant on one_time_tickets", "GRANT DELETE ON public.one_time_tickets"],
        ),
        broken(
            "schema",
            "no right to use the schema",
            [Way::AsRole("REVOKE USAGE ON SCHEMA public FROM PUBLIC, {role}")],
            &["schema"],
        ),
        broken(
            "schema",
            "rows that a policy hides",
            [Way::AsRole("ALTER TABLE users ENABLE ROW LEVEL SECURITY")],
            &["row security on users", "DISABLE ROW LEVEL SECURITY"],
        ),
        broken(
            "schema",
            "a role that may only read",
            [Way::AsRole("ALTER ROLE {role} SET default_transaction_read_only = on")],
            &["read-only", "default_transaction_read_only = off"],
        ),
        broken(
            "database",
            "no right to connect",
            [Way::AsRole("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC, {role}")],
            &["database.url", "permission denied for database"],
        ),
        broken(
            "database",
            "a database that takes no connections",
            [Way::Elsewhere("ALTER DATABASE {database} ALLOW_CONNECTIONS false")],
            &["database.url", "not currently accepting connections"],
        ),
        broken(
            "database",
            "a server that does not run",
            [set("DATABASE_URL", "postgresql://durward@127.0.0.1:1/durward")],
            &["database.url", "127.0.0.1:1", "psql"],
        ),
        broken(
            "database",
            "a database that is not there",
            [set("DATABASE_URL", "{url}_of_nobody")],
            &["database.url", "_of_nobody", "does not exist"],
        ),
        broken(
            "database",
            "a server without TLS where TLS is wanted",
            [set("DATABASE_URL", "{url}?sslmode=require")],
            &["database.url", "sslmode"],
        ),
    ]);
    try_all(Backend::Postgres, table).await;
}

/// A server that trusts everybody, as some are set up for tests, cannot show it; `scripts/test` starts one that asks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password() {
    let place = Place::make(Backend::Postgres).await;
    let good = place.make_role().await;
    let wrong = good.replace("a%20role", "another%20role");
    assert_ne!(good, wrong);
    let mut settings = place.settings();
    settings.insert("DATABASE_URL".to_owned(), good);
    let with = |settings: &std::collections::BTreeMap<String, String>| {
        settings.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    let command = async |words: &[&str], settings: Vec<(String, String)>| {
        let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run(place.path(), words, &settings, "").await
    };
    command(&["migrate", "--check"], with(&settings)).await.code(0);
    settings.insert("DATABASE_URL".to_owned(), wrong);
    if command(&["migrate", "--check"], with(&settings)).await.code == 0 {
        return;
    }
    let broken =
        broken("database", "a wrong password", [], &["database.url", "password authentication failed", "psql"]);
    examine(&broken, &command(&["doctor", "--json"], with(&settings)).await).unwrap();
    refused(&broken, &command(&["serve"], with(&settings)).await).unwrap();
}
