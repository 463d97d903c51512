//! What users do with their devices.

use durward_proto::wire::device::{Device, DevicePatch, SecurityLevel, TrustLevel};
use durward_proto::wire::list::{Page, PageQuery};
use durward_proto::{Code, DeviceId};
use durward_store::{DeviceChange, EventKind, NewEvent, OwnDeviceRow};
use durward_verify::Verified;
use serde_json::json;

use crate::client::Client;
use crate::devices::register::keeps_cookie;
use crate::fault::Fault;
use crate::page;
use crate::passkeys::name;
use crate::second_factor::state;
use crate::service::Core;

/// Why nodes look at an account again whose device changed. Its sessions and its sockets go on.
pub(crate) const CHANGED: &str = "device_changed";

/// What a change leads to.
struct Decided {
    trust_level: TrustLevel,
    security_level: SecurityLevel,
    /// Whether it makes a login on the device easier than before.
    eases: bool,
}

impl Core {
    /// Lists the caller's, the one last used first.
    ///
    /// # Errors
    /// `validation_failed` for a bad page; 503 when the database is away.
    pub async fn devices(&self, who: &Verified, query: &PageQuery) -> Result<Page<Device>, Fault> {
        let (limit, after) = (page::limit(query)?, page::after(query)?);
        let rows = self.store.own(who).read().await?.devices(after, limit + 1).await?;
        Ok(page::page(rows, limit, |row| page::place(row.device.last_seen_at, row.device.id), shown))
    }

    /// Gives one of the caller's another name, trust level or security level.
    ///
    /// # Errors
    /// `not_found` when it is not the caller's; `validation_failed`, also for trust that a device cannot have;
    /// `factor_state` when it shall always ask for a second factor and there is none; `reauthentication_required` for
    /// whatever makes a login easier; 503 when the database is away.
    pub async fn change_device(
        &self,
        who: &Verified,
        device: DeviceId,
        patch: &DevicePatch,
        client: &Client,
    ) -> Result<Device, Fault> {
        let name = patch.name.as_deref().map(name).transpose()?;
        let now = self.clock.now();
        let mut write = self.store.own(who).write().await?;
        let user = write.hold_user().await?.ok_or_else(|| Fault::new(Code::AccountInactive))?;
        let row = write.device(device).await?.ok_or_else(|| Fault::new(Code::NotFound))?;
        let decided = decide(&row, patch, user.tfa_enabled)?;
        if decided.eases {
            self.recently_authenticated(who)?;
        }
        let before = &row.device;
        let other_level = decided.security_level != before.security_level;
        let change = DeviceChange {
            name: name.as_deref(),
            trust_level: (decided.trust_level != before.trust_level).then_some(decided.trust_level),
            security_level: other_level.then_some(decided.security_level),
            restarts: decided.trust_level < before.trust_level,
        };
        if change.name.is_none() && change.trust_level.is_none() && change.security_level.is_none() {
            return Ok(shown(row));
        }
        write.change_device(device, &change, now).await?;
        let mut sessions = Vec::new();
        if other_level {
            // Whether a session ends by idling is remembered with it.
            let user_id = who.user_id();
            let event = NewEvent { kind: EventKind::User, user_id, session_id: None, reason: CHANGED, now };
            write.append_event(&event).await?;
            sessions = write.session_ids().await?;
        }
        let row = write.device(device).await?.ok_or_else(|| Fault::new(Code::NotFound))?;
        let detail = json!({
            "device_id": device,
            "renamed": change.name.is_some(),
            "trust_level": change.trust_level,
            "security_level": change.security_level,
        });
        let audit = client.audit("device_changed").actor(who.user_id()).subject(who.user_id());
        write.commit(audit.session(who.session_id()).detail(detail)).await?;
        self.revoker.tell(&sessions, CHANGED);
        Ok(shown(row))
    }

    /// Forgets one of the caller's: its sessions end, and it is trusted no longer. Who logs in on it again does so on a
    /// new device.
    ///
    /// # Errors
    /// `not_found` when it is not the caller's; 503 when the database is away.
    pub async fn forget_device(&self, who: &Verified, device: DeviceId, client: &Client) -> Result<(), Fault> {
        let audit = client.audit("device_removed").actor(who.user_id()).subject(who.user_id());
        if self.revoker.own_device(&self.store.own(who), who, device, audit.session(who.session_id())).await? {
            Ok(())
        } else {
            Err(Fault::new(Code::NotFound))
        }
    }
}

