//! Which database durward stands on.

use crate::Outcome;
use crate::child::{Programs, Server};
use crate::postgres::Postgres;
use crate::scratch::Scratch;

/// One of the two, empty.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Database<'a> {
    Sqlite,
    Postgres(&'a Postgres),
}

impl Database<'_> {
    /// As it stands in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// durward on a new database of this kind.
    pub(crate) async fn durward(
        self,
        programs: &Programs,
        scratch: &Scratch,
        settings: &[(&str, &str)],
    ) -> Outcome<Server> {
        match self {
            Self::Sqlite => programs.durward(scratch.path(), settings),
            Self::Postgres(postgres) => {
                let url = postgres.make_database().await?;
                let settings = [settings, &[("DURWARD_DATABASE__URL", &url)]].concat();
                programs.durward(scratch.path(), &settings)
            }
        }
    }
}
