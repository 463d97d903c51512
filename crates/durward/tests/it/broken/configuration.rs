//! Configurations.

use durward_store::testing::Backend;

use super::{ANOTHER, Broken, SECRET, Way, broken, set, try_all};

const LONG_KNOWN: &str = "your-super-secret-jwt-token-with-at-least-32-characters-long";
const REPEATED: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets() {
    let table = vec![
        broken("secrets", "no secret", [Way::Set("JWT_SECRET_KEY", None)], &["tokens.secret", "openssl rand"]),
        broken("secrets", "an empty secret", [set("JWT_SECRET_KEY", "")], &["tokens.secret", "JWT_SECRET_KEY"]),
        broken("secrets", "a short secret", [set("JWT_SECRET_KEY", "Zq8vT1mXc5")], &["tokens.secret", "10 bytes"]),
        broken("secrets", "a known secret", [set("JWT_SECRET_KEY", LONG_KNOWN)], &["tokens.secret", "public document"]),
        broken("secrets", "a repeated byte", [set("CSRF_SECRET_KEY", REPEATED)], &["csrf.secret", "repeated"]),
        broken(
            "secrets",
            "one secret for two purposes",
            [set("CSRF_SECRET_KEY", SECRET)],
            &["csrf.secret", "the same secret as in tokens.secret"],
        ),
        broken(
            "secrets",
            "two names that disagree about a secret",
            [set("DURWARD_TOKENS__SECRET", ANOTHER)],
            &["tokens.secret", "JWT_SECRET_KEY", "DURWARD_TOKENS__SECRET", "keep one"],
        ),
        broken(
            "secrets",
            "a secret's file that is not there",
            [Way::Set("JWT_SECRET_KEY", None), set("DURWARD_TOKENS__SECRET_FILE", "{dir}/nothing")],
            &["tokens.secret", "DURWARD_TOKENS__SECRET_FILE"],
        ),
        broken(
            "secrets",
            "a kept secret that was cut off",
            [
                set("ENVIRONMENT", "development"),
                Way::Set("JWT_SECRET_KEY", None),
                Way::Directory("data", 0o700),
                Way::File("data/tokens.secret", "Zq8vT1m"),
            ],
            &["tokens.secret", "cut off"],
        ),
    ];
    try_all(Backend::Sqlite, table).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_in_from_browsers() {
    let table = vec![
        broken(
            "public_url",
            "a public URL with http",
            [set("DURWARD_SERVER__PUBLIC_URL", "http://auth.example.com")],
            &["server.public_url", "https"],
        ),
        broken(
            "public_url",
            "a public URL with a path",
            [set("DURWARD_SERVER__PUBLIC_URL", "https://example.com/auth")],
            &["server.public_url", "a path"],
        ),
        broken("cors", "a wildcard", [set("CORS_ALLOWED_ORIGINS", "*")], &["cors.allowed_origins", "wildcard"]),
        broken(
            "cors",
            "an origin with a path",
            [set("CORS_ALLOWED_ORIGINS", "https://app.example.com/app")],
            &["cors.allowed_origins", "a path"],
        ),
        broken(
            "cookies",
            "a cookie domain that is another's",
            [set("DURWARD_COOKIES__DOMAIN", ".example.org")],
            &["cookies.domain", "example.org", "auth.example.com"],
        ),
        broken(
            "passkeys",
            "an RP ID that is another's",
            [set("DURWARD_PASSKEYS__RP_ID", "example.org")],
            &["passkeys.rp_id", "example.org", "auth.example.com"],
        ),
        broken(
            "passkeys",
            "a related origin with http",
            [set("DURWARD_PASSKEYS__RELATED_ORIGINS", "http://app.example.net")],
            &["passkeys.related_origins", "http://app.example.net", "https"],
        ),
    ];
    try_all(Backend::Sqlite, table).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values() {
    try_all(Backend::Sqlite, values_table()).await;
}

fn values_table() -> Vec<Broken> {
    vec![
        broken(
            "config",
            "an unknown key in the file",
            [Way::File("durward.toml", "[server]\nlisen = \"127.0.0.1:8000\"\n")],
            &["server.lisen", "durward.toml:2", "server.listen"],
        ),
        broken(
            "config",
            "an unknown variable",
            [set("DURWARD_SERVER__LISTN", "127.0.0.1:8000")],
            &["DURWARD_SERVER__LISTN", "DURWARD_SERVER__LISTEN"],
        ),
        broken("config", "a file that is not TOML", [Way::File("durward.toml", "[server\n")], &["durward.toml"]),
        broken("config", "a file that is not there", [Way::Argument("--config=nothing.toml")], &["nothing.toml"]),
        broken(
            "config",
            "neither true nor false",
            [set("SECURITY_HEADERS_ENABLED", "perhaps")],
            &["security_headers", "SECURITY_HEADERS_ENABLED", "true or false"],
        ),
        broken(
            "config",
            "two names that disagree",
            [set("DURWARD_TOKENS__ACCESS_TTL", "10m"), set("ACCESS_TOKEN_EXPIRE_MINUTES", "5")],
            &["tokens.access_ttl", "ACCESS_TOKEN_EXPIRE_MINUTES", "keep one"],
        ),
        broken(
            "config",
            "a duration without a number",
            [set("DURWARD_TOKENS__REFRESH_TTL", "a week")],
            &["tokens.refresh_ttl", "7d"],
        ),
        broken("config", "a duration of zero", [set("DURWARD_LIMITS__WINDOW", "0")], &["limits.window", "zero"]),
        broken(
            "config",
            "another database",
            [set("DATABASE_URL", "mysql://u@h/d")],
            &["database.url", "postgresql://"],
        ),
        broken(
            "config",
            "an sslmode that is none",
            [set("DATABASE_URL", "postgresql://u@h/d?sslmode=verify_full")],
            &["database.url", "did you mean `verify-full`"],
        ),
        broken(
            "config",
            "an address without a number",
            [set("DURWARD_SERVER__LISTEN", "localhost:8000")],
            &["server.listen", "127.0.0.1"],
        ),
        broken(
            "config",
            "metrics where the server listens",
            [set("DURWARD_SERVER__LISTEN", "127.0.0.1:47110"), set("DURWARD_METRICS__LISTEN", "127.0.0.1:47110")],
            &["metrics.listen", "another port"],
        ),
        broken(
            "config",
            "hashes with too little memory",
            [set("DURWARD_PASSWORD__MEMORY_KIB", "4")],
            &["password.memory_kib", "19456"],
        ),
        broken(
            "config",
            "countries that nobody can tell",
            [set("DURWARD_ACCESS__ALLOW_COUNTRIES", "DE")],
            &["access.allow_countries", "geoip.database"],
        ),
        broken(
            "config",
            "a country that is none",
            [set("DURWARD_ACCESS__DENY_COUNTRIES", "Germany")],
            &["access.deny_countries", "two letters"],
        ),
        broken(
            "config",
            "risk thresholds in the wrong order",
            [set("DURWARD_RISK__SECOND_FACTOR", "50"), set("DURWARD_RISK__DENY", "40")],
            &["risk.deny", "risk.second_factor"],
        ),
        broken(
            "place",
            "a database of places that is not there",
            [set("DURWARD_GEOIP__DATABASE", "{dir}/nothing.mmdb")],
            &["geoip.database", "nothing.mmdb"],
        ),
        broken(
            "place",
            "a database of places that is none",
            [Way::File("places.mmdb", "no database"), set("DURWARD_GEOIP__ASN_DATABASE", "{dir}/places.mmdb")],
            &["geoip.asn_database", "places.mmdb"],
        ),
        broken(
            "keys",
            "another algorithm, and no master key to seal its key under",
            [set("DURWARD_TOKENS__ALGORITHM", "EdDSA"), Way::Set("DURWARD_KEYS__MASTER_KEY", None)],
            &["keys.master_key", "EdDSA"],
        ),
        broken(
            "config",
            "a second factor that nobody can set up",
            [
                set("DURWARD_SECOND_FACTOR__POLICY", "required"),
                set("DURWARD_SECOND_FACTOR__METHODS", "passkey,backup_code"),
            ],
            &["second_factor.methods", "totp"],
        ),
        broken(
            "config",
            "addresses to be confirmed without mail",
            [set("DURWARD_REGISTRATION__VERIFY_EMAIL", "true")],
            &["registration.verify_email", "mail.url is not set"],
        ),
        broken(
            "config",
            "a page for new passwords that anybody on the way could change",
            [set("DURWARD_MAIL__RESET_PAGE", "http://app.example.com/reset")],
            &["mail.reset_page", "https"],
        ),
        broken(
            "mail",
            "a template that is none",
            [
                set("DURWARD_MAIL__TEMPLATES", "{dir}/mails"),
                Way::Directory("mails", 0o755),
                Way::Directory("mails/en", 0o755),
                Way::File("mails/en/reset_password.txt", "Hello\n{{ link"),
            ],
            &["en/reset_password.txt:2", "mail.templates"],
        ),
        broken(
            "mail",
            "authorities that are none",
            [
                set("DURWARD_MAIL__URL", "smtp://localhost"),
                set("DURWARD_MAIL__CA_FILE", "{dir}/ca.pem"),
                Way::File("ca.pem", "nothing"),
            ],
            &["mail.ca_file", "no certificate"],
        ),
        broken(
            "pages",
            "a logo that is none",
            [set("DURWARD_PAGES__LOGO", "{dir}/logo.svg"), Way::File("logo.svg", "nothing")],
            &["pages.logo", "logo.svg"],
        ),
        broken(
            "pages",
            "a text that there is not",
            [
                set("DURWARD_PAGES__TEXTS", "{dir}/texts"),
                Way::Directory("texts", 0o755),
                Way::File("texts/en.json", r#"{"common": {"sav": "Keep"}}"#),
            ],
            &["pages.texts", "en.json", "\"sav\"", "\"save\""],
        ),
        broken(
            "pages",
            "a page of somebody else's after each login",
            [set("DURWARD_PAGES__AFTER_LOGIN", "https://evil.example/")],
            &["pages.after_login", "evil.example"],
        ),
        broken(
            "config",
            "an accent that is no colour",
            [set("DURWARD_PAGES__ACCENT", "red")],
            &["pages.accent", "#2f5bd7"],
        ),
        broken("environment", "an unknown environment", [set("ENVIRONMENT", "prod")], &["environment", "production"]),
        broken(
            "settings_schema",
            "a schema of the settings that is not there",
            [set("DURWARD_SETTINGS__SCHEMA", "{dir}/nothing.json")],
            &["settings.schema", "nothing.json"],
        ),
        broken(
            "settings_schema",
            "a schema of the settings that is not JSON",
            [set("DURWARD_SETTINGS__SCHEMA", "{dir}/schema.json"), Way::File("schema.json", "{")],
            &["settings.schema", "schema.json"],
        ),
        broken(
            "settings_schema",
            "a schema of the settings that is no schema",
            [
                set("DURWARD_SETTINGS__SCHEMA", "{dir}/schema.json"),
                Way::File("schema.json", r#"{"type": "object", "properties": {"theme": {"type": "word"}}}"#),
            ],
            &["settings.schema", "schema.json"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_directory() {
    let table = vec![
        broken("data_dir", "a file in the way", [Way::File("data", "")], &["data_dir", "/data cannot be written"]),
        broken(
            "data_dir",
            "a directory below a file",
            [Way::File("file", ""), set("DURWARD_DATA_DIR", "{dir}/file/data")],
            &["data_dir", "/file/data cannot be written"],
        ),
        broken(
            "data_dir",
            "the same, in development and without a secret",
            [
                Way::File("file", ""),
                set("DURWARD_DATA_DIR", "{dir}/file/data"),
                set("ENVIRONMENT", "development"),
                Way::Set("JWT_SECRET_KEY", None),
            ],
            &["data_dir", "/file/data cannot be written"],
        ),
        broken("data_dir", "others may write it", [Way::Directory("data", 0o777)], &["mode 777", "chmod 0700"]),
    ];
    for backend in durward_store::testing::backends() {
        try_all(backend, table.clone()).await;
    }
}
