//! Nobody can hold a wait against somebody else: what lets the owner in while others guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::api::passkeys;
use crate::kit::{Authenticator, KEPT, token};

/// What a risk makes of a login is another matter.
const SETTINGS: [(&str, &str); 5] = [
    ("DURWARD_LIMITS__ACCOUNT_FAILURES", "3"),
    ("DURWARD_LIMITS__FIRST_DELAY", "10m"),
    KEPT,
    ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false"),
    ("DURWARD_RISK__ENABLED", "false"),
];
const NEW: &str = "four quiet herons at dusk";

/// Uses the account's budget up.
async fn besiege(app: &App, name: &str) {
    for _ in 0..3 {
        login(&app.visitor(), &email(name), WRONG).await.refused(401, "invalid_credentials");
    }
    wait_of(login(&app.visitor(), &email(name), PASSWORD).await);
}

/// A browser that has this device cookie and nothing else.
fn on_device(app: &App, device: &str) -> Actor {
    let visitor = app.visitor();
    visitor.set_cookie("device_id", device);
    visitor
}

on_both! {
    with &SETTINGS;

    /// The device that the account has logged in with before is let in, whatever others do.
    async fn a_known_device(app) {
        let ann = app.user("ann").await;
        let device = ann.cookie("device_id").unwrap();
        besiege(&app, "ann").await;
        let browser = on_device(&app, &device);
        login(&browser, &email("ann"), PASSWORD).await.is(200);
        // It has its own budget, which a wrong answer draws on and a right one does not.
        login(&browser, &email("ann"), WRONG).await.refused(401, "invalid_credentials");
        login(&browser, &email("ann"), PASSWORD).await.is(200);
        ann.post("/api/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await.is(200);
        let change = json!({ "current_password": PASSWORD, "new_password": NEW });
        ann.post("/api/v1/password/change", change).await.is(204);
        // All others still wait.
        wait_of(login(&app.visitor(), &email("ann"), NEW).await);
    }

    /// Whoever guesses on a known device uses up its budget, on all paths, and the others are charged for it as well.
    async fn a_known_device_has_its_own_limit(app) {
        let (ann, other) = (app.user("ann").await, app.login("ann").await);
        login(&ann, &email("ann"), WRONG).await.refused(401, "invalid_credentials");
        ann.post("/api/v1/auth/reauthenticate", json!({ "password": WRONG })).await.refused(401, "invalid_credentials");
        let change = json!({ "current_password": WRONG, "new_password": NEW });
        ann.post("/api/v1/password/change", change).await.refused(401, "invalid_credentials");
        wait_of(login(&ann, &email("ann"), PASSWORD).await);
        wait_of(ann.post("/api/v1/auth/reauthenticate", json!({ "password": PASSWORD })).await);
        wait_of(login(&app.visitor(), &email("ann"), PASSWORD).await);
        login(&other, &email("ann"), PASSWORD).await.is(200);
        app.clock.advance(Duration::from_secs(10 * 60 + 1));
        login(&ann, &email("ann"), PASSWORD).await.is(200);
    }

    /// A cookie that somebody made up is none that is known, and nobody is told which ones are: an account and an address
    /// without one are limited alike, with any cookie.
    async fn made_up_devices_tell_nothing(app) {
        let bob = app.user("bob").await;
        app.register("ann").await;
        let made_up = |byte: u8| URL_SAFE_NO_PAD.encode([byte; 32]);
        let (bobs, mut seen) = (bob.cookie("device_id").unwrap(), Vec::new());
        for address in [email("ann"), email("nobody")] {
            let mut statuses = Vec::new();
            let devices = [made_up(1), made_up(1), made_up(2), made_up(3), bobs.clone(), "x".to_owned(), String::new()];
            for device in devices {
                statuses.push(login(&on_device(&app, &device), &address, WRONG).await.status.as_u16());
            }
            seen.push(statuses);
        }
        assert_eq!(seen, [[401, 401, 401, 429, 429, 429, 429], [401, 401, 401, 429, 429, 429, 429]]);
    }

    /// Who keeps no cookie is known by headers alone, which anybody can send: that lets nobody past a wait.
    async fn looking_like_a_known_app_is_not_enough(app) {
        app.register("ann").await;
        app.bearer("ann").await;
        besiege(&app, "ann").await;
        let body = json!({ "email": email("ann"), "password": PASSWORD, "transport": "bearer" });
        wait_of(app.app_client().post(LOGIN, body).await);
    }

    /// A device that was forgotten is known no more.
    async fn a_forgotten_device(app) {
        let (ann, other) = (app.user("ann").await, app.login("ann").await);
        let device = other.cookie("device_id").unwrap();
        let devices = ann.get("/api/v1/devices").await.is(200).json();
        let items = devices["items"].as_array().unwrap();
        let id = items.iter().find(|item| item["current"] == false).unwrap()["id"].as_str().unwrap();
        besiege(&app, "ann").await;
        login(&on_device(&app, &device), &email("ann"), PASSWORD).await.is(200);
        ann.delete(&format!("/api/v1/devices/{id}")).await.is(204);
        wait_of(login(&on_device(&app, &device), &email("ann"), PASSWORD).await);
    }

    /// A mailed link gets in from any device: where it is used is a known one from then on, and the siege begins anew.
    async fn a_mailed_link(app) {
        app.register("ann").await;
        besiege(&app, "ann").await;
        let browser = app.visitor();
        browser.post("/api/v1/password/forgot", json!({ "email": email("ann") })).await.is(202);
        let link = token(&app.mails.expect(&email("ann"), "reset_password").await);
        let answer = browser.post("/api/v1/password/reset", json!({ "token": link, "new_password": NEW })).await.is(204);
        assert!(answer.set_cookie("device_id").is_some(), "where it was used is to be known again");
        for _ in 0..3 {
            login(&app.visitor(), &email("ann"), WRONG).await;
        }
        wait_of(login(&app.visitor(), &email("ann"), NEW).await);
        login(&browser, &email("ann"), NEW).await.is(200);
    }

    /// A passkey gets in.
    async fn a_passkey(app) {
        let ann = app.user("ann").await;
        let mut key = Authenticator::new();
        passkeys::register(&app, &ann, &mut key).await.is(201);
        besiege(&app, "ann").await;
        passkeys::log_in(&app, &mut key).await.is(200);
        // Neither does a wrong answer of one draw on the account's budget.
        app.clock.advance(Duration::from_secs(15 * 60));
        for _ in 0..6 {
            passkeys::log_in_wrong(&app, &mut key).await.refused(401, "invalid_passkey");
        }
        login(&app.visitor(), &email("ann"), PASSWORD).await.is(200);
    }
}

mod same_address {
    use super::*;

    on_both! {
        with &[("DURWARD_LIMITS__ADDRESS_FAILURES", "3"), SETTINGS[1], SETTINGS[2], SETTINGS[3], SETTINGS[4]];

        /// Whoever shares an address with somebody who guesses is let in with what nobody can guess, and on a known device.
        async fn those_behind_one_address(app) {
            let ann = app.user("ann").await;
            let mut key = Authenticator::new();
            passkeys::register(&app, &ann, &mut key).await.is(201);
            app.register("bob").await;
            let bob = app.login("bob").await;
            bob.post("/api/v1/password/forgot", json!({ "email": email("ann") })).await.is(202);
            app.mails.expect(&email("ann"), "new_factor").await;
            let link = token(&app.mails.expect(&email("ann"), "reset_password").await);
            for number in 0..3 {
                let nobody = email(&format!("nobody{number}"));
                login(&app.visitor(), &nobody, WRONG).await.refused(401, "invalid_credentials");
            }
            wait_of(login(&app.visitor(), &email("bob"), PASSWORD).await);
            login(&bob, &email("bob"), PASSWORD).await.is(200);
            passkeys::log_in(&app, &mut key).await.is(200);
            // Wrong answers to those are told to wait.
            wait_of(passkeys::log_in_wrong(&app, &mut key).await);
            let wrong = json!({ "token": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "new_password": NEW });
            wait_of(app.visitor().post("/api/v1/password/reset", wrong).await);
            let right = json!({ "token": link, "new_password": NEW });
            app.visitor().post("/api/v1/password/reset", right).await.is(204);
        }
    }
}
