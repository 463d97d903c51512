//! Now means now: what ends sessions and sockets, on every node, and what happens while the database is away.

#![allow(clippy::disallowed_methods, reason = "the real time that passes on the wire is what is measured")]
#![allow(clippy::print_stdout, reason = "the figures are what one wants to see")]

mod breakers;
mod causes;
mod nodes;
mod outages;
mod postgres;
mod processes;
mod races;
mod room;

use std::time::{Duration, Instant};

use durward_proto::{Email, UserId};

use crate::kit::{App, email};

const CHAT: &str = "/api/v1/ws/chat";

/// The id of `name@example.com`.
pub async fn id_of(app: &App, name: &str) -> UserId {
    let email: Email = email(name).parse().unwrap();
    app.operator.find(&email).await.unwrap().unwrap().id
}

/// Waits until `holds`, and says how long that took; fails after `limit`.
#[track_caller]
fn within<F: Future<Output = bool>>(
    what: &'static str,
    limit: Duration,
    mut holds: impl FnMut() -> F,
) -> impl Future<Output = Duration> {
    let begun = Instant::now();
    let caller = std::panic::Location::caller();
    async move {
        while !holds().await {
            assert!(begun.elapsed() < limit, "{caller}: {what} does not hold after {limit:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        begun.elapsed()
    }
}
