//! A key that checks signatures.

use std::fmt;
use std::num::NonZeroU64;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use aws_lc_rs::{digest, hmac};
use serde_json::{Map, Value};

use super::{ACCESS_TOKEN, Algorithm, BadKey, jwk, roca};
use crate::base64url;

/// What a secret's `kid` is made from, beside the secret.
const KID_LABEL: &[u8] = b"durward kid 1";

/// Tells keys apart where a name would be too much to carry: 64 bits of a hash of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyMark(NonZeroU64);

impl KeyMark {
    fn of(kid: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, kid.as_bytes());
        let mark = hash.as_ref().iter().take(8).fold(0, |mark, byte| (mark << 8) | u64::from(*byte));
        Self(NonZeroU64::new(mark).unwrap_or(NonZeroU64::MIN))
    }
}

/// A key that checks signatures of one algorithm.
#[derive(Clone)]
pub struct CheckingKey {
    kid: String,
    mark: KeyMark,
    algorithm: Algorithm,
    /// The first segment of every token that is signed with this key here.
    header: String,
    material: Material,
    public: Option<Map<String, Value>>,
}

#[derive(Clone)]
enum Material {
    Secret(Box<hmac::Key>),
    Public(Box<ParsedPublicKey>),
}

impl CheckingKey {
    /// A secret of at least 32 bytes. Without a name of its own it gets one that is stable and says nothing
    /// useful about the secret: the beginning of an HMAC under it.
    pub(crate) fn secret(kid: Option<String>, secret: &[u8]) -> Result<Self, BadKey> {
        if secret.len() < 32 {
            return Err(BadKey::ShortSecret { bytes: secret.len() });
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let kid = kid
            .unwrap_or_else(|| base64url::encode(hmac::sign(&key, KID_LABEL).as_ref().get(..12).unwrap_or_default()));
        Ok(Self::of(kid, Algorithm::Hs256, Material::Secret(Box::new(key)), None))
    }

    /// An Ed25519 public key: 32 bytes (RFC 8032 section 5.1.5).
    pub(crate) fn ed25519(kid: Option<String>, public: &[u8]) -> Result<Self, BadKey> {
        let key = ParsedPublicKey::new(&ED25519, public).map_err(|_| BadKey::Jwk("`x` is no Ed25519 public key"))?;
        Ok(Self::public(kid, Algorithm::EdDsa, key, jwk::ed25519(public)))
    }

    /// A P-256 public key: an uncompressed point of 65 bytes (SEC 1 section 2.3.3). It must lie on the curve.
    pub(crate) fn p256(kid: Option<String>, point: &[u8]) -> Result<Self, BadKey> {
        let bad = BadKey::Jwk("`x` and `y` are no point of P-256");
        let (x, y) = match point {
            [4, rest @ ..] if rest.len() == 64 => rest.split_at(32),
            _ => return Err(bad),
        };
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| bad)?;
        Ok(Self::public(kid, Algorithm::Es256, key, jwk::p256(x, y)))
    }

    /// An RSA public key: modulus and exponent, big-endian without leading zeros. 2048 to 8192 bits, an odd
    /// exponent of 3 to 33 bits, and not from the broken generator.
    pub(crate) fn rsa(kid: Option<String>, n: &[u8], e: &[u8]) -> Result<Self, BadKey> {
        let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
        if n.first() == Some(&0) || !(2048..=8192).contains(&bits) || n.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(BadKey::Jwk("`n` is no odd number of 2048 to 8192 bits without leading zeros"));
        }
        let exponent = e.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        if e.first() == Some(&0) || e.len() > 5 || exponent < 3 || exponent % 2 == 0 || exponent >> 33 != 0 {
            return Err(BadKey::Jwk("`e` is no odd number from 3 up, of at most 33 bits, without leading zeros"));
        }
        if roca::is_marked(n) {
            return Err(BadKey::Roca);
        }
        let key = RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| BadKey::Jwk("`n` and `e` are no RSA public key"))?;
        Ok(Self::public(kid, Algorithm::Rs256, key, jwk::rsa(n, e)))
    }

    fn public(kid: Option<String>, algorithm: Algorithm, key: ParsedPublicKey, members: jwk::Members) -> Self {
        let kid = kid.unwrap_or_else(|| members.thumbprint());
        let jwk = members.published(&kid, algorithm);
        Self::of(kid, algorithm, Material::Public(Box::new(key)), Some(jwk))
    }

    fn of(kid: String, algorithm: Algorithm, material: Material, public: Option<Map<String, Value>>) -> Self {
        let header = serde_json::json!({ "alg": algorithm, "typ": ACCESS_TOKEN, "kid": kid });
        Self {
            header: base64url::encode(header.to_string()),
            mark: KeyMark::of(&kid),
            kid,
            algorithm,
            material,
            public,
        }
    }

    /// Its name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm that belongs to it.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key as a JWK, unless it is a secret.
    pub fn public_jwk(&self) -> Option<&Map<String, Value>> {
        self.public.as_ref()
    }

    pub(crate) fn mark(&self) -> KeyMark {
        self.mark
    }

    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    /// Whether `signature` is this key's over `signed`. The comparison of a MAC takes the same time whatever
    /// differs.
    pub(crate) fn holds(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Secret(key) => hmac::verify(key, signed, signature).is_ok(),
            Material::Public(key) => key.verify_sig(signed, signature).is_ok(),
        }
    }
}

impl fmt::Debug for CheckingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckingKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
