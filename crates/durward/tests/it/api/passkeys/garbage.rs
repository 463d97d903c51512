//! Credentials of every shape: refused, never with a 5xx, and without a panic.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::{FINISH, begin, log_in, owner};
use crate::kit::{Authenticator, on_both, panics};

const CASES: usize = 400;

/// What becomes of one place in a credential.
#[derive(Debug, Clone)]
enum Mutation {
    Replace(Index, Value),
    Remove(Index),
    Flip(Index, Index, u8),
    Cut(Index, Index),
    Longer(Index, Vec<u8>),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let values = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "[A-Za-z0-9_-]{0,200}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["usb", 5, null])),
        Just(json!({ "appid": "x", "prf": { "results": { "first": [1, 2] } } })),
        (1_usize..120).prop_map(|depth| (0..depth).fold(Value::Null, |inner, _| json!([inner]))),
    ];
    let index = any::<Index>;
    prop_oneof![
        (index(), values).prop_map(|(at, value)| Mutation::Replace(at, value)),
        index().prop_map(Mutation::Remove),
        (index(), index(), 1_u8..).prop_map(|(at, byte, mask)| Mutation::Flip(at, byte, mask)),
        (index(), index()).prop_map(|(at, length)| Mutation::Cut(at, length)),
        (index(), prop::collection::vec(any::<u8>(), 1..60)).prop_map(|(at, tail)| Mutation::Longer(at, tail)),
    ]
}

/// A text or some bytes in CBOR (RFC 8949 section 3.1).
fn cbor(major: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[major << 5 | 25], length.as_slice(), content].concat()
}

/// What stands in an attestation of some format, in CBOR: members that formats have, with values that they may have.
fn statement() -> impl Strategy<Value = Vec<u8>> {
    let junk = || prop::collection::vec(any::<u8>(), 0..300);
    let names = prop::sample::select(vec!["alg", "sig", "x5c", "ver", "certInfo", "pubArea", "response", "ecdaaKeyId"]);
    // A certificate's and a TPM structure's first bytes, to get a little further.
    let bytes = prop_oneof![
        junk(),
        junk().prop_map(|tail| [b"\x30\x82\x01\x00\x30\x81\xa0".as_slice(), &tail].concat()),
        junk().prop_map(|tail| [b"\xff\x54\x43\x47\x80\x17".as_slice(), &tail].concat()),
        junk().prop_map(|tail| [b"\x00\x23\x00\x0b".as_slice(), &tail].concat()),
    ];
    let value = prop_oneof![
        bytes.clone().prop_map(|content| cbor(2, &content)),
        bytes.prop_map(|content| [vec![0x81], cbor(2, &content)].concat()),
        prop::sample::select(vec![b"\x26".to_vec(), b"\x39\x01\x00".to_vec(), b"\x39\xff\xfe".to_vec()]),
        Just(cbor(3, b"2.0")),
        Just(vec![0x80]),
        Just(vec![0xf6]),
    ];
    let member = (names, value).prop_map(|(name, value)| [cbor(3, name.as_bytes()), value].concat());
    prop::collection::vec(member, 0..7)
        .prop_map(|members| [vec![0xa0 | u8::try_from(members.len()).unwrap()], members.concat()].concat())
}

/// All places in a document, the document itself first.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    if let Value::Object(members) = value {
        for (name, member) in members {
            places(member, &format!("{at}/{name}"), all);
        }
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(value.as_str()?).ok()
}

fn text(bytes: &[u8]) -> Value {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes).into()
}

fn mutate(credential: &mut Value, mutation: &Mutation) {
    let mut all = Vec::new();
    places(credential, "", &mut all);
    let (Mutation::Replace(at, _)
    | Mutation::Remove(at)
    | Mutation::Flip(at, ..)
    | Mutation::Cut(at, _)
    | Mutation::Longer(at, _)) = mutation;
    let at = at.get(&all).clone();
    if let Mutation::Remove(_) = mutation {
        if let Some((parent, name)) = at.rsplit_once('/')
            && let Some(Value::Object(members)) = credential.pointer_mut(parent)
        {
            members.remove(name);
        }
        return;
    }
    let place = credential.pointer_mut(&at).unwrap();
    match mutation {
        Mutation::Replace(_, value) => *place = value.clone(),
        Mutation::Flip(_, byte, mask) => {
            if let Some(mut content) = bytes(place).filter(|content| !content.is_empty()) {
                let at = byte.index(content.len());
                content[at] ^= mask;
                *place = text(&content);
            }
        }
        Mutation::Cut(_, length) => {
            if let Some(content) = bytes(place) {
                *place = text(&content[..length.index(content.len() + 1)]);
            }
        }
        Mutation::Longer(_, tail) => {
            if let Some(content) = bytes(place) {
                *place = text(&[content, tail.clone()].concat());
            }
        }
        Mutation::Remove(_) => {}
    }
}

