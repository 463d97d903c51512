//! Plain text as mails have it.

/// The most characters of a line, as RFC 5322 section 2.1.1 advises, with room for quotation marks of an answer.
const WIDTH: usize = 74;
/// The most characters of a subject.
const SUBJECT: usize = 200;

/// One line, whatever came: no value can end the header and begin another.
pub(super) fn subject(rendered: &str) -> String {
    let clean: String = rendered.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(SUBJECT) {
        line.truncate(end);
    }
    line
}

/// Lines of sane length, broken at spaces alone, so that links stay whole. Ends with one line break.
pub(super) fn body(rendered: &str) -> String {
    let mut text = String::with_capacity(rendered.len() + 64);
    let mut blank = true;
    for line in rendered.lines() {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        let was_blank = std::mem::replace(&mut blank, line.trim().is_empty());
        if blank {
            if !was_blank {
                text.push('\n');
            }
        } else {
            wrap(&line, &mut text);
        }
    }
    while text.ends_with("\n\n") {
        text.pop();
    }
    text
}

fn wrap(line: &str, text: &mut String) {
    // The mark before a signature is two hyphens and a space (RFC 3676 section 4.3).
    if line.chars().count() <= WIDTH {
        text.push_str(if line == "-- " { line } else { line.trim_end() });
        text.push('\n');
        return;
    }
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let mut length = indent.chars().count();
    text.push_str(&indent);
    let mut first = true;
    for word in line.split_whitespace() {
        let word_length = word.chars().count();
        if !first && length + 1 + word_length > WIDTH {
            text.push('\n');
            text.push_str(&indent);
            length = indent.chars().count();
            first = true;
        }
        if !first {
            text.push(' ');
            length += 1;
        }
        text.push_str(word);
        length += word_length;
        first = false;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line() {
        assert_eq!(subject("  Hello\r\nBcc: x@example.com\u{85}\tthere \u{0}"), "Hello Bcc: x@example.com there");
        assert_eq!(subject(&"ä".repeat(500)).chars().count(), SUBJECT);
    }

    #[test]
    fn lines_are_broken_at_spaces_and_links_stay_whole() {
        let link = format!("https://example.com/{}", "x".repeat(200));
        let text = body(&format!("\n\n{}\n\n\n\n    {link}\r\nshort  \n-- \nbye\u{7}\n\n\n", "word ".repeat(40)));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH || line.ends_with(&link)), "{text}");
        assert!(text.contains(&format!("\n\n    {link}\nshort\n-- \nbye\n")), "{text}");
        assert!(text.starts_with("word word") && text.ends_with("bye\n") && !text.contains("\n\n\n"), "{text}");
        assert_eq!(text.matches("word").count(), 40);
    }
}
