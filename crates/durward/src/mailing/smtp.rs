//! The mail server, behind the circuit breaker.

use std::sync::Arc;

use durward_core::mail::{Courier, Message, Undelivered};
use durward_verify::Breaker;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::letter::{Letter, letter};
use super::session::Server;
use super::trouble::{Step, Trouble};

/// Hands mails in at a mail server.
pub(super) struct Smtp {
    server: Server,
    breaker: Arc<Breaker>,
}

impl Smtp {
    pub(super) fn new(server: Server, breaker: Arc<Breaker>) -> Self {
        Self { server, breaker }
    }

    async fn hand_in(&self, letter: &Letter) -> Result<(), Undelivered> {
        let permit = self.breaker.admit().map_err(Undelivered::NotNow)?;
        let outcome = self.server.hand_in(letter).await;
        match &outcome {
            Err(trouble) if trouble.is_failure() => permit.fail(),
            _ => permit.succeed(),
        }
        outcome.map_err(|trouble| undelivered(&trouble))
    }
}

fn undelivered(trouble: &Trouble) -> Undelivered {
    if trouble.needs_an_operator() {
        tracing::error!(%trouble, cure = trouble.cure(), "the mail server takes no mail from us until this is mended");
    }
    let words = trouble.to_string();
    if trouble.is_final() {
        Undelivered::Never(words)
    } else if trouble.is_failure() && trouble.step != Step::Contents {
        Undelivered::Away(words)
    } else {
        // Also when it broke off after the mail: it may have been taken, and whoever gets it again and again shall not get
        // it every few seconds.
        Undelivered::Later(words)
    }
}

impl Courier for Smtp {
    fn deliver(&self, message: Message) -> BoxFuture<'_, Result<(), Undelivered>> {
        async move {
            let letter = letter(message, self.server.from()).map_err(Undelivered::Never)?;
            self.hand_in(&letter).await
        }
        .boxed()
    }

    fn name(&self) -> &'static str {
        "SMTP"
    }
}
