//! The whole path, with what goes wrong on it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use durward_core::factors::totp::TotpSecret;
use durward_proto::{Clock, SystemClock};
use http::Method;
use serde_json::json;

use super::needles::Needles;
use super::witness::Witness;
use crate::kit::{Actor, Answer, Process, Site, raw};

const CHAT: &str = "/api/v1/ws/chat";

pub(super) struct Walk<'a> {
    site: &'a Site,
    pub(super) needles: Needles,
    pub(super) witness: Witness,
}

impl<'a> Walk<'a> {
    pub(super) fn new(site: &'a Site, needles: Needles) -> Self {
        Self { site, needles, witness: Witness::default() }
    }

    /// A password that is looked for.
    fn password(&mut self, name: &str) -> String {
        let password = format!("canary {name} gm7Wq2 tangerine sunrise");
        self.needles.secret(&password);
        password
    }

    async fn command(&mut self, args: &[&str], stdin: &str) {
        let output = self.site.run_with_input(args, stdin).await;
        self.witness.printed(&args.join(" "), output.stdout + &output.stderr);
    }

    /// What an operator does before the first start.
    pub(super) async fn commands_before(&mut self) {
        for args in [
            &["config", "show"][..],
            &["config", "show", "--json"],
            &["config", "check"],
            &["config", "check", "--json"],
            &["doctor"],
            &["migrate", "--check"],
            &["migrate"],
            &["doctor", "--json"],
        ] {
            self.command(args, "").await;
        }
        let password = self.password("of the operator's admin");
        let create = ["user", "create", "root@example.com", "--role", "admin", "--password-stdin"];
        self.command(&create, &format!("{password}\n")).await;
        self.command(&create, &password).await;
        self.command(&["user", "create", "canary", "--password-stdin"], &password).await;
    }

    /// What an operator does while the server runs.
    pub(super) async fn commands_beside(&mut self) {
        let password = self.password("that an operator sets");
        let weak = "canarycanarycanary";
        self.needles.secret(weak);
        self.command(&["user", "set-password", "root@example.com", "--password-stdin"], &password).await;
        self.command(&["user", "set-password", "root@example.com", "--password-stdin"], weak).await;
        self.command(&["user", "set-password", "nobody@example.com", "--password-stdin"], &password).await;
        for args in
            [&["user", "list"][..], &["user", "show", "ann@example.com"], &["doctor", "--json"], &["config", "show"]]
        {
            self.command(args, "").await;
        }
    }

    /// What people do, and what goes wrong.
    pub(super) async fn along(&mut self, process: &Process) {
        self.strangers(process).await;
        let ann = self.account(process).await;
        self.session(&ann).await;
        self.sockets(process, &ann).await;
        self.reuse(process).await;
        self.second_factors(process).await;
        self.bad_tokens(process, &ann).await;
        self.malformed(process, &ann).await;
        self.ends(process, &ann).await;
        self.operators_pages(process).await;
    }

    async fn strangers(&mut self, process: &Process) {
        let visitor = process.visitor();
        let answer = visitor.get("/api/v1/auth/csrf-token").await.is(200);
        self.witness.issue(answer, &mut self.needles);
        for path in ["/", "/docs", "/api/v1/openapi.json", "/.well-known/jwks.json", "/health", "/api/v1/auth/status"] {
            self.witness.answer(visitor.get(path).await);
        }
        // Wrong passwords, in both forms, for nobody; and a password where the address belongs.
        let wrong = self.password("that is wrong");
        let login = json!({ "email": "nobody@example.com", "password": wrong });
        self.witness.answer(visitor.post("/api/v1/auth/login", login).await.is(401));
        let form = [("username", "nobody@example.com"), ("password", wrong.as_str())];
        self.witness.answer(visitor.post_form("/api/v1/auth/jwt/login", &form).await.is(401));
        for address in [wrong.clone(), format!("{wrong}@"), format!("nobody {wrong}@example.com")] {
            let swapped = [("username", address.as_str()), ("password", "nobody@example.com")];
            self.witness.answer(visitor.post_form("/api/v1/auth/jwt/login", &swapped).await);
            self.witness.answer(visitor.post("/api/v1/auth/login", json!({ "email": address, "password": "x" })).await);
            let register = json!({ "email": address, "password": wrong });
            self.witness.answer(visitor.post("/api/v1/auth/register", register.clone()).await);
            self.witness.answer(visitor.post("/api/v1/password/strength", register).await.is(200));
        }
    }

