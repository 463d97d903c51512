//! `POST /api/v1/password/strength`.

use durward_proto::UserId;
use serde_json::{Value, json};

use crate::kit::{Actor, PASSWORD, on_both};

const STRENGTH: &str = "/api/v1/password/strength";
const REGISTER: &str = "/api/v1/auth/register";

async fn judge(actor: &Actor, body: Value) -> Value {
    actor.post(STRENGTH, body).await.is(200).json()
}

/// Of many ways to guess, some of which take an estimate long.
fn slow() -> String {
    "4@({[<3690!1|7$5+%2zab".repeat(28)
}

on_both! {
    /// What it says is what a registration does.
    async fn it_judges_as_a_registration(app) {
        let visitor = app.visitor();
        let cases = [
            ("", Some("too_short")),
            ("a7$", Some("too_short")),
            ("password", Some("common")),
            ("qwertyuiop", Some("common")),
            ("12345678", Some("common")),
            ("aaaaaaaaaaaa", Some("weak")),
            ("nadia.lindqvist@example.com", Some("weak")),
            ("Nadia Lindqvist", Some("weak")),
            // Four letters of three bytes each, which NFKC makes one byte each.
            ("\u{ff51}\u{ff57}\u{ff45}\u{ff52}", Some("too_short")),
            (&"x9 q".repeat(257), Some("too_long")),
            (&"x9 q".repeat(256), Some("weak")),
            (&"correct horse battery staple ".repeat(40)[..1_024], None),
            ("correct horse battery staple", None),
            ("пароль-из-семи-слов", None),
            (PASSWORD, None),
        ];
        for (number, (password, code)) in cases.into_iter().enumerate() {
            let about = json!({ "password": password, "email": "nadia.lindqvist@example.com", "full_name": "Nadia Lindqvist" });
            let answer = judge(&visitor, about).await;
            assert_eq!((&answer["acceptable"], answer.get("code")), (&json!(code.is_none()), code.map(Value::from).as_ref()), "{password}");
            assert_eq!(answer["minimum_score"], 2);
            let score = answer["score"].as_u64().unwrap();
            assert!(score <= 4 && (code.is_some() || score >= 2), "{password}: {answer}");
            // The same person again and again, as somebody whom nobody knows yet.
            let form = json!({ "password": password, "email": "nadia.lindqvist@example.com", "full_name": "Nadia Lindqvist" });
            let registered = visitor.post(REGISTER, form).await;
            match code {
                Some(_) => drop(registered.refused(422, "weak_password")),
                None => {
                    let id = registered.is(201).json()["user"]["id"].as_i64().unwrap();
                    app.operator.delete(UserId(id)).await.unwrap_or_else(|fault| panic!("{number}: {fault:?}"));
                }
            }
        }
    }

    /// A password is easier to guess of somebody about whom it is, also while they type.
    async fn it_knows_whom_it_is_for(app) {
        let visitor = app.visitor();
        let score = async |body| judge(&visitor, body).await["score"].as_u64().unwrap();
        let password = "zwetschkenroster";
        let nobody = score(json!({ "password": password })).await;
        for about in [
            json!({ "password": password, "email": "Zwetschkenroster" }),
            json!({ "password": password, "full_name": " Zwetschkenroster " }),
        ] {
            assert!(score(about).await < nobody, "{nobody}");
        }
        assert_eq!(score(json!({ "password": password, "email": "", "full_name": null })).await, nobody);
    }

    /// Nobody needs to be anybody, nothing is written down of it, and nobody's tries are used up.
    async fn it_leaves_nothing_behind(app) {
        let ann = app.user("ann").await;
        app.visitor().with_bearer("nonsense").post(STRENGTH, json!({ "password": PASSWORD })).await.is(200);
        let written = async || {
            let rows = |table: &str| format!("SELECT COUNT(*) FROM {table}");
            let (trail, attempts) = (app.database.count(&rows("security_audit")).await, app.database.count(&rows("device_login_attempts")).await);
            (trail, attempts, app.database.count(&rows("guess_budgets")).await)
        };
        let before = written().await;
        for actor in [app.visitor(), app.app_client(), ann.copy().without_csrf()] {
            for _ in 0..20 {
                let answer = actor.post(STRENGTH, json!({ "password": "tangerine", "email": "ann@example.com" })).await.is(200);
                assert!(answer.set_cookies().is_empty() && !answer.text().contains("tangerine"), "{}", answer.text());
                assert_eq!(answer.header("cache-control"), Some("no-store"));
            }
        }
        assert_eq!(written().await, before);
        app.login("ann").await;
    }

    /// What is missing, not known or too much is named.
    async fn bad_questions(app) {
        let visitor = app.visitor();
        let long = |letters: usize| "é".repeat(letters);
        for (body, pointer) in [
            (json!({}), "/password"),
            (json!({ "password": 7 }), "/password"),
            (json!({ "password": null }), "/password"),
            (json!({ "password": "x", "token": "y" }), "/token"),
            (json!({ "password": "x", "email": long(128) }), "/email"),
            (json!({ "password": "x", "full_name": long(201) }), "/full_name"),
            (json!({ "password": "x", "full_name": ["y"] }), "/full_name"),
        ] {
            let problem = visitor.post(STRENGTH, body.clone()).await.refused(422, "validation_failed").json();
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        }
        judge(&visitor, json!({ "password": "x\u{0}y", "email": long(127), "full_name": long(200) })).await;
        assert_eq!(judge(&visitor, json!({ "password": "x".repeat(60_000) })).await["code"], "too_long");
        visitor.post(STRENGTH, json!({ "password": "x".repeat(66_000) })).await.refused(413, "body_too_large");
    }

    /// Many of the slowest at once are answered or told to come again, and those who log in meanwhile are let in.
    async fn many_at_once_hold_up_nobody(app) {
        app.register("ann").await;
        let password = slow();
        let asking: Vec<_> = (0..200)
            .map(|_| {
                let (actor, body) = (app.app_client(), json!({ "password": password, "email": "ann@example.com" }));
                tokio::spawn(async move { actor.post(STRENGTH, body).await })
            })
            .collect();
        for _ in 0..3 {
            app.login("ann").await;
        }
        let mut answered = 0;
        for one in asking {
            let answer = one.await.unwrap();
            match answer.status.as_u16() {
                200 => answered += 1,
                _ => assert!(answer.refused(503, "overloaded").header("retry-after").is_some()),
            }
        }
        assert!(answered > 0);
    }
}

mod strict {
    use super::*;

    on_both! {
        with &[("DURWARD_PASSWORD__MIN_STRENGTH", "4")];

        /// Where more is demanded, it says so.
        async fn it_follows_the_rules_of_the_house(app) {
            let visitor = app.visitor();
            let good = "sunday drive";
            let answer = judge(&visitor, json!({ "password": good })).await;
            assert!((2..4).contains(&answer["score"].as_u64().unwrap()), "{answer}");
            assert_eq!((&answer["acceptable"], &answer["code"], &answer["minimum_score"]), (&json!(false), &json!("weak"), &json!(4)));
            assert_eq!(judge(&visitor, json!({ "password": "password" })).await["code"], "common");
            assert_eq!(judge(&visitor, json!({ "password": PASSWORD })).await["acceptable"], true);
            visitor.post(REGISTER, json!({ "email": "ann@example.com", "password": good })).await.refused(422, "weak_password");
        }
    }
}
