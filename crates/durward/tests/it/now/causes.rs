//! What ends which sockets, with which code and reason; everything else stays.

use durward_proto::{AccountStatus, Role};
use serde_json::json;

use super::{CHAT, id_of};
use crate::kit::{Actor, App, KEPT, PASSWORD, Socket, email, on_both, token};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Logout,
    LogoutEverywhere,
    EndOther,
    EndOthers,
    DeviceRemoval,
    PasswordChange,
    Refresh,
    RefreshReuse,
    RoleChange,
    Suspend,
    Deactivate,
    Delete,
    DeleteOwn,
    RevokeSessions,
    SetPassword,
    PasswordReset,
}

/// A socket's fate.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Stays,
    Closes(&'static str),
}

use Cause::*;
use Fate::*;

const REVOKED: Fate = Closes("token_revoked");
const INACTIVE: Fate = Closes("account_inactive");

/// What becomes of the sockets of the session that acts, and of the same user's other one.
const TABLE: [(Cause, Fate, Fate); 16] = [
    (Logout, REVOKED, Stays),
    (LogoutEverywhere, REVOKED, REVOKED),
    (EndOther, Stays, REVOKED),
    (EndOthers, Stays, REVOKED),
    (DeviceRemoval, Stays, REVOKED),
    (PasswordChange, Stays, REVOKED),
    (Refresh, Stays, Stays),
    (RefreshReuse, Stays, REVOKED),
    (RoleChange, REVOKED, REVOKED),
    (Suspend, INACTIVE, INACTIVE),
    (Deactivate, INACTIVE, INACTIVE),
    (Delete, INACTIVE, INACTIVE),
    (DeleteOwn, INACTIVE, INACTIVE),
    (RevokeSessions, REVOKED, REVOKED),
    (SetPassword, REVOKED, REVOKED),
    (PasswordReset, REVOKED, REVOKED),
];

/// A user in a browser and on a phone.
struct Cast {
    name: String,
    browser: Actor,
    phone: Actor,
    refresh: String,
}

async fn ready(mut socket: Socket) -> Socket {
    socket.expect("ready").await;
    socket
}

async fn by_ticket(app: &App, actor: &Actor) -> Socket {
    let answer = actor.post_empty("/api/v1/ws/ticket").await.is(200).json();
    let path = format!("{CHAT}?ticket={}", answer["ticket"].as_str().unwrap());
    ready(app.app_client().socket(&path).await).await
}

async fn bring_about(cause: Cause, app: &App, cast: &Cast) {
    let Cast { name, browser, phone, refresh } = cast;
    let user = id_of(app, name).await;
    let rotate = |token: String| async move {
        app.app_client().post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
    };
    match cause {
        Logout => drop(browser.post_empty("/api/v1/auth/logout").await.is(204)),
        LogoutEverywhere => drop(browser.post_empty("/api/v1/auth/logout?everywhere=true").await.is(204)),
        EndOther => {
            let id = phone.get("/api/v1/auth/status").await.json()["session_id"].as_str().unwrap().to_owned();
            browser.delete(&format!("/api/v1/sessions/{id}")).await.is(204);
        }
        EndOthers => drop(browser.delete("/api/v1/sessions").await.is(204)),
        DeviceRemoval => {
            let devices = browser.get("/api/v1/devices").await.is(200).json();
            let other = devices["items"].as_array().unwrap().iter().find(|device| device["current"] == false).unwrap();
            browser.delete(&format!("/api/v1/devices/{}", other["id"].as_str().unwrap())).await.is(204);
        }
        PasswordChange => {
            let body = json!({ "current_password": PASSWORD, "new_password": "four quiet herons at dusk" });
            browser.post("/api/v1/password/change", body).await.is(204);
        }
        Refresh => drop(rotate(refresh.clone()).await.is(200)),
        RefreshReuse => {
            let answer = rotate(refresh.clone()).await.is(200).json();
            rotate(answer["refresh_token"].as_str().unwrap().to_owned()).await.is(200);
            rotate(refresh.clone()).await.refused(401, "refresh_reused");
        }
        RoleChange => app.operator.set_role(user, &Role::admin()).await.unwrap(),
        Suspend => app.operator.set_status(user, AccountStatus::Suspended).await.unwrap(),
        Deactivate => app.operator.set_status(user, AccountStatus::Deactivated).await.unwrap(),
        Delete => assert!(app.operator.delete(user).await.unwrap()),
        DeleteOwn => drop(browser.delete_with("/api/v1/account", json!({ "password": PASSWORD })).await.is(204)),
        RevokeSessions => assert_eq!(app.operator.revoke_sessions(user).await.unwrap(), 2),
        // What stands there need not be a hash: nobody logs in again.
        SetPassword => app.operator.set_password(user, "$argon2id$").await.unwrap(),
        PasswordReset => {
            app.visitor().post("/api/v1/password/forgot", json!({ "email": email(name) })).await.is(202);
            let token = token(&app.mails.expect(&email(name), "reset_password").await);
            let body = json!({ "token": token, "new_password": "four quiet herons at dusk" });
            app.visitor().post("/api/v1/password/reset", body).await.is(204);
        }
    }
}

