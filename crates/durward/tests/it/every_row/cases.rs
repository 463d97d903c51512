//! Requests that nobody means well with.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::bodies;

/// What percent-encoding leaves alone in a path or a query.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'%')
    .remove(b'=')
    .remove(b'&')
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'+');

/// The headers that say how a message is framed, and whether the connection goes on: those are HTTP's own.
pub(super) const FRAMING: [&str; 9] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "host",
    "te",
    "trailer",
    "keep-alive",
    "proxy-connection",
];

pub(super) type Header = (Vec<u8>, Vec<u8>);

/// Whether it may stand in a header's name (RFC 9110 section 5.6.2).
pub(super) fn is_tchar(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

/// Who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Visitor,
    User,
    Admin,
}

/// What they say who they are.
#[derive(Debug, Clone)]
pub(super) enum Credential {
    /// Cookies with their CSRF token, as a browser.
    Browser,
    /// A bearer token.
    Bearer,
    /// Headers as they stand here.
    Odd(Vec<Header>),
    /// Their own token in these headers, `@` standing for it.
    Twisted(Vec<(&'static str, &'static str)>),
}

/// How the end of the body is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunks,
    TooLong,
    TooShort,
    Twice,
    Differing,
    Negative,
    NoNumber,
    Enormous,
    BothWays,
    BadChunks,
    OpenChunks,
    OtherEncoding,
    Expect,
    ExpectOther,
}

impl Framing {
    /// Whether an HTTP library may refuse it by itself, or never see its end.
    pub(super) fn is_odd(self) -> bool {
        !matches!(self, Self::Length | Self::Chunks | Self::Expect)
    }
}

/// One request to a row.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) who: Who,
    pub(super) credential: Credential,
    pub(super) method: Option<&'static str>,
    /// What becomes of the path: the row's own, or bytes in its place.
    pub(super) path: Path,
    pub(super) query: Vec<u8>,
    pub(super) headers: Vec<Header>,
    pub(super) content_type: Option<Vec<u8>>,
    pub(super) body: Vec<u8>,
    pub(super) framing: Framing,
}

impl Case {
    /// A request that is well meant; at a socket's row, a handshake.
    pub(super) fn plain(who: Who, credential: Credential, is_socket: bool) -> Self {
        Self {
            who,
            credential,
            method: None,
            path: Path::Own(b"019a0000-0000-7000-8000-000000000000".to_vec()),
            query: Vec::new(),
            headers: if is_socket { handshake() } else { Vec::new() },
            content_type: Some(b"application/json".to_vec()),
            body: b"{}".to_vec(),
            framing: Framing::Length,
        }
    }

    /// The same without what HTTP itself refuses, so that it gets as far as the row.
    fn tidy(mut self) -> Self {
        let encode = |bytes: &[u8]| percent_encoding::percent_encode(bytes, RESERVED).to_string().into_bytes();
        self.query = encode(&self.query);
        self.path = match self.path {
            Path::Own(id) => Path::Own(encode(&id)),
            Path::Longer(tail) => Path::Longer(encode(&tail)),
            other => other,
        };
        let is_framing = |name: &[u8]| FRAMING.iter().any(|own| name.eq_ignore_ascii_case(own.as_bytes()));
        let clean = |headers: Vec<Header>| -> Vec<Header> {
            let kept = headers
                .into_iter()
                .filter(|(name, _)| !name.is_empty() && name.iter().all(is_tchar) && !is_framing(name));
            kept.map(|(name, value)| (name, value.into_iter().filter(|byte| *byte >= 0x20 && *byte != 0x7f).collect()))
                .collect()
        };
        if let Credential::Odd(headers) = self.credential {
            self.credential = Credential::Odd(clean(headers));
        }
        // A handshake is in order as it is.
        if !self.headers.iter().any(|(name, _)| name == b"sec-websocket-key") {
            self.headers = clean(self.headers);
        }
        self
    }
}

#[derive(Debug, Clone)]
pub(super) enum Path {
    /// With this in place of an id.
    Own(Vec<u8>),
    /// With this after it.
    Longer(Vec<u8>),
    /// With one byte of it percent-encoded.
    Encoded(usize),
    Other(Vec<u8>),
}

/// Any request; at a socket's row, most of them with a handshake, without which none gets far there.
pub(super) fn case(is_socket: bool) -> impl Strategy<Value = Case> {
    let head = (who(), credential(), method(), path(), query(), headers(is_socket));
    let tail = (bodies::content_type(), bodies::body(), framing());
    let whole =
        (head, tail).prop_map(|((who, credential, method, path, query, headers), (content_type, body, framing))| {
            Case { who, credential, method, path, query, headers, content_type, body, framing }
        });
    (whole, prop::bool::weighted(0.8)).prop_map(|(case, tidy)| if tidy { case.tidy() } else { case })
}

