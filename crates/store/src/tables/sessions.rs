//! `user_sessions`: what a login opens and a logout ends. An ended session stays as a row until it is pruned.

use durward_proto::ids::UuidId;
use durward_proto::wire::auth::Transport;
use durward_proto::{DeviceId, SessionId, Timestamp, UserId};
use uuid::Uuid;

use crate::encode::Db;
use crate::error::StoreError;
use crate::later::later;
use crate::link::on;
use crate::query::queries;
use crate::scope::{EndsSessions, Gate, Own, SeesSessions};
use crate::tables::After;
use crate::tables::users::UserRow;
use crate::tx::{Read, Write};

/// A session to open. It starts at generation 1, which counts as settled.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The time.
    pub now: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When the user showed who they are.
    pub auth_time: Timestamp,
    /// How: RFC 8176 words, separated by spaces.
    pub amr: &'a str,
    /// How the client keeps its tokens.
    pub transport: Transport,
    /// The client's `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// The client's address.
    pub ip: Option<&'a str>,
    /// What the device is known by.
    pub device_hash: Option<[u8; 32]>,
    /// The device that it is opened on.
    pub device: Option<DeviceId>,
    /// Where the address is.
    pub place: Option<&'a str>,
}

/// A session and its user as they are now.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LiveRow {
    /// Whose it is.
    #[sqlx(flatten)]
    pub user: UserRow,
    /// When it ends at the latest.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub expires_at: Timestamp,
    /// When it was ended, if it was.
    #[sqlx(try_from = "Db<Option<Timestamp>>")]
    pub ended_at: Option<Timestamp>,
    /// When it was last used.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub last_seen_at: Timestamp,
    /// The newest generation whose tokens were used.
    #[sqlx(try_from = "i64")]
    pub settled_generation: u32,
    /// When the user showed who they are.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub auth_time: Timestamp,
    /// How: words separated by spaces.
    pub amr: String,
    /// How the client keeps its tokens.
    #[sqlx(try_from = "Db<Transport>")]
    pub transport: Transport,
    /// Whether its device keeps it from ending by idling.
    pub outlasts_idling: bool,
}

/// A session in its user's list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionRow {
    /// Its id.
    #[sqlx(try_from = "Db<SessionId>")]
    pub id: SessionId,
    /// The device that it was opened on, unless that was forgotten.
    #[sqlx(try_from = "Db<Option<DeviceId>>")]
    pub device_id: Option<DeviceId>,
    /// That device's name.
    pub device: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The address it was opened from.
    pub ip: Option<String>,
    /// Where that is.
    pub place: Option<String>,
    /// When it was opened.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// When it was last used.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub expires_at: Timestamp,
}

/// A session in the list of everybody's.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AnySessionRow {
    /// Its id.
    #[sqlx(try_from = "Db<SessionId>")]
    pub id: SessionId,
    /// Whose it is.
    #[sqlx(try_from = "Db<UserId>")]
    pub user_id: UserId,
    /// That user's address.
    pub email: String,
    /// The device that it was opened on, where that is known and was not forgotten.
    #[sqlx(try_from = "Db<Option<DeviceId>>")]
    pub device_id: Option<DeviceId>,
    /// That device's name.
    pub device: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The address it was opened from.
    pub ip: Option<String>,
    /// Where that is.
    pub place: Option<String>,
    /// How its user authenticated: RFC 8176 words, separated by spaces.
    pub amr: String,
    /// How the client keeps its tokens.
    #[sqlx(try_from = "Db<Transport>")]
    pub transport: Transport,
    /// When it was opened.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// When it was last used.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub expires_at: Timestamp,
}

