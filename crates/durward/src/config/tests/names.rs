//! Every name a value can have, and what happens to names that are none.

use super::Machine;
use crate::config::{Purpose, rows};

/// One good value for each setting, other than its default.
fn samples() -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        ("environment", "test", "test"),
        ("security_headers", "no", "false"),
        ("server.listen", "[::1]:9000", "[::1]:9000"),
        ("server.public_url", "https://a.example.com/", "https://a.example.com"),
        ("server.max_connections", "11", "11"),
        ("server.trusted_proxies", "10.0.0.1, fd00::/8", r#"["10.0.0.1","fd00::/8"]"#),
        ("node.name", "a", "a"),
        ("database.url", "sqlite:///var/lib/x.db", "sqlite:///var/lib/x.db"),
        ("database.migrate", "check", "check"),
        ("database.max_connections", "7", "7"),
        ("tokens.secret", "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue", "[hidden]"),
        ("tokens.algorithm", "eddsa", "EdDSA"),
        ("tokens.access_ttl", "5m", "5m"),
        ("tokens.refresh_ttl", "36h", "36h"),
        ("tokens.issuer", "me", "me"),
        ("tokens.audience", "you", "you"),
        ("keys.master_key", "Lr0wYb3NhKf7PdJ2sGa9UeZq8vT1mXc5", "[hidden]"),
        ("csrf.secret", "nO4xW8rQ2kLz6vBt0mYc5JhSd9PfGa3E", "[hidden]"),
        (
            "cors.allowed_origins",
            "https://a.example,http://b.example:81",
            r#"["https://a.example","http://b.example:81"]"#,
        ),
        ("session.idle_timeout", "45m", "45m"),
        ("session.absolute_timeout", "2w", "14d"),
        ("session.max_staleness", "750ms", "750ms"),
        ("session.staleness_grace", "2s", "2s"),
        ("cookies.access_token_readable", "yes", "true"),
        ("cookies.prefix", "0", "false"),
        ("websocket.token_in_url", "1", "true"),
        ("websocket.max_connections_per_user", "3", "3"),
        ("websocket.max_connections_per_session", "4", "4"),
        ("websocket.max_connections_per_address", "5", "5"),
        ("websocket.max_messages_per_minute", "9", "9"),
        ("second_factor.policy", "required_for_roles", "required_for_roles"),
        ("second_factor.roles", "admin,auditor", r#"["admin","auditor"]"#),
        ("second_factor.methods", "totp,passkey", r#"["totp","passkey"]"#),
        ("second_factor.issuer", "Example", "Example"),
        ("second_factor.trust_device", "2w", "14d"),
        ("passkeys.rp_id", "localhost", "localhost"),
        (
            "passkeys.related_origins",
            "https://a.example,https://b.example:81",
            r#"["https://a.example","https://b.example:81"]"#,
        ),
        ("mail.from", "Ann <ann@example.com>", "Ann <ann@example.com>"),
        ("mail.ca_file", "/etc/ca.pem", "/etc/ca.pem"),
        ("mail.connect_timeout", "3s", "3s"),
        ("mail.timeout", "45s", "45s"),
        ("mail.language", "de", "de"),
        ("mail.templates", "/etc/mails", "/etc/mails"),
        ("mail.reset_page", "https://app.example.com/reset", "https://app.example.com/reset"),
        ("mail.verify_page", "https://app.example.com/verify", "https://app.example.com/verify"),
        ("mail.confirm_page", "http://localhost:3000/confirm", "http://localhost:3000/confirm"),
        ("registration.open", "false", "false"),
        ("registration.verify_email", "true", "true"),
        ("registration.approve", "true", "true"),
        ("password.memory_kib", "8192", "8192"),
        ("password.iterations", "4", "4"),
        ("password.parallelism", "2", "2"),
        ("password.max_concurrent", "3", "3"),
        ("password.library", "argon2", "argon2"),
        ("password.min_strength", "0", "0"),
        ("limits.account_failures", "5", "5"),
        ("limits.address_failures", "50", "50"),
        ("limits.window", "1h30m", "90m"),
        ("limits.first_delay", "250ms", "250ms"),
        ("limits.pair_failures", "8", "8"),
        ("limits.pair_window", "36h", "36h"),
        ("limits.mails_per_address", "3", "3"),
        ("limits.mails_per_client", "30", "30"),
        ("geoip.database", "/var/lib/GeoLite2-City.mmdb", "/var/lib/GeoLite2-City.mmdb"),
        ("geoip.asn_database", "/var/lib/GeoLite2-ASN.mmdb", "/var/lib/GeoLite2-ASN.mmdb"),
        ("access.allow_countries", "de,AT", r#"["DE","AT"]"#),
        ("access.deny_countries", "fr", r#"["FR"]"#),
        ("access.allow_networks", "198.51.100.0/24", r#"["198.51.100.0/24"]"#),
        ("access.deny_networks", "203.0.113.7", r#"["203.0.113.7"]"#),
        ("access.exempt_roles", "admin", r#"["admin"]"#),
        ("access.exempt_networks", "10.0.0.0/8", r#"["10.0.0.0/8"]"#),
        ("access.unknown_country", "Deny", "deny"),
        ("risk.enabled", "no", "false"),
        ("risk.notice", "25", "25"),
        ("risk.second_factor", "55", "55"),
        ("risk.deny", "0", "0"),
        ("risk.travel_speed", "1200", "1200"),
        ("risk.suspect_networks", "192.0.2.0/24", r#"["192.0.2.0/24"]"#),
        ("risk.new_device", "61", "61"),
        ("risk.fingerprint_changed", "62", "62"),
        ("risk.device_reputation", "63", "63"),
        ("risk.new_country", "64", "64"),
        ("risk.new_area", "65", "65"),
        ("risk.new_network", "66", "66"),
        ("risk.impossible_travel", "67", "67"),
        ("risk.unusual_hour", "68", "68"),
        ("risk.account_failures", "69", "69"),
        ("risk.address_failures", "70", "70"),
        ("risk.global_failures", "71", "71"),
        ("risk.listed_address", "72", "72"),
        ("breaker.failure_threshold", "9", "9"),
        ("breaker.success_threshold", "2", "2"),
        ("breaker.recovery_timeout", "30", "30s"),
        ("breaker.call_timeout", "2s", "2s"),
        ("breaker.exponential_backoff", "true", "true"),
        ("metrics.listen", "127.0.0.1:9100", "127.0.0.1:9100"),
        ("telemetry.otlp_endpoint", "http://collector.example:4318/", "http://collector.example:4318"),
        ("telemetry.otlp_headers", "authorization=Bearer%20Zq8vT1mXc5Lr0wYb, x-team=blue", "[hidden]"),
        ("telemetry.ca_file", "/etc/ca.pem", "/etc/ca.pem"),
        ("telemetry.service_name", "login", "login"),
        ("telemetry.sampling_ratio", "0.25", "0.25"),
        ("telemetry.export_interval", "1s", "1s"),
        ("telemetry.export_timeout", "3s", "3s"),
        ("log.client_address", "true", "true"),
        ("log.level", "info,durward_core=debug", "info,durward_core=debug"),
        ("log.format", "json", "json"),
        ("settings.schema", "/etc/schema.json", "/etc/schema.json"),
        ("pages.enabled", "no", "false"),
        ("pages.name", "Ann & Lee", "Ann & Lee"),
        ("pages.logo", "/etc/logo.svg", "/etc/logo.svg"),
        ("pages.accent", "#C02040", "#c02040"),
        ("pages.stylesheet", "/etc/pages.css", "/etc/pages.css"),
        ("pages.texts", "/etc/texts", "/etc/texts"),
        ("pages.language", "de", "de"),
        ("pages.after_login", "/chat", "/chat"),
        ("chat.answering", "echo", "echo"),
        ("chat.url", "https://example.com/llm/v1/", "https://example.com/llm"),
        ("chat.api_key", "sk-Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue", "[hidden]"),
        ("chat.ca_file", "/etc/ca.pem", "/etc/ca.pem"),
        ("chat.connect_timeout", "2s", "2s"),
        ("chat.first_byte_timeout", "3m", "3m"),
        ("chat.idle_timeout", "10s", "10s"),
        ("chat.answer_timeout", "1h", "1h"),
        ("chat.max_answer", "1000", "1000"),
        ("retention.login_attempts", "2w", "14d"),
        ("retention.audit", "off", "null"),
        ("retention.sessions", "1d", "1d"),
        ("retention.devices", "30d", "30d"),
        ("retention.unverified_accounts", "2d", "2d"),
        ("retention.alerts", "7d", "7d"),
        ("retention.figures", "90d", "90d"),
        ("alerts.webhook_secret", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", "[hidden]"),
        ("alerts.webhook_timeout", "3s", "3s"),
        ("alerts.webhook_ca_file", "/etc/ca.pem", "/etc/ca.pem"),
        ("alerts.mail_to", "ann@example.com,Bob <bob@example.com>", r#"["ann@example.com","Bob <bob@example.com>"]"#),
        ("alerts.window", "10m", "10m"),
        ("alerts.repeat", "30m", "30m"),
        ("alerts.login_failures", "17", "17"),
        ("alerts.risk_denials", "off", "null"),
        ("alerts.breaker_openings", "5", "5"),
        ("alerts.mail_stuck", "1h", "1h"),
    ]
}

/// Set for these some other way, or in need of a second value beside them.
const ELSEWHERE: [&str; 5] = ["data_dir", "cookies.domain", "mail.url", "alerts.webhook_url", "roles.<name>.scopes"];

#[test]
fn every_setting_is_read_from_each_place() {
    let samples = samples();
    for row in rows() {
        let is_here = samples.iter().any(|(key, _, _)| *key == row.key);
        assert!(is_here != ELSEWHERE.contains(&row.key), "{} is to be tested here or named in ELSEWHERE", row.key);
    }
    for (key, text, shown) in samples {
        let variable = format!("DURWARD_{}", key.replace('.', "__").to_uppercase());

        let machine = Machine::dev().var(&variable, text);
        assert_eq!(machine.shown(key), shown, "{variable}");
        assert_eq!(machine.load().unwrap().source(key).to_string(), format!("environment variable {variable}"));

        let machine = Machine::dev().file("value", &format!("{text}\n"));
        let path = machine.path("value");
        let machine = machine.var(&format!("{variable}_FILE"), path.to_str().unwrap());
        assert_eq!(machine.shown(key), shown, "{variable}_FILE");
        let source = machine.load().unwrap().source(key).to_string();
        assert_eq!(source, format!("file {} named by {variable}_FILE", path.display()));

        for name in [variable.clone(), variable.to_lowercase()] {
            let machine = Machine::dev().secret(&name, &format!("{text}\r\n"));
            assert_eq!(machine.shown(key), shown, "/run/secrets/{name}");
            assert!(machine.load().unwrap().source(key).to_string().ends_with(&name));
        }

        let machine = Machine::dev().toml(&in_toml(key, text));
        assert_eq!(machine.shown(key), shown, "durward.toml");
        let source = machine.load().unwrap().source(key).to_string();
        assert!(source.ends_with("durward.toml:2"), "{source}");
    }
}

/// The setting on the second line.
fn in_toml(key: &str, text: &str) -> String {
    match key.split_once('.') {
        Some((table, name)) => format!("[{table}]\n{name} = {text:?}\n"),
        None => format!("\n{key} = {text:?}\n"),
    }
}

#[test]
fn every_alias_is_read_from_each_place() {
    let table = [
        ("ENVIRONMENT", "test", "environment", "test"),
        ("API_PORT", "9000", "server.listen", "127.0.0.1:9000"),
        ("DOMAIN", "auth.example.com", "server.public_url", "https://auth.example.com"),
        ("DOMAIN", "auth.example.com:8443", "server.public_url", "https://auth.example.com:8443"),
        ("DOMAIN", "localhost", "server.public_url", "http://localhost:8000"),
        ("DOMAIN", "127.0.0.1", "server.public_url", "http://127.0.0.1:8000"),
        ("DOMAIN", "http://intra.example", "server.public_url", "http://intra.example"),
        ("DATABASE_URL", "postgres://u:p@h/d", "database.url", "postgresql://u:***@h:5432/d?sslmode=prefer"),
        ("POSTGRES_HOST", "db", "database.url", "postgresql://postgres@db:5432/postgres?sslmode=prefer"),
        ("POSTGRES_PORT", "6432", "database.url", "postgresql://postgres@localhost:6432/postgres?sslmode=prefer"),
        ("POSTGRES_USER", "app", "database.url", "postgresql://app@localhost:5432/app?sslmode=prefer"),
        ("POSTGRES_PASSWORD", "x", "database.url", "postgresql://postgres:***@localhost:5432/postgres?sslmode=prefer"),
        ("POSTGRES_DB", "shop", "database.url", "postgresql://postgres@localhost:5432/shop?sslmode=prefer"),
        ("JWT_SECRET_KEY", "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue", "tokens.secret", "[hidden]"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "15", "tokens.access_ttl", "15m"),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "14", "tokens.refresh_ttl", "14d"),
        ("CSRF_SECRET_KEY", "nO4xW8rQ2kLz6vBt0mYc5JhSd9PfGa3E", "csrf.secret", "[hidden]"),
        (
            "CORS_ALLOWED_ORIGINS",
            "https://a.example, https://b.example",
            "cors.allowed_origins",
            r#"["https://a.example","https://b.example"]"#,
        ),
        ("CORS_ALLOWED_ORIGINS", r#"["https://a.example"]"#, "cors.allowed_origins", r#"["https://a.example"]"#),
        ("SESSION_TIMEOUT_MINUTES", "30", "session.idle_timeout", "30m"),
        ("SESSION_TIMEOUT_MINUTES", "0", "session.idle_timeout", "null"),
        ("SECURITY_HEADERS_ENABLED", "false", "security_headers", "false"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c.example:4318", "telemetry.otlp_endpoint", "http://c.example:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=Zq8vT1mXc5Lr0wYb", "telemetry.otlp_headers", "[hidden]"),
        ("OTEL_SERVICE_NAME", "login", "telemetry.service_name", "login"),
    ];
    for alias in crate::config::alias::ALIASES {
        assert!(table.iter().any(|(name, ..)| *name == alias.name), "{} is not in this table", alias.name);
    }
    for (name, text, key, shown) in table {
        assert_eq!(Machine::dev().var(name, text).shown(key), shown, "{name}={text}");
        let machine = Machine::dev().file("value", &format!("{text}\n"));
        let path = machine.path("value");
        let machine = machine.var(&format!("{name}_FILE"), path.to_str().unwrap());
        assert_eq!(machine.shown(key), shown, "{name}_FILE");
        assert_eq!(Machine::dev().secret(&name.to_lowercase(), text).shown(key), shown, "/run/secrets/{name}");
    }
}

#[test]
fn later_sources_have_the_last_word() {
    let machine = || Machine::dev().toml("[tokens]\naccess_ttl = \"10m\"\n[server]\nlisten = \"0.0.0.0:8001\"\n");
    assert_eq!(machine().shown("tokens.access_ttl"), "10m");
    assert_eq!(machine().var("ACCESS_TOKEN_EXPIRE_MINUTES", "20").shown("tokens.access_ttl"), "20m");
    // A part replaces a part.
    let with_port = machine().var("API_PORT", "9000");
    assert_eq!(with_port.shown("server.listen"), "0.0.0.0:9000");
    assert_eq!(with_port.shown("server.public_url"), "http://localhost:9000");
    assert!(with_port.load().unwrap().source("server.listen").to_string().contains("API_PORT"));

    let named = Machine::dev().toml("not read").file("other.toml", "data_dir = \"x\"");
    let path = named.path("other.toml");
    let mut by_option = named;
    by_option.inputs.environment.remove("DURWARD_DATA_DIR");
    let by_variable = by_option.inputs.clone();
    by_option.inputs.file = Some(path.clone());
    assert_eq!(by_option.shown("data_dir"), "x");
    assert_eq!(by_option.shown("database.url"), "sqlite://x/durward.db");
    let mut machine = Machine::dev();
    machine.inputs = by_variable;
    assert_eq!(machine.var("DURWARD_CONFIG", path.to_str().unwrap()).shown("data_dir"), "x");
}

#[test]
fn the_purpose_decides_defaults() {
    for (purpose, environment, in_url) in
        [(Purpose::Serve, "production", "false"), (Purpose::Dev, "development", "true")]
    {
        let machine = Machine::new(purpose);
        assert_eq!(machine.shown("environment"), environment);
        assert_eq!(machine.shown("websocket.token_in_url"), in_url);
        assert_eq!(machine.shown("password.max_concurrent"), "4");
        assert_eq!(machine.shown("registration.verify_email"), "false");
        assert_eq!(machine.shown("tokens.issuer"), "http://localhost:8000");
    }
    let with_mail = || Machine::dev().var("DURWARD_MAIL__URL", "smtp://h");
    assert_eq!(with_mail().shown("registration.verify_email"), "true");
    assert_eq!(with_mail().var("DURWARD_REGISTRATION__VERIFY_EMAIL", "no").shown("registration.verify_email"), "false");
    assert_eq!(with_mail().shown("mail.from"), "no-reply@localhost");
    let public = with_mail().var("DOMAIN", "auth.example.com");
    assert_eq!(public.shown("mail.from"), "no-reply@auth.example.com");
    assert_eq!(public.shown("mail.reset_page"), "https://auth.example.com/reset-password");
    assert_eq!(Machine::dev().shown("mail.from"), "null");
    // No address can be made of this one.
    let problem = with_mail().var("DOMAIN", "http://[::1]:80").problem();
    assert_eq!(problem.key, "mail.from", "{problem}");
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    let variables = [
        ("DURWARD_SERVER__LISTN", "DURWARD_SERVER__LISTEN"),
        ("DURWARD_TOKENS_SECRET", "DURWARD_TOKENS__SECRET"),
        ("DURWARD_JWT_SECRET_KEY", "JWT_SECRET_KEY"),
        ("durward_sever__listen", "DURWARD_SERVER__LISTEN"),
        ("DURWARD_COOKIE__DOMAIN", "DURWARD_COOKIES__DOMAIN"),
        ("DURWARD_LISTEN_FILE", "DURWARD_"),
    ];
    for (wrong, meant) in variables {
        let problem = Machine::dev().var(wrong, "canary").problem();
        assert_eq!((problem.id, problem.key.as_str()), ("config", wrong.to_uppercase().as_str()));
        assert!(problem.cure.contains(meant), "{wrong}: {}", problem.cure);
        assert!(problem.source.contains(wrong), "{problem}");
    }
    let problem = Machine::dev().secret("durward_tokens__secrte", "canary").problem();
    assert!(problem.cure.contains("DURWARD_TOKENS__SECRET") && problem.source.contains("secrets"), "{problem}");

    let files = [
        ("[server]\nlisen = \"x\"", "server.lisen", "server.listen", 2),
        ("[sever]\n\nlisten = \"x\"", "sever.listen", "server.listen", 3),
        ("[sessions]", "sessions", "session", 1),
        ("enviroment = \"test\"", "enviroment", "environment", 1),
        ("tokens.access = 5", "tokens.access", "tokens.access_ttl", 1),
        ("[tokens.secret.more]\nx = 1", "tokens.secret", "tokens.secret", 1),
    ];
    for (text, key, meant, line) in files {
        let problem = Machine::dev().toml(text).problem();
        assert_eq!(problem.key, key, "{text}");
        assert!(problem.cure.contains(meant), "{text}: {}", problem.cure);
        assert!(problem.source.ends_with(&format!("durward.toml:{line}")), "{text}: {}", problem.source);
    }
}

#[test]
fn variables_that_only_look_like_ours_do_no_harm() {
    let machine = Machine::dev()
        .var("DURWARD_SERVICE_HOST", "10.0.0.1")
        .var("DURWARD_SERVICE_PORT_HTTP", "8000")
        .var("DURWARD_PORT", "tcp://10.0.0.1:8000")
        .var("DURWARD_PORT_8000_TCP_ADDR", "10.0.0.1")
        .var("DURWARD_TEST_POSTGRES", "postgres://localhost")
        .var("DURWARDEN", "x")
        .var("PATH", "/bin")
        .secret("other_service_token", "x");
    assert_eq!(machine.problems(), []);
    assert_eq!(Machine::dev().var("DURWARD_PORT", "8000").problem().key, "DURWARD_PORT");
}

#[test]
fn two_names_for_one_value_have_to_agree() {
    let disagreeing: [(&str, &str, &str, &str); 8] = [
        ("DURWARD_TOKENS__ACCESS_TTL", "5m", "ACCESS_TOKEN_EXPIRE_MINUTES", "6"),
        ("DURWARD_TOKENS__SECRET", "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue", "JWT_SECRET_KEY", "another one"),
        ("DURWARD_ENVIRONMENT", "test", "ENVIRONMENT", "development"),
        ("DURWARD_SERVER__LISTEN", "0.0.0.0:8000", "API_PORT", "9000"),
        ("DURWARD_SERVER__PUBLIC_URL", "https://a.example.com", "DOMAIN", "b.example.com"),
        ("DATABASE_URL", "postgres://a:x@h/d", "POSTGRES_PASSWORD", "y"),
        ("DATABASE_URL", "postgres://a:x@h/d", "POSTGRES_HOST", "other"),
        ("DATABASE_URL", "sqlite://x.db", "POSTGRES_HOST", "h"),
    ];
    for (one, a, other, b) in disagreeing {
        let problem = Machine::dev().var(one, a).var(other, b).problem();
        let text = problem.to_string();
        assert!(text.contains(one) && text.contains(other), "{text}");
        assert!(!text.contains("Zq8v") && !text.contains("another one"), "{text}");
    }
    let with_secrets = Machine::dev().var("JWT_SECRET_KEY", "one").secret("jwt_secret_key", "two").problem();
    assert!(with_secrets.to_string().contains("secrets/jwt_secret_key"), "{with_secrets}");

    let agreeing: [(&str, &str, &str, &str, &str, &str); 6] = [
        ("DURWARD_TOKENS__ACCESS_TTL", "300s", "ACCESS_TOKEN_EXPIRE_MINUTES", "5", "tokens.access_ttl", "5m"),
        ("DURWARD_SERVER__LISTEN", "0.0.0.0:9000", "API_PORT", "9000", "server.listen", "0.0.0.0:9000"),
        (
            "DURWARD_SERVER__PUBLIC_URL",
            "http://a.example:81",
            "DOMAIN",
            "a.example",
            "server.public_url",
            "http://a.example:81",
        ),
        (
            "DATABASE_URL",
            "postgres://a@h/d",
            "POSTGRES_PASSWORD",
            "y",
            "database.url",
            "postgresql://a:***@h:5432/d?sslmode=prefer",
        ),
        (
            "DATABASE_URL",
            "postgres://a:x@h/d?ssl=true",
            "POSTGRES_DB",
            "d",
            "database.url",
            "postgresql://a:***@h:5432/d?sslmode=require",
        ),
        (
            "DURWARD_DATABASE__URL",
            "postgresql://h/d",
            "DATABASE_URL",
            "postgresql+asyncpg://h/d",
            "database.url",
            "postgresql://postgres@h:5432/d?sslmode=prefer",
        ),
    ];
    for (one, a, other, b, key, shown) in agreeing {
        assert_eq!(Machine::dev().var(one, a).var(other, b).shown(key), shown);
    }
}

#[test]
fn parts_replace_parts_of_the_file() {
    let machine = Machine::dev()
        .toml("[database]\nurl = \"postgres://app@db/shop?sslmode=require\"")
        .secret("postgres_password", "p@ss\n")
        .var("POSTGRES_HOST", "db2");
    assert_eq!(machine.shown("database.url"), "postgresql://app:***@db2:5432/shop?sslmode=require");
    assert_eq!(machine.config().database.url.password().unwrap().expose(), "p@ss");
    let source = machine.load().unwrap().source("database.url").to_string();
    for part in ["durward.toml:2", "POSTGRES_HOST", "secrets/postgres_password"] {
        assert!(source.contains(part), "{source}");
    }
}
