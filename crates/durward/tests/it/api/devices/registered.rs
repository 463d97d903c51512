//! What a login leaves in the list.

use super::*;

on_both! {
    /// A browser is known by its cookie, whatever it calls itself and whatever its user prefers.
    async fn a_browser_by_its_cookie(app) {
        app.register("ann").await;
        let browser = app.visitor().with("user-agent", FIREFOX).with("accept-language", "de");
        login(&browser, "ann").await;
        let device = this_device(&browser).await;
        for (member, value) in [
            ("name", json!("Firefox on Linux")),
            ("kind", json!("desktop")),
            ("trust_level", json!("new")),
            ("security_level", json!("always_login")),
            ("keeps_cookie", json!(true)),
            ("ip", json!("127.0.0.1")),
            ("location", Value::Null),
            ("logins", json!(1)),
            ("sessions", json!(1)),
        ] {
            assert_eq!(device[member], value, "{member}");
        }
        let changed = browser.copy().with("user-agent", "curl/8").with("accept-language", "en");
        login(&changed, "ann").await;
        let again = this_device(&browser).await;
        assert_eq!(again["id"], device["id"]);
        assert_eq!((&again["logins"], &again["sessions"], &again["name"]), (&json!(2), &json!(2), &device["name"]));
        // Another browser of the same make is another device.
        let other = app.visitor().with("user-agent", FIREFOX).with("accept-language", "de");
        login(&other, "ann").await;
        assert_ne!(this_device(&other).await["id"], device["id"]);
        assert_eq!(devices(&browser).await.len(), 2);
        // Sessions say on which they are.
        let sessions = other.get("/api/v1/sessions").await.is(200).json();
        assert_eq!(sessions["items"][0]["device"], "Firefox on Linux");
        assert_eq!(sessions["items"][0]["device_id"], this_device(&other).await["id"]);
    }

    /// An app keeps no cookie: it is one device as long as it looks the same, unless it makes up a cookie of its own.
    async fn an_app_by_its_headers(app) {
        app.register("ann").await;
        let body = || json!({ "email": email("ann"), "password": PASSWORD, "transport": "bearer" });
        let token = |answer: Answer| {
            assert!(answer.set_cookies().is_empty());
            answer.json()["access_token"].as_str().unwrap().to_owned()
        };
        let client = || app.app_client().with("user-agent", "okhttp/4.12.0");
        let mut last = String::new();
        for _ in 0..3 {
            last = token(client().post(LOGIN, body()).await.is(200));
        }
        let ann = client().with_bearer(&last);
        let device = this_device(&ann).await;
        assert_eq!((&device["logins"], &device["sessions"], &device["keeps_cookie"]), (&json!(3), &json!(3), &json!(false)));
        assert_eq!((&device["name"], &device["kind"]), (&json!("OkHttp"), &json!("app")));
        token(app.app_client().with("user-agent", "okhttp/5.0.0").post(LOGIN, body()).await.is(200));
        assert_eq!(devices(&ann).await.len(), 2);
        let own = client();
        own.set_cookie("device_id", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let ann = client().with_bearer(&token(own.post(LOGIN, body()).await.is(200)));
        let device = this_device(&ann).await;
        assert_eq!((&device["logins"], &device["keeps_cookie"]), (&json!(1), &json!(true)));
        // What cannot be one of ours is none.
        own.set_cookie("device_id", "short");
        token(own.post(LOGIN, body()).await.is(200));
        assert_eq!(devices(&ann).await.len(), 3);
    }

    /// Two users of one browser have a device each, and neither sees the other's.
    async fn two_users_of_one_browser(app) {
        let browser = app.user("ann").await;
        let anns = this_device(&browser).await;
        let cookie = browser.cookie("device_id").unwrap();
        app.register("bob").await;
        login(&browser, "bob").await;
        assert_eq!(browser.cookie("device_id").unwrap(), cookie);
        let bobs = this_device(&browser).await;
        assert_ne!(bobs["id"], anns["id"]);
        assert_eq!(devices(&browser).await.len(), 1);
    }

    /// Of many logins at one instant each is counted, and there is one device.
    async fn many_at_once(app) {
        let browser = app.user("ann").await;
        let logins = (0..6).map(|_| {
            let browser = browser.copy();
            tokio::spawn(async move { login(&browser, "ann").await })
        });
        for done in logins.collect::<Vec<_>>() {
            done.await.unwrap();
        }
        let all = devices(&browser).await;
        assert_eq!((all.len(), &all[0]["logins"], &all[0]["sessions"]), (1, &json!(7), &json!(7)));
    }

    /// Fifty and no more: one without a live session makes way, the longest unused first.
    async fn not_without_end(app) {
        app.register("ann").await;
        let first = app.login("ann").await;
        for number in 0..51 {
            let body = json!({ "email": email("ann"), "password": PASSWORD, "transport": "bearer" });
            let client = app.app_client().with("user-agent", &format!("mine/{number}"));
            let token = client.post(LOGIN, body).await.is(200).json()["access_token"].as_str().unwrap().to_owned();
            client.with_bearer(&token).post_empty("/api/v1/auth/logout").await.is(204);
        }
        let all = first.get(&format!("{DEVICES}?limit=100")).await.is(200).json();
        assert_eq!(all["items"].as_array().unwrap().len(), 50);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM registered_devices WHERE user_agent IN ('mine/0', 'mine/1')").await, 0);
        // The oldest is still there, because its session is.
        this_device(&first).await;
        let page = first.get(&format!("{DEVICES}?limit=30")).await.is(200).json();
        let rest = first.get(&format!("{DEVICES}?cursor={}", page["next_cursor"].as_str().unwrap())).await.is(200).json();
        assert_eq!(rest["items"].as_array().unwrap().len(), 20);
        assert_eq!(rest["next_cursor"], Value::Null);
    }

    /// An attempt names the device and the session; a wrong password weighs on the device that it came from alone.
    async fn in_the_trail(app) {
        let browser = app.user("ann").await;
        let wrong = || json!({ "email": email("ann"), "password": "not the password" });
        browser.post(LOGIN, wrong()).await.refused(401, "invalid_credentials");
        app.visitor().post(LOGIN, wrong()).await.refused(401, "invalid_credentials");
        let count = async |condition: &str| {
            app.database.count(&format!("SELECT COUNT(*) FROM device_login_attempts WHERE {condition}")).await
        };
        assert_eq!(count("reason = 'ok' AND registered_device_id IS NOT NULL AND session_id IS NOT NULL").await, 1);
        assert_eq!(count("reason = 'invalid_credentials' AND registered_device_id IS NOT NULL").await, 1);
        assert_eq!(count("reason = 'invalid_credentials' AND registered_device_id IS NULL").await, 1);
        let failures = "SELECT failures_milli FROM registered_devices";
        assert_eq!(app.database.count(failures).await, 1_000);
        let successes = "SELECT successes_milli FROM registered_devices";
        app.clock.advance(DAY * 7);
        login(&browser, "ann").await;
        assert_eq!((app.database.count(failures).await, app.database.count(successes).await), (500, 1_500));
    }
}
