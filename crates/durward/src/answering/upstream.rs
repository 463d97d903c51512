//! The server that answers: connections to it, requests, and what its refusals mean.
//!
//! Each question has a connection of its own. Next to the time a model takes it costs nothing, no question fails because
//! the server has just closed an idle one, and an answer that nobody wants any more is stopped by closing it.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use durward_core::chat::Question;
use durward_proto::Secret;
use http::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use serde_json::Value;
use tokio::task::AbortHandle;
use tower::ServiceExt;

use super::dialect::{self, Dialect};
use super::tls::{self, Connector};
use super::trouble::Trouble;
use crate::config::{Chat, UpstreamUrl};
use crate::telemetry;

/// How much of a refusal is read, in bytes, and for how long: it is for a line in the log.
const REFUSAL: usize = 16 * 1024;
const REFUSAL_TIME: Duration = Duration::from_secs(2);
/// How much of the list of models is read, in bytes.
const MODELS: usize = 4 * 1024 * 1024;
/// How many characters of what the server said get into the log.
const SHOWN: usize = 300;

/// How long everything may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connecting, with TLS.
    connect: Duration,
    /// From the start to the first byte of the answer.
    pub(super) first_byte: Duration,
    /// From one byte to the next.
    pub(super) idle: Duration,
    /// The whole.
    pub(super) whole: Duration,
    /// The most bytes of an answer.
    pub(super) answer: usize,
}

/// The server.
pub(crate) struct Upstream {
    dialect: Dialect,
    url: UpstreamUrl,
    key: Option<Secret>,
    connector: Result<Connector, String>,
    limits: Limits,
}

/// An answer on its way. When it goes, so does the connection, and with it the server's reason to go on.
pub(super) struct Reply {
    response: Response<Incoming>,
    _connection: Driven,
}

/// The task that drives a connection.
struct Driven(AbortHandle);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Upstream {
    /// The server at `url`. Nothing is connected yet.
    pub(super) fn new(dialect: Dialect, url: UpstreamUrl, chat: &Chat) -> Self {
        let connector = tls::connector(url.is_https(), "chat.ca_file", chat.ca_file.as_deref(), chat.connect_timeout);
        let limits = Limits {
            connect: chat.connect_timeout,
            first_byte: chat.first_byte_timeout,
            idle: chat.idle_timeout,
            whole: chat.answer_timeout,
            answer: chat.max_answer as usize,
        };
        Self { dialect, url, key: chat.api_key.clone(), connector, limits }
    }

    pub(crate) fn url(&self) -> &UpstreamUrl {
        &self.url
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The dialect's name.
    pub(crate) fn name(&self) -> &'static str {
        self.dialect.name()
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Asks. The caller limits the time.
    pub(super) async fn ask(&self, question: &Question) -> Result<Reply, Trouble> {
        let body = Bytes::from(dialect::body(question));
        let mut reply = self.send(Method::POST, self.dialect.chat_path(), self.dialect.accept(), body).await?;
        if reply.response.status() == StatusCode::OK {
            return Ok(reply);
        }
        Err(self.refusal(&mut reply, &question.model).await)
    }

    /// The models it has.
    ///
    /// # Errors
    /// In words: what is wrong, and what to do.
    pub(crate) async fn models(&self) -> Result<Vec<String>, (String, &'static str)> {
        let asked = tokio::time::timeout(self.limits.connect.saturating_mul(2), self.list_models()).await;
        let trouble = match asked {
            Ok(Ok(models)) => return Ok(models),
            Ok(Err(trouble)) => trouble,
            Err(_) => Trouble::Late("no list of models", self.limits.connect.saturating_mul(2)),
        };
        let cure = match &trouble {
            Trouble::Setup(_) => "correct chat.ca_file, or remove it",
            Trouble::Refused { status, .. } if matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                "set chat.api_key to a key that the server takes"
            }
            Trouble::Refused { .. } | Trouble::NoModel(_) | Trouble::Garbage(_) => {
                "look whether chat.url and chat.answering name the right server: nothing but the base stands in the URL"
            }
            _ => "look whether the server runs and can be reached from here, and whether chat.url is right",
        };
        Err((trouble.to_string(), cure))
    }

    async fn list_models(&self) -> Result<Vec<String>, Trouble> {
        let path = self.dialect.models_path();
        let mut reply = self.send(Method::GET, path, "application/json", Bytes::new()).await?;
        if reply.response.status() != StatusCode::OK {
            return Err(self.refusal(&mut reply, "").await);
        }
        let mut list = BytesMut::new();
        while let Some(piece) = reply.next().await? {
            list.extend_from_slice(&piece);
            if list.len() > MODELS {
                return Err(Trouble::Garbage("a list of models that is too long"));
            }
        }
        let list = serde_json::from_slice::<Value>(&list).ok();
        list.and_then(|list| self.dialect.models(&list)).ok_or(Trouble::Garbage("no list of models"))
    }

