//! `registered_devices`: what a user logs in with. A device is known by the hash of its cookie, or, where it keeps none,
//! by the hash of what its headers say.

use durward_proto::ids::UuidId;
use durward_proto::wire::device::{DeviceKind, SecurityLevel, TrustLevel};
use durward_proto::{DeviceId, SessionId, Timestamp, UserId};
use uuid::Uuid;

use crate::encode::Db;
use crate::error::StoreError;
use crate::later::later;
use crate::link::{on, run};
use crate::query::queries;
use crate::scope::{ChangesUsers, Gate, Own, SeesSessions};
use crate::tables::After;
use crate::tx::{Read, Write};

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
    /// How many logins it saw since `streak_since`, none of which failed.
    pub streak_logins: i64,
    /// Since when nothing on it has failed.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub streak_since: Timestamp,
    /// When it was first seen.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// When it was last used.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub last_seen_at: Timestamp,
}

/// A device in its user's list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OwnDeviceRow {
    /// The device.
    #[sqlx(flatten)]
    pub device: DeviceRow,
    /// How many live sessions were opened on it.
    pub sessions: i64,
    /// Whether the session that asks was.
    pub current: bool,
}

/// A device as a login leaves it.
#[derive(Debug, Clone)]
pub struct SeenDevice<'a> {
    /// Its id, where it was not known before.
    pub id: DeviceId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is known by.
    pub identity_hash: &'a [u8; 32],
    /// What its headers say.
    pub fingerprint: &'a [u8; 32],
    /// What sort of thing it is.
    pub kind: DeviceKind,
    /// What it is called, where it was not known before.
    pub name: &'a str,
    /// Its `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// Its address.
    pub ip: &'a str,
    /// Where that is.
    pub place: Option<&'a str>,
    /// How far it is trusted from now on.
    pub trust_level: TrustLevel,
    /// Its successes in thousandths, with this one.
    pub successes_milli: i64,
    /// Its failures in thousandths.
    pub failures_milli: i64,
    /// How many logins in a row it saw, with this one.
    pub streak_logins: i64,
    /// Since when nothing on it has failed.
    pub streak_since: Timestamp,
    /// The time.
    pub now: Timestamp,
}

/// A device that was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisteredRow {
    /// Its id.
    pub id: DeviceId,
    /// Whether it was not known before.
    pub is_new: bool,
}

/// What a user decides about a device: what is none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct DeviceChange<'a> {
    /// What it is called.
    pub name: Option<&'a str>,
    /// How far it is trusted.
    pub trust_level: Option<TrustLevel>,
    /// What a login on it has to show.
    pub security_level: Option<SecurityLevel>,
    /// Whether it has to prove itself anew.
    pub restarts: bool,
}

/// So many devices a user can have. Beyond that, those without a live session go, the longest unused first.
const MOST: i64 = 50;
/// How often the use of a device is written down at most: a minute.
const TOUCH_EVERY_MICROS: i64 = 60_000_000;

