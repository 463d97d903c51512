//! Calls of the operator's webhook over HTTP, behind the circuit breaker. Each has a connection of its own; redirections are not
//! followed, since what is signed is meant for one place.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use durward_core::alerts::{Webhook, WebhookCall};
use durward_core::mail::Undelivered;
use durward_verify::Breaker;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::client::conn::http1;
use tokio::task::AbortHandle;
use tower::ServiceExt;

use crate::answering::tls::{Connector, connector};
use crate::config::WebhookUrl;

/// The webhook.
pub(super) struct Http {
    url: WebhookUrl,
    connector: Connector,
    /// For the whole call.
    timeout: Duration,
    breaker: Option<Arc<Breaker>>,
}

/// The task that drives a connection.
struct Driven(AbortHandle);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Http {
    /// The webhook at `url`. Nothing is connected yet.
    ///
    /// # Errors
    /// When the authorities cannot be read.
    pub(super) fn new(
        url: WebhookUrl,
        ca_file: Option<&Path>,
        timeout: Duration,
        breaker: Option<Arc<Breaker>>,
    ) -> Result<Self, String> {
        let connector = connector(url.is_https(), "alerts.webhook_ca_file", ca_file, timeout)?;
        Ok(Self { url, connector, timeout, breaker })
    }

    async fn tell(&self, call: WebhookCall) -> Result<(), Undelivered> {
        let permit = match &self.breaker {
            Some(breaker) => Some(breaker.admit().map_err(Undelivered::NotNow)?),
            None => None,
        };
        let outcome = match tokio::time::timeout(self.timeout, self.send(call)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Undelivered::Away(format!("no answer within {} s", self.timeout.as_secs_f32()))),
        };
        // Who answers that it will not is there.
        let is_there = match &outcome {
            Ok(status) => !status.is_server_error(),
            Err(_) => false,
        };
        if let Some(permit) = permit {
            if is_there { permit.succeed() } else { permit.fail() }
        }
        verdict(outcome?)
    }

    async fn send(&self, call: WebhookCall) -> Result<StatusCode, Undelivered> {
        let setup = |error: &dyn Error| Undelivered::Later(format!("cannot be called: {error}"));
        let away = |error: &(dyn Error + 'static)| Undelivered::Away(format!("no connection: {}", with_causes(error)));
        let uri: Uri = self.url.origin().parse().map_err(|error: http::uri::InvalidUri| setup(&error))?;
        let request = Request::post(self.url.target())
            .header(HOST, self.url.authority())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("durward/", env!("CARGO_PKG_VERSION")))
            .header(CONNECTION, "close")
            .header("webhook-id", call.id.to_string())
            .header("webhook-timestamp", call.timestamp)
            .header("webhook-signature", call.signature)
            .body(Full::new(Bytes::from(call.body)))
            .map_err(|error| setup(&error))?;
        let stream = self.connector.clone().oneshot(uri).await.map_err(|error| away(&*error))?;
        let (mut sender, connection) = http1::handshake(stream).await.map_err(|error| away(&error))?;
        let _connection = Driven(tokio::spawn(connection).abort_handle());
        // It may have arrived, and comes again then.
        let cut = |error: hyper::Error| Undelivered::Away(format!("broke off: {}", with_causes(&error)));
        Ok(sender.send_request(request).await.map_err(cut)?.status())
    }
}

impl Webhook for Http {
    fn call(&self, call: WebhookCall) -> BoxFuture<'_, Result<(), Undelivered>> {
        self.tell(call).boxed()
    }

    fn patience(&self) -> Duration {
        self.timeout
    }
}

/// What an answer means: 2xx has it, 410 never wants to hear of it again, and everything else may be mended.
fn verdict(status: StatusCode) -> Result<(), Undelivered> {
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::GONE => Err(Undelivered::Never("410: it is not to be called any more".to_owned())),
        status if status.is_redirection() => {
            Err(Undelivered::Later(format!("{}: redirections are not followed", status.as_u16())))
        }
        status => Err(Undelivered::Later(format!("{}", status.as_u16()))),
    }
}

/// An error and what it came from. None of it holds the URL's path.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}
