//! What operators see and change. The row has checked the scope; what reads or changes somebody's things proves it once
//! more, to the database's scope.

use axum::extract::State;
use axum::response::Response;
use durward_core::admin::{PlacesQuery, UserQuery};
use durward_core::figures::SeriesQuery;
use durward_proto::wire::admin::{AttemptQuery, UserChange};
use durward_proto::wire::list::PageQuery;
use durward_proto::{SessionId, UserId};
use http::StatusCode;

use crate::app::Shared;
use crate::extract::{Caller, From, FromQuery, Id, Json, Query};
use crate::form::{BadForm, Fields};
use crate::reply::{Answer, json, nothing};

const TIME: &str = "a time such as 2026-01-02T03:04:05Z";
const USER: &str = "a user's id";

/// A list's own filters, and its page.
pub(crate) struct Filtered<T> {
    filter: T,
    page: PageQuery,
}

/// The filter of the list of sessions.
pub(crate) struct SessionsQuery {
    user: Option<UserId>,
}

impl FromQuery for Filtered<UserQuery> {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        let filter = UserQuery {
            query: fields.take("query"),
            status: fields.parsed("status", "pending, active, suspended or deactivated")?,
            role: fields.parsed("role", "a role's name")?,
        };
        Ok(Self { filter, page: PageQuery::from_query(fields)? })
    }
}

impl FromQuery for Filtered<SessionsQuery> {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        let filter = SessionsQuery { user: fields.parsed("user", USER)? };
        Ok(Self { filter, page: PageQuery::from_query(fields)? })
    }
}

impl FromQuery for Filtered<AttemptQuery> {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        let filter = AttemptQuery {
            user: fields.parsed("user", USER)?,
            email: fields.take("email"),
            ip: fields.take("ip"),
            method: fields.take("method"),
            reason: fields.take("reason"),
            succeeded: fields.parsed("succeeded", "true or false")?,
            decision: fields.take("decision"),
            since: fields.parsed("since", TIME)?,
            until: fields.parsed("until", TIME)?,
        };
        Ok(Self { filter, page: PageQuery::from_query(fields)? })
    }
}

impl FromQuery for SeriesQuery {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        Ok(Self {
            name: fields.required("name")?,
            since: fields.parsed("since", TIME)?,
            until: fields.parsed("until", TIME)?,
            step: fields.parsed("step", "whole minutes, in seconds")?,
        })
    }
}

impl FromQuery for PlacesQuery {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        Ok(Self { since: fields.parsed("since", TIME)?, until: fields.parsed("until", TIME)? })
    }
}

/// `GET /api/v1/admin/overview`.
pub(crate) async fn overview(State(site): State<Shared>, Caller(me): Caller) -> Answer {
    Ok(json(&site.core.overview(&me).await?))
}

/// `GET /api/v1/admin/overview/series`.
pub(crate) async fn series(State(site): State<Shared>, Caller(me): Caller, Query(asked): Query<SeriesQuery>) -> Answer {
    Ok(json(&site.core.series(&me, &asked).await?))
}

/// `GET /api/v1/admin/overview/places`.
pub(crate) async fn places(State(site): State<Shared>, Caller(me): Caller, Query(asked): Query<PlacesQuery>) -> Answer {
    Ok(json(&site.core.login_places(&me, &asked).await?))
}

/// `GET /api/v1/admin/roles`.
pub(crate) async fn roles(State(site): State<Shared>, Caller(me): Caller) -> Answer {
    Ok(json(&site.core.role_list(&me)?))
}

/// `GET /api/v1/admin/users`.
pub(crate) async fn users(
    State(site): State<Shared>,
    Caller(me): Caller,
    Query(asked): Query<Filtered<UserQuery>>,
) -> Answer {
    Ok(json(&site.core.users(&me, &asked.filter, &asked.page).await?))
}

/// `GET /api/v1/admin/users/{id}`.
pub(crate) async fn user(State(site): State<Shared>, Caller(me): Caller, Id(user): Id<UserId>) -> Answer {
    Ok(json(&site.core.user_detail(&me, user).await?))
}

/// `PATCH /api/v1/admin/users/{id}`.
pub(crate) async fn change_user(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(user): Id<UserId>,
    From(client): From,
    Json(change): Json<UserChange>,
) -> Answer {
    Ok(json(&site.core.change_user(&me, user, &change, &client).await?))
}

/// `POST /api/v1/admin/users/{id}/revoke-sessions`.
pub(crate) async fn revoke_sessions(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(user): Id<UserId>,
    From(client): From,
) -> Answer {
    Ok(json(&site.core.revoke_sessions(&me, user, &client).await?))
}

/// `POST /api/v1/admin/users/{id}/reset-factors`.
pub(crate) async fn reset_factors(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(user): Id<UserId>,
    From(client): From,
) -> Answer {
    Ok(json(&site.core.reset_factors(&me, user, &client).await?))
}

/// `POST /api/v1/admin/users/{id}/send-reset`.
pub(crate) async fn send_reset(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(user): Id<UserId>,
    From(client): From,
) -> Result<StatusCode, crate::reply::Refused> {
    site.core.send_reset(&me, user, &client).await?;
    Ok(StatusCode::ACCEPTED)
}

/// `GET /api/v1/admin/sessions`.
pub(crate) async fn sessions(
    State(site): State<Shared>,
    Caller(me): Caller,
    Query(asked): Query<Filtered<SessionsQuery>>,
) -> Answer {
    Ok(json(&site.core.all_sessions(&me, asked.filter.user, &asked.page).await?))
}

/// `DELETE /api/v1/admin/sessions/{id}`.
pub(crate) async fn end_session(
    State(site): State<Shared>,
    Caller(me): Caller,
    Id(session): Id<SessionId>,
    From(client): From,
) -> Answer {
    site.core.revoke_session(&me, session, &client).await?;
    Ok(nothing())
}

/// `GET /api/v1/admin/attempts`.
pub(crate) async fn attempts(
    State(site): State<Shared>,
    Caller(me): Caller,
    Query(asked): Query<Filtered<AttemptQuery>>,
) -> Answer {
    Ok(json(&site.core.attempts(&me, &asked.filter, &asked.page).await?))
}

/// `GET /api/v1/admin/alerts`.
pub(crate) async fn alerts(State(site): State<Shared>, Caller(me): Caller, Query(page): Query<PageQuery>) -> Answer {
    let permit = me.permit()?;
    Ok(json(&site.core.alerts(&permit, &page).await?))
}

/// `GET /api/v1/admin/breakers`.
pub(crate) async fn breakers(State(site): State<Shared>) -> Response {
    json(&site.core.breakers().list())
}

/// `GET /api/v1/admin/config`.
pub(crate) async fn config(State(site): State<Shared>) -> Response {
    json(&site.operations.config())
}

/// `GET /api/v1/admin/keys`.
pub(crate) async fn keys(State(site): State<Shared>) -> Answer {
    Ok(json(&site.core.key_list().await?))
}

/// `GET /api/v1/diagnostics`. What is found is in the report: the answer is always 200.
pub(crate) async fn diagnostics(State(site): State<Shared>) -> Response {
    json(&site.operations.diagnose().await)
}
