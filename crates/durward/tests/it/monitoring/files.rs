//! The dashboard and the alert rules in `ops/`: whatever they ask for is there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::metrics::family_of;

const DASHBOARD: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/grafana/durward.json"));
const ALERTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/alerts.yml"));

/// What Prometheus adds to everything, and what a histogram has.
const GIVEN: [&str; 3] = ["instance", "job", "le"];

/// The panels, without the rows between them.
fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().clone();
    panels.into_iter().filter(|panel| panel["type"] != "row").collect()
}

fn expressions(panel: &Value) -> Vec<String> {
    let targets = panel["targets"].as_array().unwrap().iter();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The metrics in an expression, with the labels that each is asked by.
fn asked(expression: &str) -> Vec<(String, Vec<String>)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for prefix in ["durward_", "process_"] {
        for (at, _) in expression.match_indices(prefix).filter(|(at, _)| !expression[..*at].ends_with(is_word)) {
            let rest = &expression[at..];
            let (name, rest) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
            let inside = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
            // Parts of a value that has a comma in it have no operator.
            let labels =
                inside.split(',').filter_map(|pair| pair.split_once(['=', '!'])).map(|(label, _)| label.trim());
            found.push((name.to_owned(), labels.map(str::to_owned).collect()));
        }
    }
    found
}

/// The labels that an expression sums by.
fn grouped(expression: &str) -> Vec<&str> {
    let groups = ["by (", "without ("].iter().flat_map(|word| expression.split(word).skip(1));
    groups.flat_map(|after| after.split(')').next().unwrap().split(',')).map(str::trim).collect()
}

#[track_caller]
fn can_be_asked(expression: &str) -> BTreeSet<String> {
    let asked = asked(expression);
    assert!(!asked.is_empty(), "nothing of ours is in {expression}");
    let mut names = BTreeSet::new();
    let mut all_labels: BTreeSet<&str> = GIVEN.into();
    for (name, labels) in asked {
        let family = family_of(&name).unwrap_or_else(|| panic!("there is no {name}: {expression}"));
        all_labels.extend(family.labels);
        for label in labels {
            let is_there = GIVEN.contains(&&*label) || family.labels.contains(&&*label);
            assert!(is_there, "{name} has no label {label}: {expression}");
        }
        names.insert(family.name.to_owned());
    }
    for label in grouped(expression) {
        assert!(all_labels.contains(label), "nothing has the label {label}: {expression}");
    }
    names
}

#[test]
fn every_panel_asks_for_what_is_there() {
    let mut shown = BTreeSet::new();
    for panel in panels() {
        for expression in expressions(&panel) {
            shown.extend(can_be_asked(&expression));
        }
        for target in panel["targets"].as_array().unwrap() {
            let legend = target["legendFormat"].as_str().unwrap();
            for label in legend.split("{{").skip(1).map(|after| after.split("}}").next().unwrap()) {
                let expression = target["expr"].as_str().unwrap();
                let is_summed = ["sum(", "sum by", "max(", "max by"].iter().any(|word| expression.contains(word));
                let is_kept = !is_summed || grouped(expression).contains(&label);
                assert!(is_kept, "{label} is not in what {expression} gives");
            }
        }
    }
    let unused: Vec<_> = durward::metering::families()
        .map(|family| family.name)
        .filter(|name| !shown.contains(*name) && !["process_threads", "process_virtual_memory_bytes"].contains(name))
        .collect();
    assert!(unused.is_empty(), "no panel shows {unused:?}");
}

#[test]
fn panels_have_ids_and_places_of_their_own() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}", panel["title"]);
        let place = &panel["gridPos"];
        let number = |name: &str| place[name].as_u64().unwrap();
        assert!(number("x") + number("w") <= 24, "{}", panel["title"]);
        for x in number("x")..number("x") + number("w") {
            for y in number("y")..number("y") + number("h") {
                assert!(taken.insert((x, y)), "{} lies over another", panel["title"]);
            }
        }
    }
}

#[test]
fn every_alert_asks_for_what_is_there() {
    let rules: Vec<&str> = ALERTS.split("- alert:").skip(1).collect();
    for rule in &rules {
        let (_, expression) = rule.split_once("expr:").unwrap();
        let expression = expression.split("\n        labels:").next().unwrap().split("\n        for:").next().unwrap();
        // Whether a node is there at all is Prometheus' own metric.
        if expression.trim() != "up{job=\"durward\"} == 0" {
            can_be_asked(&expression.replace('\n', " "));
        }
        assert!(rule.contains("severity: ") && rule.contains("summary: ") && rule.contains("description: "), "{rule}");
    }
    let tests = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/alerts_test.yml"));
    for rule in &rules {
        let name = rule.lines().next().unwrap().trim();
        assert!(tests.contains(&format!("alertname: {name}\n")), "no test shows when {name} fires");
    }
    assert!(rules.len() >= 15, "{}", rules.len());
}