fn who() -> impl Strategy<Value = Who> {
    select(vec![Who::Visitor, Who::User, Who::Admin])
}

fn credential() -> impl Strategy<Value = Credential> {
    let names = select(vec!["authorization", "cookie", "sec-websocket-protocol", "x-csrf-token"]);
    let odd = vec((names.prop_map(|name| name.as_bytes().to_vec()), prop_oneof![value(), token_like()]), 0..4);
    let twists: Vec<Vec<(&str, &str)>> = vec![
        vec![("authorization", "Bearer @x")],
        vec![("authorization", "Bearer x@")],
        vec![("authorization", "Bearer @ @")],
        vec![("authorization", "Bearer  @")],
        vec![("authorization", "bearer\t@")],
        vec![("authorization", "Basic @")],
        vec![("authorization", "@")],
        vec![("authorization", "Bearer @"), ("authorization", "Bearer @")],
        vec![("authorization", "Bearer @="), ("cookie", "access_token=@")],
        vec![("authorization", "Bearer"), ("cookie", "access_token=@")],
        vec![("cookie", "access_token=\"@\"")],
        vec![("cookie", "access_token=@; access_token=x")],
        vec![("cookie", "access_token=@"), ("cookie", "access_token=@")],
        vec![("cookie", "; ;=;access_token=@;;access_token")],
        vec![("cookie", "access_token=@; csrf_token=x; refresh_token=@"), ("x-csrf-token", "x")],
        vec![("cookie", "access_token=@; csrf_token=1:2:3; device_id=@"), ("x-csrf-token", "1:2:3")],
        vec![
            ("cookie", "access_token=@; csrf_token=99999999999999999999:a:b"),
            ("x-csrf-token", "99999999999999999999:a:b"),
        ],
        vec![("cookie", "access_token=@; csrf_token=-1::"), ("x-csrf-token", "-1::")],
        vec![("cookie", "refresh_token=@")],
    ];
    prop_oneof![
        4 => Just(Credential::Browser),
        4 => Just(Credential::Bearer),
        1 => odd.prop_map(Credential::Odd),
        1 => select(twists).prop_map(Credential::Twisted),
    ]
}

fn method() -> impl Strategy<Value = Option<&'static str>> {
    let others = vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"];
    prop_oneof![9 => Just(None), 1 => select(others).prop_map(Some)]
}

fn path() -> impl Strategy<Value = Path> {
    let ids: Vec<&[u8]> = vec![
        b"019a0000-0000-7000-8000-000000000000",
        b"00000000-0000-0000-0000-000000000000",
        b"0",
        b"-1",
        b"1",
        b"9223372036854775807",
        b"-9223372036854775808",
        b"99999999999999999999999999",
        b"%",
        b"%00",
        b"%2e%2e",
        b"..",
        b".",
        b"",
        b"%ff%fe",
        b"\xff\xfe",
        b"\xc3\xa9",
        b"{id}",
        b"%7Bid%7D",
        b"019A0000000070008000000000000000",
        b"a%2Fb",
        b"'%20OR%201=1--",
        b"*",
        b"+",
        b"null",
    ];
    let tails: Vec<&[u8]> = vec![
        b"/",
        b"//",
        b"/..",
        b"/../profile",
        b"/%2e%2e/",
        b"%00",
        b";x=1",
        b"%",
        b"%zz",
        b"\\",
        b"/\xff",
        b"#x",
        b" x",
    ];
    let others: Vec<&[u8]> = vec![
        b"/",
        b"//",
        b"*",
        b"",
        b"/..",
        b"/../../etc/passwd",
        b"/api/v1//profile",
        b"/api/v1/./profile",
        b"/API/V1/PROFILE",
        b"http://localhost:8000/api/v1/profile",
        b"//evil.example/api/v1/profile",
        b"/api/v1/profile%00",
        b"/%",
        b"/\xff\xfe",
        b"/docs/../api/v1/profile",
        b"/docs/style.css/x",
        b"/.well-known/",
        b"\x00",
        b"/\x00",
        b"evil.example:443",
        b"?",
        b"/?",
    ];
    let long = (1_usize..4).prop_map(|scale| [b"/".as_slice(), &b"a".repeat(scale * 15_000)].concat());
    prop_oneof![
        7 => prop_oneof![3 => select(ids).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..40)].prop_map(Path::Own),
        1 => select(tails).prop_map(|tail| Path::Longer(tail.to_vec())),
        1 => (0_usize..40).prop_map(Path::Encoded),
        1 => prop_oneof![
            3 => select(others).prop_map(<[u8]>::to_vec),
            1 => long,
            1 => vec(any::<u8>(), 0..60).prop_map(|bytes| [b"/".as_slice(), &bytes].concat()),
        ].prop_map(Path::Other),
    ]
}

