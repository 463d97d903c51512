//! Mails of a developer's machine, which has no mail server.

use durward_core::mail::{Courier, Message, Undelivered};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// Writes mails to the log, links and all: for development alone.
pub(super) struct ToLog;

impl Courier for ToLog {
    fn deliver(&self, message: Message) -> BoxFuture<'_, Result<(), Undelivered>> {
        let Message { id, kind, to, subject, text, .. } = message;
        tracing::info!(mail = %id, kind, "a mail, which goes nowhere else without mail.url:\nTo: {to}\nSubject: {subject}\n\n{text}");
        async { Ok(()) }.boxed()
    }

    fn name(&self) -> &'static str {
        "the log"
    }
}
