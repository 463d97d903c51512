//! Bodies: how large, how slow, of which type, and what is wrong with them.
//!
//! 400 says that a body is not what its type promises, 413 that it is too large, 415 that its type is not taken
//! here, 422 that it was read and is not allowed, with a pointer to each member that is wrong.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use durward_proto::problem::FieldError;
use durward_proto::{Code, Problem};
use futures_util::StreamExt;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::form::{BadForm, pointer};
use crate::reply::Refused;

/// How much of a body that is too large is still taken in, so that its sender gets to read the answer: 1 MiB.
const DISCARD_AT_MOST: usize = 1024 * 1024;
/// A body up to this length has come with the head, or needs no waiting for: 16 KiB.
const COMES_WITH_THE_HEAD: u64 = 16 * 1024;
/// And for how long.
const DISCARD_FOR: Duration = Duration::from_secs(2);

/// What bodies may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyRules {
    /// The largest, in bytes.
    pub(crate) limit: usize,
    /// How long it may take to arrive.
    pub(crate) timeout: Duration,
}

/// The types that are taken somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

impl Media {
    /// The content type of a request: one header, one of ours, in UTF-8.
    ///
    /// # Errors
    /// 415.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut types = headers.get_all(header::CONTENT_TYPE).iter();
        let text = match (types.next(), types.next()) {
            (Some(one), None) => one.to_str().unwrap_or_default(),
            _ => "",
        };
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        let media = match essence.trim() {
            json if json.eq_ignore_ascii_case("application/json") => Self::Json,
            form if form.eq_ignore_ascii_case("application/x-www-form-urlencoded") => Self::Form,
            _ => return Err(Code::UnsupportedMediaType.into()),
        };
        let is_utf8 = |parameter: &str| match parameter.trim().split_once('=') {
            Some((name, value)) => {
                name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            None => parameter.trim().is_empty(),
        };
        if parameters.split(';').all(is_utf8) { Ok(media) } else { Err(Code::UnsupportedMediaType.into()) }
    }
}

/// Refuses a body that says itself that it is too large, before any of it is read.
///
/// # Errors
/// 413.
pub(crate) fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), Refused> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) { Err(too_large()) } else { Ok(()) }
}

/// The whole body.
///
/// # Errors
/// 413 when it is too large; 400 when it breaks off or does not arrive in time.
pub(crate) async fn read(body: Body, rules: BodyRules) -> Result<Bytes, Refused> {
    let mut frames = body.into_data_stream();
    let outcome = tokio::time::timeout(rules.timeout, collect(&mut frames, rules.limit)).await;
    match outcome {
        Ok(Ok(Some(whole))) => Ok(whole),
        Ok(Ok(None)) => {
            discard(frames).await;
            Err(too_large())
        }
        Ok(Err(_)) => Err(bad_body("The body broke off.")),
        Err(_) => Err(bad_body("The body did not arrive in time.")),
    }
}

/// `None` when it is larger than the limit.
async fn collect(frames: &mut BodyDataStream, limit: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut whole = Bytes::new();
    while let Some(frame) = frames.next().await {
        let frame = frame?;
        if whole.len() + frame.len() > limit {
            return Ok(None);
        }
        // Most bodies come in one piece, which needs no copy.
        whole = if whole.is_empty() { frame } else { [whole, frame].concat().into() };
    }
    Ok(Some(whole))
}

/// Lets the body of a refused request arrive, so that its sender gets to read why it is refused: a connection that is
/// closed with unread bytes in it is reset, and the answer may be lost with it. Not where the sender waits for a
/// word before it sends (RFC 9110 section 10.1.1), nor for a body that has come with the head.
pub(crate) async fn give_up(request: Request) {
    let waits = request.headers().contains_key(header::EXPECT);
    let body = request.into_body();
    let is_small = body.size_hint().upper().is_some_and(|most| most <= COMES_WITH_THE_HEAD);
    if !waits && !is_small {
        discard(body.into_data_stream()).await;
    }
}

