//! CSRF tokens: `timestamp:nonce:signature` (contract section 4).
//!
//! The signature is an HMAC-SHA256 over `timestamp:nonce:binding`; the binding is the session's id, or for a
//! visitor a random value in a cookie that scripts cannot read. So a token of one session is nothing in another.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::{Random, Secret, Timestamp, random};

/// How long a token holds: 3,600 s.
pub const CSRF_TTL: Duration = Duration::from_secs(3_600);
/// How far the clock of another node may be ahead: 60 s.
const SKEW: Duration = Duration::from_secs(60);

/// Why a token was refused: the `reason` of a 403 `csrf_failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsrfFault {
    /// The header or the cookie is not there.
    Missing,
    /// They are not equal.
    Mismatch,
    /// It is not `timestamp:nonce:signature`.
    Malformed,
    /// Its hour is over, or has not begun.
    Expired,
    /// It was made for another session, or not by this server.
    Signature,
}

impl CsrfFault {
    /// As it stands in the answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Mismatch => "mismatch",
            Self::Malformed => "malformed",
            Self::Expired => "expired",
            Self::Signature => "signature",
        }
    }
}

/// Makes and checks the tokens.
pub struct Csrf {
    key: hmac::Key,
}

impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Csrf")
    }
}

impl Csrf {
    /// With the CSRF secret.
    pub fn new(secret: &Secret) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()) }
    }

    /// The secret to use where none is configured: derived from the token secret, so that neither reveals the other.
    pub fn derived_secret(tokens_secret: &Secret) -> Secret {
        let key = hmac::Key::new(hmac::HMAC_SHA256, tokens_secret.expose().as_bytes());
        Secret::new(hex(hmac::sign(&key, b"durward csrf secret v1").as_ref()))
    }

    /// A new token for this binding.
    pub fn issue(&self, binding: &str, now: Timestamp, random: &dyn Random) -> String {
        let nonce = URL_SAFE_NO_PAD.encode(random::bytes::<32>(random));
        let stamp = format!("{}:{nonce}", now.seconds());
        let signature = hmac::sign(&self.key, format!("{stamp}:{binding}").as_bytes());
        format!("{stamp}:{}", hex(signature.as_ref()))
    }

    /// The age of a good token.
    ///
    /// # Errors
    /// `Malformed`, `Signature` or `Expired`, in this order.
    pub fn check(&self, token: &str, binding: &str, now: Timestamp) -> Result<Duration, CsrfFault> {
        let (stamp, signature) = token.rsplit_once(':').ok_or(CsrfFault::Malformed)?;
        let (seconds, nonce) = stamp.split_once(':').ok_or(CsrfFault::Malformed)?;
        let made = parse_seconds(seconds).ok_or(CsrfFault::Malformed)?;
        let nonce_holds = nonce.len() == 43 && URL_SAFE_NO_PAD.decode(nonce).is_ok_and(|bytes| bytes.len() == 32);
        let signature = unhex(signature).filter(|_| nonce_holds).ok_or(CsrfFault::Malformed)?;
        hmac::verify(&self.key, format!("{stamp}:{binding}").as_bytes(), &signature)
            .map_err(|_| CsrfFault::Signature)?;
        if made > now.plus(SKEW) || now.since(made) >= CSRF_TTL {
            return Err(CsrfFault::Expired);
        }
        Ok(now.since(made))
    }
}

/// The random value that binds a visitor's token to their browser.
pub fn visitor_binding(random: &dyn Random) -> String {
    URL_SAFE_NO_PAD.encode(random::bytes::<32>(random))
}

/// Decimal digits in their one spelling.
fn parse_seconds(text: &str) -> Option<Timestamp> {
    let seconds: i64 = text.parse().ok()?;
    (seconds >= 0 && seconds.to_string() == text).then(|| Timestamp::from_seconds(seconds))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// 32 bytes from 64 lower-case hexadecimal digits.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0u8; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_verify::SystemRandom;

    fn csrf() -> Csrf {
        Csrf::new(&Secret::new("0123456789abcdef0123456789abcdef"))
    }

    #[test]
    fn a_token_lives_its_hour_and_only_in_its_session() {
        let now = Timestamp::from_seconds(1_000_000);
        let token = csrf().issue("session-a", now, &SystemRandom);
        assert_eq!(csrf().check(&token, "session-a", now), Ok(Duration::ZERO));
        let last = now.plus(Duration::from_secs(3_599));
        assert_eq!(csrf().check(&token, "session-a", last), Ok(Duration::from_secs(3_599)));
        assert_eq!(csrf().check(&token, "session-a", now.plus(CSRF_TTL)), Err(CsrfFault::Expired));
        assert_eq!(csrf().check(&token, "session-b", now), Err(CsrfFault::Signature));
        assert!(csrf().check(&token, "session-a", now.minus(Duration::from_secs(60))).is_ok());
        assert_eq!(csrf().check(&token, "session-a", now.minus(Duration::from_secs(61))), Err(CsrfFault::Expired));
        let other = Csrf::new(&Secret::new("another secret, another signature"));
        assert_eq!(other.check(&token, "session-a", now), Err(CsrfFault::Signature));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let now = Timestamp::from_seconds(1_000_000);
        let token = csrf().issue("s", now, &SystemRandom);
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(csrf().check(&changed, "s", now).is_err(), "byte {at}");
        }
        for text in ["", ":", "::", "a:b:c", "1:2", &token.to_uppercase(), &format!("0{token}"), &format!("{token}0")] {
            assert!(csrf().check(text, "s", now).is_err(), "{text}");
        }
    }
}
