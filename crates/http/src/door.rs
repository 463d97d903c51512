//! The one way in. Every request, also one for a path that does not exist, goes through [`door`], step by step;
//! what a step is applied to stands in the request's [`Row`].

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use durward_core::{Spent, tallied};
use durward_proto::{Code, Problem, UserId};
use durward_verify::{Refusal, Source, Surface, Trace, Verified};
use futures_util::FutureExt;
use http::{Extensions, HeaderMap, Method, StatusCode, header};
use tracing::{Instrument, Span};

use crate::app::{Shared, Site};
use crate::body;
use crate::layers::request_id::{self, RequestId};
use crate::layers::{client_address, cors, csrf, origin, security_headers};
use crate::meters;
use crate::paths::{Params, Path};
use crate::reply::{HEADERS, Refused, Told, write_problem};
use crate::routes::{Access, CsrfClass, Row};
use crate::server::{Arrival, Place};
use crate::traces;
use crate::ui::{self, Pages, Visitor};

/// What the door found out about a request, for its handler. All of it is one extension of the request: each takes memory of
/// its own, and the first few a table.
#[derive(Debug, Clone)]
pub(crate) struct Passage {
    /// The request's id.
    pub(crate) request_id: RequestId,
    /// The client's address.
    pub(crate) ip: IpAddr,
    /// The path of the request's row.
    pub(crate) pattern: &'static str,
    /// What stands in the path; none where that cannot be read.
    pub(crate) params: Option<Params>,
    /// Who asks, where the row wants to know.
    pub(crate) who: Option<Arc<Verified>>,
    /// How that was found out, on rows that are traced.
    pub(crate) trace: Option<Arc<Trace>>,
    /// The connection's place, for what outlives the request.
    pub(crate) place: Option<Arc<Place>>,
}

impl Passage {
    /// That of a request.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }
}

/// What is done once the handler has answered.
#[derive(Debug, Default)]
struct After {
    user: Option<UserId>,
    /// The session that a fresh CSRF token is due for.
    renew_csrf: Option<String>,
}

/// The way in and out.
pub(crate) async fn door(site: Shared, arrival: Arrival, request: Request) -> Response {
    let started = site.core.clock().monotonic();
    let request_id = RequestId::of(request.headers(), &**site.core.clock(), &**site.core.random());
    let ip = client_address::resolve(arrival.peer.ip(), request.headers(), &site.rules.trusted_proxies);
    let (method, asked) = (request.method().clone(), cors::Asked::of(request.headers(), &site.origins));
    let kind = security_headers::Kind::of(request.uri().path());
    let browser = browser(&site, kind, &request);
    let (path, params) = site.paths.find(request.uri().path()).unzip();
    let row = path.and_then(|path| path.row(&method)).map(|(row, _)| row);
    let span = traces::of_request(&site, row, request.headers());
    let passage = Passage {
        request_id: request_id.clone(),
        ip,
        pattern: path.map_or("unmatched", |path| path.pattern),
        params: params.flatten(),
        who: None,
        trace: None,
        place: row.filter(|row| row.access == Access::Socket).map(|_| arrival.place),
    };

    let mut after = After::default();
    // In a box, because what is around it would move all of it, which is most of what a request needs, once for each.
    let work = AssertUnwindSafe(Box::pin(pass(&site, path, passage, request, &mut after))).catch_unwind();
    let (outcome, spent) = tallied(work.instrument(span.clone())).await;
    let mut response = outcome.unwrap_or_else(|_| Err(panicked())).unwrap_or_else(Refused::into_response);

    // A handler that gave a new access token gave its own.
    if let Some(session) = &after.renew_csrf
        && !response.headers().contains_key(csrf::HEADER)
    {
        csrf::renew(&site, session, response.headers_mut());
    }
    let told = response.extensions_mut().remove::<Told>();
    let cause = told.map(|Told { problem, cause, is_written }| {
        let code = problem.code;
        match browser.filter(|_| code == Code::NotFound).and_then(|(pages, visitor)| pages.not_found(&visitor)) {
            Some(page) => response = page,
            None if is_written => {}
            None => write_problem(&mut response, problem, request_id.as_str()),
        }
        (code, cause)
    });
    let kind = response.extensions_mut().remove().unwrap_or(kind);
    let took = site.core.clock().monotonic().saturating_sub(started);
    let headers = response.headers_mut();
    headers.reserve(HEADERS.saturating_sub(headers.len()));
    cors::apply(&asked, headers);
    security_headers::apply(&site.rules, &site.page_policy, kind, headers);
    headers.insert(request_id::HEADER, request_id.to_value());
    if method == Method::HEAD {
        without_body(&mut response);
    }
    let noted = Noted { request_id, took, spent, user: after.user, ip, cause, span };
    note(&site, path, &method, &response, &noted);
    response
}