    async fn send(&self, method: Method, path: &str, accept: &'static str, body: Bytes) -> Result<Reply, Trouble> {
        let connector = self.connector.clone().map_err(Trouble::Setup)?;
        let setup = |error: &dyn Error| Trouble::Setup(error.to_string());
        let uri: Uri = self.url.to_string().parse().map_err(|error| setup(&error))?;
        let mut request = Request::builder()
            .method(method)
            .uri(self.url.path(path))
            .header(HOST, self.url.authority())
            .header(ACCEPT, accept)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("durward/", env!("CARGO_PKG_VERSION")))
            .header(CONNECTION, "close");
        if let Some(key) = &self.key {
            // The error says nothing of the value.
            let bearer = HeaderValue::try_from(format!("Bearer {}", key.expose()));
            let mut bearer = bearer.map_err(|error| setup(&error))?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        let mut request = request.body(Full::new(body)).map_err(|error| setup(&error))?;
        telemetry::pass_on(request.headers_mut());

        let connected = tokio::time::timeout(self.limits.connect, connector.oneshot(uri)).await;
        let stream = connected
            .map_err(|_| Trouble::Late("no connection", self.limits.connect))?
            .map_err(|error| Trouble::Connect(with_causes(&*error)))?;
        let cut = |error: hyper::Error| Trouble::Cut(with_causes(&error));
        let (mut sender, connection) = http1::handshake(stream).await.map_err(cut)?;
        let connection = Driven(tokio::spawn(connection).abort_handle());
        let response = sender.send_request(request).await.map_err(cut)?;
        Ok(Reply { response, _connection: connection })
    }

    /// What an answer means that is not 200.
    async fn refusal(&self, reply: &mut Reply, model: &str) -> Trouble {
        let status = reply.response.status();
        let retry_after = reply.response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut body = BytesMut::new();
        let read = async {
            while let Ok(Some(piece)) = reply.next().await
                && body.len() < REFUSAL
            {
                body.extend_from_slice(&piece);
            }
        };
        // What has come by then is enough.
        let _ = tokio::time::timeout(REFUSAL_TIME, read).await;
        let error = serde_json::from_slice::<Value>(&body).ok();
        let error = error.as_ref().and_then(|body| body.get("error").or_else(|| body.get("detail")));
        let words = error.and_then(dialect::error_words);
        // Some servers repeat a part of a key that they do not take.
        let is_about_the_key = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let said = if is_about_the_key { String::new() } else { self.shown(words.unwrap_or("without a word")) };
        let code = error.and_then(|error| error.get("code")?.as_str());
        if is_no_model(status, code, words.unwrap_or_default(), model) {
            return Trouble::NoModel(said);
        }
        if status.is_server_error() {
            return Trouble::Failed(format!("{status}: {said}"));
        }
        Trouble::Refused { status, said, retry_after }
    }

    /// What the server said, fit for a line in the log.
    pub(super) fn shown(&self, said: &str) -> String {
        let said = match &self.key {
            Some(key) => said.replace(key.expose(), "[hidden]"),
            None => said.to_owned(),
        };
        said.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

impl Reply {
    /// What comes next; `None` when everything has come.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        while let Some(frame) = self.response.frame().await {
            let frame = frame.map_err(|error| Trouble::Cut(with_causes(&error)))?;
            if let Ok(data) = frame.into_data()
                && !data.is_empty()
            {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

/// Whether a refusal is about the model. Ollama, vLLM and OpenAI answer 404 and name it, gateways 400; a 404 without such
/// words comes from a server that knows nothing of models.
fn is_no_model(status: StatusCode, code: Option<&str>, words: &str, model: &str) -> bool {
    let words = words.to_lowercase();
    let names_it = !model.is_empty() && words.contains(&model.to_lowercase());
    let misses = ["not found", "not exist", "invalid model", "unknown model", "no such model"];
    match status {
        StatusCode::NOT_FOUND => code == Some("model_not_found") || names_it || words.contains("model"),
        StatusCode::BAD_REQUEST => {
            code == Some("model_not_found")
                || (names_it || words.contains("model")) && misses.iter().any(|miss| words.contains(miss))
        }
        _ => false,
    }
}

/// An error and what it came from: hyper's own words alone are few.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_are_about_the_model() {
        let table = [
            (404, None, "model 'llama9' not found", true),
            (404, Some("model_not_found"), "", true),
            (404, None, "The model `llama9` does not exist or you do not have access to it.", true),
            (404, None, "Not Found", false),
            (404, None, "", false),
            (400, None, "Invalid model name passed in model=llama9", true),
            (400, Some("model_not_found"), "no", true),
            (400, None, "this model's maximum context length is 4096 tokens", false),
            (400, None, "llama9 does not support tools", false),
            (500, None, "model 'llama9' not found", false),
            (401, None, "model not found", false),
        ];
        for (status, code, words, expected) in table {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(is_no_model(status, code, words, "Llama9"), expected, "{status} {words}");
        }
        assert!(!is_no_model(StatusCode::NOT_FOUND, None, "nothing here", ""), "no name is in every text");
    }
}
