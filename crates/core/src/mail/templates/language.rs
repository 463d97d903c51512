//! Which of several languages somebody gets.

/// Of `available` the one that `preferred` (`Accept-Language`, RFC 9110 section 12.5.4) likes best, by whole tags first and
/// by the language alone else (RFC 4647 section 3.4).
pub fn choose<'a>(available: &[&'a str], preferred: &str) -> Option<&'a str> {
    let mut ranges: Vec<(&str, u32)> = preferred.split(',').filter_map(range).collect();
    // Stable: of two that are liked as much, the one that was named first.
    ranges.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    ranges.iter().find_map(|(range, _)| lookup(available, range))
}

/// A range and how much it is liked, in thousandths. What is not liked at all is left out.
fn range(text: &str) -> Option<(&str, u32)> {
    let mut parts = text.split(';');
    let range = parts.next()?.trim();
    let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
    (quality > 0.0 && !range.is_empty()).then_some((range, (quality.min(1.0) * 1_000.0) as u32))
}

fn lookup<'a>(available: &[&'a str], range: &str) -> Option<&'a str> {
    let mut range = range;
    loop {
        if let Some(found) = available.iter().find(|tag| tag.eq_ignore_ascii_case(range)) {
            return Some(found);
        }
        range = range.rsplit_once('-')?.0;
    }
}

/// Whether a directory's name is a language tag: `de`, `pt-BR`, `zh-Hant`.
pub fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_part = |part: &str, least: usize| {
        (least..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    parts
        .next()
        .is_some_and(|first| is_part(first, 2) && first.len() <= 3 && first.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(|part| is_part(part, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_is_liked_best() {
        let available = ["en", "de", "pt-BR"];
        let cases = [
            ("de", Some("de")),
            ("de-CH", Some("de")),
            ("DE-ch;q=0.3, en;q=0.7", Some("en")),
            ("fr, de;q=0.5, en;q=0.4", Some("de")),
            ("pt-br", Some("pt-BR")),
            ("pt", None),
            ("fr-FR,fr;q=0.9", None),
            ("en;q=0, de;q=0.001", Some("de")),
            ("*", None),
            ("", None),
            (";;;q=,,=;q=1", None),
            ("de;q=nan, en;q=inf", Some("en")),
        ];
        for (preferred, expected) in cases {
            assert_eq!(choose(&available, preferred), expected, "{preferred}");
        }
    }

    #[test]
    fn tags() {
        for (text, expected) in
            [("de", true), ("pt-BR", true), ("zh-Hant-TW", true), ("d", false), ("german", false), ("de_DE", false)]
        {
            assert_eq!(is_tag(text), expected, "{text}");
        }
    }
}