/// The answer to `HEAD`: that to `GET` without its body, and as long (RFC 9110 section 9.3.2).
fn without_body(response: &mut Response) {
    let length = response.body().size_hint().exact();
    if let (Some(length), header::Entry::Vacant(place)) = (length, response.headers_mut().entry(header::CONTENT_LENGTH))
    {
        place.insert(length.into());
    }
    *response.body_mut() = Body::empty();
}

/// Somebody with a browser, who is shown a page where there is nothing. What asks for data is told so as data.
fn browser(site: &Site, kind: security_headers::Kind, request: &Request) -> Option<(Arc<Pages>, Visitor)> {
    let may_see = kind != security_headers::Kind::Api && request.method().is_safe();
    let pages = site.pages.as_ref().filter(|_| may_see && ui::wants_page(request.headers()))?;
    Some((pages.clone(), Visitor::of(request.headers())))
}

/// From the outside to the handler: each step may refuse.
async fn pass(
    site: &Shared,
    path: Option<&Path>,
    mut passage: Passage,
    mut request: Request,
    after: &mut After,
) -> Result<Response, Refused> {
    let path = path.ok_or(Code::NotFound)?;
    if request.method() == Method::OPTIONS {
        return Ok(cors::options(request.headers(), &site.origins, &path.allow));
    }
    let Some((row, _)) = path.row(request.method()) else {
        let mut response = Refused::from(Code::MethodNotAllowed).into_response();
        response.headers_mut().insert(header::ALLOW, path.allow.clone());
        return Ok(response);
    };
    match admit(site, row, Head::of(&request), &mut passage, after).await {
        Ok(()) => {
            request.extensions_mut().insert(passage);
            Ok(row.handle(request, site.clone()).await)
        }
        Err(refused) => {
            Box::pin(body::give_up(request)).await;
            Err(refused)
        }
    }
}

/// What is looked at of a request before its handler gets it.
#[derive(Clone, Copy)]
struct Head<'a> {
    headers: &'a HeaderMap,
    query: Option<&'a str>,
}

impl<'a> Head<'a> {
    fn of(request: &'a Request) -> Self {
        Self { headers: request.headers(), query: request.uri().query() }
    }
}

/// What has to hold before the handler sees the request.
async fn admit(
    site: &Site,
    row: &Row,
    head: Head<'_>,
    passage: &mut Passage,
    after: &mut After,
) -> Result<(), Refused> {
    check_origin(site, row, head)?;
    authenticate(site, row, head.headers, passage, after).await?;
    body::check_length(head.headers, site.rules.body_limit)
}

/// Origin and Fetch Metadata, for everything that changes something and for every WebSocket handshake.
fn check_origin(site: &Site, row: &Row, Head { headers, query }: Head<'_>) -> Result<(), Refused> {
    if row.access != Access::Socket {
        return if row.is_unsafe() { site.origins.check(headers).map(drop) } else { Ok(()) };
    }
    site.origins.check(headers)?;
    // A browser sends its cookies with a handshake from any page, but always says which page it is.
    if !headers.contains_key(header::ORIGIN) {
        let surface = Surface::Socket { token_in_url: site.rules.token_in_url };
        let found = durward_verify::find(headers, query, access_cookie(site), surface);
        if found.is_ok_and(|carried| matches!(carried.source, Source::Cookie)) {
            return Err(origin::denied());
        }
    }
    Ok(())
}

fn access_cookie(site: &Site) -> &'static str {
    site.rules.cookies.name(crate::CookieKind::Access)
}

