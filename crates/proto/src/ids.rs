//! Ids. A user's id is a 64-bit integer, every other id a UUIDv7 (RFC 9562 section 5.7), and none can be
//! given where another is asked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// Reads the hyphenated form, as [`FromStr`] does, from bytes of which nothing is known.
    #[inline]
    fn parse_ascii(text: &[u8]) -> Option<Self> {
        hyphenated(text.try_into().ok()?).map(Self::from_uuid)
    }
}

/// A UUID in its one spelling, as every token that is checked has two of. Eight digits at a time, which takes half as long as
/// byte by byte with vector instructions does.
#[inline(always)]
fn hyphenated(text: &[u8; 36]) -> Option<Uuid> {
    let (first, rest) = text.split_first_chunk::<8>()?;
    let (second, rest) = rest.split_first_chunk::<5>()?;
    let (third, rest) = rest.split_first_chunk::<5>()?;
    let (fourth, rest) = rest.split_first_chunk::<5>()?;
    let [b'-', second @ ..] = second else { return None };
    let [b'-', third @ ..] = third else { return None };
    let [b'-', fourth @ ..] = fourth else { return None };
    let (b'-', rest) = rest.split_first()? else { return None };
    let (fifth, last) = rest.split_first_chunk::<4>()?;
    let both = |low: &[u8; 4], high: &[u8; 4]| {
        u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << 32
    };
    let high = u64::from(hex(u64::from_le_bytes(*first))?) << 32 | u64::from(hex(both(second, third))?);
    let low = u64::from(hex(both(fourth, fifth))?) << 32 | u64::from(hex(u64::from_le_bytes(last.try_into().ok()?))?);
    Some(Uuid::from_u64_pair(high, low))
}

/// Eight hexadecimal digits, the first in the lowest byte (Warren, Hacker's Delight, section 6-1, for the comparisons of bytes).
#[inline(always)]
fn hex(bytes: u64) -> Option<u32> {
    const HIGH: u64 = each(0x80);
    const fn each(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    // Of bytes below 0x80: the highest bit of those from `low` to `high`.
    let within = |bytes: u64, low: u8, high: u8| {
        bytes.wrapping_add(each(0x80 - low)) & !bytes.wrapping_add(each(0x7f - high)) & HIGH
    };
    let decimal = within(bytes, b'0', b'9');
    let letter = within(bytes | each(0x20), b'a', b'f');
    if bytes & HIGH != 0 || decimal | letter != HIGH {
        return None;
    }
    let nibbles = (bytes & each(0x0f)) + (letter >> 7) * 9;
    let pairs = (nibbles << 4 | nibbles >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs << 8 | pairs >> 16) & 0x0000_ffff_0000_ffff;
    u32::try_from((fours << 16 | fours >> 32) & 0xffff_ffff).ok()
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

    /// As the library reads it.
    fn slowly(text: &[u8]) -> Option<SessionId> {
        if text.len() == 36 { Uuid::try_parse_ascii(text).ok().map(SessionId) } else { None }
    }

    #[test]
    fn an_id_is_read_as_the_library_reads_it() {
        for good in ["936da01f-9abd-4d9d-80c7-02af85c822a8", "936DA01F-9ABD-4D9D-80C7-02AF85C822A8"] {
            assert_eq!(SessionId::parse_ascii(good.as_bytes()), Some(good.parse().unwrap()));
            for at in 0..36 {
                for byte in 0..=255u8 {
                    let mut text = good.as_bytes().to_vec();
                    text[at] = byte;
                    assert_eq!(SessionId::parse_ascii(&text), slowly(&text), "{text:?}");
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
