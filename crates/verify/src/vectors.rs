//! The vectors of Project Wycheproof, where they stand beside the checkout. They are read, never copied here.

use std::path::PathBuf;

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::keys::{CheckingKey, KeyRing};
use crate::kit::Kit;
use crate::refusal::Refusal;

/// The groups of a file with their tests, or `None`, said aloud, where the folder is not there.
fn groups(name: &str) -> Option<Vec<Value>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/wycheproof"));
    if !root.is_dir() {
        println!("skipped: {} is not there", root.display());
        return None;
    }
    let text = std::fs::read_to_string(root.join(name)).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    Some(file["testGroups"].as_array().unwrap().clone())
}

fn tests(group: &Value) -> impl Iterator<Item = (u64, &str, &Value)> {
    let tests = group["tests"].as_array().unwrap().iter();
    tests.map(|test| (test["tcId"].as_u64().unwrap(), test["result"].as_str().unwrap(), test))
}

/// The key that a verifier would have: the public half, where there is one.
fn key(group: &Value) -> &Value {
    group.get("public").unwrap_or(&group["private"])
}

/// The token of a test. Two of them are in the JSON serialisation, which is text too, and no token here.
fn token(test: &Value) -> String {
    let token = test.get("jws").unwrap_or(&test["jwe"]);
    token.as_str().map_or_else(|| token.to_string(), str::to_owned)
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// What became of a file's vectors.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    accepted: usize,
    refused: usize,
    /// The key or the key set was refused, and with it the token.
    key_refused: usize,
}

impl Tally {
    fn total(&self) -> usize {
        self.accepted + self.refused + self.key_refused
    }
}

/// Runs a JWS file at the signature layer. Every token that is let in must be valid; every valid token must be
/// let in, but for the `exceptions` and those whose key is of an algorithm that is not offered.
fn run_jws(name: &str, exceptions: &[u64], skip: &[u64]) -> Option<Tally> {
    let mut tally = Tally::default();
    for group in groups(name)? {
        let ring = KeyRing::from_jwks(key(&group));
        let offered = offered(key(&group));
        for (id, result, test) in tests(&group) {
            if skip.contains(&id) {
                continue;
            }
            let token = &token(test);
            let outcome = match &ring {
                Ok(ring) => ring.check_signature_alone(token).map(drop),
                Err(_) => Err(Refusal::Signature),
            };
            match (&outcome, &ring) {
                (Ok(()), _) => tally.accepted += 1,
                (Err(_), Ok(_)) => tally.refused += 1,
                (Err(_), Err(_)) => tally.key_refused += 1,
            }
            let expected = result == "valid" && offered && !exceptions.contains(&id);
            assert_eq!(outcome.is_ok(), expected, "{name} {id}: {} {outcome:?} {ring:?}", test["comment"]);
        }
    }
    Some(tally)
}

fn offered(jwk: &Value) -> bool {
    let keys = jwk["keys"].as_array().cloned().unwrap_or_else(|| vec![jwk.clone()]);
    keys.iter().all(|key| ["HS256", "ES256", "RS256", "EdDSA"].iter().any(|name| key["alg"] == *name))
}

#[test]
fn json_web_signature() {
    // 367 and 370 are labelled invalid but are, byte for byte, the valid 357. 372 and 373 are labelled valid and
    // hold a character that is none of base64url.
    if let Some(tally) = run_jws("json_web_signature_test.json", &[372, 373], &[367, 370]) {
        assert_eq!(tally.total(), 399);
        assert_eq!(tally.accepted, 18, "of HS256, ES256 and RS256");
        assert!(tally.refused > 250, "{tally:?}");
    }
}

#[test]
fn json_web_key() {
    if let Some(tally) = run_jws("json_web_key_test.json", &[], &[]) {
        assert_eq!(tally.total(), 26);
        assert_eq!(
            (tally.accepted, tally.refused),
            (3, 1),
            "14 and 15, though valid, are of HS384 and HS512: {tally:?}"
        );
    }
}

#[test]
fn json_web_crypto() {
    if let Some(tally) = run_jws("json_web_crypto_test.json", &[], &[]) {
        assert_eq!((tally.total(), tally.accepted), (83, 4), "{tally:?}");
        assert!(tally.refused > 20, "{tally:?}");
    }
}

