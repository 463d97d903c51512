//! The tokens of Project Wycheproof, sent to the running program in every way that a token can come. It has a secret of
//! its own, so that none of them is good. They are read where they stand beside the checkout, never copied here.

use std::path::PathBuf;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::kit::{App, Line, on_both};

/// The files, and how many tokens each has.
const FILES: [(&str, usize); 4] = [
    ("json_web_signature_test.json", 401),
    ("json_web_key_test.json", 26),
    ("json_web_crypto_test.json", 83),
    ("json_web_encryption_test.json", 139),
];

/// What a row that needs a login answers to a bad token.
const REASONS: [&str; 3] = ["token_malformed", "token_signature", "token_wrong_type"];

/// All tokens, or none, said aloud, where the folder is not there.
fn tokens() -> Vec<String> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/wycheproof"));
    if !root.is_dir() {
        eprintln!("skipped: {} is not there", root.display());
        return Vec::new();
    }
    let tokens: Vec<String> = FILES
        .iter()
        .flat_map(|(name, count)| {
            let file: Value = serde_json::from_slice(&std::fs::read(root.join(name)).unwrap()).unwrap();
            let groups = file["testGroups"].as_array().unwrap().clone();
            let tests = groups.iter().flat_map(|group| group["tests"].as_array().unwrap());
            let tokens: Vec<String> = tests.map(token).collect();
            assert_eq!(tokens.len(), *count, "{name}");
            tokens
        })
        .collect();
    assert_eq!(tokens.len(), 649);
    tokens
}

/// Some are in the JSON serialisation, which is text too, and no token here.
fn token(test: &Value) -> String {
    let token = test.get("jws").unwrap_or(&test["jwe"]);
    token.as_str().map_or_else(|| token.to_string(), str::to_owned)
}

/// Whether it can stand in `Sec-WebSocket-Protocol` (RFC 9110 section 5.6.2).
fn is_http_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A row that needs a login refuses it as a bearer and as a cookie.
async fn refused_by_rest(line: &mut Line, token: &str) {
    for (name, value) in [("authorization", format!("Bearer {token}")), ("cookie", format!("access_token={token}"))] {
        let answer = line.send(Method::GET, "/api/v1/profile", &[(name, &value)], Bytes::new()).await.is(401);
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(REASONS.contains(&code.as_str()), "{name}: {token} is {code}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "), "{name}: {token}");
        let status = line.send(Method::GET, "/api/v1/auth/status", &[(name, &value)], Bytes::new()).await.is(200);
        assert_eq!(status.json()["authenticated"], false, "{name}: {token}");
    }
}

/// So does a WebSocket, after the upgrade.
async fn refused_by_a_socket(app: &App, token: &str) {
    let in_url = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
    let mut ways = vec![(app.visitor(), format!("/api/v1/ws/chat?{in_url}"))];
    if is_http_token(token) {
        let protocols = format!("bearer, {token}");
        ways.push((app.visitor().with("sec-websocket-protocol", &protocols), "/api/v1/ws/chat".to_owned()));
    }
    for (actor, path) in ways {
        let (code, reason) = actor.socket(&path).await.closed().await;
        assert_eq!(code, 1008, "{token}");
        assert!(REASONS.contains(&reason.as_str()), "{token}: {reason}");
    }
}

on_both! {
    /// None of them is let in anywhere, and none does any harm.
    async fn no_foreign_token_is_let_in(app) {
        let ann = app.user("ann").await;
        let mut line = Line::open(app.address).await;
        for token in tokens() {
            refused_by_rest(&mut line, &token).await;
            refused_by_a_socket(&app, &token).await;
        }
        ann.get("/api/v1/profile").await.is(200);
        ann.socket("/api/v1/ws/chat").await.expect("ready").await;
    }
}