fn query() -> impl Strategy<Value = Vec<u8>> {
    let names = select(vec![
        "limit",
        "cursor",
        "query",
        "everywhere",
        "ticket",
        "token",
        "status",
        "role",
        "user",
        "email",
        "ip",
        "succeeded",
        "since",
        "until",
        "name",
        "step",
        "format",
        "event",
        "x",
        "",
    ]);
    let values: Vec<&[u8]> = vec![
        b"",
        b"1",
        b"0",
        b"-1",
        b"101",
        b"99999999999999999999",
        b"true",
        b"TRUE",
        b"logins",
        b"cef",
        b"active",
        b"0001-01-01T00:00:00Z",
        b"9999-12-31T23:59:59.999999999Z",
        b"2026-06-30T23:59:60Z",
        b"1e3",
        b"%",
        b"%00",
        b"%ff",
        b"%u0041",
        b"\xff",
        b"a%2Bb",
        b"AAAA",
        b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        b"eyJhbGciOiJIUzI1NiJ9.e30.x",
        b"%25%5F",
        b"'",
        b"\"",
        b"[]",
        b"&&&=",
        b"////////////////////////////////",
        b"__________8AAAAAAAAAAAAAAAAAAAAA",
    ];
    let value = prop_oneof![4 => select(values).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..30), 1 => base64()];
    let pair = (names, value).prop_map(|(name, value)| [name.as_bytes(), b"=", &value].concat());
    prop_oneof![
        3 => Just(Vec::new()),
        6 => vec(pair, 1..4).prop_map(|pairs| pairs.join(&b'&')),
        1 => vec(any::<u8>(), 0..60),
    ]
}

/// What a cursor might look like.
fn base64() -> impl Strategy<Value = Vec<u8>> {
    let letters = select((b'a'..=b'z').chain(b'A'..=b'Z').chain(b'0'..=b'9').chain(*b"-_").collect::<Vec<u8>>());
    vec(letters, 0..48)
}

/// A header's value: nearly anything that one line can hold.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => vec(0x20_u8..0x7f, 0..60),
        1 => vec(0x80_u8..=0xff, 1..30),
        1 => vec(any::<u8>(), 0..60),
        1 => (1_usize..50).prop_map(|thousands| b"v".repeat(thousands * 1_000)),
    ]
}

fn token_like() -> impl Strategy<Value = Vec<u8>> {
    let part = || prop_oneof![base64(), Just(b"eyJhbGciOiJub25lIn0".to_vec()), Just(b"e30".to_vec()), Just(Vec::new())];
    let prefix = select(vec!["Bearer ", "", "access_token=", "bearer, ", "refresh_token=", "csrf_token="]);
    (prefix, vec(part(), 1..6)).prop_map(|(prefix, parts)| [prefix.as_bytes(), &parts.join(&b'.')].concat())
}

/// What opens a WebSocket (RFC 6455 section 4.1).
fn handshake() -> Vec<Header> {
    [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec()
}

fn headers(is_socket: bool) -> impl Strategy<Value = Vec<Header>> {
    let known = vec![
        "origin",
        "referer",
        "sec-fetch-site",
        "x-request-id",
        "x-forwarded-for",
        "forwarded",
        "accept",
        "accept-encoding",
        "content-encoding",
        "user-agent",
        "x-csrf-token",
        "cookie",
        "authorization",
        "access-control-request-method",
        "access-control-request-headers",
        "upgrade",
        "connection",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
        "if-none-match",
        "range",
        "te",
        "trailer",
        "date",
        "host",
        "x-http-method-override",
        "content-length",
        "transfer-encoding",
        "keep-alive",
        "proxy-connection",
    ];
    let known = (select(known).prop_map(|name| name.as_bytes().to_vec()), value());
    prop_oneof![
        4 => Just(Vec::new()),
        4 => vec(known, 1..4),
        1 => (0_usize..150).prop_map(|count| (0..count).map(|n| (format!("x-{n}").into_bytes(), b"v".to_vec())).collect()),
        1 => vec((vec(any::<u8>(), 0..10), value()), 1..3),
        if is_socket { 12 } else { 1 } => Just(handshake()),
    ]
}

fn framing() -> impl Strategy<Value = Framing> {
    use Framing::*;
    let odd = vec![
        TooLong,
        TooShort,
        Twice,
        Differing,
        Negative,
        NoNumber,
        Enormous,
        BothWays,
        BadChunks,
        OpenChunks,
        OtherEncoding,
        ExpectOther,
    ];
    prop_oneof![10 => Just(Length), 1 => Just(Chunks), 1 => Just(Expect), 2 => select(odd)]
}
