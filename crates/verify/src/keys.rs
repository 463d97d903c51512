//! The keys: one algorithm belongs to each, one key signs, all of them check.

mod checking;
mod jwk;
mod roca;
mod signing;
mod swap;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use durward_proto::Secret;
use serde::Serialize;
use serde_json::{Value, json};

pub use checking::CheckingKey;
pub(crate) use checking::KeyMark;
pub use signing::SigningKey;
pub(crate) use swap::{Swap, Watch};

use crate::claims::{self, Claims};
use crate::jws;
use crate::refusal::Refusal;

/// The `typ` of an access token (RFC 9068 section 2.1).
const ACCESS_TOKEN: &str = "at+jwt";

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
pub enum Algorithm {
    /// HMAC with SHA-256. Whoever can check can also sign.
    #[serde(rename = "HS256")]
    Hs256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Hs256, Self::EdDsa, Self::Es256, Self::Rs256];

    /// As it stands in `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// Whether those who check need a secret.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = BadKey;
    /// Exactly as in `alg`: names are case-sensitive (RFC 7515 section 4.1.1).
    fn from_str(text: &str) -> Result<Self, BadKey> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(BadKey::Algorithm)
    }
}

/// A key that cannot be used, and what to do about it. It never holds any part of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// RFC 7518 section 3.2: a key of the size of the hash output or larger.
    #[error("the signing secret has {bytes} bytes, HS256 needs at least 32: make one with `openssl rand -base64 48`")]
    ShortSecret {
        /// How many it has.
        bytes: usize,
    },
    /// Not an Ed25519 key.
    #[error(
        "not an Ed25519 private key in PKCS#8 (DER): make one with `openssl genpkey -algorithm ED25519 -outform DER`"
    )]
    NotEd25519,
    /// Not a P-256 key.
    #[error(
        "not a P-256 private key in PKCS#8 (DER): make one with \
         `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER`"
    )]
    NotP256,
    /// Not an RSA key of 2048 to 8192 bits.
    #[error(
        "not an RSA private key of 2048 to 8192 bits in PKCS#8 (DER): make one with \
         `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -outform DER`"
    )]
    NotRsa,
    /// The modulus has the mark of the generator of CVE-2017-15361.
    #[error("this RSA key comes from a broken generator (ROCA, CVE-2017-15361): make another one")]
    Roca,
    /// None of ours.
    #[error("not an algorithm that is supported: choose HS256, EdDSA, ES256 or RS256")]
    Algorithm,
    /// A JWK that says something wrong about itself.
    #[error("a key of the key set cannot be used: {0}")]
    Jwk(&'static str),
    /// Two keys with one name.
    #[error("two keys have the same `kid`: remove one, or give it another name")]
    DuplicateKid,
    /// Secrets and public keys in one published set.
    #[error("a key set holds either secrets or public keys: take the secrets out of it")]
    Mixed,
    /// No key at all.
    #[error("the key set is empty: a token could never be checked")]
    Empty,
    /// The ring holds no private key.
    #[error("there is no signing key here, only keys that check")]
    CannotSign,
    /// The library failed to make a key.
    #[error("a key could not be made")]
    NotMade,
    /// The library failed to sign.
    #[error("the token could not be signed with this key")]
    SigningFailed,
}

/// All keys of a server or of a client. Cheap to clone; never changes: a new set of keys is a new ring.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

pub(crate) struct Inner {
    signing: Option<SigningKey>,
    /// The key that belongs to `signing` comes first. Empty only in [`KeyRing::none`].
    checking: Vec<CheckingKey>,
}

impl KeyRing {
    /// The ring of one HS256 secret of at least 32 bytes. Its text, byte for byte, is the key, so that any
    /// JWT library with the same secret reads the tokens.
    pub fn hs256(secret: &Secret) -> Result<Self, BadKey> {
        Self::new(SigningKey::hs256(secret)?, Vec::new())
    }

    /// A ring that signs with one key, and checks with it and with those of before or after it.
    ///
    /// # Errors
    /// [`BadKey::DuplicateKid`].
    pub fn new(signing: SigningKey, mut others: Vec<CheckingKey>) -> Result<Self, BadKey> {
        others.insert(0, signing.checking());
        Self::of(Some(signing), others)
    }

    /// A ring without any key: it signs nothing and refuses every token. What is left when all keys were retired.
    pub fn none() -> Self {
        Self(Arc::new(Inner { signing: None, checking: Vec::new() }))
    }

    /// A ring that only checks, from a JWK set (RFC 7517 section 5) or from a single JWK. Every key must name
    /// its `alg`, and one that cannot be used is an error: a key set that is not understood is not guessed at.
    pub fn from_jwks(jwks: &Value) -> Result<Self, BadKey> {
        let keys = match jwks.get("keys") {
            Some(Value::Array(keys)) => keys.as_slice(),
            Some(_) => return Err(BadKey::Jwk("`keys` is not a list")),
            None => std::slice::from_ref(jwks),
        };
        let checking: Vec<_> = keys.iter().map(jwk::read).collect::<Result<_, _>>()?;
        let symmetric = checking.iter().filter(|key| key.algorithm().is_symmetric()).count();
        if symmetric != 0 && symmetric != checking.len() {
            return Err(BadKey::Mixed);
        }
        Self::of(None, checking)
    }

