//! The code that is mailed to who has no second factor, where too much speaks against a login.

use durward_core::mail::Message;
use futures_util::future::join_all;

use super::*;
use crate::kit::KEPT;

/// Everybody comes from a suspect network, and is asked for more than the password.
const SETTINGS: [(&str, &str); 7] = [
    KEPT,
    ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false"),
    ("DURWARD_RISK__SUSPECT_NETWORKS", "127.0.0.0/8"),
    ("DURWARD_RISK__LISTED_ADDRESS", "100"),
    ("DURWARD_RISK__SECOND_FACTOR", "50"),
    ("DURWARD_RISK__DENY", "0"),
    ("DURWARD_LIMITS__MAILS_PER_ADDRESS", "5"),
];

/// Shows the password: the challenge, which asks for a code, and the code.
async fn mailed(app: &App, who: &Actor, name: &str) -> (Value, String) {
    let challenge = challenged(who, name).await;
    assert_eq!(challenge["methods"], json!(["email_code"]));
    assert!(challenge.get("passkey").is_none() && challenge.get("setup").is_none(), "{challenge}");
    let code = code_in(&app.mails.expect(&email(name), "login_code").await);
    (challenge, code)
}

/// The code in a mail: the same in its text and its HTML.
#[track_caller]
fn code_in(message: &Message) -> String {
    let is_code = |line: &str| {
        line.len() == 9 && line.char_indices().all(|(at, c)| if at == 4 { c == ' ' } else { c.is_ascii_digit() })
    };
    let code = message.text.lines().map(str::trim).find(|line| is_code(line));
    let code = code.unwrap_or_else(|| panic!("no code in {}", message.text));
    assert!(message.html.contains(code) && !message.subject.contains(code));
    code.to_owned()
}

/// Another code than this.
fn wrong(code: &str) -> String {
    code.chars().map(|c| c.to_digit(10).map_or(c, |digit| char::from_digit((digit + 1) % 10, 10).unwrap())).collect()
}

