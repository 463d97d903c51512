//! A database, and the nodes that stand on it.

use crate::Outcome;
use crate::child::{Programs, Server};
use crate::postgres::Postgres;
use crate::scratch::Scratch;
use crate::seed::SETTINGS;
use crate::sockets::LIMITS;

/// As little work as the configuration allows: a hash that takes microseconds, so that what is measured is the rest.
const CHEAPEST_HASH: [(&str, &str); 2] = [("DURWARD_PASSWORD__MEMORY_KIB", "8"), ("DURWARD_PASSWORD__ITERATIONS", "1")];

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// As it stands in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The database and what its nodes keep beside it.
pub(crate) struct Place<'a> {
    programs: &'a Programs,
    /// PostgreSQL's; SQLite's file stands with the first node.
    pub(crate) url: Option<String>,
    pub(crate) nodes: Vec<Scratch>,
}

impl<'a> Place<'a> {
    /// Makes the database, with the tables in it and nothing else.
    pub(crate) async fn make(programs: &'a Programs, postgres: Option<&Postgres>, nodes: usize) -> Outcome<Self> {
        let url = match postgres {
            Some(postgres) => Some(postgres.make_database().await?),
            None => None,
        };
        let nodes = (0..nodes).map(|_| Scratch::new()).collect::<Outcome<Vec<_>>>()?;
        let place = Self { programs, url, nodes };
        for server in place.start().await? {
            server.stop()?;
        }
        Ok(place)
    }

    /// Starts all nodes.
    pub(crate) async fn start(&self) -> Outcome<Vec<Server>> {
        let mut settings: Vec<(&str, &str)> = SETTINGS.into_iter().chain(LIMITS).chain(CHEAPEST_HASH).collect();
        settings.extend(self.url.iter().map(|url| ("DURWARD_DATABASE__URL", url.as_str())));
        let mut servers = Vec::new();
        for node in &self.nodes {
            let mut server = self.programs.durward(node.path(), &settings)?;
            server.ready("/health/ready").await?;
            servers.push(server);
        }
        Ok(servers)
    }
}
