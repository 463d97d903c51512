//! Bodies that nobody means well with, and what they are said to be.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

pub(super) fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![5 => members(), 2 => form(), 3 => hostile()]
}

pub(super) fn content_type() -> impl Strategy<Value = Option<Vec<u8>>> {
    let others: Vec<&[u8]> = vec![
        b"",
        b"text/plain",
        b"application/json; charset=utf-8",
        b"application/json;charset=latin1",
        b"application/json,application/json",
        b"multipart/form-data; boundary=x",
        b"application/x-www-form-urlencoded; charset=utf-16",
        b"\xff/\xff",
        b";;;",
        b"application/",
    ];
    prop_oneof![
        6 => Just(Some(b"application/json".to_vec())),
        2 => Just(Some(b"application/x-www-form-urlencoded".to_vec())),
        1 => Just(None),
        1 => select(others).prop_map(|kind| Some(kind.to_vec())),
    ]
}

/// An object of members that rows know, and of some that they do not, with values of any type.
fn members() -> impl Strategy<Value = Vec<u8>> {
    let names = vec![
        "email",
        "password",
        "full_name",
        "username",
        "transport",
        "refresh_token",
        "current_password",
        "new_password",
        "new_email",
        "token",
        "challenge_token",
        "method",
        "methods",
        "code",
        "ceremony_id",
        "credential",
        "trust_device",
        "device_token",
        "name",
        "trust_level",
        "security_level",
        "theme",
        "notifications_enabled",
        "timezone",
        "chat_model",
        "calendar_event_weights",
        "agent_settings",
        "mission_statement",
        "work_style_preferences",
        "personal_goals",
        "reflective_coach_summary",
        "role",
        "status",
        "id",
        "__proto__",
        "",
        "a/b~c",
    ];
    let plausible = vec![
        r#""ann@example.com""#,
        r#""storm@example.com""#,
        r#""tangerine sunrise over Oslo""#,
        r#""cookie""#,
        r#""bearer""#,
        r#""totp""#,
        r#""passkey""#,
        r#""trusted""#,
        r#""auto_login""#,
        r#""0197b0c4-7a51-7cc0-8a3e-5d5c2a1f9b10""#,
        r#"["totp"]"#,
        "{}",
        "true",
        r#""UTC""#,
        r#""light""#,
        r#""admin""#,
        r#""suspended""#,
    ];
    let value = prop_oneof![2 => select(plausible).prop_map(str::to_owned), 3 => json()];
    let member = (select(names), value).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",")).into_bytes())
}

/// The text of a JSON value, or of what nearly is one.
fn json() -> impl Strategy<Value = String> {
    let leaves = vec![
        "null",
        "true",
        "0",
        "-0",
        "1e999",
        "-1E-999",
        "1.5",
        "123456789012345678901234567890",
        "18446744073709551616",
        "\"\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"\u{202e}\u{feff}\u{fffd}\"",
        "NaN",
        "Infinity",
        "'x'",
        "tru",
        "\"\\x\"",
        "\"\n\"",
        "01",
        "+1",
        ".5",
        "1.",
        "\"unclosed",
        "[",
        "{",
        "]",
        "}",
        ",",
        ":",
    ];
    let leaf = prop_oneof![
        4 => select(leaves).prop_map(str::to_owned),
        2 => any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        1 => any::<f64>().prop_map(|number| number.to_string()),
        1 => (1_usize..80).prop_map(|thousands| format!("\"{}\"", "x".repeat(thousands * 1_000))),
        1 => (1_usize..40).prop_map(|thousands| format!("\"{}\"", "\u{1f600}".repeat(thousands * 250))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec((any::<String>(), inner), 0..4).prop_map(|members| {
                let text =
                    |(name, value): &(String, String)| format!("{}:{value}", serde_json::Value::from(name.as_str()));
                format!("{{{}}}", members.iter().map(text).collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn form() -> impl Strategy<Value = Vec<u8>> {
    let names = select(vec![
        "username",
        "email",
        "password",
        "return_to",
        "challenge_token",
        "method",
        "code",
        "grant_type",
        "scope",
        "client_id",
        "transport",
        "role",
        "",
    ]);
    let values: Vec<&[u8]> = vec![
        b"ann@example.com",
        b"tangerine+sunrise+over+Oslo",
        b"password",
        b"",
        b"%00",
        b"%ff",
        b"%",
        b"%e2%82",
        b"\xff",
        b"bearer",
        b"a=b=c",
    ];
    let pair = (names, prop_oneof![select(values).prop_map(<[u8]>::to_vec), vec(any::<u8>(), 0..40)]);
    vec(pair.prop_map(|(name, value)| [name.as_bytes(), b"=", &value].concat()), 0..6)
        .prop_map(|pairs| pairs.join(&b'&'))
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let bytes = |text: &str| text.as_bytes().to_vec();
    prop_oneof![
        Just(Vec::new()),
        vec(any::<u8>(), 0..200),
        json().prop_map(String::into_bytes),
        // Cut short, with an invalid byte, or with a mark before it.
        (members(), any::<prop::sample::Index>()).prop_map(|(body, at)| body[..at.index(body.len())].to_vec()),
        (members(), any::<prop::sample::Index>(), 0x80_u8..).prop_map(|(mut body, at, byte)| {
            let at = at.index(body.len());
            body[at] = byte;
            body
        }),
        members().prop_map(|body| [b"\xef\xbb\xbf".as_slice(), &body].concat()),
        members().prop_map(|body| [body.as_slice(), &body].concat()),
        // Nested deeply, and closed or not.
        (1_usize..30_000).prop_map(|depth| b"[".repeat(depth)),
        (1_usize..15_000).prop_map(|depth| [b"[".repeat(depth), b"]".repeat(depth)].concat()),
        (1_usize..10_000).prop_map(|depth| b"{\"a\":".repeat(depth)),
        (1_usize..5_000).prop_map(move |depth| [
            bytes("{\"personal_goals\":"),
            b"{\"a\":".repeat(depth),
            bytes("1"),
            b"}".repeat(depth + 1)
        ]
        .concat()),
        // Large: around the limit, and far beyond.
        select(vec![65_535_usize, 65_536, 65_537, 200_000, 1_200_000]).prop_map(|length| b"x".repeat(length)),
        (1_usize..3_000).prop_map(|count| {
            let members: Vec<String> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
            format!("{{{}}}", members.join(",")).into_bytes()
        }),
        (1_usize..6_000).prop_map(|count| b"a=1&".repeat(count)),
    ]
}
