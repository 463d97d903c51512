//! Tricks to get another budget, as tables.

use bytes::Bytes;
use http::Method;

use super::*;

/// The headers of one request.
type Headers = &'static [(&'static str, &'static str)];

/// A visitor who sends these.
fn with(app: &App, headers: Headers) -> Actor {
    headers.iter().fold(app.visitor(), |visitor, (name, value)| visitor.with_another(name, value))
}

/// A guess at an account that nobody else guesses at: only the client's budget counts.
async fn guess(actor: &Actor, number: &mut u32) -> Answer {
    *number += 1;
    login(actor, &email(&format!("nobody{number}")), WRONG).await
}

mod addresses {
    use super::*;

    const SETTINGS: [(&str, &str); 2] =
        [("DURWARD_LIMITS__ADDRESS_FAILURES", "2"), ("DURWARD_LIMITS__FIRST_DELAY", "10m")];
    const BEHIND: [(&str, &str); 3] =
        [SETTINGS[0], SETTINGS[1], ("DURWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8,2001:db8:ffff::/48")];

    on_both! {
        with &SETTINGS;

        /// Without trusted proxies nothing that a client says of its address means anything.
        async fn nobody_is_believed(app) {
            let mut number = 0;
            for _ in 0..2 {
                guess(&app.visitor(), &mut number).await.refused(401, "invalid_credentials");
            }
            let tricks: &[Headers] = &[
                &[],
                &[("x-forwarded-for", "203.0.113.9")],
                &[("x-forwarded-for", "203.0.113.9, 198.51.100.1")],
                &[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.1")],
                &[("x-forwarded-for", "127.0.0.1")],
                &[("x-forwarded-for", "10.0.0.1")],
                &[("x-forwarded-for", "::1")],
                &[("x-forwarded-for", "")],
                &[("X-Forwarded-For", "203.0.113.9:4711")],
                &[("forwarded", "for=203.0.113.9")],
                &[("forwarded", "for=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1")],
                &[("x-real-ip", "203.0.113.9")],
                &[("x-client-ip", "203.0.113.9")],
                &[("x-cluster-client-ip", "203.0.113.9")],
                &[("x-originating-ip", "203.0.113.9")],
                &[("x-remote-ip", "203.0.113.9")],
                &[("x-remote-addr", "203.0.113.9")],
                &[("client-ip", "203.0.113.9")],
                &[("true-client-ip", "203.0.113.9")],
                &[("cf-connecting-ip", "203.0.113.9")],
                &[("fastly-client-ip", "203.0.113.9")],
                &[("fly-client-ip", "203.0.113.9")],
                &[("x-appengine-user-ip", "203.0.113.9")],
                &[("x-azure-clientip", "203.0.113.9")],
                &[("via", "1.1 203.0.113.9")],
                &[("x-forwarded", "203.0.113.9")],
                &[("x-forwarded-host", "203.0.113.9"), ("x-forwarded-proto", "https")],
                &[("user-agent", "another browser"), ("accept-language", "de")],
            ];
            for trick in tricks {
                let refused = guess(&with(&app, trick), &mut number).await;
                assert_eq!(refused.status, 429, "{trick:?}: {}", refused.text());
                wait_of(refused);
            }
        }
    }

    on_both! {
        with &BEHIND;

        /// Behind trusted proxies: however the same client is written, and whatever it puts before itself, it has one
        /// budget.
        async fn one_client_however_it_is_written(app) {
            let mut number = 0;
            // Of each client: how the proxy writes it, the tricks that must not help it.
            let clients: &[(Headers, &[Headers])] = &[
                (&[("x-forwarded-for", "198.51.100.1")], &[
                    &[("x-forwarded-for", "6.6.6.6, 198.51.100.1")],
                    &[("x-forwarded-for", "127.0.0.1, 198.51.100.1")],
                    &[("x-forwarded-for", "10.0.0.1, 198.51.100.1, 10.0.0.2")],
                    &[("x-forwarded-for", "198.51.100.1,10.0.0.1,10.0.0.2,127.0.0.1")],
                    &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.1")],
                    &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "10.0.0.2")],
                    &[("x-forwarded-for", "junk, 198.51.100.1")],
                    &[("x-forwarded-for", "198.51.100.1:4711")],
                    &[("x-forwarded-for", "198.51.100.1:1")],
                    &[("x-forwarded-for", "\t198.51.100.1 \t")],
                    &[("x-forwarded-for", "::ffff:198.51.100.1")],
                    &[("x-forwarded-for", "::FFFF:c633:6401")],
                    &[("x-forwarded-for", "[::ffff:198.51.100.1]")],
                    &[("x-forwarded-for", "[::ffff:198.51.100.1]:4711")],
                    &[("x-forwarded-for", "0:0:0:0:0:ffff:198.51.100.1")],
                    &[("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=6.6.6.6")],
                    &[("x-forwarded-for", "198.51.100.1"), ("x-real-ip", "6.6.6.6"), ("true-client-ip", "6.6.6.6")],
                ]),
                (&[("x-forwarded-for", "2001:db8:1:2::1")], &[
                    &[("x-forwarded-for", "2001:db8:1:2::2")],
                    &[("x-forwarded-for", "2001:DB8:1:2::A")],
                    &[("x-forwarded-for", "2001:0db8:0001:0002:0000:0000:0000:0001")],
                    &[("x-forwarded-for", "2001:db8:1:2:0:0:0:1")],
                    &[("x-forwarded-for", "2001:db8:1:2:ffff:ffff:ffff:ffff")],
                    &[("x-forwarded-for", "[2001:db8:1:2::9]")],
                    &[("x-forwarded-for", "[2001:db8:1:2::9]:4711")],
                    &[("x-forwarded-for", "2001:db8:1:2::192.0.2.1")],
                    &[("x-forwarded-for", "6.6.6.6, 2001:db8:1:2::77, 2001:db8:ffff::1")],
                ]),
                // What is no address is the last hop that was: the proxy itself.
                (&[], &[
                    &[("x-forwarded-for", "")],
                    &[("x-forwarded-for", ",")],
                    &[("x-forwarded-for", "198.51.100.9,")],
                    &[("x-forwarded-for", "unknown")],
                    &[("x-forwarded-for", "_hidden")],
                    &[("x-forwarded-for", "198.51.100.9, unknown")],
                    &[("x-forwarded-for", "for=198.51.100.9")],
                    &[("x-forwarded-for", "\"198.51.100.9\"")],
                    &[("x-forwarded-for", "198.51.100.9;198.51.100.8")],
                    &[("x-forwarded-for", "198.51.100.9 198.51.100.8")],
                    &[("x-forwarded-for", "198.51.100.009")],
                    &[("x-forwarded-for", "0xc6.51.100.9")],
                    &[("x-forwarded-for", "3325256713")],
                    &[("x-forwarded-for", "198.51.25609")],
                    &[("x-forwarded-for", "256.256.256.256")],
                    &[("x-forwarded-for", "198.51.100.9:99999")],
                    &[("x-forwarded-for", "fe80::1%eth0")],
                    &[("x-forwarded-for", "[2001:db8::1")],
                    &[("x-forwarded-for", "2001:db8::1::2")],
                    &[("x-forwarded-for", "localhost")],
                    &[("forwarded", "for=198.51.100.9")],
                    &[("x-real-ip", "198.51.100.9")],
                    &[("cf-connecting-ip", "198.51.100.9")],
                ]),
            ];
            for (plain, tricks) in clients {
                for _ in 0..2 {
                    guess(&with(&app, plain), &mut number).await.refused(401, "invalid_credentials");
                }
                for trick in *tricks {
                    let refused = guess(&with(&app, trick), &mut number).await;
                    assert_eq!(refused.status, 429, "{trick:?}: {}", refused.text());
                }
            }
            // Who is somebody else has a budget of their own.
            let others: &[Headers] = &[
                &[("x-forwarded-for", "198.51.100.2")],
                &[("x-forwarded-for", "198.51.100.1, 198.51.100.3")],
                &[("x-forwarded-for", "2001:db8:1:3::1")],
                &[("x-forwarded-for", "2001:db8:1:2::1, 2001:db8:1:4::1")],
                &[("x-forwarded-for", "2001:db8::1")],
            ];
            for other in others {
                let answer = guess(&with(&app, other), &mut number).await;
                assert_eq!(answer.status, 401, "{other:?}: {}", answer.text());
            }
        }
    }
}

