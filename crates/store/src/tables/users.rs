//! `users`: accounts, with the hash of the password beside them but never in the same row type.

use durward_proto::wire::auth::User;
use durward_proto::{AccountStatus, Email, Role, Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{ChangesUsers, EndsSessions, Gate, Own, SeesUsers, System};
use crate::tx::{Read, Write};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct UserRow {
    /// Its id.
    #[sqlx(try_from = "Db<UserId>")]
    pub id: UserId,
    /// As it was typed.
    pub email: String,
    /// May be absent.
    pub full_name: Option<String>,
    /// What they may do.
    #[sqlx(try_from = "Db<Role>")]
    pub role: Role,
    /// Whether the account may be used.
    #[sqlx(try_from = "Db<AccountStatus>")]
    pub status: AccountStatus,
    /// Whether the address was confirmed.
    pub email_verified: bool,
    /// Whether a second factor is on.
    pub tfa_enabled: bool,
    /// When it was registered.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub created_at: Timestamp,
    /// When the account or the profile last changed.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub updated_at: Timestamp,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            full_name: row.full_name,
            role: row.role,
            status: row.status,
            email_verified: row.email_verified,
            tfa_enabled: row.tfa_enabled,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// An account with what its password is checked against.
#[derive(Clone, sqlx::FromRow)]
pub struct CredentialRow {
    /// The account.
    #[sqlx(flatten)]
    pub user: UserRow,
    /// A PHC string.
    pub password_hash: String,
}

impl std::fmt::Debug for CredentialRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialRow").field("user", &self.user).finish_non_exhaustive()
    }
}

/// An account to make.
#[derive(Clone)]
pub struct NewUser<'a> {
    /// The address; its key decides whether it is taken.
    pub email: &'a Email,
    /// May be absent.
    pub full_name: Option<&'a str>,
    /// A PHC string.
    pub password_hash: &'a str,
    /// What they may do.
    pub role: &'a Role,
    /// Whether the account may be used at once.
    pub status: AccountStatus,
    /// Whether the address is known to be theirs.
    pub email_verified: bool,
    /// The time.
    pub now: Timestamp,
}

impl std::fmt::Debug for NewUser<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Which accounts are asked for: those that all of it holds for.
#[derive(Debug, Clone, Copy, Default)]
pub struct UserFilter<'a> {
    /// The address or the name contains this, in any case.
    pub query: Option<&'a str>,
    /// The account's status.
    pub status: Option<AccountStatus>,
    /// The account's role.
    pub role: Option<&'a Role>,
}

