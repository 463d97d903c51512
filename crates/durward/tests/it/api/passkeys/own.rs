//! Listing, renaming, removing.

use serde_json::{Value, json};

use super::{log_in, owner, password, register};
use crate::kit::{Authenticator, PASSWORD, email, on_both};

fn path(passkey: &Value) -> String {
    format!("/api/v1/passkeys/{}", passkey["id"].as_str().unwrap())
}

on_both! {
    /// Page by page, the oldest first.
    async fn pages(app) {
        let (ann, mut key, _) = owner(&app, "ann").await;
        owner(&app, "bob").await;
        for _ in 0..4 {
            register(&app, &ann, &mut key).await.is(201);
        }
        let (mut names, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = ann.get(&format!("/api/v1/passkeys?limit=2{cursor}")).await.is(200).json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(names, ["Passkey 1", "Passkey 2", "Passkey 3", "Passkey 4", "Passkey 5"]);
        for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "page=1"] {
            ann.get(&format!("/api/v1/passkeys?{query}")).await.refused(422, "validation_failed");
        }
        let only = ann.get("/api/v1/passkeys?limit=1").await.is(200).json()["items"][0].clone();
        let mut members: Vec<&String> = only.as_object().unwrap().keys().collect();
        members.sort();
        let expected =
            ["backed_up", "backup_eligible", "clone_suspected_at", "created_at", "id", "last_used_at", "name"];
        assert_eq!(members, expected, "nothing of the key");
    }

    /// Another name; and no other user's.
    async fn renaming(app) {
        let (ann, _, passkey) = owner(&app, "ann").await;
        let (bob, _, bobs) = owner(&app, "bob").await;
        let renamed = ann.patch(&path(&passkey), json!({ "name": " Laptop " })).await.is(200).json();
        assert_eq!(renamed["name"], "Laptop");
        assert_eq!(ann.get("/api/v1/passkeys").await.is(200).json()["items"][0], renamed);
        for bad in [json!({ "name": "" }), json!({ "name": "x".repeat(101) }), json!({ "name": null }), json!({}),
            json!({ "name": "x", "backed_up": true })] {
            ann.patch(&path(&passkey), bad).await.refused(422, "validation_failed");
        }
        ann.patch(&path(&bobs), json!({ "name": "mine" })).await.refused(404, "not_found");
        ann.patch("/api/v1/passkeys/0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10", json!({ "name": "x" })).await.refused(404, "not_found");
        ann.patch("/api/v1/passkeys/x", json!({ "name": "x" })).await.refused(404, "not_found");
        assert_eq!(bob.get("/api/v1/passkeys").await.is(200).json()["items"][0]["name"], "Passkey 1");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'passkey_renamed'").await, 1);
    }

    /// The last one goes with the backup codes, and the password is enough again; no other user's is touched.
    async fn removing(app) {
        let (ann, mut key, first) = owner(&app, "ann").await;
        let (bob, mut bobs_key, bobs) = owner(&app, "bob").await;
        let second = register(&app, &ann, &mut key).await.is(201).json();
        ann.delete(&path(&bobs)).await.refused(404, "not_found");
        log_in(&app, &mut bobs_key).await.is(200);
        ann.delete(&path(&first)).await.is(204);
        ann.delete(&path(&first)).await.refused(404, "not_found");
        assert_eq!(password(&app, "ann").await["status"], "second_factor_required");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM backup_codes").await, 20);
        ann.delete(&path(&second)).await.is(204);
        assert_eq!(ann.get("/api/v1/profile").await.is(200).json()["user"]["tfa_enabled"], false);
        assert_eq!(password(&app, "ann").await["status"], "authenticated");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM backup_codes").await, 10);
        bob.get("/api/v1/passkeys").await.is(200);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'passkey_removed'").await, 2);
        // With the next first one come new codes.
        assert!(register(&app, &ann, &mut key).await.is(201).json()["backup_codes"].is_array());
    }

    /// Of two that are removed at once, the last one is seen to be the last.
    async fn two_at_once(app) {
        for round in 0..6 {
            let name = format!("ann{round}");
            let (ann, mut key, first) = owner(&app, &name).await;
            let second = register(&app, &ann, &mut key).await.is(201).json();
            let other = ann.copy();
            let (first, second) = (path(&first), path(&second));
            let (one, two) = tokio::join!(ann.delete(&first), other.delete(&second));
            one.is(204);
            two.is(204);
            assert_eq!(ann.get("/api/v1/profile").await.is(200).json()["user"]["tfa_enabled"], false);
            assert_eq!(password(&app, &name).await["status"], "authenticated");
        }
    }

    /// Every other node knows at once.
    async fn other_nodes_hear_of_it(app) {
        let node = app.beside().await;
        let ann = app.user("ann").await;
        let there = ann.copy().at(node.address);
        assert_eq!(there.get("/api/v1/profile").await.is(200).json()["user"]["tfa_enabled"], false);
        register(&app, &ann, &mut Authenticator::new()).await.is(201);
        for _ in 0..100 {
            if there.get("/api/v1/profile").await.is(200).json()["user"]["tfa_enabled"] == true {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the other node still knows of no second factor after a second");
    }
}

mod demanded {
    use super::*;

    on_both! {
        with &[("DURWARD_SECOND_FACTOR__POLICY", "required_for_roles"), ("DURWARD_SECOND_FACTOR__ROLES", "user")];

        /// Where a second factor is demanded, the last one stays.
        async fn the_last_one_stays(app) {
            let body = json!({ "email": email("ann"), "password": PASSWORD, "transport": "bearer" });
            app.register("ann").await;
            let setup = app.app_client().post("/api/v1/auth/login", body).await.is(200).json();
            assert_eq!(setup["status"], "second_factor_setup_required");
            let secret = setup["setup"]["secret"].as_str().unwrap();
            let now = durward_proto::Clock::now(&*app.clock);
            let code = durward_core::factors::totp::TotpSecret::from_base32(secret).unwrap().code_at(now);
            let answer = app.app_client().post("/api/v1/auth/2fa/verify", json!({
                "challenge_token": setup["challenge_token"], "method": "totp", "code": code.expose(),
            })).await.is(200).json();
            let ann = app.app_client().with_bearer(answer["access_token"].as_str().unwrap());
            let mut key = Authenticator::new();
            let passkey = register(&app, &ann, &mut key).await.is(201).json();
            ann.post("/api/v1/2fa/totp/disable", json!({ "password": PASSWORD })).await.is(204);
            ann.delete(&path(&passkey)).await.refused(409, "last_factor");
            log_in(&app, &mut key).await.is(200);
            let second = register(&app, &ann, &mut key).await.is(201).json();
            ann.delete(&path(&passkey)).await.is(204);
            ann.delete(&path(&second)).await.refused(409, "last_factor");
            assert_eq!(app.database.count("SELECT COUNT(*) FROM passkey_credentials").await, 1);
        }
    }
}
