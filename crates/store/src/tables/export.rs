//! Everything that is held about a user, as they get it: one statement for each kind of row, page by page. What is left out
//! is named, with the reason, in `tests/privacy.rs`.

use durward_proto::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::{Statement, queries};
use crate::sqlite::SqliteRow;
use crate::scope::Own;
use crate::tables::After;
use crate::tx::Read;

/// Some rows of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldPage {
    /// The rows, as JSON objects.
    pub rows: Vec<Value>,
    /// Where the next page begins; none after the last one.
    pub next: Option<After>,
}

/// Times and the like as they stand on the wire.
impl<T: Serialize> Serialize for Db<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A row that knows its place in a list that is read page by page.
trait Placed {
    fn place(&self) -> After;
}

/// Rows of kinds of which a user has few: they come at once.
macro_rules! few {
    ($($Row:ident { $($field:ident: $type:ty,)+ })+) => {$(
        #[derive(Serialize, FromRow)]
        struct $Row { $($field: $type,)+ }
    )+};
}

/// Rows of kinds of which a user may have many: they come by time (`$at`) and id.
macro_rules! many {
    ($($Row:ident by $at:ident { $($field:ident: $type:ty,)+ })+) => {$(
        #[derive(Serialize, FromRow)]
        struct $Row { id: Uuid, $($field: $type,)+ }

        impl Placed for $Row {
            fn place(&self) -> After {
                After { at: self.$at.0, id: self.id }
            }
        }
    )+};
}

type Time = Db<Timestamp>;
type Perhaps = Db<Option<Timestamp>>;
type Words = Option<String>;
type Object = Json<Value>;

few! {
    AccountHeld {
        id: i64,
        email: String,
        full_name: Words,
        role: String,
        status: String,
        email_verified: bool,
        tfa_enabled: bool,
        created_at: Time,
        updated_at: Time,
    }
    ProfileHeld {
        mission_statement: Words,
        work_style_preferences: Object,
        productivity_patterns: Object,
        personal_goals: Object,
        reflective_coach_summary: Words,
        updated_at: Time,
    }
    SettingHeld { key: String, value: Object, updated_at: Time, }
    FactorsHeld {
        passkey_handle: Uuid,
        totp_enabled_at: Perhaps,
        totp_pending_until: Perhaps,
        preferred_methods: String,
        created_at: Time,
        updated_at: Time,
    }
    BackupCodeHeld { number: i64, created_at: Time, used_at: Perhaps, }
    PendingLoginHeld {
        purpose: String,
        transport: String,
        ip: String,
        amr: String,
        tries: i64,
        created_at: Time,
        expires_at: Time,
    }
    LinkHeld { purpose: String, created_at: Time, expires_at: Time, }
    EmailChangeHeld {
        new_email: String,
        old_confirmed_at: Perhaps,
        new_confirmed_at: Perhaps,
        created_at: Time,
        expires_at: Time,
    }
    HabitsHeld { habits: Object, updated_at: Time, }
}

many! {
    PasskeyHeld by created_at {
        name: String,
        sign_count: i64,
        backup_eligible: bool,
        backed_up: bool,
        created_at: Time,
        last_used_at: Perhaps,
        clone_suspected_at: Perhaps,
    }
    TrustHeld by created_at {
        user_agent: Words,
        ip: Words,
        registered_device_id: Option<Uuid>,
        created_at: Time,
        expires_at: Time,
    }
    DeviceHeld by created_at {
        kind: String,
        name: String,
        user_agent: Words,
        ip: Words,
        place: Words,
        trust_level: String,
        security_level: String,
        logins: i64,
        successes_milli: i64,
        failures_milli: i64,
        reputed_at: Time,
        streak_logins: i64,
        streak_since: Time,
        created_at: Time,
        last_seen_at: Time,
    }
    SessionHeld by created_at {
        created_at: Time,
        last_seen_at: Time,
        expires_at: Time,
        ended_at: Perhaps,
        end_reason: Words,
        auth_time: Time,
        amr: String,
        transport: String,
        user_agent: Words,
        ip: Words,
        place: Words,
        registered_device_id: Option<Uuid>,
    }
    MailHeld by created_at { kind: String, created_at: Time, expires_at: Time, failed_at: Perhaps, }
    AttemptHeld by at {
        at: Time,
        method: String,
        succeeded: bool,
        reason: String,
        ip: Words,
        user_agent: Words,
        request_id: Words,
        country: Words,
        place: Words,
        registered_device_id: Option<Uuid>,
        session_id: Option<Uuid>,
        risk_score: Option<i64>,
        risk_decision: Words,
        risk_signals: Option<Object>,
    }
    EventHeld by at {
        at: Time,
        event: String,
        who: Words,
        session_id: Option<Uuid>,
        ip: Words,
        request_id: Words,
        detail: Option<Object>,
    }
    ConversationHeld by created_at { title: String, created_at: Time, updated_at: Time, }
    MessageHeld by created_at { author: String, content: String, model: Words, created_at: Time, }
}

