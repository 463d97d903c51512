//! The caller's passkeys.

use durward_proto::wire::list::{Page, PageQuery};
use durward_proto::wire::passkey::Passkey;
use durward_proto::{Code, PasskeyId};
use durward_store::{NewPasskey, PasskeyRow};
use durward_verify::Verified;

use crate::client::Client;
use crate::fault::Fault;
use crate::mail::{FactorWord, MailKind};
use crate::page;
use crate::second_factor::Change;
use crate::service::Core;

/// How long a name may be, in characters.
const LONGEST_NAME: usize = 100;

impl Core {
    /// Lists them, the oldest first.
    ///
    /// # Errors
    /// `validation_failed` for a bad page; 503 when the database is away.
    pub async fn passkeys(&self, who: &Verified, query: &PageQuery) -> Result<Page<Passkey>, Fault> {
        let (limit, after) = (page::limit(query)?, page::after(query)?);
        let rows = self.store.own(who).read().await?.passkeys(after, limit + 1).await?;
        Ok(page::page(rows, limit, |row| page::place(row.created_at, row.id), shown_row))
    }

    /// Gives one another name.
    ///
    /// # Errors
    /// `not_found` when it is not the caller's; `validation_failed`; 503 when the database is away.
    pub async fn rename_passkey(
        &self,
        who: &Verified,
        passkey: PasskeyId,
        name: &str,
        client: &Client,
    ) -> Result<Passkey, Fault> {
        let name = self::name(name)?;
        let mut write = self.store.own(who).write().await?;
        let row = write.rename_passkey(passkey, &name).await?.ok_or_else(|| Fault::new(Code::NotFound))?;
        let audit = client.audit("passkey_renamed").actor(who.user_id()).subject(who.user_id());
        let detail = serde_json::json!({ "passkey_id": passkey });
        write.commit(audit.session(who.session_id()).detail(detail)).await?;
        Ok(shown_row(row))
    }

    /// Removes one. Devices that were trusted are so no longer; with the last second factor go the backup codes, too.
    ///
    /// # Errors
    /// `not_found` when it is not the caller's; `reauthentication_required`; `last_factor` when the account needs a second
    /// factor and has no other; 503 when the database is away.
    pub async fn remove_passkey(&self, who: &Verified, passkey: PasskeyId, client: &Client) -> Result<(), Fault> {
        self.recently_authenticated(who)?;
        let id = who.user_id();
        let mut write = self.gate.write().await?;
        let user = write.hold_user(id).await?.ok_or_else(|| Fault::new(Code::NotFound))?;
        if !write.delete_passkey(id, passkey).await? {
            return Err(Fault::new(Code::NotFound));
        }
        let changed = self.factors_change(&mut write, &user, Change::Removed).await?;
        let ip = client.ip.to_string();
        let notice = MailKind::FactorRemoved { what: FactorWord::Passkey, ip, at: self.clock.now() };
        self.notify(&mut write, &user, notice, client).await?;
        let audit = client.audit("passkey_removed").actor(id).subject(id).session(who.session_id());
        write.commit(audit.detail(serde_json::json!({ "passkey_id": passkey }))).await?;
        self.factors_were_changed(&changed);
        self.ring_post();
        Ok(())
    }
}

/// A name as it is kept.
///
/// # Errors
/// `validation_failed` when it is empty, too long, or not one line.
pub(crate) fn name(name: &str) -> Result<String, Fault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Fault::field("/name", "must be one line of 1 to 100 characters"));
    }
    Ok(name.to_owned())
}

/// A new passkey as its user sees it.
pub(super) fn shown(new: &NewPasskey<'_>) -> Passkey {
    Passkey {
        id: new.id,
        name: new.name.to_owned(),
        created_at: new.now,
        last_used_at: None,
        backup_eligible: new.backup_eligible,
        backed_up: new.backed_up,
        clone_suspected_at: None,
    }
}

fn shown_row(row: PasskeyRow) -> Passkey {
    Passkey {
        id: row.id,
        name: row.name,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        backup_eligible: row.backup_eligible,
        backed_up: row.backed_up,
        clone_suspected_at: row.clone_suspected_at,
    }
}
