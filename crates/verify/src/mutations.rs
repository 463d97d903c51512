//! Properties: nothing that differs from a good token is let in, and nothing at all makes this crate panic.

use proptest::prelude::*;

use crate::carried::{Surface, cookie, find};
use crate::kit::{self, Kit};
use crate::{Refusal, Trace};

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Every byte, every other value that it can have in a text, one at a time: more than 70,000 tokens.
#[test]
fn no_single_byte_of_a_good_token_can_be_another() {
    let kit = Kit::new();
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    let token = token.expose();
    let mut tried = 0;
    now(async {
        assert!(kit.verifier.token(token).await.is_ok());
        for at in 0..token.len() {
            for byte in 0..128u8 {
                let mut mutated = token.as_bytes().to_vec();
                if std::mem::replace(&mut mutated[at], byte) == byte {
                    continue;
                }
                let mutated = String::from_utf8(mutated).unwrap();
                assert!(kit.verifier.token(&mutated).await.is_err(), "byte {at} as {byte}: {mutated}");
                tried += 1;
            }
        }
    });
    assert_eq!(tried, token.len() * 127);
}

#[test]
fn no_shorter_and_no_longer_token_is_good() {
    let kit = Kit::new();
    let token = kit.verifier.keys().sign(&kit::claims()).unwrap();
    let token = token.expose();
    now(async {
        for at in 0..token.len() {
            let (head, tail) = token.split_at(at);
            for other in [head.to_owned(), tail.to_owned(), format!("{head}A{tail}"), format!("{head}{}", &tail[1..])] {
                assert!(other == token || kit.verifier.token(&other).await.is_err(), "at {at}: {other}");
            }
        }
    });
}

/// A JSON value of any shape that serde_json can hold.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|object| serde_json::Value::Object(object.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused(token in "\\PC{0,80}|[A-Za-z0-9_.-]{0,300}|(eyJ[A-Za-z0-9_-]{0,80}\\.){2}[A-Za-z0-9_-]{0,90}") {
        let refused = now(Kit::new().verifier.token(&token)).unwrap_err();
        prop_assert!(matches!(refused, Refusal::Malformed(_) | Refusal::Signature | Refusal::WrongType));
    }

    #[test]
    fn any_bytes_within_a_correct_signature_are_refused(header in prop::collection::vec(any::<u8>(), 0..80), payload in prop::collection::vec(any::<u8>(), 0..200), ours in any::<bool>()) {
        let header = if ours { kit::good_header().into_bytes() } else { header };
        let signing = format!("{}.{}", crate::base64url::encode(header), crate::base64url::encode(payload));
        let refused = now(Kit::new().verifier.token(&kit::signed_segments(&signing))).unwrap_err();
        prop_assert!(matches!(refused, Refusal::Malformed(_) | Refusal::Signature | Refusal::WrongType));
    }

    /// One claim replaced by anything: let in only when the claim is one whose value is not looked at here,
    /// and the value is of its type.
    #[test]
    fn any_value_of_a_claim_is_refused_or_harmless(index in 0usize..15, value in json()) {
        let kit = Kit::new();
        let name = serde_json::to_value(kit::claims()).unwrap().as_object().unwrap().keys().nth(index).unwrap().clone();
        let outcome = now(kit.of_changed(|claims| { claims.insert(name.clone(), value.clone()); }));
        match outcome {
            Ok(verified) => {
                prop_assert!(["email", "role", "scope", "amr", "auth_time", "iat", "nbf", "exp", "gen"].contains(&name.as_str()), "{name} = {value}");
                prop_assert_eq!((verified.user_id().0, verified.email()), (7, "ann@example.com"));
            }
            Err(refusal) => prop_assert!(refusal != Refusal::Signature),
        }
    }

    #[test]
    fn any_headers_and_any_query_are_survived(
        lines in prop::collection::vec((0usize..4, prop::collection::vec(any::<u8>(), 0..60)), 0..6),
        query in prop::option::of("\\PC{0,60}|(token|ticket|a)=[a-z%&=0-9+]{0,30}"),
        socket in any::<bool>(),
        token_in_url in any::<bool>(),
    ) {
        let names = ["authorization", "cookie", "sec-websocket-protocol", "x"];
        let mut map = http::HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                map.append(names[name], value);
            }
        }
        let surface = if socket { Surface::Socket { token_in_url } } else { Surface::Rest };
        let _ = cookie(&map, "a");
        if let Ok(carried) = find(&map, query.as_deref(), "a", surface) {
            prop_assert!(carried.token.is_ascii());
        }
        let kit = Kit::new();
        prop_assert!(now(kit.verifier.rest_traced(&map, &mut Trace::default())).is_err());
        prop_assert!(now(kit.verifier.socket(&map, query.as_deref(), None, token_in_url)).is_err());
    }

    #[test]
    fn cookies_that_look_like_ours(line in "(a|b|__Host-a)?[ =;]{0,3}(a=[!-~]{0,8})?; ?(a=[ -~]{0,8})?") {
        let map = kit::headers(&[("cookie", line.as_str())]);
        if let Ok(Some(value)) = cookie(&map, "a") {
            let pair = format!("a={value}");
            let spaced = line.replace(' ', "");
            prop_assert!(spaced.contains(&pair.replace(' ', "")), "{line:?} gave {value:?}");
        }
    }
}
