//! The bare handler: axum alone, answering with the same JSON, made anew for each request.

use std::io::{self, Write};
use std::net::Ipv4Addr;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use durward_proto::wire::auth::{StatusAnswer, User};
use durward_proto::wire::profile::{Profile, ProfileAnswer};
use durward_proto::{AccountStatus, Clock, Role, SessionId, SystemClock, Timestamp, UserId};
use durward_verify::SystemRandom;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::Outcome;

/// Serves on a free port, which is printed, until the process is ended.
pub(crate) async fn serve() -> Outcome<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    let (clock, role) = (SystemClock::new(), "user".parse::<Role>()?);
    let (now, session) = (clock.now(), SessionId::new(clock.now(), &SystemRandom));
    let profile_role = role.clone();
    let status = move || std::future::ready(json(&status(user(&role, now), now, session)));
    let profile = move || std::future::ready(json(&profile(user(&profile_role, now))));
    let router = Router::new().route("/api/v1/auth/status", get(status)).route("/api/v1/profile", get(profile));
    let router = router.route("/api/v1/ws/chat", get(crate::echo::serve_bare));
    Ok(axum::serve(listener, router).await?)
}

fn json<T: Serialize>(answer: &T) -> impl IntoResponse + use<T> {
    ([(CONTENT_TYPE, "application/json")], serde_json::to_vec(answer).unwrap_or_default())
}

fn profile(user: User) -> ProfileAnswer {
    ProfileAnswer { user, profile: Profile::default() }
}

fn user(role: &Role, now: Timestamp) -> User {
    User {
        id: UserId(1),
        email: crate::load::email(0),
        full_name: None,
        role: role.clone(),
        status: AccountStatus::Active,
        email_verified: false,
        tfa_enabled: false,
        created_at: now,
        updated_at: now,
    }
}

fn status(user: User, now: Timestamp, session: SessionId) -> StatusAnswer {
    StatusAnswer {
        authenticated: true,
        user: Some(user),
        session_id: Some(session),
        expires_at: Some(now),
        auth_methods: Some(vec!["pwd".to_owned()]),
        scopes: Some(vec!["user".to_owned()]),
    }
}
