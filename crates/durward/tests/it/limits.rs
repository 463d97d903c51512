//! How much guessing is allowed.

mod held;
mod patience;
mod together;
mod tricks;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Barrier;

use crate::kit::{Actor, Answer, App, PASSWORD, email, on_both};

const LOGIN: &str = "/api/v1/auth/login";
const WRONG: &str = "not the password";
/// Nobody of a crowd waits for a place to hash in, which on a slow machine would be too long: what is asked here is how
/// they are counted.
const ROOM: (&str, &str) = ("DURWARD_PASSWORD__MAX_CONCURRENT", "64");

async fn login(actor: &Actor, address: &str, password: &str) -> Answer {
    actor.post(LOGIN, json!({ "email": address, "password": password })).await
}

/// The seconds that a 429 says, in its header and in its body.
#[track_caller]
fn wait_of(answer: Answer) -> u64 {
    let answer = answer.refused(429, "too_many_attempts");
    assert!(answer.set_cookies().is_empty(), "a 429 touches no cookie");
    let body = answer.json();
    let seconds = body["retry_after"].as_u64().unwrap();
    assert_eq!(answer.header("retry-after"), Some(seconds.to_string().as_str()));
    assert!(seconds >= 1);
    seconds
}

mod account {
    use super::*;

    on_both! {
        with &[("DURWARD_LIMITS__ACCOUNT_FAILURES", "3"), ("DURWARD_LIMITS__FIRST_DELAY", "20s")];

        /// After three wrong answers there are waits, which double, and are as long as they are said to be.
        async fn waits_double_and_are_true(app) {
            app.register("ann").await;
            let ann = email("ann");
            for _ in 0..3 {
                login(&app.visitor(), &ann, WRONG).await.refused(401, "invalid_credentials");
            }
            for expected in [20, 40, 80] {
                let wait = wait_of(login(&app.visitor(), &ann, WRONG).await);
                assert!((expected - 15..=expected).contains(&wait), "{wait}");
                // Knocking does not lengthen the wait, and the right password does not shorten it.
                for password in [PASSWORD, WRONG, PASSWORD] {
                    assert!(wait_of(login(&app.visitor(), &ann, password).await) <= wait);
                }
                app.clock.advance(Duration::from_secs(wait.saturating_sub(8)));
                let rest = wait_of(login(&app.visitor(), &ann, PASSWORD).await);
                assert!((1..=8).contains(&rest), "{rest}");
                app.clock.advance(Duration::from_secs(rest));
                login(&app.visitor(), &ann, WRONG).await.refused(401, "invalid_credentials");
            }
            // Nobody is locked out for good.
            app.clock.advance(Duration::from_secs(wait_of(login(&app.visitor(), &ann, PASSWORD).await)));
            login(&app.visitor(), &ann, PASSWORD).await.is(200);
        }

        /// An account that is not there has a budget like any other: the limit says nothing either.
        async fn an_unknown_account_is_limited_alike(app) {
            app.register("ann").await;
            let mut seen = Vec::new();
            for address in [email("ann"), email("nobody")] {
                let mut statuses = Vec::new();
                for _ in 0..5 {
                    statuses.push(login(&app.visitor(), &address, WRONG).await.status.as_u16());
                }
                seen.push(statuses);
            }
            assert_eq!(seen, [[401, 401, 401, 429, 429], [401, 401, 401, 429, 429]]);
            // One account's budget is not another's.
            app.register("bob").await;
            app.login("bob").await;
        }

        /// All spellings of an address and all paths share the budget.
        async fn spellings_and_paths_share_it(app) {
            app.register("ann").await;
            login(&app.visitor(), "ann@example.com", WRONG).await.refused(401, "invalid_credentials");
            login(&app.visitor(), " ANN@Example.COM", WRONG).await.refused(401, "invalid_credentials");
            let form = [("username", "Ann@example.com\n"), ("password", WRONG)];
            app.visitor().post_form("/api/v1/auth/jwt/login", &form).await.refused(401, "invalid_credentials");
            for spelling in ["ann@example.com", "ANN@EXAMPLE.COM", "\tAnn@Example.com "] {
                wait_of(login(&app.visitor(), spelling, PASSWORD).await);
                let form = [("username", spelling), ("password", PASSWORD)];
                wait_of(app.visitor().post_form("/api/v1/auth/jwt/login", &form).await);
            }
        }

        /// A right answer costs nothing, however often it is given, and gives none of the wrong ones back.
        async fn a_right_answer_costs_nothing(app) {
            let id = app.register("ann").await;
            let ann = email("ann");
            for _ in 0..8 {
                login(&app.visitor(), &ann, PASSWORD).await.is(200);
            }
            login(&app.visitor(), &ann, WRONG).await.is(401);
            login(&app.visitor(), &ann, WRONG).await.is(401);
            for _ in 0..4 {
                login(&app.visitor(), &ann, PASSWORD).await.is(200);
            }
            login(&app.visitor(), &ann, WRONG).await.is(401);
            wait_of(login(&app.visitor(), &ann, WRONG).await);
            // Neither does the right password of an account that is suspended.
            app.clock.advance(Duration::from_secs(16 * 60));
            let suspended = durward_proto::AccountStatus::Suspended;
            app.operator.set_status(durward_proto::UserId(id), suspended).await.unwrap();
            for _ in 0..6 {
                login(&app.visitor(), &ann, PASSWORD).await.refused(403, "account_suspended");
            }
        }

        /// When the window has passed, the counting starts anew.
        async fn the_window_passes(app) {
            app.register("ann").await;
            for _ in 0..2 {
                for _ in 0..3 {
                    login(&app.visitor(), &email("ann"), WRONG).await.refused(401, "invalid_credentials");
                }
                wait_of(login(&app.visitor(), &email("ann"), WRONG).await);
                app.clock.advance(Duration::from_secs(15 * 60 + 1));
            }
            app.login("ann").await;
        }

        /// Whoever is logged in goes on, and keeps all cookies, while somebody else guesses.
        async fn a_429_clears_no_cookie(app) {
            let ann = app.user("ann").await;
            for _ in 0..3 {
                login(&app.visitor(), &email("ann"), WRONG).await.is(401);
            }
            let before = ann.cookie("refresh_token");
            // On a device that the account does not know.
            ann.set_cookie("device_id", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
            wait_of(login(&ann, &email("ann"), PASSWORD).await);
            assert_eq!(ann.cookie("refresh_token"), before);
            ann.get("/api/v1/profile").await.is(200);
            ann.post_empty("/api/v1/auth/refresh").await.is(200);
        }
    }
}

mod address {
    use super::*;

