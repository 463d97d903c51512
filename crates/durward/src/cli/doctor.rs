//! `durward doctor`.

use std::process::ExitCode;
use std::sync::Arc;

use durward_proto::SystemClock;
use durward_proto::wire::health::{CheckStatus, Finding, Report};
use durward_verify::SystemRandom;

use super::{Failure, say};
use crate::checks::{self, Subject};
use crate::config::{Config, Inputs};

pub(super) async fn run(inputs: &Inputs, json: bool) -> Result<ExitCode, Failure> {
    let report = match Config::load(inputs) {
        Ok(mut loaded) => {
            // The requests that the doctor makes itself are no news.
            let _quiet = super::logging::start(&loaded.config, None);
            // A secret that cannot be made is found by the check of the data directory.
            let _ = loaded.make_secrets(&SystemRandom);
            let subject = Subject::new(Arc::new(loaded), SystemClock::new(), Arc::new(SystemRandom), false);
            checks::run(
                &subject,
                |_| true,
                |finding| {
                    if !json {
                        say(&line(finding))
                    }
                },
            )
            .await
        }
        Err(errors) => {
            let report = checks::unread(&errors);
            if !json {
                report.checks.iter().for_each(|finding| say(&line(finding)));
            }
            report
        }
    };
    if json {
        say(&serde_json::to_string_pretty(&report).unwrap_or_default());
    } else {
        say(&summary(&report));
    }
    Ok(if report.status == CheckStatus::Failing { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn summary(report: &Report) -> String {
    let count = |status| report.checks.iter().filter(|finding| finding.status == status).count();
    let (good, worth) = (count(CheckStatus::Ok), count(CheckStatus::Degraded));
    let (bad, skipped) = (count(CheckStatus::Failing), count(CheckStatus::Skipped));
    format!("\n{good} good, {worth} worth a look, {bad} failing, {skipped} skipped")
}

/// A finding for people.
pub(super) fn line(finding: &Finding) -> String {
    let word = match finding.status {
        CheckStatus::Ok => "good   ",
        CheckStatus::Degraded => "look   ",
        CheckStatus::Failing => "FAILING",
        CheckStatus::Skipped => "skipped",
    };
    let mut line = format!("{word}  {:<17} {}  ({} ms)", finding.id, finding.found, finding.took_ms);
    if let Some(cure) = &finding.cure {
        line.push_str(&format!("\n{:27}expected: {}\n{:27}cure: {cure}", "", finding.expected, ""));
    }
    line
}
