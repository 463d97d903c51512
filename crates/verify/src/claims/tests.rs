use serde_json::{Map, Value, json};

use super::*;
use crate::kit;

fn good() -> Map<String, Value> {
    serde_json::to_value(kit::claims()).unwrap().as_object().unwrap().clone()
}

fn ours() -> Ours {
    Ours::new(kit::ISSUER, kit::AUDIENCE)
}

fn read(json: &[u8]) -> Result<Needed, Refusal> {
    super::read(json, &ours())
}

fn reads(object: &Map<String, Value>) -> bool {
    match read(Value::Object(object.clone()).to_string().as_bytes()) {
        Ok(_) => true,
        Err(Refusal::Malformed(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_read() {
    let json = serde_json::to_vec(&kit::claims()).unwrap();
    let claims = read(&json).unwrap();
    assert_eq!((claims.id, claims.is_ours, claims.generation), (7, true, Some(1)));
    assert_eq!(claims.amr.as_slice(), ["pwd"]);
    assert_eq!(serde_json::to_value(read_all(&json).unwrap()).unwrap(), Value::Object(good()));
}

#[test]
fn every_claim_but_the_generation_is_required() {
    assert_eq!(good().len(), 15);
    for name in good().keys() {
        let mut object = good();
        object.remove(name);
        assert_eq!(reads(&object), name == "gen", "without {name}");
    }
}

#[test]
fn every_claim_has_one_type() {
    for name in good().keys() {
        for wrong in [json!(null), json!(true), json!({}), json!([1]), json!(1.5), json!(7.0), json!(["x", 1])] {
            let mut object = good();
            object.insert(name.clone(), wrong.clone());
            assert!(!reads(&object), "{name} = {wrong}");
        }
    }
    for name in ["id", "iat", "nbf", "exp", "auth_time", "gen"] {
        for wrong in [json!("7"), json!(1e3), json!(u64::MAX), json!("")] {
            let mut object = good();
            object.insert(name.into(), wrong.clone());
            assert!(!reads(&object), "{name} = {wrong}");
        }
    }
    for (name, wrong) in [
        ("iss", json!(7)),
        ("aud", json!([kit::AUDIENCE])),
        ("sub", json!(7)),
        ("sid", json!("7")),
        ("sid", json!("0199000000007000800000000000000a")),
        ("jti", json!("")),
        ("amr", json!("pwd")),
        ("gen", json!(-1)),
        ("gen", json!(u64::from(u32::MAX) + 1)),
    ] {
        let mut object = good();
        object.insert(name.into(), wrong.clone());
        assert!(!reads(&object), "{name} = {wrong}");
    }
}

#[test]
fn numbers_in_another_spelling_are_not_integers() {
    for spelling in ["7.0", "7e0", "0.7e1", "-0", "07", "+7", "0x7", "7,", "NaN", "9223372036854775808"] {
        let json = Value::Object(good()).to_string().replacen(r#""id":7"#, &format!(r#""id":{spelling}"#), 1);
        assert!(read(json.as_bytes()).is_err(), "{spelling}");
    }
}

#[test]
fn the_identity_is_sub_in_its_one_spelling() {
    for sub in ["8", "07", "+7", "-7", " 7", "7 ", "7.0", "", "0", "٧", "18446744073709551623"] {
        let mut object = good();
        object.insert("sub".into(), json!(sub));
        assert!(!reads(&object), "sub {sub:?}");
    }
    for (sub, id, good_pair) in [("0", 0, false), ("-7", -7, false), ("9223372036854775807", i64::MAX, true)] {
        let mut object = good();
        object.insert("sub".into(), json!(sub));
        object.insert("id".into(), json!(id));
        assert_eq!(reads(&object), good_pair, "{sub}");
    }
}

#[test]
fn a_member_twice_is_refused_known_or_not() {
    let whole = Value::Object(good()).to_string();
    let with = |more: &str| format!("{},{more}}}", whole.strip_suffix('}').unwrap());
    assert!(read(with(r#""nonce":"a","other":{"x":[1]}"#).as_bytes()).is_ok(), "unknown claims are ignored");
    for (name, value) in good() {
        assert!(read(with(&format!(r#""{name}":{value}"#)).as_bytes()).is_err(), "{name} twice");
    }
    assert!(read(with(r#""\u0065xp":1"#).as_bytes()).is_err(), "escaped, it is the same name");
    assert!(read(with(r#""nonce":"a","nonce":"a""#).as_bytes()).is_err());
    assert!(read(with(r#""nonce":{"a":1,"a":1}"#).as_bytes()).is_err());
}

#[test]
fn escapes_mean_what_they_stand_for() {
    let json = Value::Object(good()).to_string().replace("durward", "d\\u0075rward");
    assert!(read(json.as_bytes()).unwrap().is_ours);
}

#[test]
fn what_is_no_object_of_claims() {
    for json in ["", "null", "[]", "{}", "7", "\"x\"", "{", "{\"iss\"", "\u{feff}{}"] {
        assert!(read(json.as_bytes()).is_err(), "{json}");
    }
    let whole = Value::Object(good()).to_string();
    assert!(read(format!("{whole} ").as_bytes()).is_ok());
    assert!(read(format!("{whole}x").as_bytes()).is_err());
    assert!(read(whole.replace("ann@", "\\ud800@").as_bytes()).is_err(), "half a surrogate pair");
    assert!(read(&whole.replace("ann@", "\u{1}@").into_bytes()).is_err(), "a bare control character");
    assert!(read(&[whole.as_bytes(), b"\xff"].concat()).is_err());
    assert!(read(format!(r#"{{"a":{}"#, "[".repeat(6_000)).as_bytes()).is_err());
}

#[test]
fn methods_of_any_number() {
    for amr in [json!([]), json!(["pwd"]), json!(["otp"]), json!(["pwd", "otp"]), json!(["pwd", "otp", "mfa"])] {
        let mut object = good();
        object.insert("amr".into(), amr.clone());
        let json = Value::Object(object).to_string();
        assert_eq!(json!(read(json.as_bytes()).unwrap().amr), amr);
    }
}

/// The strict reader alone.
fn strictly(json: &[u8], ours: &Ours) -> Result<Needed, Refusal> {
    read_all(json).map(|read| Needed::of(read, ours))
}

/// Where the quick reader compares what `iss` and `aud` say, and where it has to look for them.
fn both_ways() -> [Ours; 3] {
    [ours(), Ours::new(kit::ISSUER, ""), Ours::new("somebody \"else\"", kit::AUDIENCE)]
}

/// What the quick reader reads, the strict one reads too, and the same.
fn agree(json: impl AsRef<[u8]>) {
    let (json, shown) = (json.as_ref(), String::from_utf8_lossy(json.as_ref()));
    for ours in &both_ways() {
        if let Some(quick) = own::read(json, ours) {
            assert_eq!(strictly(json, ours).as_ref(), Ok(&quick), "{shown}");
        }
        assert_eq!(super::read(json, ours), strictly(json, ours), "{shown}");
    }
}

#[test]
fn the_quick_reader_reads_what_is_written_here() {
    for generation in [None, Some(0), Some(u32::MAX)] {
        for role in ["user", "r\u{f4}le of more than one word"] {
            let claims = Claims { generation, role: role.to_owned(), ..kit::claims() };
            let json = serde_json::to_vec(&claims).unwrap();
            for (ours, is_ours) in both_ways().iter().zip([true, false, false]) {
                assert_eq!(own::read(&json, ours), strictly(&json, ours).ok());
                assert_eq!(own::read(&json, ours).map(|needed| needed.is_ours), Some(is_ours), "{claims:?}");
            }
        }
    }
}

#[test]
fn the_quick_reader_agrees_with_the_strict_one_on_every_single_byte() {
    let good = serde_json::to_vec(&kit::claims()).unwrap();
    let (mut tried, mut quick) = (0, 0);
    for at in 0..good.len() {
        for byte in 0..=255u8 {
            for insert in [false, true] {
                let mut bytes = good.clone();
                if insert {
                    bytes.insert(at, byte)
                } else {
                    bytes[at] = byte
                }
                agree(&bytes);
                tried += 1;
                quick += usize::from(own::read(&bytes, &ours()).is_some());
            }
        }
        agree(&good[..at]);
        agree([&good[..at], &good[at + 1..]].concat());
    }
    assert_eq!(tried, good.len() * 512);
    assert!(quick > 10_000, "both readers were at work: {quick}");
}

#[test]
fn the_quick_reader_agrees_with_the_strict_one_on_numbers_of_any_length() {
    for digits in 1..=20 {
        for first in ["", "0", "-", "1.", "1e"] {
            let number = format!("{first}{}", "9".repeat(digits));
            let good = serde_json::to_string(&kit::claims()).unwrap();
            for (name, value) in [("iat", kit::claims().iat), ("id", 7), ("gen", 1)] {
                let json = good.replacen(&format!(r#""{name}":{value}"#), &format!(r#""{name}":{number}"#), 1);
                assert_ne!(json, good);
                agree(&json);
                agree(json.replacen(r#""sub":"7""#, &format!(r#""sub":"{number}""#), 1));
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_quick_reader_agrees_with_the_strict_one(
        texts in proptest::collection::vec("\\PC{0,12}|[ -~\u{0}-\u{20}]{0,12}", 6),
        numbers in proptest::collection::vec(proptest::prelude::any::<i64>(), 5),
        small in -3i64..40,
        generation in proptest::prelude::any::<Option<u32>>(),
    ) {
        let mut claims = Claims { generation, id: small, iat: numbers[0], nbf: numbers[1], exp: numbers[2], ..kit::claims() };
        claims.auth_time = numbers[3] >> (small + 3);
        let mut texts = texts.into_iter();
        for place in [&mut claims.iss, &mut claims.aud, &mut claims.sub, &mut claims.email, &mut claims.role, &mut claims.scope] {
            *place = texts.next().unwrap();
        }
        let json = serde_json::to_string(&claims).unwrap();
        agree(&json);
        assert_eq!(read_strictly(&json).unwrap().exp, claims.exp);
        claims.sub = small.to_string();
        agree(serde_json::to_string(&claims).unwrap());
        claims.iat = claims.iat.unsigned_abs() as i64 >> 5;
        agree(serde_json::to_string(&claims).unwrap());
    }
}
