//! What staging and production refuse, and what everybody does.

use super::Machine;
use crate::config::{Inputs, Purpose};

fn ids(machine: &Machine) -> Vec<(&'static str, String)> {
    machine.problems().into_iter().map(|problem| (problem.id, problem.key)).collect()
}

#[test]
fn a_good_configuration_has_no_problem() {
    assert_eq!(Machine::good().problems(), []);
    assert_eq!(Machine::dev().problems(), []);
    let full = Machine::good()
        .var("CSRF_SECRET_KEY", "nO4xW8rQ2kLz6vBt0mYc5JhSd9PfGa3E")
        .var("DATABASE_URL", "postgresql://app:R7tYw2@db/app?sslmode=verify-full")
        .var("CORS_ALLOWED_ORIGINS", "https://app.example.com")
        .var("DURWARD_COOKIES__DOMAIN", ".example.com")
        .var("DURWARD_MAIL__URL", "smtps://u:K3mQp9@mail.example.com")
        .var("DURWARD_MAIL__FROM", "durward <no-reply@example.com>");
    assert_eq!(full.problems(), []);
}

#[test]
fn weak_secrets() {
    let weak = [
        "short",
        "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9U",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabcabcabcabcabcabcabcabca",
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "0110100101101001011010010110100101101001",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        "your-super-secret-jwt-token-with-at-least-32-characters-long",
        "a-string-secret-at-least-256-bits-long",
        "change-me-in-production-please-please",
        "your-secret-key-here-make-it-long-enough",
        "django-insecure-5xk1m&9dq!z0p2h8v4w7t3r6",
        "CHANGE_THIS_TO_SOMETHING_VERY_LONG_AND_RANDOM",
    ];
    for environment in ["staging", "production"] {
        for secret in weak {
            for variable in ["JWT_SECRET_KEY", "CSRF_SECRET_KEY", "DURWARD_KEYS__MASTER_KEY"] {
                let machine = Machine::good().var("ENVIRONMENT", environment).var(variable, secret);
                let problem = machine.problem();
                assert_eq!(problem.id, "secrets", "{secret}");
                assert!(problem.source.contains(variable), "{problem}");
                assert!(!problem.to_string().contains(secret), "{problem}");
            }
        }
    }
    for environment in ["development", "test"] {
        let machine = Machine::good().var("ENVIRONMENT", environment).var("JWT_SECRET_KEY", "short");
        assert_eq!(machine.problems(), []);
    }
    let good = [
        "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue",
        "3f9a1c7e5b2d8064f1e3a5c7b9d20846",
        "83746501928374650918273645564738291056473",
        "my-own-secret-for-the-shop-7f3a9c1e5b2d",
        "correct horse battery staple with more words",
    ];
    for secret in good {
        assert_eq!(Machine::good().var("JWT_SECRET_KEY", secret).problems(), [], "{secret}");
    }
}

#[test]
fn one_secret_for_two_purposes() {
    let secret = "Zq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue";
    let twice = [
        ("CSRF_SECRET_KEY", secret.to_owned(), "csrf.secret"),
        ("DURWARD_KEYS__MASTER_KEY", secret.to_owned(), "keys.master_key"),
        ("DATABASE_URL", format!("postgres://u:{secret}@h/d"), "database.url"),
        ("POSTGRES_PASSWORD", secret.to_owned(), "database.url"),
        ("DURWARD_MAIL__URL", format!("smtp://u:{secret}@h"), "mail.url"),
        ("DURWARD_CHAT__API_KEY", secret.to_owned(), "chat.api_key"),
    ];
    for (variable, value, key) in twice {
        let machine = Machine::good().var(variable, &value).var("DURWARD_MAIL__FROM", "a@b.example");
        let problem = machine.problem();
        assert_eq!((problem.id, problem.key.as_str()), ("secrets", key));
        assert!(problem.found.contains("tokens.secret") && !problem.to_string().contains(secret), "{problem}");
    }
}

#[test]
fn everything_is_said_at_once() {
    let machine = Machine::new(Purpose::Serve)
        .var("CSRF_SECRET_KEY", "short")
        .var("CORS_ALLOWED_ORIGINS", "*")
        .var("DURWARD_COOKIES__DOMAIN", ".example.com")
        .var("DURWARD_SESION__IDLE", "1")
        .var("DURWARD_LIMITS__WINDOW", "soon")
        .toml("[server]\nlisten = 5\n[nothing]\nx = 1");
    let expected = [
        ("config", "nothing.x"),
        ("config", "DURWARD_SESION__IDLE"),
        ("config", "server.listen"),
        ("cors", "cors.allowed_origins"),
        ("config", "limits.window"),
        ("cookies", "cookies.domain"),
        ("secrets", "tokens.secret"),
        ("secrets", "csrf.secret"),
        ("public_url", "server.public_url"),
    ];
    assert_eq!(ids(&machine), expected.map(|(id, key)| (id, key.to_owned())));
    let text = machine.load().unwrap_err().to_string();
    assert!(text.starts_with("the configuration has 9 problems:"), "{text}");
}

