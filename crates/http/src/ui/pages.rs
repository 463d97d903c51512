//! The table of pages, and the handler that shows them.

use axum::extract::State;
use durward_proto::Code;
use http::{HeaderMap, Uri};
use url::form_urlencoded;

use super::shell::Frame;
use super::{Visitor, sign_in};
use crate::app::Shared;
use crate::extract::Matched;
use crate::reply::{Answer, Refused};

/// A page: the path of its row, which application it is, and as what that is asked for.
struct Page {
    path: &'static str,
    entry: &'static str,
    name: &'static str,
    title: &'static str,
}

const fn page(path: &'static str, entry: &'static str, name: &'static str, title: &'static str) -> Page {
    Page { path, entry, name, title }
}

const PAGES: [Page; 13] = [
    page("/login", "sign-in", "login", "title.login"),
    page("/register", "sign-in", "register", "title.register"),
    page("/forgot-password", "sign-in", "forgot", "title.forgot"),
    page("/reset-password", "sign-in", "reset", "title.reset"),
    page("/verify-email", "sign-in", "verify", "title.verify"),
    page("/confirm-email", "sign-in", "confirm", "title.confirm"),
    page("/account", "account", "account", "title.account"),
    page("/account/{section}", "account", "account", "title.account"),
    page("/chat", "chat", "chat", "title.chat"),
    page("/chat/{conversation}", "chat", "chat", "title.chat"),
    page("/console", "console", "console", "title.console"),
    page("/console/{section}", "console", "console", "title.console"),
    page("/console/{section}/{id}", "console", "console", "title.console"),
];

/// What `/account/{section}` may be.
pub(crate) const ACCOUNT: &[&str] =
    &["profile", "settings", "password", "email", "security", "sessions", "devices", "activity", "data"];

/// What `/console/{section}` may be.
pub(crate) const CONSOLE: &[&str] = &[
    "overview", "places", "feed", "users", "audit", "attempts", "sessions", "alerts", "checks", "breakers", "keys",
    "config",
];

/// Any page.
pub(crate) async fn show(
    State(site): State<Shared>,
    matched: Result<Matched, Refused>,
    uri: Uri,
    headers: HeaderMap,
) -> Answer {
    let pages = site.pages.as_deref().ok_or(Code::NotFound)?;
    let Matched { pattern, params } = matched?;
    let page = PAGES.iter().find(|page| page.path == pattern).ok_or(Code::NotFound)?;
    if !params.iter().all(|(name, value)| is_known(page, name, value)) {
        return Err(Code::NotFound.into());
    }
    let visitor = Visitor::of(&headers);
    let return_to = pages.return_to(asked_for(&uri).as_deref());
    let frame = Frame { return_to: &return_to, ..Frame::of(page.entry, page.name, page.title) };
    if page.path == "/login" { sign_in::show(pages, &visitor, frame) } else { pages.show(&visitor, &frame) }
}

/// `GET /`: to the account, which leads on to the sign-in; or to the documentation where there are no pages.
pub(crate) async fn front(State(site): State<Shared>) -> Answer {
    Ok(super::files::found(if site.pages.is_some() { "/account" } else { "/docs" }))
}

fn is_known(page: &Page, name: &str, value: &str) -> bool {
    match (page.entry, name) {
        ("account", _) => ACCOUNT.contains(&value),
        ("console", "section") => CONSOLE.contains(&value),
        ("chat", _) => value.parse::<durward_proto::ConversationId>().is_ok(),
        _ => true,
    }
}

/// `return_to` of the query, where it stands there once. What else stands there is nobody's business.
fn asked_for(uri: &Uri) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    let mut asked = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "return_to");
    let (first, second) = (asked.next(), asked.next());
    first.filter(|_| second.is_none()).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_row_and_every_row_of_the_tag_that_gives_html_a_page() {
        let rows = crate::routes::table();
        for page in &PAGES {
            assert!(rows.iter().any(|row| row.path == page.path && row.method == http::Method::GET), "{}", page.path);
        }
        let apps = ["/account", "/chat", "/console"];
        for row in rows.iter().filter(|row| apps.iter().any(|app| row.path.starts_with(app))) {
            assert!(PAGES.iter().any(|page| page.path == row.path), "{row:?}");
        }
    }

    #[test]
    fn return_to_counts_once() {
        for (query, expected) in [
            ("/login", None),
            ("/login?", None),
            ("/login?return_to=/a", Some("/a")),
            ("/login?utm=x&return_to=%2Fa%3Fb%3Dc&y", Some("/a?b=c")),
            ("/login?return_to=", Some("")),
            ("/login?return_to=/a&return_to=/b", None),
            ("/login?return_to=%ff", Some("\u{fffd}")),
        ] {
            assert_eq!(asked_for(&query.parse().unwrap()).as_deref(), expected, "{query}");
        }
    }
}