    /// Registers Ann, with mistakes, and logs her in.
    async fn account(&mut self, process: &Process) -> Actor {
        let ann = process.visitor();
        let password = self.password("of Ann");
        let weak = "canary1canary1canary1";
        self.needles.secret(weak);
        let mistakes = [
            json!({ "email": "ann@example.com", "password": weak }),
            json!({ "email": "ann@example.com", "password": password, "role": "admin" }),
            json!({ "email": "ann@example.com", "password": [password] }),
            json!({ "email": { "address": password }, "password": password }),
            json!({ "email": "ann@example.com", "password": password, &password: 1 }),
        ];
        for mistake in mistakes {
            let answer = ann.post("/api/v1/auth/register", mistake).await.is(422);
            // A member that is not known is named, and this one is a password.
            if !answer.text().contains(&format!("/{password}")) {
                self.witness.answer(answer);
            }
        }
        let register = || json!({ "email": "ann@example.com", "password": password, "full_name": "Ann" });
        self.witness.answer(ann.post("/api/v1/auth/register", register()).await.is(201));
        self.witness.answer(ann.post("/api/v1/auth/register", register()).await.is(409));
        let wrong = self.password("that Ann mistypes");
        let login = json!({ "email": "ann@example.com", "password": wrong });
        self.witness.answer(ann.post("/api/v1/auth/login", login).await.is(401));
        let form = [("username", "ann@example.com"), ("password", wrong.as_str())];
        self.witness.answer(ann.post_form("/api/v1/auth/jwt/login", &form).await.is(401));
        let form =
            [("username", "ann@example.com"), ("password", password.as_str()), ("client_secret", wrong.as_str())];
        self.witness.issue(ann.post_form("/api/v1/auth/jwt/login", &form).await.is(200), &mut self.needles);
        let form = [("username", "ann@example.com"), ("password", password.as_str())];
        self.witness.issue(ann.post_form("/api/v1/auth/jwt/login", &form).await.is(200), &mut self.needles);
        let login = json!({ "email": "ann@example.com", "password": password });
        self.witness.issue(ann.post("/api/v1/auth/login", login).await.is(200), &mut self.needles);
        ann
    }

    async fn session(&mut self, ann: &Actor) {
        self.witness.issue(ann.get("/api/v1/auth/csrf-token").await.is(200), &mut self.needles);
        self.witness.issue(ann.post_empty("/api/v1/auth/refresh").await.is(200), &mut self.needles);
        for path in
            ["/api/v1/profile", "/api/v1/profile/debug", "/api/v1/settings", "/api/v1/sessions", "/api/v1/auth/status"]
        {
            self.witness.answer(ann.get(path).await.is(200));
        }
        self.witness.answer(ann.get("/api/v1/account/export").await.is(200));
        self.witness.answer(ann.put("/api/v1/settings", json!({ "theme": "light" })).await.is(200));
        self.witness.answer(ann.put("/api/v1/profile", json!({ "mission_statement": "sing" })).await.is(200));
        // CSRF tokens that are missing, mangled, or of another session.
        self.witness.answer(ann.copy().without_csrf().put("/api/v1/settings", json!({})).await.is(403));
        let other = ann.cookie("csrf_token").unwrap().replace(':', ";");
        self.witness.answer(ann.copy().with("x-csrf-token", &other).put("/api/v1/settings", json!({})).await.is(403));
        let foreign = ann.copy().with("origin", "https://evil.example");
        self.witness.answer(foreign.put("/api/v1/settings", json!({})).await.is(403));
    }

