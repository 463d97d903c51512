//! `--help`, and what is said to a wrong command.

use crate::kit::process::run;

/// The names of the commands that a help lists.
fn commands(help: &str) -> Vec<String> {
    let list = help.split_once("Commands:\n").map_or("", |(_, list)| list);
    let lines = list.lines().take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  "));
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    names
        .filter(|name| *name != "help" && name.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_command_has_an_example() {
    let directory = tempfile::tempdir().unwrap();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = Vec::new();
    while let Some(command) = open.pop() {
        let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
        words.push("--help");
        let output = run(directory.path(), &words, &[], "").await.code(0);
        assert!(output.stdout.contains("Example: "), "durward {} has no example:\n{}", words.join(" "), output.stdout);
        assert!(output.stdout.contains("--config <FILE>"), "durward {}", words.join(" "));
        words.pop();
        words.push("-h");
        let short = run(directory.path(), &words, &[], "").await.code(0);
        assert!(short.stdout.contains("Example: "), "durward {} has no example", words.join(" "));
        open.extend(commands(&output.stdout).into_iter().map(|name| [command.clone(), vec![name]].concat()));
        seen.push(command.join(" "));
    }
    for known in ["dev", "serve", "migrate", "doctor", "seed", "openapi", "config show", "config check", "user create"]
    {
        assert!(seen.iter().any(|name| name == known), "{known} is not among {seen:?}");
    }
    for known in ["list", "show", "set-role", "suspend", "activate", "set-password", "revoke-sessions", "delete"] {
        assert!(seen.contains(&format!("user {known}")), "user {known} is not among {seen:?}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "a help makes nothing");
}

#[tokio::test]
async fn wrong_usage_ends_with_2() {
    let directory = tempfile::tempdir().unwrap();
    let wrong: [&[&str]; 12] = [
        &[],
        &["sevre"],
        &["serve", "now"],
        &["serve", "--quick"],
        &["user"],
        &["user", "create"],
        &["user", "create", "ann"],
        &["user", "create", "ann@example.com", "--role", "Big Boss"],
        &["user", "delete", "ann@example.com"],
        &["user", "set-password", "ann@example.com"],
        &["config", "change"],
        &["--config"],
    ];
    for words in wrong {
        let output = run(directory.path(), words, &[], "").await;
        assert_eq!(output.code, 2, "durward {}: {}", words.join(" "), output.stderr);
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "durward {}", words.join(" "));
    }
    let output = run(directory.path(), &["--version"], &[], "").await.code(0);
    assert_eq!(output.stdout.trim(), format!("durward {}", env!("CARGO_PKG_VERSION")));
}