queries! {
    /// The account.
    ACCOUNT = "SELECT id, email, full_name, role, status, email_verified, tfa_enabled, created_at, updated_at \
        FROM users WHERE id = $1";
    /// The profile.
    PROFILE = "SELECT mission_statement, work_style_preferences, productivity_patterns, personal_goals, \
        reflective_coach_summary, updated_at FROM user_profiles WHERE user_id = $1";
    /// The settings that were changed.
    SETTINGS = "SELECT key, value, updated_at FROM user_settings WHERE user_id = $1 ORDER BY key";
    /// Second factors.
    FACTORS = "SELECT passkey_handle, totp_enabled_at, totp_pending_until, preferred_methods, created_at, updated_at \
        FROM user_two_factor_auth WHERE user_id = $1";
    /// Backup codes, without the codes.
    BACKUP_CODES = "SELECT number, created_at, used_at FROM backup_codes WHERE user_id = $1 ORDER BY number";
    /// Logins that are half done.
    PENDING_LOGINS = "SELECT purpose, transport, ip, amr, tries, created_at, expires_at FROM two_factor_challenges \
        WHERE user_id = $1 ORDER BY created_at";
    /// Mailed links that still work.
    LINKS = "SELECT purpose, created_at, expires_at FROM recovery_tokens WHERE user_id = $1 ORDER BY created_at";
    /// A change of address that waits.
    EMAIL_CHANGE = "SELECT new_email, old_confirmed_at, new_confirmed_at, created_at, expires_at FROM email_changes \
        WHERE user_id = $1";
    /// What is usual for the user.
    HABITS = "SELECT habits, updated_at FROM user_login_habits WHERE user_id = $1";
    /// Passkeys, without their keys.
    PASSKEYS = "SELECT id, name, sign_count, backup_eligible, backed_up, created_at, last_used_at, clone_suspected_at \
        FROM passkey_credentials WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    /// Devices that need no second factor for a while.
    TRUSTS = "SELECT id, user_agent, ip, registered_device_id, created_at, expires_at FROM trusted_devices \
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    /// Registered devices.
    DEVICES = "SELECT id, kind, name, user_agent, ip, place, trust_level, security_level, logins, successes_milli, \
        failures_milli, reputed_at, streak_logins, streak_since, created_at, last_seen_at FROM registered_devices \
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    /// Sessions, ended ones among them.
    SESSIONS = "SELECT id, created_at, last_seen_at, expires_at, ended_at, end_reason, auth_time, amr, transport, \
        user_agent, ip, place, registered_device_id FROM user_sessions \
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    /// Mails that wait or were given up.
    MAILS = "SELECT id, kind, created_at, expires_at, failed_at FROM mail_outbox \
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    /// Login attempts.
    ATTEMPTS = "SELECT id, at, method, succeeded, reason, ip, user_agent, request_id, country, place, \
        registered_device_id, session_id, risk_score, risk_decision, risk_signals FROM device_login_attempts \
        WHERE user_id = $1 AND (at, id) > ($2, $3) AND at >= $2 ORDER BY at, id LIMIT $4";
    /// What the audit trail says: of what was done to the user everything but who did it and from where, of what the user did
    /// to others that they did.
    EVENTS = "SELECT id, at, event, who, session_id, ip, request_id, detail FROM (SELECT * FROM (SELECT id, at, event, \
        CASE WHEN actor_user_id = $1 THEN 'self' WHEN actor_user_id IS NOT NULL THEN 'operator' END AS who, session_id, \
        CASE WHEN actor_user_id IS NULL OR actor_user_id = $1 THEN ip END AS ip, \
        CASE WHEN actor_user_id IS NULL OR actor_user_id = $1 THEN request_id END AS request_id, detail \
        FROM security_audit WHERE subject_user_id = $1 AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4) AS done_to \
        UNION ALL SELECT * FROM (SELECT id, at, event, 'self' AS who, \
        CASE WHEN subject_user_id IS NULL THEN session_id END AS session_id, ip, request_id, \
        CASE WHEN subject_user_id IS NULL THEN detail END AS detail FROM security_audit WHERE actor_user_id = $1 \
        AND (subject_user_id IS NULL OR subject_user_id <> $1) AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4) \
        AS done_by) AS all_of_it ORDER BY at, id LIMIT $4";
    /// Conversations.
    CONVERSATIONS = "SELECT id, title, created_at, updated_at FROM conversations \
        WHERE user_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4";
    /// The messages of one of them.
    MESSAGES = "SELECT m.id, m.author, m.content, m.model, m.created_at FROM conversation_messages m \
        JOIN conversations c ON c.id = m.conversation_id WHERE c.user_id = $1 AND c.id = $5 \
        AND (m.created_at, m.id) > ($2, $3) ORDER BY m.created_at, m.id LIMIT $4";
}