mod spellings {
    use super::*;

    /// Where a spelling leads.
    #[derive(Clone, Copy, PartialEq)]
    enum To {
        /// Ann's account.
        Ann,
        /// Another mailbox, with a budget of its own.
        Other,
        /// No mailbox. All of these have one budget, which is nobody's.
        Nobody,
    }
    use To::{Ann, Nobody, Other};

    /// How an address can be written, and where that leads.
    const SPELLINGS: &[(&str, To)] = &[
        ("ann@example.com", Ann),
        ("ANN@EXAMPLE.COM", Ann),
        ("aNn@eXaMpLe.CoM", Ann),
        (" ann@example.com", Ann),
        ("ann@example.com \t\r\n", Ann),
        ("\u{a0}ann@example.com\u{3000}", Ann),
        ("ann@example.com\u{2028}", Ann),
        // Other mailboxes, as RFC 5321 has them: no provider's rules are guessed here.
        ("ann+tag@example.com", Other),
        ("a.nn@example.com", Other),
        ("ann@mail.example.com", Other),
        // Letters that only look alike, or are alike after a normal form that nobody applies.
        ("\u{ff41}nn@example.com", Other),
        ("ann@ex\u{ff41}mple.com", Other),
        ("\u{430}nn@example.com", Other),
        ("a\u{301}nn@example.com", Nobody),
        ("ann\u{200b}@example.com", Nobody),
        ("ann@example\u{3002}com", Nobody),
        // No addresses here, or not in this form.
        ("ann@example.com.", Nobody),
        ("\"ann\"@example.com", Nobody),
        ("ann(comment)@example.com", Nobody),
        ("<ann@example.com>", Nobody),
        ("mailto:ann@example.com", Nobody),
        ("ann%40example.com", Nobody),
        ("ann@example.com,bob@example.com", Nobody),
        ("ann @example.com", Nobody),
        ("ann@ example.com", Nobody),
        ("ann@@example.com", Nobody),
        ("ann", Nobody),
        ("ann@example.com\u{0}", Nobody),
    ];

