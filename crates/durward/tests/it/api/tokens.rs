//! Access tokens: where they are looked for, and each way in which one can be bad.

use std::time::Duration;

use durward_proto::{AccountStatus, Clock, Role, UserId};
use durward_store::testing::Backend;
use serde_json::{Value, json};

use crate::kit::{Actor, Answer, App, PASSWORD, SECRET, email, jws, on_both};

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
    /// The first place that has a credential decides alone.
    async fn the_first_place_decides(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let (client, _) = app.bearer("bob").await;
        let bobs = token_of(&client);
        let name = |answer: Answer| answer.is(200).json()["user"]["full_name"].as_str().unwrap().to_owned();
        assert_eq!(name(ann.get(PROFILE).await), "ann");
        assert_eq!(name(ann.copy().with_bearer(bobs).get(PROFILE).await), "bob");
        for scheme in ["bearer", "BEARER", "bEaReR"] {
            assert_eq!(name(ann.copy().with("authorization", &format!("{scheme} {bobs}")).get(PROFILE).await), "bob");
        }
        // A bad header is not helped by a good cookie.
        for bad in ["x", "a.b.c", &format!("{bobs}=")] {
            is_refused(ann.copy().with_bearer(bad).get(PROFILE).await, "token_malformed", bad);
        }
        for header in ["Basic YW5uOng=", "Bearer", "Bearer ", bobs, &format!("Token {bobs}"), &format!("Bearer {bobs} x")] {
            ann.copy().with("authorization", header).get(PROFILE).await.refused(401, "token_malformed");
        }
        ann.set_cookie("access_token", "nonsense");
        is_refused(ann.get(PROFILE).await, "token_malformed", "a bad cookie");
        assert_eq!(name(bob.get(PROFILE).await), "bob");
    }

    /// Two headers, and one cookie twice with different values, are no way to say who one is.
    async fn two_credentials_are_ambiguous(app) {
        let ann = app.user("ann").await;
        let token = ann.cookie("access_token").unwrap();
        let good = format!("Bearer {token}");
        for (first, second) in [(&*good, &*good), (&*good, "Bearer x"), ("Basic x", &*good)] {
            let twice = app.visitor().with("authorization", first).with_another("authorization", second);
            twice.get(PROFILE).await.refused(400, "ambiguous_credentials");
        }
        for (cookies, status) in [
            (format!("access_token={token}; access_token=other"), 400),
            (format!("access_token=other; access_token={token}"), 400),
            (format!("access_token={token}; x=y; access_token="), 400),
            (format!("access_token={token}; access_token={token}"), 200),
            (format!("xaccess_token=other; access_token={token}; access_tokenx=other"), 200),
        ] {
            let answer = app.visitor().with("cookie", &cookies).get(PROFILE).await.is(status);
            if status == 400 {
                answer.refused(400, "ambiguous_credentials");
            }
        }
        let two_headers = app.visitor().with("cookie", &format!("access_token={token}")).with_another("cookie", "access_token=x");
        two_headers.get(PROFILE).await.refused(400, "ambiguous_credentials");
    }

    /// What counts for a WebSocket means nothing on an ordinary request.
    async fn a_url_carries_no_token(app) {
        let ann = app.user("ann").await;
        let token = ann.cookie("access_token").unwrap();
        for query in [format!("?token={token}"), format!("?access_token={token}"), format!("?ticket={token}")] {
            let answer = app.visitor().get(&format!("{PROFILE}{query}")).await.refused(401, "token_missing");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"durward\""), "RFC 6750 section 3.1");
            let status = app.visitor().get(&format!("/api/v1/auth/status{query}")).await.is(200).json();
            assert_eq!(status["authenticated"], false);
        }
        let protocol = app.visitor().with("sec-websocket-protocol", &format!("bearer, {token}"));
        protocol.get(PROFILE).await.refused(401, "token_missing");
        app.visitor().with("x-access-token", &token).get(PROFILE).await.refused(401, "token_missing");
        ann.get(&format!("{PROFILE}?token=nonsense")).await.is(200);
        let body = json!({ "access_token": token, "token": token });
        app.visitor().put("/api/v1/settings", body).await.refused(401, "token_missing");
    }

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
            ("exp", now - 1, Err("token_expired")), ("exp", now, Err("token_expired")), ("exp", 0, Err("token_expired")),
            ("exp", -1, Err("token_expired")), ("exp", now + 60, Ok(())), ("exp", i64::MAX, Ok(())),
            ("nbf", now + 20, Ok(())), ("nbf", now + 45, Err("token_not_yet_valid")), ("nbf", i64::MAX, Err("token_not_yet_valid")),
            ("nbf", 0, Ok(())), ("nbf", i64::MIN, Ok(())),
            ("iat", now + 20, Ok(())), ("iat", now + 45, Err("token_not_yet_valid")), ("iat", now - 1_000, Ok(())),
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
        for (name, value) in [
            ("iss", "https://evil.example"), ("iss", ""), ("aud", "another"), ("aud", ""), ("aud", "durward2"),
        ] {
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
            jws::sign(&head("none"), &claims, SECRET), jws::sign(&head("None"), &claims, SECRET),
            jws::sign(&head("HS384"), &claims, SECRET), jws::sign(&head("hs256"), &claims, SECRET),
            jws::sign(&head("RS256"), &claims, SECRET), jws::sign(&head("EdDSA"), &claims, SECRET),
            jws::sign_hs512(&head("HS512"), &claims, SECRET), jws::sign_hs512(&forge.header.to_string(), &claims, SECRET),
            forge.head("kid", json!("another")), forge.head("kid", json!("")), forge.head("kid", json!("../../dev/null")),
            another, empty,
        ] {
            is_refused(show(&app, &token).await, "token_signature", &token);
        }
        for token in [
            unsigned.clone(), format!("{unsigned}."), format!("{}.", good.rsplit_once('.').unwrap().0), cut.to_owned(),
            forge.head("alg", Value::Null), forge.head("kid", Value::Null), forge.head("alg", json!(5)),
        ] {
            let answer = show(&app, &token).await.is(401);
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            assert!(["token_signature", "token_malformed"].contains(&code.as_str()), "{code}: {token}");
        }
        // Of somebody else's claims under a signature that was made for one's own.
        let signature = good.rsplit_once('.').unwrap().1;
        let swapped = jws::unsigned(&forge.header.to_string(), &changed(&forge.claims, "role", json!("admin")).to_string());
        is_refused(show(&app, &format!("{swapped}.{signature}")).await, "token_signature", "swapped claims");
    }

    /// Nothing in a header says where the key is or what else must be understood.
    async fn header_members(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        for (name, value) in [
            ("crit", json!(["exp"])), ("crit", json!([])), ("jku", json!("https://evil.example/jwks.json")),
            ("jwk", json!({ "kty": "oct", "k": "AAAA" })), ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MIIB"])), ("b64", json!(false)), ("zip", json!("DEF")),
        ] {
            is_refused(show(&app, &forge.head(name, value)).await, "token_malformed", name);
        }
        let header = forge.header.to_string();
        for text in [
            header.replacen('{', "{\"alg\":\"HS256\",", 1), header.replacen('{', "{\"alg\":\"none\",", 1),
            header.replacen('{', "{\"kid\":\"x\",", 1), header.replacen('{', "{\"typ\":\"JWT\",", 1),
            header.replacen('{', "{\"x\":1,\"x\":1,", 1), header.replacen("\"typ\"", "\"\\u0061lg\":\"HS256\",\"typ\"", 1),
            "[]".to_owned(), "\"HS256\"".to_owned(), "{".to_owned(), String::new(), format!("{header} x"),
        ] {
            let token = jws::sign(&text, &forge.claims.to_string(), SECRET);
            is_refused(show(&app, &token).await, "token_malformed", &text);
        }
    }

    /// Each claim must be there, once, and of its type.
    async fn claims_are_strict(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        let names: Vec<String> = forge.claims.as_object().unwrap().keys().filter(|name| *name != "gen").cloned().collect();
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
        for sub in [format!("0{id}"), format!("+{id}"), format!(" {id}"), format!("{id}.0"), format!("{}", id + 1), "-1".into(), "".into(), "x".into()] {
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
            format!("{header}.{claims}.{stem}{alias}"), format!("{good}="), format!("{header}=.{claims}.{signature}"),
            format!("{header}.{claims}==.{signature}"), format!("{header}.{claims}"), format!("{good}.{signature}"),
            format!(".{good}"), format!("{good}."), format!("{header}..{signature}"), format!(".{claims}.{signature}"),
            format!("{header}.{claims}.{stem}+"), format!("{header}.{claims}.{stem}/"), format!("{header},{claims},{signature}"),
            "..".to_owned(), ".".to_owned(), "é".to_owned(), "x".repeat(9_000),
        ] {
            let cookie = app.visitor();
            cookie.set_cookie("access_token", &token);
            let answer = cookie.get(PROFILE).await.is(401);
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            assert!(["token_malformed", "token_signature"].contains(&code.as_str()), "{code}: {token}");
        }
        show(&app, &good).await.is(200);
    }

    /// A session that never was, somebody else's, and a role that nobody gave.
    async fn the_database_has_the_last_word(app) {
        app.register("ann").await;
        app.register("bob").await;
        let (ann, bob) = (Forge::of(&app, "ann").await, Forge::of(&app, "bob").await);
        let unknown = ann.claim("sid", json!("01890000-0000-7000-8000-000000000000"));
        is_refused(show(&app, &unknown).await, "token_revoked", "an unknown session");
        is_refused(show(&app, &ann.claim("sid", bob.claims["sid"].clone())).await, "token_revoked", "another's session");
        let promoted = ann.claim("role", json!("admin"));
        let promoted = app.app_client().with_bearer(&promoted);
        assert_eq!(promoted.get(PROFILE).await.is(200).json()["user"]["role"], "user");
        promoted.get("/api/v1/admin/users").await.refused(403, "forbidden");
    }

    /// What an operator does beside the server holds within a second.
    async fn an_operators_hand(app) {
        let id = UserId(app.register("ann").await);
        let address: durward_proto::Email = email("ann").parse().unwrap();
        assert_eq!(app.operator.find(&address).await.unwrap().unwrap().id, id);
        let (ann, token) = app.bearer("ann").await;
        ann.get("/api/v1/admin/users").await.refused(403, "forbidden");
        app.operator.set_role(id, &Role::admin()).await.unwrap();
        within_a_second(async || ann.get("/api/v1/admin/users").await.status == 200).await;
        assert_eq!(ann.get(PROFILE).await.is(200).json()["user"]["role"], "admin");
        app.operator.set_role(id, &Role::user()).await.unwrap();
        within_a_second(async || ann.get("/api/v1/admin/users").await.status == 403).await;
        ann.get(PROFILE).await.is(200);

        for status in [AccountStatus::Suspended, AccountStatus::Deactivated, AccountStatus::Pending] {
            let (client, _) = app.bearer("ann").await;
            client.get(PROFILE).await.is(200);
            app.operator.set_status(id, status).await.unwrap();
            within_a_second(async || client.get(PROFILE).await.status == 401).await;
            is_refused(client.get(PROFILE).await, "account_inactive", status.as_str());
            assert_eq!(client.get("/api/v1/auth/status").await.is(200).json()["authenticated"], false);
            // The sessions of before stay ended.
            app.operator.set_status(id, AccountStatus::Active).await.unwrap();
            within_a_second(async || client.get(PROFILE).await.json()["code"] == "token_revoked").await;
        }
        let refresh = json!({ "refresh_token": token });
        app.app_client().post("/api/v1/auth/refresh", refresh).await.refused(401, "token_revoked");

        let (client, _) = app.bearer("ann").await;
        client.get(PROFILE).await.is(200);
        assert_eq!(app.operator.revoke_sessions(id).await.unwrap(), 1);
        within_a_second(async || client.get(PROFILE).await.status == 401).await;
        is_refused(client.get(PROFILE).await, "token_revoked", "revoked by an operator");
        let (client, _) = app.bearer("ann").await;
        client.get(PROFILE).await.is(200);
        app.operator.delete(id).await.unwrap();
        within_a_second(async || client.get(PROFILE).await.status == 401).await;
        app.register("ann").await;
        client.get(PROFILE).await.is(401);
    }

    /// Where it cannot be found out whether a token holds, it is not refused: 503.
    async fn a_database_that_is_away(app) {
        app.register("ann").await;
        let forge = Forge::of(&app, "ann").await;
        app.database.sql("ALTER TABLE user_sessions RENAME TO elsewhere").await;
        let answer = show(&app, &forge.good()).await.refused(503, "verification_unavailable");
        assert!(answer.header("retry-after").is_some() && answer.header("www-authenticate").is_none());
        // What needs no database is refused as ever.
        is_refused(show(&app, &forge.claim("exp", json!(1))).await, "token_expired", "expired");
        app.database.sql("ALTER TABLE elsewhere RENAME TO user_sessions").await;
        show(&app, &forge.good()).await.is(200);
    }

    /// The public keys: none where tokens are signed with a shared secret.
    async fn the_key_set(app) {
        let answer = app.app_client().get("/.well-known/jwks.json").await.is(200);
        assert_eq!(answer.json(), json!({ "keys": [] }));
    }
}

/// What one node ends, another one knows within a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_reaches_the_other_node() {
    let app = App::start(Backend::Postgres).await;
    let node = app.beside().await;
    app.register("ann").await;
    let (here, _) = app.bearer("ann").await;
    let there = here.copy().at(node.address);
    there.get(PROFILE).await.is(200);
    here.post_empty("/api/v1/auth/logout").await.is(204);
    here.get(PROFILE).await.refused(401, "token_revoked");
    within_a_second(async || there.get(PROFILE).await.status == 401).await;
    there.get(PROFILE).await.refused(401, "token_revoked");
    // A change of password there, too.
    let (here, _) = app.bearer("ann").await;
    let other = app.login("ann").await.at(node.address);
    other.get(PROFILE).await.is(200);
    let body = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
    here.post("/api/v1/password/change", body).await.is(204);
    within_a_second(async || other.get(PROFILE).await.status == 401).await;
}

#[track_caller]
fn within_a_second(holds: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let asked = std::panic::Location::caller();
    async move { wait_until(holds).await.unwrap_or_else(|_| panic!("{asked}: not within a second")) }
}

async fn wait_until(holds: impl AsyncFn() -> bool) -> Result<(), tokio::time::error::Elapsed> {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), wait).await
}
