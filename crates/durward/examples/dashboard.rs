//! Prints the expressions of `ops/grafana/durward.json` as a file of rules, so that `promtool check rules` can say whether
//! Prometheus understands them; `scripts/check` asks it.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use serde_json::{Value, json};

const DASHBOARD: &str = include_str!("../../../ops/grafana/durward.json");

/// What Grafana puts in the place of its variables.
const VARIABLES: [(&str, &str); 3] = [("$__rate_interval", "1m"), ("$instance", ".*"), ("$job", "durward")];

fn main() -> Result<(), serde_json::Error> {
    let dashboard: Value = serde_json::from_str(DASHBOARD)?;
    let list =
        |of: &'static str| move |value: &Value| value.get(of).and_then(Value::as_array).cloned().unwrap_or_default();
    let targets: Vec<Value> = list("panels")(&dashboard).iter().flat_map(list("targets")).collect();
    let expressions = targets.iter().filter_map(|target| target.get("expr").and_then(Value::as_str));
    let rule = |(number, expression): (usize, &str)| {
        let expression = VARIABLES.iter().fold(expression.to_owned(), |text, (name, value)| text.replace(name, value));
        json!({ "record": format!("dashboard:{number}"), "expr": expression })
    };
    let rules: Vec<Value> = expressions.enumerate().map(rule).collect();
    // YAML takes JSON as it is.
    println!("{}", json!({ "groups": [{ "name": "dashboard", "rules": rules }] }));
    Ok(())
}