    fn of(signing: Option<SigningKey>, checking: Vec<CheckingKey>) -> Result<Self, BadKey> {
        if checking.is_empty() {
            return Err(BadKey::Empty);
        }
        let mut kids: Vec<&str> = checking.iter().map(CheckingKey::kid).collect();
        kids.sort_unstable();
        kids.dedup();
        if kids.len() != checking.len() {
            return Err(BadKey::DuplicateKid);
        }
        Ok(Self(Arc::new(Inner { signing, checking })))
    }

    /// Makes an access token.
    ///
    /// # Errors
    /// [`BadKey::CannotSign`] when the ring only checks.
    pub fn sign(&self, claims: &Claims) -> Result<Secret, BadKey> {
        let key = self.0.signing.as_ref().ok_or(BadKey::CannotSign)?;
        key.token(&serde_json::to_vec(claims).map_err(|_| BadKey::SigningFailed)?)
    }

    /// The public keys as a JWK set: what `/.well-known/jwks.json` answers. A secret is never among them.
    pub fn jwks(&self) -> Value {
        let keys: Vec<_> = self.0.checking.iter().filter_map(CheckingKey::public_jwk).collect();
        json!({ "keys": keys })
    }

    /// The keys that tokens are checked with, the one that signs first.
    pub fn checking(&self) -> &[CheckingKey] {
        &self.0.checking
    }

    /// The `kid` of the key that signs; in a ring that only checks, of the first key.
    pub fn signing_kid(&self) -> &str {
        self.0.checking.first().map_or("", CheckingKey::kid)
    }

    /// The algorithm of the key that signs; in a ring that only checks, of the first key.
    pub fn algorithm(&self) -> Algorithm {
        self.0.checking.first().map_or(Algorithm::Hs256, CheckingKey::algorithm)
    }

    /// Whether this token is spelled as a key of this ring spells them: the header that the key writes, and claims in
    /// the layout of [`Claims`]. Such a token is checked without reading JSON; any other is as good, and takes longer.
    /// This says nothing about its signature.
    pub fn spells(&self, token: &str) -> bool {
        let Ok(parts) = jws::split(token.as_bytes()) else { return false };
        let payload = crate::base64url::decode(parts.payload).unwrap_or_default();
        self.0.recognise(token.as_bytes()).is_some() && claims::is_own(&payload)
    }

    /// Only the signature layer, for vectors whose payload is no claim set and whose header has no `typ`.
    #[cfg(test)]
    pub(crate) fn check_signature_alone(&self, token: &str) -> Result<Vec<u8>, Refusal> {
        let parts = jws::split(token.as_bytes())?;
        let json = jws::decode_header(parts.header)?;
        let header = jws::parse_header(&json)?;
        let key = match &header.kid {
            Some(kid) => self.0.by_kid(kid),
            None => self.0.checking.first(),
        };
        let key = key.filter(|key| key.algorithm().as_str() == &*header.alg).ok_or(Refusal::Signature)?;
        let malformed = |_| Refusal::Malformed("base64url");
        let payload = crate::base64url::decode(parts.payload).map_err(malformed)?;
        let signature = crate::base64url::decode(parts.signature).map_err(malformed)?;
        if key.holds(parts.signed, &signature) { Ok(payload) } else { Err(Refusal::Signature) }
    }
}

impl Inner {
    /// The key that writes exactly the header that this token begins with. A header that one of our own keys writes is
    /// recognised as text; [`by_header`](Self::by_header) reads any other.
    #[inline]
    pub(crate) fn recognise(&self, token: &[u8]) -> Option<&CheckingKey> {
        self.checking
            .iter()
            .find(|key| token.strip_prefix(key.header().as_bytes()).is_some_and(|rest| rest.first() == Some(&b'.')))
    }

    /// The key that a token must have been signed with, by a header that is read strictly: `alg` must be one of ours, `typ` that
    /// of an access token (RFC 9068 section 4 knows two spellings), `kid` a known key whose algorithm is `alg`.
    #[cold]
    pub(crate) fn by_header(&self, segment: &[u8]) -> Result<&CheckingKey, Refusal> {
        let json = jws::decode_header(segment)?;
        let header = jws::parse_header(&json)?;
        let algorithm: Algorithm = header.alg.parse().map_err(|_| Refusal::Signature)?;
        if !header.typ.is_some_and(|typ| &*typ == ACCESS_TOKEN || &*typ == "application/at+jwt") {
            return Err(Refusal::WrongType);
        }
        let kid = header.kid.ok_or(Refusal::Signature)?;
        self.by_kid(&kid).filter(|key| key.algorithm() == algorithm).ok_or(Refusal::Signature)
    }

    pub(crate) fn by_kid(&self, kid: &str) -> Option<&CheckingKey> {
        self.checking.iter().find(|key| key.kid() == kid)
    }

    pub(crate) fn by_mark(&self, mark: KeyMark) -> Option<&CheckingKey> {
        self.checking.iter().find(|key| key.mark() == mark)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("checking", &self.0.checking).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
