//! How much guessing is allowed: counted in the database before the answer is looked at, so that a thousand guesses
//! at once on many nodes get no more tries than one after the other.
//!
//! Every path that can guess charges here, and all of them share the counts: of the account (known or not), of the
//! client's address, and of that address at that account. Nobody is ever locked out for good: when a budget is used up,
//! one more try is let through after a delay that doubles.
//!
//! Nobody can hold that delay against somebody else for long, either. On a device that the account has logged in with
//! before, told by its secret cookie, a budget of its own decides; and what nobody can guess (a passkey's signature, a
//! mailed token) is looked at in any case ([`Budgets::charge_proof`]).
//!
//! Mails that anybody can ask for have budgets of their own, so that nobody's mailbox is filled from here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use durward_proto::{Clock, Code, DeviceId, Problem};
use durward_store::{Audit, BudgetRule, Charge, Gate, GateStore, Write};

use crate::client::Client;
use crate::fault::Fault;
use crate::issue::sha256;
use crate::service::Core;
use crate::turnstile::{Inside, Turnstile};

/// The configured budgets.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wrong answers for one account, from anywhere, within the window. As many again are allowed on each device that
    /// the account has logged in with before.
    pub account_failures: u32,
    /// Wrong answers from one client, for any account, within the window.
    pub address_failures: u32,
    /// The window.
    pub window: Duration,
    /// Wrong answers from one client for one account within its longer window.
    pub pair_failures: u32,
    /// That window.
    pub pair_window: Duration,
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
    pairs: Turnstile,
    devices: Turnstile,
    undecided: Arc<Undecided>,
    clock: Arc<dyn Clock>,
}

/// How many tries on this node are counted under each key and not decided yet: they are no wrong answers.
#[derive(Default)]
struct Undecided(Mutex<HashMap<String, u32>>);

/// A try that has been paid for. Give it back when the answer was right; drop it when the answer has been dealt with.
#[must_use]
pub(crate) struct Paid {
    /// Where it was counted.
    keys: Vec<String>,
    /// How long whoever tries would have to wait, had it not been something that nobody guesses.
    owed: Option<Duration>,
    /// Whose tries it is one of, as long as it is not decided.
    undecided: Arc<Undecided>,
    _inside: Vec<Inside>,
}

/// One budget that a try is charged to.
struct Toll {
    key: String,
    rule: BudgetRule,
    /// Whether the try is refused when it is used up, or only counted.
    decides: bool,
}

impl Budgets {
    pub(crate) fn new(gate: GateStore, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self {
            gate,
            limits,
            accounts: Turnstile::new(limits.account_failures),
            addresses: Turnstile::new(limits.address_failures),
            pairs: Turnstile::new(limits.pair_failures),
            devices: Turnstile::new(limits.account_failures),
            undecided: Arc::default(),
            clock,
        }
    }

    /// Pays for one try of this client at this account.
    ///
    /// # Errors
    /// `too_many_attempts` when a budget is used up; `overloaded` when too many others try at the same moment.
    pub(crate) async fn charge(&self, email_key: &str, client: &Client) -> Result<Paid, Fault> {
        let (account, address) = (account_key(email_key), address_key(client.ip));
        if let Some(device) = self.known_device(email_key, client).await? {
            let device = device_key(device);
            let inside = vec![self.devices.enter(&device).await?];
            let tolls = [
                self.toll(address, self.limits.address_failures).only_counts(),
                self.toll(device, self.limits.account_failures),
                self.toll(account, self.limits.account_failures).only_counts(),
            ];
            return self.pay(tolls, inside).await?.or_refused();
        }
        let pair = format!("{account}@{address}");
        let inside = vec![
            self.addresses.enter(&address).await?,
            self.pairs.enter(&pair).await?,
            self.accounts.enter(&account).await?,
        ];
        let tolls = [
            self.toll(address, self.limits.address_failures),
            Toll { rule: self.pair_rule(), ..self.toll(pair, self.limits.pair_failures) },
            self.toll(account, self.limits.account_failures),
        ];
        self.pay(tolls, inside).await?.or_refused()
    }

