//! What most commands begin with: the configuration and an open database.

use std::sync::Arc;

use durward_proto::{Clock, SystemClock};
use durward_store::Opened;
use durward_verify::SystemRandom;

use super::Failure;
use crate::config::{Config, Inputs, Loaded};
use crate::wire;

/// The configuration, the clock and the database, whose schema is what this program needs.
pub(crate) struct Open {
    pub(crate) loaded: Loaded,
    pub(crate) opened: Opened,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Open {
    /// Opens the database, whatever its schema is.
    pub(crate) async fn any_schema(inputs: &Inputs) -> Result<Self, Failure> {
        let mut loaded = Config::load(inputs)?;
        // What is done is written into the audit trail, whose keys are made from it. What cannot be made is said there.
        let _ = loaded.make_secrets(&SystemRandom);
        let clock: Arc<dyn Clock> = SystemClock::new();
        let options = wire::store_options(&loaded.config);
        let opened = Opened::open(&options, clock.clone(), Arc::new(SystemRandom)).await?;
        Ok(Self { loaded, opened, clock })
    }

    /// Opens the database and looks at its schema first: a command must not fail halfway through.
    pub(crate) async fn database(inputs: &Inputs) -> Result<Self, Failure> {
        let open = Self::any_schema(inputs).await?;
        let faults = open.opened.system.check_schema().await?;
        if faults.is_empty() {
            return Ok(open);
        }
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Err(Failure::new(lines.join("\n")))
    }
}
