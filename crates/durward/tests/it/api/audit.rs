//! `/api/v1/admin/audit`.

mod export;

use serde_json::{Value, json};

use crate::kit::{PASSWORD, email, on_both};

const AUDIT: &str = "/api/v1/admin/audit";

fn events(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["event"].as_str().unwrap()).collect()
}

on_both! {
    /// Newest first, page by page, each row with its place in the chain.
    async fn it_is_listed_for_admins_alone(app) {
        let (ann, root) = (app.user("ann").await, app.admin("root").await);
        app.visitor().get(AUDIT).await.refused(401, "token_missing");
        ann.get(AUDIT).await.refused(403, "forbidden");
        let all = root.get(AUDIT).await.is(200).json();
        assert_eq!(events(&all)[0], "login", "what was done last comes first");
        let item = &all["items"][0];
        assert!(item["lane"].is_i64() && item["seq"].is_i64() && item["hash"].as_str().unwrap().len() == 64, "{item}");
        assert!(item["node"].is_string() && item["request_id"].is_string() && item["ip"].is_string(), "{item}");
        let (mut paged, mut query) = (Vec::new(), "limit=2".to_owned());
        loop {
            let page = root.get(&format!("{AUDIT}?{query}")).await.is(200).json();
            paged.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            query = format!("limit=2&cursor={next}");
        }
        assert_eq!(&json!(paged), &all["items"]);
    }

    /// By anything, and by several things at once.
    async fn it_can_be_searched(app) {
        let root = app.admin("root").await;
        let ann = app.register("ann").await;
        let wrong = json!({ "email": email("ann"), "password": "not the password at all" });
        let refused = app.visitor().post("/api/v1/auth/login", wrong).await;
        refused.refused(401, "invalid_credentials");
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        let session = app.visitor().post("/api/v1/auth/login", body).await.is(200).json();
        let session = session["session_id"].as_str().unwrap();

        let find = async |query: &str| root.get(&format!("{AUDIT}?{query}")).await.is(200).json();
        assert_eq!(events(&find(&format!("subject={ann}")).await), ["login", "login_failed", "registered"]);
        assert_eq!(events(&find(&format!("subject={ann}&event=login_failed")).await), ["login_failed"]);
        assert_eq!(events(&find(&format!("session_id={session}")).await), ["login"]);
        let failed = find(&format!("subject={ann}&event=login_failed")).await["items"][0].clone();
        let request = failed["request_id"].as_str().unwrap();
        assert_eq!(events(&find(&format!("request_id={request}")).await), ["login_failed"]);
        assert_eq!(events(&find(&format!("subject={ann}&ip=192.0.2.77")).await), [""; 0]);
        let at = failed["at"].as_str().unwrap().replace('+', "%2B");
        assert!(events(&find(&format!("subject={ann}&since={at}")).await).contains(&"login_failed"));
        assert!(!events(&find(&format!("subject={ann}&until={at}")).await).contains(&"login_failed"));
        for query in ["actor=ann", "session_id=1", "ip=nowhere", "since=yesterday", "limit=0", "cursor=x", "event=%00", "role=admin"] {
            root.get(&format!("{AUDIT}?{query}")).await.refused(422, "validation_failed");
        }
    }
}
