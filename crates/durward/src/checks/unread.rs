//! The report when there is no configuration to look at anything with.

use durward_proto::wire::health::{CheckStatus, Finding, Report};

use super::CHECKS;
use crate::config::{ConfigErrors, Problem};

/// What is wrong with the configuration, each thing under the check that it belongs to; all others are skipped.
pub(crate) fn unread(errors: &ConfigErrors) -> Report {
    let findings = CHECKS.iter().map(|check| {
        let mine: Vec<&Problem> = errors.problems.iter().filter(|problem| problem.id == check.id).collect();
        let told =
            |part: fn(&Problem) -> String| mine.iter().map(|problem| part(problem)).collect::<Vec<_>>().join("; ");
        let found = told(|problem| {
            format!("{} ({}): {}, expected {}", problem.key, problem.source, problem.found, problem.expected)
        });
        Finding {
            id: check.id.to_owned(),
            status: if mine.is_empty() { CheckStatus::Skipped } else { CheckStatus::Failing },
            found: if mine.is_empty() { "not looked at, because there is no configuration".to_owned() } else { found },
            expected: check.expected.to_owned(),
            cure: (!mine.is_empty()).then(|| told(|problem| problem.cure.clone())),
            took_ms: 0,
        }
    });
    Report { status: CheckStatus::Failing, version: env!("CARGO_PKG_VERSION").to_owned(), checks: findings.collect() }
}
