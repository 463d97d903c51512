//! What holds for every row of the route table.

mod bodies;
mod cases;
mod guards;
mod storm;

use durward_http::routes::Row;

/// The row's path with ids that stand for nothing, and words that stand for something.
fn path(row: &Row) -> String {
    let id = "019a0000-0000-7000-8000-000000000000";
    let words = [("{id}", id), ("{conversation}", id), ("{file}", "nothing-12345678.js"), ("{section}", "sessions")];
    words.iter().fold(row.path.to_owned(), |path, (name, word)| path.replace(name, word))
}
