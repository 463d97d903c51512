//! Metrics of the connections and statements, by the scope that asks: what people wait for apart from what jobs and checks
//! do. Each is looked up once, when the database is opened.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::error::StoreError;

/// Who asks the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A user, for rows of their own.
    Own,
    /// An administrator.
    AnyUser,
    /// The login flows and the checks of tokens.
    Gate,
    /// Jobs, checks and migrations.
    System,
}

impl Who {
    const ALL: [Self; 4] = [Self::Own, Self::AnyUser, Self::Gate, Self::System];

    /// Whether what is asked may be long work, such as counting everything: others go first.
    pub(crate) const fn is_patient(self) -> bool {
        matches!(self, Self::AnyUser | Self::System)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::AnyUser => "any_user",
            Self::Gate => "gate",
            Self::System => "system",
        }
    }
}

/// The metrics of all scopes.
pub(crate) struct Meters {
    own: Meter,
    any_user: Meter,
    gate: Meter,
    system: Meter,
}

impl Meters {
    /// None counted yet. `connections` is how many there may be.
    pub(crate) fn new(connections: u32) -> Self {
        gauge!("durward_database_connections_max").set(connections);
        let [own, any_user, gate, system] = Who::ALL.map(Meter::new);
        Self { own, any_user, gate, system }
    }

    /// Those of one scope.
    pub(crate) fn of(&self, who: Who) -> &Meter {
        match who {
            Who::Own => &self.own,
            Who::AnyUser => &self.any_user,
            Who::Gate => &self.gate,
            Who::System => &self.system,
        }
    }
}

/// The metrics of one scope.
pub(crate) struct Meter {
    in_use: Gauge,
    wait: Histogram,
    statement: Histogram,
    unavailable: Counter,
    broken: Counter,
    conflict: Counter,
}

impl Meter {
    fn new(who: Who) -> Self {
        let failed = |kind| counter!("durward_database_failures_total", "scope" => who.word(), "kind" => kind);
        Self {
            in_use: gauge!("durward_database_connections_in_use", "scope" => who.word()),
            wait: histogram!("durward_database_wait_seconds", "scope" => who.word()),
            statement: histogram!("durward_database_statement_seconds", "scope" => who.word()),
            unavailable: failed("unavailable"),
            broken: failed("broken"),
            conflict: failed("conflict"),
        }
    }

    /// A connection was waited for.
    pub(crate) fn waited(&self, wait: Duration) {
        self.wait.record(wait);
    }

    /// A statement was answered, or given up.
    pub(crate) fn took(&self, time: Duration) {
        self.statement.record(time);
    }

    /// A statement failed, or there was no connection.
    pub(crate) fn failed(&self, error: &StoreError) {
        match error {
            StoreError::Unavailable(_) => self.unavailable.increment(1),
            StoreError::Conflict { .. } | StoreError::Gone { .. } => self.conflict.increment(1),
            StoreError::Broken(_) => self.broken.increment(1),
        }
    }

    /// A connection is in use from now on.
    pub(crate) fn taken(&self) {
        self.in_use.increment(1.0);
    }

    /// It is not any more.
    pub(crate) fn given_back(&self) {
        self.in_use.decrement(1.0);
    }
}
