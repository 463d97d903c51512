//! How good a password would be, for the meter beside the field in which it is chosen.
//!
//! Anybody may ask, with every letter that is typed, so the question must not be a way to keep others from logging in: an
//! estimate runs on the hashing threads, of which those who only ask get half, and a client has two estimates under way at
//! a time. A count in the database, as for guesses, would cost more than the estimate itself, and nothing can be guessed here.

use durward_proto::problem::FieldError;
use durward_proto::wire::password::{StrengthAnswer, StrengthQuestion};

use crate::budgets::address_key;
use crate::client::Client;
use crate::factors::password::PasswordRules;
use crate::fault::Fault;
use crate::register::NAME;
use crate::service::Core;
use crate::turnstile::Turnstile;

/// The most bytes of an address (RFC 5321 section 4.5.3.1.3).
const ADDRESS: usize = 254;

/// Who may have a password estimated now.
pub(crate) struct Meter {
    clients: Turnstile,
    threads: Turnstile,
}

impl Meter {
    /// For so many hashing threads. Each [`Turnstile`] lets half of its number through.
    pub(crate) fn new(threads: usize) -> Self {
        Self { clients: Turnstile::new(4), threads: Turnstile::new(u32::try_from(threads).unwrap_or(u32::MAX)) }
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
        let _own = self.meter.clients.enter(&address_key(client.ip)).await?;
        let _thread = self.meter.threads.enter("").await?;
        let rules = PasswordRules { min_strength: self.policy.password_min_strength };
        let judge = move || {
            let about: Vec<&str> = [&email, &full_name].into_iter().flatten().map(|word| word.trim()).collect();
            rules.judge(&password, &about)
        };
        self.hasher.beside_requests(judge).await
    }
}