/// The only place where a request becomes somebody's. A socket does so in its handler, because its refusal has
/// to wait for the upgrade.
async fn authenticate(
    site: &Site,
    row: &Row,
    headers: &HeaderMap,
    passage: &mut Passage,
    after: &mut After,
) -> Result<(), Refused> {
    let verified = match row.access {
        Access::Public | Access::Operator | Access::Socket => return Ok(()),
        Access::Optional => match counted(site, headers, site.core.verifier().rest(headers).await) {
            Ok(verified) => verified,
            Err(refusal @ (Refusal::Ambiguous | Refusal::Unavailable)) => return Err(refusal.into()),
            Err(_) => return Ok(()),
        },
        Access::User | Access::Right(_) if row.traced => {
            let mut trace = Trace::default();
            let verified = Box::pin(site.core.verifier().rest_traced(headers, &mut trace)).await;
            let verified = counted(site, headers, verified)?;
            passage.trace = Some(Arc::new(trace));
            verified
        }
        Access::User | Access::Right(_) => {
            let (clock, began) = (site.core.clock(), site.core.clock().monotonic());
            let verified = site.core.verifier().rest(headers).await;
            site.core.figures().token_check(clock.monotonic().saturating_sub(began));
            counted(site, headers, verified)?
        }
    };
    after.user = Some(verified.user_id());
    if let Access::Right(scope) = row.access {
        verified.may(scope)?;
    }
    if row.csrf == CsrfClass::Required {
        check_csrf(site, headers, &verified, after)?;
    }
    passage.who = Some(Arc::new(verified));
    Ok(())
}

/// Counts what came of the check of a token.
fn counted(site: &Site, headers: &HeaderMap, outcome: Result<Verified, Refusal>) -> Result<Verified, Refusal> {
    match &outcome {
        Ok(verified) => site.token_meters.good(verified.source()),
        Err(refusal) => {
            let found = durward_verify::find(headers, None, access_cookie(site), Surface::Rest);
            site.token_meters.refused(found.ok().map(|carried| carried.source), refusal.code());
        }
    }
    outcome
}

/// A browser sends cookies by itself, so that a request with one has to prove that our page sent it.
fn check_csrf(site: &Site, headers: &HeaderMap, who: &Verified, after: &mut After) -> Result<(), Refused> {
    if !matches!(who.source(), Source::Cookie) {
        return Ok(());
    }
    let session = who.session_id().to_string();
    let age = csrf::check(site, headers, &session)?;
    after.renew_csrf = (age > csrf::RENEW_AFTER).then_some(session);
    Ok(())
}

/// A handler does not panic. Were one to, only its own request is lost, and the panic hook has said where.
fn panicked() -> Refused {
    Problem::new(Code::Unavailable).detail("Please try again in a moment.").retry_after(1).into()
}

struct Noted {
    request_id: RequestId,
    took: Duration,
    spent: Spent,
    user: Option<UserId>,
    ip: IpAddr,
    cause: Option<(Code, Option<Box<str>>)>,
    span: Span,
}

/// One line in the log, one count, and the end of the span. Never the path, the query, a body, a cookie or a token.
fn note(site: &Site, path: Option<&Path>, method: &Method, response: &Response<Body>, noted: &Noted) {
    let status = response.status();
    let meter = path.map_or(site.paths.nowhere(), |path| path.row(method).map_or(path.other(), |(_, meter)| meter));
    meter.record(status, noted.took);
    site.core.figures().request(noted.took);

    let (code, cause) =
        noted.cause.as_ref().map_or((None, None), |(code, cause)| (Some(code.as_str()), cause.as_deref()));
    if let Some((code, _)) = noted.cause.as_ref() {
        meters::refused(*code);
    }
    let request_id = noted.request_id.as_str();
    let user = noted.user.map(|user| user.0);
    end_span(&noted.span, status, request_id, user, code, noted.spent);

    let line_method = if is_common(method) { method.as_str() } else { "other" };
    let route = path.map_or("unmatched", |path| path.pattern);
    let (ms, db_ms, statements) = (millis(noted.took), millis(noted.spent.time), noted.spent.statements);
    let ip = site.rules.log_client_address.then(|| tracing::field::display(noted.ip));
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request_id,
                method = line_method,
                route,
                status = status.as_u16(),
                ms,
                db_ms,
                statements,
                user,
                ip,
                code,
                cause,
                trace_id = traces::trace_id(site, &noted.span),
                "request"
            )
        };
    }
    let changes_nothing = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        line!(warn);
    } else if changes_nothing && status.as_u16() >= 200 && status.as_u16() < 400 {
        // Most requests are such, and say nothing that the metrics do not.
        line!(debug);
    } else {
        line!(info);
    }
}

fn end_span(span: &Span, status: StatusCode, request_id: &str, user: Option<i64>, code: Option<&str>, spent: Spent) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status.as_u16());
    span.record("durward.request_id", request_id);
    span.record("durward.statements", spent.statements);
    if let Some(user) = user {
        span.record("user.id", user);
    }
    if let Some(code) = code {
        span.record("durward.code", code);
    }
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// To the microsecond: more digits than that mean nothing.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Any word can be a method; only those that the table could have are logged as they came.
fn is_common(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        .contains(method)
}
