//! A canary in every place where a secret can stand, and no output that shows it.

use std::process::ExitCode;

use super::Machine;
use crate::cli::config::{ConfigCommand, run};
use crate::config::Config;

const CANARY: &str = "c4n4ryZq8vT1mXc5Lr0wYb3NhKf7PdJ2sGa9Ue";

/// Everything that can come out of a machine's configuration.
fn everything(machine: &Machine) -> String {
    let mut out = Vec::new();
    for command in [
        ConfigCommand::Show { json: false },
        ConfigCommand::Show { json: true },
        ConfigCommand::Check { json: false },
        ConfigCommand::Check { json: true },
    ] {
        let mut err = Vec::new();
        run(&command, &machine.inputs, &mut out, &mut err).unwrap();
        out.extend(err);
    }
    let loaded = match Config::load(&machine.inputs) {
        Ok(loaded) => format!("{loaded:?} {:#?} {:?}", loaded.config, loaded.problems()),
        Err(errors) => format!("{errors} {errors:?}"),
    };
    format!("{}\n{loaded}\n{:?}", String::from_utf8(out).unwrap(), machine.inputs)
}

#[test]
fn no_output_shows_a_secret() {
    let url = |scheme: &str| format!("{scheme}://u:{CANARY}@h/d");
    let values = [
        ("JWT_SECRET_KEY", CANARY.to_owned()),
        ("CSRF_SECRET_KEY", CANARY.to_owned()),
        ("DURWARD_KEYS__MASTER_KEY", CANARY.to_owned()),
        ("DATABASE_URL", url("postgresql")),
        ("DATABASE_URL", url("mysql")),
        ("DATABASE_URL", format!("postgresql://u:{CANARY}#@h/d")),
        ("DATABASE_URL", format!("postgresql://h/d?passwd={CANARY}")),
        ("DATABASE_URL", format!("postgresql://u:{CANARY}@h:x/d")),
        ("DATABASE_URL", CANARY.to_owned()),
        ("POSTGRES_PASSWORD", CANARY.to_owned()),
        ("POSTGRES_HOST", url("postgresql")),
        ("DURWARD_MAIL__URL", format!("smtp://u:{CANARY}@h")),
        ("DURWARD_MAIL__URL", format!("smtp://u:{CANARY}@h/x")),
        ("DURWARD_SERVER__PUBLIC_URL", url("https")),
        ("CORS_ALLOWED_ORIGINS", url("https")),
        ("DOMAIN", format!("u:{CANARY}@h")),
        ("DURWARD_TOKENS__SECERT", CANARY.to_owned()),
    ];
    for (variable, value) in &values {
        for machine in [Machine::good(), Machine::dev()] {
            let shown = everything(&machine.var(variable, value));
            assert!(!shown.contains(CANARY), "{variable}={value}\n{shown}");
            assert!(shown.contains("tokens.secret") || shown.contains("config"), "{shown}");
        }
    }
    // The wrong file for a setting that is otherwise shown.
    for variable in [
        "DURWARD_SERVER__LISTEN_FILE",
        "API_PORT_FILE",
        "ACCESS_TOKEN_EXPIRE_MINUTES_FILE",
        "DOMAIN_FILE",
        "DURWARD_LOG__LEVEL_FILE",
    ] {
        let machine = Machine::dev().file("secret", &format!("{CANARY} x"));
        let path = machine.path("secret");
        let shown = everything(&machine.var(variable, path.to_str().unwrap()));
        assert!(!shown.contains(CANARY), "{variable}\n{shown}");
    }
    for text in [
        format!("[tokens]\nsecret = '{CANARY}'"),
        format!("[tokens]\nsecret = ['{CANARY}']"),
        format!("[tokens]\nsecrt = '{CANARY}'"),
        format!("[database]\nurl = ['postgres://u:{CANARY}@h/d']"),
        format!("[tokens]\nsecret = {CANARY}"),
    ] {
        let shown = everything(&Machine::dev().toml(&text));
        assert!(!shown.contains(CANARY), "{text}\n{shown}");
    }
    let both = Machine::dev().var("JWT_SECRET_KEY", CANARY).var("DURWARD_TOKENS__SECRET", "another");
    assert!(!everything(&both).contains(CANARY));
}

#[test]
fn the_commands_say_by_their_exit_code_what_they_found() {
    let code = |machine: &Machine, command: ConfigCommand| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run(&command, &machine.inputs, &mut out, &mut err).unwrap();
        (code == ExitCode::SUCCESS, code == ExitCode::from(1), code == ExitCode::from(2))
    };
    let check = || ConfigCommand::Check { json: false };
    let show = || ConfigCommand::Show { json: false };
    assert_eq!(code(&Machine::good(), check()), (true, false, false));
    assert_eq!(code(&Machine::good(), show()), (true, false, false));
    assert_eq!(code(&Machine::good().var("JWT_SECRET_KEY", "short"), check()), (false, true, false));
    assert_eq!(code(&Machine::good().var("API_PORT", "x"), check()), (false, true, false));
    assert_eq!(code(&Machine::good().var("API_PORT", "x"), show()), (false, false, true));
    let mut lost = Machine::good();
    lost.inputs.file = Some(lost.path("lost.toml"));
    assert_eq!(code(&lost, check()), (false, false, true));
}
