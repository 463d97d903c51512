//! The HTML of a page: one template for all, with what the page's script needs to know beside it.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use durward_core::Fault;
use durward_proto::Code;
use http::{HeaderValue, StatusCode, header};
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::{Value, json};

use super::assets::{Built, Entry};
use super::texts::COMMON;
use super::{Features, Pages, Visitor, gzip};
use crate::layers::security_headers::Kind;
use crate::reply::Refused;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
/// It may be shown again, once the server has been asked whether it has changed.
const NO_CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const VARY: HeaderValue = HeaderValue::from_static("Cookie, Accept-Language, Accept-Encoding");

const TEMPLATES: [(&str, &str); 3] = [
    ("page.html", include_str!("templates/page.html")),
    ("sign_in.html", include_str!("templates/sign_in.html")),
    ("not_found.html", include_str!("templates/not_found.html")),
];

/// The templates, read once.
pub(super) struct Templates(Environment<'static>);

impl Templates {
    pub(super) fn new() -> Result<Self, String> {
        let mut environment = Environment::new();
        // A name that is misspelt is an error and not nothing.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, text) in TEMPLATES {
            environment.add_template(name, text).map_err(|error| error.to_string())?;
        }
        Ok(Self(environment))
    }
}

/// What a page's script is told: `Boot` in `web/src/shell/boot.ts`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Boot<'a> {
    page: &'static str,
    lang: &'a str,
    languages: Vec<Language<'a>>,
    texts: BTreeMap<&'static str, &'a BTreeMap<String, String>>,
    brand: BootBrand<'a>,
    return_to: &'a str,
    after_login: &'a str,
    features: &'a Features,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<BootError>,
}

#[derive(Debug, Serialize)]
struct Language<'a> {
    code: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct BootBrand<'a> {
    name: &'a str,
    logo: bool,
}

/// Why the page is shown again.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BootError {
    pub(super) code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u64>,
}

/// A page that is to be shown.
pub(crate) struct Frame<'a> {
    pub(super) template: &'static str,
    /// Which of the built applications it loads.
    pub(super) entry: &'static str,
    /// As its script knows it.
    pub(super) page: &'static str,
    /// Which of the texts its title is.
    pub(super) title: &'static str,
    pub(super) return_to: &'a str,
    pub(super) error: Option<BootError>,
    /// Whether its script runs. A sign-in that was begun without one is ended without one.
    pub(super) with_script: bool,
    /// Whether anything secret stands in it.
    pub(super) secret: bool,
    /// What the template needs besides.
    pub(super) more: Value,
}

impl Frame<'_> {
    /// A page that its script fills.
    pub(super) fn of(entry: &'static str, page: &'static str, title: &'static str) -> Self {
        Self {
            template: "page.html",
            entry,
            page,
            title,
            return_to: "",
            error: None,
            with_script: true,
            secret: false,
            more: Value::Null,
        }
    }
}

impl Pages {
    /// Writes a page.
    ///
    /// # Errors
    /// 503 when a template does not work, which the tests over all pages would have shown.
    pub(crate) fn show(&self, visitor: &Visitor, frame: &Frame<'_>) -> Result<Response, Refused> {
        let built = self.built();
        let language = self.language_of(visitor, &built);
        let html = self.render(&built, language, visitor.theme, frame);
        let html = html.map_err(|error| Fault::unavailable(format!("{error:#}")))?;
        // What is compressed beside a text that somebody else chose gives itself away by its length.
        let zipped = visitor.takes_gzip && !frame.secret;
        let body: Bytes = if zipped { gzip::quick(html.as_bytes()) } else { html.into() };
        let mut response = (StatusCode::OK, [(header::CONTENT_TYPE, HTML)], Body::from(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, if frame.secret { NO_STORE } else { NO_CACHE });
        headers.insert(header::VARY, VARY);
        if zipped {
            headers.insert(header::CONTENT_ENCODING, GZIP);
        }
        response.extensions_mut().insert(Kind::Page);
        Ok(response)
    }

    /// What somebody sees where there is nothing.
    pub(crate) fn not_found(&self, visitor: &Visitor) -> Option<Response> {
        let frame =
            Frame { template: "not_found.html", with_script: false, ..Frame::of("sign-in", "", "not_found.title") };
        let mut response = self.show(visitor, &frame).ok()?;
        *response.status_mut() = StatusCode::NOT_FOUND;
        Some(response)
    }

    fn render(
        &self,
        built: &Built,
        language: &str,
        theme: &str,
        frame: &Frame<'_>,
    ) -> Result<String, minijinja::Error> {
        let entry = built.entry(frame.entry);
        let texts = &built.texts;
        let boot = if frame.with_script { self.boot(built, language, frame) } else { String::new() };
        let Entry { script, preloads, styles } = entry;
        let mut context = json!({
            "lang": language,
            "theme": theme,
            "title": texts.say(language, frame.title),
            "brand": self.brand.name,
            "has_logo": self.brand.logo.is_some(),
            "with_script": frame.with_script,
            "entry": { "script": script, "preloads": preloads, "styles": styles },
            "boot": boot,
            "say": texts.own(language),
            "features": { "mail": self.features.mail, "registration": self.features.registration },
            "return_to": frame.return_to,
        });
        if let (Some(context), Some(more)) = (context.as_object_mut(), frame.more.as_object()) {
            context.extend(more.clone());
        }
        self.templates.0.get_template(frame.template)?.render(Serde(&context))
    }

    fn boot(&self, built: &Built, language: &str, frame: &Frame<'_>) -> String {
        let texts = &built.texts;
        let area = |area: &'static str| texts.area(language, area).map(|texts| (area, texts));
        let boot = Boot {
            page: frame.page,
            lang: language,
            languages: texts.languages().map(|code| Language { code, name: texts.name(code) }).collect(),
            texts: [COMMON, frame.entry].into_iter().filter_map(area).collect(),
            brand: BootBrand { name: &self.brand.name, logo: self.brand.logo.is_some() },
            return_to: frame.return_to,
            after_login: &self.after_login,
            features: &self.features,
            version: env!("CARGO_PKG_VERSION"),
            error: frame.error.clone(),
        };
        in_script(&serde_json::to_string(&boot).unwrap_or_default())
    }

    fn language_of<'a>(&'a self, visitor: &Visitor, built: &'a Built) -> &'a str {
        let there: Vec<&str> = built.texts.languages().collect();
        visitor.language(&there, &self.language)
    }

    /// One of this server's own texts in somebody's language.
    pub(super) fn say(&self, visitor: &Visitor, key: &str) -> String {
        let built = self.built();
        built.texts.say(self.language_of(visitor, &built), key).to_owned()
    }
}

/// JSON as it may stand in a `script` element: no text in it ends the element or begins a comment.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_script() {
        let json = in_script(r#"{"a":"</script><!--<script>","b":1}"#);
        assert!(!json.contains('<'), "{json}");
        let back: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["a"], "</script><!--<script>");
    }
}