    on_both! {
        with &[("DURWARD_LIMITS__ADDRESS_FAILURES", "4"), ("DURWARD_LIMITS__FIRST_DELAY", "60s")];

        /// A client that tries many accounts uses up its own budget, whatever it says it was forwarded for.
        async fn one_client_many_accounts(app) {
            app.register("ann").await;
            for number in 0..4 {
                let visitor = app.visitor().with("x-forwarded-for", &format!("198.51.100.{number}"));
                login(&visitor, &email(&format!("u{number}")), WRONG).await.refused(401, "invalid_credentials");
            }
            let wait = wait_of(login(&app.visitor(), &email("ann"), PASSWORD).await);
            assert!((40..=60).contains(&wait), "{wait}");
            for (name, value) in [
                ("x-forwarded-for", "203.0.113.9"),
                ("x-real-ip", "203.0.113.9"),
                ("forwarded", "for=203.0.113.9"),
                ("cf-connecting-ip", "203.0.113.9"),
                ("true-client-ip", "203.0.113.9"),
                ("x-client-ip", "203.0.113.9"),
            ] {
                wait_of(login(&app.visitor().with(name, value), &email("ann"), PASSWORD).await);
            }
            // The account's own budget is untouched: it is the client that has to wait.
            app.clock.advance(Duration::from_secs(wait));
            app.login("ann").await;
        }
    }
}

mod behind_proxies {
    use super::*;

    on_both! {
        with &[
            ("DURWARD_LIMITS__ADDRESS_FAILURES", "2"),
            ("DURWARD_LIMITS__FIRST_DELAY", "60s"),
            ("DURWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8"),
        ];

        /// The client is the last hop that no trusted proxy vouches for, exactly.
        async fn the_client_is_the_first_hop_that_is_not_trusted(app) {
            app.register("ann").await;
            // Each client: the first two ways use its budget up, and the rest find it used up.
            for clients in [
                &[
                    "198.51.100.1",
                    "6.6.6.6, 198.51.100.1",
                    "198.51.100.1, 10.1.2.3",
                    "127.0.0.1,198.51.100.1 , 10.0.0.9",
                    "::ffff:198.51.100.1",
                    "198.51.100.1:4711",
                ][..],
                &["198.51.100.2", "198.51.100.1, 198.51.100.2", "junk, 198.51.100.2, 10.0.0.1"],
                &["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2:1:2:3:4", "[2001:db8:1:2::7]:4711"],
                &["2001:db8:1:3::1", "2001:db8:1:3::2", "2001:db8:1:3::3"],
            ] {
                for (number, hops) in clients.iter().enumerate() {
                    let visitor = app.visitor().with("x-forwarded-for", hops);
                    let answer = login(&visitor, &email(&format!("u{number}")), WRONG).await;
                    if number < 2 {
                        answer.refused(401, "invalid_credentials");
                    } else {
                        wait_of(answer);
                    }
                }
            }
            // Who comes without the header is the proxy itself, with a budget of its own.
            app.login("ann").await;
            // Several headers are one list.
            let split =
                app.visitor().with("x-forwarded-for", "203.0.113.5").with_another("x-forwarded-for", "198.51.100.1");
            wait_of(login(&split, &email("ann"), PASSWORD).await);
            let other =
                app.visitor().with("x-forwarded-for", "198.51.100.1").with_another("x-forwarded-for", "203.0.113.5");
            login(&other, &email("ann"), PASSWORD).await.is(200);
            // The sessions list says where a session came from.
            let sessions = other.get("/api/v1/sessions").await.is(200).json();
            assert_eq!(sessions["items"][0]["ip"], "203.0.113.5");
        }
    }
}

on_both! {
    with &[("DURWARD_LIMITS__ACCOUNT_FAILURES", "20"), ROOM];

    /// Right answers that come all at once do not use the budget up among themselves.
    async fn sixty_four_right_logins_at_once_are_all_let_in(app) {
        app.register("ann").await;
        let body = serde_json::json!({ "email": "ann@example.com", "password": crate::kit::PASSWORD });
        let visitors: Vec<_> = (0..64).map(|_| app.visitor()).collect();
        let logins = visitors.iter().map(|visitor| visitor.post("/api/v1/auth/login", body.clone()));
        for answer in futures_util::future::join_all(logins).await {
            answer.is(200);
        }
    }
}
