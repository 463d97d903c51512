//! Sealing private parts: AES-256-GCM under a key made from the configuration's `keys.master_key`.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use durward_proto::Secret;
use durward_verify::Algorithm;
use zeroize::Zeroizing;

use super::fault::KeyFault;

/// The only form of a sealed part there is: this byte, the nonce, the ciphertext with its tag.
const VERSION: u8 = 1;
/// The shortest master key, in bytes.
const SHORTEST: usize = 32;

/// What private parts are sealed under.
#[derive(Clone)]
pub(super) struct MasterKey(Arc<RandomizedNonceKey>);

impl MasterKey {
    /// From the configuration's text, which may be any of at least 32 random bytes.
    pub(super) fn new(text: &Secret) -> Result<Self, KeyFault> {
        let bytes = text.expose().len();
        if bytes < SHORTEST {
            return Err(KeyFault::ShortMaster { bytes });
        }
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, text.expose().as_bytes()), b"durward signing keys v1");
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| KeyFault::ShortMaster { bytes })?;
        Ok(Self(Arc::new(key)))
    }

    /// A private part, sealed for this key alone.
    pub(super) fn seal(&self, kid: &str, algorithm: Algorithm, private: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let mut text = private.to_vec();
        let nonce = self.0.seal_in_place_append_tag(about(kid, algorithm), &mut text);
        let nonce = nonce.map_err(|_| KeyFault::Sealed { kid: kid.to_owned() })?;
        Ok([&[VERSION][..], nonce.as_ref(), &text].concat())
    }

    /// The private part again. It opens only for the key it was sealed for.
    pub(super) fn open(&self, kid: &str, algorithm: Algorithm, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        let open = || {
            let (nonce, text) = sealed.strip_prefix(&[VERSION])?.split_at_checked(NONCE_LEN)?;
            let mut text = Zeroizing::new(text.to_vec());
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let length = self.0.open_in_place(nonce, about(kid, algorithm), &mut text).ok()?.len();
            text.truncate(length);
            Some(text)
        };
        open().ok_or_else(|| KeyFault::Sealed { kid: kid.to_owned() })
    }
}

/// What a sealed part is bound to.
fn about(kid: &str, algorithm: Algorithm) -> Aad<Vec<u8>> {
    Aad::from(format!("{algorithm} {kid}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(text: &str) -> MasterKey {
        MasterKey::new(&Secret::new(text.repeat(32))).unwrap()
    }

    #[test]
    fn a_part_opens_under_its_own_master_key_for_its_own_key() {
        let private = b"the private part of a signing key";
        let sealed = master("a").seal("kid", Algorithm::EdDsa, private).unwrap();
        assert_eq!(master("a").open("kid", Algorithm::EdDsa, &sealed).unwrap().as_slice(), private);
        assert!(!sealed.windows(8).any(|window| private.windows(8).any(|part| part == window)));

        let fault = KeyFault::Sealed { kid: "kid".to_owned() };
        assert_eq!(master("b").open("kid", Algorithm::EdDsa, &sealed).unwrap_err(), fault);
        assert!(master("a").open("another", Algorithm::EdDsa, &sealed).is_err());
        assert_eq!(master("a").open("kid", Algorithm::Es256, &sealed).unwrap_err(), fault);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(master("a").open("kid", Algorithm::EdDsa, &changed).unwrap_err(), fault, "byte {at}");
            assert_eq!(master("a").open("kid", Algorithm::EdDsa, &sealed[..at]).unwrap_err(), fault, "{at} bytes");
        }
    }

    #[test]
    fn no_two_seals_are_the_same() {
        let seal = || master("a").seal("kid", Algorithm::Hs256, b"x").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_short_master_key_is_refused() {
        let short = MasterKey::new(&Secret::new("x".repeat(31))).err().unwrap();
        assert_eq!(short, KeyFault::ShortMaster { bytes: 31 });
        assert!(MasterKey::new(&Secret::new("x".repeat(32))).is_ok());
    }
}