queries! {
    /// Opens a session.
    INSERT = "INSERT INTO user_sessions (id, user_id, created_at, last_seen_at, expires_at, ended_at, end_reason, \
        auth_time, amr, transport, generation, settled_generation, user_agent, ip, device_hash, \
        registered_device_id, place) VALUES ($1, $2, $3, $3, $4, NULL, NULL, $5, $6, $7, 1, 1, $8, $9, $10, $11, $12)";
    /// A session with its user.
    LIVE = "SELECT u.id, u.email, u.full_name, u.role, u.status, u.email_verified, u.tfa_enabled, u.created_at, \
        u.updated_at, s.expires_at, s.ended_at, s.last_seen_at, s.settled_generation, s.auth_time, s.amr, s.transport, \
        COALESCE(d.security_level = 'auto_login', FALSE) AS outlasts_idling FROM user_sessions s \
        JOIN users u ON u.id = s.user_id \
        LEFT JOIN registered_devices d ON d.id = s.registered_device_id AND d.user_id = s.user_id WHERE s.id = $1";
    /// Raises the settled generation.
    SETTLE = "UPDATE user_sessions SET settled_generation = $2 WHERE id = $1 AND settled_generation < $2";
    /// Notes that it was used.
    TOUCH = {
        sqlite: "UPDATE user_sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
        pg: "UPDATE user_sessions SET last_seen_at = $2 WHERE id = (SELECT id FROM user_sessions \
            WHERE id = $1 AND last_seen_at < $2 FOR NO KEY UPDATE SKIP LOCKED)"
    };
    /// Notes that the user showed again who they are.
    RENEW = "UPDATE user_sessions SET auth_time = $3, amr = $4 \
        WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3";
    /// Ends one of a user's sessions.
    END = "UPDATE user_sessions SET ended_at = $3, end_reason = $4 \
        WHERE id = $1 AND user_id = $2 AND ended_at IS NULL";
    /// Ends all of a user's sessions but one.
    END_ALL = "UPDATE user_sessions SET ended_at = $3, end_reason = $4 \
        WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL RETURNING id";
    /// A user's sessions that have not ended.
    IDS = "SELECT id FROM user_sessions WHERE user_id = $1 AND ended_at IS NULL";
    /// Whose live session it is.
    OWNER = "SELECT user_id FROM user_sessions WHERE id = $1 AND ended_at IS NULL AND expires_at > $2";
    /// A page of all live sessions, or of one user's, newest first.
    PAGE_ALL = "SELECT s.id, s.user_id, u.email, d.id AS device_id, d.name AS device, s.user_agent, s.ip, s.place, s.amr, \
        s.transport, s.created_at, s.last_seen_at, s.expires_at FROM user_sessions s JOIN users u ON u.id = s.user_id \
        LEFT JOIN registered_devices d ON d.id = s.registered_device_id AND d.user_id = s.user_id \
        WHERE s.ended_at IS NULL AND s.expires_at > $1 AND (s.created_at, s.id) < ($2, $3) \
        AND (s.user_id = $4 OR $4 IS NULL) ORDER BY s.created_at DESC, s.id DESC LIMIT $5";
    /// A page of a user's live sessions, newest first.
    PAGE = "SELECT s.id, d.id AS device_id, d.name AS device, s.user_agent, s.ip, s.place, s.created_at, s.last_seen_at, \
        s.expires_at FROM user_sessions s \
        LEFT JOIN registered_devices d ON d.id = s.registered_device_id AND d.user_id = s.user_id \
        WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND (s.created_at, s.id) < ($3, $4) \
        ORDER BY s.created_at DESC, s.id DESC LIMIT $5";
    /// Ends those of a user's sessions that were opened on a device.
    END_ON_DEVICE = "UPDATE user_sessions SET ended_at = $3, end_reason = $4 \
        WHERE user_id = $1 AND registered_device_id = $2 AND ended_at IS NULL RETURNING id";
}

impl Read<Gate> {
    /// A session and its user, whatever state they are in.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn live_session(&mut self, session: SessionId) -> Result<Option<LiveRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(LIVE)).bind(session.uuid()).fetch_optional(c).await)
    }

    /// A user's sessions that have not ended.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn session_ids(&mut self, user: UserId) -> Result<Vec<SessionId>, StoreError> {
        ids(self, user).await
    }
}

impl Write<Gate> {
    /// Opens a session.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Gone` when the user is no longer there.
    pub async fn insert_session(&mut self, new: &NewSession<'_>) -> Result<(), StoreError> {
        later!(self, INSERT, [new.id.uuid(), new.user_id.0, Db(new.now), Db(new.expires_at), Db(new.auth_time), new.amr, Db(new.transport), new.user_agent, new.ip, new.device_hash.as_ref().map(<[u8; 32]>::as_slice), new.device.map(Db), new.place])
    }

    /// Notes that tokens of `generation` were used. It only ever rises.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn settle_generation(&mut self, session: SessionId, generation: u32) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(SETTLE))
            .bind(session.uuid())
            .bind(i64::from(generation))
            .execute(c)
            .await
            .map(drop))
    }

    /// Notes that the session was used, unless somebody is changing it at this moment: many are noted in one transaction,
    /// which must not wait for anybody with some of them in its hands.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn touch_session(&mut self, session: SessionId, now: Timestamp) -> Result<(), StoreError> {
        later!(self, TOUCH, [session.uuid(), Db(now)])
    }

    /// Notes that the user of a live session showed again who they are, and all they have shown in it: RFC 8176 words,
    /// separated by spaces. False when it is not theirs or has ended.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn renew_authentication(
        &mut self,
        user: UserId,
        session: SessionId,
        amr: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(RENEW))
            .bind(session.uuid())
            .bind(user.0)
            .bind(Db(now))
            .bind(amr)
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Ends one session of a user; `false` when it is not theirs or has ended before.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn end_session(
        &mut self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
        reason: &str,
    ) -> Result<bool, StoreError> {
        end(self, user, session, now, reason).await
    }

    /// Ends all sessions of a user but `except`, and says which those were.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn end_sessions(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        now: Timestamp,
        reason: &str,
    ) -> Result<Vec<SessionId>, StoreError> {
        end_all(self, user, except, now, reason).await
    }
}

