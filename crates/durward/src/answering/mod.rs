//! Who answers in the chat: the echo that is built in, or another server, asked over HTTP behind a circuit breaker.
//!
//! [`upstream`] holds the connection and its time limits, [`dialect`] what Ollama and OpenAI say differently,
//! [`guarded`] puts both behind the breaker, and [`trouble`] says of each failure whether it counts and what the user is
//! told. The contract with the users stands in `docs/chat.md`.

mod dialect;
mod guarded;
mod lines;
pub(crate) mod tls;
mod trouble;
mod upstream;

use std::sync::Arc;

use durward_core::Breakers;
use durward_core::chat::{Answerer, Echo};

use crate::config::{Answering, Config};
use guarded::Guarded;
pub(crate) use upstream::Upstream;

/// The name of the breaker around the answering side.
const BREAKER: &str = "chat";

/// The answering side that is configured.
pub(crate) fn answerer(config: &Config, breakers: &Breakers) -> Arc<dyn Answerer> {
    let Some(upstream) = upstream(config) else { return Arc::new(Echo) };
    // A model may take its time to begin, and so may a probe.
    let breaker = breakers.register_patient(BREAKER, config.chat.first_byte_timeout);
    Arc::new(Guarded::new(upstream, breaker))
}

/// The server that answers, unless the echo does.
pub(crate) fn upstream(config: &Config) -> Option<Upstream> {
    let dialect = match config.chat.answering {
        Answering::Echo => return None,
        Answering::Ollama => dialect::Dialect::Ollama,
        Answering::Openai => dialect::Dialect::OpenAi,
    };
    // Without a URL the configuration is refused before anybody comes here.
    Some(Upstream::new(dialect, config.chat.url.clone()?, &config.chat))
}
