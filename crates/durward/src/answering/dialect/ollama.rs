//! Ollama's `POST /api/chat` with `"stream": true`.

use serde::Deserialize;

use super::{Said, error_in};
use crate::answering::trouble::Trouble;

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    message: Message,
    done: bool,
}

#[derive(Default, Deserialize)]
struct Message {
    #[serde(default)]
    content: String,
}

/// What this line says.
pub(super) fn line(line: &[u8]) -> Result<Said, Trouble> {
    if line.trim_ascii().is_empty() {
        return Ok(Said::default());
    }
    if let Ok(Part { message, done }) = serde_json::from_slice(line) {
        return Ok(Said { words: message.content, is_part: true, is_last: done });
    }
    Err(error_in(line).unwrap_or(Trouble::Garbage("a line that is no part of an answer of Ollama's")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Said {
        line(text.as_bytes()).unwrap()
    }

    #[test]
    fn parts() {
        let first = r#"{"model":"m","created_at":"2024-07-22T20:33:28Z","message":{"role":"assistant","content":"Hi ☃"},"done":false}"#;
        assert_eq!(said(first), Said { words: "Hi ☃".to_owned(), is_part: true, is_last: false });
        let thinking = r#"{"message":{"role":"assistant","content":"","thinking":"hm"},"done":false}"#;
        assert_eq!(said(thinking), Said { words: String::new(), is_part: true, is_last: false });
        let last = r#"{"model":"m","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"eval_count":2}"#;
        assert_eq!(said(last), Said { words: String::new(), is_part: true, is_last: true });
        assert!(said(r#"{"done":true}"#).is_last);
        assert_eq!(said("  "), Said::default());
    }

    #[test]
    fn failures_and_what_is_none_of_this() {
        for text in [r#"{"error":"out of memory"}"#, r#"{"error":{"message":"out of memory"}}"#] {
            let trouble = line(text.as_bytes()).unwrap_err();
            assert!(matches!(&trouble, Trouble::Failed(said) if said == "out of memory"), "{trouble}");
        }
        for text in
            ["{", "<html>", "{}", "[]", "null", r#"{"message":{"content":5},"done":false}"#, "data: {}", "\u{0}"]
        {
            assert!(matches!(line(text.as_bytes()), Err(Trouble::Garbage(_))), "{text}");
        }
        assert!(matches!(line(b"{\"message\":{\"content\":\"\xc3\"},\"done\":false}"), Err(Trouble::Garbage(_))));
    }
}
