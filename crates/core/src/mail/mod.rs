//! Mail. Whoever has something to say puts it into the outbox, in the transaction in which it happened ([`outbox`]); a
//! worker on each node takes it from there ([`worker`]), writes it by its template ([`templates`]) and hands it to the
//! [`Courier`], until that has taken it. So nothing is sent that did not happen, and nothing is lost; what the mail server
//! took without our hearing of it is sent again, with the same `Message-ID`.

mod courier;
mod kind;
mod name;
pub mod outbox;
mod request;
mod settle;
mod templates;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use durward_store::Write;
use tokio::sync::Notify;

pub use courier::{Courier, Message, Undelivered};
pub use kind::{FactorWord, MailKind};
pub use outbox::{Mail, Outbox};
pub use request::{Request, RequestKind};
pub use templates::{Templates, language};

use crate::fault::Fault;
use crate::service::Core;

/// How long a notice is worth sending.
pub(crate) const NOTICE_LIFE: Duration = Duration::from_secs(3 * 86_400);

/// What mails are made with, and who takes them away.
pub struct Mailing {
    /// Who takes them; nobody where no mail server is configured.
    pub courier: Option<Arc<dyn Courier>>,
    /// What stands in them.
    pub templates: Templates,
}

impl fmt::Debug for Mailing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailing").field("courier", &self.courier.as_ref().map(|courier| courier.name())).finish()
    }
}

/// The outbox of a running node with what empties it.
pub(crate) struct Post {
    outbox: Outbox,
    mailing: Mailing,
    /// There is something new in the outbox.
    rung: Notify,
}

impl Post {
    pub(crate) fn new(outbox: Outbox, mailing: Mailing) -> Self {
        Self { outbox, mailing, rung: Notify::new() }
    }
}

impl Core {
    /// Whether mails can be sent at all.
    pub fn has_post(&self) -> bool {
        self.post.mailing.courier.is_some()
    }

    /// Puts a mail into the outbox, within the transaction in which it became due; ring when that is committed. Without
    /// anybody to send it nothing is done.
    ///
    /// # Errors
    /// `unavailable` when it cannot be sealed or written.
    pub async fn post<S>(&self, write: &mut Write<S>, mail: Mail) -> Result<(), Fault> {
        if self.has_post() { self.post.outbox.put(write, mail).await } else { Ok(()) }
    }

    /// Writes down that somebody asks for a mail. Who that is, is found out later: now it takes the same time for everybody.
    ///
    /// # Errors
    /// As [`Self::post`].
    pub async fn post_request<S>(&self, write: &mut Write<S>, request: Request) -> Result<(), Fault> {
        if self.has_post() { self.post.outbox.put_request(write, request).await } else { Ok(()) }
    }

    /// Something was put into the outbox and is committed.
    pub fn ring_post(&self) {
        self.post.rung.notify_one();
    }
}
