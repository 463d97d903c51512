//! `/api/v1/profile`.

use serde_json::{Value, json};

use crate::kit::on_both;

const PROFILE: &str = "/api/v1/profile";
const DEBUG: &str = "/api/v1/profile/debug";

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

on_both! {
    /// The account, and a profile in which nothing is said yet.
    async fn it_shows_the_account(app) {
        let id = app.register("ann").await;
        let ann = app.login("ann").await;
        let body = ann.get(PROFILE).await.is(200).json();
        assert_eq!((&body["user"]["id"], &body["user"]["email"]), (&json!(id), &json!("ann@example.com")));
        assert_eq!(
            body["profile"],
            json!({
                "mission_statement": null, "work_style_preferences": {}, "productivity_patterns": {},
                "personal_goals": {},
                "reflective_coach_summary": null,
            })
        );
        assert!(!body.to_string().contains("password"));
        app.visitor().get(PROFILE).await.refused(401, "token_missing");
    }

    /// A change touches what it names; null clears.
    async fn a_change_touches_what_it_names(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let goals = json!({ "run": "10 km", "read": [1, 2, { "deep": null }], "ключ": "✓" });
        let answer = ann.put(PROFILE, json!({ "personal_goals": goals, "mission_statement": "To be." })).await.is(200);
        assert_eq!(answer.json()["profile"]["personal_goals"], goals);
        let answer = ann.put(PROFILE, json!({ "full_name": " Ann Lee " })).await.is(200).json();
        assert_eq!(answer, ann.get(PROFILE).await.is(200).json());
        assert_eq!(
            (&answer["user"]["full_name"], &answer["profile"]["mission_statement"]),
            (&json!("Ann Lee"), &json!("To be."))
        );
        assert_eq!(answer["profile"]["personal_goals"], goals);
        assert_ne!(answer["user"]["updated_at"], answer["user"]["created_at"]);
        // Whoever asks who is logged in hears the new name at once.
        assert_eq!(ann.get("/api/v1/auth/status").await.json()["user"]["full_name"], "Ann Lee");
        let cleared = json!({ "mission_statement": null, "personal_goals": null, "full_name": null });
        let answer = ann.put(PROFILE, cleared).await.is(200).json();
        assert_eq!(
            (&answer["profile"]["mission_statement"], &answer["profile"]["personal_goals"]),
            (&json!(null), &json!({}))
        );
        assert_eq!(answer["user"]["full_name"], json!(null));
        ann.put(PROFILE, json!({})).await.is(200);
        assert_eq!(bob.get(PROFILE).await.json()["user"]["full_name"], "bob");
    }

    /// Nobody makes themself an admin, and wrong types are named.
    async fn nothing_else_can_be_changed(app) {
        let ann = app.user("ann").await;
        let before = ann.get(PROFILE).await.json();
        for (name, value) in [
            ("role", json!("admin")),
            ("status", json!("active")),
            ("id", json!(1)),
            ("email", json!("root@example.com")),
            ("user", json!({ "role": "admin" })),
            ("profile", json!({})),
            ("email_verified", json!(true)),
            ("tfa_enabled", json!(false)),
            ("password", json!("x")),
            ("created_at", json!("2020-01-01T00:00:00Z")),
            ("full_name", json!(5)),
            ("full_name", json!("x".repeat(201))),
            ("full_name", json!("a\u{7}b")),
            ("mission_statement", json!({})),
            ("mission_statement", json!("x".repeat(20_000))),
            ("mission_statement", json!("a\u{0}")),
            ("personal_goals", json!("text")),
            ("personal_goals", json!([1])),
            ("personal_goals", json!({ "a": "\u{0}" })),
            ("work_style_preferences", json!(true)),
            ("productivity_patterns", json!(1)),
            ("reflective_coach_summary", json!(["x"])),
        ] {
            let problem = ann.put(PROFILE, json!({ name: value })).await.refused(422, "validation_failed").json();
            assert_eq!(pointers(&problem), [format!("/{name}")], "{value}");
        }
        assert_eq!(ann.get(PROFILE).await.json(), before);
    }

    /// Changes of different fields at once lose nothing.
    async fn changes_at_once_lose_nothing(app) {
        app.register("ann").await;
        let (ann, _) = app.bearer("ann").await;
        let fields = ["work_style_preferences", "productivity_patterns", "personal_goals"];
        for round in 0..5 {
            let changes = fields.map(|name| {
                let actor = ann.copy();
                tokio::spawn(async move { actor.put(PROFILE, json!({ name: { "round": round } })).await.is(200) })
            });
            for change in changes {
                change.await.unwrap();
            }
            let profile = ann.get(PROFILE).await.json()["profile"].clone();
            for name in fields {
                assert_eq!(profile[name], json!({ "round": round }), "{name}");
            }
        }
    }

    /// How this very request was authenticated, and never the token.
    async fn how_a_request_was_authenticated(app) {
        let id = app.register("ann").await;
        let ann = app.login("ann").await;
        let (client, _) = app.bearer("ann").await;
        for (actor, source) in [(&ann, "cookie"), (&client, "authorization_header")] {
            let answer = actor.get(DEBUG).await.is(200);
            let body = answer.json();
            assert_eq!((&body["source"], &body["algorithm"]), (&json!(source), &json!("HS256")));
            assert!(body["kid"].is_string());
            assert_eq!((&body["claims"]["id"], &body["claims"]["role"]), (&json!(id), &json!("user")));
            let steps = body["steps"].as_array().unwrap();
            let names: Vec<_> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
            assert_eq!(names, ["carried", "structure", "key", "signature", "claims", "time", "audience", "liveness"]);
            assert!(steps.iter().all(|step| step["result"].is_string() && step["micros"].is_u64()), "{body}");
            let token = ann.cookie("access_token").unwrap();
            let signature = token.rsplit('.').next().unwrap();
            assert!(!answer.text().contains(signature) && !answer.text().contains(&token[..60]));
        }
        app.visitor().get(DEBUG).await.refused(401, "token_missing");
    }
}

mod in_production {
    use super::*;

    on_both! {
        with &[("ENVIRONMENT", "production"), ("DURWARD_SERVER__PUBLIC_URL", "https://app.example.com")];

        /// There it is for admins alone.
        async fn debug_is_for_admins(app) {
            let (ann, root) = (app.user("ann").await, app.admin("root").await);
            ann.get(PROFILE).await.is(200);
            ann.get(DEBUG).await.refused(403, "forbidden");
            assert_eq!(root.get(DEBUG).await.is(200).json()["claims"]["email"], "root@example.com");
            let (client, _) = app.bearer("ann").await;
            client.get(DEBUG).await.refused(403, "forbidden");
        }
    }
}