    /// Pays for one try of this client at something that nobody can guess: a passkey's signature, a token that was
    /// mailed. It is looked at in any case, so that nobody who shares the client's address can keep it out; when the
    /// address's budget is used up, [`Paid::settle`] says so to whoever was wrong.
    ///
    /// # Errors
    /// `overloaded` when too many others try at the same moment.
    pub(crate) async fn charge_proof(&self, ip: IpAddr) -> Result<Paid, Fault> {
        let address = address_key(ip);
        let inside = vec![self.addresses.enter(&address).await?];
        self.pay([self.toll(address, self.limits.address_failures)], inside).await
    }

    /// Counts a try wherever it is not refused. When one of those that decide refuses it, it is counted nowhere.
    async fn pay<const N: usize>(&self, mut tolls: [Toll; N], inside: Vec<Inside>) -> Result<Paid, Fault> {
        // Two transactions that take the same rows take them in the same order.
        tolls.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        let now = self.clock.now();
        let undecided = self.undecided.clone();
        let mut paid = Paid { keys: Vec::with_capacity(3), owed: None, undecided, _inside: inside };
        // Whoever is answered, right or wrong, is answered after another commit.
        let mut write = self.gate.write_ahead().await?;
        let given = tolls.each_ref().map(|toll| (toll.key.as_str(), toll.rule));
        let charges = write.charge(now, &given).await?;
        for (Toll { key, decides, .. }, charge) in tolls.into_iter().zip(charges) {
            match charge {
                Charge::Allowed => paid.counted(key),
                // The longest wait counts: after it, none of them refuses.
                Charge::Refused { retry_after } if decides => paid.owed = paid.owed.max(Some(retry_after)),
                Charge::Refused { .. } => {}
            }
        }
        if paid.owed.is_some() {
            // The transaction is dropped: a refused try costs no budget anything.
            paid.forgotten();
            return Ok(paid);
        }
        write.commit_unaudited("a try is counted before it is checked").await?;
        Ok(paid)
    }

    /// How many of the tries that are counted from this client were wrong: all but those that are being looked at. Of many who
    /// log in at once from one network nobody guesses.
    pub(crate) fn wrong_from(&self, ip: IpAddr, counted: u32) -> u32 {
        counted.saturating_sub(self.undecided.of(&address_key(ip)))
    }

    /// Forgets what was guessed wrong at this account on this device, where it is one that the account knows, within the
    /// transaction that sets the password anew.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn forgive(&self, write: &mut Write<Gate>, email_key: &str, client: &Client) -> Result<(), Fault> {
        if client.keeps_cookie()
            && let Some(device) = write.device_at(email_key, &client.identity()).await?
        {
            write.forget_budget(&device_key(device));
        }
        Ok(())
    }

    /// The device that this client is, where the account has logged in with it before. One that keeps no cookie is known by
    /// its headers alone, which anybody can send: here that does not count.
    async fn known_device(&self, email_key: &str, client: &Client) -> Result<Option<DeviceId>, Fault> {
        if !client.keeps_cookie() {
            return Ok(None);
        }
        Ok(self.gate.read().await?.device_at(email_key, &client.identity()).await?)
    }

    fn toll(&self, key: String, limit: u32) -> Toll {
        let rule = BudgetRule { limit, window: self.limits.window, first_delay: self.limits.first_delay };
        Toll { key, rule, decides: true }
    }

    fn pair_rule(&self) -> BudgetRule {
        let Limits { pair_failures: limit, pair_window: window, first_delay, .. } = self.limits;
        BudgetRule { limit, window, first_delay }
    }
}

impl Toll {
    fn only_counts(self) -> Self {
        Self { decides: false, ..self }
    }
}

impl Undecided {
    fn of(&self, key: &str) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied().unwrap_or(0)
    }

    fn begin(&self, key: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key.to_owned()).or_default() += 1;
    }

    fn end(&self, key: &str) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = tries.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                tries.remove(key);
            }
        }
    }
}

impl Drop for Paid {
    /// It is decided: given back by now, or wrong.
    fn drop(&mut self) {
        self.forgotten();
    }
}

