//! What handlers ask for in their arguments.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use durward_core::Client;
use durward_core::devices::fingerprint::fingerprint;
use durward_proto::wire::list::PageQuery;
use durward_proto::{Code, Secret};
use durward_verify::{Trace, Verified};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use serde::de::DeserializeOwned;

use crate::app::Shared;
use crate::body::{self, Media};
use crate::door::Passage;
use crate::form::{BadForm, Fields};
use crate::layers::cookies::CookieKind;
use crate::paths::Params;
use crate::reply::Refused;

/// How much of `User-Agent` is kept, in characters.
const USER_AGENT: usize = 256;
/// The same of `Accept-Language`.
const LANGUAGE: usize = 128;

/// Who asks. Only on rows that demand it: elsewhere it is a 401.
pub(crate) struct Caller(pub(crate) Arc<Verified>);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refused> {
        Passage::of(&parts.extensions)
            .and_then(|passage| passage.who.clone())
            .map(Self)
            .ok_or(Code::TokenMissing.into())
    }
}

/// Who asks, where that may be nobody.
pub(crate) struct Visitor(pub(crate) Option<Arc<Verified>>);

impl FromRequestParts<Shared> for Visitor {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Infallible> {
        Ok(Self(Passage::of(&parts.extensions).and_then(|passage| passage.who.clone())))
    }
}

/// How this request was authenticated, on rows that are traced.
pub(crate) struct Traced(pub(crate) Arc<Trace>);

impl FromRequestParts<Shared> for Traced {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refused> {
        Passage::of(&parts.extensions)
            .and_then(|passage| passage.trace.clone())
            .map(Self)
            .ok_or(Code::TokenMissing.into())
    }
}

/// The other end, as the trails keep it.
pub(crate) struct From(pub(crate) Client);

impl FromRequestParts<Shared> for From {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self, Refused> {
        let passage = Passage::of(&parts.extensions);
        let agent = parts.headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let language = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|language| language.to_str().ok());
        let device = site.rules.cookies.read(&parts.headers, CookieKind::Device)?;
        Ok(Self(Client {
            ip: passage.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |passage| passage.ip),
            user_agent: agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(USER_AGENT).collect()),
            language: language.map(|language| language.chars().take(LANGUAGE).collect()),
            request_id: passage.map_or("", |passage| passage.request_id.as_str()).to_owned(),
            device: device.map(Secret::new),
            fingerprint: fingerprint(|name| whole(&parts.headers, name)),
        }))
    }
}

/// All of a header's values as one (RFC 9110 section 5.3).
fn whole(headers: &HeaderMap, name: &'static str) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    (!values.is_empty()).then(|| values.join(b", ".as_slice()))
}

/// The last id in the path. What is no id stands for nothing: 404.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr> FromRequestParts<Shared> for Id<T> {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refused> {
        let params =
            Passage::of(&parts.extensions).and_then(|passage| passage.params.as_ref()).ok_or(Code::NotFound)?;
        let id = params.iter().last().and_then(|(_, text)| text.parse().ok());
        id.map(Self).ok_or(Code::NotFound.into())
    }
}

/// The row's path and what stands in the request's, for pages that are many paths. What cannot be read stands for nothing: 404.
pub(crate) struct Matched {
    /// As it stands in the table.
    pub(crate) pattern: &'static str,
    /// What stands where the pattern has names.
    pub(crate) params: Params,
}

impl FromRequestParts<Shared> for Matched {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refused> {
        let matched = Passage::of(&parts.extensions)
            .and_then(|passage| Some(Self { pattern: passage.pattern, params: passage.params.clone()? }));
        matched.ok_or(Code::NotFound.into())
    }
}

/// A query whose names are all known.
pub(crate) trait FromQuery: Sized {
    /// Takes what it needs from the fields.
    ///
    /// # Errors
    /// What is missing or not allowed.
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm>;
}

/// The query.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: FromQuery> FromRequestParts<Shared> for Query<T> {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refused> {
        read_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read_query<T: FromQuery>(query: &str) -> Result<T, Refused> {
    let whole = || {
        let mut fields = Fields::read(query.as_bytes())?;
        let value = T::from_query(&mut fields)?;
        fields.done().map(|()| value)
    };
    whole().map_err(BadForm::in_query)
}

impl FromQuery for PageQuery {
    fn from_query(fields: &mut Fields) -> Result<Self, BadForm> {
        Ok(Self { cursor: fields.take("cursor"), limit: fields.parsed("limit", "a number from 1 to 100")? })
    }
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Refused;
    async fn from_request(request: Request, site: &Shared) -> Result<Self, Refused> {
        let media = match Media::of(request.headers()) {
            Ok(Media::Json) => Ok(()),
            Ok(Media::Form) => Err(Code::UnsupportedMediaType.into()),
            Err(refused) => Err(refused),
        };
        if let Err(refused) = media {
            body::give_up(request).await;
            return Err(refused);
        }
        body::read_json(&body::read(request.into_body(), site.rules.body()).await?).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_strictly() {
        let page = |query: &str| read_query::<PageQuery>(query).map_err(|refused| refused.problem().status);
        assert!(page("").is_ok());
        let full = page("cursor=a%2Bb&limit=7").unwrap();
        assert_eq!((full.cursor.as_deref(), full.limit), (Some("a+b"), Some(7)));
        for query in ["limit=x", "limit=-1", "limit=", "limit=99999999999", "limit=1&limit=2", "offset=3", "cursor=a&x"]
        {
            assert_eq!(page(query).err(), Some(422), "{query}");
        }
        for query in ["cursor=%", "cursor=%ff", "%g1=1"] {
            assert_eq!(page(query).err(), Some(400), "{query}");
        }
    }
}
