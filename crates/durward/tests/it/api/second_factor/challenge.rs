//! What ends a challenge, and who cannot answer it.

use super::*;

const NEW: &str = "four quiet herons at dusk";

async fn over(who: &Actor, challenge: &Value, code: &str) {
    verify(who, challenge, "totp", code).await.refused(401, "challenge_invalid");
}

on_both! {
    /// The fifth wrong answer ends it; another one can be had.
    async fn five_wrong_answers(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let visitor = app.visitor();
        let challenge = challenged(&visitor, "ann").await;
        for method in ["totp", "backup_code", "totp", "backup_code", "totp"] {
            verify(&visitor, &challenge, method, "000000").await.refused(401, "invalid_second_factor");
        }
        over(&visitor, &challenge, &phone.next(&app)).await;
        assert_eq!(app.database.count("SELECT COUNT(*) FROM two_factor_challenges").await, 0);
        assert_eq!(app.database.count("SELECT COUNT(*) FROM security_audit WHERE event = 'challenge_ended'").await, 1);
        let another = challenged(&visitor, "ann").await;
        verify(&visitor, &another, "totp", &phone.next(&app)).await.is(200);
    }

    /// After four wrong answers the right one still counts.
    async fn the_fifth_answer_may_be_right(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let challenge = challenged(&app.visitor(), "ann").await;
        for _ in 0..4 {
            verify(&app.visitor(), &challenge, "totp", "000000").await.refused(401, "invalid_second_factor");
        }
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.is(200);
    }

    /// It is answered once.
    async fn an_answer_is_the_last_one(app) {
        let (_, phone, codes) = user_with_totp(&app, "ann").await;
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.is(200);
        over(&app.visitor(), &challenge, &phone.next(&app)).await;
        verify(&app.visitor(), &challenge, "backup_code", &codes[0]).await.refused(401, "challenge_invalid");
        for token in ["", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a\u{0}b"] {
            over(&app.visitor(), &json!({ "challenge_token": token }), &phone.next(&app)).await;
        }
    }

    /// It lives five minutes.
    async fn it_expires(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let (early, late) = (challenged(&app.visitor(), "ann").await, challenged(&app.visitor(), "ann").await);
        app.clock.advance(Duration::from_secs(298));
        verify(&app.visitor(), &early, "totp", &phone.shows(&app)).await.is(200);
        app.clock.advance(Duration::from_secs(3));
        over(&app.visitor(), &late, &phone.next(&app)).await;
    }

    /// Another program, or another device, cannot answer it; and its tries cost it nothing.
    async fn another_client(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let browser = app.visitor().with("user-agent", "Ann's browser");
        browser.set_cookie("device_id", &"A".repeat(43));
        let challenge = challenged(&browser, "ann").await;
        let code = phone.next(&app);
        let without_device = browser.copy();
        without_device.drop_cookie("device_id");
        let other_device = browser.copy();
        other_device.set_cookie("device_id", &"B".repeat(43));
        for _ in 0..3 {
            for other in [&app.visitor(), &browser.copy().with("user-agent", "another"), &without_device, &other_device] {
                over(other, &challenge, &code).await;
            }
        }
        verify(&browser, &challenge, "totp", &code).await.is(200);
    }

    /// A password that changes ends what its predecessor began.
    async fn the_password_changes(app) {
        let (ann, phone, _) = user_with_totp(&app, "ann").await;
        let challenge = challenged(&app.visitor(), "ann").await;
        ann.post("/api/v1/password/change", json!({ "current_password": PASSWORD, "new_password": NEW })).await.is(204);
        over(&app.visitor(), &challenge, &phone.next(&app)).await;
    }

    /// What an operator does to the account ends it, too.
    async fn an_operator_steps_in(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let id = app.operator.find(&email("ann").parse().unwrap()).await.unwrap().unwrap().id;
        let hash = app.core.hasher().hash(durward_proto::Secret::new(PASSWORD)).await.unwrap();
        let challenge = challenged(&app.visitor(), "ann").await;
        app.operator.set_password(id, &hash).await.unwrap();
        over(&app.visitor(), &challenge, &phone.next(&app)).await;
        let challenge = challenged(&app.visitor(), "ann").await;
        app.operator.revoke_sessions(id).await.unwrap();
        over(&app.visitor(), &challenge, &phone.next(&app)).await;
        let challenge = challenged(&app.visitor(), "ann").await;
        app.operator.set_status(id, durward_proto::AccountStatus::Suspended).await.unwrap();
        over(&app.visitor(), &challenge, &phone.next(&app)).await;
        let body = json!({ "email": email("ann"), "password": PASSWORD });
        app.visitor().post(LOGIN, body).await.refused(403, "account_suspended");
        app.operator.set_status(id, durward_proto::AccountStatus::Active).await.unwrap();
        over(&app.visitor(), &challenge, &phone.next(&app)).await;
        let challenge = challenged(&app.visitor(), "ann").await;
        assert!(app.operator.reset_factors(id).await.unwrap());
        over(&app.visitor(), &challenge, &phone.next(&app)).await;
        app.login("ann").await.get("/api/v1/profile").await.is(200);
    }

    /// An account that was suspended in the database itself, with the challenge still there.
    async fn a_suspended_account_does_not_get_in(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let challenge = challenged(&app.visitor(), "ann").await;
        app.database.sql("UPDATE users SET status = 'suspended'").await;
        let sessions = app.database.count("SELECT COUNT(*) FROM user_sessions").await;
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.refused(403, "account_suspended");
        assert_eq!(app.database.count("SELECT COUNT(*) FROM user_sessions").await, sessions);
    }

    /// Right answers cost nothing, however many there are.
    async fn right_answers_cost_nothing(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        for _ in 0..12 {
            let challenge = challenged(&app.visitor(), "ann").await;
            verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.is(200);
        }
        assert_eq!(app.database.count("SELECT COUNT(*) FROM guess_budgets").await, 0);
    }
}

