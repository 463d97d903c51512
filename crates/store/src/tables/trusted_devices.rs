//! `trusted_devices`: where a user need not show the second factor for a while. Tokens are kept as hashes.

use durward_proto::ids::UuidId;
use durward_proto::{DeviceId, Timestamp, TrustId, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{ChangesUsers, Gate, Own};
use crate::tx::{Read, Write};

/// So many devices one user can trust; the oldest makes way for one more.
const MOST: i64 = 20;

/// A device to trust.
#[derive(Clone)]
pub struct NewTrust<'a> {
    /// Its id.
    pub id: TrustId,
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Who trusts it.
    pub user_id: UserId,
    /// Its `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// Its address.
    pub ip: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
    /// When the trust ends.
    pub expires_at: Timestamp,
    /// The device that is trusted.
    pub device: Option<DeviceId>,
}

impl std::fmt::Debug for NewTrust<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewTrust").field("id", &self.id).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// A trusted device in its user's list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TrustRow {
    /// Its id.
    #[sqlx(try_from = "Db<TrustId>")]
    pub id: TrustId,
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// The address it had.
    pub ip: Option<String>,
    /// Since when it is trusted.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// Until when.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub expires_at: Timestamp,
}

queries! {
    /// Trusts a device.
    INSERT = "INSERT INTO trusted_devices (id, token_hash, user_id, user_agent, ip, created_at, expires_at, \
        registered_device_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Ends the trust in all but a user's newest devices.
    TRIM = "DELETE FROM trusted_devices WHERE user_id = $1 AND id NOT IN (SELECT id FROM trusted_devices \
        WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2)";
    /// Whether a user trusts the device with this token.
    TRUSTS = "SELECT EXISTS (SELECT 1 FROM trusted_devices WHERE token_hash = $1 AND user_id = $2 AND expires_at > $3)";
    /// A user's, newest first.
    LIST = "SELECT id, user_agent, ip, created_at, expires_at FROM trusted_devices \
        WHERE user_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC";
    /// Ends the trust in one of a user's.
    END = "DELETE FROM trusted_devices WHERE id = $1 AND user_id = $2 AND expires_at > $3";
    /// Ends the trust in one device of a user.
    FORGET_DEVICE = "DELETE FROM trusted_devices WHERE user_id = $1 AND registered_device_id = $2";
    /// Ends the trust in all of a user's.
    FORGET = "DELETE FROM trusted_devices WHERE user_id = $1";
}

impl Read<Gate> {
    /// Whether the user trusts the device whose token has this hash.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn trusts_device(
        &mut self,
        hash: &[u8; 32],
        user: UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query_scalar(sql(TRUSTS))
            .bind(hash.as_slice())
            .bind(user.0)
            .bind(Db(now))
            .fetch_one(c)
            .await)
    }
}

impl Write<Gate> {
    /// Trusts a device.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn insert_trust(&mut self, new: &NewTrust<'_>) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(new.id.uuid())
            .bind(new.token_hash.as_slice())
            .bind(new.user_id.0)
            .bind(new.user_agent)
            .bind(new.ip)
            .bind(Db(new.now))
            .bind(Db(new.expires_at))
            .bind(new.device.map(Db))
            .execute(c)
            .await
            .map(drop))?;
        on!(self, |c, sql| sqlx::query(sql(TRIM)).bind(new.user_id.0).bind(MOST).execute(c).await.map(drop))
    }

    /// Ends the trust in all of a user's devices, and says in how many.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_trusts(&mut self, user: UserId) -> Result<u64, StoreError> {
        forget(self, user).await
    }
}

impl Read<Own> {
    /// The devices that the asking user trusts, newest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn trusted_devices(&mut self, now: Timestamp) -> Result<Vec<TrustRow>, StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query_as(sql(LIST)).bind(user.0).bind(Db(now)).fetch_all(c).await)
    }
}

impl Write<Own> {
    /// Ends the trust in one of the asking user's devices; `false` when it is not theirs or has ended.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn end_trust(&mut self, trust: TrustId, now: Timestamp) -> Result<bool, StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query(sql(END))
            .bind(trust.uuid())
            .bind(user.0)
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Ends the trust in one of the asking user's devices, which is forgotten.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_trust_in(&mut self, device: DeviceId) -> Result<(), StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query(sql(FORGET_DEVICE))
            .bind(user.0)
            .bind(device.uuid())
            .execute(c)
            .await
            .map(drop))
    }

    /// Ends the trust in all of the asking user's devices, and says in how many.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_trusts(&mut self) -> Result<u64, StoreError> {
        let user = self.scope.user;
        forget(self, user).await
    }
}

impl<S: ChangesUsers> Write<S> {
    /// Ends the trust in all of a user's devices, and says in how many.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn forget_trusts(&mut self, user: UserId) -> Result<u64, StoreError> {
        forget(self, user).await
    }
}

async fn forget<S>(write: &mut Write<S>, user: UserId) -> Result<u64, StoreError> {
    on!(write, |c, sql| sqlx::query(sql(FORGET)).bind(user.0).execute(c).await.map(|done| done.rows_affected()))
}
