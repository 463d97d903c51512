//! Accounts, as operators see them.

use durward_proto::wire::admin::{DeviceEntry, FactorOutline, ProfileOutline, UserDetail};
use durward_proto::wire::auth::User;
use durward_proto::wire::factor::{BackupStatus, TotpStatus};
use durward_proto::wire::list::{Page, PageQuery};
use durward_proto::{AccountStatus, Code, Role, UserId};
use durward_store::{
    AttemptFilter, DeviceRow, ProfileOutlineRow, Read, SeesAttempts, SeesSessions, SeesUsers, UserFilter, UserRow,
};
use durward_verify::{ReadAudit, ReadSessions, ReadUsers, Verified};

use super::{attempts, sessions};
use crate::factors::SecondFactorRules;
use crate::fault::Fault;
use crate::page;
use crate::roles::Roles;
use crate::second_factor::Standing;
use crate::service::Core;

/// How many sessions and devices stand in an account's detail.
const FIFTY: u32 = 50;
/// How many attempts do.
const TWENTY: u32 = 20;

/// Which users are asked for: those that all of it holds for.
#[derive(Debug, Default)]
pub struct UserQuery {
    /// A part of the address or the name.
    pub query: Option<String>,
    /// The account's status.
    pub status: Option<AccountStatus>,
    /// The account's role.
    pub role: Option<Role>,
}

impl Core {
    /// Lists users by id.
    ///
    /// # Errors
    /// `forbidden` without `users:read`; `validation_failed` for a bad page; 503 when the database is away.
    pub async fn users(&self, who: &Verified, asked: &UserQuery, paging: &PageQuery) -> Result<Page<User>, Fault> {
        let permit = who.permit::<ReadUsers>()?;
        let limit = page::limit(paging)?;
        if asked.query.as_ref().is_some_and(|query| query.contains('\0')) {
            return Err(Fault::field("/query", "the character U+0000 stands in no address and no name"));
        }
        let after = match paging.cursor.as_deref().map(str::parse::<UserId>) {
            None => None,
            Some(Ok(id)) => Some(id),
            Some(Err(_)) => return Err(page::bad_cursor()),
        };
        let filter = UserFilter { query: asked.query.as_deref(), status: asked.status, role: asked.role.as_ref() };
        let mut rows = self.store.any_user(&permit).read().await?.users(&filter, after, limit + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
        Ok(Page { items: rows.into_iter().map(User::from).collect(), next_cursor })
    }

    /// An account with what belongs to it, as far as the caller may see that.
    ///
    /// # Errors
    /// `forbidden` without `users:read`; `not_found`; 503 when the database is away.
    pub async fn user_detail(&self, who: &Verified, user: UserId) -> Result<UserDetail, Fault> {
        let permit = who.permit::<ReadUsers>()?;
        let mut read = self.store.any_user(&permit).read().await?;
        let row = read.user(user).await?.ok_or_else(|| Fault::new(Code::NotFound))?;
        let mut detail = outline(&mut read, row, &self.policy.roles, &self.policy.second_factor).await?;
        // One connection at a time: who reads three things needs no three of them.
        drop(read);
        if let Ok(permit) = who.permit::<ReadSessions>() {
            add_sessions(&mut self.store.any_user(&permit).read().await?, &mut detail).await?;
        }
        if let Ok(permit) = who.permit::<ReadAudit>() {
            add_attempts(&mut self.store.any_user(&permit).read().await?, &mut detail).await?;
        }
        Ok(detail)
    }
}

/// The account with its profile's outline and its factors.
pub(crate) async fn outline<S: SeesUsers>(
    read: &mut Read<S>,
    row: UserRow,
    roles: &Roles,
    rules: &SecondFactorRules,
) -> Result<UserDetail, Fault> {
    let profile = read.profile_outline(row.id).await?;
    let standing = read.factors(row.id).await?.map(Standing::from).unwrap_or_default();
    Ok(UserDetail {
        scopes: roles.scopes_of(&row.role).to_vec(),
        profile: filled(profile),
        factors: FactorOutline {
            required: rules.demands_of(&row.role),
            totp: TotpStatus { enabled: standing.totp_enabled_at.is_some(), enabled_at: standing.totp_enabled_at },
            backup_codes: BackupStatus { remaining: standing.backup_left, created_at: standing.backup_made_at },
            passkeys: standing.passkeys,
            preferred: standing.preferred,
        },
        user: row.into(),
        sessions: None,
        devices: None,
        attempts: None,
    })
}

/// Adds the sessions and the devices.
pub(crate) async fn add_sessions<S: SeesSessions>(read: &mut Read<S>, detail: &mut UserDetail) -> Result<(), Fault> {
    let user = detail.user.id;
    let live = read.all_sessions(Some(user), None, FIFTY).await?;
    detail.sessions = Some(live.into_iter().map(sessions::entry).collect());
    let devices = read.devices_of(user, FIFTY).await?;
    detail.devices = Some(devices.into_iter().map(device).collect());
    Ok(())
}

/// Adds the newest login attempts.
pub(crate) async fn add_attempts<S: SeesAttempts>(read: &mut Read<S>, detail: &mut UserDetail) -> Result<(), Fault> {
    let filter = AttemptFilter { user: Some(detail.user.id), ..AttemptFilter::default() };
    let rows = read.attempts(&filter, None, TWENTY).await?;
    detail.attempts = Some(rows.into_iter().map(attempts::entry).collect());
    Ok(())
}

fn filled(row: Option<ProfileOutlineRow>) -> ProfileOutline {
    let Some(row) = row else { return ProfileOutline { filled: Vec::new(), updated_at: None } };
    let parts = [
        ("mission_statement", row.mission_statement),
        ("work_style_preferences", row.work_style_preferences),
        ("productivity_patterns", row.productivity_patterns),
        ("personal_goals", row.personal_goals),
        ("reflective_coach_summary", row.reflective_coach_summary),
    ];
    let filled = parts.into_iter().filter_map(|(name, is_filled)| is_filled.then_some(name)).collect();
    ProfileOutline { filled, updated_at: Some(row.updated_at) }
}

fn device(row: DeviceRow) -> DeviceEntry {
    DeviceEntry {
        id: row.id,
        name: row.name,
        kind: row.kind,
        trust_level: row.trust_level,
        security_level: row.security_level,
        ip: row.ip,
        location: row.place,
        logins: row.logins,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
    }
}
