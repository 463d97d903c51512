//! What operators see of the accounts and of the breakers, and the Golden Path report.

use axum::extract::State;
use axum::response::Response;
use durward_proto::wire::list::PageQuery;
use durward_verify::Admin;

use crate::app::Shared;
use crate::extract::{Caller, FromQuery, Query};
use crate::form::{BadForm, Fields};
use crate::reply::{Answer, json};

/// The query of the list of users.
pub(crate) struct UsersQuery {
    query: Option<String>,
    page: PageQuery,
}

impl FromQuery for UsersQuery {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        Ok(Self { query: fields.take("query"), page: PageQuery::from_query(fields)? })
    }
}

/// `GET /api/v1/admin/users`.
pub(crate) async fn users(State(site): State<Shared>, Caller(me): Caller, Query(asked): Query<UsersQuery>) -> Answer {
    let permit = me.permit::<Admin>()?;
    Ok(json(&site.core.users(&permit, asked.query.as_deref(), &asked.page).await?))
}

/// `GET /api/v1/admin/alerts`.
pub(crate) async fn alerts(State(site): State<Shared>, Caller(me): Caller, Query(page): Query<PageQuery>) -> Answer {
    let permit = me.permit::<Admin>()?;
    Ok(json(&site.core.alerts(&permit, &page).await?))
}

/// `GET /api/v1/admin/breakers`.
pub(crate) async fn breakers(State(site): State<Shared>) -> Response {
    json(&site.core.breakers().list())
}

/// `GET /api/v1/diagnostics`. What is found is in the report: the answer is always 200.
pub(crate) async fn diagnostics(State(site): State<Shared>) -> Response {
    json(&site.operations.diagnose().await)
}
