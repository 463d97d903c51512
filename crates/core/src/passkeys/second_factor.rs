//! Passkeys of a user who is known already: after the password, and to show again who one is.

use durward_proto::wire::passkey::PasskeyRequest;
use durward_proto::{CeremonyId, UserId};
use durward_store::{CeremonyBond, CeremonyPurpose, Gate, UserRow, Write};
use durward_verify::Verified;
use serde_json::Value;

use crate::client::Client;
use crate::fault::Fault;
use crate::passkeys::answer::{self, PasskeyShown};
use crate::passkeys::assertion::Assertion;
use crate::passkeys::ceremony;
use crate::passkeys::relying_party::{Asked, AskedOf, Known, Verification};
use crate::second_factor::state;
use crate::service::Core;

impl Core {
    /// Asks for one of the user's passkeys, as part of a challenge.
    ///
    /// # Errors
    /// `method_unavailable`; 503 when the database is away.
    pub(crate) async fn begin_passkey_second_factor(
        &self,
        write: &mut Write<Gate>,
        user: &UserRow,
        challenge_hash: &[u8; 32],
    ) -> Result<PasskeyRequest, Fault> {
        self.ask_known(write, user.id, of_challenge(user.id, challenge_hash), Verification::Preferred).await
    }

    /// Checks what the user's authenticator answered. The ceremony is used up, whatever the answer is worth.
    ///
    /// # Errors
    /// `validation_failed` for what is no answer at all, which uses nothing up; `invalid_passkey`; `method_unavailable`;
    /// 503 when the database is away.
    pub(crate) async fn finish_passkey_second_factor(
        &self,
        user: UserId,
        challenge_hash: &[u8; 32],
        ceremony: CeremonyId,
        credential: &Value,
        client: &Client,
    ) -> Result<PasskeyShown, Fault> {
        self.shown_by_known(of_challenge(user, challenge_hash), ceremony, credential, client).await
    }

    /// Asks for one of the caller's passkeys, to show again who they are.
    ///
    /// # Errors
    /// `method_unavailable`; `factor_state` when there is none; 503 when the database is away.
    pub async fn begin_passkey_reauthentication(&self, who: &Verified) -> Result<PasskeyRequest, Fault> {
        let mut write = self.gate.write().await?;
        if write.passkeys_of(who.user_id()).await?.is_empty() {
            return Err(state("There is no passkey to show."));
        }
        let asked = self.ask_known(&mut write, who.user_id(), of_session(who), Verification::Required).await?;
        write.commit_unaudited("nothing is done yet").await?;
        Ok(asked)
    }

    /// Checks what the caller's authenticator answered. The ceremony is used up, whatever the answer is worth.
    ///
    /// # Errors
    /// As [`Self::finish_passkey_second_factor`].
    pub(crate) async fn finish_passkey_reauthentication(
        &self,
        who: &Verified,
        ceremony: CeremonyId,
        credential: &Value,
        client: &Client,
    ) -> Result<PasskeyShown, Fault> {
        self.shown_by_known(of_session(who), ceremony, credential, client).await
    }

    async fn ask_known(
        &self,
        write: &mut Write<Gate>,
        user: UserId,
        bond: CeremonyBond<'_>,
        verification: Verification,
    ) -> Result<PasskeyRequest, Fault> {
        let party = self.relying_party()?;
        let passkeys = write.passkeys_of(user).await?.into_iter().map(Known::of).collect();
        let asked = party.ask_for(passkeys, AskedOf::User(user), verification)?;
        ceremony::begin(self, write, bond, asked).await
    }

    async fn shown_by_known(
        &self,
        bond: CeremonyBond<'_>,
        ceremony: CeremonyId,
        credential: &Value,
        client: &Client,
    ) -> Result<PasskeyShown, Fault> {
        self.relying_party()?;
        let answer = Assertion::read(credential)?;
        let Some(asked) = ceremony::take::<Asked>(self, ceremony, bond).await? else {
            return Err(answer::invalid_passkey().because("the ceremony is over, or was another one's"));
        };
        let checked = answer::check(self, &asked, &answer, client).await?.map_err(answer::Refused::into_fault)?;
        let mut write = self.gate.write().await?;
        let shown = answer::accept(self, &mut write, &checked).await?;
        write.commit_unaudited("the audit row comes with what the passkey opens").await?;
        Ok(shown)
    }
}

fn of_challenge(user: UserId, challenge_hash: &[u8; 32]) -> CeremonyBond<'_> {
    CeremonyBond {
        purpose: CeremonyPurpose::SecondFactor,
        user_id: Some(user),
        session_id: None,
        challenge_hash: Some(challenge_hash),
    }
}

fn of_session(who: &Verified) -> CeremonyBond<'static> {
    CeremonyBond {
        purpose: CeremonyPurpose::Reauthenticate,
        user_id: Some(who.user_id()),
        session_id: Some(who.session_id()),
        challenge_hash: None,
    }
}
