//! The claims of an access token: those that are written, and those that are read, strictly.

mod own;

use std::fmt;

use durward_proto::{SessionId, TokenId};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{Others, Text, once};
use crate::refusal::Refusal;

/// What an access token says. Times are whole seconds since the epoch (NumericDate, RFC 7519 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// Who made the token.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Who it is about: the user's id in decimal.
    pub sub: String,
    /// The same as a number.
    pub id: i64,
    /// The user's e-mail address when the token was made.
    pub email: String,
    /// The user's role when the token was made. What counts is the role now.
    pub role: String,
    /// The scopes when the token was made, with spaces between them.
    pub scope: String,
    /// The session.
    pub sid: SessionId,
    /// The token's own id.
    pub jti: TokenId,
    /// When it was made.
    pub iat: i64,
    /// When it begins to hold.
    pub nbf: i64,
    /// When it ends.
    pub exp: i64,
    /// How the user authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// When the user authenticated.
    pub auth_time: i64,
    /// Which refresh token of the session it came with; its first use ends the grace of the one before.
    #[serde(rename = "gen", skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
}

/// How the user authenticated. Nearly every token says `["pwd"]`, and that takes no memory of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Methods {
    Password,
    Listed(Box<[String]>),
}

impl Methods {
    pub(crate) fn as_slice(&self) -> &[String] {
        static PASSWORD: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| ["pwd".to_owned()]);
        match self {
            Self::Password => &*PASSWORD,
            Self::Listed(methods) => methods,
        }
    }
}

impl From<Vec<String>> for Methods {
    fn from(methods: Vec<String>) -> Self {
        Self::Listed(methods.into())
    }
}

impl Serialize for Methods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Methods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MethodsVisitor;
        impl<'de> Visitor<'de> for MethodsVisitor {
            type Value = Methods;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of strings")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Methods, A::Error> {
                let Some(first) = list.next_element::<Text<'de>>()? else {
                    return Ok(Methods::Listed(Box::default()));
                };
                let Some(second) = list.next_element::<Text<'de>>()? else {
                    let password = &*first == "pwd";
                    let listed = || Methods::Listed([first.0.into_owned()].into());
                    return Ok(if password { Methods::Password } else { listed() });
                };
                let mut methods = vec![first.0.into_owned(), second.0.into_owned()];
                while let Some(next) = list.next_element::<Text<'de>>()? {
                    methods.push(next.0.into_owned());
                }
                Ok(methods.into())
            }
        }
        deserializer.deserialize_seq(MethodsVisitor)
    }
}

/// The claims of a token that is being checked, borrowed from its payload.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Read<'a> {
    iss: Text<'a>,
    aud: Text<'a>,
    sub: Text<'a>,
    id: i64,
    email: Text<'a>,
    role: Text<'a>,
    scope: Text<'a>,
    sid: SessionId,
    jti: TokenId,
    iat: i64,
    nbf: i64,
    exp: i64,
    amr: Methods,
    auth_time: i64,
    #[serde(rename = "gen", skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
}

/// Those of them that are needed to let somebody in. What else a token says of its user is not believed anyway.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Needed {
    /// Whether `iss` and `aud` are those that were asked for.
    pub(crate) is_ours: bool,
    pub(crate) id: i64,
    pub(crate) sid: SessionId,
    pub(crate) jti: TokenId,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    pub(crate) amr: Methods,
    pub(crate) auth_time: i64,
    pub(crate) generation: Option<u32>,
}

impl Needed {
    fn of(read: Read<'_>, ours: &Ours) -> Self {
        let is_ours = *read.iss == *ours.issuer && *read.aud == *ours.audience;
        let Read { id, sid, jti, iat, nbf, exp, amr, auth_time, generation, .. } = read;
        Self { is_ours, id, sid, jti, iat, nbf, exp, amr, auth_time, generation }
    }
}

/// What `iss` and `aud` must say.
#[derive(Debug)]
pub(crate) struct Ours {
    issuer: String,
    audience: String,
    /// How claims that say so begin, in the layout of [`Claims`], up to the text of `sub`.
    opening: Box<[u8]>,
}

impl Ours {
    pub(crate) fn new(issuer: &str, audience: &str) -> Self {
        let opening = format!(
            r#"{{"iss":{},"aud":{},"sub":""#,
            Value::String(issuer.to_owned()),
            Value::String(audience.to_owned())
        );
        Self { issuer: issuer.to_owned(), audience: audience.to_owned(), opening: opening.into_bytes().into() }
    }
}

