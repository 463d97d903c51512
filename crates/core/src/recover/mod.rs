//! What goes by mail: forgotten passwords, confirmed addresses, changes of address, and notices.
//!
//! Whoever asks for a mail to an address gets the same answer whether it is known or not: only a [`Request`] is put into
//! the outbox. Who works on that calls [`answer_request`], which looks whose address it is, makes the token, and posts
//! the mail. A token is used up by a guarded write, in the transaction that does what it is for.

mod change_email;
mod forgot;
mod notify;
mod reset;
mod rules;
mod token;
mod verify_email;

use durward_proto::Code;
use durward_store::{Audit, Gate, Write};

pub use rules::RecoveryRules;

use crate::client::Client;
use crate::fault::Fault;
use crate::login::Tried;
use crate::mail::{Request, RequestKind};
use crate::service::Core;

/// Looks into a request, within the transaction that takes it out of the outbox: posts the mail that it leads to, or
/// none. The audit row is for the commit; there is none where the row was written when it was asked for.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn answer_request(
    core: &Core,
    write: &mut Write<Gate>,
    request: &Request,
) -> Result<Option<Audit>, Fault> {
    match request.kind {
        RequestKind::Reset => forgot::answer(core, write, request).await.map(Some),
        RequestKind::Verify => verify_email::answer(core, write, request).await.map(Some),
        RequestKind::Repeated => verify_email::answer_repeated(core, write, request).await.map(|()| None),
        RequestKind::NewAddress => change_email::answer(core, write, request).await.map(|()| None),
    }
}

/// Counts what came of a recovery. `what` is a stable word.
fn count<T>(what: &'static str, outcome: Result<T, Fault>) -> Result<T, Fault> {
    let result = outcome.as_ref().map_or_else(|fault| fault.code().as_str(), |_| "ok");
    metrics::counter!("durward_recoveries_total", "what" => what, "result" => result).increment(1);
    outcome
}

impl Core {
    /// Writes a mailed token down that was refused, whoever it may have been for: somebody may be guessing.
    ///
    /// # Errors
    /// The refusal; 503 when the database is away.
    async fn note_token<T>(
        &self,
        method: &'static str,
        outcome: Result<T, Fault>,
        client: &Client,
    ) -> Result<T, Fault> {
        match outcome {
            Err(fault) if matches!(fault.code(), Code::LinkInvalid | Code::TooManyAttempts) => {
                let mut write = self.gate.write().await?;
                self.note_attempt(&mut write, &Tried::new("", None, method), fault.code().as_str(), client).await?;
                write.commit_unaudited("the login trail has it, and nothing was done").await?;
                Err(fault)
            }
            outcome => outcome,
        }
    }
}
