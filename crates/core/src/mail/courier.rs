//! Who takes mails away.

use std::fmt;
use std::time::Duration;

use durward_proto::{MailId, Timestamp};
use futures_util::future::BoxFuture;

/// A mail, written. Each try to deliver it gives the very same one.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, from which its `Message-ID` is made.
    pub id: MailId,
    /// Its kind, in a stable word.
    pub kind: &'static str,
    /// The address.
    pub to: String,
    /// The language that it is in (RFC 5646).
    pub language: String,
    /// One line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
    /// When it was written: its `Date`.
    pub written_at: Timestamp,
}

/// Recipient and contents are nobody's business.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why a mail was not taken. The words are for the log and the database: they hold no address and nothing of the mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// This mail is not taken now: try again later, and each time later still.
    #[error("{0}")]
    Later(String),
    /// No mail is taken now, whichever it is: try again as soon as there is somebody to take it.
    #[error("{0}")]
    Away(String),
    /// It will never be taken.
    #[error("{0}")]
    Never(String),
    /// It was not even tried: nothing is taken at the moment.
    #[error("not tried, because nothing was taken of late; again in {} s", .0.as_secs().max(1))]
    NotNow(Duration),
}

/// Takes mails away.
pub trait Courier: Send + Sync + 'static {
    /// Delivers one. Once it has said `Ok`, the mail is the other end's; it may have been delivered when it says
    /// otherwise. Dropping the future gives it up.
    fn deliver(&self, message: Message) -> BoxFuture<'_, Result<(), Undelivered>>;

    /// Its name, for logs and checks.
    fn name(&self) -> &'static str;
}
