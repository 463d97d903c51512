//! The pages that people use, as they come over the wire. What their scripts do is tested in a browser (`web/tests`).

mod assets;
mod brand;
mod html;
mod off;
mod pages;
mod return_to;
mod sign_in;

use durward_store::testing::Backend;

use crate::kit::{Actor, Answer, App};

/// Every page, with the application that it loads and the name that it has for it.
const PAGES: [(&str, &str, &str); 13] = [
    ("/login", "sign-in", "login"),
    ("/register", "sign-in", "register"),
    ("/forgot-password", "sign-in", "forgot"),
    ("/reset-password", "sign-in", "reset"),
    ("/verify-email", "sign-in", "verify"),
    ("/confirm-email", "sign-in", "confirm"),
    ("/account", "account", "account"),
    ("/account/security", "account", "account"),
    ("/chat", "chat", "chat"),
    ("/chat/019a0000-0000-7000-8000-000000000000", "chat", "chat"),
    ("/console", "console", "console"),
    ("/console/users", "console", "console"),
    ("/console/users/5", "console", "console"),
];

/// They are the same on both databases.
async fn app(settings: &[(&str, &str)]) -> App {
    App::with(Backend::Sqlite, settings).await
}

/// Somebody who opens pages: without an `Origin`, as browsers do, and in English unless the test says otherwise.
fn browser(app: &App) -> Actor {
    app.visitor().without_origin().with("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
}

/// Somebody who sends the form of one of our pages.
fn by_form(app: &App) -> Actor {
    app.visitor().without_csrf().with("accept", "text/html").with("sec-fetch-site", "same-origin")
}

/// It is a page.
#[track_caller]
fn is_page(answer: Answer, status: u16) -> html::Html {
    let answer = answer.is(status);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{}", answer.request);
    html::Html::of(&answer)
}
