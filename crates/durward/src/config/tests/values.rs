//! How texts are read, and how those that cannot be are answered.

use std::time::Duration;

use super::Machine;

#[test]
fn durations() {
    let good = [
        ("60m", 3_600_000),
        ("7d", 604_800_000),
        ("90s", 90_000),
        ("45", 45_000),
        ("1h30m", 5_400_000),
        ("1h 30m", 5_400_000),
        ("250ms", 250),
        ("2w", 1_209_600_000),
        (" 5m ", 300_000),
    ];
    for (text, millis) in good {
        let config = Machine::dev().var("DURWARD_LIMITS__WINDOW", text).config();
        assert_eq!(config.limits.window, Duration::from_millis(millis), "{text}");
    }
    for text in ["", "0", "0s", "m", "5x", "5M", "-5m", "1.5h", "5 m", "5m30", "99999999999999999999", "20000d", "1y"] {
        let problem = Machine::dev().var("DURWARD_LIMITS__WINDOW", text).problem();
        assert_eq!((problem.id, problem.key.as_str()), ("config", "limits.window"), "{text}");
        assert!(problem.expected.contains("60m"), "{problem}");
    }
    let machine = Machine::dev().toml("[limits]\nwindow = 90\n[session]\nidle_timeout = \"off\"");
    assert_eq!(machine.config().limits.window, Duration::from_secs(90));
    assert_eq!(machine.config().session.idle_timeout, None);
}

#[test]
fn texts_that_cannot_be_read() {
    let table = [
        ("ENVIRONMENT", "prod", "environment", "production"),
        ("API_PORT", "80000", "config", "0 to 65535"),
        ("API_PORT", "http", "config", "port"),
        ("DURWARD_SERVER__LISTEN", "localhost:80", "config", "127.0.0.1"),
        ("DURWARD_SERVER__LISTEN", ":80", "config", "0.0.0.0"),
        ("DURWARD_SERVER__TRUSTED_PROXIES", "10.0.0.1,10.0.0.0/33", "config", "item 2"),
        ("DURWARD_SERVER__PUBLIC_URL", "auth.example.com", "public_url", "scheme"),
        ("DURWARD_SERVER__PUBLIC_URL", "https://a.example/path", "public_url", "path"),
        ("DURWARD_SERVER__PUBLIC_URL", "ftp://a.example", "public_url", "neither http nor https"),
        ("DOMAIN", "a b", "public_url", "host"),
        ("DATABASE_URL", "mysql://h/d", "config", "PostgreSQL"),
        ("DURWARD_DATABASE__MIGRATE", "aply", "config", "apply"),
        ("DURWARD_DATABASE__MAX_CONNECTIONS", "0", "config", "zero"),
        ("DURWARD_DATABASE__MAX_CONNECTIONS", "-1", "config", "whole number"),
        ("DURWARD_TOKENS__ALGORITHM", "none", "config", "HS256"),
        ("DURWARD_TELEMETRY__SAMPLING_RATIO", "1.5", "config", "from 0 to 1"),
        ("DURWARD_TELEMETRY__SAMPLING_RATIO", "NaN", "config", "from 0 to 1"),
        ("DURWARD_TELEMETRY__SAMPLING_RATIO", "half", "config", "no number"),
        ("DURWARD_TELEMETRY__OTLP_ENDPOINT", "grpc://collector:4317", "config", "http"),
        ("DURWARD_TELEMETRY__OTLP_HEADERS", "a=b,canary", "config", "header 2"),
        ("DURWARD_TELEMETRY__OTLP_HEADERS", "a b=canary", "config", "its name"),
        ("DURWARD_TELEMETRY__OTLP_HEADERS", "a=%0acanary", "config", "its value"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "60m", "config", "whole number of minutes"),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "-1", "config", "whole number of days"),
        ("SECURITY_HEADERS_ENABLED", "on", "config", "true or false"),
        ("CORS_ALLOWED_ORIGINS", "*", "cors", "wildcard"),
        ("CORS_ALLOWED_ORIGINS", "https://*.example.com", "cors", "wildcard"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example/", "cors", "slash"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example/x", "cors", "path"),
        ("CORS_ALLOWED_ORIGINS", "a.example", "cors", "scheme"),
        ("CORS_ALLOWED_ORIGINS", "null", "cors", "scheme"),
        ("CORS_ALLOWED_ORIGINS", "https://ok.example,https://u:p@a.example", "cors", "item 2"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example?x", "cors", "query"),
        ("DURWARD_COOKIES__DOMAIN", "https://example.com", "cookies", "domain"),
        ("DURWARD_COOKIES__DOMAIN", "10.0.0.1", "cookies", "address"),
        ("DURWARD_COOKIES__DOMAIN", "com", "cookies", "single label"),
        ("DURWARD_ALERTS__WEBHOOK_URL", "hooks.example.com", "config", "URL"),
        ("DURWARD_ALERTS__WEBHOOK_URL", "ftp://canary.example.com", "config", "http"),
        ("DURWARD_ALERTS__WEBHOOK_URL", "https://u:canary@h", "config", "password"),
        ("DURWARD_ALERTS__WEBHOOK_URL", "https://h/#canary", "config", "fragment"),
        ("DURWARD_ALERTS__MAIL_TO", "ann@example.com,nobody", "config", "item 2"),
        ("DURWARD_RETENTION__SESSIONS", "off", "config", "number with a unit"),
        ("DURWARD_MAIL__URL", "mail.example.com", "config", "URL"),
        ("DURWARD_MAIL__URL", "http://h", "config", "smtp"),
        ("DURWARD_MAIL__URL", "smtp://h?tls=maybe", "config", "tls=required"),
        ("DURWARD_MAIL__FROM", "nobody", "config", "e-mail"),
        ("DURWARD_PASSWORD__MIN_STRENGTH", "5", "config", "0 to 4"),
        ("DURWARD_LOG__LEVEL", "verbose", "config", "log level"),
        ("DURWARD_LOG__LEVEL", "durward=loud", "config", "log level"),
        ("DURWARD_CHAT__ANSWERING", "olama", "config", "ollama"),
        // Set, but to nothing.
        ("JWT_SECRET_KEY", "", "secrets", "empty"),
        ("DURWARD_SERVER__LISTEN", " ", "config", "empty"),
        ("API_PORT", "", "config", "empty"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "", "config", "empty"),
    ];
    for (variable, text, id, words) in table {
        let problem = Machine::dev().var(variable, text).problem();
        assert_eq!(problem.id, id, "{variable}={text}: {problem}");
        assert!(problem.to_string().contains(words), "{variable}={text}: {problem}");
        assert!(problem.source.contains(variable), "{variable}={text}: {problem}");
        for field in [&problem.key, &problem.found, &problem.expected, &problem.cure] {
            assert!(!field.is_empty(), "{problem}");
        }
    }
}

