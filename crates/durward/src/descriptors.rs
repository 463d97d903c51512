//! File descriptors, of which each connection takes one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many are needed for other things than connections: the database, the log, what is read from disk.
const OTHERS: u64 = 100;

/// Takes as many as this process may have, instead of the few that it is given where nobody asks for more, and says for how
/// many connections they are enough.
pub(crate) fn raise() -> usize {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limits.maximum, maximum: limits.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limits.maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of file descriptors stays as it is");
            limits.current
        }
    };
    // None is no limit.
    let connections = current.map_or(u64::MAX, |descriptors| descriptors.saturating_sub(OTHERS).max(1));
    usize::try_from(connections).unwrap_or(usize::MAX)
}
