//! What a node's `/metrics` says, and whether it is what the alert rules ask for.

use std::collections::BTreeMap;

use super::Actor;

const RULES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/alerts.yml"));

/// All samples of a node.
pub struct Metrics(Vec<Sample>);

/// One line of it.
#[derive(Debug)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Metrics {
    /// What a node says now.
    pub async fn of(visitor: &Actor) -> Self {
        Self::read(&visitor.get("/metrics").await.is(200).text())
    }

    /// What such a page says.
    pub fn read(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(Sample::parse).collect())
    }

    /// The value of the one sample with this name and these labels.
    #[track_caller]
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found: Vec<_> = self.0.iter().filter(|sample| sample.is(name, labels)).collect();
        let [sample] = found.as_slice() else { panic!("{} samples of {name} {labels:?}", found.len()) };
        sample.value
    }

    pub fn samples(&self) -> &[Sample] {
        &self.0
    }

    /// The sum of all samples with this name and these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.0.iter().filter(|sample| sample.is(name, labels)).map(|sample| sample.value).sum()
    }

    /// Every metric and label of a group of alert rules is there: an alert for what is not there never fires.
    pub fn have_what_the_alerts_ask_for(&self, group: &str) {
        let (_, rules) = RULES.split_once(&format!("- name: {group}\n")).expect("there is such a group");
        let rules = rules.split_once("- name: ").map_or(rules, |(rules, _)| rules);
        let alerts: Vec<&str> = rules.split("- alert:").skip(1).collect();
        assert!(alerts.len() >= 4, "{RULES}");
        for alert in alerts {
            let expression = alert.lines().find_map(|line| line.trim().strip_prefix("expr: ")).expect("on one line");
            let at = expression.find("durward_").unwrap_or_else(|| panic!("no metric of ours: {expression}"));
            let (name, rest) = word(&expression[at..]);
            let inside = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
            let labels: Vec<(&str, &str)> = inside.split(',').filter_map(|pair| pair.split_once('=')).collect();
            let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.trim_matches('"'))).collect();
            let samples: Vec<_> = self.0.iter().filter(|sample| sample.is(name, &labels)).collect();
            assert!(!samples.is_empty(), "there is no {name} {labels:?}");
            for shown in alert.split("$labels.").skip(1).map(|after| word(after).0) {
                // Prometheus adds where it comes from.
                let has = |sample: &&Sample| shown == "instance" || sample.labels.contains_key(shown);
                assert!(samples.iter().all(has), "{name} has no label {shown}");
            }
        }
    }
}

impl Sample {
    /// `name{label="value",…} 1.5`; none of our values has a comma or a quotation mark in it.
    fn parse(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let pairs = labels.trim_end_matches('}').split(',').filter_map(|pair| pair.split_once('='));
        let labels = pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect();
        Self { name: name.to_owned(), labels, value: value.parse().unwrap_or_else(|_| panic!("{line}")) }
    }

    fn is(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.name == name && labels.iter().all(|(name, value)| self.labels.get(*name).is_some_and(|own| own == value))
    }
}

/// The name at the beginning of a text, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at(end)
}
