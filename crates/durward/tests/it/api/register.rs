//! `POST /api/v1/auth/register`.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::kit::{App, PASSWORD, on_both};

const REGISTER: &str = "/api/v1/auth/register";

fn form(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

/// The pointers of a 422's errors.
fn pointers(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["detail"].as_str().is_some_and(|detail| !detail.is_empty())));
    errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

async fn users(app: &App) -> i64 {
    app.database.count("SELECT COUNT(*) FROM users").await
}

on_both! {
    /// The account that was opened comes back whole, and nobody is logged in by it.
    async fn it_opens_an_account(app) {
        let visitor = app.visitor();
        let body = json!({ "email": " Ann.Lee@Example.com ", "password": PASSWORD, "full_name": " Ann Lee " });
        let answer = visitor.post(REGISTER, body).await.is(201);
        assert!(answer.set_cookies().is_empty());
        let body = answer.json();
        let mut members: Vec<_> = body["user"].as_object().unwrap().keys().cloned().collect();
        members.sort();
        let expected =
            ["created_at", "email", "email_verified", "full_name", "id", "role", "status", "tfa_enabled", "updated_at"];
        assert_eq!(members, expected);
        assert_eq!(body.as_object().unwrap().len(), 1);
        let user = &body["user"];
        assert!(user["id"].is_i64());
        assert_eq!((&user["email"], &user["full_name"]), (&json!("Ann.Lee@Example.com"), &json!("Ann Lee")));
        assert_eq!((&user["role"], &user["status"]), (&json!("user"), &json!("active")));
        assert_eq!((&user["email_verified"], &user["tfa_enabled"]), (&json!(false), &json!(false)));
        assert!(user["created_at"].as_str().unwrap().ends_with('Z'));
        visitor.get("/api/v1/profile").await.refused(401, "token_missing");
    }

    /// Spelling, case and space make no other address of one.
    async fn an_address_is_taken_in_every_spelling(app) {
        app.register("ann").await;
        for spelling in
            ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@Example.com", "  ann@example.com\t", "\nann@example.com\r\n"]
        {
            app.visitor().post(REGISTER, form(spelling)).await.refused(409, "email_taken");
        }
        assert_eq!(users(&app).await, 1);
        // What only looks alike is another one.
        app.visitor().post(REGISTER, form("ann+x@example.com")).await.is(201);
        app.visitor().post(REGISTER, form("a.nn@example.com")).await.is(201);
    }

    /// Of 64 at the same moment one gets the address.
    async fn of_64_at_once_one_wins(app) {
        let barrier = Arc::new(Barrier::new(64));
        let tasks: Vec<_> = (0..64)
            .map(|number| {
                let (barrier, visitor) = (barrier.clone(), app.visitor());
                let email = if number % 2 == 0 { "ann@example.com" } else { "Ann@Example.COM" };
                tokio::spawn(async move {
                    barrier.wait().await;
                    visitor.post(REGISTER, form(email)).await
                })
            })
            .collect();
        let mut opened = 0;
        for task in tasks {
            let answer = task.await.unwrap();
            if answer.status == 201 {
                opened += 1;
            } else {
                answer.refused(409, "email_taken");
            }
        }
        assert_eq!((opened, users(&app).await), (1, 1));
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'registered'").await, 1);
        app.login("ann").await;
    }

    /// What is missing, of another type, or not an address is named.
    async fn a_refusal_points_at_the_member(app) {
        let long_name = "n".repeat(201);
        let long_email =
            format!("{}@{}.example", "a".repeat(64), ["b".repeat(60), "c".repeat(60), "d".repeat(60)].join("."));
        assert_eq!(long_email.len(), 64 + 1 + 182 + 8);
        let table = [
            (json!({ "password": PASSWORD }), "/email"),
            (json!({ "email": "ann@example.com" }), "/password"),
            (json!({ "email": 7, "password": PASSWORD }), "/email"),
            (json!({ "email": null, "password": PASSWORD }), "/email"),
            (json!({ "email": "ann@example.com", "password": ["x"] }), "/password"),
            (form("ann"), "/email"),
            (form("ann@"), "/email"),
            (form("@example.com"), "/email"),
            (form("ann@example..com"), "/email"),
            (form("ann lee@example.com"), "/email"),
            (form("ann@example.com, bob@example.com"), "/email"),
            (form("ann@exa\u{0}mple.com"), "/email"),
            (form("Ann <ann@example.com>"), "/email"),
            (form(&long_email), "/email"),
            (json!({ "email": "ann@example.com", "password": PASSWORD, "full_name": 5 }), "/full_name"),
            (json!({ "email": "ann@example.com", "password": PASSWORD, "full_name": long_name }), "/full_name"),
            (json!({ "email": "ann@example.com", "password": PASSWORD, "full_name": "a\nb" }), "/full_name"),
            (json!({ "email": "ann@example.com", "password": PASSWORD, "full_name": "a\u{0}b" }), "/full_name"),
        ];
        for (body, pointer) in table {
            let problem = app.visitor().post(REGISTER, body.clone()).await.refused(422, "validation_failed").json();
            assert_eq!(pointers(&problem), [pointer], "{body}");
        }
        assert_eq!(users(&app).await, 0);
        app.visitor().post(REGISTER, form(&long_email[1..])).await.is(201);
    }

    /// Nobody gives themself a role, a status or an id.
    async fn no_other_member_is_taken(app) {
        for name in ["role", "status", "id", "email_verified", "tfa_enabled", "is_admin", "password_hash", "Email"] {
            let mut body = form("ann@example.com");
            body[name] = json!("admin");
            let problem = app.visitor().post(REGISTER, body).await.refused(422, "validation_failed").json();
            assert_eq!(pointers(&problem), [format!("/{name}")]);
        }
        let twice = r#"{"email":"ann@example.com","email":"bob@example.com","password":"tangerine sunrise over Oslo"}"#;
        let json = [("content-type", "application/json")];
        let answer = app.visitor().send(http::Method::POST, REGISTER, &json, twice.into()).await;
        answer.refused(422, "validation_failed");
        assert_eq!(users(&app).await, 0);
    }

    /// Short, long, common and personal ones are weak, and the answer does not repeat them.
    async fn weak_passwords_are_refused(app) {
        let too_long = "x9 q".repeat(256) + "!";
        assert_eq!(too_long.len(), 1_025);
        // 8 bytes as they are typed, 7 after NFKC; 1,005 as they are typed, more than 1,024 after.
        let shrinks = "\u{fb01}xk8qv";
        let grows = format!("{}{}", "kx9 ".repeat(225), "\u{fdfa}".repeat(35));
        assert_eq!((shrinks.len(), grows.len()), (8, 1_005));
        let weak = [
            "",
            "xk8qv2!",
            "password",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "Password1",
            "aaaaaaaaaaaa",
            "ann.lee@example.com",
            "Ann Lee1",
            &too_long,
            shrinks,
            &grows,
        ];
        for password in weak {
            let body = json!({ "email": "ann.lee@example.com", "password": password, "full_name": "Ann Lee" });
            let answer = app.visitor().post(REGISTER, body).await;
            assert_eq!(answer.status, 422, "{password}");
            let answer = answer.refused(422, "weak_password");
            assert_eq!(pointers(&answer.json()), ["/password"], "{password}");
            let common_word = ["", "password"].contains(&password);
            assert!(common_word || !answer.text().contains(password), "{}", answer.text());
        }
        assert_eq!(users(&app).await, 0);
    }

    /// 8 to 1,024 bytes after NFKC, any character, kept whole.
    async fn passwords_are_kept_whole(app) {
        let mut most: String = (1..200).map(|number: u64| format!("{:x}-", number.pow(5))).collect();
        most.truncate(1_024);
        // The same in full-width letters, of three bytes each: NFKC makes one of them.
        let wide: String = most.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
        let passwords = [
            "xkq8vz2m",
            "  spaces at both ends  ",
            "tab\tand\u{0}nul and\nline",
            "пароль-из-семи-слов",
            "🦊 climbs 🌵 with 🎻",
            "\u{fb01}\u{fb02}xk8q",
            &most,
            &wide,
        ];
        for (number, password) in passwords.iter().enumerate() {
            let email = format!("user{number}@example.com");
            app.visitor().post(REGISTER, json!({ "email": email, "password": password })).await.is(201);
            let login = async |password: &str| {
                app.visitor().post("/api/v1/auth/login", json!({ "email": email, "password": password })).await
            };
            login(password).await.is(200);
            login(password.trim()).await.is(if password.trim() == *password { 200 } else { 401 });
            login(&format!("{password}x")).await.refused(401, "invalid_credentials");
            let mut shorter = (*password).to_owned();
            shorter.pop();
            login(&shorter).await.refused(401, "invalid_credentials");
        }
    }

    /// What two keyboards send for one text is one password (NFKC).
    async fn spellings_of_one_password_are_one(app) {
        let (decomposed, composed, wide) =
            ("cafe\u{301} on the \u{fb01}eld", "caf\u{e9} on the field", "\u{ff43}af\u{e9} on the field");
        app.visitor().post(REGISTER, json!({ "email": "ann@example.com", "password": decomposed })).await.is(201);
        for password in [decomposed, composed, wide] {
            let body = json!({ "email": "ann@example.com", "password": password });
            app.visitor().post("/api/v1/auth/login", body).await.is(200);
        }
        let other = json!({ "email": "ann@example.com", "password": "cafe on the field" });
        app.visitor().post("/api/v1/auth/login", other).await.refused(401, "invalid_credentials");
    }

    /// A name may be missing or blank; 200 characters of any script are the most.
    async fn names(app) {
        let longest = "Ü".repeat(200);
        let table = [
            (json!(null), json!(null)),
            (json!(""), json!(null)),
            (json!("   "), json!(null)),
            (json!("Søren Kierkegård 雪"), json!("Søren Kierkegård 雪")),
            (json!("<b>O'Neil; DROP TABLE users --</b>"), json!("<b>O'Neil; DROP TABLE users --</b>")),
            (json!(longest), json!(longest)),
        ];
        for (number, (given, kept)) in table.into_iter().enumerate() {
            let body = json!({ "email": format!("u{number}@example.com"), "password": PASSWORD, "full_name": given });
            assert_eq!(app.visitor().post(REGISTER, body).await.is(201).json()["user"]["full_name"], kept);
        }
    }

    /// The body is JSON and nothing else.
    async fn it_takes_json_alone(app) {
        let form = [("email", "ann@example.com"), ("password", PASSWORD)];
        app.visitor().post_form(REGISTER, &form).await.refused(415, "unsupported_media_type");
        let json = [("content-type", "application/json")];
        for text in ["", "{", "nonsense", "{\"email\":\"a@b.example\"", "\u{feff}{}"] {
            let answer = app.visitor().send(http::Method::POST, REGISTER, &json, text.to_owned().into()).await;
            answer.refused(400, "bad_body");
        }
        for text in ["[]", "5", "null", "\"x\""] {
            let answer = app.visitor().send(http::Method::POST, REGISTER, &json, text.to_owned().into()).await;
            answer.refused(422, "validation_failed");
        }
    }
}

mod closed {
    use super::*;

    on_both! {
        with &[("DURWARD_REGISTRATION__OPEN", "false")];

        /// Where registration is closed, nobody learns who has an account.
        async fn nobody_registers(app) {
            app.visitor().post(REGISTER, form("ann@example.com")).await.refused(403, "registration_closed");
            assert_eq!(users(&app).await, 0);
        }
    }
}

mod approved {
    use super::*;

    on_both! {
        with &[("DURWARD_REGISTRATION__APPROVE", "true")];

        /// An account that waits for its approval cannot be used until an operator activates it.
        async fn it_waits(app) {
            let user = app.visitor().post(REGISTER, form("ann@example.com")).await.is(201).json();
            assert_eq!(user["user"]["status"], "pending");
            app.visitor().post("/api/v1/auth/login", form("ann@example.com")).await.refused(403, "account_pending");
            let id = durward_proto::UserId(user["user"]["id"].as_i64().unwrap());
            app.operator.set_status(id, durward_proto::AccountStatus::Active).await.unwrap();
            app.login("ann").await;
        }
    }
}