on_both! {
    with &SETTINGS;

    /// No cookie and no session before the code; then all of it, once.
    async fn it_lets_in_once(app) {
        app.register("ann").await;
        let browser = app.visitor();
        let (challenge, code) = mailed(&app, &browser, "ann").await;
        verify(&browser, &challenge, "email_code", &wrong(&code)).await.refused(401, "invalid_second_factor");
        let mut body = answer_to(&challenge, "email_code", &code);
        body["trust_device"] = true.into();
        let answer = browser.post(VERIFY, body).await.is(200);
        assert!(answer.set_cookie("access_token").is_some());
        assert!(answer.set_cookie("device_trust").is_none(), "a mail proves nothing of the device");
        let status = browser.get("/api/v1/auth/status").await.json();
        assert_eq!(status["auth_methods"], json!(["pwd", "otp", "mfa"]));
        verify(&browser, &challenge, "email_code", &code).await.refused(401, "challenge_invalid");
        // It is asked for again the next time.
        let (challenge, code) = mailed(&app, &browser, "ann").await;
        verify(&browser, &challenge, "email_code", &code.replace(' ', "")).await.is(200);
        let tried = "SELECT COUNT(*) FROM device_login_attempts WHERE method = 'email_code'";
        assert_eq!(app.database.count(tried).await, 3);
        app.no_more_mails().await;
    }

    /// An app gets its tokens in the body.
    async fn in_an_app(app) {
        app.register("ann").await;
        let client = app.app_client();
        let challenge = challenged_for(&client, "ann", "bearer").await;
        let code = code_in(&app.mails.expect(&email("ann"), "login_code").await);
        let typed = format!(" {}-{} ", &code[..4], &code[5..]);
        let answer = verify(&client, &challenge, "email_code", &typed).await.is(200);
        assert!(answer.set_cookies().is_empty());
        assert!(answer.json()["refresh_token"].is_string());
    }

    /// The fifth wrong answer ends the challenge; the right code is worth nothing then.
    async fn five_answers(app) {
        app.register("ann").await;
        let browser = app.visitor();
        let (challenge, code) = mailed(&app, &browser, "ann").await;
        for answer in [wrong(&code).as_str(), "", "1", "00000000 00000000", &format!("{code}0")] {
            verify(&browser, &challenge, "email_code", answer).await.refused(401, "invalid_second_factor");
        }
        verify(&browser, &challenge, "email_code", &code).await.refused(401, "challenge_invalid");
    }

    /// Of many right answers at once one opens a session.
    async fn one_winner(app) {
        app.register("ann").await;
        let (challenge, code) = mailed(&app, &app.visitor(), "ann").await;
        let visitors: Vec<_> = (0..16).map(|_| app.visitor()).collect();
        let answers = join_all(visitors.iter().map(|visitor| verify(visitor, &challenge, "email_code", &code))).await;
        let opened = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(opened, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        assert_eq!(app.database.count("SELECT COUNT(*) FROM user_sessions").await, 1);
    }

    /// A code belongs to its challenge, and that to its client, for five minutes.
    async fn what_it_is_bound_to(app) {
        app.register("ann").await;
        let browser = app.visitor();
        let (first, first_code) = mailed(&app, &browser, "ann").await;
        let (second, second_code) = mailed(&app, &browser, "ann").await;
        verify(&browser, &first, "email_code", &second_code).await.refused(401, "invalid_second_factor");
        verify(&browser, &second, "email_code", &first_code).await.refused(401, "invalid_second_factor");
        let other = app.visitor().with("user-agent", "another one");
        verify(&other, &first, "email_code", &first_code).await.refused(401, "challenge_invalid");
        app.clock.advance(Duration::from_secs(280));
        verify(&browser, &first, "email_code", &first_code).await.is(200);
        app.clock.advance(Duration::from_secs(20));
        verify(&browser, &second, "email_code", &second_code).await.refused(401, "challenge_invalid");
    }

    /// No other factor answers it, and it answers nothing else; nobody can set it up.
    async fn what_it_is_not(app) {
        let ann = {
            app.register("ann").await;
            let browser = app.visitor();
            let (challenge, code) = mailed(&app, &browser, "ann").await;
            for method in ["totp", "backup_code"] {
                verify(&browser, &challenge, method, &code).await.refused(409, "factor_state");
            }
            verify(&browser, &challenge, "email_code", &code).await.is(200);
            browser
        };
        ann.put("/api/v1/2fa", json!({ "methods": ["email_code"] })).await.refused(422, "validation_failed");
        let again = json!({ "method": "email_code", "code": "0123 4567" });
        ann.post(REAUTHENTICATE, again).await.refused(422, "validation_failed");
        // With a second factor that is one's own, that one is asked for.
        let (phone, _) = enable(&app, &ann).await;
        app.mails.expect(&email("ann"), "new_factor").await;
        let browser = app.visitor();
        let challenge = challenged(&browser, "ann").await;
        assert_eq!(challenge["methods"], json!(["totp", "backup_code"]));
        let refused = verify(&browser, &challenge, "email_code", "0123 4567").await;
        refused.refused(403, "method_unavailable");
        verify(&browser, &challenge, "totp", &phone.next(&app)).await.is(200);
        app.no_more_mails().await;
    }

    /// Nobody's mailbox is filled by who knows a password; who is refused for that has guessed nothing.
    async fn a_few_an_hour(app) {
        app.register("ann").await;
        for _ in 0..5 {
            mailed(&app, &app.visitor(), "ann").await;
        }
        let login = json!({ "email": email("ann"), "password": PASSWORD });
        for _ in 0..12 {
            let refused = app.visitor().post(LOGIN, login.clone()).await.refused(429, "rate_limited");
            let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
            assert!((3_500..=3_600).contains(&wait), "{wait}");
        }
        app.no_more_mails().await;
        app.clock.advance(Duration::from_secs(3_601));
        // Who reads the mails costs nothing.
        for _ in 0..7 {
            let browser = app.visitor();
            let (challenge, code) = mailed(&app, &browser, "ann").await;
            verify(&browser, &challenge, "email_code", &code).await.is(200);
        }
    }

    /// What reads the database finds no code, nor a hash that one could try all codes on.
    async fn nothing_of_it_is_kept(app) {
        app.register("ann").await;
        let (_, code) = mailed(&app, &app.visitor(), "ann").await;
        app.posted().await;
        let kept = app.database.everything().await;
        for form in [code.clone(), code.replace(' ', "")] {
            assert!(!kept.windows(form.len()).any(|window| window == form.as_bytes()), "{form}");
        }
    }

    /// In the language that the browser prefers.
    async fn in_german(app) {
        app.register("ann").await;
        challenged(&app.visitor().with("accept-language", "de-AT,de;q=0.9"), "ann").await;
        let mail = app.mails.expect(&email("ann"), "login_code").await;
        assert_eq!(mail.language, "de");
        assert!(mail.text.contains("Geben Sie diesen Code niemandem"), "{}", mail.text);
        code_in(&mail);
    }

    /// Whoever changes the password ends what waits for a code.
    async fn a_new_password_ends_it(app) {
        app.register("ann").await;
        let (challenge, code) = mailed(&app, &app.visitor(), "ann").await;
        let owner = app.visitor();
        let (own, own_code) = mailed(&app, &owner, "ann").await;
        verify(&owner, &own, "email_code", &own_code).await.is(200);
        let change = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
        owner.post("/api/v1/password/change", change).await.is(204);
        verify(&app.visitor(), &challenge, "email_code", &code).await.refused(401, "challenge_invalid");
    }
}

on_both! {
    with &SETTINGS[2..];

    /// Where no mail can be sent, nobody is kept out.
    async fn without_mail(app) {
        app.register("ann").await;
        let login = json!({ "email": email("ann"), "password": PASSWORD });
        assert_eq!(app.visitor().post(LOGIN, login).await.is(200).json()["status"], "authenticated");
    }
}
