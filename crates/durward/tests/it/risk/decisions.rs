//! What is made of risky logins.

use super::*;
use durward_core::factors::totp::TotpSecret;
use durward_proto::Clock;

use crate::kit::token;

/// Turns TOTP on: what the app keeps.
async fn enable_totp(app: &App, who: &Actor) -> TotpSecret {
    let setup = who.post_empty("/api/v1/2fa/totp/setup").await.is(200).json();
    let secret = TotpSecret::from_base32(setup["secret"].as_str().unwrap()).unwrap();
    let code = secret.code_at(app.clock.now()).expose().to_owned();
    who.post("/api/v1/2fa/totp/enable", json!({ "code": code })).await.is(200);
    secret
}

with_places! {
    with &MAILS;

    /// The usual costs nothing; the same browser in a hotel is worth a notice; a thief is asked for a mailed code. The
    /// operator sees why.
    async fn a_week_and_what_comes_after(app, files) {
        let admin = app.admin("boss").await;
        let laptop = settled(&app, "ann").await;
        let usual = last_attempt(&admin).await;
        assert_eq!((usual["risk"]["score"].as_u64(), usual["risk"]["decision"].as_str()), (Some(0), Some("allow")), "{usual}");
        app.no_more_mails().await;

        app.clock.advance(24 * HOUR);
        let away = laptop.copy().with("x-forwarded-for", HOTEL);
        log_in(&away, "ann").await.is(200);
        let journey = last_attempt(&admin).await;
        assert_eq!(journey["risk"]["decision"], "notice", "{journey}");
        assert_eq!(signals(&journey), ["new_country", "new_network", "new_area"]);
        assert_eq!(journey["location"], "Paris, FR");
        let mail = app.mails.expect(&email("ann"), "unusual_login").await;
        assert!(mail.text.contains("Paris, FR") && mail.text.contains("a country that you are not usually in"), "{}", mail.text);
        assert!(mail.html.contains("Paris, FR") && mail.html.contains("<li>"), "{}", mail.html);
        // A mail that is under way when the day is over would be sent once more.
        app.no_more_mails().await;

        app.clock.advance(24 * HOUR);
        let answer = log_in(&at(&app, THIEF), "ann").await.is(200);
        assert!(answer.set_cookies().is_empty());
        let body = answer.json();
        assert_eq!((&body["status"], &body["methods"]), (&json!("second_factor_required"), &json!(["email_code"])));
        app.mails.expect(&email("ann"), "login_code").await;
        let theft = last_attempt(&admin).await;
        assert_eq!(theft["reason"], "second_factor_required");
        assert_eq!(theft["risk"]["decision"], "second_factor", "{theft}");
        assert!(signals(&theft).contains(&"new_device") && signals(&theft).contains(&"new_country"), "{theft}");
        for signal in theft["risk"]["signals"].as_array().unwrap() {
            assert!(signal["why"].as_str().unwrap().len() > 10 && signal["weight"].as_u64().unwrap() > 0, "{signal}");
            assert!((0.0..=1.0).contains(&signal["strength"].as_f64().unwrap()), "{signal}");
        }
        // The user's own browser at home is none the worse for it.
        log_in(&laptop, "ann").await.is(200);
        assert_eq!(last_attempt(&admin).await["risk"]["decision"], "allow");
    }

    /// Too far away too soon is refused, with the right password, and the user is told. A mailed link makes the device
    /// known, and then it is asked for more, and no longer refused.
    async fn refused_and_the_way_out(app, files) {
        let admin = app.admin("boss").await;
        settled(&app, "ann").await;
        app.clock.advance(HOUR);
        let phone = at(&app, THIEF);
        let answer = log_in(&phone, "ann").await.refused(403, "login_denied");
        assert!(answer.set_cookies().is_empty());
        let denied = last_attempt(&admin).await;
        assert_eq!((&denied["reason"], &denied["succeeded"]), (&json!("login_denied"), &json!(false)));
        assert_eq!((&denied["risk"]["decision"], signals(&denied)[0]), (&json!("deny"), "impossible_travel"), "{denied}");
        assert_eq!(audited(&app, "login_denied").await, 1);
        let mail = app.mails.expect(&email("ann"), "login_denied").await;
        assert!(mail.text.contains("Recife, BR") && mail.text.contains("too far from your last login"), "{}", mail.text);
        // A wrong password is told nothing of it.
        let wrong = json!({ "email": email("ann"), "password": "not the password at all" });
        phone.post(LOGIN, wrong).await.refused(401, "invalid_credentials");

        phone.post("/api/v1/password/forgot", json!({ "email": email("ann") })).await.is(202);
        let link = token(&app.mails.expect(&email("ann"), "reset_password").await);
        let reset = json!({ "token": link, "new_password": "four quiet herons at dusk" });
        phone.post("/api/v1/password/reset", reset).await.is(204);
        app.mails.expect(&email("ann"), "password_changed").await;
        let body = json!({ "email": email("ann"), "password": "four quiet herons at dusk" });
        let body = phone.post(LOGIN, body).await.is(200).json();
        assert_eq!(body["methods"], json!(["email_code"]), "{body}");
        let attempt = last_attempt(&admin).await;
        assert!(!signals(&attempt).contains(&"new_device"), "{attempt}");
    }

    /// All who log in at nine o'clock behind one address guess nothing: a try that is being looked at is no wrong answer.
    /// Those that were wrong are.
    async fn many_at_once_from_one_network(app, files) {
        let admin = app.admin("boss").await;
        let names: Vec<String> = (0..16).map(|number| format!("person{number}")).collect();
        for name in &names {
            app.register(name).await;
        }
        let logins = names.iter().map(|name| async { log_in(&at(&app, HOME), name).await.is(200) });
        futures_util::future::join_all(logins).await;
        let attempts = admin.get("/api/v1/admin/attempts?limit=100").await.is(200).json();
        let judged: Vec<&Value> =
            attempts["items"].as_array().unwrap().iter().filter(|attempt| attempt["ip"] == HOME).collect();
        assert_eq!(judged.len(), names.len());
        for attempt in judged {
            assert!(!signals(attempt).contains(&"address_failures"), "{attempt}");
            assert_eq!(attempt["risk"]["decision"], "allow", "{attempt}");
        }

        for name in &names[..12] {
            let wrong = json!({ "email": email(name), "password": "not the password at all" });
            at(&app, HOME).post(LOGIN, wrong).await.refused(401, "invalid_credentials");
        }
        log_in(&at(&app, HOME), "person15").await.is(200);
        let attempt = last_attempt(&admin).await;
        assert!(signals(&attempt).contains(&"address_failures"), "{attempt}");
        assert!(attempt.to_string().contains("12 wrong answers from this address"), "{attempt}");
    }

    /// A device that is trusted not to show the second factor shows it where the login is risky.
    async fn trust_does_not_travel(app, files) {
        let ann = app.user("ann").await;
        let secret = enable_totp(&app, &ann).await;
        app.mails.expect(&email("ann"), "new_factor").await;
        let laptop = at(&app, HOME);
        let challenge = log_in(&laptop, "ann").await.is(200).json();
        app.clock.advance(Duration::from_secs(30));
        let body = json!({
            "challenge_token": challenge["challenge_token"],
            "method": "totp",
            "code": secret.code_at(app.clock.now()).expose(),
            "trust_device": true,
        });
        laptop.post("/api/v1/auth/2fa/verify", body).await.is(200);
        for _ in 0..7 {
            app.clock.advance(24 * HOUR);
            assert_eq!(log_in(&laptop, "ann").await.is(200).json()["status"], "authenticated");
        }
        app.clock.advance(HOUR);
        // The cookies were stolen, and the password.
        let thief = laptop.copy().with("x-forwarded-for", THIEF);
        let body = log_in(&thief, "ann").await.is(200).json();
        assert_eq!(body["status"], "second_factor_required", "{body}");
        assert!(body["methods"].as_array().unwrap().contains(&json!("totp")), "{body}");
        assert_eq!(log_in(&laptop, "ann").await.is(200).json()["status"], "authenticated");
    }

    /// What others guess does not touch a user's own device, and makes a new one suspect.
    async fn guesses(app, files) {
        let admin = app.admin("boss").await;
        let laptop = settled(&app, "ann").await;
        let guess = json!({ "email": email("ann"), "password": "not the password at all" });
        for host in 1..=12_u8 {
            let stranger = at(&app, &format!("192.0.2.{host}"));
            let status = stranger.post(LOGIN, guess.clone()).await.status.as_u16();
            assert!([401, 429].contains(&status), "{status}");
            app.clock.advance(HOUR);
        }
        log_in(&laptop, "ann").await.is(200);
        assert_eq!(last_attempt(&admin).await["risk"]["score"], 0);
        let body = log_in(&at(&app, HOME), "ann").await.is(200).json();
        assert_eq!(body["methods"], json!(["email_code"]), "{body}");
        let attempt = last_attempt(&admin).await;
        assert!(signals(&attempt).contains(&"account_failures"), "{attempt}");
    }

    /// Habits are of the user, not of the node.
    async fn on_another_node(app, files) {
        let backend = matches!(app.database.options.target, durward_store::Target::Postgres(_));
        if !backend {
            return;
        }
        let node = app.beside().await;
        settled(&app, "ann").await;
        let body = log_in(&at(&app, THIEF).at(node.address), "ann").await;
        body.refused(403, "login_denied");
    }

    /// Logins at once: each is counted in what is usual.
    async fn at_once(app, files) {
        app.register("ann").await;
        let logins = (0..8).map(|_| async { log_in(&at(&app, HOME), "ann").await.is(200) });
        futures_util::future::join_all(logins).await;
        let laptop = at(&app, HOME);
        let counted = app.database.count("SELECT COUNT(*) FROM user_login_habits").await;
        assert_eq!(counted, 1);
        log_in(&laptop, "ann").await.is(200);
        let total = if matches!(app.database.options.target, durward_store::Target::Postgres(_)) {
            "SELECT CAST(habits->>'total' AS BIGINT) FROM user_login_habits"
        } else {
            "SELECT json_extract(habits, '$.total') FROM user_login_habits"
        };
        assert_eq!(app.database.count(total).await, 9);
    }
}

