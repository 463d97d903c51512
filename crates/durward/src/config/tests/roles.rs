//! Roles that an operator defines: the one table whose keys are not known beforehand.

use super::Machine;

#[track_caller]
fn scopes(machine: &Machine, role: &str) -> Vec<String> {
    let roles = machine.config().roles.defined;
    let scopes = roles.get(&role.parse().unwrap()).unwrap_or_else(|| panic!("{role} is not among {roles:?}"));
    scopes.iter().map(ToString::to_string).collect()
}

#[test]
fn they_are_read_from_each_place_and_shown() {
    let file = Machine::dev().toml("[roles.support]\nscopes = [\"users:read\", \"sessions:read\"]\n");
    assert_eq!(scopes(&file, "support"), ["users:read", "sessions:read"]);
    assert_eq!(file.shown("roles.support.scopes"), r#"["users:read","sessions:read"]"#);
    assert!(file.load().unwrap().source("roles.support.scopes").to_string().ends_with("durward.toml:2"));
    let inline = Machine::dev().toml("roles = { auditor = { scopes = \"audit:read,app:books\" } }\n");
    assert_eq!(scopes(&inline, "auditor"), ["audit:read", "app:books"]);
    for name in ["DURWARD_ROLES__HELP_DESK__SCOPES", "durward_roles__help_desk__scopes"] {
        let variable = Machine::dev().var(name, "users:read, users:write");
        assert_eq!(scopes(&variable, "help_desk"), ["users:read", "users:write"]);
    }
    let secret = Machine::dev().secret("DURWARD_ROLES__SUPPORT__SCOPES", "users:read\n");
    assert_eq!(scopes(&secret, "support"), ["users:read"]);
    let none = Machine::dev().var("DURWARD_ROLES__GUEST__SCOPES", "");
    assert_eq!(scopes(&none, "guest"), [""; 0]);
}

#[test]
fn the_environment_comes_before_the_file_and_roles_come_together() {
    let machine = Machine::dev()
        .toml("[roles.support]\nscopes = [\"users:read\"]\n[roles.auditor]\nscopes = [\"audit:read\"]\n")
        .var("DURWARD_ROLES__SUPPORT__SCOPES", "users:read,users:write");
    assert_eq!(scopes(&machine, "support"), ["users:read", "users:write"]);
    assert_eq!(scopes(&machine, "auditor"), ["audit:read"]);
}

#[test]
fn what_is_no_scope_is_an_error_that_names_the_nearest() {
    for (text, meant) in [("users:raed", "users:read"), ("audit", "audit:read"), ("session:write", "sessions:write")] {
        let problem = Machine::dev().var("DURWARD_ROLES__SUPPORT__SCOPES", text).problem();
        assert_eq!(problem.key, "roles.support.scopes");
        assert!(problem.found.contains(&format!("did you mean `{meant}`")), "{problem}");
    }
    // These two belong to the roles of their names alone.
    for text in ["admin", "user"] {
        assert_eq!(Machine::dev().var("DURWARD_ROLES__SUPPORT__SCOPES", text).problem().key, "roles.support.scopes");
    }
}

#[test]
fn what_can_be_no_role_is_refused() {
    for (file, key) in [
        ("[roles.admin]\nscopes = [\"users:read\"]\n", "roles.admin.scopes"),
        ("[roles.user]\nscopes = []\n", "roles.user.scopes"),
        ("[roles.\"Big Boss\"]\nscopes = []\n", "roles.Big Boss.scopes"),
        ("[roles.support]\nscope = [\"users:read\"]\n", "roles.support.scope"),
        ("[roles]\nsupport = [\"users:read\"]\n", "roles.support"),
        ("[roles.\"<name>\"]\nscopes = []\n", "roles.<name>.scopes"),
    ] {
        let problem = Machine::dev().toml(file).problem();
        assert_eq!(problem.key, key, "{problem}");
    }
    let problem = Machine::dev().var("DURWARD_ROLES__SUPPORT__SCOPE", "users:read").problem();
    assert!(problem.found.contains("not known"), "{problem}");
}

#[test]
fn a_role_that_is_named_elsewhere_has_to_be_there() {
    let named = Machine::dev().var("DURWARD_SECOND_FACTOR__ROLES", "admin,suport");
    let problem = named.var("DURWARD_ROLES__SUPPORT__SCOPES", "users:read").problem();
    assert_eq!(problem.key, "second_factor.roles");
    assert!(problem.cure.contains("`support`"), "{problem}");
    let good = Machine::dev().var("DURWARD_SECOND_FACTOR__ROLES", "admin,support,user");
    assert_eq!(good.var("DURWARD_ROLES__SUPPORT__SCOPES", "users:read").problems(), []);
}