/// Every string of every JOSE file, sent to a verifier with a key of its own.
#[tokio::test]
async fn all_of_them_are_refused_by_a_server_with_another_key() {
    let kit = Kit::new();
    let mut seen = 0;
    for name in [
        "json_web_signature_test.json",
        "json_web_key_test.json",
        "json_web_crypto_test.json",
        "json_web_encryption_test.json",
    ] {
        let Some(groups) = groups(name) else { return };
        for group in &groups {
            for (id, _, test) in tests(group) {
                let refused = kit.verifier.token(&token(test)).await.expect_err("let in");
                let expected = matches!(refused, Refusal::Malformed(_) | Refusal::Signature | Refusal::WrongType);
                assert!(expected, "{name} {id}: {refused:?}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 649);
}

/// Nor does a JWE pass at the signature layer with the very key that it was made for.
#[test]
fn json_web_encryption() {
    let Some(groups) = groups("json_web_encryption_test.json") else { return };
    let mut seen = 0;
    for group in &groups {
        let ring = KeyRing::from_jwks(key(group));
        for (id, _, test) in tests(group) {
            assert!(ring.as_ref().map_or(true, |ring| ring.check_signature_alone(&token(test)).is_err()), "{id}");
            seen += 1;
        }
    }
    assert_eq!(seen, 139);
}

#[test]
fn hmac_sha256() {
    let Some(groups) = groups("hmac_sha256_test.json") else { return };
    let (mut accepted, mut refused) = (0, 0);
    for group in &groups {
        let whole = group["tagSize"] == 256;
        for (id, result, test) in tests(group) {
            let (secret, message, tag) = (hex(&test["key"]), hex(&test["msg"]), hex(&test["tag"]));
            // Keys under 32 bytes are refused by us before any MAC is made: there the MAC alone is tried.
            let holds = match CheckingKey::secret(None, &secret) {
                Ok(key) => key.holds(&message, &tag),
                Err(_) => hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &message, &tag).is_ok(),
            };
            assert_eq!(holds, result == "valid" && whole, "{id}: a cut tag is no tag");
            if holds { accepted += 1 } else { refused += 1 }
        }
    }
    assert_eq!((accepted + refused, accepted), (174, 33));
}

/// Runs a file of bare signatures: the valid ones hold, no other does, `acceptable` ones included.
fn run_signatures(name: &str, key: impl Fn(&Value) -> CheckingKey) -> Option<(usize, usize)> {
    let (mut accepted, mut refused) = (0, 0);
    for group in groups(name)? {
        let key = key(&group);
        for (id, result, test) in tests(&group) {
            let holds = key.holds(&hex(&test["msg"]), &hex(&test["sig"]));
            assert_eq!(holds, result == "valid", "{name} {id}: {}", test["comment"]);
            if holds { accepted += 1 } else { refused += 1 }
        }
    }
    Some((accepted, refused))
}

#[test]
fn ed25519() {
    let counted = run_signatures("ed25519_test.json", |group| {
        CheckingKey::ed25519(None, &hex(&group["publicKey"]["pk"])).unwrap()
    });
    assert!(counted.is_none_or(|counts| counts == (88, 63)), "{counted:?}");
}

#[test]
fn ecdsa_p256_in_the_form_of_jose() {
    let counted = run_signatures("ecdsa_secp256r1_sha256_p1363_test.json", |group| {
        CheckingKey::p256(None, &hex(&group["publicKey"]["uncompressed"])).unwrap()
    });
    assert!(counted.is_none_or(|counts| counts == (173, 89)), "{counted:?}");
}

#[test]
fn rsa_pkcs1_of_2048_bits() {
    let number = |value: &Value| {
        let text = value.as_str().unwrap().trim_start_matches('0');
        hex(&json!(format!("{}{text}", "0".repeat(text.len() % 2))))
    };
    let counted = run_signatures("rsa_signature_2048_sha256_test.json", |group| {
        let (n, e) = (number(&group["publicKey"]["modulus"]), number(&group["publicKey"]["publicExponent"]));
        CheckingKey::rsa(None, &n, &e).unwrap()
    });
    assert!(counted.is_none_or(|counts| counts == (9, 250)), "{counted:?}");
}
