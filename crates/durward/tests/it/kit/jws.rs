//! Tokens, read and made by other code than the program's (RFC 7515).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Sha256, Sha512};

/// Header and claims of a token whose HS256 signature holds.
#[track_caller]
pub fn read(token: &str, secret: &str) -> (Value, Value) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(signature, encode(hs256(signed, secret)), "the signature holds");
    let (header, claims) = signed.split_once('.').unwrap();
    let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (part(header), part(claims))
}

/// A token of these texts, which need not be good ones.
pub fn sign(header: &str, claims: &str, secret: &str) -> String {
    let signed = unsigned(header, claims);
    let signature = encode(hs256(&signed, secret));
    format!("{signed}.{signature}")
}

/// The same with HMAC-SHA512.
pub fn sign_hs512(header: &str, claims: &str, secret: &str) -> String {
    let signed = unsigned(header, claims);
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    let signature = encode(mac.finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// What is signed of a token.
pub fn unsigned(header: &str, claims: &str) -> String {
    format!("{}.{}", encode(header), encode(claims))
}

/// HMAC-SHA256.
pub fn hs256(text: &str, secret: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
