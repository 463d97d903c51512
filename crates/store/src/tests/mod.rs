//! Each test is a function of a fresh store, and runs on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod alerts;
mod audit;
mod bell;
mod budgets;
mod cancel;
mod chat;
mod devices;
mod erase;
mod events;
mod gather;
mod jobs;
mod later;
mod migrations;
mod opening;
mod operators;
mod outbox;
mod partitions;
mod passkeys;
mod plans;
mod privacy;
mod recovery;
mod refresh;
mod retention;
mod schema;
mod sessions;
mod signing_keys;
mod tickets;
mod webhooks;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::wire::auth::Transport;
use durward_proto::{AccountStatus, Email, Role, SessionId, Timestamp, UserId};
use durward_verify::SystemRandom;
use tokio::sync::Barrier;

use crate::testing::Fresh;
use crate::{Audit, NewSession, NewTicket, NewUser, OwnStore, Scoped, UserRow};

/// Makes each function a test on SQLite and a test on PostgreSQL.
macro_rules! both {
    ($($(#[doc = $doc:literal])* async fn $name:ident($fresh:ident: Fresh) $body:block)+) => {$(
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing but its store")]
            use super::*;
            async fn run($fresh: crate::testing::Fresh) $body
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                run(crate::testing::fresh(crate::Backend::Sqlite).await).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                if crate::testing::backends().contains(&crate::Backend::Postgres) {
                    run(crate::testing::fresh(crate::Backend::Postgres).await).await;
                }
            }
        }
    )+};
}
pub(super) use both;

/// 2026-01-02 03:04:05.678901: microseconds that must survive.
const NOW: Timestamp = Timestamp::from_micros(1_767_323_045_678_901);
const HOUR: Duration = Duration::from_secs(3_600);

async fn user(fresh: &Fresh, email: &str) -> UserRow {
    let mut write = fresh.opened.gate.write().await.unwrap();
    let email: Email = email.parse().unwrap();
    let made = write.insert_user(&new_user(&email)).await.unwrap().expect("the address is free");
    write.commit(Audit::new("registered").subject(made.id)).await.unwrap();
    made
}

fn new_user(email: &Email) -> NewUser<'_> {
    static USER: std::sync::LazyLock<Role> = std::sync::LazyLock::new(Role::user);
    NewUser {
        email,
        full_name: Some("Ann Lee"),
        password_hash: "$argon2id$first",
        role: &USER,
        status: AccountStatus::Active,
        email_verified: true,
        now: NOW,
    }
}

async fn session(fresh: &Fresh, user: UserId, at: Timestamp) -> SessionId {
    let id = SessionId::new(at, &SystemRandom);
    let mut write = fresh.opened.gate.write().await.unwrap();
    write.insert_session(&new_session(id, user, at)).await.unwrap();
    write.commit_unaudited("a test").await.unwrap();
    id
}

fn new_session(id: SessionId, user_id: UserId, now: Timestamp) -> NewSession<'static> {
    NewSession {
        id,
        user_id,
        now,
        // Lists of live sessions ask the machine's clock.
        expires_at: Timestamp::from_seconds(4_000_000_000),
        auth_time: now,
        amr: "pwd otp",
        transport: Transport::Bearer,
        user_agent: Some("curl/8"),
        ip: Some("192.0.2.1"),
        device_hash: Some([7; 32]),
        device: None,
        place: None,
    }
}

/// What `Store::own` gives for a proof of this user and session.
fn own(fresh: &Fresh, user: UserId, session: SessionId) -> OwnStore {
    Scoped::own(&fresh.opened.gate.shared, user, session)
}

/// Runs `count` tasks that start together.
async fn race<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    count: usize,
    task: impl Fn(usize) -> F,
) -> Vec<T> {
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|number| {
            let (barrier, work) = (barrier.clone(), task(number));
            tokio::spawn(async move {
                barrier.wait().await;
                work.await
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
