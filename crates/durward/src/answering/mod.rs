//! Who answers in the chat: the echo that is built in, or another server, asked over HTTP behind a circuit breaker.
//!
//! [`upstream`] holds the connection and its time limits, [`dialect`] what Ollama and OpenAI say differently,
//! [`guarded`] puts both behind the breaker, and [`trouble`] says of each failure whether it counts and what the user is
//! told. The contract with the users stands in `docs/chat.md`.

mod dialect;
mod guarded;
mod lines;
mod tls;
mod trouble;
mod upstream;

use std::sync::Arc;

use durward_core::chat::{Answerer, Echo};
use durward_proto::Clock;
use durward_verify::{Breaker, BreakerRules};

use crate::config::{Answering, Config};
use guarded::Guarded;
pub(crate) use upstream::Upstream;

/// The name of the breaker around the answering side.
const BREAKER: &str = "chat";

/// The answering side that is configured.
pub(crate) fn answerer(config: &Config, clock: Arc<dyn Clock>) -> Arc<dyn Answerer> {
    let Some(upstream) = upstream(config) else { return Arc::new(Echo) };
    let breaker = Breaker::new(BREAKER, breaker_rules(config), clock);
    Arc::new(Guarded::new(upstream, Arc::new(breaker)))
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

/// The breakers' rules, with the time that a model may take to begin in place of the time of a call.
fn breaker_rules(config: &Config) -> BreakerRules {
    BreakerRules {
        failure_threshold: config.breaker.failure_threshold,
        success_threshold: config.breaker.success_threshold,
        recovery_timeout: config.breaker.recovery_timeout,
        call_timeout: config.chat.first_byte_timeout,
        exponential_backoff: config.breaker.exponential_backoff,
        ..BreakerRules::default()
    }
}
