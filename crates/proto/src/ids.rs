//! Ids. A user's id is a 64-bit integer, every other id a UUIDv7 (RFC 9562 section 5.7), and none can be
//! given where another is asked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use uuid_simd::AsOut;

use crate::random::Random;
use crate::time::Timestamp;

/// A user. Positive; given out by the database and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct UserId(pub i64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for UserId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What all ids that are UUIDs have in common.
pub trait UuidId: Copy + Send + Sync + 'static {
    /// Takes a UUID that is known to be one of these, as a row from the database.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID inside.
    fn uuid(self) -> Uuid;
    /// Reads the hyphenated form alone, as [`FromStr`] does, from bytes of which nothing is known: every token that is checked
    /// has two of them.
    #[inline]
    fn parse_ascii(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        uuid_simd::parse_hyphenated(text, bytes.as_out()).ok()?;
        Some(Self::from_uuid(Uuid::from_bytes(bytes)))
    }
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": "uuid" })
            }
        }

        impl $name {
            /// A new id that sorts by the time it was made.
            pub fn new(now: Timestamp, random: &dyn Random) -> Self {
                Self(uuid_v7(now, random))
            }
        }

        impl UuidId for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            /// Only the hyphenated form, so that one id has one spelling.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if text.len() == 36 { Uuid::try_parse(text).map(Self) } else { Uuid::try_parse("").map(Self) }
            }
        }
    )*};
}

uuid_id! {
    /// A session: what a login opens and a logout ends. The `sid` of a token.
    SessionId
    /// A conversation of the chat.
    ConversationId
    /// A message of a conversation.
    MessageId
    /// A row of the audit trail or of the login trail.
    EventId
    /// An access token's `jti`.
    TokenId
    /// A passkey of a user.
    PasskeyId
    /// What was asked of an authenticator, from `begin` to `finish`.
    CeremonyId
    /// A device that is trusted not to need the second factor.
    TrustId
    /// A mail in the outbox.
    MailId
    /// A device that a user logs in with.
    DeviceId
    /// Something that an operator should look at.
    AlertId
    /// A call of an operator's webhook that is on its way.
    WebhookId
}

/// A UUIDv7 (RFC 9562 section 5.7) from a given time and given randomness.
pub fn uuid_v7(now: Timestamp, random: &dyn Random) -> Uuid {
    let mut bytes = [0u8; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_bytes_as_from_text() {
        for good in ["936da01f-9abd-4d9d-80c7-02af85c822a8", "936DA01F-9ABD-4D9D-80C7-02AF85C822A8"] {
            assert_eq!(SessionId::parse_ascii(good.as_bytes()), Some(good.parse().unwrap()));
            for at in 0..36 {
                for byte in 0..=255u8 {
                    let mut text = good.as_bytes().to_vec();
                    text[at] = byte;
                    let same = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
                    assert_eq!(SessionId::parse_ascii(&text), same, "{text:?}");
                    text.insert(at, byte);
                    assert_eq!(SessionId::parse_ascii(&text), None);
                    text.drain(at..at + 2);
                    assert_eq!(SessionId::parse_ascii(&text), None);
                }
            }
        }
        for odd in ["", "936da01f9abd4d9d80c702af85c822a8", "{936da01f-9abd-4d9d-80c7-02af85c822a8}"] {
            assert_eq!(SessionId::parse_ascii(odd.as_bytes()), None);
        }
        let numbers = (0..5_000u128).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        for id in numbers.map(Uuid::from_u128) {
            assert_eq!(SessionId::parse_ascii(id.to_string().as_bytes()), Some(SessionId(id)));
        }
    }
}
