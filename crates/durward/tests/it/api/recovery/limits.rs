//! How many mails may be asked for, and how many tokens tried.

use super::*;

mod mails {
    use super::*;

    on_both! {
        with &[SETTINGS[0], SETTINGS[1], ("DURWARD_LIMITS__MAILS_PER_ADDRESS", "3"), ("DURWARD_LIMITS__MAILS_PER_CLIENT", "10")];

        /// Nobody's mailbox is filled: beyond the limit the answer is the same, and no mail is sent for the rest of the hour.
        async fn an_address_gets_a_few_mails_an_hour(app) {
            app.register("ann").await;
            app.register("bob").await;
            for _ in 0..5 {
                forgot(&app.visitor(), &email("ann")).await.is(202);
            }
            app.visitor().post("/api/v1/email/verify/resend", json!({ "email": email("ann") })).await.is(202);
            app.posted().await;
            assert_eq!(app.mails.unread(), vec![("reset_password", email("ann")); 3]);
            forgot(&app.visitor(), &email("bob")).await.is(202);
            app.mails.expect(&email("bob"), "reset_password").await;
            app.clock.advance(HOUR + Duration::from_secs(1));
            forgot(&app.visitor(), &email("ann")).await.is(202);
            app.posted().await;
            assert_eq!(app.mails.unread().len(), 4);
        }

        /// A client that asks for many is told to wait, whomever it asks for.
        async fn a_client_asks_for_a_few_mails_an_hour(app) {
            for number in 0..10 {
                forgot(&app.visitor(), &format!("nobody{number}@example.com")).await.is(202);
            }
            let answer = forgot(&app.visitor(), "nobody10@example.com").await.refused(429, "rate_limited");
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((3_500..=3_600).contains(&wait), "{wait}");
            let resend = json!({ "email": "nobody11@example.com" });
            app.visitor().post("/api/v1/email/verify/resend", resend).await.refused(429, "rate_limited");
            // Logging in is another matter.
            app.user("ann").await;
            app.clock.advance(HOUR + Duration::from_secs(1));
            forgot(&app.visitor(), "nobody10@example.com").await.is(202);
        }
    }
}

mod tokens {
    use super::*;

    on_both! {
        with &[SETTINGS[0], SETTINGS[1], ("DURWARD_LIMITS__ADDRESS_FAILURES", "3"), ("DURWARD_LIMITS__FIRST_DELAY", "60s")];

        /// Trying tokens draws on the client's budget for guesses; the right one costs nothing, and works in any case.
        async fn guessing_tokens_is_guessing(app) {
            app.register("ann").await;
            let link = link(&app, "ann").await;
            for _ in 0..6 {
                reset(&app.visitor(), &link, "short").await.refused(422, "weak_password");
            }
            let wrong = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
            let paths = [RESET, "/api/v1/email/verify", "/api/v1/email/change/confirm"];
            for path in paths {
                let mut body = json!({ "token": wrong });
                if path == RESET {
                    body["new_password"] = json!(NEW);
                }
                app.visitor().post(path, body).await.refused(422, "link_invalid");
            }
            reset(&app.visitor(), wrong, NEW).await.refused(429, "too_many_attempts");
            for path in &paths[1..] {
                app.visitor().post(path, json!({ "token": wrong })).await.refused(429, "too_many_attempts");
            }
            login(&app, "ann", PASSWORD).await.refused(429, "too_many_attempts");
            // Nobody guesses the right one: whoever shares the client's address keeps no owner out.
            reset(&app.visitor(), &link, NEW).await.is(204);
        }
    }
}
