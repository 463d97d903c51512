//! How much guessing is allowed: counted in the database before the answer is looked at, so that a thousand guesses
//! at once on many nodes get no more tries than one after the other.
//!
//! Every path that can guess a password charges here. Nobody is ever locked out for good: when the budget is used up,
//! one more try is let through after a delay that doubles.
//!
//! Mails that anybody can ask for have budgets of their own, so that nobody's mailbox is filled from here.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, Code, Problem};
use durward_store::{BudgetRule, Charge, Gate, GateStore, Write};

use crate::client::Client;
use crate::fault::Fault;
use crate::issue::sha256;
use crate::service::Core;
use crate::turnstile::{Inside, Turnstile};

/// The configured budgets.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wrong answers for one account, from anywhere, within the window.
    pub account_failures: u32,
    /// Wrong answers from one client, for any account, within the window.
    pub address_failures: u32,
    /// The window.
    pub window: Duration,
    /// The first delay after a budget is used up; each further wrong answer doubles it, up to the window.
    pub first_delay: Duration,
}

/// Within which time requests for mails are counted. Who has used them up waits until it is over.
const MAIL_WINDOW: Duration = Duration::from_secs(3_600);

/// The budgets of accounts and addresses.
pub(crate) struct Budgets {
    gate: GateStore,
    limits: Limits,
    accounts: Turnstile,
    addresses: Turnstile,
    clock: Arc<dyn Clock>,
}

/// A try that has been paid for. Give it back when the answer was right; drop it when the answer has been dealt with.
#[must_use]
pub(crate) struct Paid {
    account: String,
    address: String,
    _inside: (Inside, Inside),
}

impl Budgets {
    pub(crate) fn new(gate: GateStore, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let (accounts, addresses) = (Turnstile::new(limits.account_failures), Turnstile::new(limits.address_failures));
        Self { gate, limits, accounts, addresses, clock }
    }

    /// Pays for one try at this account from this address.
    ///
    /// # Errors
    /// `too_many_attempts` when either budget is used up; `overloaded` when too many others try at the same moment.
    pub(crate) async fn charge(&self, email_key: &str, ip: IpAddr) -> Result<Paid, Fault> {
        let (account, address) = (account_key(email_key), address_key(ip));
        let inside = (self.addresses.enter(&address).await?, self.accounts.enter(&account).await?);
        let paid = Paid { account, address, _inside: inside };
        let now = self.clock.now();
        let mut write = self.gate.write().await?;
        // Always the address first: two transactions that take the same two rows take them in the same order.
        let address = write.charge(&paid.address, now, &self.rule(self.limits.address_failures)).await?;
        let charge = match address {
            Charge::Allowed => write.charge(&paid.account, now, &self.rule(self.limits.account_failures)).await?,
            refused @ Charge::Refused { .. } => refused,
        };
        match charge {
            Charge::Allowed => {
                write.commit_unaudited("a try is counted before it is checked").await?;
                Ok(paid)
            }
            // The transaction is dropped: a refused try costs neither budget anything.
            Charge::Refused { retry_after } => Err(too_many(retry_after)),
        }
    }

    /// Pays for one try from this address where no account is named: at a token that was mailed.
    ///
    /// # Errors
    /// As [`Self::charge`].
    pub(crate) async fn charge_client(&self, ip: IpAddr) -> Result<PaidByClient, Fault> {
        let address = address_key(ip);
        let inside = self.addresses.enter(&address).await?;
        let paid = PaidByClient { address, _inside: inside };
        let mut write = self.gate.write().await?;
        let rule = self.rule(self.limits.address_failures);
        match write.charge(&paid.address, self.clock.now(), &rule).await? {
            Charge::Allowed => {
                write.commit_unaudited("a try is counted before it is checked").await?;
                Ok(paid)
            }
            Charge::Refused { retry_after } => Err(too_many(retry_after)),
        }
    }

    fn rule(&self, limit: u32) -> BudgetRule {
        BudgetRule { limit, window: self.limits.window, first_delay: self.limits.first_delay }
    }
}

impl Paid {
    /// Gives the try back where it could not be checked: that was no guess.
    pub(crate) async fn give_back(self, budgets: &Budgets) -> Result<(), Fault> {
        let mut write = budgets.gate.write().await?;
        self.refund(&mut write).await?;
        Ok(write.commit_unaudited("a try that was not checked is not counted").await?)
    }

    /// Gives the try back within the transaction that acts on the right answer.
    pub(crate) async fn refund(&self, write: &mut Write<Gate>) -> Result<(), Fault> {
        write.refund(&self.address).await?;
        write.refund(&self.account).await?;
        Ok(())
    }
}

/// A try from an address that has been paid for. As [`Paid`].
#[must_use]
pub(crate) struct PaidByClient {
    address: String,
    _inside: Inside,
}

impl PaidByClient {
    /// Gives the try back: it was no guess.
    pub(crate) async fn give_back(self, budgets: &Budgets) -> Result<(), Fault> {
        let mut write = budgets.gate.write().await?;
        self.refund(&mut write).await?;
        Ok(write.commit_unaudited("who had the right answer did not guess").await?)
    }

    /// Gives the try back within the transaction that acts on the right answer.
    pub(crate) async fn refund(&self, write: &mut Write<Gate>) -> Result<(), Fault> {
        Ok(write.refund(&self.address).await?)
    }
}

impl Core {
    /// Pays for one mail that this client asks for, to this address, within the transaction that puts it into the outbox.
    /// False when enough were asked for to this address: whoever asks is not told, since that would say what others do.
    ///
    /// # Errors
    /// `rate_limited` when this client asked for too many.
    pub(crate) async fn may_mail(
        &self,
        write: &mut Write<Gate>,
        email_key: &str,
        client: &Client,
    ) -> Result<bool, Fault> {
        let rule = |limit| BudgetRule { limit, window: MAIL_WINDOW, first_delay: MAIL_WINDOW };
        let (now, rules) = (self.clock.now(), &self.policy.recovery);
        let from = format!("mail-from:{}", address_key(client.ip));
        if let Charge::Refused { retry_after } = write.charge(&from, now, &rule(rules.per_client)).await? {
            let seconds = seconds(retry_after);
            let detail = format!("Too many mails were asked for. Please try again in {seconds} seconds.");
            return Err(Fault::of(Problem::new(Code::RateLimited).detail(detail).retry_after(seconds)));
        }
        let to = format!("mail-to:{}", account_key(email_key));
        Ok(write.charge(&to, now, &rule(rules.per_address)).await? == Charge::Allowed)
    }
}

fn too_many(retry_after: Duration) -> Fault {
    metrics::counter!("durward_attempts_refused_total").increment(1);
    let seconds = seconds(retry_after);
    let detail = format!("Too many wrong answers. Please try again in {seconds} seconds.");
    Fault::of(Problem::new(Code::TooManyAttempts).detail(detail).retry_after(seconds))
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs_f64().ceil().max(1.0) as u64
}

/// The budget of an account, known or not: by a hash, so that the table is no list of addresses.
pub fn account_key(email_key: &str) -> String {
    use std::fmt::Write;
    sha256(email_key.as_bytes()).iter().take(16).fold("account:".to_owned(), |mut key, byte| {
        let _ = write!(key, "{byte:02x}");
        key
    })
}

/// The budget of a client: its IPv4 address, or the /64 of its IPv6 address, which is what one customer gets.
pub(crate) fn address_key(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(v4) => format!("address:{v4}"),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("address:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_one_budget() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.7"), key("192.0.2.7"));
        assert_ne!(key("192.0.2.7"), key("192.0.2.8"));
    }
}