queries! {
    /// The credential by the address's key.
    CREDENTIAL_BY_EMAIL = "SELECT id, email, full_name, role, status, email_verified, tfa_enabled, created_at, \
        updated_at, password_hash FROM users WHERE email_key = $1";
    /// The credential by id.
    CREDENTIAL_BY_ID = "SELECT id, email, full_name, role, status, email_verified, tfa_enabled, created_at, \
        updated_at, password_hash FROM users WHERE id = $1";
    /// Makes an account; no row when the address is taken.
    INSERT = "INSERT INTO users (email, email_key, full_name, password_hash, role, status, email_verified, \
        tfa_enabled, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8, $8) \
        ON CONFLICT (email_key) DO NOTHING RETURNING id, email, full_name, role, status, email_verified, \
        tfa_enabled, created_at, updated_at";
    /// Changes the hash, if it is still the one that was checked.
    REPLACE_PASSWORD = "UPDATE users SET password_hash = $3, updated_at = $4 \
        WHERE id = $1 AND password_hash = $2";
    /// Holds an account that is as it was checked. The new hash may be the old one.
    HOLD = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 AND status = 'active' \
        RETURNING id";
    /// Holds an account as it is.
    HOLD_USER = "UPDATE users SET tfa_enabled = tfa_enabled WHERE id = $1 RETURNING id, email, full_name, role, status, \
        email_verified, tfa_enabled, created_at, updated_at";
    /// Says whether a second factor is on.
    SET_TFA = "UPDATE users SET tfa_enabled = $2, updated_at = $3 WHERE id = $1 AND tfa_enabled <> $2";
    /// One account by id.
    BY_ID = "SELECT id, email, full_name, role, status, email_verified, tfa_enabled, created_at, updated_at \
        FROM users WHERE id = $1";
    /// One account by the address's key.
    BY_EMAIL = "SELECT id, email, full_name, role, status, email_verified, tfa_enabled, created_at, updated_at \
        FROM users WHERE email_key = $1";
    /// A page of accounts whose address or name matches a pattern.
    PAGE = "SELECT id, email, full_name, role, status, email_verified, tfa_enabled, created_at, updated_at \
        FROM users WHERE id > $1 AND (email_key LIKE $2 ESCAPE '!' OR LOWER(full_name) LIKE $2 ESCAPE '!') \
        AND (status = $3 OR $3 IS NULL) AND (role = $4 OR $4 IS NULL) ORDER BY id LIMIT $5";
    // The account in question as well: who is no admin any more by then would else be held later than those behind it, and
    // two would wait for each other in a circle.
    /// Holds all active admins and one account, always in the same order, so that of two who want to be without one of them
    /// both wait.
    HOLD_ADMINS = {
        sqlite: "SELECT id, TRUE FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id",
        pg: "SELECT id, role = 'admin' AND status = 'active' FROM users WHERE id IN (SELECT id FROM users \
            WHERE role = 'admin' AND status = 'active' UNION SELECT CAST($1 AS BIGINT)) ORDER BY id FOR NO KEY UPDATE"
    };
    /// Changes the role.
    SET_ROLE = "UPDATE users SET role = $2, updated_at = $3 WHERE id = $1";
    /// Changes the status.
    SET_STATUS = "UPDATE users SET status = $2, updated_at = $3 WHERE id = $1";
    /// Changes the hash whatever it was.
    SET_PASSWORD = "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1";
    /// Notes that the address was confirmed; an account that waited for that alone becomes active.
    VERIFY_EMAIL = "UPDATE users SET email_verified = TRUE, status = CASE WHEN status = 'pending' \
        AND NOT email_verified AND $3 THEN 'active' ELSE status END, updated_at = $4 \
        WHERE id = $1 AND email_key = $2 RETURNING id, email, full_name, role, status, email_verified, tfa_enabled, \
        created_at, updated_at";
    /// Changes the hash for whoever reads the account's mail, which confirms the address, too.
    RESET_PASSWORD = "UPDATE users SET password_hash = $3, email_verified = TRUE, status = CASE \
        WHEN status = 'pending' AND NOT email_verified AND $4 THEN 'active' ELSE status END, updated_at = $5 \
        WHERE id = $1 AND email_key = $2 AND status IN ('active', 'pending') \
        RETURNING id, email, full_name, role, status, email_verified, tfa_enabled, created_at, updated_at";
    /// Changes the address, where nobody else has it.
    CHANGE_EMAIL = "UPDATE users SET email = $2, email_key = $3, email_verified = TRUE, updated_at = $4 \
        WHERE id = $1 AND status = 'active' AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = $3 AND o.id <> $1)";
}

impl Read<Gate> {
    /// The account and its password's hash, by [`Email::key`].
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn credential_by_email(&mut self, email_key: &str) -> Result<Option<CredentialRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(CREDENTIAL_BY_EMAIL)).bind(email_key).fetch_optional(c).await)
    }

    /// The account and its password's hash.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn credential_by_id(&mut self, user: UserId) -> Result<Option<CredentialRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(CREDENTIAL_BY_ID)).bind(user.0).fetch_optional(c).await)
    }
}

impl Write<Gate> {
    /// Makes an account and its empty profile. `None` when the address is taken: of many at once, one wins.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn insert_user(&mut self, new: &NewUser<'_>) -> Result<Option<UserRow>, StoreError> {
        insert(self, new).await
    }

    /// Changes the hash, if it is still `old_hash`.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn replace_password(
        &mut self,
        user: UserId,
        old_hash: &str,
        new_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(REPLACE_PASSWORD))
            .bind(user.0)
            .bind(old_hash)
            .bind(new_hash)
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Keeps anybody else from changing the account until this transaction ends, if it is active and its hash is still
    /// the `checked` one; `kept` takes its place, which may be the same. False when it is not any more:
    /// computing a hash takes long.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn hold_account(&mut self, user: UserId, checked: &str, kept: &str) -> Result<bool, StoreError> {
        let held: Option<i64> = on!(self, |c, sql| sqlx::query_scalar(sql(HOLD))
            .bind(user.0)
            .bind(checked)
            .bind(kept)
            .fetch_optional(c)
            .await)?;
        Ok(held.is_some())
    }
}