#[test]
fn nothing_where_nothing_is_possible() {
    for variable in [
        "CORS_ALLOWED_ORIGINS",
        "DURWARD_COOKIES__DOMAIN",
        "DURWARD_MAIL__URL",
        "SESSION_TIMEOUT_MINUTES",
        "DURWARD_METRICS__LISTEN",
    ] {
        let config = Machine::dev()
            .toml("[cookies]\n[cors]\nallowed_origins = [\"https://a.example\"]\n")
            .var(variable, "")
            .config();
        assert_eq!(config.cookies.domain, None, "{variable}");
        assert_eq!(config.cors.allowed_origins.is_empty(), variable == "CORS_ALLOWED_ORIGINS", "{variable}");
    }
}

#[test]
fn origins_are_normal() {
    let config = Machine::dev()
        .toml("[cors]\nallowed_origins = [\"HTTPS://App.Example.com:443\", \"https://app.example.com\", \"http://[::1]:5173\", \"capacitor://localhost\"]")
        .config();
    let origins: Vec<_> = config.cors.allowed_origins.iter().map(|origin| origin.as_str()).collect();
    assert_eq!(origins, ["https://app.example.com", "http://[::1]:5173", "capacitor://localhost"]);

    let url =
        Machine::dev().var("DURWARD_SERVER__PUBLIC_URL", "HTTPS://Auth.Example.com:443/").config().server.public_url;
    assert_eq!(
        (url.origin().as_str(), url.host().as_str(), url.port(), url.is_https()),
        ("https://auth.example.com", "auth.example.com", 443, true)
    );
    assert_eq!(url.with_port(8443).origin(), "https://auth.example.com:8443");
}

#[test]
fn values_of_a_wrong_kind_in_the_file() {
    let table = [
        ("server = 5", "server", "table"),
        ("[[server]]\nlisten = \"x\"", "server", "table"),
        ("environment = { x = 1 }", "environment", "table"),
        ("[server]\nlisten = [\"127.0.0.1:80\"]", "server.listen", "list"),
        ("[cors]\nallowed_origins = [[\"https://a.example\"]]", "cors.allowed_origins", "list within"),
        ("[limits]\nwindow = 1.5", "limits.window", "unit"),
        ("security_headers = 2", "security_headers", "true"),
    ];
    for (text, key, words) in table {
        let problem = Machine::dev().toml(text).problem();
        assert_eq!(problem.key, key, "{text}");
        assert!(problem.to_string().contains(words), "{text}: {problem}");
    }
    let config =
        Machine::dev().toml("security_headers = false\n[password]\nmemory_kib = 0x8000\niterations = 1_0").config();
    assert_eq!((config.security_headers, config.password.memory_kib, config.password.iterations), (false, 32_768, 10));
}

#[test]
fn mail_servers() {
    let table = [
        ("smtp://h", "smtp://h:587?tls=required"),
        ("smtps://u%40x:p%2F@h", "smtps://u%40x:***@h:465"),
        ("smtp://[::1]:25?tls=none", "smtp://[::1]:25?tls=none"),
        ("smtp://u@h:2525?tls=opportunistic", "smtp://u@h:2525?tls=opportunistic"),
    ];
    for (url, shown) in table {
        let machine = Machine::dev().var("DURWARD_MAIL__URL", url).var("DURWARD_MAIL__FROM", "a@b.example");
        assert_eq!(machine.shown("mail.url"), shown);
    }
    let url = Machine::dev().var("DURWARD_MAIL__URL", "smtps://u%40x:p%2Fq@h").config().mail.url.unwrap();
    assert_eq!((url.user.as_deref(), url.password.unwrap().expose()), (Some("u@x"), "p/q"));
}
