//! How good a password would be, for the meter beside the field in which it is chosen.
//!
//! Anybody may ask, with every letter that is typed, and a password that is made to be slow takes an estimate as long as
//! forty hashes. So that this keeps nobody from logging in, estimates have one thread of their own, which gives way to
//! those that serve requests, and a client has one estimate under way or waiting for that thread at a time. A count in the
//! database, as for guesses, would cost more than most estimates, and nothing can be guessed here.

use std::net::IpAddr;
use std::sync::mpsc;

use durward_proto::problem::FieldError;
use durward_proto::wire::password::{StrengthAnswer, StrengthQuestion};
use tokio::sync::oneshot;

use crate::budgets::address_key;
use crate::client::Client;
use crate::factors::password::{PasswordRules, give_way};
use crate::fault::Fault;
use crate::register::NAME;
use crate::service::Core;
use crate::turnstile::Turnstile;

/// The most bytes of an address (RFC 5321 section 4.5.3.1.3).
const ADDRESS: usize = 254;

type Estimate = Box<dyn FnOnce() + Send>;

/// The thread, and who may use it now.
pub(crate) struct Meter {
    clients: Turnstile,
    thread: Turnstile,
    estimates: mpsc::Sender<Estimate>,
}

impl Meter {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start() -> Result<Self, Fault> {
        let (estimates, queue) = mpsc::channel::<Estimate>();
        let work = move || {
            give_way();
            queue.into_iter().for_each(|estimate| estimate());
        };
        std::thread::Builder::new()
            .name("meter".to_owned())
            .spawn(work)
            .map_err(|error| Fault::unavailable(format!("starting the thread of the password meter: {error}")))?;
        // Each lets one through.
        Ok(Self { clients: Turnstile::new(1), thread: Turnstile::new(1), estimates })
    }

    /// The turn belongs to the estimate and not to its client: one who goes away does not get another one sooner.
    async fn run<T: Send + 'static>(
        &self,
        client: IpAddr,
        estimate: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = (self.clients.enter(&address_key(client)).await?, self.thread.enter("").await?);
        let (answer, wait) = oneshot::channel();
        let work = Box::new(move || {
            let outcome = estimate();
            drop(turn);
            drop(answer.send(outcome));
        });
        let gone = || Fault::unavailable("the thread of the password meter is gone");
        self.estimates.send(work).map_err(|_| gone())?;
        wait.await.map_err(|_| gone())
    }
}

impl Core {
    /// What a registration would make of this password.
    ///
    /// # Errors
    /// `validation_failed` for an address or a name that nobody can have; 503 `overloaded` when too many ask.
    pub async fn password_strength(&self, asked: StrengthQuestion, client: &Client) -> Result<StrengthAnswer, Fault> {
        let StrengthQuestion { password, email, full_name } = asked;
        let mut errors = Vec::new();
        if email.as_ref().is_some_and(|email| email.len() > ADDRESS) {
            errors.push(FieldError::new("/email", "an address has at most 254 bytes"));
        }
        if full_name.as_ref().is_some_and(|name| name.chars().count() > NAME) {
            errors.push(FieldError::new("/full_name", "a name has at most 200 characters"));
        }
        if !errors.is_empty() {
            return Err(Fault::fields(errors));
        }
        let rules = PasswordRules { min_strength: self.policy.password_min_strength };
        let judge = move || {
            let about: Vec<&str> = [&email, &full_name].into_iter().flatten().map(|word| word.trim()).collect();
            rules.judge(&password, &about)
        };
        self.meter.run(client.ip, judge).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use durward_proto::Code;

    use super::*;

    fn client(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_who_goes_away_does_not_get_another_turn_before_the_estimate_is_done() {
        let meter = Arc::new(Meter::start().unwrap());
        let (begun, begins) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let asking = tokio::spawn({
            let meter = meter.clone();
            async move {
                let slow = move || {
                    begun.send(()).unwrap();
                    ends.recv().unwrap();
                };
                meter.run(client(1), slow).await
            }
        });
        while begins.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        asking.abort();
        let _ = asking.await;
        for last in [1, 2] {
            assert_eq!(meter.run(client(last), || 7).await.unwrap_err().code(), Code::Overloaded, "{last}");
        }
        end.send(()).unwrap();
        // The thread ends it in its own time.
        while meter.run(client(1), || 7).await.ok() != Some(7) {}
    }
}