on_both! {
    with &[("DURWARD_LIMITS__ADDRESS_FAILURES", "1000000")];

    /// A good answer with one to three places changed: a login.
    async fn logins(app) {
        panics::watch();
        let (_, mut key, _) = owner(&app, "ann").await;
        let mut runner = TestRunner::deterministic();
        let strategy = prop::collection::vec(mutation(), 1..4);
        let mut statuses = std::collections::BTreeMap::new();
        for _ in 0..CASES {
            let mutations = strategy.new_tree(&mut runner).unwrap().current();
            let options = begin(&app).await;
            let good = key.get(&app.origin, &options);
            let mut credential = good.clone();
            mutations.iter().for_each(|mutation| mutate(&mut credential, mutation));
            let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential, "transport": "bearer" });
            let answer = app.app_client().post(FINISH, body).await;
            let status = answer.status.as_u16();
            *statuses.entry(status).or_insert(0) += 1;
            assert!(matches!(status, 200 | 401 | 422), "{mutations:?}: {}", answer.text());
            // What is let in is the good answer, as far as it matters.
            if status == 200 {
                for member in ["clientDataJSON", "authenticatorData", "signature"] {
                    assert_eq!(credential["response"][member], good["response"][member], "{mutations:?}");
                }
                assert_eq!(credential["rawId"], good["rawId"]);
            }
        }
        eprintln!("answers by status: {statuses:?}");
        assert!(statuses[&401] > 20 && statuses[&422] > 20);
        log_in(&app, &mut key).await.is(200);
        assert_eq!(panics::seen(), Vec::<String>::new());
    }

    /// What authenticators may tell of their make, with nothing in it that holds. None of it is asked for.
    async fn attestations(app) {
        panics::watch();
        let ann = app.user("ann").await;
        let mut runner = TestRunner::deterministic();
        let formats = ["none", "packed", "tpm", "android-key", "android-safetynet", "fido-u2f", "apple", "", "x"];
        for _ in 0..20 {
            for format in formats {
                let statement = statement().new_tree(&mut runner).unwrap().current();
                let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
                let mut credential = Authenticator::new().create(&app.origin, &options);
                let data = bytes(&credential["response"]["authenticatorData"]).unwrap();
                let object = [
                    b"\xa3\x63fmt".to_vec(), cbor(3, format.as_bytes()), b"\x67attStmt".to_vec(), statement.clone(),
                    b"\x68authData".to_vec(), cbor(2, &data),
                ];
                credential["response"]["attestationObject"] = text(&object.concat());
                let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential });
                let answer = ann.post("/api/v1/passkeys/register/finish", body).await;
                let status = answer.status.as_u16();
                assert!(status == 422 || (status == 201 && format == "none"), "{format} {statement:?}: {}", answer.text());
                if status == 201 {
                    let id = answer.json()["id"].as_str().unwrap().to_owned();
                    ann.delete(&format!("/api/v1/passkeys/{id}")).await.is(204);
                }
            }
        }
        assert_eq!(panics::seen(), Vec::<String>::new());
    }

    /// The same with registrations.
    async fn registrations(app) {
        panics::watch();
        let ann = app.user("ann").await;
        let mut runner = TestRunner::deterministic();
        let strategy = prop::collection::vec(mutation(), 1..4);
        for _ in 0..CASES / 2 {
            let mutations = strategy.new_tree(&mut runner).unwrap().current();
            let mut key = Authenticator::new();
            let options = ann.post_empty("/api/v1/passkeys/register/begin").await.is(200).json();
            let mut credential = key.create(&app.origin, &options);
            mutations.iter().for_each(|mutation| mutate(&mut credential, mutation));
            let body = json!({ "ceremony_id": options["ceremony_id"], "credential": credential });
            let answer = ann.post("/api/v1/passkeys/register/finish", body).await;
            assert!(matches!(answer.status.as_u16(), 201 | 422), "{mutations:?}: {}", answer.text());
            if answer.status == 201 {
                let id = answer.json()["id"].as_str().unwrap().to_owned();
                ann.delete(&format!("/api/v1/passkeys/{id}")).await.is(204);
            }
        }
        assert_eq!(panics::seen(), Vec::<String>::new());
    }
}