impl Write<Gate> {
    /// Notes that the address with this key was confirmed. An account that waits for that becomes active, where
    /// `activates` says so. `None` when the account is gone or has another address by now.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn verify_email(
        &mut self,
        user: UserId,
        email_key: &str,
        activates: bool,
        now: Timestamp,
    ) -> Result<Option<UserRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(VERIFY_EMAIL))
            .bind(user.0)
            .bind(email_key)
            .bind(activates)
            .bind(Db(now))
            .fetch_optional(c)
            .await)
    }

    /// Sets the hash for whoever reads the mail of the address with this key, which is confirmed by that. `activates` as
    /// for [`Self::verify_email`]. `None` when the account may not be used, is gone, or has another address by now.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn reset_password(
        &mut self,
        user: UserId,
        email_key: &str,
        new_hash: &str,
        activates: bool,
        now: Timestamp,
    ) -> Result<Option<UserRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(RESET_PASSWORD))
            .bind(user.0)
            .bind(email_key)
            .bind(new_hash)
            .bind(activates)
            .bind(Db(now))
            .fetch_optional(c)
            .await)
    }

    /// Gives an active account another address, which is confirmed. `false` when somebody else has it.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Conflict` when somebody else takes it at the same moment.
    pub async fn change_email(&mut self, user: UserId, email: &Email, now: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(CHANGE_EMAIL))
            .bind(user.0)
            .bind(email.as_str())
            .bind(email.key())
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}

impl Write<Gate> {
    /// Keeps anybody else from changing the account until this transaction ends, and gives it as it is. Whoever changes
    /// factors begins with this, so that what is decided from their number is decided one after the other.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn hold_user(&mut self, user: UserId) -> Result<Option<UserRow>, StoreError> {
        hold(self, user).await
    }

    /// Says whether the account has a second factor. False when it was said before.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn set_tfa_enabled(&mut self, user: UserId, on: bool, now: Timestamp) -> Result<bool, StoreError> {
        set_tfa(self, user, on, now).await
    }
}

impl Write<Own> {
    /// Keeps anybody else from changing the asking user's account until this transaction ends, and gives it as it is.
    /// Whoever changes factors begins with this.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn hold_user(&mut self) -> Result<Option<UserRow>, StoreError> {
        let user = self.scope.user;
        hold(self, user).await
    }

    /// Says whether the asking user's account has a second factor. False when it was said before.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn set_tfa_enabled(&mut self, on: bool, now: Timestamp) -> Result<bool, StoreError> {
        let user = self.scope.user;
        set_tfa(self, user, on, now).await
    }
}

impl Read<Own> {
    /// The asking user's account. `None` when it was deleted a moment ago.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn user(&mut self) -> Result<Option<UserRow>, StoreError> {
        let user = self.scope.user;
        by_id(self, user).await
    }
}

impl<S: SeesUsers> Read<S> {
    /// A page of accounts by id, from the one after `after_id`.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn users(
        &mut self,
        filter: &UserFilter<'_>,
        after_id: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<UserRow>, StoreError> {
        let pattern = containing(filter.query.unwrap_or(""));
        on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(after_id.map_or(0, |id| id.0))
            .bind(&pattern)
            .bind(filter.status.map(AccountStatus::as_str))
            .bind(filter.role.map(Role::as_str))
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }

    /// One account.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn user(&mut self, user: UserId) -> Result<Option<UserRow>, StoreError> {
        by_id(self, user).await
    }
}

impl Read<System> {
    /// One account by [`Email::key`].
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn user_by_email(&mut self, email_key: &str) -> Result<Option<UserRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(BY_EMAIL)).bind(email_key).fetch_optional(c).await)
    }
}