/// What becomes of a device by a change, if it may.
///
/// # Errors
/// `validation_failed`, `factor_state`.
fn decide(row: &OwnDeviceRow, patch: &DevicePatch, has_second_factor: bool) -> Result<Decided, Fault> {
    let before = &row.device;
    let trust_level = patch.trust_level.unwrap_or(before.trust_level);
    if patch.trust_level == Some(TrustLevel::Verified) {
        return Err(Fault::field("/trust_level", "comes by showing a second factor on the device"));
    }
    if trust_level > before.trust_level && !keeps_cookie(before) {
        return Err(Fault::field(
            "/trust_level",
            "this device sends no device_id cookie, so anybody could look like it",
        ));
    }
    let security_level = match (patch.security_level, before.security_level) {
        (Some(wanted), _) => wanted,
        // What its trust allowed goes with it.
        (None, SecurityLevel::AutoLogin) if trust_level == TrustLevel::New => SecurityLevel::AlwaysLogin,
        (None, kept) => kept,
    };
    if security_level == SecurityLevel::AutoLogin && (trust_level == TrustLevel::New || !keeps_cookie(before)) {
        return Err(Fault::field("/security_level", "auto_login is for trusted and verified devices"));
    }
    let changes = security_level != before.security_level;
    if changes && security_level == SecurityLevel::Always2fa && !has_second_factor {
        return Err(state("There is no second factor that could be asked for. Set one up first."));
    }
    let to_auto = security_level == SecurityLevel::AutoLogin;
    let from_2fa = before.security_level == SecurityLevel::Always2fa;
    let eases = trust_level > before.trust_level || (changes && (to_auto || from_2fa));
    Ok(Decided { trust_level, security_level, eases })
}

fn shown(row: OwnDeviceRow) -> Device {
    let keeps_cookie = keeps_cookie(&row.device);
    let OwnDeviceRow { device, sessions, current } = row;
    Device {
        id: device.id,
        name: device.name,
        kind: device.kind,
        trust_level: device.trust_level,
        security_level: device.security_level,
        keeps_cookie,
        ip: device.ip,
        location: device.place,
        created_at: device.created_at,
        last_seen_at: device.last_seen_at,
        logins: device.logins,
        sessions,
        current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::identity_of_headers;
    use crate::devices::tests::device;
    use SecurityLevel::{Always2fa, AlwaysLogin, AutoLogin};
    use TrustLevel::{New, Trusted, Verified};

    fn change(
        (trust, security): (TrustLevel, SecurityLevel),
        trust_level: Option<TrustLevel>,
        security_level: Option<SecurityLevel>,
    ) -> Result<(TrustLevel, SecurityLevel, bool), u16> {
        let mut row = OwnDeviceRow { device: device(), sessions: 0, current: false };
        (row.device.trust_level, row.device.security_level) = (trust, security);
        let patch = DevicePatch { name: None, trust_level, security_level };
        decide(&row, &patch, true)
            .map(|decided| (decided.trust_level, decided.security_level, decided.eases))
            .map_err(|fault| fault.code().status())
    }

    #[test]
    fn what_a_user_may_decide() {
        // (as it is, trust wanted, security wanted, what becomes of it and whether it makes a login easier)
        let table = [
            ((New, AlwaysLogin), None, None, Ok((New, AlwaysLogin, false))),
            ((New, AlwaysLogin), Some(Trusted), None, Ok((Trusted, AlwaysLogin, true))),
            ((New, AlwaysLogin), Some(Verified), None, Err(422)),
            ((Verified, AlwaysLogin), Some(Verified), None, Err(422)),
            ((New, AlwaysLogin), None, Some(AutoLogin), Err(422)),
            ((New, AlwaysLogin), Some(Trusted), Some(AutoLogin), Ok((Trusted, AutoLogin, true))),
            ((Trusted, AlwaysLogin), None, Some(AutoLogin), Ok((Trusted, AutoLogin, true))),
            ((Verified, AutoLogin), None, Some(AutoLogin), Ok((Verified, AutoLogin, false))),
            ((Verified, AutoLogin), Some(Trusted), None, Ok((Trusted, AutoLogin, false))),
            ((Verified, AutoLogin), Some(New), None, Ok((New, AlwaysLogin, false))),
            ((Verified, AutoLogin), Some(New), Some(AutoLogin), Err(422)),
            ((Trusted, AutoLogin), None, Some(AlwaysLogin), Ok((Trusted, AlwaysLogin, false))),
            ((New, AlwaysLogin), None, Some(Always2fa), Ok((New, Always2fa, false))),
            ((New, Always2fa), None, Some(AlwaysLogin), Ok((New, AlwaysLogin, true))),
            ((New, Always2fa), Some(New), None, Ok((New, Always2fa, false))),
        ];
        for (before, trust, security, outcome) in table {
            assert_eq!(change(before, trust, security), outcome, "{before:?} {trust:?} {security:?}");
        }
    }

    #[test]
    fn a_device_that_anybody_can_look_like_is_not_trusted() {
        let mut row = OwnDeviceRow { device: device(), sessions: 0, current: false };
        row.device.identity_hash = identity_of_headers(&row.device.fingerprint);
        let patch = DevicePatch { trust_level: Some(Trusted), ..DevicePatch::default() };
        assert_eq!(decide(&row, &patch, true).err().map(|fault| fault.code()), Some(Code::ValidationFailed));
        row.device.trust_level = Trusted;
        let patch = DevicePatch { security_level: Some(AutoLogin), ..DevicePatch::default() };
        assert_eq!(decide(&row, &patch, true).err().map(|fault| fault.code()), Some(Code::ValidationFailed));
    }

    #[test]
    fn without_a_second_factor_none_is_asked_for() {
        let row = OwnDeviceRow { device: device(), sessions: 0, current: false };
        let patch = DevicePatch { security_level: Some(Always2fa), ..DevicePatch::default() };
        assert_eq!(decide(&row, &patch, false).err().map(|fault| fault.code()), Some(Code::FactorState));
    }
}