/// A kind of row that is held about a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The account: one row.
    Account,
    /// The profile: one row.
    Profile,
    /// Settings that were changed.
    Settings,
    /// Second factors: one row, or none.
    Factors,
    /// Backup codes, without the codes.
    BackupCodes,
    /// Passkeys, without their keys.
    Passkeys,
    /// Logins that wait for a second factor.
    PendingLogins,
    /// Mailed links that still work, without their tokens.
    MailedLinks,
    /// A change of address that waits: one row, or none.
    EmailChange,
    /// What is usual for this user's logins: one row, or none.
    Habits,
    /// Devices that need no second factor for a while.
    TrustedDevices,
    /// Registered devices.
    Devices,
    /// Sessions, ended ones among them.
    Sessions,
    /// Mails that wait or were given up: which, and when.
    Mails,
    /// Login attempts.
    LoginAttempts,
    /// The audit trail about this user.
    SecurityEvents,
    /// Conversations. Their messages come by [`Read::messages_held`].
    Conversations,
}

impl Held {
    /// All of them, in the order in which they are given.
    pub const ALL: [Self; 17] = [
        Self::Account,
        Self::Profile,
        Self::Settings,
        Self::Factors,
        Self::BackupCodes,
        Self::Passkeys,
        Self::PendingLogins,
        Self::MailedLinks,
        Self::EmailChange,
        Self::Habits,
        Self::TrustedDevices,
        Self::Devices,
        Self::Sessions,
        Self::Mails,
        Self::LoginAttempts,
        Self::SecurityEvents,
        Self::Conversations,
    ];

    /// Its name in the export.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Profile => "profile",
            Self::Settings => "settings",
            Self::Factors => "second_factors",
            Self::BackupCodes => "backup_codes",
            Self::Passkeys => "passkeys",
            Self::PendingLogins => "pending_logins",
            Self::MailedLinks => "mailed_links",
            Self::EmailChange => "email_change",
            Self::Habits => "login_habits",
            Self::TrustedDevices => "trusted_devices",
            Self::Devices => "devices",
            Self::Sessions => "sessions",
            Self::Mails => "mails",
            Self::LoginAttempts => "login_attempts",
            Self::SecurityEvents => "security_events",
            Self::Conversations => "conversations",
        }
    }
}

