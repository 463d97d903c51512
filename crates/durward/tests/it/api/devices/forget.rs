//! Devices that their user forgets.

use super::*;

on_both! {
    with &[("DURWARD_RISK__ENABLED", "false")];

    /// Its sessions end and its sockets close, the trust in it goes, and all others stay.
    async fn ends_all_that_is_on_it(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        let lost = app.visitor();
        let challenge = challenged(&lost, "ann").await;
        let mut body = answer_to(&challenge, "totp", &phone.next(&app));
        body["trust_device"] = true.into();
        lost.post(VERIFY, body).await.is(200);
        let earlier = lost.copy();
        assert_eq!(login(&lost, "ann").await["status"], "authenticated");
        let mut sockets = [lost.socket("/api/v1/ws/chat").await, earlier.socket("/api/v1/ws/chat").await];
        for socket in &mut sockets {
            socket.expect("ready").await;
        }
        let device = this_device(&lost).await;
        assert_eq!(device["sessions"], 2);
        ann.delete(&path_of(&device)).await.is(204);
        for socket in &mut sockets {
            assert_eq!(socket.closed().await, (1008, "token_revoked".to_owned()));
        }
        for actor in [&lost, &earlier] {
            actor.get("/api/v1/profile").await.refused(401, "token_revoked");
        }
        ann.get("/api/v1/profile").await.is(200);
        assert!(devices(&ann).await.iter().all(|other| other["id"] != device["id"]));
        assert_eq!(ann.get("/api/v1/2fa").await.json()["trusted_devices"], json!([]));
        let rows = "SELECT COUNT(*) FROM security_audit WHERE event = 'device_removed'";
        assert_eq!(app.database.count(rows).await, 1);
        let ended = "SELECT COUNT(*) FROM user_sessions WHERE end_reason = 'device_removed'";
        assert_eq!(app.database.count(ended).await, 2);
        for path in [path_of(&device), format!("{DEVICES}/x")] {
            ann.delete(&path).await.refused(404, "not_found");
            ann.patch(&path, json!({ "name": "x" })).await.refused(404, "not_found");
        }
        // It comes back as a new one, with all that goes with it.
        let challenge = challenged(&lost, "ann").await;
        lost.post(VERIFY, answer_to(&challenge, "totp", &phone.next(&app))).await.is(200);
        let again = this_device(&lost).await;
        assert_ne!(again["id"], device["id"]);
        assert_eq!((&again["logins"], &again["trust_level"]), (&json!(1), &json!("verified")));
    }

    /// The device that asks can be forgotten, too.
    async fn the_own_one(app) {
        let ann = app.user("ann").await;
        let device = this_device(&ann).await;
        ann.delete(&path_of(&device)).await.is(204);
        ann.get("/api/v1/profile").await.refused(401, "token_revoked");
        login(&ann, "ann").await;
        assert_ne!(this_device(&ann).await["id"], device["id"]);
    }

    /// Logins that are under way when it is forgotten have no session on it afterwards.
    async fn against_logins_on_it(app) {
        let (ann, browser) = (app.user("ann").await, app.login("ann").await);
        for _ in 0..5 {
            let device = this_device(&browser).await;
            let logins: Vec<_> = (0..4)
                .map(|_| {
                    let browser = browser.copy();
                    tokio::spawn(async move { login(&browser, "ann").await["session_id"].clone() })
                })
                .collect();
            ann.delete(&path_of(&device)).await.is(204);
            for done in logins {
                done.await.unwrap();
            }
            let left = "SELECT COUNT(*) FROM user_sessions WHERE ended_at IS NULL AND registered_device_id IS NOT NULL \
                        AND registered_device_id NOT IN (SELECT id FROM registered_devices)";
            assert_eq!(app.database.count(left).await, 0, "a session is left on a device that is gone");
            login(&browser, "ann").await;
        }
    }

    /// Another user's is not there, and nothing becomes of it.
    async fn another_users_is_not_found(app) {
        let (ann, bob) = (app.user("ann").await, app.user("bob").await);
        let device = this_device(&bob).await;
        ann.delete(&path_of(&device)).await.refused(404, "not_found");
        patch(&ann, &device, json!({ "name": "mine" })).await.refused(404, "not_found");
        assert_eq!(this_device(&bob).await["name"], device["name"]);
    }
}
