//! The commands of the real program, and the program as its operators meet it.

mod accounts;
mod audit;
mod configuration;
mod dev;
mod diagnostics;
mod help;
mod migrate;
mod outage;
mod serve;

use std::time::Duration;

use tokio::time::Instant;

use crate::kit::{Actor, Answer, Control};

/// Asks for the actor's profile until it is refused, which must be within a second.
async fn refused_within_a_second(actor: &Actor) -> Answer {
    let control = Control::of(actor.address());
    let start = Instant::now();
    loop {
        let answer = actor.get("/api/v1/profile").await;
        if answer.status != 200 {
            return answer;
        }
        assert!(start.elapsed() < control.allows(Duration::from_secs(1)), "the token is still good");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
