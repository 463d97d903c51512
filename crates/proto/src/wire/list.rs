//! Lists and their paging.

use serde::{Deserialize, Serialize};

/// A page of a list.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// The query of a list.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Where to go on: the `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// How many rows, 1 to 100; 50 when it is not given.
    pub limit: Option<u32>,
}
