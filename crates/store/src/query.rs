//! Every statement the program can run has a name and stands in its module's `ALL`.

use durward_proto::SPANS;
use sqlx::Postgres;

use crate::sqlite::Sqlite;

/// One statement: one text for both databases, or for the few that must differ one for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statement {
    /// `durward_store::tables::users::INSERT`
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Statement {
    /// `users::INSERT`
    pub(crate) fn short_name(&self) -> &'static str {
        self.name.strip_prefix("durward_store::tables::").unwrap_or(self.name)
    }

    /// Says that it runs: its name, and no value.
    pub(crate) fn trace(&self) {
        tracing::trace!(target: "durward_store::statement", name = self.short_name());
    }
}

/// A span within the one that is current; none for what jobs do all the time and nobody traces.
macro_rules! span_within {
    ($($field:tt)+) => {
        if tracing::enabled!(target: durward_proto::SPANS, tracing::Level::INFO) && !tracing::Span::current().is_none() {
            tracing::info_span!(target: durward_proto::SPANS, $($field)+)
        } else {
            tracing::Span::none()
        }
    };
}
pub(crate) use span_within;

/// Gives the span of the statement that runs now its name.
pub(crate) fn name_span(name: &str) {
    if tracing::enabled!(target: SPANS, tracing::Level::INFO) {
        tracing::Span::current().record("otel.name", name);
    }
}

/// The database of a typed connection, to choose a statement's text by.
pub(crate) trait Dialect {
    /// The statement's text for this database.
    fn text(statement: Statement) -> &'static str;
}

impl Dialect for Sqlite {
    fn text(statement: Statement) -> &'static str {
        statement.trace();
        name_span(statement.short_name());
        statement.sqlite
    }
}

impl Dialect for Postgres {
    fn text(statement: Statement) -> &'static str {
        statement.trace();
        name_span(statement.short_name());
        statement.postgres
    }
}

/// Names statements and lists them in the module's `ALL`:
///
/// ```text
/// queries! {
///     /// What it is for.
///     FIND = "SELECT … WHERE id = $1";
///     LOCK = { sqlite: "…", pg: "…" };
/// }
/// ```
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $sql:tt;)+) => {
        $($(#[$doc])* pub(crate) const $name: $crate::query::Statement = $crate::query::queries!(@one $name $sql);)+
        /// Every statement of this module.
        pub(super) const ALL: &[$crate::query::Statement] = &[$($name),+];
    };
    (@one $name:ident { sqlite: $sqlite:literal, pg: $postgres:literal }) => {
        $crate::query::Statement { name: concat!(module_path!(), "::", stringify!($name)), sqlite: $sqlite, postgres: $postgres }
    };
    (@one $name:ident $both:literal) => {
        $crate::query::Statement { name: concat!(module_path!(), "::", stringify!($name)), sqlite: $both, postgres: $both }
    };
}
pub(crate) use queries;
