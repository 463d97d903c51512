//! How much guessing is allowed: counted in the database before the answer is looked at, so that a thousand guesses
//! at once on many nodes get no more tries than one after the other.
//!
//! Every path that can guess a password charges here. Nobody is ever locked out for good: when the budget is used up,
//! one more try is let through after a delay that doubles.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, Code, Problem};
use durward_store::{BudgetRule, Charge, Gate, GateStore, Write};

use crate::fault::Fault;
use crate::issue::sha256;

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

/// The budgets of accounts and addresses.
pub(crate) struct Budgets {
    gate: GateStore,
    limits: Limits,
    clock: Arc<dyn Clock>,
}

/// A try that has been paid for. Give it back when the answer was right.
#[must_use]
pub(crate) struct Paid {
    account: String,
    address: String,
}

impl Budgets {
    pub(crate) fn new(gate: GateStore, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { gate, limits, clock }
    }

    /// Pays for one try at this account from this address.
    ///
    /// # Errors
    /// `too_many_attempts` when either budget is used up.
    pub(crate) async fn charge(&self, email_key: &str, ip: IpAddr) -> Result<Paid, Fault> {
        let paid = Paid { account: account_key(email_key), address: address_key(ip) };
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
            Charge::Refused { retry_after } => {
                // The transaction is dropped: a refused try costs neither budget anything.
                metrics::counter!("durward_attempts_refused_total").increment(1);
                let seconds = retry_after.as_secs_f64().ceil().max(1.0);
                Err(Fault::of(
                    Problem::new(Code::TooManyAttempts)
                        .detail(format!("Too many wrong answers. Please try again in {seconds} seconds."))
                        .retry_after(seconds as u64),
                ))
            }
        }
    }

    fn rule(&self, limit: u32) -> BudgetRule {
        BudgetRule { limit, window: self.limits.window, first_delay: self.limits.first_delay }
    }
}

impl Paid {
    /// Gives the try back within the transaction that acts on the right answer.
    pub(crate) async fn refund(&self, write: &mut Write<Gate>) -> Result<(), Fault> {
        write.refund(&self.address).await?;
        write.refund(&self.account).await?;
        Ok(())
    }
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