    on_both! {
        with &[
            ("DURWARD_LIMITS__ACCOUNT_FAILURES", "4"),
            ("DURWARD_LIMITS__FIRST_DELAY", "10m"),
            // What one client may do at one account in a whole day is not asked here.
            ("DURWARD_LIMITS__PAIR_FAILURES", "1000"),
        ];

        /// Whatever spelling leads to an account shares its budget; no other leads there.
        async fn what_leads_to_the_account_shares_its_budget(app) {
            app.register("ann").await;
            for (spelling, to) in SPELLINGS {
                let answer = login(&app.app_client(), spelling, PASSWORD).await;
                assert_eq!(answer.status, if *to == Ann { 200 } else { 401 }, "{spelling:?}: {}", answer.text());
                // Somebody else's mailbox has had a wrong answer now: its wait is not in the way of the next one.
                app.clock.advance(Duration::from_secs(15 * 60));
            }
            // Each wrong answer in another spelling.
            for (spelling, _) in SPELLINGS.iter().filter(|(_, to)| *to == Ann).take(4) {
                login(&app.app_client(), spelling, WRONG).await.refused(401, "invalid_credentials");
            }
            let mut nobodys = 0;
            for (spelling, to) in SPELLINGS {
                let answer = login(&app.app_client(), spelling, PASSWORD).await;
                nobodys += i32::from(*to == Nobody);
                let waits = *to == Ann || (*to == Nobody && nobodys > 4);
                assert_eq!(answer.status, if waits { 429 } else { 401 }, "{spelling:?}: {}", answer.text());
            }
        }

        /// Capital letters beyond ASCII: one account, whose key is the lower case, has one budget in all of them.
        async fn capital_letters_beyond_ascii(app) {
            let stored = "kurt.\u{e4}n\u{e7}i@ex\u{e4}mple.com";
            let body = json!({ "email": stored, "password": PASSWORD });
            app.visitor().post("/api/v1/auth/register", body).await.is(201);
            // The Kelvin sign's lower case is k.
            let same = ["KURT.\u{c4}N\u{c7}I@EX\u{c4}MPLE.COM", "\u{212a}urt.\u{e4}n\u{e7}i@ex\u{e4}mple.com", stored];
            // The dotted I's lower case is i with a dot above; dotless i is its own.
            let others = ["kurt.\u{e4}n\u{e7}\u{130}@ex\u{e4}mple.com", "kurt.\u{e4}n\u{e7}\u{131}@ex\u{e4}mple.com"];
            for spelling in same {
                login(&app.app_client(), spelling, PASSWORD).await.is(200);
            }
            for number in 0..4 {
                login(&app.app_client(), same[number % 3], WRONG).await.refused(401, "invalid_credentials");
            }
            for spelling in same {
                wait_of(login(&app.app_client(), spelling, PASSWORD).await);
            }
            for spelling in others {
                login(&app.app_client(), spelling, PASSWORD).await.refused(401, "invalid_credentials");
            }
        }
    }
}