async fn meets(cause: Cause, fate: Fate, socket: &mut Socket) {
    match fate {
        Closes(reason) => assert_eq!(socket.closed().await, (1008, reason.to_owned()), "{cause:?}"),
        Stays => {
            socket.send(json!({ "type": "ping" })).await;
            assert_eq!(socket.next().await["type"], "pong", "{cause:?}");
        }
    }
}

on_both! {
    with &[KEPT, ("DURWARD_REGISTRATION__VERIFY_EMAIL", "false")];

    /// Every cause, on sockets of every kind.
    async fn each_cause_closes_exactly_its_sockets(app) {
        let bob = app.user("bob").await;
        let mut bystander = ready(bob.socket(CHAT).await).await;
        for (cause, acting, other) in TABLE {
            let name = format!("{cause:?}").to_lowercase();
            let browser = app.user(&name).await;
            let (phone, refresh) = app.bearer(&name).await;
            let mut sockets = [
                (acting, ready(browser.socket(CHAT).await).await),
                (acting, by_ticket(&app, &browser.copy().without_origin()).await),
                (other, ready(phone.socket(CHAT).await).await),
                (other, by_ticket(&app, &phone).await),
            ];
            let cast = Cast { name, browser, phone, refresh };
            bring_about(cause, &app, &cast).await;
            for (fate, socket) in sockets.iter_mut().filter(|(fate, _)| matches!(fate, Closes(_))) {
                meets(cause, *fate, socket).await;
            }
            for (fate, socket) in sockets.iter_mut().filter(|(fate, _)| matches!(fate, Stays)) {
                meets(cause, *fate, socket).await;
            }
            meets(cause, Stays, &mut bystander).await;
            // A role change ends no session: its user comes back, as what they are now.
            if cause == RoleChange {
                let mut again = cast.phone.socket(CHAT).await;
                assert_eq!(again.expect("ready").await["user"]["role"], "admin");
            }
        }
    }
}

/// A ticket that nobody has used yet.
async fn unused_ticket(actor: &Actor) -> String {
    let answer = actor.post_empty("/api/v1/ws/ticket").await.is(200).json();
    format!("{CHAT}?ticket={}", answer["ticket"].as_str().unwrap())
}

on_both! {
    with &[("DURWARD_KEYS__MASTER_KEY", "the master key of these tests: 5b0e7c19f2")];

    /// The retirement of a key ends what its tokens opened, by themselves or by a ticket, and no session.
    async fn a_key_that_is_retired_closes_what_it_opened(app) {
        let keys = app.core.signing_keys();
        // The configuration's secret cannot be told from a key of the database by its sockets, so both are tried.
        for round in 0..2 {
            let name = format!("ann{round}");
            let old = app.core.verifier().keys().signing_kid().to_owned();
            let browser = app.user(&name).await;
            let (phone, refresh) = app.bearer(&name).await;
            let mut closing = [
                ready(browser.socket(CHAT).await).await,
                by_ticket(&app, &browser.copy().without_origin()).await,
                ready(phone.socket(CHAT).await).await,
                by_ticket(&app, &phone).await,
            ];
            let mut renewed = by_ticket(&app, &phone).await;
            let (unused, other) = (unused_ticket(&phone).await, unused_ticket(&phone).await);

            keys.rotate(None).await.unwrap();
            while app.core.verifier().keys().signing_kid() == old {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            // While both are in force, tickets of both are taken; a renewal counts for the newer one.
            let mut early = ready(app.app_client().socket(&other).await).await;
            let answer = app.app_client().post("/api/v1/auth/refresh", json!({ "refresh_token": refresh })).await;
            let token = answer.is(200).json()["access_token"].as_str().unwrap().to_owned();
            renewed.send(json!({ "type": "auth", "token": token })).await;
            renewed.expect("auth.renewed").await;
            let newer = app.app_client().with_bearer(&token);
            let mut stays = [ready(newer.socket(CHAT).await).await, by_ticket(&app, &newer).await, renewed];

            keys.retire(&old).await.unwrap();
            for socket in closing.iter_mut().chain([&mut early]) {
                assert_eq!(socket.closed().await, (1008, "token_signature".to_owned()));
            }
            let mut late = app.app_client().socket(&unused).await;
            assert_eq!(late.closed().await, (1008, "token_signature".to_owned()));
            phone.post_empty("/api/v1/ws/ticket").await.refused(401, "token_signature");
            for socket in &mut stays {
                socket.lives().await;
            }
            newer.get("/api/v1/profile").await.is(200);
        }
    }
}