queries! {
    /// All devices of a user, the one last used first.
    OF_USER = "SELECT id, user_id, identity_hash, fingerprint, kind, name, user_agent, ip, place, trust_level, \
        security_level, logins, successes_milli, failures_milli, reputed_at, streak_logins, streak_since, created_at, \
        last_seen_at FROM registered_devices WHERE user_id = $1 ORDER BY last_seen_at DESC, id LIMIT $2";
    /// The device of a user that is known by this.
    BY_IDENTITY = "SELECT id, user_id, identity_hash, fingerprint, kind, name, user_agent, ip, place, trust_level, \
        security_level, logins, successes_milli, failures_milli, reputed_at, streak_logins, streak_since, created_at, \
        last_seen_at FROM registered_devices WHERE user_id = $1 AND identity_hash = $2";
    /// The same for the account with this address.
    AT_ADDRESS = "SELECT d.id FROM registered_devices d JOIN users u ON u.id = d.user_id \
        WHERE u.email_key = $1 AND d.identity_hash = $2";
    // No update: PostgreSQL looks for the account of a row again that is updated a second time in one transaction, and
    // would wait for whoever erases it, and they for the row.
    /// The same, and nobody else changes it until the transaction ends.
    HOLD = {
        sqlite: "SELECT id, user_id, identity_hash, fingerprint, kind, name, user_agent, ip, place, trust_level, \
            security_level, logins, successes_milli, failures_milli, reputed_at, streak_logins, streak_since, created_at, \
            last_seen_at FROM registered_devices WHERE user_id = $1 AND identity_hash = $2",
        pg: "SELECT id, user_id, identity_hash, fingerprint, kind, name, user_agent, ip, place, trust_level, \
            security_level, logins, successes_milli, failures_milli, reputed_at, streak_logins, streak_since, created_at, \
            last_seen_at FROM registered_devices WHERE user_id = $1 AND identity_hash = $2 FOR NO KEY UPDATE"
    };
    /// The device that a session was opened on, held likewise.
    HOLD_OF_SESSION = "UPDATE registered_devices SET logins = logins WHERE user_id = $1 \
        AND id = (SELECT registered_device_id FROM user_sessions WHERE id = $2) \
        RETURNING id, user_id, identity_hash, fingerprint, kind, name, user_agent, ip, place, trust_level, \
        security_level, logins, successes_milli, failures_milli, reputed_at, streak_logins, streak_since, \
        created_at, last_seen_at";
    /// Writes down what a login was made with.
    PUT = "INSERT INTO registered_devices (id, user_id, identity_hash, fingerprint, kind, name, user_agent, ip, place, \
        trust_level, security_level, logins, successes_milli, failures_milli, reputed_at, streak_logins, streak_since, \
        created_at, last_seen_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'always_login', 1, $11, $12, $13, $14, $15, $13, $13) \
        ON CONFLICT (user_id, identity_hash) DO UPDATE SET fingerprint = excluded.fingerprint, kind = excluded.kind, \
        user_agent = excluded.user_agent, ip = excluded.ip, place = excluded.place, \
        trust_level = excluded.trust_level, logins = registered_devices.logins + 1, \
        successes_milli = excluded.successes_milli, failures_milli = excluded.failures_milli, \
        reputed_at = excluded.reputed_at, streak_logins = excluded.streak_logins, streak_since = excluded.streak_since, \
        last_seen_at = excluded.last_seen_at";
    /// Removes what a user has beyond the limit.
    TRIM = "DELETE FROM registered_devices WHERE user_id = $1 AND id NOT IN (SELECT d.id FROM registered_devices d \
        WHERE d.user_id = $1 ORDER BY d.id = $2 DESC, EXISTS (SELECT 1 FROM user_sessions s \
        WHERE s.registered_device_id = d.id AND s.ended_at IS NULL AND s.expires_at > $3) DESC, d.last_seen_at DESC, \
        d.id DESC LIMIT $4)";
    /// Whether a user has other devices than this one, and none of them is alike.
    IS_UNLIKE_OTHERS = "SELECT EXISTS (SELECT 1 FROM registered_devices WHERE user_id = $1 AND id <> $2) \
        AND NOT EXISTS (SELECT 1 FROM registered_devices WHERE user_id = $1 AND id <> $2 \
        AND $3 AND ip = $4 AND COALESCE(user_agent, '') = $5)";
    /// Writes a failure down.
    NOTE_FAILURE = "UPDATE registered_devices SET successes_milli = $2, failures_milli = $3, reputed_at = $4, \
        streak_logins = 0, streak_since = $4 WHERE id = $1";
    /// Says how far a device is trusted.
    SET_TRUST = "UPDATE registered_devices SET trust_level = $2 WHERE id = $1";
    /// Notes that a session's device was used.
    TOUCH = {
        sqlite: "UPDATE registered_devices SET last_seen_at = $2 \
            WHERE id = (SELECT registered_device_id FROM user_sessions WHERE id = $1) AND last_seen_at < $3",
        pg: "UPDATE registered_devices SET last_seen_at = $2 WHERE id = (SELECT d.id FROM registered_devices d \
            JOIN user_sessions s ON s.registered_device_id = d.id WHERE s.id = $1 AND d.last_seen_at < $3 \
            FOR NO KEY UPDATE OF d SKIP LOCKED)"
    };
    /// All of a user's devices but one have to prove themselves anew.
    DISTRUST = "UPDATE registered_devices SET trust_level = 'new', security_level = CASE WHEN security_level = 'auto_login' \
        THEN 'always_login' ELSE security_level END, streak_logins = 0, streak_since = $3 \
        WHERE user_id = $1 AND id <> $2";
    /// No device asks for a second factor that its user does not have.
    RELAX = "UPDATE registered_devices SET security_level = 'always_login' \
        WHERE user_id = $1 AND security_level = 'always_2fa'";
    /// A page of a user's, the one last used first.
    PAGE = "SELECT d.id, d.user_id, d.identity_hash, d.fingerprint, d.kind, d.name, d.user_agent, d.ip, d.place, \
        d.trust_level, d.security_level, d.logins, d.successes_milli, d.failures_milli, d.reputed_at, \
        d.streak_logins, d.streak_since, d.created_at, d.last_seen_at, \
        (SELECT COUNT(*) FROM user_sessions s WHERE s.registered_device_id = d.id AND s.user_id = d.user_id \
        AND s.ended_at IS NULL AND s.expires_at > $2) AS sessions, \
        COALESCE(d.id = (SELECT registered_device_id FROM user_sessions WHERE id = $3), FALSE) AS current \
        FROM registered_devices d WHERE d.user_id = $1 AND (d.last_seen_at, d.id) < ($4, $5) \
        ORDER BY d.last_seen_at DESC, d.id DESC LIMIT $6";
    /// One of a user's.
    ONE = "SELECT d.id, d.user_id, d.identity_hash, d.fingerprint, d.kind, d.name, d.user_agent, d.ip, d.place, \
        d.trust_level, d.security_level, d.logins, d.successes_milli, d.failures_milli, d.reputed_at, \
        d.streak_logins, d.streak_since, d.created_at, d.last_seen_at, \
        (SELECT COUNT(*) FROM user_sessions s WHERE s.registered_device_id = d.id AND s.user_id = d.user_id \
        AND s.ended_at IS NULL AND s.expires_at > $3) AS sessions, \
        COALESCE(d.id = (SELECT registered_device_id FROM user_sessions WHERE id = $4), FALSE) AS current \
        FROM registered_devices d WHERE d.id = $1 AND d.user_id = $2";
    /// Changes one of a user's.
    CHANGE = "UPDATE registered_devices SET name = COALESCE($3, name), trust_level = COALESCE($4, trust_level), \
        security_level = COALESCE($5, security_level), \
        streak_logins = CASE WHEN $6 THEN 0 ELSE streak_logins END, \
        streak_since = CASE WHEN $6 THEN $7 ELSE streak_since END WHERE id = $1 AND user_id = $2";
    /// Removes one of a user's.
    DELETE = "DELETE FROM registered_devices WHERE id = $1 AND user_id = $2";
}

