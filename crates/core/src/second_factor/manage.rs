//! What users do with the second factors they have.

use durward_proto::wire::factor::{
    BackupCodes, BackupStatus, FactorPreference, FactorStatus, Method, TotpStatus, TrustedDevice,
};
use durward_proto::{Code, TrustId};
use durward_verify::Verified;
use serde_json::json;

use crate::client::Client;
use crate::factors::backup;
use crate::fault::Fault;
use crate::mail::{FactorWord, MailKind};
use crate::second_factor::{Standing, state, unavailable};
use crate::service::Core;

impl Core {
    /// What the caller has set up.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn second_factors(&self, who: &Verified) -> Result<FactorStatus, Fault> {
        let mut read = self.store.own(who).read().await?;
        let standing = read.factors().await?.map(Standing::from).unwrap_or_default();
        let trusted = read.trusted_devices(self.clock.now()).await?;
        Ok(FactorStatus {
            enabled: standing.is_set_up(),
            required: self.policy.second_factor.demands_of(who.role()),
            methods: standing.methods(self),
            totp: TotpStatus { enabled: standing.totp_enabled_at.is_some(), enabled_at: standing.totp_enabled_at },
            backup_codes: BackupStatus { remaining: standing.backup_left, created_at: standing.backup_made_at },
            passkeys: standing.passkeys,
            trusted_devices: trusted
                .into_iter()
                .map(|row| TrustedDevice {
                    id: row.id,
                    device: row.user_agent,
                    ip: row.ip,
                    created_at: row.created_at,
                    expires_at: row.expires_at,
                })
                .collect(),
        })
    }

    /// Keeps the order in which the caller wants to be offered factors, and shows what they have.
    ///
    /// # Errors
    /// `validation_failed` when a method comes twice; 503 when the database is away.
    pub async fn prefer_second_factors(
        &self,
        who: &Verified,
        preference: &FactorPreference,
        client: &Client,
    ) -> Result<FactorStatus, Fault> {
        let methods = &preference.methods;
        let mut words: Vec<&str> = Vec::with_capacity(methods.len());
        for (at, method) in methods.iter().enumerate() {
            if words.contains(&method.as_str()) {
                return Err(Fault::field(format!("/methods/{at}"), "comes twice"));
            }
            if !Method::ALL.contains(method) {
                return Err(Fault::field(format!("/methods/{at}"), "cannot be set up"));
            }
            words.push(method.as_str());
        }
        let mut write = self.store.own(who).write().await?;
        write.prefer_methods(&words.join(" "), self.new_handle(), self.clock.now()).await?;
        let audit = client.audit("second_factors_ordered").actor(who.user_id()).subject(who.user_id());
        write.commit(audit.session(who.session_id()).detail(json!({ "methods": methods }))).await?;
        self.second_factors(who).await
    }

    /// Ten new backup codes. The older ones no longer hold.
    ///
    /// # Errors
    /// `reauthentication_required`, `method_unavailable`, `factor_state` without a second factor; 503 when the database is
    /// away.
    pub async fn renew_backup_codes(&self, who: &Verified, client: &Client) -> Result<BackupCodes, Fault> {
        self.recently_authenticated(who)?;
        if !self.policy.second_factor.allows(Method::BackupCode) {
            return Err(unavailable("Backup codes are turned off here."));
        }
        let mut write = self.gate.write().await?;
        let Some(user) = write.hold_user(who.user_id()).await? else { return Err(Fault::new(Code::AccountInactive)) };
        if !Standing::of(&mut write, user.id).await?.is_set_up() {
            return Err(state("There is no second factor that they could stand in for. Set one up first."));
        }
        let backup_codes = backup::make(self, &mut write, user.id).await?;
        let notice =
            MailKind::NewFactor { what: FactorWord::BackupCodes, ip: client.ip.to_string(), at: self.clock.now() };
        self.notify(&mut write, &user, notice, client).await?;
        let audit = client.audit("backup_codes_made").actor(user.id).subject(user.id);
        write.commit(audit.session(who.session_id())).await?;
        self.ring_post();
        Ok(BackupCodes { backup_codes })
    }

    /// Ends the trust in one of the caller's devices.
    ///
    /// # Errors
    /// `not_found` when it is not there, not the caller's, or has ended; 503 when the database is away.
    pub async fn end_device_trust(&self, who: &Verified, trust: TrustId, client: &Client) -> Result<(), Fault> {
        let mut write = self.store.own(who).write().await?;
        if !write.end_trust(trust, self.clock.now()).await? {
            return Err(Fault::new(Code::NotFound));
        }
        let audit = client.audit("device_trust_ended").actor(who.user_id()).subject(who.user_id());
        write.commit(audit.session(who.session_id()).detail(json!({ "trusted_device_id": trust }))).await?;
        Ok(())
    }
}
