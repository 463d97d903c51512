//! A key that makes signatures.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use durward_proto::{Random, Secret, random};
use zeroize::Zeroizing;

use super::{Algorithm, BadKey, CheckingKey};
use crate::base64url;

/// A key that signs with one algorithm. `kid` is derived from the key, and so the same after every start.
pub struct SigningKey {
    material: Material,
    checking: CheckingKey,
}

enum Material {
    Secret(Box<hmac::Key>),
    Ed25519(Box<Ed25519KeyPair>),
    P256(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

impl SigningKey {
    /// HS256 with the bytes of a text, at least 32 of them.
    pub fn hs256(secret: &Secret) -> Result<Self, BadKey> {
        Self::secret(secret.expose().as_bytes())
    }

    /// A private key in PKCS#8 (RFC 5208; DER) for one of the algorithms with public keys.
    pub fn pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, BadKey> {
        match algorithm {
            Algorithm::Hs256 => Err(BadKey::Algorithm),
            Algorithm::EdDsa => Self::ed25519(der),
            Algorithm::Es256 => Self::p256(der),
            Algorithm::Rs256 => Self::rsa(der),
        }
    }

    /// A private part as [`generate`](Self::generate) gives it: the text of a secret, or PKCS#8.
    pub fn from_private(algorithm: Algorithm, private: &[u8]) -> Result<Self, BadKey> {
        match algorithm {
            Algorithm::Hs256 => Self::secret(private),
            _ => Self::pkcs8(algorithm, private),
        }
    }

    /// A new key, and its private part. For HS256 that is a text of 43 characters, so that any JWT library can be given
    /// it; for the others PKCS#8 (DER). RSA keys have 3072 bits (as strong as the others: NIST SP 800-57 part 1, table 2)
    /// and take up to seconds to make.
    ///
    /// # Errors
    /// [`BadKey::NotMade`] when the library fails.
    pub fn generate(algorithm: Algorithm, random: &dyn Random) -> Result<(Self, Zeroizing<Vec<u8>>), BadKey> {
        let private = Zeroizing::new(match algorithm {
            Algorithm::Hs256 => base64url::encode(*Zeroizing::new(random::bytes::<32>(random))).into_bytes(),
            Algorithm::EdDsa => {
                Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| BadKey::NotMade)?.as_ref().to_vec()
            }
            Algorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| BadKey::NotMade)?
                .as_ref()
                .to_vec(),
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| BadKey::NotMade)?;
                AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| BadKey::NotMade)?.as_ref().to_vec()
            }
        });
        Ok((Self::from_private(algorithm, &private)?, private))
    }

    fn secret(bytes: &[u8]) -> Result<Self, BadKey> {
        let checking = CheckingKey::secret(None, bytes)?;
        Ok(Self { material: Material::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, bytes))), checking })
    }

    fn ed25519(der: &[u8]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| BadKey::NotEd25519)?;
        let checking = CheckingKey::ed25519(None, pair.public_key().as_ref())?;
        Ok(Self { material: Material::Ed25519(Box::new(pair)), checking })
    }

    fn p256(der: &[u8]) -> Result<Self, BadKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(|_| BadKey::NotP256)?;
        let checking = CheckingKey::p256(None, pair.public_key().as_ref())?;
        Ok(Self { material: Material::P256(Box::new(pair)), checking })
    }

    fn rsa(der: &[u8]) -> Result<Self, BadKey> {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| BadKey::NotRsa)?;
        if pair.public_modulus_len() < 256 {
            return Err(BadKey::NotRsa);
        }
        let public = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let checking = CheckingKey::rsa(None, &public.n, &public.e)?;
        Ok(Self { material: Material::Rsa(Box::new(pair)), checking })
    }

    /// The key that checks what this one signs: what stays in a ring after another key has begun to sign.
    pub fn checking(&self) -> CheckingKey {
        self.checking.clone()
    }

    /// A token with this payload.
    pub(crate) fn token(&self, payload: &[u8]) -> Result<Secret, BadKey> {
        let mut token = String::with_capacity(self.checking.header().len() + payload.len() * 4 / 3 + 360);
        token.push_str(self.checking.header());
        token.push('.');
        base64url::encode_onto(payload, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        base64url::encode_onto(signature, &mut token);
        Ok(Secret::from(token))
    }

    fn signature(&self, signed: &[u8]) -> Result<Vec<u8>, BadKey> {
        let failed = |_| BadKey::SigningFailed;
        match &self.material {
            Material::Secret(key) => Ok(hmac::sign(key, signed).as_ref().to_vec()),
            Material::Ed25519(pair) => Ok(pair.try_sign(signed).map_err(failed)?.as_ref().to_vec()),
            Material::P256(pair) => Ok(pair.sign(&SystemRandom::new(), signed).map_err(failed)?.as_ref().to_vec()),
            Material::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.checking).finish()
    }
}
