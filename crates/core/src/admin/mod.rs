//! What operators see and change over the wire. Each part asks the caller's proof for the right that it needs; what
//! changes somebody's account reaches no further than the caller's own scopes, needs an audit row that names the caller,
//! and takes effect on every node at once.

mod attempts;
mod change;
mod keys;
mod overview;
mod places;
mod roles;
mod sessions;
mod users;

pub use places::PlacesQuery;
pub use users::UserQuery;
pub(crate) use users::{add_attempts, add_sessions, outline};

use durward_proto::{Code, Problem, Role};
use durward_verify::Verified;

use crate::fault::Fault;
use crate::service::Core;

impl Core {
    /// Refuses to change an account that may do more than the caller.
    fn reaches(&self, who: &Verified, role: &Role) -> Result<(), Fault> {
        if self.policy.roles.reach(who.scopes(), role) {
            return Ok(());
        }
        let detail = format!("The role `{role}` may do more than your own.");
        Err(Fault::of(Problem::new(Code::Forbidden).detail(detail)))
    }
}
