//! Database URLs as people have them.

use std::path::Path;

use durward_store::{SslMode, Target};

use super::Machine;

/// `host port user password database sslmode` of a URL.
fn target(url: &str) -> String {
    match Machine::dev().var("DATABASE_URL", url).config().database.url.target() {
        Target::Sqlite { path } => path.display().to_string(),
        Target::Postgres(pg) => {
            let password = pg.password.as_ref().map_or("-", |password| password.expose());
            format!("{} {} {} {password} {} {}", pg.host, pg.port, pg.user, pg.database, pg.sslmode.as_str())
        }
    }
}

#[test]
fn urls_of_postgresql() {
    let table = [
        ("postgres://u:p@h:5433/d", "h 5433 u p d prefer"),
        ("postgresql://u:p@h/d", "h 5432 u p d prefer"),
        ("postgresql+psycopg2://u:p@h/d", "h 5432 u p d prefer"),
        ("postgresql+asyncpg://u:p@h/d?ssl=true", "h 5432 u p d require"),
        ("postgresql+psycopg://u:p@h/d", "h 5432 u p d prefer"),
        ("POSTGRESQL://u@h/d", "h 5432 u - d prefer"),
        ("postgresql://h", "h 5432 postgres - postgres prefer"),
        ("postgresql://u@h", "h 5432 u - u prefer"),
        ("postgresql:///d", "localhost 5432 postgres - d prefer"),
        ("postgresql://u:@h:/d?", "h 5432 u - d prefer"),
        ("postgresql://u@[2001:db8::1]:6432/d", "2001:db8::1 6432 u - d prefer"),
        ("postgresql://u@[::1]/d", "::1 5432 u - d prefer"),
        ("postgresql:///d?host=/var/run/postgresql&user=u&password=p%26q", "/var/run/postgresql 5432 u p&q d prefer"),
        ("postgresql://%2Fvar%2Frun/d", "/var/run 5432 postgres - d prefer"),
        ("postgresql://?host=h&port=1&user=u&dbname=d", "h 1 u - d prefer"),
        ("postgresql://u:p%40s%3As%2F%3F%23%25%20%2B%C3%A4@h/d", "h 5432 u p@s:s/?#% +ä d prefer"),
        ("postgresql://u:p+q@h/d", "h 5432 u p+q d prefer"),
        ("postgresql://u:p:q@h/d", "h 5432 u p:q d prefer"),
        ("postgresql://u:p@ss@h/d", "h 5432 u p@ss d prefer"),
        ("postgresql://us%20er@h/d%20b", "h 5432 us er - d b prefer"),
        ("postgresql://h/d?connect_timeout=10&application_name=x&channel_binding=prefer", "h 5432 postgres - d prefer"),
        ("postgresql://h/d?sslrootcert=system", "h 5432 postgres - d verify-full"),
        ("postgresql://h/d?sslmode=require&ssl=require", "h 5432 postgres - d require"),
    ];
    for (url, expected) in table {
        assert_eq!(target(url), expected, "{url}");
    }
}

#[test]
fn every_sslmode() {
    for mode in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] {
        for parameter in ["sslmode", "ssl"] {
            let url = format!("postgresql://h/d?{parameter}={mode}");
            assert!(target(&url).ends_with(&format!(" {mode}")), "{url}");
        }
    }
    for (ssl, mode) in
        [("true", "require"), ("1", "require"), ("on", "require"), ("false", "disable"), ("off", "disable")]
    {
        assert!(target(&format!("postgresql+asyncpg://h/d?ssl={ssl}")).ends_with(mode));
    }
    let config =
        Machine::dev().var("DATABASE_URL", "postgres://h/d?sslmode=verify-ca&sslrootcert=/etc/ca%20.pem").config();
    let Target::Postgres(pg) = config.database.url.target() else { panic!("not PostgreSQL") };
    assert_eq!((pg.sslmode, pg.ssl_root_cert.as_deref()), (SslMode::VerifyCa, Some(Path::new("/etc/ca .pem"))));
    assert_eq!(pg.application_name, "durward");
}

