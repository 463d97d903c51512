//! OpenAI's `POST /v1/chat/completions` with `"stream": true`: server-sent events, each with a piece of the answer
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use serde::Deserialize;

use super::{Said, error_in};
use crate::answering::lines::MAX_LINE;
use crate::answering::trouble::Trouble;

/// What the last event says instead of JSON.
const DONE: &[u8] = b"[DONE]";

#[derive(Deserialize)]
struct Part {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(default)]
    delta: Delta,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

/// Puts events together from their lines.
#[derive(Debug, Default)]
pub(in crate::answering) struct Events {
    /// The data of the event that is coming.
    data: Vec<u8>,
    /// Whether a piece had a `finish_reason`: some servers never say `[DONE]`.
    finished: bool,
}

impl Events {
    /// What this line says: an event says something at its empty line.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Said, Trouble> {
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return if data.is_empty() { Ok(Said::default()) } else { self.event(&data) };
        }
        // Everything else is a comment, which servers send to show that they live, or a field of no use here.
        if let Some(data) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
            if self.data.len() > MAX_LINE {
                return Err(Trouble::Garbage("an event that is too long"));
            }
        }
        Ok(Said::default())
    }

    /// Whether a reason to finish was given.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    fn event(&mut self, data: &[u8]) -> Result<Said, Trouble> {
        if data.trim_ascii() == DONE {
            return Ok(Said { words: String::new(), is_part: true, is_last: true });
        }
        // An error first: some servers send it with an empty list of choices.
        if let Some(trouble) = error_in(data) {
            return Err(trouble);
        }
        let Ok(Part { choices }) = serde_json::from_slice(data) else {
            return Err(Trouble::Garbage("an event that is no part of an answer of OpenAI's"));
        };
        let mut said = Said { is_part: true, ..Said::default() };
        // Without `n` there is one choice; events may also have none, to say what was used.
        for choice in choices.into_iter().filter(|choice| choice.index == 0) {
            said.words.push_str(&choice.delta.content.unwrap_or_default());
            self.finished |= choice.finish_reason.is_some();
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Vec<Said>, Trouble> {
        let mut events = Events::default();
        let all: Result<Vec<Said>, Trouble> = lines.iter().map(|line| events.line(line.as_bytes())).collect();
        Ok(all?.into_iter().filter(|said| *said != Said::default()).collect())
    }

    fn words(words: &str) -> Said {
        Said { words: words.to_owned(), is_part: true, is_last: false }
    }

    #[test]
    fn parts() {
        let said = read(&[
            ": OPENROUTER PROCESSING",
            "",
            r#"data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}"#,
            "",
            "event: message",
            "id: 7",
            r#"data:{"choices":[{"delta":{"content":"Hi"}},{"index":1,"delta":{"content":"no"}}]}"#,
            "",
            r#"data: {"choices":"#,
            r#"data: [{"index":0,"delta":{"content":" ☃"}}],"error":null}"#,
            "",
            r#"data: {"choices":[],"usage":{"total_tokens":3}}"#,
            "",
            "data: [DONE]",
            "",
        ]);
        let last = Said { words: String::new(), is_part: true, is_last: true };
        assert_eq!(said.unwrap(), [words(""), words("Hi"), words(" ☃"), words(""), last]);
    }

    #[test]
    fn an_answer_that_says_why_it_ends_is_whole() {
        let mut events = Events::default();
        events.line(br#"data: {"choices":[{"delta":{"content":"x"}}]}"#).unwrap();
        events.line(b"").unwrap();
        assert!(!events.is_finished());
        events.line(br#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#).unwrap();
        assert_eq!(events.line(b"").unwrap(), words(""));
        assert!(events.is_finished());
    }

    #[test]
    fn failures_and_what_is_none_of_this() {
        for text in
            [r#"data: {"error":"overloaded"}"#, r#"data: {"error":{"message":"overloaded","type":"x"},"choices":[]}"#]
        {
            let trouble = read(&[text, ""]).unwrap_err();
            assert!(matches!(&trouble, Trouble::Failed(said) if said == "overloaded"), "{trouble}");
        }
        for text in
            ["data: {", "data: hello", "data: {}", "data: [1]", r#"data: {"choices":[{"delta":{"content":1}}]}"#]
        {
            assert!(matches!(read(&[text, ""]), Err(Trouble::Garbage(_))), "{text}");
        }
        let long = format!("data: {}", "x".repeat(MAX_LINE / 2));
        assert!(matches!(read(&[&long, &long, &long]), Err(Trouble::Garbage(_))));
    }
}