with_places! {
    with &THRESHOLDS;

    /// Where no mail can be sent and the user has no second factor, they are let in, and the trail says what that was.
    async fn nothing_to_ask_for(app, files) {
        let admin = app.admin("boss").await;
        settled(&app, "ann").await;
        app.clock.advance(24 * HOUR);
        log_in(&at(&app, THIEF), "ann").await.is(200);
        let attempt = last_attempt(&admin).await;
        assert_eq!(attempt["risk"]["decision"], "notice", "{attempt}");
        assert!(attempt["risk"]["score"].as_u64().unwrap() >= 50, "{attempt}");
    }
}

with_places! {
    with &[("DURWARD_RISK__ENABLED", "false")];

    /// Turned off, nothing is judged and nothing remembered.
    async fn turned_off(app, files) {
        let admin = app.admin("boss").await;
        settled(&app, "ann").await;
        log_in(&at(&app, THIEF), "ann").await.is(200);
        assert_eq!(last_attempt(&admin).await["risk"], Value::Null);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM user_login_habits").await, 0);
    }
}

with_places! {
    with &[
        ("DURWARD_RISK__SUSPECT_NETWORKS", "2001:db8:bad::/48"),
        ("DURWARD_RISK__LISTED_ADDRESS", "100"),
        ("DURWARD_RISK__NOTICE", "0"),
        ("DURWARD_RISK__SECOND_FACTOR", "0"),
        ("DURWARD_RISK__DENY", "100"),
    ];

    /// The operator's list, weights and thresholds: here nobody comes in from a suspect network, new user or not.
    async fn configured(app, files) {
        app.register("ann").await;
        log_in(&at(&app, THIEF), "ann").await.refused(403, "login_denied");
        log_in(&at(&app, HOME), "ann").await.is(200);
    }
}
