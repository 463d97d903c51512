//! `durward config` and `durward openapi`.

use durward_store::testing::Backend;
use serde_json::Value;

use crate::kit::{SECRET, Site};

#[tokio::test]
async fn shows_what_holds_and_masks_what_is_secret() {
    let site = Site::migrated(Backend::Sqlite).await;
    let site = site.with("DATABASE_URL", "postgresql://ann:canary%2Fpassword@db.example.com/app");
    for words in [["config", "show"].as_slice(), &["config", "show", "--json"]] {
        let shown = site.run(words).await.code(0).stdout;
        for secret in [SECRET, "canary"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        for known in ["tokens.secret", "[hidden]", "JWT_SECRET_KEY", "ann:***@db.example.com", "limits.window"] {
            assert!(shown.contains(known), "no {known}:\n{shown}");
        }
    }
    let shown: Value = serde_json::from_str(&site.run(&["config", "show", "--json"]).await.stdout).unwrap();
    assert_eq!(shown["environment"]["value"], "test");
    assert_eq!(shown["environment"]["source"], "environment variable ENVIRONMENT");
}

#[tokio::test]
async fn check_tells_good_from_bad_from_unreadable() {
    let site = Site::migrated(Backend::Sqlite).await;
    site.run(&["config", "check"]).await.code(0);
    let site = site.with("ENVIRONMENT", "production").with("CORS_ALLOWED_ORIGINS", "*");
    let bad = site.run(&["config", "check"]).await.code(1);
    for key in ["server.public_url", "cors.allowed_origins"] {
        assert!(bad.stderr.contains(key), "all at once: {}", bad.stderr);
    }
    let listed: Value = serde_json::from_str(&site.run(&["config", "check", "--json"]).await.code(1).stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed:#}");
    site.run(&["config", "check", "--config", "nothing.toml"]).await.code(2);
    site.run(&["config", "show", "--config", "nothing.toml"]).await.code(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openapi_is_the_document_that_is_served() {
    let site = Site::migrated(Backend::Sqlite).await;
    let printed: Value = serde_json::from_str(&site.run(&["openapi"]).await.code(0).stdout).unwrap();
    let process = site.serve().await;
    assert_eq!(process.visitor().get("/api/v1/openapi.json").await.is(200).json(), printed);
    assert!(printed["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(printed["info"]["title"].is_string() && printed["info"]["version"].is_string());
    let (mut operations, mut references) = (0, Vec::new());
    for (path, item) in printed["paths"].as_object().unwrap() {
        assert!(path.starts_with('/'), "{path}");
        for operation in item.as_object().unwrap().values() {
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{path} answers something");
            operations += 1;
        }
    }
    assert!(operations > 30, "{operations}");
    collect_references(&printed, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(printed.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            into.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, into)),
        _ => {}
    }
}
