use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use serde_json::json;

use super::*;
use crate::kit::{self, Kit};

fn private_key(algorithm: Algorithm) -> Vec<u8> {
    let random = SystemRandom::new();
    match algorithm {
        Algorithm::Hs256 => unreachable!("a secret is no PKCS#8"),
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref().to_vec(),
        Algorithm::Es256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap().as_ref().to_vec()
        }
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec()
        }
    }
}

fn key(algorithm: Algorithm) -> SigningKey {
    match algorithm {
        Algorithm::Hs256 => SigningKey::hs256(&Secret::new(kit::SECRET)).unwrap(),
        _ => SigningKey::pkcs8(algorithm, &private_key(algorithm)).unwrap(),
    }
}

#[tokio::test]
async fn each_algorithm_signs_and_checks_and_no_other_key_does() {
    let claims = kit::claims();
    for algorithm in Algorithm::ALL {
        let ring = KeyRing::new(key(algorithm), Vec::new()).unwrap();
        let kit = Kit::with(ring.clone());
        assert_eq!(kit.of_claims(&claims).await.unwrap().user_id().0, 7, "{algorithm}");

        // A private key that is read again has the same name; another of the same kind has another.
        if !algorithm.is_symmetric() {
            let stranger = KeyRing::new(key(algorithm), Vec::new()).unwrap();
            assert_ne!(stranger.signing_kid(), ring.signing_kid());
            let token = stranger.sign(&claims).unwrap();
            assert_eq!(kit.verifier.token(token.expose()).await.unwrap_err(), Refusal::Signature);
        }
    }
}

#[tokio::test]
async fn a_client_checks_with_the_published_set() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let server = KeyRing::new(key(algorithm), Vec::new()).unwrap();
        let published = server.jwks();
        let jwk = &published["keys"][0];
        assert_eq!(
            (&jwk["alg"], &jwk["kid"], &jwk["use"]),
            (&json!(algorithm.as_str()), &json!(server.signing_kid()), &json!("sig"))
        );
        assert!(jwk.get("d").is_none());

        let client = KeyRing::from_jwks(&published).unwrap();
        assert_eq!((client.algorithm(), client.signing_kid()), (algorithm, server.signing_kid()));
        let token = server.sign(&kit::claims()).unwrap();
        assert!(Kit::with(client.clone()).verifier.token(token.expose()).await.is_ok());
        assert_eq!(client.sign(&kit::claims()).unwrap_err(), BadKey::CannotSign);
    }
}

#[test]
fn a_secret_is_never_published_and_its_name_is_stable_and_its_own() {
    let name = |text: &str| KeyRing::hs256(&Secret::new(text)).unwrap().signing_kid().to_owned();
    assert_eq!(kit::ring().jwks(), json!({ "keys": [] }));
    assert_eq!(name(kit::SECRET), name(kit::SECRET));
    assert_ne!(name(kit::SECRET), name(&format!("{}.", kit::SECRET)));
    assert_eq!(name(kit::SECRET).len(), 16);
    assert!(!format!("{:?} {:?}", kit::ring(), key(Algorithm::Hs256)).contains("secret of the tests"));
}

#[tokio::test]
async fn old_keys_go_on_checking_and_a_mixed_ring_publishes_the_public_ones() {
    let old = key(Algorithm::Hs256);
    let token = KeyRing::hs256(&Secret::new(kit::SECRET)).unwrap().sign(&kit::claims()).unwrap();
    let ring = KeyRing::new(key(Algorithm::EdDsa), vec![old.checking(), key(Algorithm::Es256).checking()]).unwrap();
    assert_eq!((ring.algorithm(), ring.jwks()["keys"].as_array().unwrap().len()), (Algorithm::EdDsa, 2));
    let kit = Kit::with(ring);
    assert!(kit.verifier.token(token.expose()).await.is_ok(), "made before the change");
    assert!(kit.of_claims(&kit::claims()).await.is_ok(), "made after it");
    let twice = KeyRing::new(key(Algorithm::Hs256), vec![old.checking()]);
    assert_eq!(twice.unwrap_err(), BadKey::DuplicateKid);
}

#[test]
fn a_key_that_was_made_is_read_again_from_its_private_part() {
    for algorithm in Algorithm::ALL {
        let (made, private) = SigningKey::generate(algorithm, &crate::SystemRandom).unwrap();
        let again = SigningKey::from_private(algorithm, &private).unwrap();
        assert_eq!(made.checking().kid(), again.checking().kid(), "{algorithm}");
        assert_eq!(made.checking().algorithm(), algorithm);
        let (another, _) = SigningKey::generate(algorithm, &crate::SystemRandom).unwrap();
        assert_ne!(made.checking().kid(), another.checking().kid(), "{algorithm}");
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm && !other.is_symmetric()) {
            assert!(SigningKey::from_private(other, &private).is_err(), "{algorithm} is not {other}");
        }
    }
}