impl Read<Own> {
    /// Rows of one kind that are held about the asking user, the oldest first, `limit` at most where there may be many.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn held(&mut self, what: Held, after: Option<After>, limit: u32) -> Result<HeldPage, StoreError> {
        match what {
            Held::Account => few::<AccountHeld>(self, ACCOUNT).await,
            Held::Profile => few::<ProfileHeld>(self, PROFILE).await,
            Held::Settings => few::<SettingHeld>(self, SETTINGS).await,
            Held::Factors => few::<FactorsHeld>(self, FACTORS).await,
            Held::BackupCodes => few::<BackupCodeHeld>(self, BACKUP_CODES).await,
            Held::PendingLogins => few::<PendingLoginHeld>(self, PENDING_LOGINS).await,
            Held::MailedLinks => few::<LinkHeld>(self, LINKS).await,
            Held::EmailChange => few::<EmailChangeHeld>(self, EMAIL_CHANGE).await,
            Held::Habits => few::<HabitsHeld>(self, HABITS).await,
            Held::Passkeys => many::<PasskeyHeld>(self, PASSKEYS, after, limit).await,
            Held::TrustedDevices => many::<TrustHeld>(self, TRUSTS, after, limit).await,
            Held::Devices => many::<DeviceHeld>(self, DEVICES, after, limit).await,
            Held::Sessions => many::<SessionHeld>(self, SESSIONS, after, limit).await,
            Held::Mails => many::<MailHeld>(self, MAILS, after, limit).await,
            Held::LoginAttempts => many::<AttemptHeld>(self, ATTEMPTS, after, limit).await,
            Held::SecurityEvents => many::<EventHeld>(self, EVENTS, after, limit).await,
            Held::Conversations => many::<ConversationHeld>(self, CONVERSATIONS, after, limit).await,
        }
    }

    /// Messages of one of the asking user's conversations, the oldest first, `limit` at most.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn messages_held(
        &mut self,
        conversation: Uuid,
        after: Option<After>,
        limit: u32,
    ) -> Result<HeldPage, StoreError> {
        let (user, after) = (self.scope.user, after.unwrap_or(After::oldest()));
        let rows: Vec<MessageHeld> = on!(self, |c, sql| sqlx::query_as(sql(MESSAGES))
            .bind(user.0)
            .bind(Db(after.at))
            .bind(after.id)
            .bind(i64::from(limit))
            .bind(conversation)
            .fetch_all(c)
            .await)?;
        page(&rows, limit)
    }
}

async fn few<R>(read: &mut Read<Own>, statement: Statement) -> Result<HeldPage, StoreError>
where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Serialize + Send + Unpin,
{
    let user = read.scope.user;
    let rows: Vec<R> = on!(read, |c, sql| sqlx::query_as(sql(statement)).bind(user.0).fetch_all(c).await)?;
    Ok(HeldPage { rows: as_json(&rows)?, next: None })
}

async fn many<R>(
    read: &mut Read<Own>,
    statement: Statement,
    after: Option<After>,
    limit: u32,
) -> Result<HeldPage, StoreError>
where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Serialize + Placed + Send + Unpin,
{
    let (user, after) = (read.scope.user, after.unwrap_or(After::oldest()));
    let rows: Vec<R> = on!(read, |c, sql| sqlx::query_as(sql(statement))
        .bind(user.0)
        .bind(Db(after.at))
        .bind(after.id)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await)?;
    page(&rows, limit)
}

fn page<R: Serialize + Placed>(rows: &[R], limit: u32) -> Result<HeldPage, StoreError> {
    let is_full = u32::try_from(rows.len()).is_ok_and(|rows| rows == limit);
    Ok(HeldPage { rows: as_json(rows)?, next: rows.last().filter(|_| is_full).map(Placed::place) })
}

fn as_json<R: Serialize>(rows: &[R]) -> Result<Vec<Value>, StoreError> {
    let rows: Result<Vec<Value>, _> = rows.iter().map(serde_json::to_value).collect();
    rows.map_err(|_| StoreError::Broken("a row that is no JSON".to_owned()))
}