impl<S: SeesSessions> Read<S> {
    /// The devices of a user, the one last used first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn devices_of(&mut self, user: UserId, limit: u32) -> Result<Vec<DeviceRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(OF_USER)).bind(user.0).bind(i64::from(limit)).fetch_all(c).await)
    }
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

    /// The device that is known by this of the account with this address, if there is such an account.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn device_at(&mut self, email_key: &str, identity: &[u8; 32]) -> Result<Option<DeviceId>, StoreError> {
        let id: Option<Uuid> = on!(self, |c, sql| sqlx::query_scalar(sql(AT_ADDRESS))
            .bind(email_key)
            .bind(identity.as_slice())
            .fetch_optional(c)
            .await)?;
        Ok(id.map(DeviceId::from_uuid))
    }
}

impl Write<Gate> {
    /// The device of a user that is known by this. Nobody else changes it until this transaction ends.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn hold_device(&mut self, user: UserId, identity: &[u8; 32]) -> Result<Option<DeviceRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(HOLD)).bind(user.0).bind(identity.as_slice()).fetch_optional(c).await)
    }

    /// The device that a session of the user was opened on. Nobody else changes it until this transaction ends.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn hold_device_of_session(
        &mut self,
        user: UserId,
        session: SessionId,
    ) -> Result<Option<DeviceRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(HOLD_OF_SESSION))
            .bind(user.0)
            .bind(session.uuid())
            .fetch_optional(c)
            .await)
    }

    /// Writes down what a login was made with. The account is held: `before` is how the device was, if it was, and nobody
    /// else registers one meanwhile.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn put_device(
        &mut self,
        seen: &SeenDevice<'_>,
        before: Option<DeviceId>,
    ) -> Result<RegisteredRow, StoreError> {
        later!(self, PUT, [seen.id.uuid(), seen.user_id.0, seen.identity_hash.as_slice(), seen.fingerprint.as_slice(), seen.kind.as_str(), seen.name, seen.user_agent, seen.ip, seen.place, seen.trust_level.as_str(), seen.successes_milli, seen.failures_milli, Db(seen.now), seen.streak_logins, Db(seen.streak_since)])?;
        Ok(RegisteredRow { id: before.unwrap_or(seen.id), is_new: before.is_none() })
    }

    /// Removes what the user has beyond fifty devices: those without a live session, the longest unused first. `kept` is not
    /// among them.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn trim_devices(&mut self, user: UserId, kept: DeviceId, now: Timestamp) -> Result<(), StoreError> {
        run!(self, TRIM, [user.0, kept.uuid(), Db(now), MOST])
    }

    /// Whether the user has other devices than this one. With `alike`, one that was last at that address and had that
    /// `User-Agent` is taken for the same.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn is_unlike_other_devices(
        &mut self,
        user: UserId,
        device: DeviceId,
        alike: Option<(&str, &str)>,
    ) -> Result<bool, StoreError> {
        let (ip, agent) = alike.unwrap_or_default();
        on!(self, |c, sql| sqlx::query_scalar(sql(IS_UNLIKE_OTHERS))
            .bind(user.0)
            .bind(device.uuid())
            .bind(alike.is_some())
            .bind(ip)
            .bind(agent)
            .fetch_one(c)
            .await)
    }

    /// Writes down that something failed on a device, which has to prove itself anew. The counts are as of `now`, with
    /// this failure.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn note_device_failure(
        &mut self,
        device: DeviceId,
        successes_milli: i64,
        failures_milli: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(NOTE_FAILURE))
            .bind(device.uuid())
            .bind(successes_milli)
            .bind(failures_milli)
            .bind(Db(now))
            .execute(c)
            .await
            .map(drop))
    }

    /// Says how far a device is trusted.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn set_device_trust(&mut self, device: DeviceId, level: TrustLevel) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(SET_TRUST))
            .bind(device.uuid())
            .bind(level.as_str())
            .execute(c)
            .await
            .map(drop))
    }

    /// Notes that the device of a session was used, where that was not noted within the last minute and nobody is changing
    /// it: a device may have many sessions, which would wait for each other.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn touch_device(&mut self, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
        let stale = Timestamp::from_micros(now.micros().saturating_sub(TOUCH_EVERY_MICROS));
        run!(self, TOUCH, [session.uuid(), Db(now), Db(stale)])
    }

    /// Trusts none of the user's devices any longer but `except`: all have to prove themselves anew.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn distrust_devices(
        &mut self,
        user: UserId,
        except: Option<DeviceId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        distrust(self, user, except, now).await
    }

    /// Has no device ask for a second factor any more, for a user who has none.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn relax_devices(&mut self, user: UserId) -> Result<(), StoreError> {
        relax(self, user).await
    }
}

