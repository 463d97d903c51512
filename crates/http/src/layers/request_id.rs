//! `X-Request-Id`: every answer carries one, and a client's own is kept when it is a sane one.

use durward_proto::{Clock, Random, ids::uuid_v7};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The header's name.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// How long a client's own id may be, in bytes.
const LONGEST: usize = 128;

/// The id of one request: visible ASCII.
#[derive(Debug, Clone)]
pub(crate) enum RequestId {
    /// The client's own.
    Given(HeaderValue),
    /// One that was made here, which takes no memory but this.
    Made([u8; 36]),
}

impl RequestId {
    /// The client's id, or a new one.
    pub(crate) fn of(headers: &HeaderMap, clock: &dyn Clock, random: &dyn Random) -> Self {
        let mut carried = headers.get_all(HEADER).iter();
        match (carried.next(), carried.next()) {
            (Some(own), None) if is_sane(own.as_bytes()) => Self::Given(own.clone()),
            _ => {
                let mut text = [0; 36];
                // What its time is for, to lie beside others of the same moment, is as good with that of the last tick.
                uuid_v7(clock.ticked_now(), random).as_hyphenated().encode_lower(&mut text);
                Self::Made(text)
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Given(own) => own.to_str().unwrap_or_default(),
            Self::Made(text) => std::str::from_utf8(text).unwrap_or_default(),
        }
    }

    /// As a header's value.
    pub(crate) fn to_value(&self) -> HeaderValue {
        match self {
            Self::Given(own) => own.clone(),
            Self::Made(text) => HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static("none")),
        }
    }
}

/// Nothing in it that could break a log line, a header or a URL.
fn is_sane(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_proto::SystemClock;
    use durward_verify::SystemRandom;

    fn given(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        {
            let id = RequestId::of(&headers, &*SystemClock::new(), &SystemRandom);
            assert_eq!(id.to_value(), id.as_str());
            id.as_str().to_owned()
        }
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_is_replaced() {
        let longest = "a".repeat(128);
        for sane in ["1", "7f3e-22_a.b:c", &longest] {
            assert_eq!(given(&[sane]), sane);
        }
        let too_long = "a".repeat(129);
        for odd in ["", " ", "a b", "a\tb", "a\"b", "{a}", "a/../b", "\u{e9}", &too_long] {
            let id = given(&[odd]);
            assert_eq!((id.len(), id.as_bytes()[14]), (36, b'7'), "{odd:?} gave {id}");
        }
        assert_eq!(given(&["a", "a"]).len(), 36);
        assert_ne!(given(&[]), given(&[]));
    }
}
