//! What calls of the webhook are signed with, as the Standard Webhooks specification (1.0.0) has it: HMAC-SHA256 over id, time
//! and body, so that whoever is called knows by whom, what was said, and when.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use durward_proto::{Secret, WebhookId};
use zeroize::Zeroizing;

/// What the specification writes before a secret.
const PREFIX: &str = "whsec_";
/// The least and the most bytes that it allows.
const SIZES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that nothing can be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWebhookSecret {
    /// What stands behind `whsec_` is no base64.
    #[error("what stands behind whsec_ is no base64")]
    NoBase64,
    /// It is too short or too long.
    #[error("not 24 to 64 bytes")]
    Size,
}

/// Signs calls of the webhook.
#[derive(Clone)]
pub struct WebhookKey(hmac::Key);

impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookKey")
    }
}

impl WebhookKey {
    /// From `whsec_` and base64, or from a text whose bytes are the key.
    ///
    /// # Errors
    /// When it is no base64, or not 24 to 64 bytes.
    pub fn new(secret: &Secret) -> Result<Self, BadWebhookSecret> {
        let bytes = Zeroizing::new(match secret.expose().strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| BadWebhookSecret::NoBase64)?,
            None => secret.expose().as_bytes().to_vec(),
        });
        if !SIZES.contains(&bytes.len()) {
            return Err(BadWebhookSecret::Size);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// `webhook-signature` of a call: `v1,` and base64.
    pub(super) fn sign(&self, id: WebhookId, timestamp: i64, body: &[u8]) -> String {
        let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        format!("v1,{}", STANDARD.encode(hmac::sign(&self.0, &signed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<WebhookKey, BadWebhookSecret> {
        WebhookKey::new(&Secret::new(text))
    }

    #[test]
    fn both_spellings_of_a_secret_are_one_key() {
        let id = <WebhookId as durward_proto::ids::UuidId>::from_uuid(uuid::Uuid::nil());
        let plain = key("0123456789abcdef01234567").unwrap();
        let encoded = key("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3").unwrap();
        let signature = plain.sign(id, 1_767_323_045, b"{}");
        assert_eq!(signature, encoded.sign(id, 1_767_323_045, b"{}"));
        assert_eq!((signature.len(), &signature[..3]), (47, "v1,"));
        assert_ne!(signature, plain.sign(id, 1_767_323_046, b"{}"));
        assert_ne!(signature, plain.sign(id, 1_767_323_045, b"{ }"));
    }

    #[test]
    fn weak_secrets_are_none() {
        assert_eq!(key("whsec_*").unwrap_err(), BadWebhookSecret::NoBase64);
        assert_eq!(key("whsec_c2hvcnQ=").unwrap_err(), BadWebhookSecret::Size);
        assert_eq!(key("short").unwrap_err(), BadWebhookSecret::Size);
        assert_eq!(key(&"x".repeat(65)).unwrap_err(), BadWebhookSecret::Size);
    }
}