#[test]
fn every_password_survives_percent_encoding() {
    for character in (1u8..=127).map(char::from).chain("äß€😀\u{a0}".chars()) {
        let password = format!("a{character}b");
        let encoded: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let config = Machine::dev().var("DATABASE_URL", &format!("postgresql://u:{encoded}@h/d")).config();
        assert_eq!(config.database.url.password().unwrap().expose(), password);
    }
}

#[test]
fn urls_of_sqlite() {
    let table = [
        ("sqlite:///var/lib/a.db", "/var/lib/a.db"),
        ("sqlite://data/a.db", "data/a.db"),
        ("sqlite://./data/a.db", "./data/a.db"),
        ("sqlite:data/a.db", "data/a.db"),
        ("sqlite:///./a.db", "./a.db"),
        ("sqlite:///../a.db", "../a.db"),
        ("sqlite+aiosqlite:///a.db", "a.db"),
        ("sqlite+aiosqlite:////var/lib/a.db", "/var/lib/a.db"),
        ("sqlite+pysqlite:///./a.db", "./a.db"),
        ("sqlite://a%20b%3F.db?mode=rwc", "a b?.db"),
    ];
    for (url, path) in table {
        assert_eq!(target(url), path, "{url}");
    }
    let machine = Machine::dev();
    let expected = machine.path("data").join("durward.db");
    let Target::Sqlite { path } = machine.config().database.url.target() else { panic!("not SQLite") };
    assert_eq!(path, expected);
    let odd = Machine::dev().var("DURWARD_DATA_DIR", "/tmp/a b%?#ä").config();
    let Target::Sqlite { path } = odd.database.url.target() else { panic!("not SQLite") };
    assert_eq!(path, Path::new("/tmp/a b%?#ä/durward.db"));
}

#[test]
fn urls_that_are_none() {
    let table = [
        ("h:5432/canary", "neither PostgreSQL's nor SQLite's"),
        ("canary", "scheme"),
        ("mysql://u:canary@h/d", "neither"),
        ("postgresql+other://h/d", "driver"),
        ("postgresql:h/canary", "//"),
        ("postgresql://u:canary%zz@h/d", "%25"),
        ("postgresql://u:canary%ff@h/d", "UTF-8"),
        ("postgresql://u:canary%00@h/d", "NUL"),
        ("postgresql://u:can#ary@h/d", "%23"),
        ("postgresql://u:can/ary@h/d", "%2F"),
        ("postgresql://u:can?ary@h/d", "percent-encoded"),
        ("postgresql://u:canary@h:0/d", "65535"),
        ("postgresql://u:canary@h:99999/d", "65535"),
        ("postgresql://u@::1/canary", "[ ]"),
        ("postgresql://u@[::1/canary", "]"),
        ("postgresql://a,b/canary", "several hosts"),
        ("postgresql://u:canary@h h/d", "host"),
        ("postgresql://h/d?sslmode=verify_full&password=canary", "verify-full"),
        ("postgresql://h/d?sslmode=disable&ssl=true&password=canary", "disagree"),
        ("postgresql://h/d?ssl_mode=require", "sslmode"),
        ("postgresql://h/d?sslcert=canary", "client certificates"),
        ("postgresql://h/d?channel_binding=require", "channel_binding"),
        ("postgresql://u:canary@h/d?user=other", "disagree"),
        ("sqlite://", "no file"),
        ("sqlite::memory:", "forget"),
        ("sqlite+other:///x.db", "driver"),
        ("sqlite://x.db?canary=1", "question mark"),
    ];
    for (url, words) in table {
        let problem = Machine::dev().var("DATABASE_URL", url).problem();
        let text = problem.to_string();
        assert_eq!((problem.id, problem.key.as_str()), ("config", "database.url"), "{url}");
        assert!(text.contains(words), "{url}: {text}");
        assert!(!text.contains("canary") && !text.contains("ary@"), "{url}: {text}");
    }
}