    async fn sockets(&mut self, process: &Process, ann: &Actor) {
        let token = ann.cookie("access_token").unwrap();
        let mut tickets = Vec::new();
        for _ in 0..2 {
            let answer = ann.post_empty("/api/v1/ws/ticket").await.is(200);
            let answer = self.witness.issue(answer, &mut self.needles);
            tickets.push(answer.json()["ticket"].as_str().unwrap().to_owned());
        }
        let visitor = || process.visitor();
        let ways = [
            (ann.copy(), CHAT.to_owned()),
            (visitor().with_bearer(&token), CHAT.to_owned()),
            (visitor().with("sec-websocket-protocol", &format!("bearer, {token}")), CHAT.to_owned()),
            (visitor(), format!("{CHAT}?token={token}")),
            (visitor(), format!("{CHAT}?ticket={}", tickets[0])),
        ];
        for (actor, path) in ways {
            let mut socket = actor.socket(&path).await;
            socket.expect("ready").await;
            socket.send(json!({ "type": "auth", "token": token })).await;
            socket.expect("auth.renewed").await;
            for wrong in [format!("{token}x"), format!("x.{token}"), tickets[1].clone()] {
                socket.send(json!({ "type": "auth", "token": wrong })).await;
                let error = socket.expect("error").await;
                self.needles.absent("an error on a socket", error.to_string().as_bytes());
            }
            socket.send(json!({ "type": "auth", "token": [token], "more": token })).await;
            let error = socket.expect("error").await;
            self.needles.absent("an error on a socket", error.to_string().as_bytes());
            socket.send(json!({ "type": "message", "content": "hello there" })).await;
            while socket.next().await["type"] != "message.done" {}
            socket.close().await;
        }
        // Used up, of another origin, mangled; and no WebSocket at all.
        let bad = [
            format!("{CHAT}?ticket={}", tickets[0]),
            format!("{CHAT}?token={token}x"),
            format!("{CHAT}?token=x&token={token}"),
        ];
        for path in bad {
            let (_, reason) = visitor().socket(&path).await.closed().await;
            self.needles.absent("a close", reason.as_bytes());
        }
        self.witness.answer(visitor().get(&format!("{CHAT}?ticket={}", tickets[1])).await);
        let foreign = visitor().with("origin", "https://evil.example");
        self.witness.answer(foreign.get(&format!("{CHAT}?token={token}")).await);
    }

    /// An app whose refresh token is stolen.
    async fn reuse(&mut self, process: &Process) {
        let password = self.password("of Bob");
        let client = process.app_client();
        let register = json!({ "email": "bob@example.com", "password": password });
        self.witness.answer(client.post("/api/v1/auth/register", register).await.is(201));
        let login = json!({ "email": "bob@example.com", "password": password, "transport": "bearer" });
        let login =
            self.witness.issue(client.post("/api/v1/auth/login", login).await.is(200), &mut self.needles).json();
        let first = login["refresh_token"].clone();
        let mut token = first.clone();
        for _ in 0..2 {
            let answer = client.post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await.is(200);
            token = self.witness.issue(answer, &mut self.needles).json()["refresh_token"].clone();
        }
        let reused = || json!({ "refresh_token": first });
        self.witness.answer(client.post("/api/v1/auth/refresh", reused()).await.refused(401, "refresh_reused"));
        self.witness.answer(client.post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await.is(401));
        let mangled = format!("{}x", first.as_str().unwrap());
        self.witness.answer(client.post("/api/v1/auth/refresh", json!({ "refresh_token": mangled })).await.is(401));
        self.witness.answer(client.post("/api/v1/auth/refresh", json!({ "refresh_token": [first] })).await.is(422));
    }

