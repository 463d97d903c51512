//! What an operator decides about second factors.

use std::time::Duration;

use durward_proto::Role;
use durward_proto::wire::factor::Method;

/// Which second factors there are, and of whom one is demanded.
#[derive(Debug, Clone)]
pub struct SecondFactorRules {
    /// Of whom one is demanded who has none.
    pub demand: Demand,
    /// Which may be used.
    pub methods: Vec<Method>,
    /// The name under which authenticators show this site.
    pub issuer: String,
    /// How long a trusted device need not show one; `None` when no device can be trusted.
    pub trust_device: Option<Duration>,
}

/// Of whom a second factor is demanded. Whoever has one is asked for it in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// Of nobody.
    Nobody,
    /// Of everybody.
    Everybody,
    /// Of these roles.
    Roles(Vec<Role>),
}

impl SecondFactorRules {
    /// Whether an account with this role must have a second factor.
    pub(crate) fn demands_of(&self, role: &Role) -> bool {
        match &self.demand {
            Demand::Nobody => false,
            Demand::Everybody => true,
            Demand::Roles(roles) => roles.contains(role),
        }
    }

    /// Whether this method may be used.
    pub(crate) fn allows(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }
}
