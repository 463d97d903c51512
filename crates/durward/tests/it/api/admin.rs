//! `/api/v1/admin/…` and `/api/v1/diagnostics`.

mod accounts;
mod last;
mod overview;
mod rights;
mod trails;

use serde_json::{Value, json};

use crate::kit::on_both;

const USERS: &str = "/api/v1/admin/users";

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["full_name"].as_str().unwrap()).collect()
}

on_both! {
    /// Admins alone.
    async fn it_is_for_admins(app) {
        let (ann, root) = (app.user("ann").await, app.admin("root").await);
        for path in [USERS, "/api/v1/diagnostics"] {
            app.visitor().get(path).await.refused(401, "token_missing");
            app.visitor().with_bearer("nonsense").get(path).await.refused(401, "token_malformed");
            ann.get(path).await.refused(403, "forbidden");
            root.get(path).await.is(200);
        }
    }

    /// All users by id, page by page, without anything secret.
    async fn users_are_listed(app) {
        let root = app.admin("root").await;
        for name in ["ann", "bob", "cleo", "dan"] {
            app.register(name).await;
        }
        let answer = root.get(USERS).await.is(200);
        assert!(!answer.text().contains("argon2") && !answer.text().contains("password"));
        let page = answer.json();
        assert_eq!(names(&page), ["root", "ann", "bob", "cleo", "dan"]);
        assert_eq!((&page["items"][0]["role"], &page["next_cursor"]), (&json!("admin"), &json!(null)));
        let (mut all, mut query) = (Vec::new(), "limit=2".to_owned());
        loop {
            let page = root.get(&format!("{USERS}?{query}")).await.is(200).json();
            all.extend(names(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("limit=2&cursor={next}");
        }
        assert_eq!(all, ["root", "ann", "bob", "cleo", "dan"]);
        for query in ["limit=0", "limit=101", "cursor=x", "role=Big%20Boss", "status=gone", "name=ann", "query=%00"] {
            root.get(&format!("{USERS}?{query}")).await.refused(422, "validation_failed");
        }
    }

    /// Only those of a status, of a role, or both.
    async fn they_can_be_filtered(app) {
        let root = app.admin("root").await;
        let ann = app.register("ann").await;
        app.register("bob").await;
        app.operator.set_status(durward_proto::UserId(ann), durward_proto::AccountStatus::Suspended).await.unwrap();
        for (query, found) in [
            ("status=suspended", &["ann"][..]),
            ("status=active", &["root", "bob"]),
            ("status=active&role=user", &["bob"]),
            ("role=admin&query=example", &["root"]),
            ("status=pending", &[]),
            ("role=nobody", &[]),
        ] {
            let page = root.get(&format!("{USERS}?{query}")).await.is(200).json();
            assert_eq!(names(&page), found, "{query}");
        }
    }

    /// A part of an address or a name, taken literally.
    async fn they_can_be_searched(app) {
        let root = app.admin("root").await;
        for name in ["ann", "Joanna", "bob", "a_b", "a%b"] {
            app.register(name).await;
        }
        for (query, found) in [
            ("ann", &["ann", "Joanna"][..]),
            ("ANN", &["ann", "Joanna"]),
            ("bob%40example", &["bob"]),
            ("_", &["a_b"]),
            ("%25", &["a%b"]),
            ("nobody", &[]),
            ("'%20OR%201=1", &[]),
            ("%5C", &[]),
        ] {
            let page = root.get(&format!("{USERS}?query={query}")).await.is(200).json();
            assert_eq!(names(&page), found, "{query}");
        }
    }

    /// The report walks the Golden Path, finds everything in order, and leaves nothing behind.
    async fn diagnostics_walk_the_golden_path(app) {
        let root = app.admin("root").await;
        let report = root.get("/api/v1/diagnostics").await.is(200).json();
        let checks = report["checks"].as_array().unwrap();
        for check in checks {
            for member in ["id", "status", "found", "expected"] {
                assert!(check[member].is_string(), "{check}");
            }
        }
        let path = checks.iter().find(|check| check["id"] == "golden_path").unwrap();
        assert_eq!(path["status"], "ok", "{path}");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM users").await, 1);
    }
}
