//! `docs/config.md`, made from the rows.

use std::fmt::Write;

use crate::config::alias::{ALIASES, Alias, Reads};
use crate::config::environment::variable_of;
use crate::config::section::{Fallback, Row};
use crate::config::tables;

/// What is said before the settings.
const PREAMBLE: &str = include_str!("reference.md");

/// The whole page, in Markdown.
pub fn reference() -> String {
    let mut page = PREAMBLE.to_owned();
    for (name, about, rows) in tables() {
        let title = if name.is_empty() { "Before the first table".to_owned() } else { format!("`[{name}]`") };
        let _ = write!(page, "\n## {title}\n\n{}\n", joined(about));
        for row in rows {
            page.push_str(&setting(&row));
        }
    }
    page
}

fn setting(row: &Row) -> String {
    let default = match row.default {
        Fallback::Text(text) => format!("`{text}`"),
        Fallback::Nothing => "none".to_owned(),
        Fallback::Computed(words) => words.to_owned(),
    };
    let aliases: String = ALIASES.iter().filter(|alias| alias.key == row.key).map(alias_words).collect();
    format!(
        "\n### `{}`\n\n{}\n\n- Value: {}{}\n- Default: {default}\n- Environment: `{}`{aliases}\n",
        row.key,
        joined(row.about),
        row.expected,
        if row.hidden { " (never shown)" } else { "" },
        variable_of(row.key),
    )
}

fn alias_words(alias: &Alias) -> String {
    match alias.reads {
        Reads::Whole => format!(", `{}`", alias.name),
        Reads::Counted("d") => format!(", `{}` (a number of days)", alias.name),
        Reads::Counted(_) => format!(", `{}` (a number of minutes)", alias.name),
        Reads::Part(part) => format!(", `{}` (the {part} alone)", alias.name),
    }
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}
