//! `docs/metrics.md`, made from the catalogue.

use std::fmt::Write;

use super::catalogue::{CATALOGUE, Kind};

/// The page.
pub fn page() -> String {
    let mut page = String::from(include_str!("head.txt"));
    for group in CATALOGUE {
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {}\n\n| name | kind | labels | what |\n|---|---|---|---|\n", group.title);
        for family in group.families {
            let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
            let kind = match family.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            let _ = writeln!(page, "| `{}` | {kind} | {} | {} |", family.name, labels.join(", "), family.help);
        }
    }
    page
}
