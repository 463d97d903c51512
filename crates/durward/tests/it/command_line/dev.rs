//! `durward dev` and `durward seed`.

use std::os::unix::fs::PermissionsExt;

use durward_store::testing::{self, Backend, backends};
use serde_json::json;

use crate::kit::process::{database_url, run};
use crate::kit::{Actor, Process, Site};

const STEPS: [&str; 9] = [
    "csrf_token",
    "register",
    "login",
    "profile",
    "refresh",
    "websocket_echo",
    "logout",
    "token_is_dead",
    "traces_removed",
];

/// The address and the password of a line such as `admin: EMAIL  password: WORD`, which must be exactly that.
fn printed(output: &str, role: &str) -> (String, String) {
    let beginning = format!("{role}: ");
    let mut lines = output.lines().filter_map(|line| line.strip_prefix(&beginning));
    let line = lines.next().unwrap_or_else(|| panic!("no line for {role}:\n{output}"));
    assert_eq!(lines.next(), None, "one line for {role}");
    let (email, password) = line.split_once("  password: ").unwrap();
    assert!(!email.contains(' ') && !password.contains(' ') && password.len() >= 16, "{line}");
    (email.to_owned(), password.to_owned())
}

/// The printed account can be used as it is printed.
async fn log_in(process: &Process, role: &str) -> Actor {
    let (email, password) = printed(&process.stdout(), role);
    let actor = process.visitor();
    let answer = actor.post_form("/api/v1/auth/jwt/login", &[("username", &email), ("password", &password)]).await;
    assert_eq!(answer.is(200).json()["user"]["role"], role);
    actor
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_nothing_to_a_chat() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start_in(directory.path(), &["dev"], &[]).await;
    process.line("Ctrl-C").await;
    let said = process.stdout();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "The Golden Path, step by step:");
    for (line, step) in lines[1..].iter().zip(STEPS) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((words[0], words[1], words[3]), ("good", step, "ms"), "{line}");
        words[2].parse::<f64>().expect("a time");
    }
    assert!(said.contains(&format!("Serving {}", process.origin)), "{said}");
    assert!(!process.stderr().contains("/api/v1"), "its own requests are no news:\n{}", process.stderr());
    assert!(!said.contains("FAILING"), "{said}");

    let admin = log_in(&process, "admin").await;
    admin.get("/api/v1/admin/users").await.is(200);
    let user = log_in(&process, "user").await;
    user.get("/api/v1/admin/users").await.refused(403, "forbidden");
    let mut socket = user.socket("/api/v1/ws/chat").await;
    socket.expect("ready").await;
    socket.send(json!({ "type": "message", "content": "good morning" })).await;
    socket.expect("message.started").await;
    // `durward dev` takes a token in the URL, as the quickstart shows it.
    let token = user.cookie("access_token").unwrap();
    let mut by_url = process.visitor().socket(&format!("/api/v1/ws/chat?token={token}")).await;
    by_url.expect("ready").await;
    assert!(process.line("/api/v1/auth/jwt/login").await.contains("status=200"), "others' requests are logged");

    for (name, mode) in [("data", 0o700), ("data/durward.db", 0o600), ("data/tokens.secret", 0o600)] {
        let found = std::fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name} has mode {found:o}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_as_well() {
    if !backends().contains(&Backend::Postgres) {
        return;
    }
    let database = testing::empty(Backend::Postgres).await;
    let url = database_url(&database);
    let process = Process::start(&["dev"], &[("DATABASE_URL", &url)]).await;
    process.line("Ctrl-C").await;
    log_in(&process, "admin").await.get("/api/v1/admin/users").await.is(200);
    log_in(&process, "user").await;
    assert_eq!(database.count("SELECT COUNT(*) FROM users").await, 2, "nothing is left of the Golden Path");
    if let Some((_, password)) = url.split_once("//").and_then(|(_, rest)| rest.split_once('@')?.0.split_once(':')) {
        assert!(!process.stdout().contains(password) && !process.stderr().contains(password));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_has_fresh_passwords_and_the_same_accounts() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = Process::start_in(directory.path(), &["dev"], &[]).await;
    first.line("Ctrl-C").await;
    let id = log_in(&first, "user").await.get("/api/v1/profile").await.is(200).json()["user"]["id"].clone();
    let (email, old) = printed(&first.stdout(), "user");
    first.kill();
    let second = Process::start_in(directory.path(), &["dev"], &[]).await;
    second.line("Ctrl-C").await;
    let user = log_in(&second, "user").await;
    assert_eq!(user.get("/api/v1/profile").await.is(200).json()["user"]["id"], id);
    log_in(&second, "admin").await;
    let form = [("username", email.as_str()), ("password", old.as_str())];
    second.visitor().post_form("/api/v1/auth/jwt/login", &form).await.refused(401, "invalid_credentials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_where_much_is_at_stake() {
    for environment in ["production", "staging"] {
        for name in ["ENVIRONMENT", "DURWARD_ENVIRONMENT"] {
            for command in ["dev", "seed"] {
                let directory = tempfile::tempdir().unwrap();
                let output = run(directory.path(), &[command], &[(name, environment)], "").await.code(2);
                assert!(output.stderr.contains(name) && output.stderr.contains("durward serve"), "{}", output.stderr);
                assert_eq!(output.stdout, "");
                assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seed_prints_accounts_that_can_be_used() {
    for backend in backends() {
        let site = Site::empty(backend).await;
        let output = site.run(&["seed"]).await.code(0);
        let process = site.serve().await;
        for role in ["admin", "user"] {
            let (email, password) = printed(&output.stdout, role);
            let body = json!({ "email": email, "password": password });
            let answer = process.visitor().post("/api/v1/auth/login", body).await.is(200).json();
            assert_eq!(answer["user"]["role"], role);
        }
        let again = site.run(&["seed"]).await.code(0);
        assert_ne!(printed(&again.stdout, "user"), printed(&output.stdout, "user"));
    }
}
