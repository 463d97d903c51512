//! What Ollama's API and OpenAI's say differently. The question is the same text in both.

mod ollama;
mod openai;

use durward_core::chat::Question;
use durward_proto::wire::chat::Author;
use serde_json::{Value, json};

use super::trouble::Trouble;

/// How a server wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Ollama's own API: a JSON object in each line.
    Ollama,
    /// OpenAI's API: server-sent events.
    OpenAi,
}

/// What a line of an answer says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The next words, perhaps none.
    pub(super) words: String,
    /// Whether this was a well-formed part of an answer, with words or without (a model may think before it speaks).
    pub(super) is_part: bool,
    /// Whether it was the last part.
    pub(super) is_last: bool,
}

/// Reads an answer, line by line.
#[derive(Debug)]
pub(super) enum Reader {
    Ollama,
    OpenAi(openai::Events),
}

impl Dialect {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ollama => "ollama",
            Self::OpenAi => "openai",
        }
    }

    /// Where questions are asked.
    pub(super) const fn chat_path(self) -> &'static str {
        match self {
            Self::Ollama => "/api/chat",
            Self::OpenAi => "/v1/chat/completions",
        }
    }

    /// Where the models are listed.
    pub(super) const fn models_path(self) -> &'static str {
        match self {
            Self::Ollama => "/api/tags",
            Self::OpenAi => "/v1/models",
        }
    }

    /// The type of an answer.
    pub(super) const fn accept(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            Self::OpenAi => "text/event-stream",
        }
    }

    /// The names in a list of models.
    pub(super) fn models(self, list: &Value) -> Option<Vec<String>> {
        let (all, name) = match self {
            Self::Ollama => ("models", "name"),
            Self::OpenAi => ("data", "id"),
        };
        let models = list.get(all)?.as_array()?;
        Some(models.iter().filter_map(|model| Some(model.get(name)?.as_str()?.to_owned())).collect())
    }

    /// Something that reads one answer.
    pub(super) fn reader(self) -> Reader {
        match self {
            Self::Ollama => Reader::Ollama,
            Self::OpenAi => Reader::OpenAi(openai::Events::default()),
        }
    }
}

impl Reader {
    /// What this line says.
    ///
    /// # Errors
    /// When it is no part of an answer, or says that there is none.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Said, Trouble> {
        match self {
            Self::Ollama => ollama::line(line),
            Self::OpenAi(events) => events.line(line),
        }
    }

    /// Whether what has come is a whole answer, although none of its parts said that it was the last.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Ollama => false,
            Self::OpenAi(events) => events.is_finished(),
        }
    }
}

/// The question as both dialects have it.
pub(super) fn body(question: &Question) -> String {
    let message = |author: Author, content: &str| json!({ "role": author, "content": content });
    let past = question.past.iter().map(|past| message(past.author, &past.content));
    let messages: Vec<Value> = past.chain([message(Author::User, &question.content)]).collect();
    json!({ "model": question.model, "messages": messages, "stream": true }).to_string()
}

/// What a line says that is an error: `{"error": "words"}` or `{"error": {"message": "words"}}`.
pub(super) fn error_in(line: &[u8]) -> Option<Trouble> {
    let line = serde_json::from_slice::<Value>(line).ok()?;
    Some(Trouble::Failed(error_words(line.get("error")?)?.to_owned()))
}

/// The words of an error: a text, or an object with a `message`.
pub(super) fn error_words(error: &Value) -> Option<&str> {
    error.as_str().or_else(|| error.get("message")?.as_str())
}
