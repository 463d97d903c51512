//! Sealing what has to be read again: TOTP secrets, ceremonies, mails. AES-256-GCM (NIST SP 800-38D) with a random nonce,
//! bound to what it is and whose.
//!
//! The key is made from `keys.master_key`. Where none is configured it is made from the tokens' secret, so that second
//! factors work with nothing configured; what was sealed then opens after a master key was set, too.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use durward_proto::Secret;
use zeroize::Zeroizing;

use crate::fault::Fault;

/// The only form there is: this byte, the nonce, the ciphertext with its tag.
const VERSION: u8 = 1;

/// Seals and opens.
pub(crate) struct Sealer {
    current: RandomizedNonceKey,
    /// What was sealed before there was a master key.
    former: Option<RandomizedNonceKey>,
    /// For what has to look random and be the same each time.
    marks: hmac::Key,
}

/// What a sealed text is and whose: it opens under the same alone. Neither part is secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// Such as `totp`.
    pub(crate) what: &'static str,
    /// Such as the user's id.
    pub(crate) whose: &'a str,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// Under the master key, or else under a key made from the tokens' secret.
    ///
    /// # Errors
    /// When no key can be made; that does not happen with any text.
    pub(crate) fn new(master: Option<&Secret>, tokens: &Secret) -> Result<Self, Fault> {
        let from_tokens = key(tokens)?;
        let marks = made_from(master.unwrap_or(tokens), b"durward marks v1");
        let marks = hmac::Key::new(hmac::HMAC_SHA256, marks.as_ref());
        Ok(match master {
            Some(master) => Self { current: key(master)?, former: Some(from_tokens), marks },
            None => Self { current: from_tokens, former: None, marks },
        })
    }

    /// 32 bytes that are always the same for the same text, and tell nobody anything.
    pub(crate) fn mark(&self, what: &'static str, text: &str) -> [u8; 32] {
        let mut mark = [0; 32];
        mark.copy_from_slice(hmac::sign(&self.marks, format!("{what} {text}").as_bytes()).as_ref());
        mark
    }

    /// Seals.
    ///
    /// # Errors
    /// `unavailable` when there is no randomness.
    pub(crate) fn seal(&self, about: About<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut text = plain.to_vec();
        let nonce = self.current.seal_in_place_append_tag(about.bytes(), &mut text);
        let nonce = nonce.map_err(|_| Fault::unavailable("sealing"))?;
        Ok([&[VERSION][..], nonce.as_ref(), &text].concat())
    }

    /// Opens what was sealed for the same.
    ///
    /// # Errors
    /// `unavailable` when it was sealed under another key, for something else, or was changed: an operator has to look.
    pub(crate) fn open(&self, about: About<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let keys = [Some(&self.current), self.former.as_ref()];
        keys.into_iter().flatten().find_map(|key| open(key, about, sealed)).ok_or_else(|| {
            Fault::unavailable(format!("a sealed {} cannot be opened: was keys.master_key changed?", about.what))
        })
    }
}

impl About<'_> {
    fn bytes(self) -> Aad<Vec<u8>> {
        Aad::from(format!("{} {}", self.what, self.whose).into_bytes())
    }
}

fn key(secret: &Secret) -> Result<RandomizedNonceKey, Fault> {
    let key = made_from(secret, b"durward sealing v1");
    RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| Fault::unavailable("making a key to seal with"))
}

fn made_from(secret: &Secret, purpose: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()), purpose)
}

fn open(key: &RandomizedNonceKey, about: About<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = sealed.strip_prefix(&[VERSION])?.split_at_checked(NONCE_LEN)?;
    let mut text = Zeroizing::new(text.to_vec());
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let length = key.open_in_place(nonce, about.bytes(), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(letter: &str) -> Secret {
        Secret::new(letter.repeat(40))
    }

    #[test]
    fn it_opens_for_the_same_thing_of_the_same_user_alone() {
        let sealer = Sealer::new(Some(&secret("m")), &secret("t")).unwrap();
        let about = About { what: "totp", whose: "7" };
        let sealed = sealer.seal(about, b"twenty bytes of a key").unwrap();
        assert_eq!(sealer.open(about, &sealed).unwrap().as_slice(), b"twenty bytes of a key");
        assert_ne!(sealed, sealer.seal(about, b"twenty bytes of a key").unwrap(), "no two are the same");
        for other in [About { whose: "8", ..about }, About { what: "mail", ..about }] {
            assert!(sealer.open(other, &sealed).is_err());
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(about, &changed).is_err(), "byte {at}");
            assert!(sealer.open(about, &sealed[..at]).is_err(), "{at} bytes");
        }
    }

    #[test]
    fn a_master_key_may_come_later() {
        let about = About { what: "totp", whose: "7" };
        let before = Sealer::new(None, &secret("t")).unwrap().seal(about, b"x").unwrap();
        let with_master = Sealer::new(Some(&secret("m")), &secret("t")).unwrap();
        assert_eq!(with_master.open(about, &before).unwrap().as_slice(), b"x");
        let after = with_master.seal(about, b"y").unwrap();
        assert!(Sealer::new(None, &secret("t")).unwrap().open(about, &after).is_err());
        assert!(Sealer::new(Some(&secret("n")), &secret("u")).unwrap().open(about, &before).is_err());
    }
}
