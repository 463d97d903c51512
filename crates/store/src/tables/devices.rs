//! `registered_devices`: what a user logs in with. A device is known by the hash of its cookie, or, where it keeps none,
//! by the hash of what its headers say.

use durward_proto::wire::device::{DeviceKind, SecurityLevel, TrustLevel};
use durward_proto::{DeviceId, Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Gate;
use crate::tx::Read;

/// A device of a user.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeviceRow {
    /// Its id.
    #[sqlx(try_from = "Db<DeviceId>")]
    pub id: DeviceId,
    /// Whose it is. Two users of one browser have a device each.
    #[sqlx(try_from = "Db<UserId>")]
    pub user_id: UserId,
    /// What it is known by.
    #[sqlx(try_from = "Db<[u8; 32]>")]
    pub identity_hash: [u8; 32],
    /// What its headers said at its last login.
    #[sqlx(try_from = "Db<[u8; 32]>")]
    pub fingerprint: [u8; 32],
    /// What sort of thing it is.
    #[sqlx(try_from = "Db<DeviceKind>")]
    pub kind: DeviceKind,
    /// What its user calls it, or what is known of it: `Firefox on Linux`.
    pub name: String,
    /// Its `User-Agent` at its last login.
    pub user_agent: Option<String>,
    /// The address of its last login.
    pub ip: Option<String>,
    /// Where that was.
    pub place: Option<String>,
    /// How far it is trusted.
    #[sqlx(try_from = "Db<TrustLevel>")]
    pub trust_level: TrustLevel,
    /// What a login on it has to show.
    #[sqlx(try_from = "Db<SecurityLevel>")]
    pub security_level: SecurityLevel,
    /// How many logins it saw.
    pub logins: i64,
    /// Its successes in thousandths, as they counted at `reputed_at`.
    pub successes_milli: i64,
    /// Its failures in thousandths, as they counted at `reputed_at`.
    pub failures_milli: i64,
    /// When they were counted.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub reputed_at: Timestamp,
    /// When it was first seen.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// When it was last used.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub last_seen_at: Timestamp,
}

queries! {
    /// The device of a user that is known by this.
    BY_IDENTITY = "SELECT id, user_id, identity_hash, fingerprint, kind, name, user_agent, ip, place, trust_level, \
        security_level, logins, successes_milli, failures_milli, reputed_at, created_at, last_seen_at \
        FROM registered_devices WHERE user_id = $1 AND identity_hash = $2";
}

impl Read<Gate> {
    /// The device of a user that is known by this.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn device_by_identity(
        &mut self,
        user: UserId,
        identity: &[u8; 32],
    ) -> Result<Option<DeviceRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(BY_IDENTITY))
            .bind(user.0)
            .bind(identity.as_slice())
            .fetch_optional(c)
            .await)
    }
}
