//! Answers. A refusal travels as a [`Problem`] beside an empty answer and is written out in one place, by
//! `door`, which knows the request's id.

use std::io;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use durward_core::{CsrfFault, Fault};
use durward_proto::{Code, Problem};
use durward_verify::{Denied, Refusal};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// RFC 6750 section 3: no `error` where no token came.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"durward\"");
const CHALLENGE_INVALID: HeaderValue = HeaderValue::from_static("Bearer realm=\"durward\", error=\"invalid_token\"");

/// How many headers most answers have, with those that every answer gets.
pub(crate) const HEADERS: usize = 12;
/// Most answers are not longer, in bytes.
const SMALL: usize = 512;

/// What a handler gives.
pub(crate) type Answer = Result<Response, Refused>;

/// A request that was not done, and why.
#[derive(Debug)]
pub(crate) struct Refused {
    problem: Box<Problem>,
    cause: Option<Box<str>>,
}

impl Refused {
    /// Why, as the client is told.
    pub(crate) fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Told by a page, which is all written.
    pub(crate) fn shown(self, mut page: Response) -> Response {
        *page.status_mut() = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        add_headers(&self.problem, page.headers_mut());
        page.extensions_mut().insert(Told { problem: self.problem, cause: self.cause, is_written: true });
        page
    }
}

/// The refusal beside an answer that is still to be written out.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// What the client is told.
    pub(crate) problem: Box<Problem>,
    /// What only the log is told.
    pub(crate) cause: Option<Box<str>>,
    /// Whether the answer says so already.
    pub(crate) is_written: bool,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let mut response = status.into_response();
        response.extensions_mut().insert(Told { problem: self.problem, cause: self.cause, is_written: false });
        response
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), cause: None }
    }
}

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Problem::new(code).into()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Fault::from(refusal).into()
    }
}

impl From<CsrfFault> for Refused {
    fn from(fault: CsrfFault) -> Self {
        crate::layers::csrf::failed(fault)
    }
}

impl From<Denied> for Refused {
    fn from(_: Denied) -> Self {
        Problem::new(Code::Forbidden).detail("Your account's role does not allow this.").into()
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        let cause = fault.cause().map(Into::into);
        Self { problem: Box::new(fault.into_problem()), cause }
    }
}

/// Writes out a refusal as RFC 9457 `application/problem+json`, with the headers that its status asks for.
pub(crate) fn write_problem(response: &mut Response, mut problem: Box<Problem>, request_id: &str) {
    problem.request_id = Some(request_id.to_owned());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
    add_headers(&problem, headers);
    *response.body_mut() = Body::from(to_json(&problem));
}

/// The headers that the status of a refusal asks for.
fn add_headers(problem: &Problem, headers: &mut HeaderMap) {
    if problem.status == 401 {
        headers.insert(header::WWW_AUTHENTICATE, challenge(problem.code));
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// `WWW-Authenticate` of a 401: whether an access token came and was refused (RFC 6750 section 3.1).
fn challenge(code: Code) -> HeaderValue {
    match code {
        Code::TokenMissing
        | Code::InvalidCredentials
        | Code::RefreshReused
        | Code::InvalidSecondFactor
        | Code::ChallengeInvalid
        | Code::InvalidPasskey => CHALLENGE,
        _ => CHALLENGE_INVALID,
    }
}

/// 200 with a JSON body.
pub(crate) fn json<T: Serialize>(value: &T) -> Response {
    json_with(StatusCode::OK, value)
}

/// A JSON body with another status.
pub(crate) fn json_with<T: Serialize>(status: StatusCode, value: &T) -> Response {
    let mut response = Response::new(Body::from(to_json(value)));
    *response.status_mut() = status;
    // With room for what the door puts beside it, so that it need not grow.
    *response.headers_mut() = HeaderMap::with_capacity(HEADERS);
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// 200 with a file that is sent as it is read. One that breaks off has no end, and its connection is cut.
pub(crate) fn file(
    pieces: impl Stream<Item = Result<String, Fault>> + Send + 'static,
    media: HeaderValue,
    disposition: HeaderValue,
) -> Response {
    let body = Body::from_stream(pieces.map(|piece| {
        piece.map_err(|fault| {
            let cause = fault.cause().unwrap_or_default();
            tracing::warn!(cause, "an export broke off");
            io::Error::other("the export broke off")
        })
    }));
    ([(header::CONTENT_TYPE, media), (header::CONTENT_DISPOSITION, disposition)], body).into_response()
}

/// 204.
pub(crate) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Adds a cookie, where one could be made.
pub(crate) fn set_cookie(headers: &mut HeaderMap, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Our own types have text keys and no failing parts, so that this cannot fail; were one to, the body is empty.
fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut json = Vec::with_capacity(SMALL);
    match serde_json::to_writer(&mut json, value) {
        Ok(()) => json,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(refused: Refused) -> (Response, serde_json::Value) {
        let mut response = refused.into_response();
        let told = response.extensions_mut().remove::<Told>().unwrap();
        write_problem(&mut response, told.problem, "r-1");
        let body = std::mem::take(response.body_mut());
        let bytes = futures_util::FutureExt::now_or_never(http_body_util::BodyExt::collect(body)).unwrap().unwrap();
        let value = serde_json::from_slice(&bytes.to_bytes()).unwrap();
        (response, value)
    }

    #[test]
    fn every_code_is_a_whole_problem() {
        for code in Code::ALL {
            let (response, body) = written((*code).into());
            assert_eq!(response.status().as_u16(), code.status());
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            assert_eq!(body["code"], code.as_str());
            assert_eq!(body["status"], code.status());
            assert_eq!(body["request_id"], "r-1");
            assert!(body["type"].is_string() && body["title"].is_string() && body["detail"].is_string());
            assert_eq!(response.headers().contains_key("www-authenticate"), code.status() == 401);
        }
    }

    #[test]
    fn the_challenge_says_whether_a_token_was_refused() {
        for (code, invalid) in [
            (Code::TokenMissing, false),
            (Code::InvalidCredentials, false),
            (Code::InvalidSecondFactor, false),
            (Code::InvalidPasskey, false),
            (Code::TokenExpired, true),
            (Code::TokenRevoked, true),
        ] {
            let (response, _) = written(code.into());
            let challenge = response.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer realm=\"durward\""));
            assert_eq!(challenge.contains("error=\"invalid_token\""), invalid, "{code}");
        }
    }

    #[test]
    fn a_wait_is_said_twice() {
        let (response, body) = written(Problem::new(Code::RateLimited).retry_after(7).into());
        assert_eq!((response.headers()["retry-after"].to_str().unwrap(), &body["retry_after"]), ("7", &7.into()));
    }
}
