//! `durward audit`: the audit trail, for auditors and operators.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use durward_core::alerts::Finding;
use durward_core::audit::{self, Anchor, AuditExport, ExportFormat, Progress, Verdict};
use durward_proto::Timestamp;
use durward_store::AuditFilter;
use durward_verify::SystemRandom;

use super::{Failure, Open, say};
use crate::alerting;
use crate::config::Inputs;

/// How often a long verification says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// What is done with the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Says whether the trail is as it was written: names every row that was changed, removed or put in (exit code 1: there
    /// is one). The server may run meanwhile
    #[command(after_help = "Example: durward audit verify --json | jq '.findings[]'")]
    Verify {
        /// The verdict as JSON
        #[arg(long)]
        json: bool,
        /// A checkpoint that was written down before (from the log, or from an earlier verification): the trail must still
        /// hold it
        #[arg(long, value_name = "NUMBER:HASH")]
        checkpoint: Option<Anchor>,
        /// Only prints the public key that checkpoints are signed with (Ed25519, PEM)
        #[arg(long)]
        public_key: bool,
    },
    /// Writes the trail to standard output, the oldest rows first
    #[command(after_help = "Example: durward audit export --since 2026-01-01T00:00:00Z > audit.jsonl")]
    Export {
        /// jsonl: with all hashes and checkpoints, so that the chain can be checked elsewhere; cef: for a SIEM
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
        /// Rows from this time on (RFC 3339)
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        /// Rows before this time (RFC 3339)
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// Rows of one event, such as login
        #[arg(long, value_name = "WORD")]
        event: Option<String>,
    },
}

/// How the trail is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    Jsonl,
    Cef,
}

/// Carries a command out.
pub(crate) async fn run(command: AuditCommand, inputs: &Inputs) -> Result<ExitCode, Failure> {
    let open = Open::database(inputs).await?;
    let code = match command {
        AuditCommand::Verify { public_key: true, .. } => public_key(&open),
        AuditCommand::Verify { json, checkpoint, .. } => verify(&open, inputs, json, checkpoint.as_ref()).await,
        AuditCommand::Export { format, since, until, event } => {
            let format = match format {
                Format::Jsonl => ExportFormat::Jsonl,
                Format::Cef => ExportFormat::Cef,
            };
            export(&open, AuditFilter { since, until, event, ..AuditFilter::default() }, format).await
        }
    };
    open.opened.close().await;
    code
}

fn public_key(open: &Open) -> Result<ExitCode, Failure> {
    let keys = open.opened.system.audit_keys().ok_or_else(|| Failure::usage("tokens.secret is not set"))?;
    say(&keys.public_key());
    Ok(ExitCode::SUCCESS)
}

async fn verify(open: &Open, inputs: &Inputs, json: bool, anchor: Option<&Anchor>) -> Result<ExitCode, Failure> {
    let told = Mutex::new(open.clock.monotonic());
    let tell = |progress: Progress| {
        let now = open.clock.monotonic();
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(*told) >= TELL_EVERY {
            *told = now;
            tell_progress(progress);
        }
    };
    let verdict = audit::verify(&open.opened.system, inputs.cores as usize, anchor, tell).await?;
    if json {
        say(&serde_json::to_string_pretty(&verdict).unwrap_or_default());
    } else {
        say(&in_words(&verdict));
    }
    if verdict.good {
        return Ok(ExitCode::SUCCESS);
    }
    let first = verdict.findings.first().map(ToString::to_string).unwrap_or_default();
    alert(open, &Finding::audit_broken(verdict.count, &first, open.clock.now())).await?;
    Ok(ExitCode::FAILURE)
}

/// Where nobody reads what a timer prints, the alerts are read.
async fn alert(open: &Open, finding: &Finding) -> Result<(), Failure> {
    let (config, system) = (&open.loaded.config, open.opened.system.clone());
    let alerts = alerting::alerts(config, system, None, open.clock.clone(), Arc::new(SystemRandom));
    alerts.map_err(Failure::usage)?.raise(finding).await?;
    Ok(())
}

#[allow(clippy::print_stderr, reason = "standard output is the verdict")]
fn tell_progress(progress: Progress) {
    eprintln!("{} of {} rows", progress.rows, progress.of);
}

fn in_words(verdict: &Verdict) -> String {
    let mut text = String::new();
    for finding in &verdict.findings {
        let _ = writeln!(text, "{finding}");
    }
    let left = verdict.count - verdict.findings.len() as u64;
    if left > 0 {
        let _ = writeln!(text, "and {left} more");
    }
    let (rows, lanes, checkpoints) = (verdict.rows, verdict.lanes, verdict.checkpoints);
    let _ = write!(text, "{rows} rows in {lanes} lanes, {checkpoints} checkpoints");
    for (count, what) in [(verdict.pruned, "removed by retention"), (verdict.erased, "with an erased address")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    if verdict.waiting > 0 {
        text.push_str("; rows from before there were chains wait for the next start of a server");
    }
    if verdict.unstated > 0 {
        let _ = write!(text, "; {} rows no checkpoint states yet", verdict.unstated);
    }
    if let Some(last) = &verdict.last {
        let _ = write!(text, "\nnewest checkpoint: {last}");
    }
    text.push_str(if verdict.good {
        "\nThe audit trail is as it was written."
    } else {
        "\nThe audit trail was tampered with."
    });
    text
}

async fn export(open: &Open, filter: AuditFilter, format: ExportFormat) -> Result<ExitCode, Failure> {
    let mut out = BufWriter::new(io::stdout());
    let mut export = AuditExport::new(open.opened.system.clone(), filter, format);
    while let Some(piece) = export.next().await? {
        // A reader who has gone away wants no more, and is no error.
        if out.write_all(piece.as_bytes()).is_err() {
            break;
        }
    }
    let _ = out.flush();
    Ok(ExitCode::SUCCESS)
}
