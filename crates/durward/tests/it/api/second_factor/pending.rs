//! Password right, second factor pending: that opens nothing.

use bytes::Bytes;
use durward_http::routes::{Access, Row, table};

use super::*;

async fn call(actor: &Actor, row: &Row) -> Answer {
    let path = row.path.replace("{id}", "0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10");
    actor.send(row.method.clone(), &path, &[("content-type", "application/json")], Bytes::from_static(b"{}")).await
}

async fn opens_nothing(app: &App, asked: Value, visitor: Actor) {
    let token = asked["challenge_token"].as_str().unwrap();
    let with_cookies = app.visitor();
    for name in ["access_token", "refresh_token", "device_trust", "device_id", "csrf_token", "csrf_binding"] {
        with_cookies.set_cookie(name, token);
    }
    let rows = table().iter().filter(|row| matches!(row.access, Access::User | Access::Right(_)));
    assert!(rows.clone().count() > 20);
    for row in rows {
        call(&visitor, row).await.refused(401, "token_missing");
        call(&visitor.copy().with_bearer(token), row).await.refused(401, "token_malformed");
        call(&with_cookies, row).await.refused(401, "token_malformed");
    }
    let sockets = [
        visitor.copy().try_socket(&format!("/api/v1/ws/chat?ticket={token}")).await,
        visitor.copy().try_socket(&format!("/api/v1/ws/chat?token={token}")).await,
        visitor.copy().with_bearer(token).try_socket("/api/v1/ws/chat").await,
        visitor.copy().try_socket("/api/v1/ws/chat").await,
        visitor.copy().with("sec-websocket-protocol", &format!("bearer, {token}")).try_socket("/api/v1/ws/chat").await,
        with_cookies.try_socket("/api/v1/ws/chat").await,
    ];
    for socket in sockets {
        let (code, reason) = socket.unwrap().closed().await;
        assert_eq!(code, 1008, "{reason}");
        assert!(reason.starts_with("token_"), "{reason}");
    }
    let body = json!({ "refresh_token": token });
    visitor.post("/api/v1/auth/refresh", body).await.refused(401, "token_revoked");
    visitor.post_empty("/api/v1/auth/refresh").await.refused(401, "token_missing");
    assert_eq!(visitor.get("/api/v1/auth/status").await.json(), json!({ "authenticated": false }));
    assert_eq!(
        visitor.copy().with_bearer(token).get("/api/v1/auth/status").await.json(),
        json!({ "authenticated": false })
    );
    // To log out does not end what was never open, and does not complete it either.
    visitor.post_empty("/api/v1/auth/logout").await.is(204);
}

on_both! {
    /// No row and no socket takes anything that a login has given out before the second factor.
    async fn a_challenge_opens_nothing(app) {
        let (_, phone, _) = user_with_totp(&app, "ann").await;
        let id = app.operator.find(&email("ann").parse().unwrap()).await.unwrap().unwrap().id;
        app.operator.set_role(id, &durward_proto::Role::admin()).await.unwrap();
        let sessions = app.database.count("SELECT COUNT(*) FROM user_sessions").await;
        let visitor = app.visitor();
        let asked = challenged(&visitor, "ann").await;
        opens_nothing(&app, asked.clone(), visitor.copy()).await;
        assert_eq!(app.database.count("SELECT COUNT(*) FROM user_sessions").await, sessions);
        verify(&visitor, &asked, "totp", &phone.next(&app)).await.is(200);
        visitor.get("/api/v1/profile").await.is(200);
    }
}

on_both! {
    with &[("DURWARD_SECOND_FACTOR__POLICY", "required")];

    /// Nor does one to set a second factor up.
    async fn an_enrolment_opens_nothing(app) {
        app.register("ann").await;
        let visitor = app.visitor();
        let asked = visitor.post(LOGIN, json!({ "email": email("ann"), "password": PASSWORD })).await.is(200).json();
        opens_nothing(&app, asked, visitor).await;
        assert_eq!(app.database.count("SELECT COUNT(*) FROM user_sessions").await, 0);
    }
}
