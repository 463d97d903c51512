//! `user_profiles`: what a user tells about themself. Each user has exactly one row, made with the account.

use std::collections::HashMap;
use std::sync::Arc;

use durward_proto::wire::profile::{Profile, ProfileChange};
use durward_proto::{Timestamp, UserId};
use serde_json::{Map, Value};
use sqlx::types::Json;

use crate::encode::Db;
use crate::error::StoreError;
use crate::gather::Gather;
use crate::link::{Link, on};
use crate::meters::Who;
use crate::open::{Backend, Shared};
use crate::query::queries;
use crate::scope::{Own, OwnStore, SeesUsers};
use crate::tables::users::UserRow;
use crate::tx::{Read, Write};

/// How many profiles one statement reads at most: its places.
const TOGETHER: usize = 32;

/// An account with its profile.
pub(crate) type Whole = (UserRow, Profile);
/// Those who want to read theirs from a server.
pub(crate) type Profiles = Gather<UserId, Whole>;

/// Nobody yet.
pub(crate) fn gather_profiles() -> Arc<Profiles> {
    Gather::new(GET_MANY, TOGETHER)
}

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
    /// The same for as many as there are places. Said of both tables, so that PostgreSQL finds both by their keys.
    GET_MANY = "SELECT u.id, u.email, u.full_name, u.role, u.status, u.email_verified, u.tfa_enabled, u.created_at, \
        u.updated_at, p.mission_statement, p.work_style_preferences, p.productivity_patterns, p.personal_goals, \
        p.reflective_coach_summary FROM users u JOIN user_profiles p ON p.user_id = u.id \
        WHERE u.id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32) \
        AND p.user_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)";
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

impl OwnStore {
    /// The asking user's account and profile. `None` when the account was deleted a moment ago. From a server it is read
    /// together with those of others who ask at the same time.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn profile(&self) -> Result<Option<Whole>, StoreError> {
        match self.shared.backend() {
            Backend::Sqlite => self.read().await?.profile().await,
            Backend::Postgres => self.shared.profiles.ask(&self.shared, self.scope.user, read_many).await,
        }
    }
}

/// The accounts and profiles of these users, each under its user's id.
pub(crate) async fn read_many(shared: Arc<Shared>, users: Vec<UserId>) -> Result<HashMap<UserId, Whole>, StoreError> {
    let mut read = Read::new(Link::reader(&shared, Who::Own).await?, ());
    // A place that nobody needs looks for the first once more.
    let first = users.first().map(|user| user.0);
    let rows: Vec<ProfileRow> = on!(read, |c, sql| {
        let places = (0..TOGETHER).map(|place| users.get(place).map_or(first, |user| Some(user.0)));
        places.fold(sqlx::query_as(sql(GET_MANY)), |query, place| query.bind(place)).fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(|row| (row.user.id, row.whole())).collect())
}

impl Read<Own> {
    /// The asking user's account and profile. `None` when the account was deleted a moment ago.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn profile(&mut self) -> Result<Option<Whole>, StoreError> {
        let user = self.scope.user;
        let row: Option<ProfileRow> =
            on!(self, |c, sql| sqlx::query_as(sql(GET)).bind(user.0).fetch_optional(c).await)?;
        Ok(row.map(ProfileRow::whole))
    }
}

impl ProfileRow {
    fn whole(self) -> Whole {
        let profile = Profile {
            mission_statement: self.mission_statement,
            work_style_preferences: self.work_style_preferences.0,
            productivity_patterns: self.productivity_patterns.0,
            personal_goals: self.personal_goals.0,
            reflective_coach_summary: self.reflective_coach_summary,
        };
        (self.user, profile)
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