impl<S: ChangesUsers> Write<S> {
    /// Trusts none of the user's devices any longer: all have to prove themselves anew.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn distrust_devices(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        distrust(self, user, None, now).await
    }

    /// Has no device ask for a second factor any more, for a user who has none.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn relax_devices(&mut self, user: UserId) -> Result<(), StoreError> {
        relax(self, user).await
    }
}

impl Read<Own> {
    /// A page of the asking user's devices, the one last used first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn devices(&mut self, after: Option<After>, limit: u32) -> Result<Vec<OwnDeviceRow>, StoreError> {
        let (user, session, now) = (self.scope.user, self.scope.session, self.now());
        let after = after.unwrap_or(After::newest());
        on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(user.0)
            .bind(Db(now))
            .bind(session.uuid())
            .bind(Db(after.at))
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }

    /// One of the asking user's devices.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn device(&mut self, device: DeviceId) -> Result<Option<OwnDeviceRow>, StoreError> {
        let (user, session, now) = (self.scope.user, self.scope.session, self.now());
        on!(self, |c, sql| sqlx::query_as(sql(ONE))
            .bind(device.uuid())
            .bind(user.0)
            .bind(Db(now))
            .bind(session.uuid())
            .fetch_optional(c)
            .await)
    }
}

impl Write<Own> {
    /// Changes one of the asking user's devices; `false` when it is not theirs.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn change_device(
        &mut self,
        device: DeviceId,
        change: &DeviceChange<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query(sql(CHANGE))
            .bind(device.uuid())
            .bind(user.0)
            .bind(change.name)
            .bind(change.trust_level.map(TrustLevel::as_str))
            .bind(change.security_level.map(SecurityLevel::as_str))
            .bind(change.restarts)
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Removes one of the asking user's devices; `false` when it is not theirs. Its sessions and the trust in it are the
    /// caller's to end.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn delete_device(&mut self, device: DeviceId) -> Result<bool, StoreError> {
        let user = self.scope.user;
        on!(self, |c, sql| sqlx::query(sql(DELETE))
            .bind(device.uuid())
            .bind(user.0)
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}

async fn distrust<S>(
    write: &mut Write<S>,
    user: UserId,
    except: Option<DeviceId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // No device has the nil id.
    let except = except.map_or(Uuid::nil(), UuidId::uuid);
    on!(write, |c, sql| sqlx::query(sql(DISTRUST)).bind(user.0).bind(except).bind(Db(now)).execute(c).await.map(drop))
}

async fn relax<S>(write: &mut Write<S>, user: UserId) -> Result<(), StoreError> {
    on!(write, |c, sql| sqlx::query(sql(RELAX)).bind(user.0).execute(c).await.map(drop))
}
