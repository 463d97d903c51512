//! How somebody is addressed. A name is whatever was typed at registration, perhaps by another than who gets the mail: it
//! must not be able to carry a message of its own, such as the address of a web page.

/// The most characters of a name that is used.
const LONGEST: usize = 60;

/// The name, if it looks like one: letters and marks, with spaces, hyphens, apostrophes and abbreviating full stops
/// between them. Any other is left out.
pub(super) fn spoken(name: Option<&str>) -> Option<&str> {
    let name = name?.trim();
    let is_inner = |c: char| c == ' ' || c == '-' || c == '\'' || c == '\u{2019}';
    let mut before = ' ';
    for c in name.chars() {
        // A full stop is followed by a space or by nothing: `example.com` is no name.
        let is_fine = c.is_alphabetic() || is_mark(c) || (c == '.' && before.is_alphabetic()) || is_inner(c);
        if !is_fine || (before == '.' && c != ' ') {
            return None;
        }
        before = c;
    }
    let is_fine = (1..=LONGEST).contains(&name.chars().count()) && name.chars().any(char::is_alphabetic);
    is_fine.then_some(name)
}

/// Combining marks that letters of several scripts need.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{e31}'..='\u{e4e}')
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn names_are_used_and_messages_are_not() {
        for name in ["Ann", "Jean-Luc O'Brien", "Dr. A. Müller", "Zoë", "李小龍", "Мария", "J. R.", "สมชาย", "प्रिया"]
        {
            assert_eq!(spoken(Some(name)), Some(name));
        }
        for name in [
            "visit evil.example now",
            "https://evil.example",
            "You won! Click here",
            "ann@example.com",
            "Ann\r\nBcc: x@example.com",
            "<b>Ann</b>",
            "{{ link }}",
            "Ann\u{202e}nnA",
            "call 0900 123",
            "...",
            "",
        ] {
            assert_eq!(spoken(Some(name)), None, "{name:?}");
        }
        assert_eq!(spoken(Some(&"a".repeat(60))).map(str::len), Some(60));
        assert_eq!(spoken(Some(&"a".repeat(61))), None);
        assert_eq!(spoken(None), None);
    }
}
