//! What stands in a page.

use std::io::Read;

use serde_json::Value;

use crate::kit::Answer;

/// The text of a page.
#[derive(Debug, Clone)]
pub(super) struct Html(pub(super) String);

impl Html {
    #[track_caller]
    pub(super) fn of(answer: &Answer) -> Self {
        let text = String::from_utf8(plain(answer)).unwrap();
        assert!(text.starts_with("<!doctype html>\n<html lang=\""), "{text}");
        assert!(text.ends_with("</html>\n") || text.ends_with("</html>"), "{text}");
        Self(text)
    }

    /// Every start tag.
    pub(super) fn tags(&self) -> Vec<&str> {
        let starts =
            self.0.match_indices('<').filter(|(at, _)| self.0[at + 1..].starts_with(|c: char| c.is_alphabetic()));
        starts.map(|(at, _)| &self.0[at..=at + self.0[at..].find('>').unwrap()]).collect()
    }

    /// The value of an attribute in every tag that has it and begins like this.
    pub(super) fn values(&self, tag: &str, attribute: &str) -> Vec<String> {
        let tags = self.tags().into_iter().filter(|found| found.starts_with(tag));
        tags.filter_map(|found| value(found, attribute)).collect()
    }

    /// The value of the field of this name.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let named = format!("name=\"{name}\"");
        let tag = self.tags().into_iter().find(|tag| tag.starts_with("<input") && tag.contains(&named))?;
        Some(value(tag, "value").unwrap_or_default())
    }

    /// The name of the field that is begun with.
    pub(super) fn focused(&self) -> Option<String> {
        let mut tags = self.tags().into_iter().filter(|tag| tag.contains(" autofocus"));
        let (first, second) = (tags.next(), tags.next());
        assert_eq!(second, None, "one field is begun with");
        value(first?, "name")
    }

    /// What is said to be wrong.
    pub(super) fn message(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("id=\"message\" role=\"alert\">")?;
        Some(rest.split_once('<')?.0)
    }

    /// What the script is told.
    #[track_caller]
    pub(super) fn boot(&self) -> Value {
        let (_, rest) = self.0.split_once("<script type=\"application/json\" id=\"boot\">").expect("it has boot data");
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }

    /// What a browser loads with it.
    pub(super) fn loads(&self) -> Vec<String> {
        [("<link", "href"), ("<script", "src"), ("<img", "src")]
            .iter()
            .flat_map(|(tag, attribute)| self.values(tag, attribute))
            .collect()
    }
}

fn value(tag: &str, attribute: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {attribute}=\""))?;
    let text = rest.split_once('"')?.0;
    let entities = [("&#x2f;", "/"), ("&#x27;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    Some(entities.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c)))
}

/// The body, taken out of its compression.
pub(super) fn plain(answer: &Answer) -> Vec<u8> {
    match answer.header("content-encoding") {
        None => answer.body.to_vec(),
        Some("gzip") => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).unwrap();
            plain
        }
        Some(other) => panic!("{} came as {other}", answer.request),
    }
}
