//! `GET /api/v1/auth/status`.

use axum::response::Response;
use durward_proto::wire::auth::StatusAnswer;

use crate::extract::Visitor;
use crate::reply::json;

/// Who the request's token belongs to; no token and a refused one are both nobody. Asks no database where the
/// session is known in memory.
pub(crate) async fn show(Visitor(me): Visitor) -> Response {
    json(&match &me {
        Some(me) => StatusAnswer {
            authenticated: true,
            user: Some(me.user()),
            session_id: Some(me.session_id()),
            expires_at: Some(me.expires_at()),
            auth_methods: Some(me.amr()),
            scopes: Some(me.scopes()),
        },
        None => StatusAnswer {
            authenticated: false,
            user: None,
            session_id: None,
            expires_at: None,
            auth_methods: None,
            scopes: None,
        },
    })
}
