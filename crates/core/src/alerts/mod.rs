//! Alerts: what an operator should look at. Rules look at the trails and at this node ([`rules`]); what they find is raised
//! once, whichever node finds it, with a line in the log ([`raise`]); and it is mailed, and told to the operator's webhook until
//! that has taken it ([`worker`]).

mod finding;
mod list;
mod raise;
mod rules;
mod signature;
mod worker;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use durward_proto::{Clock, Random, WebhookId};
use durward_store::SystemStore;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

pub use finding::{Finding, Rule};
pub use signature::{BadWebhookSecret, WebhookKey};

use crate::breakers::Breakers;
use crate::mail::{Outbox, Undelivered};

/// What is worth an alert. None: nothing of that kind.
#[derive(Debug, Clone, Copy)]
pub struct AlertRules {
    /// Within which time things are counted.
    pub window: Duration,
    /// After what time something that goes on is worth another alert.
    pub repeat: Duration,
    /// So many logins that failed.
    pub login_failures: Option<u32>,
    /// So many logins that were denied for their risk.
    pub risk_denials: Option<u32>,
    /// A breaker that opened so often.
    pub breaker_openings: Option<u32>,
    /// A mail that has waited so long.
    pub mail_stuck: Option<Duration>,
}

/// A call of the webhook, ready to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookCall {
    /// `webhook-id`: the same at each try.
    pub id: WebhookId,
    /// `webhook-timestamp`: seconds since the epoch, of this try.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The JSON that is sent.
    pub body: Vec<u8>,
}

/// Makes calls of the operator's webhook.
pub trait Webhook: Send + Sync + 'static {
    /// Makes one. Dropping the future gives it up.
    fn call(&self, call: WebhookCall) -> BoxFuture<'_, Result<(), Undelivered>>;

    /// How long one takes at most.
    fn patience(&self) -> Duration;
}

/// Whom alerts are told to, besides the log.
pub struct Listeners {
    /// The webhook, with what calls of it are signed with.
    pub webhook: Option<(Arc<dyn Webhook>, WebhookKey)>,
    /// The way into the outbox, and the addresses.
    pub mail: Option<(Outbox, Vec<String>)>,
}

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listeners")
            .field("webhook", &self.webhook.is_some())
            .field("mail", &self.mail.as_ref().map(|(_, to)| to.len()))
            .finish()
    }
}

/// Finds what an operator should look at, and tells of it.
pub struct Alerts {
    system: SystemStore,
    rules: AlertRules,
    listeners: Listeners,
    breakers: Option<Arc<Breakers>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// What this node found and could not write down yet: the database may be what is away.
    unwritten: Mutex<Vec<Finding>>,
    /// There is something for the webhook.
    rung: Notify,
}

impl std::fmt::Debug for Alerts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alerts").field("rules", &self.rules).field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

impl Alerts {
    /// With the capability of the system. `breakers` are those of a running node.
    pub fn new(
        system: SystemStore,
        rules: AlertRules,
        listeners: Listeners,
        breakers: Option<Arc<Breakers>>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let (unwritten, rung) = (Mutex::default(), Notify::new());
        Self { system, rules, listeners, breakers, clock, random, unwritten, rung }
    }
}
