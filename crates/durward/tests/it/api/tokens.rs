//! Access tokens: where they are looked for, and each way in which one can be bad.

mod carried;
mod standing;

use std::time::Duration;

use durward_proto::Clock;
use serde_json::{Value, json};

use crate::kit::{Actor, Answer, App, SECRET, jws, on_both};

const PROFILE: &str = "/api/v1/profile";

/// A user's good token in its parts, to be made into bad ones.
struct Forge {
    header: Value,
    claims: Value,
    now: i64,
}

impl Forge {
    async fn of(app: &App, name: &str) -> Self {
        let (client, _) = app.bearer(name).await;
        let (header, claims) = jws::read(token_of(&client), SECRET);
        Self { header, claims, now: app.clock.now().seconds() }
    }

    /// With one member of the claims changed, or removed where it becomes null.
    fn claim(&self, name: &str, value: Value) -> String {
        jws::sign(&self.header.to_string(), &changed(&self.claims, name, value).to_string(), SECRET)
    }

    /// The same for the header.
    fn head(&self, name: &str, value: Value) -> String {
        jws::sign(&changed(&self.header, name, value).to_string(), &self.claims.to_string(), SECRET)
    }

    fn good(&self) -> String {
        jws::sign(&self.header.to_string(), &self.claims.to_string(), SECRET)
    }
}

fn changed(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    object
}

fn token_of(client: &Actor) -> &str {
    client.header("authorization").unwrap().strip_prefix("Bearer ").unwrap()
}

async fn show(app: &App, token: &str) -> Answer {
    app.app_client().with_bearer(token).get(PROFILE).await
}

#[track_caller]
fn is_refused(answer: Answer, code: &str, why: &str) {
    assert_eq!(answer.json()["code"], code, "{why}");
    let answer = answer.refused(401, code);
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""), "{challenge}");
}

