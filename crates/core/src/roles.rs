//! Roles: what scopes each of them has. `user` and `admin` are always there, the others are the operator's.

use std::collections::BTreeMap;
use std::sync::Arc;

use durward_proto::scope::{ADMIN, USER};
use durward_proto::{Role, Scope};

/// Every role there is.
#[derive(Debug, Clone)]
pub struct Roles {
    defined: BTreeMap<String, Arc<[String]>>,
    user: Arc<[String]>,
}

impl Roles {
    /// `user`, `admin`, and those that an operator defined.
    pub fn new(defined: impl IntoIterator<Item = (Role, Vec<Scope>)>) -> Self {
        let words = |own: Vec<String>| -> Arc<[String]> { std::iter::once(USER.to_owned()).chain(own).collect() };
        let mut all: BTreeMap<String, Arc<[String]>> = defined
            .into_iter()
            .map(|(role, scopes)| (role.to_string(), words(scopes.iter().map(ToString::to_string).collect())))
            .collect();
        let user = words(Vec::new());
        all.insert(Role::user().to_string(), user.clone());
        all.insert(Role::admin().to_string(), words(vec![ADMIN.to_owned()]));
        Self { defined: all, user }
    }

    /// What a role may do. One that is not defined any more may do what everybody may.
    pub fn scopes_of(&self, role: &Role) -> Arc<[String]> {
        self.defined.get(role.as_str()).unwrap_or(&self.user).clone()
    }

    /// Whether there is such a role.
    pub fn knows(&self, role: &Role) -> bool {
        self.defined.contains_key(role.as_str())
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.defined.keys().map(String::as_str)
    }

    /// All of them in order, each with its scopes.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.defined.iter().map(|(name, scopes)| (name.as_str(), &**scopes))
    }

    /// Whether somebody with these scopes may do everything that a role may. Nobody changes an account that may do more
    /// than they may themselves, and nobody gives a role that does.
    pub(crate) fn reach(&self, scopes: &[String], role: &Role) -> bool {
        let holds = |scope: &String| scopes.contains(scope);
        scopes.iter().any(|scope| scope == ADMIN) || self.scopes_of(role).iter().all(holds)
    }
}

impl Default for Roles {
    /// `user` and `admin` alone.
    fn default() -> Self {
        Self::new([])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_its_scopes_and_reaches_no_further_than_they_go() {
        let role = |name: &str| name.parse::<Role>().unwrap();
        let scopes = |words: &[&str]| words.iter().map(|word| word.parse::<Scope>().unwrap()).collect::<Vec<_>>();
        let roles = Roles::new([
            (role("support"), scopes(&["users:read", "users:write"])),
            (role("auditor"), scopes(&["audit:read"])),
        ]);
        let of = |name: &str| roles.scopes_of(&role(name)).to_vec();
        assert_eq!(of("user"), ["user"]);
        assert_eq!(of("admin"), ["user", "admin"]);
        assert_eq!(of("support"), ["user", "users:read", "users:write"]);
        assert_eq!(of("of-last-year"), ["user"]);
        assert_eq!(roles.names().collect::<Vec<_>>(), ["admin", "auditor", "support", "user"]);
        assert!(roles.knows(&role("support")) && !roles.knows(&role("of-last-year")));
        for (who, reached) in [
            ("admin", &["admin", "support", "auditor", "user", "of-last-year"][..]),
            ("support", &["support", "user", "of-last-year"]),
            ("auditor", &["auditor", "user", "of-last-year"]),
            ("user", &["user", "of-last-year"]),
        ] {
            for name in ["admin", "support", "auditor", "user", "of-last-year"] {
                assert_eq!(roles.reach(&of(who), &role(name)), reached.contains(&name), "{who} and {name}");
            }
        }
    }
}