impl<S> Write<S> {
    /// Whether no active admin would be left without this one. Holds all of them, and this account, until this transaction
    /// ends, so that of several that are to go one after the other the last stays. Ask it before any account is held.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn would_leave_no_admin(&mut self, user: UserId) -> Result<bool, StoreError> {
        let held: Vec<(i64, bool)> =
            on!(self, |c, sql| sqlx::query_as(sql(HOLD_ADMINS)).bind(user.0).fetch_all(c).await)?;
        let mut admins = held.into_iter().filter(|(_, is_admin)| *is_admin).map(|(id, _)| id);
        Ok(admins.next() == Some(user.0) && admins.next().is_none())
    }
}

impl<S: EndsSessions> Write<S> {
    /// Keeps anybody else from changing the account until this transaction ends, and gives it as it is.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn hold_user(&mut self, user: UserId) -> Result<Option<UserRow>, StoreError> {
        hold(self, user).await
    }
}

impl<S: ChangesUsers> Write<S> {
    /// Says whether the account has a second factor. False when it was said before.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn set_tfa_enabled(&mut self, user: UserId, on: bool, now: Timestamp) -> Result<bool, StoreError> {
        set_tfa(self, user, on, now).await
    }

    /// Changes the role; `false` when there is no such user. The sessions are the caller's to end.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn set_role(&mut self, user: UserId, role: &Role, now: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(SET_ROLE))
            .bind(user.0)
            .bind(role.as_str())
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }

    /// Changes the status; `false` when there is no such user. The sessions are the caller's to end.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn set_status(
        &mut self,
        user: UserId,
        status: AccountStatus,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(SET_STATUS))
            .bind(user.0)
            .bind(status.as_str())
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}

impl Write<System> {
    /// Makes an account and its empty profile. `None` when the address is taken.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn insert_user(&mut self, new: &NewUser<'_>) -> Result<Option<UserRow>, StoreError> {
        insert(self, new).await
    }

    /// Sets the password's hash; `false` when there is no such user. The sessions are the caller's to end.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn set_password(&mut self, user: UserId, hash: &str, now: Timestamp) -> Result<bool, StoreError> {
        on!(self, |c, sql| sqlx::query(sql(SET_PASSWORD))
            .bind(user.0)
            .bind(hash)
            .bind(Db(now))
            .execute(c)
            .await
            .map(|done| done.rows_affected() == 1))
    }
}

async fn insert<S>(write: &mut Write<S>, new: &NewUser<'_>) -> Result<Option<UserRow>, StoreError> {
    let made: Option<UserRow> = on!(write, |c, sql| sqlx::query_as(sql(INSERT))
        .bind(new.email.as_str())
        .bind(new.email.key())
        .bind(new.full_name)
        .bind(new.password_hash)
        .bind(new.role.as_str())
        .bind(new.status.as_str())
        .bind(new.email_verified)
        .bind(Db(new.now))
        .fetch_optional(c)
        .await)?;
    // Also where the address was taken, and there is a profile already: a registration has to take the same time.
    write.ensure_profile(&new.email.key(), new.now).await?;
    Ok(made)
}

async fn hold<S>(write: &mut Write<S>, user: UserId) -> Result<Option<UserRow>, StoreError> {
    on!(write, |c, sql| sqlx::query_as(sql(HOLD_USER)).bind(user.0).fetch_optional(c).await)
}

async fn set_tfa<S>(write: &mut Write<S>, user: UserId, enabled: bool, now: Timestamp) -> Result<bool, StoreError> {
    on!(write, |c, sql| sqlx::query(sql(SET_TFA))
        .bind(user.0)
        .bind(enabled)
        .bind(Db(now))
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

async fn by_id<S>(read: &mut Read<S>, user: UserId) -> Result<Option<UserRow>, StoreError> {
    on!(read, |c, sql| sqlx::query_as(sql(BY_ID)).bind(user.0).fetch_optional(c).await)
}

/// A `LIKE` pattern for texts that contain this one, in any case, with nothing in it taken as a wildcard.
fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