    /// A second factor, set up and shown, with mistakes.
    async fn second_factors(&mut self, process: &Process) {
        let password = self.password("of Cleo");
        let (cleo, login_path, verify) = (process.visitor(), "/api/v1/auth/login", "/api/v1/auth/2fa/verify");
        let register = json!({ "email": "cleo@example.com", "password": password });
        self.witness.answer(cleo.post("/api/v1/auth/register", register).await.is(201));
        let login = json!({ "email": "cleo@example.com", "password": password });
        self.witness.issue(cleo.post(login_path, login.clone()).await.is(200), &mut self.needles);
        let setup = cleo.post_empty("/api/v1/2fa/totp/setup").await.is(200);
        let setup = self.witness.issue(setup, &mut self.needles).json();
        let phone = TotpSecret::from_base32(setup["secret"].as_str().unwrap()).unwrap();
        // The next step's code holds already, so that nobody has to wait for it.
        let code = |ahead: u64| {
            let at = SystemClock::new().now().plus(Duration::from_secs(30 * ahead));
            phone.code_at(at).expose().to_owned()
        };
        let secret = setup["secret"].clone();
        for wrong in [
            json!({ "code": "000000" }),
            json!({ "code": secret }),
            json!({ "code": [secret] }),
            json!({ "secret": secret }),
        ] {
            self.witness.answer(cleo.post("/api/v1/2fa/totp/enable", wrong).await);
        }
        let enabled = cleo.post("/api/v1/2fa/totp/enable", json!({ "code": code(0) })).await.is(200);
        let codes = self.witness.issue(enabled, &mut self.needles).json()["backup_codes"].clone();

        let client = process.app_client();
        let bearer = json!({ "email": "cleo@example.com", "password": password, "transport": "bearer" });
        let asked = self.witness.issue(client.post(login_path, bearer).await.is(200), &mut self.needles).json();
        let token = &asked["challenge_token"];
        for wrong in [
            json!({ "challenge_token": token, "method": "totp", "code": "000000" }),
            json!({ "challenge_token": token, "method": "totp", "code": codes[0] }),
            json!({ "challenge_token": token, "method": "passkey", "code": codes[0] }),
            json!({ "challenge_token": codes[0], "method": "totp", "code": token }),
            json!({ "challenge_token": [token], "method": token }),
        ] {
            self.witness.answer(client.post(verify, wrong).await);
        }
        self.witness.answer(client.copy().with_bearer(token.as_str().unwrap()).get("/api/v1/profile").await.is(401));
        let right = json!({ "challenge_token": token, "method": "totp", "code": code(1), "trust_device": true });
        let opened = self.witness.issue(client.post(verify, right).await.is(200), &mut self.needles).json();
        let mut trusted = login.clone();
        trusted["device_token"] = opened["device_token"].clone();
        self.witness.issue(client.post(login_path, trusted.clone()).await.is(200), &mut self.needles);
        trusted["device_token"] = json!([opened["device_token"]]);
        self.witness.answer(client.post(login_path, trusted).await.is(422));

        let browser = process.visitor();
        let asked = self.witness.issue(browser.post(login_path, login).await.is(200), &mut self.needles).json();
        let token = &asked["challenge_token"];
        let right =
            json!({ "challenge_token": token, "method": "backup_code", "code": codes[1], "trust_device": true });
        self.witness.issue(browser.post(verify, right).await.is(200), &mut self.needles);
        for again in [json!({ "password": "not the password" }), json!({ "method": "totp", "code": codes[2] })] {
            self.witness.answer(browser.post("/api/v1/auth/reauthenticate", again).await.is(401));
        }
        let again = json!({ "password": password });
        self.witness.issue(browser.post("/api/v1/auth/reauthenticate", again).await.is(200), &mut self.needles);
        self.witness.issue(browser.post_empty("/api/v1/2fa/backup-codes").await.is(200), &mut self.needles);
        self.witness.answer(browser.get("/api/v1/2fa").await.is(200));
    }

    async fn bad_tokens(&mut self, process: &Process, ann: &Actor) {
        let token = ann.cookie("access_token").unwrap();
        let refresh = ann.cookie("refresh_token").unwrap();
        let wrong = self.password("in Basic");
        let basic = STANDARD.encode(format!("ann@example.com:{wrong}"));
        let values = [
            format!("Bearer {token}x"),
            format!("Bearer x{token}"),
            format!("Bearer {token} {token}"),
            token.clone(),
            format!("Basic {basic}"),
            format!("Bearer {refresh}"),
            format!("Digest {refresh}"),
            format!("Bearer {wrong}"),
        ];
        for value in values {
            for path in ["/api/v1/profile", "/api/v1/profile/debug", "/api/v1/diagnostics"] {
                self.witness.answer(process.app_client().with("authorization", &value).get(path).await.is(401));
            }
            self.witness
                .answer(process.app_client().with("authorization", &value).get("/api/v1/auth/status").await.is(200));
        }
        let twice = process.app_client().with_bearer(&token).with_another("authorization", &format!("Bearer {token}"));
        self.witness.answer(twice.get("/api/v1/profile").await.is(400));
        let cookie = process.visitor();
        cookie.set_cookie("access_token", &format!("{token}\u{7f}"));
        for path in [
            format!("/api/v1/profile?token={token}"),
            format!("/api/v1/{token}"),
            format!("/api/v1/sessions/{refresh}"),
            format!("/api/v1/sessions?cursor={token}"),
            format!("/api/v1/sessions?{token}"),
            format!("/{refresh}?{refresh}={refresh}"),
        ] {
            let answer = ann.get(&path).await;
            // A member that is not known is named, and this one is a token.
            if answer.status != 422 {
                self.witness.answer(strip(answer));
            }
        }
    }

