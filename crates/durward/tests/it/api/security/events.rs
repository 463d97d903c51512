//! What a user sees.

use super::*;

/// `event`, and what came of it where it was an attempt.
fn outline(events: &[Value]) -> Vec<String> {
    let word = |event: &Value, member: &str| event[member].as_str().map(str::to_owned);
    let outline = |event: &Value| match word(event, "reason") {
        Some(reason) => format!("{} {} {reason}", word(event, "event").unwrap(), word(event, "method").unwrap()),
        None => word(event, "event").unwrap(),
    };
    events.iter().map(outline).collect()
}

on_both! {
    with &[("DURWARD_LIMITS__ACCOUNT_FAILURES", "3"), ("DURWARD_LIMITS__PAIR_FAILURES", "3")];

    /// Attempts and what was done, as one list, newest first; nothing of others.
    async fn one_list_of_both_trails(app) {
        let ann = app.user("ann").await;
        let (bob, stranger) = (app.user("bob").await, app.visitor().with("user-agent", "curl/8"));
        for _ in 0..3 {
            wrong_password(&stranger, "ann").await;
        }
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        stranger.post(LOGIN, body).await.refused(429, "too_many_attempts");
        ann.post("/api/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await.is(200);
        let body = json!({ "current_password": "not the password", "new_password": "four quiet herons at dusk" });
        ann.post("/api/v1/password/change", body).await.refused(401, "invalid_credentials");
        let body = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
        ann.post("/api/v1/password/change", body).await.is(204);
        let all = events(&ann, 100).await;
        let expected = [
            "password_changed",
            "reauthentication password invalid_credentials",
            "reauthentication password reauthenticated",
            "login password too_many_attempts",
            "login password invalid_credentials",
            "login password invalid_credentials",
            "login password invalid_credentials",
            "login password ok",
            "registered",
        ];
        assert_eq!(outline(&all), expected);
        let [changed, .., first_login, _] = all.as_slice() else { panic!("{all:?}") };
        let device = ann.get("/api/v1/devices").await.json()["items"][0]["id"].clone();
        let session = ann.get("/api/v1/auth/status").await.json()["session_id"].clone();
        for event in [changed, first_login] {
            let found = (&event["device_id"], &event["session_id"], &event["current"]);
            assert_eq!(found, (&device, &session, &json!(true)));
        }
        let found = (&changed["kind"], &changed["by"], &changed["ip"]);
        assert_eq!(found, (&json!("security"), &json!("you"), &json!("127.0.0.1")));
        assert_eq!((&first_login["kind"], &first_login["succeeded"]), (&json!("login"), &json!(true)));
        let stranger = &all[4];
        let found = (&stranger["succeeded"], &stranger["device"], &stranger["device_id"]);
        assert_eq!(found, (&json!(false), &json!("curl"), &Value::Null));
        assert!(changed.get("method").is_none() && changed.get("reason").is_none());
        // Page by page it is the same list, without a gap and without anything twice.
        for limit in [1, 2, 4] {
            assert_eq!(events(&ann, limit).await, all, "{limit}");
        }
        assert_eq!(outline(&events(&bob, 100).await), ["login password ok", "registered"]);
        ann.get(&format!("{EVENTS}?limit=0")).await.refused(422, "validation_failed");
        ann.get(&format!("{EVENTS}?cursor=x")).await.refused(422, "validation_failed");
    }

    /// Who operates the server is not named, nor from where they did it, nor in which session.
    async fn an_operator_has_no_name(app) {
        let (ann, admin) = (app.user("ann").await, app.admin("root").await);
        let id = ann.get("/api/v1/auth/status").await.json()["user"]["id"].clone();
        let admin_session = admin.get("/api/v1/auth/status").await.json()["session_id"].clone();
        admin.post_empty(&format!("/api/v1/admin/users/{id}/revoke-sessions")).await.is(200);
        let ann = app.login("ann").await;
        let all = events(&ann, 100).await;
        let ended = all.iter().find(|event| event["event"] == "sessions_revoked").unwrap();
        let found = (&ended["by"], &ended["ip"], &ended["session_id"]);
        assert_eq!(found, (&json!("operator"), &Value::Null, &Value::Null));
        let text = serde_json::to_string(&all).unwrap();
        assert!(!text.contains("root") && !text.contains(admin_session.as_str().unwrap()), "{text}");
    }

    /// What was tried at an address before the account was opened is not its user's.
    async fn not_what_was_before(app) {
        for _ in 0..3 {
            wrong_password(&app.visitor(), "ann").await;
        }
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        app.visitor().post(LOGIN, body).await.refused(429, "too_many_attempts");
        app.clock.advance(Duration::from_secs(90_000));
        let ann = app.user("ann").await;
        assert_eq!(outline(&events(&ann, 100).await), ["login password ok", "registered"]);
    }
}