#[test]
fn plain_http_is_for_development() {
    for (environment, refused) in [("development", false), ("test", false), ("staging", true), ("production", true)] {
        let machine =
            Machine::good().var("ENVIRONMENT", environment).var("DURWARD_SERVER__PUBLIC_URL", "http://localhost:8000");
        let expected: Vec<_> = refused.then(|| ("public_url", "server.public_url".to_owned())).into_iter().collect();
        assert_eq!(ids(&machine), expected, "{environment}");
    }
}

#[test]
fn dev_is_for_development() {
    for (environment, refused) in [("development", false), ("test", false), ("staging", true), ("production", true)] {
        let machine = Machine::good().var("ENVIRONMENT", environment);
        let inputs = Inputs { purpose: Purpose::Dev, ..machine.inputs.clone() };
        let mut dev = Machine::dev();
        dev.inputs = inputs;
        let expected: Vec<_> = refused.then(|| ("environment", "environment".to_owned())).into_iter().collect();
        assert_eq!(ids(&dev), expected, "{environment}");
    }
}

#[test]
fn cookie_domains_belong_to_the_public_url() {
    let table = [
        ("example.com", true),
        (".example.com", true),
        (".EXAMPLE.com", true),
        ("auth.example.com", true),
        ("other.com", false),
        ("ample.com", false),
        ("app.auth.example.com", false),
    ];
    for (domain, good) in table {
        let machine = Machine::good().var("DURWARD_COOKIES__DOMAIN", domain);
        let expected: Vec<_> = (!good).then(|| ("cookies", "cookies.domain".to_owned())).into_iter().collect();
        assert_eq!(ids(&machine), expected, "{domain}");
    }
}

#[test]
fn passkeys_belong_to_the_public_url() {
    for (url, rp_id, good) in [
        ("https://auth.example.com", "auth.example.com", true),
        ("https://auth.example.com", "example.com", true),
        ("https://auth.example.com", "com", false),
        ("https://auth.example.com", ".example.com", false),
        ("https://auth.example.com", "Example.com", false),
        ("https://auth.example.com", "ample.com", false),
        ("https://auth.example.com", "other.com", false),
        ("https://auth.example.com", "app.auth.example.com", false),
        ("https://auth.example.com", "https://example.com", false),
        ("https://auth.example.com", "example.com:443", false),
        ("https://192.0.2.7", "192.0.2.7", false),
        ("https://192.0.2.7", "2.7", false),
        ("https://[2001:db8::1]", "2001:db8::1", false),
        ("http://localhost:8000", "localhost", true),
        ("http://app.localhost:8000", "localhost", false),
    ] {
        let machine = Machine::good().var("ENVIRONMENT", "test").var("DURWARD_SERVER__PUBLIC_URL", url);
        let machine = machine.var("DURWARD_PASSKEYS__RP_ID", rp_id);
        let expected: Vec<_> = (!good).then(|| ("passkeys", "passkeys.rp_id".to_owned())).into_iter().collect();
        assert_eq!(ids(&machine), expected, "{rp_id} on {url}");
    }
}

#[test]
fn related_origins_are_secure() {
    for (origin, good) in [
        ("https://app.example.net", true),
        ("https://app.example.net:8443", true),
        ("http://localhost:3000", true),
        ("http://127.0.0.1:3000", true),
        ("http://app.example.net", false),
    ] {
        let machine = Machine::good().var("DURWARD_PASSKEYS__RELATED_ORIGINS", origin);
        let expected: Vec<_> =
            (!good).then(|| ("passkeys", "passkeys.related_origins".to_owned())).into_iter().collect();
        assert_eq!(ids(&machine), expected, "{origin}");
    }
}

