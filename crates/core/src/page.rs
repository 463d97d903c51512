//! Cursors: where a page ended, as an opaque text.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::Timestamp;
use durward_proto::ids::UuidId;
use durward_proto::wire::list::{Page, PageQuery};
use durward_store::After;

use crate::fault::Fault;

/// How many rows a page has when the query does not say.
const DEFAULT: u32 = 50;
/// How many it has at most.
const MOST: u32 = 100;

/// How many rows the query asks for.
pub(crate) fn limit(query: &PageQuery) -> Result<u32, Fault> {
    match query.limit.unwrap_or(DEFAULT) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(Fault::field("/limit", "a page has 1 to 100 rows")),
    }
}

/// Where the query goes on.
pub(crate) fn after(query: &PageQuery) -> Result<Option<After>, Fault> {
    let Some(cursor) = &query.cursor else { return Ok(None) };
    decode(cursor).map(Some).ok_or_else(bad_cursor)
}

/// The cursor is not one of ours.
pub(crate) fn bad_cursor() -> Fault {
    Fault::field("/cursor", "not a cursor; send the next_cursor of the page before")
}

/// A page from `limit + 1` rows: the extra row only tells that there is more.
pub(crate) fn page<R, T>(mut rows: Vec<R>, limit: u32, key: impl Fn(&R) -> After, show: impl Fn(R) -> T) -> Page<T> {
    let limit = limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| encode(&key(row)));
    Page { items: rows.into_iter().map(show).collect(), next_cursor }
}

/// The place of a row in a list that is ordered by time.
pub(crate) fn place(at: Timestamp, id: impl UuidId) -> After {
    After { at, id: id.uuid() }
}

fn encode(after: &After) -> String {
    let mut bytes = after.at.micros().to_be_bytes().to_vec();
    bytes.extend_from_slice(after.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(cursor: &str) -> Option<After> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (at, id) = bytes.split_first_chunk::<8>()?;
    Some(After { at: Timestamp::from_micros(i64::from_be_bytes(*at)), id: uuid::Uuid::from_slice(id).ok()? })
}