/// Takes in and forgets what is still arriving.
async fn discard(mut frames: BodyDataStream) {
    let mut left = DISCARD_AT_MOST;
    let all = async {
        while let Some(Ok(bytes)) = frames.next().await {
            left = left.saturating_sub(bytes.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_FOR, all).await;
}

/// A JSON text as a `T`.
///
/// # Errors
/// 400 when it is not one JSON text in UTF-8, or nested too deeply; 422 when it is, but not a `T`.
pub(crate) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    let text = std::str::from_utf8(bytes).map_err(|_| bad_body("The body is not UTF-8."))?;
    if text.trim_ascii().is_empty() {
        return Err(bad_body("The body is empty."));
    }
    // Every body is an object. An array would be taken for one as well, its items for the members in their order.
    if !text.trim_ascii_start().starts_with('{') {
        let whole = serde_json::from_str::<Value>(text);
        return Err(whole.map_or_else(|_| not_json(), |_| invalid(vec![FieldError::new("", "expected an object")])));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let outcome: Result<T, _> = serde_path_to_error::deserialize(&mut reader);
    match outcome {
        Ok(value) => reader.end().map(|()| value).map_err(|_| not_json()),
        // The first wrong member stops the reading. The rest of the text decides whether it is JSON at all.
        Err(_) if serde_json::from_str::<Value>(text).is_err() => Err(not_json()),
        Err(error) => {
            let at: String = error.path().iter().map(segment).collect();
            Err(invalid(vec![explain(at, &error.inner().to_string())]))
        }
    }
}

fn segment(segment: &serde_path_to_error::Segment) -> String {
    match segment {
        serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
        serde_path_to_error::Segment::Map { key } => pointer(key),
        serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => String::new(),
    }
}

/// Turns serde's message into ours. Serde's repeats the value, which may be a password; ours does not.
fn explain(at: String, message: &str) -> FieldError {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let quoted = |after: &str| message.strip_prefix(after)?.strip_suffix('`').map(str::to_owned);
    if let Some(missing) = quoted("missing field `") {
        return FieldError::new(at + &pointer(&missing), "this is required");
    }
    if message.starts_with("unknown field ") {
        return FieldError::new(at, "this is not known here");
    }
    if let Some(twice) = quoted("duplicate field `") {
        return FieldError::new(at + &pointer(&twice), "given twice");
    }
    match message.rsplit_once("expected ") {
        Some((_, expected)) => FieldError::new(at, format!("expected {expected}")),
        None => FieldError::new(at, "this value is not allowed"),
    }
}

fn not_json() -> Refused {
    bad_body("The body is not well-formed JSON, or nested too deeply.")
}

fn bad_body(detail: &str) -> Refused {
    Problem::new(Code::BadBody).detail(detail).into()
}

fn too_large() -> Refused {
    Code::BodyTooLarge.into()
}

fn invalid(errors: Vec<FieldError>) -> Refused {
    Problem::new(Code::ValidationFailed).errors(errors).into()
}

impl BadForm {
    /// As the answer to a bad body.
    pub(crate) fn in_body(self) -> Refused {
        match self {
            Self::Unreadable => bad_body("The form is not well-formed, or not UTF-8."),
            Self::Invalid(errors) => invalid(errors),
        }
    }

    /// As the answer to a bad query.
    pub(crate) fn in_query(self) -> Refused {
        match self {
            Self::Unreadable => {
                Problem::new(Code::BadRequest).detail("The query is not well-formed, or not UTF-8.").into()
            }
            Self::Invalid(errors) => invalid(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_proto::wire::auth::{Login, Register};
    use durward_proto::wire::profile::ProfileChange;
    use http::HeaderValue;

    fn outcome<T: DeserializeOwned>(text: &[u8]) -> (u16, Vec<(String, String)>) {
        match read_json::<T>(text) {
            Ok(_) => (200, vec![]),
            Err(refused) => {
                let problem = refused.problem();
                let errors = problem.errors.iter().map(|e| (e.pointer.clone(), e.detail.clone())).collect();
                (problem.status, errors)
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_400() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let deep_member = format!("{{\"email\":{deep}}}");
        let deep_value = format!("{{\"personal_goals\":{{\"a\":{deep}}}}}");
        let unclosed = "{\"a\":".repeat(60_000);
        for text in
            ["", "  ", "\n", "{", "{\"email\":", "nope", "{\"email\":\"a\"", "{}x", "{}{}", "{'a':1}", "\u{feff}{}"]
        {
            assert_eq!(outcome::<Login>(text.as_bytes()).0, 400, "{text:?}");
        }
        // Wrong members before the place where the text stops being JSON do not make it 422.
        for text in ["{\"email\":5,", "{\"nope\":1,}", "{\"email\":5} x"] {
            assert_eq!(outcome::<Login>(text.as_bytes()).0, 400, "{text:?}");
        }
        assert_eq!(outcome::<Login>(b"{\"email\":\"\xff\"}").0, 400);
        assert_eq!(outcome::<Login>(b"{\"email\":\"\\ud800\",\"password\":\"x\"}").0, 400);
        assert_eq!(outcome::<ProfileChange>(deep_value.as_bytes()).0, 400);
        assert_eq!(outcome::<Login>(unclosed.as_bytes()).0, 400);
        assert!([400, 422].contains(&outcome::<Login>(deep.as_bytes()).0));
        assert!([400, 422].contains(&outcome::<Login>(deep_member.as_bytes()).0));
    }

    #[test]
    fn what_is_not_allowed_is_422_and_points_at_the_member() {
        let table: &[(&str, &str, &str)] = &[
            ("{}", "/email", "this is required"),
            ("{\"email\":\"a@b\"}", "/password", "this is required"),
            ("{\"email\":5,\"password\":\"x\"}", "/email", "expected a string"),
            ("{\"email\":null,\"password\":\"x\"}", "/email", "expected a string"),
            ("{\"email\":\"a\",\"password\":[\"hunter2\"]}", "/password", "expected a string"),
            ("{\"email\":\"a\",\"password\":\"x\",\"role\":\"admin\"}", "/role", "this is not known here"),
            ("{\"email\":\"a\",\"password\":\"x\",\"a/b~c\":1}", "/a~1b~0c", "this is not known here"),
            ("{\"email\":\"a\",\"email\":\"b\",\"password\":\"x\"}", "/email", "given twice"),
            ("5", "", "expected an object"),
            ("null", "", "expected an object"),
            ("\"text\"", "", "expected an object"),
            (" [\"a@b.example\",\"x\"]", "", "expected an object"),
        ];
        for (text, pointer, detail) in table {
            let (status, errors) = outcome::<Register>(text.as_bytes());
            assert_eq!((status, errors.len()), (422, 1), "{text}");
            assert_eq!((errors[0].0.as_str(), errors[0].1.as_str()), (*pointer, *detail), "{text}");
        }
        assert_eq!(
            outcome::<Login>(b"{\"email\":\"a\",\"password\":\"x\",\"transport\":\"pigeon\"}").1[0].0,
            "/transport"
        );
        assert_eq!(outcome::<ProfileChange>(b"{\"personal_goals\":[]}").1[0].0, "/personal_goals");
        assert_eq!(outcome::<ProfileChange>(b" {\"personal_goals\":null} \n"), (200, vec![]));
    }

    #[test]
    fn a_refused_value_is_not_repeated() {
        for text in [
            "{\"email\":\"a\",\"password\":271828}",
            "{\"email\":\"a\",\"password\":\"x\",\"transport\":\"271828\"}",
            "{\"email\":\"a\",\"password\":\"x\",\"transport\":271828}",
            "{\"email\":\"a\",\"password\":\"x\",\"transport\":{\"271828\":1}}",
        ] {
            let (status, errors) = outcome::<Login>(text.as_bytes());
            assert_eq!(status, 422);
            assert!(!errors[0].1.contains("271828"), "{errors:?}");
        }
    }

    #[test]
    fn content_types() {
        let table: &[(&[&str], Result<Media, ()>)] = &[
            (&["application/json"], Ok(Media::Json)),
            (&["Application/JSON ; charset=UTF-8"], Ok(Media::Json)),
            (&["application/json;charset=\"utf-8\";"], Ok(Media::Json)),
            (&["application/x-www-form-urlencoded"], Ok(Media::Form)),
            (&["application/x-www-form-urlencoded; charset=utf-8"], Ok(Media::Form)),
            (&["application/json; charset=latin1"], Err(())),
            (&["application/json; version=1"], Err(())),
            (&["application/jsonx"], Err(())),
            (&["application/problem+json"], Err(())),
            (&["text/plain"], Err(())),
            (&["text/json"], Err(())),
            (&[""], Err(())),
            (&[], Err(())),
            (&["application/json", "application/json"], Err(())),
        ];
        for (values, media) in table {
            let mut headers = HeaderMap::new();
            for value in *values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            let outcome = Media::of(&headers).map_err(|refused| assert_eq!(refused.problem().status, 415));
            assert_eq!(outcome, *media, "{values:?}");
        }
    }

    #[tokio::test]
    async fn bodies_are_bounded_in_length_and_in_time() {
        let rules = BodyRules { limit: 8, timeout: Duration::from_millis(50) };
        assert_eq!(read(Body::from("12345678"), rules).await.unwrap(), "12345678");
        assert_eq!(read(Body::from("123456789"), rules).await.unwrap_err().problem().status, 413);
        let chunks = futures_util::stream::iter(["12345", "6789"].map(Ok::<_, std::io::Error>));
        assert_eq!(read(Body::from_stream(chunks), rules).await.unwrap_err().problem().status, 413);
        let broken = futures_util::stream::iter([Ok("12"), Err(std::io::Error::other("gone"))]);
        assert_eq!(read(Body::from_stream(broken), rules).await.unwrap_err().problem().status, 400);
        let stuck = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(read(Body::from_stream(stuck), rules).await.unwrap_err().problem().status, 400);

        let declared =
            |length: &'static str| HeaderMap::from_iter([(header::CONTENT_LENGTH, HeaderValue::from_static(length))]);
        assert!(check_length(&declared("8"), 8).is_ok());
        assert_eq!(check_length(&declared("9"), 8).unwrap_err().problem().status, 413);
        assert!(check_length(&HeaderMap::new(), 8).is_ok());
    }
}
