//! What the heads of the lanes are authenticated and the checkpoints signed under.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};
use durward_proto::Secret;

use super::canonical::Fields;
use super::chain::Head;

/// How this process writes the audit trail.
#[derive(Debug, Clone)]
pub struct AuditOptions {
    /// What it authenticates and signs with, the same on every node. Without it nothing is written that names an audit
    /// event: the commit is refused.
    pub keys: Option<AuditKeys>,
    /// How this node is called in the rows.
    pub node: Arc<str>,
}

/// The keys of the audit trail. Cheap to clone.
#[derive(Clone)]
pub struct AuditKeys(Arc<Keys>);

struct Keys {
    current: One,
    /// What was used before there was a master key.
    former: Option<One>,
}

struct One {
    heads: hmac::Key,
    pair: Ed25519KeyPair,
    id: String,
}

/// No key could be made of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the audit trail cannot be made")]
pub struct KeyFault;

impl fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditKeys").field("id", &self.0.current.id).finish_non_exhaustive()
    }
}

impl AuditKeys {
    /// Under `keys.master_key`, or else under keys made from `tokens.secret`. What was written before there was a master
    /// key is accepted then, too.
    ///
    /// # Errors
    /// That does not happen with any text.
    pub fn new(master: Option<&Secret>, tokens: &Secret) -> Result<Self, KeyFault> {
        let from_tokens = One::new(tokens)?;
        Ok(Self(Arc::new(match master {
            Some(master) => Keys { current: One::new(master)?, former: Some(from_tokens) },
            None => Keys { current: from_tokens, former: None },
        })))
    }

    /// Names the key that signs: the first half of SHA-256 of its public part, in hex.
    pub fn id(&self) -> &str {
        &self.0.current.id
    }

    /// The public part of the key that signs checkpoints (Ed25519, RFC 8032), as a PEM file holds it.
    pub fn public_key(&self) -> String {
        /// What stands before the 32 bytes in a SubjectPublicKeyInfo (RFC 8410 section 4).
        const BEFORE: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let der = [&BEFORE[..], self.0.current.pair.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", BASE64.encode(&der))
    }

    /// Signs a hash.
    pub(crate) fn sign(&self, hash: &[u8]) -> Vec<u8> {
        self.0.current.pair.sign(hash).as_ref().to_vec()
    }

    /// The MAC of a head.
    pub(crate) fn mac(&self, head: &Head) -> Vec<u8> {
        self.0.current.mac(head)
    }

    /// Whether a head is one that was written with these keys. One of which nothing was ever written has no MAC.
    pub fn authenticates(&self, head: &Head, mac: &[u8]) -> bool {
        if head.is_empty() {
            return mac.is_empty();
        }
        let text = head.authenticated();
        self.all().any(|key| hmac::verify(&key.heads, &text, mac).is_ok())
    }

    /// Whether a hash was signed by the key of this name. `None` when it is none of ours.
    pub fn signed(&self, id: &str, hash: &[u8], signature: &[u8]) -> Option<bool> {
        let key = self.all().find(|key| key.id == id)?;
        Some(UnparsedPublicKey::new(&ED25519, key.pair.public_key().as_ref()).verify(hash, signature).is_ok())
    }

    /// Whether this names the key from before there was a master key.
    pub fn is_former(&self, id: &str) -> bool {
        self.0.former.as_ref().is_some_and(|former| former.id == id)
    }

    fn all(&self) -> impl Iterator<Item = &One> {
        std::iter::once(&self.0.current).chain(&self.0.former)
    }
}

impl One {
    fn new(secret: &Secret) -> Result<Self, KeyFault> {
        let made = |purpose: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()), purpose);
        let pair = Ed25519KeyPair::from_seed_unchecked(made(b"durward audit checkpoints v1").as_ref());
        let pair = pair.map_err(|_| KeyFault)?;
        let id = digest(&SHA256, pair.public_key().as_ref());
        let id = HEXLOWER.encode(id.as_ref().get(..16).unwrap_or_default());
        let heads = hmac::Key::new(hmac::HMAC_SHA256, made(b"durward audit heads v1").as_ref());
        Ok(Self { heads, pair, id })
    }

    fn mac(&self, head: &Head) -> Vec<u8> {
        hmac::sign(&self.heads, &head.authenticated()).as_ref().to_vec()
    }
}

impl Head {
    fn authenticated(&self) -> [u8; 32] {
        Fields::new("durward audit head v1").number(self.lane).number(self.seq).bytes(&self.hash).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(letter: &str) -> Secret {
        Secret::new(letter.repeat(40))
    }

    fn head(seq: i64) -> Head {
        Head { lane: 3, seq, hash: vec![7; 32] }
    }

    #[test]
    fn a_head_holds_for_its_own_place_under_its_own_key() {
        let keys = AuditKeys::new(Some(&secret("m")), &secret("t")).unwrap();
        let mac = keys.mac(&head(4));
        assert!(keys.authenticates(&head(4), &mac));
        assert!(!keys.authenticates(&head(5), &mac));
        assert!(!keys.authenticates(&Head { lane: 4, ..head(4) }, &mac));
        assert!(!keys.authenticates(&Head { hash: vec![8; 32], ..head(4) }, &mac));
        assert!(!keys.authenticates(&head(4), &[]));
        assert!(keys.authenticates(&Head { lane: 3, seq: 0, hash: Vec::new() }, &[]), "nothing was ever written");
        assert!(!keys.authenticates(&Head { lane: 3, seq: 0, hash: vec![1] }, &[]));
        let others = AuditKeys::new(Some(&secret("n")), &secret("t")).unwrap();
        assert!(!others.authenticates(&head(4), &mac));
        assert_ne!(others.id(), keys.id());
    }

    #[test]
    fn a_master_key_may_come_later() {
        let before = AuditKeys::new(None, &secret("t")).unwrap();
        let (mac, signature) = (before.mac(&head(4)), before.sign(b"x"));
        let after = AuditKeys::new(Some(&secret("m")), &secret("t")).unwrap();
        assert!(after.authenticates(&head(4), &mac));
        assert_eq!(after.signed(before.id(), b"x", &signature), Some(true));
        assert_eq!(after.signed(before.id(), b"y", &signature), Some(false));
        assert!(after.is_former(before.id()) && !after.is_former(after.id()));
        assert_eq!(before.signed(after.id(), b"x", &after.sign(b"x")), None, "it is not known yet");
    }
}
