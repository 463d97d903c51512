//! `[roles.<name>]`: the roles that an operator defines. The only table whose keys are not known beforehand.

use std::collections::BTreeMap;

use durward_proto::scope::GRANTABLE;
use durward_proto::{Role, Scope};
use serde_json::Value as Json;

use crate::config::candidate::Raw;
use crate::config::nearest::nearest;
use crate::config::reader::Reader;
use crate::config::section::{Fallback, Row, Section};
use crate::config::value::Value;

/// What stands for every key of the table in the reference.
pub(crate) const PATTERN: &str = "roles.<name>.scopes";

/// The name in a key of this table, if it is one: of `roles.support.scopes`, `support`.
pub(crate) fn name_in(key: &str) -> Option<&str> {
    let name = key.strip_prefix("roles.")?.strip_suffix(".scopes")?;
    (!name.is_empty() && !name.contains('.') && key != PATTERN).then_some(name)
}

/// Roles beside `user` and `admin`, each in a table of its own: `[roles.support]`, or `DURWARD_ROLES__SUPPORT__SCOPES`. Every
/// role has the scope `user`; `admin` has all of them. An account whose role is not here any more may do what everybody
/// may. See `docs/operators.md`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Roles {
    /// Each role with its scopes.
    pub defined: BTreeMap<Role, Vec<Scope>>,
}

impl Section for Roles {
    const NAME: &'static str = "roles";
    const ABOUT: &'static [&'static str] = &[
        "Roles beside `user` and `admin`, each in a table of its own: `[roles.support]`, or `DURWARD_ROLES__SUPPORT__SCOPES`.",
        "Every role has the scope `user`; `admin` has all of them. An account whose role is not here any more may do what",
        "everybody may. See `docs/operators.md`.",
    ];

    fn rows() -> Vec<Row> {
        let about = &[
            "What the role may do: `users:read`, `users:write`, `sessions:read`, `sessions:write`, `audit:read`, `alerts:read`,",
            "`overview:read`, `breakers:read`, `config:read`, `keys:read`, `diagnostics:read`; and words of your own that begin",
            "with `app:`, which mean something to other services alone.",
        ];
        vec![Row::of::<Vec<Scope>>(PATTERN, about, Fallback::Nothing)]
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut defined = BTreeMap::new();
        for key in reader.keys(|key| name_in(key).is_some()) {
            let Some(Ok(role)) = name_in(&key).map(str::parse::<Role>) else {
                reader.refuse(&key, "a name that no role can have", "1 to 64 of a-z, 0-9, _ and -, a letter first");
                continue;
            };
            if role == Role::user() || role == Role::admin() {
                reader.refuse(&key, "a role that is built in", "another name");
                continue;
            }
            defined.insert(role, reader.take_dynamic::<Vec<Scope>>(key));
        }
        Some(Self { defined })
    }
}

impl Roles {
    /// Whether there is such a role, built in or defined.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names of all roles.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        ["user", "admin"].into_iter().chain(self.defined.keys().map(Role::as_str))
    }

    /// The role that was probably meant.
    pub(crate) fn nearest(&self, name: &str) -> &str {
        nearest(name, self.names()).unwrap_or_default()
    }
}

impl Value for Scope {
    fn expected() -> String {
        "a scope such as users:read".to_owned()
    }

    fn parse(raw: &Raw) -> Result<Self, String> {
        let text = raw.text()?.trim();
        text.parse().map_err(|_| {
            let meant = nearest(text, GRANTABLE.iter().map(|(word, _)| *word)).unwrap_or_default();
            format!("not a scope; did you mean `{meant}`? Words of your own begin with `app:`")
        })
    }

    fn shown(&self) -> Json {
        Json::from(self.as_str())
    }
}