on_both! {
    with &[("DURWARD_LIMITS__FIRST_DELAY", "1m")];

    /// Wrong codes and wrong passwords come out of one budget.
    async fn one_budget_with_passwords(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let login = |password: &'static str| json!({ "email": email("ann"), "password": password });
        let (first, second) = (challenged(&app.visitor(), "ann").await, challenged(&app.visitor(), "ann").await);
        let spare = challenged(&app.visitor(), "ann").await;
        for _ in 0..5 {
            verify(&app.visitor(), &first, "totp", "000000").await.refused(401, "invalid_second_factor");
        }
        for _ in 0..3 {
            app.visitor().post(LOGIN, login("not the password")).await.refused(401, "invalid_credentials");
        }
        for _ in 0..2 {
            verify(&app.visitor(), &second, "backup_code", "000000").await.refused(401, "invalid_second_factor");
        }
        for answer in [
            verify(&app.visitor(), &spare, "totp", &phone.steps_away(&app, 1)).await,
            app.visitor().post(LOGIN, login(PASSWORD)).await,
        ] {
            let answer = answer.refused(429, "too_many_attempts");
            let said: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!(said >= 1 && answer.json()["retry_after"] == said);
        }
        app.clock.advance(Duration::from_secs(16 * 60));
        let challenge = challenged(&app.visitor(), "ann").await;
        verify(&app.visitor(), &challenge, "totp", &phone.next(&app)).await.is(200);
    }
}

on_both! {
    with &[("DURWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1")];

    /// It stays with the network that the password came from, unless the client changes between IPv4 and IPv6.
    async fn another_address(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let from = |address: &str| app.visitor().with("x-forwarded-for", address);
        for (first, second, holds) in [
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("2001:db8:1:2::7", "2001:db8:1:3::7", false),
            ("2001:db8:1:2::7", "2001:db8:1:2::8", true),
            ("192.0.2.7", "2001:db8:1:2::7", true),
            ("2001:db8:1:2::7", "192.0.2.7", true),
        ] {
            let challenge = challenged(&from(first), "ann").await;
            let code = phone.next(&app);
            if holds {
                verify(&from(second), &challenge, "totp", &code).await.is(200);
            } else {
                over(&from(second), &challenge, &code).await;
            }
        }
    }
}