impl Read<Own> {
    /// The asking user's sessions that have not ended.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn session_ids(&mut self) -> Result<Vec<SessionId>, StoreError> {
        let user = self.scope.user;
        ids(self, user).await
    }

    /// A page of the asking user's live sessions, newest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn sessions(&mut self, after: Option<After>, limit: u32) -> Result<Vec<SessionRow>, StoreError> {
        let user = self.scope.user;
        let now = self.now();
        let after = after.unwrap_or(After::newest());
        on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(user.0)
            .bind(Db(now))
            .bind(Db(after.at))
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}

impl Write<Own> {
    /// Ends one of the asking user's sessions; `false` when it is not theirs or has ended before.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn end_session(&mut self, session: SessionId, now: Timestamp, reason: &str) -> Result<bool, StoreError> {
        let user = self.scope.user;
        end(self, user, session, now, reason).await
    }

    /// Ends those of the asking user's sessions that were opened on a device, and says which those were.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn end_sessions_on(
        &mut self,
        device: DeviceId,
        now: Timestamp,
        reason: &str,
    ) -> Result<Vec<SessionId>, StoreError> {
        let user = self.scope.user;
        let ended: Vec<Uuid> = on!(self, |c, sql| sqlx::query_scalar(sql(END_ON_DEVICE))
            .bind(user.0)
            .bind(device.uuid())
            .bind(Db(now))
            .bind(reason)
            .fetch_all(c)
            .await)?;
        Ok(ended.into_iter().map(SessionId::from_uuid).collect())
    }

    /// Ends all of the asking user's sessions but the one that asks, and says which those were.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn end_other_sessions(&mut self, now: Timestamp, reason: &str) -> Result<Vec<SessionId>, StoreError> {
        let (user, asking) = (self.scope.user, self.scope.session);
        end_all(self, user, Some(asking), now, reason).await
    }
}

impl<S: SeesSessions> Read<S> {
    /// A page of the live sessions of all users, or of one, newest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn all_sessions(
        &mut self,
        user: Option<UserId>,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<AnySessionRow>, StoreError> {
        let now = self.now();
        let after = after.unwrap_or(After::newest());
        on!(self, |c, sql| sqlx::query_as(sql(PAGE_ALL))
            .bind(Db(now))
            .bind(Db(after.at))
            .bind(after.id)
            .bind(user.map(Db))
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}

impl<S: EndsSessions> Read<S> {
    /// Whose session this is, while it is alive.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn session_owner(&mut self, session: SessionId) -> Result<Option<UserId>, StoreError> {
        let now = self.now();
        let owner: Option<i64> = on!(self, |c, sql| sqlx::query_scalar(sql(OWNER))
            .bind(session.uuid())
            .bind(Db(now))
            .fetch_optional(c)
            .await)?;
        Ok(owner.map(UserId))
    }

    /// A user's sessions that have not ended.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn session_ids(&mut self, user: UserId) -> Result<Vec<SessionId>, StoreError> {
        ids(self, user).await
    }
}

impl<S: EndsSessions> Write<S> {
    /// Ends one session of a user; `false` when it is not theirs or has ended before.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn end_session(
        &mut self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
        reason: &str,
    ) -> Result<bool, StoreError> {
        end(self, user, session, now, reason).await
    }

    /// Ends all sessions of a user, and says which those were.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn end_sessions(
        &mut self,
        user: UserId,
        now: Timestamp,
        reason: &str,
    ) -> Result<Vec<SessionId>, StoreError> {
        end_all(self, user, None, now, reason).await
    }
}

async fn ids<S>(read: &mut Read<S>, user: UserId) -> Result<Vec<SessionId>, StoreError> {
    let ids: Vec<Uuid> = on!(read, |c, sql| sqlx::query_scalar(sql(IDS)).bind(user.0).fetch_all(c).await)?;
    Ok(ids.into_iter().map(SessionId::from_uuid).collect())
}

async fn end<S>(
    write: &mut Write<S>,
    user: UserId,
    session: SessionId,
    now: Timestamp,
    reason: &str,
) -> Result<bool, StoreError> {
    on!(write, |c, sql| sqlx::query(sql(END))
        .bind(session.uuid())
        .bind(user.0)
        .bind(Db(now))
        .bind(reason)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

async fn end_all<S>(
    write: &mut Write<S>,
    user: UserId,
    except: Option<SessionId>,
    now: Timestamp,
    reason: &str,
) -> Result<Vec<SessionId>, StoreError> {
    // No session has the nil id.
    let except = except.map_or(Uuid::nil(), UuidId::uuid);
    let ended: Vec<Uuid> = on!(write, |c, sql| sqlx::query_scalar(sql(END_ALL))
        .bind(user.0)
        .bind(except)
        .bind(Db(now))
        .bind(reason)
        .fetch_all(c)
        .await)?;
    Ok(ended.into_iter().map(SessionId::from_uuid).collect())
}
