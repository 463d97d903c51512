//! Checks of the configuration. What is wrong is found by [`crate::config`]; here it gets its place in the list.

use durward_core::settings_schema::SettingsSchema;

use super::{Outcome, Subject};

pub(super) async fn config(subject: &Subject) -> Outcome {
    reported(subject, "config")
}

pub(super) async fn environment(subject: &Subject) -> Outcome {
    reported(subject, "environment")
}

pub(super) async fn secrets(subject: &Subject) -> Outcome {
    reported(subject, "secrets")
}

pub(super) async fn public_url(subject: &Subject) -> Outcome {
    reported(subject, "public_url")
}

pub(super) async fn cors(subject: &Subject) -> Outcome {
    reported(subject, "cors")
}

pub(super) async fn cookies(subject: &Subject) -> Outcome {
    reported(subject, "cookies")
}

pub(super) async fn schema(subject: &Subject) -> Outcome {
    match settings_schema(subject.config().settings.schema.as_deref()) {
        Ok(schema) => Outcome::Good(format!("{schema:?}")),
        Err(found) => Outcome::Bad { found, cure: "mend the file that settings.schema names, or unset it".to_owned() },
    }
}

/// The schema from the configured file, or the built-in one.
pub(crate) fn settings_schema(path: Option<&std::path::Path>) -> Result<SettingsSchema, String> {
    let Some(path) = path else { return SettingsSchema::built_in().map_err(|error| error.to_string()) };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    SettingsSchema::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn reported(subject: &Subject, id: &str) -> Outcome {
    let problems = subject.loaded().problems();
    let (mut found, mut cures) = (Vec::new(), Vec::new());
    for problem in problems.iter().filter(|problem| problem.id == id) {
        found.push(format!("{} ({}): {}, expected {}", problem.key, problem.source, problem.found, problem.expected));
        cures.push(problem.cure.clone());
    }
    cures.dedup();
    if found.is_empty() {
        Outcome::Good("good".to_owned())
    } else {
        Outcome::Bad { found: found.join("; "), cure: cures.join("; ") }
    }
}