impl Paid {
    /// It is counted under this key, once that is committed.
    fn counted(&mut self, key: String) {
        self.undecided.begin(&key);
        self.keys.push(key);
    }

    /// It is counted nowhere, or decided.
    fn forgotten(&mut self) {
        self.keys.drain(..).for_each(|key| self.undecided.end(&key));
    }

    /// Gives the try back where it could not be checked: that was no guess.
    pub(crate) async fn give_back(self, budgets: &Budgets) -> Result<(), Fault> {
        let mut write = budgets.gate.write_ahead().await?;
        self.refund(&mut write);
        Ok(write.commit_unaudited("a try that was not checked is not counted").await?)
    }

    /// Commits what a right answer leads to, and gives the try back with it.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(crate) async fn commit(&self, mut write: Write<Gate>, audit: Audit) -> Result<(), Fault> {
        self.refund(&mut write);
        Ok(write.commit(audit).await?)
    }

    /// At the commit: the budget of an address is shared by everybody behind it, and they wait for each other from there on.
    fn refund(&self, write: &mut Write<Gate>) {
        for key in &self.keys {
            write.refund(key);
        }
    }

    /// What somebody is told who tried something that nobody can guess. Whoever was right is let in; whoever was wrong
    /// once more than the budget allows has to wait.
    pub(crate) fn settle<T>(&self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        outcome.map_err(|fault| match (fault.code(), self.owed) {
            (Code::InvalidPasskey | Code::LinkInvalid, Some(wait)) => too_many(wait),
            _ => fault,
        })
    }

    fn or_refused(self) -> Result<Self, Fault> {
        match self.owed {
            None => Ok(self),
            Some(wait) => Err(too_many(wait)),
        }
    }
}

impl Core {
    /// Pays for one mail that this client asks for, to this address, within the transaction that puts it into the outbox.
    /// Where that changes an account, it holds the account by then, as whoever erases one does. False when enough were asked for to this address: whoever asks is not told, since that would say what others do.
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
        let to = format!("mail-to:{}", account_key(email_key));
        let given = [(from.as_str(), rule(rules.per_client)), (to.as_str(), rule(rules.per_address))];
        let charges = write.charge(now, &given).await?;
        if let Some(Charge::Refused { retry_after }) = charges.first() {
            return Err(too_many_mails(*retry_after));
        }
        Ok(charges.last() == Some(&Charge::Allowed))
    }

    /// Pays for one mailed code of a login, within the transaction that puts it into the outbox. Whoever asks has shown the
    /// password, so that nobody else can use this up.
    ///
    /// # Errors
    /// `rate_limited` when too many were asked for.
    pub(crate) async fn may_mail_code(&self, write: &mut Write<Gate>, email_key: &str) -> Result<(), Fault> {
        let limit = self.policy.recovery.per_address;
        let rule = BudgetRule { limit, window: MAIL_WINDOW, first_delay: MAIL_WINDOW };
        match write.charge(self.clock.now(), &[(&code_key(email_key), rule)]).await?.pop() {
            Some(Charge::Refused { retry_after }) => Err(too_many_mails(retry_after)),
            _ => Ok(()),
        }
    }

    /// Forgets how many codes were mailed, within the transaction of somebody who has shown that they read these mails. As
    /// where they are counted, the account is held by then.
    pub(crate) fn forget_mailed_codes(&self, write: &mut Write<Gate>, email_key: &str) {
        write.forget_budget(&code_key(email_key));
    }
}

fn too_many_mails(retry_after: Duration) -> Fault {
    let seconds = seconds(retry_after);
    let detail = format!("Too many mails were asked for. Please try again in {seconds} seconds.");
    Fault::of(Problem::new(Code::RateLimited).detail(detail).retry_after(seconds))
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

/// The budget of codes that are mailed to an account.
fn code_key(email_key: &str) -> String {
    format!("code-to:{}", account_key(email_key))
}

/// The budget of a device that an account has logged in with before.
fn device_key(device: DeviceId) -> String {
    format!("device:{device}")
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
