//! Files that cannot be read, or hold something else.

use std::os::unix::ffi::OsStringExt;

use super::Machine;

#[test]
fn a_file_that_is_not_there() {
    let mut machine = Machine::dev();
    machine.inputs.file = Some(machine.path("nothing.toml"));
    let errors = machine.load().unwrap_err();
    assert!(errors.unreadable && errors.problems[0].source.ends_with("nothing.toml"), "{errors}");

    let machine = Machine::dev().var("JWT_SECRET_KEY_FILE", "/nowhere/jwt");
    let problem = machine.problem();
    assert_eq!(problem.id, "secrets");
    assert!(problem.source.contains("/nowhere/jwt") && problem.source.contains("JWT_SECRET_KEY_FILE"), "{problem}");
}

#[test]
fn a_file_that_is_not_toml() {
    for text in [
        "[tokens]\nsecret = \"canary",
        "[tokens]\nsecret = canary-canary",
        "[tokens]\nsecret = 'canary'\nsecret = 'canary'",
    ] {
        let errors = Machine::dev().toml(text).load().unwrap_err();
        let shown = format!("{errors} {errors:?}");
        assert!(!errors.unreadable && shown.contains("durward.toml:"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn only_one_line_end_is_cut_off() {
    for (text, secret) in
        [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("abc\n\n", "abc\n"), (" abc \n", " abc ")]
    {
        let config = Machine::dev().secret("JWT_SECRET_KEY", text).config();
        assert_eq!(config.tokens.secret.unwrap().expose(), secret, "{text:?}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    let mut machine = Machine::dev();
    let bytes = std::ffi::OsString::from_vec(vec![0x66, 0xff]);
    machine.inputs.environment.insert("DURWARD_TOKENS__ISSUER".to_owned(), bytes);
    assert!(machine.problem().found.contains("UTF-8"));

    let machine = Machine::dev();
    std::fs::write(machine.inputs.secrets_dir.join("jwt_secret_key"), [0x66, 0xff]).unwrap();
    let problem = machine.problem();
    assert!(problem.id == "secrets" && problem.found.contains("UTF-8"), "{problem}");

    let machine = Machine::dev().secret("jwt_secret_key", &"x".repeat(70_000));
    assert!(machine.problem().found.contains("64 KiB"));
}

#[test]
fn other_things_among_the_secrets() {
    let machine = Machine::dev().secret("tokens.secret", "from the key's own name, long enough");
    std::fs::create_dir(machine.inputs.secrets_dir.join("domain")).unwrap();
    assert_eq!(machine.problems(), []);
    assert!(machine.config().tokens.secret.unwrap().expose().starts_with("from the key"));
    let mut machine = machine;
    machine.inputs.secrets_dir = machine.path("no such directory");
    assert_eq!(machine.config().tokens.secret, None);
}