mod paths {
    use super::*;

    /// Where a guess could be sent, and whether anything is there.
    const PATHS: &[(&str, bool)] = &[
        ("/api/v1/auth/login", true),
        ("/api/v1/auth/jwt/login", true),
        ("/api/v1/auth/login?x=1", true),
        ("/api/v1/auth/login?", true),
        ("/api/v1/auth/login?username=bob@example.com", true),
        ("/api/v1/auth/login/", false),
        ("/api/v1/auth//login", false),
        ("//api/v1/auth/login", false),
        ("/api/v1/auth/./login", false),
        ("/api/v1/auth/x/../login", false),
        ("/api/v1/auth/login;x=1", false),
        ("/api/v1/auth/logi%6e", false),
        ("/api/v1/auth%2flogin", false),
        ("/API/V1/AUTH/LOGIN", false),
        ("/api/v1/auth/login%20", false),
        ("/api/v1/auth/login%00", false),
        ("/api/v1/auth/jwt/login/", false),
    ];

    async fn guess_at(app: &App, path: &str, form: bool, password: &str) -> Answer {
        let (kind, body) = if form {
            let fields = [("username", "ann@example.com"), ("password", password)];
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            ("application/x-www-form-urlencoded", form)
        } else {
            ("application/json", json!({ "email": "ann@example.com", "password": password }).to_string())
        };
        app.app_client().send(Method::POST, path, &[("content-type", kind)], Bytes::from(body)).await
    }

    on_both! {
        with &[("DURWARD_LIMITS__ACCOUNT_FAILURES", "4"), ("DURWARD_LIMITS__FIRST_DELAY", "10m")];

        /// Whatever path leads to the password shares the budget; no other leads there.
        async fn what_leads_to_the_password_shares_its_budget(app) {
            app.register("ann").await;
            let ways = || PATHS.iter().flat_map(|(path, there)| [(path, there, false), (path, there, true)]);
            for (path, there, form) in ways() {
                let answer = guess_at(&app, path, form, PASSWORD).await;
                assert_eq!(answer.status, if *there { 200 } else { 404 }, "{path} {form}: {}", answer.text());
            }
            for (path, _, form) in ways().filter(|(_, there, _)| **there).take(4) {
                guess_at(&app, path, form, WRONG).await.refused(401, "invalid_credentials");
            }
            for (path, there, form) in ways() {
                let answer = guess_at(&app, path, form, PASSWORD).await;
                assert_eq!(answer.status, if *there { 429 } else { 404 }, "{path} {form}: {}", answer.text());
            }
        }
    }
}