#[tokio::test]
async fn keys_are_exchanged_while_tokens_are_checked() {
    let (old, new) = (key(Algorithm::Hs256), key(Algorithm::EdDsa));
    let kit = Kit::with(KeyRing::new(key(Algorithm::Hs256), Vec::new()).unwrap());
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    let newer = KeyRing::new(key(Algorithm::EdDsa), Vec::new()).unwrap();
    let foreign = newer.sign(&kit::claims()).unwrap();
    assert_eq!(kit.verifier.token(foreign.expose()).await.unwrap_err(), Refusal::Signature);

    kit.verifier.take_keys(KeyRing::new(new, vec![old.checking()]).unwrap());
    assert_eq!(kit.verifier.keys().algorithm(), Algorithm::EdDsa);
    assert!(kit.verifier.token(token.expose()).await.is_ok(), "the old one overlaps");
    kit.verifier.take_keys(newer);
    assert_eq!(kit.verifier.token(token.expose()).await.unwrap_err(), Refusal::Signature, "retired");
    assert!(kit.verifier.token(foreign.expose()).await.is_ok());

    kit.verifier.take_keys(KeyRing::none());
    assert_eq!(kit.verifier.token(foreign.expose()).await.unwrap_err(), Refusal::Signature);
    assert_eq!(kit.verifier.keys().sign(&kit::claims()).unwrap_err(), BadKey::CannotSign);
    assert_eq!(kit.verifier.keys().jwks(), json!({ "keys": [] }));
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret() {
    let server = KeyRing::new(key(Algorithm::Rs256), Vec::new()).unwrap();
    let n = server.jwks()["keys"][0]["n"].as_str().unwrap().to_owned();
    let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{}"}}"#, server.signing_kid());
    let payload = serde_json::to_string(&kit::claims()).unwrap();
    let signing = format!("{}.{}", crate::base64url::encode(header), crate::base64url::encode(payload));
    let mac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &crate::base64url::decode(&n).unwrap());
    let tag = aws_lc_rs::hmac::sign(&mac, signing.as_bytes());
    let token = format!("{signing}.{}", crate::base64url::encode(tag));
    assert_eq!(Kit::with(server).verifier.token(&token).await.unwrap_err(), Refusal::Signature);
}

#[test]
fn keys_that_are_too_weak_or_of_another_kind_say_what_to_do() {
    let short = SigningKey::hs256(&Secret::new("x".repeat(31))).unwrap_err();
    assert_eq!(short, BadKey::ShortSecret { bytes: 31 });
    assert!(short.to_string().contains("31 bytes") && short.to_string().contains("openssl rand"));
    assert!(SigningKey::hs256(&Secret::new("x".repeat(32))).is_ok());

    let of_1024_bits = crate::base64url::decode(RSA_OF_1024_BITS).unwrap();
    assert_eq!(SigningKey::pkcs8(Algorithm::Rs256, &of_1024_bits).unwrap_err(), BadKey::NotRsa);
    for (algorithm, error) in [
        (Algorithm::EdDsa, BadKey::NotEd25519),
        (Algorithm::Es256, BadKey::NotP256),
        (Algorithm::Rs256, BadKey::NotRsa),
    ] {
        for other in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
            let der = private_key(other);
            if other == algorithm {
                let cut = der.get(..der.len() - 1).unwrap();
                assert_eq!(SigningKey::pkcs8(algorithm, cut).unwrap_err(), error);
            } else {
                assert_eq!(SigningKey::pkcs8(algorithm, &der).unwrap_err(), error, "{other} for {algorithm}");
            }
        }
        assert!(error.to_string().contains("openssl genpkey"));
    }
    assert_eq!(SigningKey::pkcs8(Algorithm::Hs256, &[]).unwrap_err(), BadKey::Algorithm);
    assert_eq!("none".parse::<Algorithm>().unwrap_err(), BadKey::Algorithm);
    assert_eq!("hs256".parse::<Algorithm>().unwrap_err(), BadKey::Algorithm);
}

#[test]
fn a_key_set_that_is_not_understood_is_not_guessed_at() {
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPJHURo" });
    // RFC 8037 appendix A.3 names this key by its thumbprint. (RFC 7638.)
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let with = |name: &str, value: Value| {
        let mut jwk = ed.clone();
        jwk["x"] = json!(x);
        jwk[name] = value;
        jwk
    };
    let good = KeyRing::from_jwks(&with("use", json!("sig"))).unwrap();
    assert_eq!(good.signing_kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert!(KeyRing::from_jwks(&ed).is_err(), "one byte short");
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!(1)),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!("verify")),
        ("alg", json!("ES256")),
        ("alg", json!("none")),
        ("alg", json!(null)),
        ("kty", json!("EC")),
        ("crv", json!("X25519")),
        ("x", json!("")),
        ("x", json!("!!")),
        ("kid", json!(7)),
    ] {
        assert!(KeyRing::from_jwks(&with(name, value.clone())).is_err(), "{name} = {value}");
    }
    assert_eq!(KeyRing::from_jwks(&json!({ "keys": [] })).unwrap_err(), BadKey::Empty);
    assert!(KeyRing::from_jwks(&json!({ "keys": {} })).is_err());
    assert!(KeyRing::from_jwks(&json!([])).is_err());
    assert!(KeyRing::from_jwks(&json!({ "keys": [with("kid", json!("a")), 7] })).is_err());
    let twice = json!({ "keys": [with("kid", json!("a")), with("kid", json!("a"))] });
    assert_eq!(KeyRing::from_jwks(&twice).unwrap_err(), BadKey::DuplicateKid);
}

