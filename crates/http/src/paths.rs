//! The table of routes, arranged for the door: by path, then by method.

use std::collections::HashMap;

use http::{HeaderValue, Method};

use crate::layers::cors::allow_header;
use crate::meters::Meter;
use crate::routes::Row;

/// All paths.
#[derive(Debug)]
pub(crate) struct Paths {
    by_pattern: HashMap<&'static str, Path>,
    nowhere: Meter,
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
        Self { by_pattern, nowhere: Meter::new("other", "unmatched") }
    }

    /// The path of this pattern.
    pub(crate) fn get(&self, pattern: Option<&str>) -> Option<&Path> {
        self.by_pattern.get(pattern?)
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
