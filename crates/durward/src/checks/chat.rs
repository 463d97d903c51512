//! The check of the chat's answering side. It never fails: whoever cannot chat can still log in.

use super::{Outcome, Subject};
use crate::answering;

pub(super) async fn chat(subject: &Subject) -> Outcome {
    let Some(upstream) = answering::upstream(subject.config()) else {
        return Outcome::Good("echo, which is built in".to_owned());
    };
    let place = format!("{} at {}", upstream.name(), upstream.url());
    let models = match upstream.models().await {
        Ok(models) => models,
        Err((trouble, cure)) => return Outcome::Worth { found: format!("{place}: {trouble}"), cure: cure.to_owned() },
    };
    let count = models.len();
    match default_model(subject).await {
        Some(model) if !has(&models, &model) => Outcome::Worth {
            found: format!("{place} has {count} models, and not \"{model}\", which users have who chose none"),
            cure: "get the server that model, or set another default for chat_model in the file that settings.schema names"
                .to_owned(),
        },
        _ => Outcome::Good(format!("{place}, {count} models")),
    }
}

/// The model of a user who chose none.
async fn default_model(subject: &Subject) -> Option<String> {
    let core = subject.core().await.ok()?;
    Some(core.settings_schema().pointer("/properties/chat_model/default")?.as_str()?.to_owned())
}

/// Whether a model is there. For Ollama a name without a tag means `latest`.
fn has(models: &[String], model: &str) -> bool {
    models.iter().any(|there| there == model || there.strip_suffix(":latest") == Some(model))
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn names_of_models() {
        let models = ["llama3.2:3b".to_owned(), "mistral:latest".to_owned()];
        for (model, expected) in [("llama3.2:3b", true), ("mistral", true), ("llama3.2", false), ("mistral:7b", false)]
        {
            assert_eq!(has(&models, model), expected, "{model}");
        }
    }
}
