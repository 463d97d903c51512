//! Putting mails into the outbox. What stands there is sealed: whoever reads the database finds neither links nor addresses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, MailId, Random, Secret, UserId};
use durward_store::{MailRow, NewMail, Write};
use serde::{Deserialize, Serialize};

use super::kind::MailKind;
use super::request::{Asked, Request, RequestKind};
use crate::fault::Fault;
use crate::sealing::{About, Sealer};

/// How long a request is worth answering.
const REQUEST_KEPT: Duration = Duration::from_secs(3_600);

/// A mail to send.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The name of whoever has it, as they gave it.
    pub name: Option<String>,
    /// What languages they prefer (`Accept-Language`); else the configured one.
    pub language: Option<String>,
    /// Whose mail it is, where that is known: it goes with the account.
    pub user: Option<UserId>,
    /// What stands in it.
    pub kind: MailKind,
    /// How long it is worth sending: the life of its link.
    pub expires_in: Duration,
}

/// What is sealed of a mail.
#[derive(Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) to: String,
    pub(super) name: Option<String>,
    pub(super) language: Option<String>,
    pub(super) values: MailKind,
}

/// The way into the outbox.
pub struct Outbox {
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}

impl Outbox {
    /// For the command line, which has no services. Sealed as `Core` does: under `keys.master_key`, or else under a key made
    /// from `tokens.secret`.
    ///
    /// # Errors
    /// When no key can be made; that does not happen with any text.
    pub fn new(
        master: Option<&Secret>,
        tokens: &Secret,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Fault> {
        Ok(Self::sealed_by(Arc::new(Sealer::new(master, tokens)?), clock, random))
    }

    pub(crate) fn sealed_by(sealer: Arc<Sealer>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { sealer, clock, random }
    }

    /// Puts a mail in, within the transaction in which it became due.
    ///
    /// # Errors
    /// `unavailable` when it cannot be sealed or written.
    pub async fn put<S>(&self, write: &mut Write<S>, mail: Mail) -> Result<(), Fault> {
        let (word, user, kept) = (mail.kind.word(), mail.user, mail.expires_in);
        let letter = Letter { to: mail.to, name: mail.name, language: mail.language, values: mail.kind };
        self.insert(write, word, user, kept, &letter).await
    }

    /// Puts in what somebody asks for.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn put_request<S>(&self, write: &mut Write<S>, request: Request) -> Result<(), Fault> {
        let Request { kind, email_key, user, language, ip, request_id } = request;
        let asked = Asked { email_key, user, language, ip, request_id };
        self.insert(write, kind.word(), user, REQUEST_KEPT, &asked).await
    }

    async fn insert<S>(
        &self,
        write: &mut Write<S>,
        kind: &'static str,
        user_id: Option<UserId>,
        kept: Duration,
        contents: &impl Serialize,
    ) -> Result<(), Fault> {
        let now = self.clock.now();
        let id = MailId::new(now, &*self.random);
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(contents).map_err(|_| Fault::unavailable("a mail"))?);
        let sealed = self.sealer.seal(about(kind, &id.to_string()), &plain)?;
        let new = NewMail { id, kind, user_id, sealed: &sealed, now, expires_at: now.plus(kept) };
        Ok(write.insert_mail(&new).await?)
    }

    pub(super) fn open(&self, row: &MailRow) -> Result<Letter, Fault> {
        // The kind in the row is what anybody could change; the one that was sealed counts.
        let letter: Letter = self.unseal("mail", row)?;
        Ok(letter)
    }

    pub(super) fn open_request(&self, kind: RequestKind, row: &MailRow) -> Result<Request, Fault> {
        let Asked { email_key, user, language, ip, request_id } = self.unseal(kind.word(), row)?;
        Ok(Request { kind, email_key, user, language, ip, request_id })
    }

    fn unseal<T: for<'de> Deserialize<'de>>(&self, kind: &str, row: &MailRow) -> Result<T, Fault> {
        let plain = self.sealer.open(about(kind, &row.id.to_string()), &row.sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Fault::unavailable("a mail of another version of this program"))
    }
}

/// A mail opens as nothing but a mail, and each request as its own kind.
fn about<'a>(kind: &str, id: &'a str) -> About<'a> {
    let what = match RequestKind::of_word(kind) {
        None => "mail",
        Some(kind) => kind.word(),
    };
    About { what, whose: id }
}
