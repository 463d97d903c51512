//! Whether an authenticator's answer shows a passkey of ours.

use durward_proto::{Code, Problem, UserId};
use durward_store::{Gate, PasskeyRow, UserRow, Write};
use webauthn_rs_core::proto::AuthenticationResult;

use crate::client::Client;
use crate::fault::Fault;
use crate::passkeys::assertion::Assertion;
use crate::passkeys::relying_party::{Asked, AskedOf, Unaccepted};
use crate::service::Core;

/// Proof that a passkey of the user was shown. Made in [`crate::passkeys`] alone.
#[derive(Debug)]
pub(crate) struct PasskeyShown {
    user: UserRow,
    backup_eligible: bool,
    verified: bool,
}

impl PasskeyShown {
    /// The user, as they were when the passkey was shown.
    pub(crate) fn user(&self) -> &UserRow {
        &self.user
    }

    pub(crate) fn into_user(self) -> UserRow {
        self.user
    }

    /// RFC 8176: `swk` for a key that can be copied to other devices, `hwk` for one that cannot.
    pub(crate) fn key_kind(&self) -> &'static str {
        if self.backup_eligible { "swk" } else { "hwk" }
    }

    /// Whether the authenticator made sure that it was its user.
    pub(crate) fn verified(&self) -> bool {
        self.verified
    }
}

/// An answer that holds, before it is written down.
pub(super) struct Checked {
    passkey: PasskeyRow,
    result: AuthenticationResult,
}

impl Checked {
    pub(super) fn user_id(&self) -> UserId {
        self.passkey.user_id
    }
}

/// An answer that does not hold, and whose passkey it named.
pub(super) struct Refused {
    pub(super) user_id: Option<UserId>,
    why: String,
}

impl Refused {
    /// What the client is told is the same whatever is wrong; the log knows.
    pub(super) fn into_fault(self) -> Fault {
        invalid_passkey().because(self.why)
    }
}

/// The one answer to whatever is wrong with a passkey.
pub(super) fn invalid_passkey() -> Fault {
    let detail = "The passkey is not known here, or its answer does not hold. Please begin again.";
    Fault::of(Problem::new(Code::InvalidPasskey).detail(detail))
}

/// Looks the passkey up and checks what it signed. A counter that went back is written down here.
///
/// # Errors
/// 503 when the database is away; `method_unavailable`.
pub(super) async fn check(
    core: &Core,
    asked: &Asked,
    answer: &Assertion,
    client: &Client,
) -> Result<Result<Checked, Refused>, Fault> {
    let party = core.relying_party()?;
    let held = core.gate.read().await?.passkey_by_credential(answer.credential_id()).await?;
    let Some(held) = held else { return Ok(Err(refused(None, "there is no such passkey"))) };
    let passkey = held.passkey;
    let owner = Some(passkey.user_id);
    let said = answer.user_handle();
    // WebAuthn level 3, section 7.2, step 6.
    let belongs = match asked.of {
        AskedOf::Anybody => said.is_some(),
        AskedOf::User(user) => user == passkey.user_id,
        AskedOf::Nobody => false,
    };
    if !belongs || said.is_some_and(|said| said != held.passkey_handle.as_bytes()) {
        return Ok(Err(refused(owner, "the passkey is another user's")));
    }
    match party.check_assertion(answer, asked, &passkey) {
        Ok(result) => Ok(Ok(Checked { passkey, result })),
        Err(Unaccepted::Wrong(why)) => Ok(Err(refused(owner, why))),
        Err(Unaccepted::CounterWentBack) => {
            suspect(core, &passkey, client).await?;
            Ok(Err(refused(owner, "the passkey's counter went back")))
        }
    }
}

/// Writes a use of a passkey down, within the transaction that acts on it. Only one answer of each counter is accepted,
/// and none of a passkey that was removed in the meantime. Holds the account as it is, active or not, until the
/// transaction ends.
///
/// # Errors
/// `invalid_passkey`; 503 when the database is away.
pub(super) async fn accept(core: &Core, write: &mut Write<Gate>, checked: &Checked) -> Result<PasskeyShown, Fault> {
    let Checked { passkey, result } = checked;
    let now = core.clock.now();
    let counter = result.counter();
    // The account first: whoever changes it and then its passkeys takes them in this order, too.
    let user = write.hold_user(passkey.user_id).await?;
    let user = user.ok_or_else(|| invalid_passkey().because("the account is gone"))?;
    if !write.note_passkey_use(passkey.user_id, passkey.id, counter, result.backup_state(), now).await? {
        return Err(invalid_passkey().because("the passkey was removed, or used at the same time"));
    }
    Ok(PasskeyShown { user, backup_eligible: passkey.backup_eligible, verified: result.user_verified() })
}

/// Writes down that there may be two of an authenticator.
async fn suspect(core: &Core, passkey: &PasskeyRow, client: &Client) -> Result<(), Fault> {
    metrics::counter!("durward_passkey_clones_suspected_total").increment(1);
    let mut write = core.gate.write().await?;
    if write.suspect_passkey(passkey.id, core.clock.now()).await? {
        let audit = client.audit("passkey_clone_suspected").subject(passkey.user_id);
        write.commit(audit.detail(serde_json::json!({ "passkey_id": passkey.id }))).await?;
    }
    Ok(())
}

fn refused(user_id: Option<UserId>, why: impl Into<String>) -> Refused {
    Refused { user_id, why: why.into() }
}
