//! The roles that accounts can have.

use durward_proto::wire::admin::RoleEntry;
use durward_verify::{ReadUsers, Verified};

use crate::fault::Fault;
use crate::service::Core;

impl Core {
    /// Lists them by their names.
    ///
    /// # Errors
    /// `forbidden` without `users:read`.
    pub fn role_list(&self, who: &Verified) -> Result<Vec<RoleEntry>, Fault> {
        who.permit::<ReadUsers>()?;
        let roles = self.policy.roles.all();
        Ok(roles.map(|(name, scopes)| RoleEntry { name: name.to_owned(), scopes: scopes.to_vec() }).collect())
    }
}
