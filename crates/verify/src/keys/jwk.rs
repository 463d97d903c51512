//! Keys as JSON (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).

use aws_lc_rs::digest;
use serde_json::{Map, Value};

use super::{Algorithm, BadKey, CheckingKey};
use crate::base64url;

/// Reads a key that checks. `kty`, `crv`, `alg`, `use` and `key_ops` must all fit the same purpose.
pub(super) fn read(jwk: &Value) -> Result<CheckingKey, BadKey> {
    let jwk = jwk.as_object().ok_or(BadKey::Jwk("it is not a JSON object"))?;
    let algorithm: Algorithm = text(jwk, "alg")?.ok_or(BadKey::Jwk("it has no `alg`"))?.parse()?;
    is_for_signatures(jwk)?;
    let kid = text(jwk, "kid")?.map(str::to_owned);
    let kty = text(jwk, "kty")?.ok_or(BadKey::Jwk("it has no `kty`"))?;
    match (algorithm, kty, text(jwk, "crv")?) {
        (Algorithm::Hs256, "oct", None) => CheckingKey::secret(kid, &bytes(jwk, "k")?),
        (Algorithm::EdDsa, "OKP", Some("Ed25519")) => CheckingKey::ed25519(kid, &bytes(jwk, "x")?),
        (Algorithm::Es256, "EC", Some("P-256")) => {
            CheckingKey::p256(kid, &[vec![4], bytes(jwk, "x")?, bytes(jwk, "y")?].concat())
        }
        (Algorithm::Rs256, "RSA", None) => CheckingKey::rsa(kid, &bytes(jwk, "n")?, &bytes(jwk, "e")?),
        _ => Err(BadKey::Jwk("`alg`, `kty` and `crv` do not belong together")),
    }
}

/// RFC 7517 sections 4.2 and 4.3.
fn is_for_signatures(jwk: &Map<String, Value>) -> Result<(), BadKey> {
    let used = text(jwk, "use")?.is_none_or(|purpose| purpose == "sig");
    let operates = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(list)) => list.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    };
    if used && operates { Ok(()) } else { Err(BadKey::Jwk("it is not meant for checking signatures")) }
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, BadKey> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BadKey::Jwk("a member has the wrong type")),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, BadKey> {
    let text = text(jwk, name)?.ok_or(BadKey::Jwk("a part of the key is missing"))?;
    base64url::decode(text).map_err(|_| BadKey::Jwk("a part of the key is not base64url"))
}

/// What makes up a public key.
pub(super) struct Members {
    /// In the order of their names, as RFC 7638 section 3.3 wants them.
    members: Vec<(&'static str, String)>,
}

pub(super) fn ed25519(x: &[u8]) -> Members {
    Members { members: vec![("crv", "Ed25519".into()), ("kty", "OKP".into()), ("x", base64url::encode(x))] }
}

pub(super) fn p256(x: &[u8], y: &[u8]) -> Members {
    let (x, y) = (base64url::encode(x), base64url::encode(y));
    Members { members: vec![("crv", "P-256".into()), ("kty", "EC".into()), ("x", x), ("y", y)] }
}

pub(super) fn rsa(n: &[u8], e: &[u8]) -> Members {
    let (n, e) = (base64url::encode(n), base64url::encode(e));
    Members { members: vec![("e", e), ("kty", "RSA".into()), ("n", n)] }
}

impl Members {
    /// The SHA-256 thumbprint (RFC 7638): the `kid` of a key that was given none.
    pub(super) fn thumbprint(&self) -> String {
        // Nothing in these texts needs an escape: they are base64url and fixed words.
        let members: Vec<_> = self.members.iter().map(|(name, text)| format!(r#""{name}":"{text}""#)).collect();
        base64url::encode(digest::digest(&digest::SHA256, format!("{{{}}}", members.join(",")).as_bytes()))
    }

    /// As it stands in a key set.
    pub(super) fn published(self, kid: &str, algorithm: Algorithm) -> Map<String, Value> {
        let more = [("kid", kid), ("alg", algorithm.as_str()), ("use", "sig")];
        let mut jwk: Map<_, _> = self.members.into_iter().map(|(name, text)| (name.into(), text.into())).collect();
        jwk.extend(more.map(|(name, text)| (name.into(), text.into())));
        jwk
    }
}
