//! The check of mails: what a start cannot do without are templates that work. A mail server that is away stops nobody.

use super::{Outcome, Subject};
use crate::config::Environment;
use crate::mailing;

pub(super) async fn mail(subject: &Subject) -> Outcome {
    let config = subject.config();
    let templates = match mailing::templates(config) {
        Ok(templates) => templates,
        Err(found) => {
            let cure =
                "mend or remove the files under mail.templates; docs/mail.md says what each has to hold".to_owned();
            return Outcome::Bad { found: format!("templates: {found}"), cure };
        }
    };
    let languages = templates.languages().collect::<Vec<_>>().join(", ");
    let server = match mailing::server(config) {
        Ok(server) => server,
        Err(found) => {
            let cure = "name a file with certificates in PEM form in mail.ca_file, or unset it".to_owned();
            return Outcome::Bad { found, cure };
        }
    };
    let Some(server) = server else { return without_server(config.environment) };
    match server.try_out(config.breaker.call_timeout).await {
        Ok(found) => Outcome::Good(format!("{found}; mails in {languages}")),
        Err(trouble) => Outcome::Worth {
            found: format!("{server:?}: {trouble}; mails wait until it takes them"),
            cure: trouble.cure().to_owned(),
        },
    }
}

fn without_server(environment: Environment) -> Outcome {
    match environment {
        Environment::Development => Outcome::Good("no mail server: mails are written to the log".to_owned()),
        Environment::Test => Outcome::Good("no mail server, and none is needed for tests".to_owned()),
        Environment::Staging | Environment::Production => Outcome::Worth {
            found: "no mail server: whoever forgets the password cannot set a new one, addresses are not verified and cannot \
                    be changed, and nobody is told of new devices, changed passwords or factors"
                .to_owned(),
            cure: "set mail.url (DURWARD_MAIL__URL=smtp://user:password@host:587) and mail.from".to_owned(),
        },
    }
}