#[test]
fn addresses_are_confirmed_by_mail_and_on_secure_pages() {
    let confirmed = |machine: Machine| machine.var("DURWARD_REGISTRATION__VERIFY_EMAIL", "true");
    let with_mail = |machine: Machine| machine.var("DURWARD_MAIL__URL", "smtps://mail.example.com");
    for environment in ["staging", "production"] {
        let good = || Machine::good().var("ENVIRONMENT", environment);
        assert_eq!(ids(&confirmed(good())), [("config", "registration.verify_email".to_owned())]);
        assert_eq!(ids(&confirmed(with_mail(good()))), []);
        for page in ["RESET_PAGE", "VERIFY_PAGE", "CONFIRM_PAGE"] {
            let variable = format!("DURWARD_MAIL__{page}");
            let problems = ids(&with_mail(good()).var(&variable, "http://app.example.com/page"));
            assert_eq!(problems, [("config", format!("mail.{}", page.to_lowercase()))]);
            assert_eq!(ids(&with_mail(good()).var(&variable, "https://app.example.com/page")), []);
        }
    }
    // In development the log has the mails, and a test knows what it does.
    assert_eq!(ids(&confirmed(Machine::dev())), []);
    assert_eq!(ids(&confirmed(Machine::good().var("ENVIRONMENT", "test"))), []);
}

#[test]
fn what_cannot_work_anywhere() {
    let table: [(&[(&str, &str)], &str); 3] = [
        (&[("DURWARD_METRICS__LISTEN", "127.0.0.1:8000")], "metrics.listen"),
        (&[("DURWARD_PASSWORD__MEMORY_KIB", "15"), ("DURWARD_PASSWORD__PARALLELISM", "2")], "password.memory_kib"),
        (&[("DURWARD_PASSWORD__MEMORY_KIB", "4294967295")], "password.memory_kib"),
    ];
    for (variables, key) in table {
        for machine in [Machine::dev(), Machine::good()] {
            let machine = variables.iter().fold(machine, |machine, (name, value)| machine.var(name, value));
            assert_eq!(ids(&machine), [("config", key.to_owned())]);
        }
    }
}

#[test]
fn an_answering_side_is_somewhere() {
    for (answering, url, expected) in [
        ("echo", None, None),
        ("ollama", None, Some("chat.url")),
        ("openai", None, Some("chat.url")),
        ("ollama", Some("http://localhost:11434"), None),
        ("OpenAI", Some("https://api.example.com/v1"), None),
        ("ollama", Some("localhost:11434"), Some("chat.url")),
        ("ollama", Some("ftp://localhost"), Some("chat.url")),
        ("ollama", Some("http://user:word@localhost"), Some("chat.url")),
    ] {
        let mut machine = Machine::good().var("DURWARD_CHAT__ANSWERING", answering);
        if let Some(url) = url {
            machine = machine.var("DURWARD_CHAT__URL", url);
        }
        let expected: Vec<_> = expected.into_iter().map(|key| ("config", key.to_owned())).collect();
        assert_eq!(ids(&machine), expected, "{answering} at {url:?}");
    }
    let problem = Machine::good().var("DURWARD_CHAT__ANSWERING", "ollama").problem();
    assert!(problem.cure.contains("http://localhost:11434") && problem.cure.contains("echo"), "{problem}");
    let login = Machine::good().var("DURWARD_CHAT__URL", "http://user:word@localhost").problem();
    assert!(!login.to_string().contains("word@"), "{login}");
}

#[test]
fn what_cannot_be_sent_or_kept_of_a_chat() {
    for key in ["two words", "line\nbreak", "schlüssel"] {
        let problem = Machine::good().var("DURWARD_CHAT__API_KEY", key).problem();
        assert_eq!(problem.key, "chat.api_key");
        assert!(!problem.to_string().contains(key), "{problem}");
    }
    assert_eq!(Machine::good().var("DURWARD_CHAT__MAX_ANSWER", "262144").problems(), []);
    assert_eq!(Machine::good().var("DURWARD_CHAT__MAX_ANSWER", "262145").problem().key, "chat.max_answer");
}

#[test]
fn webhooks_that_could_not_be_signed() {
    let with = |url: &str, secret: &str| {
        let machine = Machine::good().var("DURWARD_ALERTS__WEBHOOK_URL", url);
        if secret.is_empty() { machine } else { machine.var("DURWARD_ALERTS__WEBHOOK_SECRET", secret) }
    };
    let url = "https://hooks.example.com/services/T0?key=canary";
    let good = with(url, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3");
    assert_eq!(good.problems(), []);
    assert_eq!(good.shown("alerts.webhook_url"), "https://hooks.example.com/[hidden]", "paths and queries are keys");
    for secret in ["", "short", "whsec_c2hvcnQ=", "whsec_***", &"x".repeat(65)] {
        let problem = with(url, secret).problem();
        assert_eq!((problem.id, problem.key.as_str()), ("config", "alerts.webhook_secret"), "{secret}");
        assert!(!problem.to_string().contains("canary"), "{problem}");
    }
    let slow = good.var("DURWARD_ALERTS__WEBHOOK_TIMEOUT", "61s").problem();
    assert_eq!(slow.key, "alerts.webhook_timeout");
}