/// Reads a payload that has been decoded and whose signature holds. Every claim must be there once and have
/// its type, except that `gen` may be absent; claims of other names are ignored (RFC 7519 section 4).
#[inline]
pub(crate) fn read(json: &[u8], ours: &Ours) -> Result<Needed, Refusal> {
    match own::read(json, ours) {
        Some(claims) => Ok(claims),
        None => read_all(json).map(|read| Needed::of(read, ours)),
    }
}

/// The same, with all of the claims.
#[cold]
pub(crate) fn read_all(json: &[u8]) -> Result<Read<'_>, Refusal> {
    let claims = read_strictly(utf8(json)?)?;
    if !names(&claims.sub, claims.id) {
        return Err(Refusal::Malformed("`sub` is not a user's id in plain decimal, or differs from `id`"));
    }
    Ok(claims)
}

fn utf8(json: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(json).map_err(|_| Refusal::Malformed("the claims are not UTF-8"))
}

/// Whether these claims are in the very layout that [`Claims`] is written in.
pub(crate) fn is_own(json: &[u8]) -> bool {
    own::read(json, &Ours::new("", "")).is_some()
}

fn read_strictly(text: &str) -> Result<Read<'_>, Refusal> {
    let found: Found<'_> = serde_json::from_str(text)
        .map_err(|_| Refusal::Malformed("the claims are not a JSON object with each member once and of its type"))?;
    found.complete()
}

/// Whether the text is this id, spelled in the one way there is: no sign, no leading zero, not zero.
fn names(sub: &str, id: i64) -> bool {
    let canonical = sub.bytes().all(|byte| byte.is_ascii_digit()) && !sub.starts_with('0');
    canonical && sub.parse() == Ok(id)
}

fn parse_id<T: std::str::FromStr>(text: &str, refusal: Refusal) -> Result<T, Refusal> {
    text.parse().map_err(|_| refusal)
}

macro_rules! found {
    ($($name:ident: $type:ty = $member:literal,)*) => {
        /// The members as they are come upon.
        #[derive(Default)]
        struct Found<'a> { $($name: Option<$type>,)* }

        impl<'de: 'a, 'a> Deserialize<'de> for Found<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct FoundVisitor;
                impl<'a> Visitor<'a> for FoundVisitor {
                    type Value = Found<'a>;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("claims")
                    }
                    fn visit_map<A: MapAccess<'a>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                        let mut found = Found::default();
                        let mut others = None;
                        while let Some(name) = object.next_key::<Text<'a>>()? {
                            match &*name {
                                $($member => once(&mut found.$name, &mut object)?,)*
                                _ => others.get_or_insert_with(Others::default).take(name, &mut object)?,
                            }
                        }
                        Ok(found)
                    }
                }
                deserializer.deserialize_map(FoundVisitor)
            }
        }
    };
}

found! {
    iss: Text<'a> = "iss",
    aud: Text<'a> = "aud",
    sub: Text<'a> = "sub",
    id: i64 = "id",
    email: Text<'a> = "email",
    role: Text<'a> = "role",
    scope: Text<'a> = "scope",
    sid: Text<'a> = "sid",
    jti: Text<'a> = "jti",
    iat: i64 = "iat",
    nbf: i64 = "nbf",
    exp: i64 = "exp",
    amr: Methods = "amr",
    auth_time: i64 = "auth_time",
    generation: u32 = "gen",
}

macro_rules! required {
    ($found:ident . $name:ident) => {
        $found.$name.ok_or(Refusal::Malformed(concat!("the claim `", stringify!($name), "` is missing")))?
    };
}

impl<'a> Found<'a> {
    fn complete(self) -> Result<Read<'a>, Refusal> {
        Ok(Read {
            iss: required!(self.iss),
            aud: required!(self.aud),
            sub: required!(self.sub),
            id: required!(self.id),
            email: required!(self.email),
            role: required!(self.role),
            scope: required!(self.scope),
            sid: parse_id(&required!(self.sid), Refusal::Malformed("`sid` is not a UUID"))?,
            jti: parse_id(&required!(self.jti), Refusal::Malformed("`jti` is not a UUID"))?,
            iat: required!(self.iat),
            nbf: required!(self.nbf),
            exp: required!(self.exp),
            amr: required!(self.amr),
            auth_time: required!(self.auth_time),
            generation: self.generation,
        })
    }
}

#[cfg(test)]
mod tests;
