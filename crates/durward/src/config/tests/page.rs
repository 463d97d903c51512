//! `docs/config.md`.

use crate::config::{reference, rows};

#[test]
fn the_page_is_up_to_date() {
    let committed = include_str!("../../../../../docs/config.md");
    assert!(committed == reference(), "docs/config.md is not what the settings say: run scripts/gen");
}

#[test]
fn the_page_has_every_setting() {
    let page = reference();
    for row in rows() {
        assert!(page.contains(&format!("### `{}`", row.key)), "{}", row.key);
        assert!(row.about.iter().any(|line| !line.trim().is_empty()), "{} has no words", row.key);
    }
}
