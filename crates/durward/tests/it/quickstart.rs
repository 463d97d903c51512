//! `docs/quickstart.md`, carried out to the letter: its `bash` blocks in one shell, against `durward dev`.

use durward_store::testing::{self, Backend};
use tokio::process::Command;

use crate::kit::process::{Process, database_url};

#[tokio::test]
async fn sqlite() {
    follow(&[]).await;
}

#[tokio::test]
async fn postgres() {
    let database = testing::empty(Backend::Postgres).await;
    follow(&[("DATABASE_URL", &database_url(&database))]).await;
}

async fn follow(env: &[(&str, &str)]) {
    let server = Process::start(&["dev"], env).await;
    let account = server.line("user: ").await;
    let (email, password) = account.strip_prefix("user: ").unwrap().split_once("  password: ").unwrap();

    let page = include_str!("../../../../docs/quickstart.md");
    let steps: Vec<&str> = page.split("```bash\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert!(steps.len() >= 9, "the page has its steps");
    let directory = tempfile::tempdir().unwrap();
    let script = format!("set -euo pipefail\n{}", steps.concat());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(directory.path())
        .envs([("BASE", server.origin.as_str()), ("EMAIL", email), ("PASSWORD", password)])
        .output()
        .await
        .unwrap();
    let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complaints}\n{}", server.stderr());
    let milestones = [
        r#""status":"ok""#,
        r#""csrf_token""#,
        r#""status":"authenticated""#,
        r#""profile":{"#,
        r#""signature""#,
        r#""theme":"light""#,
        r#""type":"ready""#,
        "message.done",
        "hello from the quickstart",
        "401",
        "token_revoked",
    ];
    let mut rest = &*said;
    for milestone in milestones {
        let at = rest.find(milestone).unwrap_or_else(|| panic!("no {milestone} in what is left of:\n{said}"));
        rest = &rest[at..];
    }
}
