//! The table of routes, arranged for the door: by path, then by method.
//!
//! The door finds a request's row here, and its handler is in the row. A router of axum's would look for both again, and put a
//! box around each of its layers for every request.

use std::collections::HashMap;

use http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;

use crate::layers::cors::allow_header;
use crate::meters::Meter;
use crate::routes::Row;

/// All paths.
pub(crate) struct Paths {
    patterns: matchit::Router<Path>,
    nowhere: Meter,
}

/// What stands in a path where its pattern has a name, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(Box<str>, String)>);

impl Params {
    /// None where something in it is not UTF-8.
    fn of(found: &matchit::Params<'_, '_>) -> Option<Self> {
        let decoded = found.iter().map(|(name, value)| {
            let value = percent_decode_str(value).decode_utf8().ok()?;
            Some((name.into(), value.into_owned()))
        });
        decoded.collect::<Option<_>>().map(Self)
    }

    /// Names and what stands there, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// One path of the table.
#[derive(Debug)]
pub(crate) struct Path {
    rows: Vec<(&'static Row, Meter)>,
    /// For methods that it does not have.
    other: Meter,
    /// Its methods, as `Allow` lists them.
    pub(crate) allow: HeaderValue,
    /// As it stands in the table.
    pub(crate) pattern: &'static str,
}

impl Paths {
    pub(crate) fn of(table: &'static [Row]) -> Self {
        let mut by_pattern: HashMap<&'static str, Path> = HashMap::new();
        for row in table {
            let path = by_pattern.entry(row.path).or_insert_with(|| Path {
                rows: Vec::new(),
                other: Meter::new("other", row.path),
                allow: allow_header(table.iter().filter(|same| same.path == row.path).map(|same| &same.method)),
                pattern: row.path,
            });
            path.rows.push((row, Meter::new(row.method_name(), row.path)));
        }
        let mut patterns = matchit::Router::new();
        for (pattern, path) in by_pattern {
            // Two patterns for the same paths would be a mistake in the table; a test goes over all rows.
            if let Err(error) = patterns.insert(pattern, path) {
                tracing::error!(pattern, %error, "a path is not served");
            }
        }
        Self { patterns, nowhere: Meter::new("other", "unmatched") }
    }

    /// The path of the table that this one is of, and what stands in it; no parameters where they cannot be read.
    pub(crate) fn find(&self, path: &str) -> Option<(&Path, Option<Params>)> {
        let found = self.patterns.at(path).ok()?;
        Some((found.value, Params::of(&found.params)))
    }

    /// The metrics of what is on no path.
    pub(crate) fn nowhere(&self) -> &Meter {
        &self.nowhere
    }
}

impl Path {
    /// The row for this method; `HEAD` is answered as `GET` is.
    pub(crate) fn row(&self, method: &Method) -> Option<(&'static Row, &Meter)> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.rows.iter().find(|(row, _)| row.method == *method).map(|(row, meter)| (*row, meter))
    }

    /// The metrics for methods that it does not have.
    pub(crate) fn other(&self) -> &Meter {
        &self.other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_path_and_its_method() {
        let table = crate::routes::table();
        let paths = Paths::of(table);
        for row in table {
            let (path, params) = paths.find(&row.path.replace(['{', '}', '*'], "")).unwrap();
            assert_eq!(path.row(&row.method).unwrap().0.path, row.path);
            assert_eq!(params.unwrap().iter().count(), row.path.matches('{').count(), "{row:?}");
        }
        for nowhere in ["", "/api", "/api/v1/auth/status/", "/api/v1//auth/status", "/API/v1/auth/status", "*"] {
            assert!(paths.find(nowhere).is_none(), "{nowhere}");
        }
    }

    #[test]
    fn what_stands_in_a_path_is_decoded() {
        let paths = Paths::of(crate::routes::table());
        let file = |name: &str| {
            let (path, params) = paths.find(&format!("/ui/{name}")).unwrap();
            assert_eq!(path.pattern, "/ui/{file}");
            params.map(|params| {
                params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
            })
        };
        assert_eq!(file("a%2Fb%C3%A4.js"), Some(vec![("file".to_owned(), "a/b\u{e4}.js".to_owned())]));
        assert_eq!(file("%ff"), None);
        assert!(paths.find("/ui/a/b").is_none());
    }
}
