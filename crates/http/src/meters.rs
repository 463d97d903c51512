//! Metrics of requests and of the tokens in them, with the table's pattern as the route: never a path as it came, which has ids in it and of
//! which there are endlessly many.

use std::sync::OnceLock;
use std::time::Duration;

use durward_proto::Code;
use durward_verify::Source;
use http::StatusCode;
use metrics::{Counter, Histogram, counter};

/// The statuses that are answered; each has its counter, made when it is first needed.
const STATUSES: [u16; 21] =
    [101, 200, 201, 202, 204, 302, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503, 303, 307, 500];

/// The metrics of one route. Looking a metric up by its labels costs more than counting, so that it is done once.
#[derive(Debug)]
pub(crate) struct Meter {
    method: &'static str,
    route: &'static str,
    counters: [OnceLock<Counter>; STATUSES.len()],
    seconds: OnceLock<Histogram>,
}

impl Meter {
    pub(crate) fn new(method: &'static str, route: &'static str) -> Self {
        Self { method, route, counters: [const { OnceLock::new() }; STATUSES.len()], seconds: OnceLock::new() }
    }

    /// Counts one request.
    pub(crate) fn record(&self, status: StatusCode, took: Duration) {
        let known = STATUSES.iter().position(|known| *known == status.as_u16());
        match known.and_then(|at| self.counters.get(at)) {
            Some(counter) => counter.get_or_init(|| self.counter(status)).increment(1),
            None => self.counter(status).increment(1),
        }
        let (method, route) = (self.method, self.route);
        let seconds = self.seconds.get_or_init(
            || metrics::histogram!("durward_http_request_duration_seconds", "method" => method, "route" => route),
        );
        seconds.record(took);
    }

    fn counter(&self, status: StatusCode) -> Counter {
        let (method, route, status) = (self.method, self.route, status.as_str().to_owned());
        metrics::counter!("durward_http_requests_total", "method" => method, "route" => route, "status" => status)
    }
}

/// Where a credential can be.
const SOURCES: [Source; 5] = [Source::Header, Source::Cookie, Source::SubProtocol, Source::Ticket, Source::Url];

/// The metrics of checks of tokens. Those of good ones are looked up once.
#[derive(Debug, Default)]
pub(crate) struct TokenMeters {
    good: [OnceLock<Counter>; SOURCES.len()],
}

impl TokenMeters {
    /// A token was good.
    pub(crate) fn good(&self, source: Source) {
        let place = SOURCES.iter().position(|known| *known == source);
        if let Some(counter) = place.and_then(|at| self.good.get(at)) {
            counter.get_or_init(|| checks(source.as_str(), "ok")).increment(1);
        }
    }

    /// A token was refused, or there was none: then it came from nowhere.
    pub(crate) fn refused(&self, source: Option<Source>, code: Code) {
        checks(source.map_or("none", Source::as_str), code.as_str()).increment(1);
    }
}

fn checks(source: &'static str, result: &'static str) -> Counter {
    counter!("durward_token_checks_total", "source" => source, "result" => result)
}

/// Counts an answer that says no, by its code.
pub(crate) fn refused(code: Code) {
    counter!("durward_refusals_total", "code" => code.as_str()).increment(1);
}

/// Counts a socket that has ended, or was turned away.
pub(crate) fn socket_closed(reason: &'static str) {
    counter!("durward_websockets_closed_total", "reason" => reason).increment(1);
}
