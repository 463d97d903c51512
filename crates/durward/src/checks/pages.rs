//! The check of the pages: what they look like and what they say.

use super::{Outcome, Subject};
use crate::wire;

pub(super) async fn pages(subject: &Subject) -> Outcome {
    match wire::pages(subject.config()) {
        Ok(None) => Outcome::Good("turned off".to_owned()),
        Ok(Some(pages)) => Outcome::Good(format!("in {}", pages.languages().join(", "))),
        Err(found) => Outcome::Bad {
            found,
            cure: "mend the setting or the file; docs/pages.md says what each has to hold".to_owned(),
        },
    }
}
