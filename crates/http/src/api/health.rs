//! For load balancers and monitoring.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use durward_proto::Code;
use durward_proto::wire::health::{CheckStatus, HealthAnswer};
use http::{HeaderValue, StatusCode, header};

use crate::app::{Operations, Shared};
use crate::reply::{Answer, json_with};

const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// `GET /health` and `/health/ready`.
pub(crate) async fn ready(State(site): State<Shared>) -> Response {
    answer(&site.operations.ready().await)
}

/// `GET /health/live`.
pub(crate) async fn live(State(site): State<Shared>) -> Response {
    answer(&site.operations.live())
}

/// `GET /metrics`, where it has no listener of its own.
pub(crate) async fn metrics(State(site): State<Shared>) -> Answer {
    if site.rules.metrics_here { Ok(metrics_text(&*site.operations)) } else { Err(Code::NotFound.into()) }
}

/// The metrics in Prometheus' text format.
pub(crate) fn metrics_text(operations: &dyn Operations) -> Response {
    ([(header::CONTENT_TYPE, PROMETHEUS)], operations.metrics()).into_response()
}

/// What is degraded still serves.
fn answer(health: &HealthAnswer) -> Response {
    let status = match health.status {
        CheckStatus::Ok | CheckStatus::Degraded | CheckStatus::Skipped => StatusCode::OK,
        CheckStatus::Failing => StatusCode::SERVICE_UNAVAILABLE,
    };
    json_with(status, health)
}
