//! What came back, and what it should be.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Answer {
    pub request: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// It has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{} answered {}", self.request, self.text());
        self
    }

    /// It is a problem with this status and code (RFC 9457).
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        let kind = answer.header("content-type").unwrap_or_default();
        assert_eq!(kind, "application/problem+json", "{}", answer.request);
        let body = answer.json();
        assert_eq!(body["code"], code, "{} answered {body}", answer.request);
        assert_eq!(body["status"], status, "{}", answer.request);
        for member in ["type", "title", "detail", "request_id"] {
            assert!(body[member].is_string(), "{} has no {member}: {body}", answer.request);
        }
        answer
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.request, self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every `Set-Cookie`.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// The `Set-Cookie` of this name.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        self.set_cookies().into_iter().find(|cookie| cookie.starts_with(&format!("{name}=")))
    }
}
