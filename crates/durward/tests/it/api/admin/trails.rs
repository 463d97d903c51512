//! Everybody's sessions and login attempts, and what stands in the configuration.

use serde_json::{Value, json};

use crate::kit::{SECRET, on_both};

const SESSIONS: &str = "/api/v1/admin/sessions";
const ATTEMPTS: &str = "/api/v1/admin/attempts";

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap()
}

on_both! {
    /// All that live, newest first, page by page, or those of one user.
    async fn sessions_are_listed(app) {
        let root = app.admin("root").await;
        let ann = app.register("ann").await;
        let first = app.login("ann").await;
        app.login("ann").await;
        let all = root.get(SESSIONS).await.is(200).json();
        let emails: Vec<&Value> = items(&all).iter().map(|one| &one["email"]).collect();
        assert_eq!(emails, ["ann@example.com", "ann@example.com", "root@example.com"]);
        let of_ann = root.get(&format!("{SESSIONS}?user={ann}")).await.is(200).json();
        assert_eq!(items(&of_ann).len(), 2);
        assert!(items(&of_ann).iter().all(|one| one["user_id"] == ann && one["auth_methods"] == json!(["pwd"])));
        first.post_empty("/api/v1/auth/logout").await.is(204);
        let (mut seen, mut query) = (0, "limit=1".to_owned());
        loop {
            let page = root.get(&format!("{SESSIONS}?{query}")).await.is(200).json();
            seen += items(&page).len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("limit=1&cursor={next}");
        }
        assert_eq!(seen, 2);
        for query in ["user=ann", "limit=0", "cursor=x", "status=active"] {
            root.get(&format!("{SESSIONS}?{query}")).await.refused(422, "validation_failed");
        }
    }

    /// Every try, also with an address that nobody has, found by each of the filters.
    async fn attempts_are_listed(app) {
        let root = app.admin("root").await;
        let ann = app.register("ann").await;
        app.login("ann").await;
        for email in ["ann@example.com", "Nobody@example.com"] {
            let wrong = json!({ "email": email, "password": "not this one at all" });
            app.visitor().post("/api/v1/auth/login", wrong).await.refused(401, "invalid_credentials");
        }
        let newest = root.get(ATTEMPTS).await.is(200).json();
        assert_eq!(items(&newest).len(), 4);
        let first = &items(&newest)[0];
        assert_eq!((&first["email"], &first["user_id"]), (&json!("nobody@example.com"), &json!(null)));
        assert_eq!((&first["method"], &first["succeeded"]), (&json!("password"), &json!(false)));
        let at = items(&newest)[1]["at"].as_str().unwrap();
        for (query, count) in [
            (format!("user={ann}"), 2),
            ("email=ANN%40example.com".to_owned(), 2),
            ("email=nobody".to_owned(), 0),
            ("succeeded=true".to_owned(), 2),
            ("reason=invalid_credentials".to_owned(), 2),
            ("reason=invalid_credentials&email=nobody%40example.com".to_owned(), 1),
            ("method=passkey".to_owned(), 0),
            ("ip=127.0.0.1".to_owned(), 4),
            ("ip=192.0.2.1".to_owned(), 0),
            ("decision=deny".to_owned(), 0),
            (format!("until={at}"), 2),
            (format!("since={at}"), 2),
            ("limit=3".to_owned(), 3),
        ] {
            let page = root.get(&format!("{ATTEMPTS}?{query}")).await.is(200).json();
            assert_eq!(items(&page).len(), count, "{query}");
        }
        for query in ["user=ann", "succeeded=yes", "since=yesterday", "until=1", "ip=%00", "risk=1", "limit=1000"] {
            root.get(&format!("{ATTEMPTS}?{query}")).await.refused(422, "validation_failed");
        }
    }

    /// Every setting with where it comes from, and no secret.
    async fn the_configuration_is_shown(app) {
        let root = app.admin("root").await;
        let answer = root.get("/api/v1/admin/config").await.is(200);
        assert!(!answer.text().contains(SECRET));
        let all = answer.json();
        let find = |key: &str| all.as_array().unwrap().iter().find(|one| one["key"] == key).unwrap().clone();
        assert_eq!(find("tokens.secret")["value"], "[hidden]");
        assert_eq!(find("tokens.secret")["source"], "environment variable JWT_SECRET_KEY");
        assert_eq!(find("tokens.access_ttl"), json!({ "key": "tokens.access_ttl", "value": "1h", "source": "default" }));
    }

    /// Every key, and none of its private part.
    async fn keys_are_shown(app) {
        let root = app.admin("root").await;
        let answer = root.get("/api/v1/admin/keys").await.is(200);
        assert!(!answer.text().contains(SECRET));
        let keys = answer.json();
        let only = &keys.as_array().unwrap()[0];
        assert_eq!((&only["state"], &only["origin"]), (&json!("signing"), &json!("configuration")));
        assert_eq!((&only["algorithm"], &only["public_jwk"]), (&json!("HS256"), &json!(null)));
    }
}
