//! `user_profiles`: what a user tells about themself. Each user has exactly one row, made with the account.

use durward_proto::wire::profile::{Profile, ProfileChange};
use durward_proto::{Timestamp, UserId};
use serde_json::{Map, Value};
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::{Own, SeesUsers};
use crate::tables::users::UserRow;
use crate::tx::{Read, Write};

#[derive(sqlx::FromRow)]
struct ProfileRow {
    #[sqlx(flatten)]
    user: UserRow,
    mission_statement: Option<String>,
    work_style_preferences: Json<Map<String, Value>>,
    productivity_patterns: Json<Map<String, Value>>,
    personal_goals: Json<Map<String, Value>>,
    reflective_coach_summary: Option<String>,
}

/// What of a profile is filled in, without what stands there.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProfileOutlineRow {
    /// Whether there is a mission statement.
    pub mission_statement: bool,
    /// Whether there are work style preferences.
    pub work_style_preferences: bool,
    /// Whether there are productivity patterns.
    pub productivity_patterns: bool,
    /// Whether there are personal goals.
    pub personal_goals: bool,
    /// Whether there is a reflective coach's summary.
    pub reflective_coach_summary: bool,
    /// When it last changed.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub updated_at: Timestamp,
}

queries! {
    /// What of a user's profile is filled in.
    OUTLINE = "SELECT mission_statement IS NOT NULL AS mission_statement, \
        work_style_preferences <> '{}' AS work_style_preferences, \
        productivity_patterns <> '{}' AS productivity_patterns, personal_goals <> '{}' AS personal_goals, \
        reflective_coach_summary IS NOT NULL AS reflective_coach_summary, updated_at \
        FROM user_profiles WHERE user_id = $1";
    /// The empty profile of the account with this address's key, if it has none.
    INSERT = "INSERT INTO user_profiles (user_id, mission_statement, work_style_preferences, \
        productivity_patterns, personal_goals, reflective_coach_summary, updated_at) \
        SELECT id, NULL, $2, $2, $2, NULL, $3 FROM users WHERE email_key = $1 ON CONFLICT (user_id) DO NOTHING";
    /// The account with its profile.
    GET = "SELECT u.id, u.email, u.full_name, u.role, u.status, u.email_verified, u.tfa_enabled, u.created_at, \
        u.updated_at, p.mission_statement, p.work_style_preferences, p.productivity_patterns, p.personal_goals, \
        p.reflective_coach_summary FROM users u JOIN user_profiles p ON p.user_id = u.id WHERE u.id = $1";
    /// Changes the members that are named: of each pair of parameters, the first says whether.
    CHANGE = "UPDATE user_profiles SET \
        mission_statement = CASE WHEN $2 THEN $3 ELSE mission_statement END, \
        work_style_preferences = CASE WHEN $4 THEN $5 ELSE work_style_preferences END, \
        productivity_patterns = CASE WHEN $6 THEN $7 ELSE productivity_patterns END, \
        personal_goals = CASE WHEN $8 THEN $9 ELSE personal_goals END, \
        reflective_coach_summary = CASE WHEN $10 THEN $11 ELSE reflective_coach_summary END, \
        updated_at = $12 WHERE user_id = $1";
    /// Changes the name, when it is named, and the account's time.
    CHANGE_NAME = "UPDATE users SET full_name = CASE WHEN $2 THEN $3 ELSE full_name END, updated_at = $4 \
        WHERE id = $1";
}

impl<S: SeesUsers> Read<S> {
    /// What of a user's profile is filled in. `None` when there is no such user.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn profile_outline(&mut self, user: UserId) -> Result<Option<ProfileOutlineRow>, StoreError> {
        on!(self, |c, sql| sqlx::query_as(sql(OUTLINE)).bind(user.0).fetch_optional(c).await)
    }
}

impl Read<Own> {
    /// The asking user's account and profile. `None` when the account was deleted a moment ago.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn profile(&mut self) -> Result<Option<(UserRow, Profile)>, StoreError> {
        let user = self.scope.user;
        let row: Option<ProfileRow> =
            on!(self, |c, sql| sqlx::query_as(sql(GET)).bind(user.0).fetch_optional(c).await)?;
        Ok(row.map(|row| {
            let profile = Profile {
                mission_statement: row.mission_statement,
                work_style_preferences: row.work_style_preferences.0,
                productivity_patterns: row.productivity_patterns.0,
                personal_goals: row.personal_goals.0,
                reflective_coach_summary: row.reflective_coach_summary,
            };
            (row.user, profile)
        }))
    }
}

impl Write<Own> {
    /// Changes what is named; a named null clears a text and empties an object.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`; `Conflict` for a text with U+0000.
    pub async fn change_profile(&mut self, change: &ProfileChange, now: Timestamp) -> Result<(), StoreError> {
        let user = self.scope.user;
        let text = |member: &Option<Option<String>>| member.clone().flatten();
        let object = |member: &Option<Option<Map<String, Value>>>| Json(member.clone().flatten().unwrap_or_default());
        let mission_statement = text(&change.mission_statement);
        let work_style_preferences = object(&change.work_style_preferences);
        let productivity_patterns = object(&change.productivity_patterns);
        let personal_goals = object(&change.personal_goals);
        let reflective_coach_summary = text(&change.reflective_coach_summary);
        let full_name = text(&change.full_name);
        // The account first, as everybody does who changes it together with what hangs on it.
        on!(self, |c, sql| sqlx::query(sql(CHANGE_NAME))
            .bind(user.0)
            .bind(change.full_name.is_some())
            .bind(&full_name)
            .bind(Db(now))
            .execute(c)
            .await
            .map(drop))?;
        on!(self, |c, sql| sqlx::query(sql(CHANGE))
            .bind(user.0)
            .bind(change.mission_statement.is_some())
            .bind(&mission_statement)
            .bind(change.work_style_preferences.is_some())
            .bind(&work_style_preferences)
            .bind(change.productivity_patterns.is_some())
            .bind(&productivity_patterns)
            .bind(change.personal_goals.is_some())
            .bind(&personal_goals)
            .bind(change.reflective_coach_summary.is_some())
            .bind(&reflective_coach_summary)
            .bind(Db(now))
            .execute(c)
            .await
            .map(drop))
    }
}

impl<S> Write<S> {
    /// The empty profile of an account, if it has none: of one that was just made.
    pub(super) async fn ensure_profile(&mut self, email_key: &str, now: Timestamp) -> Result<(), StoreError> {
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(email_key)
            .bind(Json(Map::new()))
            .bind(Db(now))
            .execute(c)
            .await
            .map(drop))
    }
}
