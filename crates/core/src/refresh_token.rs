//! Refresh tokens: 256 random bits, kept as a hash.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::{Random, Secret, random};
use zeroize::ZeroizeOnDrop;

/// A refresh token, as its holder has it.
#[derive(ZeroizeOnDrop)]
pub(crate) struct RefreshToken([u8; 32]);

impl RefreshToken {
    /// A new one.
    pub(crate) fn new(random: &dyn Random) -> Self {
        Self(random::bytes(random))
    }

    /// From its text: 43 characters of base64url (RFC 4648 section 5) without padding, in their one spelling.
    pub(crate) fn parse(text: &Secret) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.expose()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Its text.
    pub(crate) fn to_text(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0))
    }

    /// What the database keeps of it: SHA-256, since 256 random bits need no slower hash.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = [0u8; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, &self.0).as_ref());
        hash
    }

    /// The successor, readable only for who has this token: so it can be given again to a client whose answer was
    /// lost, and the database alone reveals nothing.
    pub(crate) fn seal(&self, successor: &Self) -> Option<Vec<u8>> {
        let mut sealed = successor.0.to_vec();
        self.sealing_key()?.seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed).ok()?;
        Some(sealed)
    }

    /// The successor again.
    pub(crate) fn unseal(&self, sealed: &[u8]) -> Option<Self> {
        let mut sealed = sealed.to_vec();
        let bytes = self.sealing_key()?.open_in_place(nonce(), Aad::empty(), &mut sealed).ok()?;
        let bytes: &[u8] = bytes;
        bytes.try_into().ok().map(Self)
    }

    fn sealing_key(&self) -> Option<LessSafeKey> {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), b"durward refresh successor v1");
        UnboundKey::new(&AES_256_GCM, key.as_ref()).ok().map(LessSafeKey::new)
    }
}

/// Constant, because each key comes from a token that is rotated once and so seals one text only.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_verify::SystemRandom;

    #[test]
    fn only_its_holder_reads_the_successor() {
        let (token, other) = (RefreshToken::new(&SystemRandom), RefreshToken::new(&SystemRandom));
        let successor = RefreshToken::new(&SystemRandom);
        let sealed = token.seal(&successor).unwrap();
        assert_eq!(token.unseal(&sealed).unwrap().0, successor.0);
        assert!(other.unseal(&sealed).is_none());
        assert!(!sealed.windows(32).any(|window| window == successor.0));
    }

    #[test]
    fn one_spelling() {
        let token = RefreshToken::new(&SystemRandom);
        let text = token.to_text();
        assert_eq!(text.expose().len(), 43);
        assert_eq!(RefreshToken::parse(&text).unwrap().0, token.0);
        let zeros = "A".repeat(42);
        for bad in ["", "x", &format!("{}=", text.expose()), &format!("{} ", text.expose()), &format!("{zeros}B")] {
            assert!(RefreshToken::parse(&Secret::new(bad)).is_none(), "{bad}");
        }
    }
}