    async fn malformed(&mut self, process: &Process, ann: &Actor) {
        let token = ann.cookie("access_token").unwrap();
        let password = self.password("in a broken body");
        let bodies = [
            format!("{{\"email\":\"ann@example.com\",\"password\":\"{password}\""),
            format!("{{\"email\":\"ann@example.com\",\"password\":\"{password}\"}} {password}"),
            format!("{{\"email\":\"ann@example.com\",\"password\":{{\"{password}\":1}}}}"),
            format!("{{\"email\":\"ann@example.com\",\"password\":\"{password}\",\"transport\":\"{password}\"}}"),
            format!("{{\"email\":\"ann@example.com\",\"password\":\"{password}\\u0000\\ud800\"}}"),
            format!("\"{password}\""),
            format!("username=ann%40example.com&password={password}%"),
            password.clone(),
        ];
        for body in bodies {
            for kind in ["application/json", "application/x-www-form-urlencoded", "text/plain"] {
                for path in [
                    "/api/v1/auth/login",
                    "/api/v1/auth/register",
                    "/api/v1/password/change",
                    "/api/v1/password/strength",
                ] {
                    let body = Bytes::from(body.clone());
                    let answer = ann.send(Method::POST, path, &[("content-type", kind)], body).await;
                    if answer.status != 422 || !answer.text().contains(&format!("/{password}")) {
                        self.witness.answer(answer);
                    }
                }
            }
        }
        let heads = [
            format!("GET /api/v1/profile?token={token} HTTP/1.1\r\nhost: x\r\nauthorization Bearer {token}\r\n\r\n"),
            format!("GET /api/v1/profile HTTP/1.1\r\nhost: x\r\ncookie: access_token={token}\x01\r\n\r\n"),
            format!("{token} /api/v1/profile HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            format!("POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: {password}\r\n\r\n"),
            format!("POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{password}\r\n"),
            format!("{password}\r\n\r\n"),
        ];
        for head in heads {
            if let Some(answer) = raw::exchange(process.address(), head.as_bytes(), true).await {
                self.witness.answer(answer);
            }
        }
    }

    /// The password is changed, and Ann logs out.
    async fn ends(&mut self, process: &Process, ann: &Actor) {
        let (old, new, wrong) =
            ("canary of Ann gm7Wq2 tangerine sunrise", self.password("that is new"), self.password("that is not hers"));
        let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
        self.witness.answer(ann.post("/api/v1/password/change", change(&wrong, &new)).await.is(401));
        self.witness.answer(ann.post("/api/v1/password/change", change(old, "canary1canary1canary1")).await.is(422));
        self.witness.answer(ann.post("/api/v1/password/change", change(old, &new)).await.is(204));
        let gone = ann.copy();
        self.witness.answer(ann.post_empty("/api/v1/auth/logout").await.is(204));
        self.witness.answer(gone.get("/api/v1/profile").await.is(401));
        self.witness.answer(gone.post_empty("/api/v1/auth/refresh").await);
        self.witness.answer(gone.copy().with("user-agent", "x").post_empty("/api/v1/auth/logout").await.is(204));
        let again = process.visitor();
        let login = json!({ "email": "ann@example.com", "password": new });
        self.witness.issue(again.post("/api/v1/auth/login", login).await.is(200), &mut self.needles);
        self.witness.answer(again.get("/api/v1/account/export").await.is(200));
        self.witness.answer(again.delete_with("/api/v1/account", json!({ "password": wrong })).await.is(401));
        self.witness.answer(again.delete_with("/api/v1/account", json!({ "password": new })).await.is(204));
    }

    async fn operators_pages(&mut self, process: &Process) {
        let root = process.visitor();
        let login = json!({ "email": "root@example.com", "password": "canary of the operator's admin gm7Wq2 tangerine sunrise" });
        self.witness.issue(root.post("/api/v1/auth/login", login).await.is(200), &mut self.needles);
        for path in ["/api/v1/diagnostics", "/api/v1/admin/users", "/api/v1/admin/alerts", "/metrics", "/health/ready"]
        {
            let answer = self.witness.answer(root.get(path).await.is(200));
            assert!(!answer.body.is_empty());
        }
    }
}

/// An answer without the name that the test gives it, which holds what was asked for.
fn strip(mut answer: Answer) -> Answer {
    answer.request = "a path".to_owned();
    answer
}