#[test]
fn the_example_of_rfc_8037() {
    let ring = KeyRing::from_jwks(&json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }))
    .unwrap();
    let jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
               hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(ring.check_signature_alone(jws).unwrap(), b"Example of Ed25519 signing");
}

/// A throw-away RSA key of 1024 bits, in PKCS#8: the library makes none as small as this.
const RSA_OF_1024_BITS: &str = "MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBAM2pmqyjH29KOK4B0XlrF7uIRKMglyc4smNYsVGKuhWHANBkJSPh5Du2PCWv1CXeWPl0vP4RiBf34jvrk0UO2ngkwRVGCHDgmHN_VOLe9JluCJ14qvi14148IHdfYav7wUlj0jLl-nOTh6TxUEvVzd7kX79Jjjy3Q2GxNZZD2b_NAgMBAAECgYBhuvIEjbO3Z_bNQZHwd-KcPCIZvrf1bGzg5tnEXP8WkcPiQ2Sey45wjaXBZu-SWzm-uSnCNkSM1z_Lp6OhEnDgApv1WvVL0AcfX-wzPxOLTNWtXEGUyTZecQPXJcPmzih583_5cV2F2unvnM-QgmXRjpiMYOaWxJecSryUEWS1RQJBAO8lw8xnQvUmNTJetA2Zhf6A7U6dFcWlg0wBFGjYG8j9TqF_eGyJ8CoskS8lwbmUzjYz8BZmquXZgmAozsU3J5MCQQDcJ8SZVFCOhrmDFA_NCJ_wgzThCxuTsqywM0-VSumwxy86fGFfmHxv8RthcDHCq4GjYJEE2csWFvs4nMw_A1cfAkAg820lDt1U9ezCgfYBIbQquwz3lgFX-FQ89rEfOReq--wHqI6pNeBXj0h53JPyxCQdp85e58qIXQ3vve-vkMftAkBRZQqUvc2CxGC2C6bD4Vpwq7HTOi4Z70dVZcMYqTe5OgtGDlJZ66CmKng7ECX1mT82zi8Pog4pvplnFuGUsoF1AkAi_nzE24nXc5pvaecR7OK0FCPsEFWdjK7Gr61-VxL8RXYiEk65ZwMNaMAzF_8bKqGa89yCZs5a6lycUjkyfd2x";

/// The quick ways of the check are for what is signed here: should they ever miss it, that is to be seen.
#[test]
fn what_a_key_signs_is_recognised_without_reading_json() {
    let claims = [None, Some(1), Some(u32::MAX)].map(|generation| Claims { generation, ..kit::claims() });
    let generated = Algorithm::ALL.map(|algorithm| SigningKey::generate(algorithm, &crate::SystemRandom).unwrap().0);
    let configured = SigningKey::hs256(&Secret::new(kit::SECRET)).unwrap();
    for key in generated.into_iter().chain([configured]) {
        let (algorithm, checking) = (key.checking().algorithm(), key.checking());
        let others = KeyRing::hs256(&Secret::new("another secret of the tests, long enough")).unwrap();
        let signing = KeyRing::new(key, others.checking().to_vec()).unwrap();
        // A ring in which the key has been replaced, and one of a client that has the public keys alone.
        let second = SigningKey::hs256(&Secret::new("a third secret of the tests, long enough")).unwrap();
        let overlapping = KeyRing::new(second, vec![checking]).unwrap();
        for claims in &claims {
            let token = signing.sign(claims).unwrap();
            assert!(signing.spells(token.expose()), "{algorithm}");
            assert!(overlapping.spells(token.expose()), "{algorithm}, replaced");
            assert!(!others.spells(token.expose()), "{algorithm}, of another ring");
            if !algorithm.is_symmetric() {
                let client = KeyRing::from_jwks(&signing.jwks()).unwrap();
                assert!(client.spells(token.expose()), "{algorithm}, from a key set");
            }
        }
        let methods = Claims { amr: vec!["pwd".into(), "otp".into()], ..kit::claims() };
        assert!(
            !signing.spells(signing.sign(&methods).unwrap().expose()),
            "a second factor is left to the strict reader"
        );
    }
}