on_both! {
    /// What another library makes with the secret is as good as ours.
    async fn a_good_token_by_other_hands(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        show(&app, &forge.good()).await.is(200);
        // Other white space, another order, and claims that nobody here knows.
        let mut claims: Vec<(String, Value)> = forge.claims.as_object().unwrap().clone().into_iter().collect();
        claims.reverse();
        claims.push(("custom".to_owned(), json!({ "a": [1, 2] })));
        let claims = serde_json::to_string_pretty(&claims.into_iter().collect::<serde_json::Map<_, _>>()).unwrap();
        let header = serde_json::to_string_pretty(&forge.header).unwrap();
        show(&app, &jws::sign(&header, &claims, SECRET)).await.is(200);
        show(&app, &forge.claim("gen", Value::Null)).await.is(200);
    }

    /// Times: no leeway for the end, 30 s for the beginning.
    async fn times(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        let now = forge.now;
        for (name, at, outcome) in [
            ("exp", now - 1, Err("token_expired")),
            ("exp", now, Err("token_expired")),
            ("exp", 0, Err("token_expired")),
            ("exp", -1, Err("token_expired")),
            ("exp", now + 60, Ok(())),
            ("exp", i64::MAX, Ok(())),
            ("nbf", now + 20, Ok(())),
            ("nbf", now + 45, Err("token_not_yet_valid")),
            ("nbf", i64::MAX, Err("token_not_yet_valid")),
            ("nbf", 0, Ok(())),
            ("nbf", i64::MIN, Ok(())),
            ("iat", now + 20, Ok(())),
            ("iat", now + 45, Err("token_not_yet_valid")),
            ("iat", now - 1_000, Ok(())),
        ] {
            let answer = show(&app, &forge.claim(name, json!(at))).await;
            match outcome {
                Ok(()) => drop(answer.is(200)),
                Err(code) => is_refused(answer, code, &format!("{name} {at}")),
            }
        }
        let good = forge.good();
        app.clock.advance(Duration::from_secs(3_590));
        show(&app, &good).await.is(200);
        app.clock.advance(Duration::from_secs(10));
        is_refused(show(&app, &good).await, "token_expired", "after an hour");
    }

    /// Another kind of token, and one of another server or for another.
    async fn kinds_and_audiences(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        for typ in [json!("JWT"), json!("id+jwt"), json!("refresh+jwt"), json!(""), Value::Null] {
            is_refused(show(&app, &forge.head("typ", typ.clone())).await, "token_wrong_type", &typ.to_string());
        }
        for (name, value) in
            [("iss", "https://evil.example"), ("iss", ""), ("aud", "another"), ("aud", ""), ("aud", "durward2")]
        {
            is_refused(show(&app, &forge.claim(name, json!(value))).await, "token_wrong_audience", value);
        }
        let slash = format!("{}/", app.origin);
        is_refused(show(&app, &forge.claim("iss", json!(slash))).await, "token_wrong_audience", "a slash");
    }

    /// One algorithm belongs to the key, and one key to the algorithm.
    async fn keys_and_algorithms(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        let claims = forge.claims.to_string();
        let head = |alg: &str| changed(&forge.header, "alg", json!(alg)).to_string();
        let unsigned = jws::unsigned(&head("none"), &claims);
        let another = jws::sign(&forge.header.to_string(), &claims, "another secret of more than 32 bytes 4711");
        let empty = jws::sign(&forge.header.to_string(), &claims, "");
        let good = forge.good();
        let cut = &good[..good.len() - 2];
        for token in [
            jws::sign(&head("none"), &claims, SECRET),
            jws::sign(&head("None"), &claims, SECRET),
            jws::sign(&head("HS384"), &claims, SECRET),
            jws::sign(&head("hs256"), &claims, SECRET),
            jws::sign(&head("RS256"), &claims, SECRET),
            jws::sign(&head("EdDSA"), &claims, SECRET),
            jws::sign_hs512(&head("HS512"), &claims, SECRET),
            jws::sign_hs512(&forge.header.to_string(), &claims, SECRET),
            forge.head("kid", json!("another")),
            forge.head("kid", json!("")),
            forge.head("kid", json!("../../dev/null")),
            another,
            empty,
        ] {
            is_refused(show(&app, &token).await, "token_signature", &token);
        }
        for token in [
            unsigned.clone(),
            format!("{unsigned}."),
            format!("{}.", good.rsplit_once('.').unwrap().0),
            cut.to_owned(),
            forge.head("alg", Value::Null),
            forge.head("kid", Value::Null),
            forge.head("alg", json!(5)),
        ] {
            let answer = show(&app, &token).await.is(401);
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            assert!(["token_signature", "token_malformed"].contains(&code.as_str()), "{code}: {token}");
        }
        // Of somebody else's claims under a signature that was made for one's own.
        let signature = good.rsplit_once('.').unwrap().1;
        let swapped =
            jws::unsigned(&forge.header.to_string(), &changed(&forge.claims, "role", json!("admin")).to_string());
        is_refused(show(&app, &format!("{swapped}.{signature}")).await, "token_signature", "swapped claims");
    }

    /// Nothing in a header says where the key is or what else must be understood.
    async fn header_members(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        for (name, value) in [
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("jku", json!("https://evil.example/jwks.json")),
            ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
            ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MIIB"])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
        ] {
            is_refused(show(&app, &forge.head(name, value)).await, "token_malformed", name);
        }
        let header = forge.header.to_string();
        for text in [
            header.replacen('{', "{\"alg\":\"HS256\",", 1),
            header.replacen('{', "{\"alg\":\"none\",", 1),
            header.replacen('{', "{\"kid\":\"x\",", 1),
            header.replacen('{', "{\"typ\":\"JWT\",", 1),
            header.replacen('{', "{\"x\":1,\"x\":1,", 1),
            header.replacen("\"typ\"", "\"\\u0061lg\":\"HS256\",\"typ\"", 1),
            "[]".to_owned(),
            "\"HS256\"".to_owned(),
            "{".to_owned(),
            String::new(),
            format!("{header} x"),
        ] {
            let token = jws::sign(&text, &forge.claims.to_string(), SECRET);
            is_refused(show(&app, &token).await, "token_malformed", &text);
        }
    }

    /// Each claim must be there, once, and of its type.
    async fn claims_are_strict(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        let names: Vec<String> =
            forge.claims.as_object().unwrap().keys().filter(|name| *name != "gen").cloned().collect();
        assert_eq!(names.len(), 14);
        let text = forge.claims.to_string();
        for name in &names {
            is_refused(show(&app, &forge.claim(name, Value::Null)).await, "token_malformed", name);
            for wrong in [json!({}), json!(true), json!([[]]), json!(1.5)] {
                is_refused(show(&app, &forge.claim(name, wrong)).await, "token_malformed", name);
            }
            let other_type = if forge.claims[name].is_i64() { json!("5") } else { json!(5) };
            is_refused(show(&app, &forge.claim(name, other_type)).await, "token_malformed", name);
            let twice = text.replacen('{', &format!("{{\"{name}\":{},", forge.claims[name]), 1);
            let token = jws::sign(&forge.header.to_string(), &twice, SECRET);
            is_refused(show(&app, &token).await, "token_malformed", &twice);
            let nothing = changed(&forge.claims, name, json!("null")).to_string().replace("\"null\"", "null");
            let token = jws::sign(&forge.header.to_string(), &nothing, SECRET);
            is_refused(show(&app, &token).await, "token_malformed", &nothing);
        }
        let id = forge.claims["id"].as_i64().unwrap();
        for sub in [
            format!("0{id}"),
            format!("+{id}"),
            format!(" {id}"),
            format!("{id}.0"),
            format!("{}", id + 1),
            "-1".into(),
            "".into(),
            "x".into(),
        ] {
            is_refused(show(&app, &forge.claim("sub", json!(sub))).await, "token_malformed", &sub);
        }
        is_refused(show(&app, &forge.claim("id", json!(id + 1))).await, "token_malformed", "id");
        is_refused(show(&app, &forge.claim("aud", json!(["durward"]))).await, "token_malformed", "aud as a list");
        for sid in ["", "x", "00000000-0000-0000-0000-00000000000g"] {
            is_refused(show(&app, &forge.claim("sid", json!(sid))).await, "token_malformed", sid);
        }
        for bad in ["", "[]", "null", "{", &format!("{text}x"), &text.replacen('{', "{\"x\":1,\"x\":2,", 1)] {
            let token = jws::sign(&forge.header.to_string(), bad, SECRET);
            is_refused(show(&app, &token).await, "token_malformed", bad);
        }
    }

    /// Base64url in its one spelling, and three parts.
    async fn one_spelling(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        let good = forge.good();
        let parts: Vec<&str> = good.split('.').collect();
        let &[header, claims, signature] = parts.as_slice() else { panic!("{good}") };
        // 32 bytes end in a character of which two bits mean nothing, so that it has four spellings.
        let last = signature.chars().last().unwrap();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let place = alphabet.find(last).unwrap();
        let alias = alphabet.chars().nth(place ^ 1).unwrap();
        let stem = &signature[..signature.len() - 1];
        for token in [
            format!("{header}.{claims}.{stem}{alias}"),
            format!("{good}="),
            format!("{header}=.{claims}.{signature}"),
            format!("{header}.{claims}==.{signature}"),
            format!("{header}.{claims}"),
            format!("{good}.{signature}"),
            format!(".{good}"),
            format!("{good}."),
            format!("{header}..{signature}"),
            format!(".{claims}.{signature}"),
            format!("{header}.{claims}.{stem}+"),
            format!("{header}.{claims}.{stem}/"),
            format!("{header},{claims},{signature}"),
            "..".to_owned(),
            ".".to_owned(),
            "é".to_owned(),
            "x".repeat(9_000),
        ] {
            let cookie = app.visitor();
            cookie.set_cookie("access_token", &token);
            let answer = cookie.get(PROFILE).await.is(401);
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            assert!(["token_malformed", "token_signature"].contains(&code.as_str()), "{code}: {token}");
        }
        show(&app, &good).await.is(200);
    }

    /// The public keys: none where tokens are signed with a shared secret.
    async fn the_key_set(app) {
        let answer = app.app_client().get("/.well-known/jwks.json").await.is(200);
        assert_eq!(answer.json(), json!({ "keys": [] }));
    }
}
