//! The bare handler: axum alone, answering with the same JSON, made anew for each request.

use std::io::{self, Write};
use std::net::Ipv4Addr;

use axum::Router;
use axum::routing::get;
use durward_proto::wire::auth::{StatusAnswer, User};
use durward_proto::{AccountStatus, Clock, Role, SessionId, SystemClock, Timestamp, UserId};
use durward_verify::SystemRandom;
use http::header::CONTENT_TYPE;
use tokio::net::TcpListener;

use crate::Outcome;

/// Serves on a free port, which is printed, until the process is ended.
pub(crate) async fn serve() -> Outcome<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    let (clock, role) = (SystemClock::new(), "user".parse::<Role>()?);
    let (now, session) = (clock.now(), SessionId::new(clock.now(), &SystemRandom));
    let answer = move || {
        let json = serde_json::to_vec(&status(&role, now, session)).unwrap_or_default();
        std::future::ready(([(CONTENT_TYPE, "application/json")], json))
    };
    let router = Router::new().route("/api/v1/auth/status", get(answer));
    Ok(axum::serve(listener, router).await?)
}

fn status(role: &Role, now: Timestamp, session: SessionId) -> StatusAnswer {
    StatusAnswer {
        authenticated: true,
        user: Some(User {
            id: UserId(1),
            email: crate::load::email(0),
            full_name: None,
            role: role.clone(),
            status: AccountStatus::Active,
            email_verified: false,
            tfa_enabled: false,
            created_at: now,
            updated_at: now,
        }),
        session_id: Some(session),
        expires_at: Some(now),
        auth_methods: Some(vec!["pwd".to_owned()]),
        scopes: Some(vec!["user".to_owned()]),
    }
}
