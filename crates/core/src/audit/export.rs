//! The trail for others: JSON lines, with which an auditor can check the chain without the database, and CEF for a SIEM.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use durward_proto::ids::UuidId;
use durward_store::{After, AuditFilter, AuditRow, CheckpointRow, Scope, Scoped, SeesAudit};
use serde_json::{Value, json};

use super::ledger;
use crate::fault::Fault;

/// How many rows are read at once.
const PAGE: u32 = 500;

/// How the trail is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A JSON object a line: the rows by time, then the checkpoints.
    Jsonl,
    /// ArcSight's Common Event Format, version 0: the rows alone.
    Cef,
}

impl ExportFormat {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Cef => "cef",
        }
    }
}

/// Text that names no format.
#[derive(Debug, thiserror::Error)]
#[error("not a format that the trail is written in")]
pub struct UnknownFormat;

impl FromStr for ExportFormat {
    type Err = UnknownFormat;
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        [Self::Jsonl, Self::Cef].into_iter().find(|format| format.as_str() == text).ok_or(UnknownFormat)
    }
}

/// The trail on its way, piece by piece: a page of it is in memory, and no connection to the database is held between two
/// pieces. What is added meanwhile may or may not be in it.
pub struct AuditExport<S> {
    store: Scoped<S>,
    filter: AuditFilter,
    format: ExportFormat,
    at: Place,
}

impl<S> fmt::Debug for AuditExport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditExport")
            .field("filter", &self.filter)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// How far it is.
enum Place {
    Rows(Option<After>),
    Checkpoints(i64),
    End,
}

impl<S: Scope + SeesAudit> AuditExport<S> {
    /// The rows that the filter asks for, the oldest first; as JSON lines all checkpoints after them.
    pub fn new(store: Scoped<S>, filter: AuditFilter, format: ExportFormat) -> Self {
        Self { store, filter, format, at: Place::Rows(None) }
    }

    /// The next lines, each with its end; none when that was all.
    ///
    /// # Errors
    /// When the database is away, or a row has a form that no server writes.
    pub async fn next(&mut self) -> Result<Option<String>, Fault> {
        if let Place::Rows(after) = self.at {
            let rows = self.store.read().await?.audit_forward(&self.filter, after, PAGE).await?;
            if let Some(last) = rows.last() {
                self.at = Place::Rows(Some(After { at: last.at, id: last.id.uuid() }));
                return Ok(Some(lines(&rows, |row| match self.format {
                    ExportFormat::Jsonl => jsonl(row),
                    ExportFormat::Cef => cef(row),
                })));
            }
            self.at = match self.format {
                ExportFormat::Jsonl => Place::Checkpoints(0),
                ExportFormat::Cef => Place::End,
            };
        }
        if let Place::Checkpoints(number) = self.at {
            let rows = ledger::next_page(&mut self.store.read().await?, number).await?.unwrap_or_default();
            if let Some(last) = rows.last() {
                self.at = Place::Checkpoints(last.number);
                return Ok(Some(lines(&rows, checkpoint)));
            }
            self.at = Place::End;
        }
        Ok(None)
    }
}

fn lines<T>(rows: &[T], line: impl Fn(&T) -> String) -> String {
    rows.iter().fold(String::new(), |text, row| text + &line(row) + "\n")
}

fn hex(bytes: Option<&Vec<u8>>) -> Option<String> {
    bytes.map(|bytes| HEXLOWER.encode(bytes))
}

fn jsonl(row: &AuditRow) -> String {
    let line = json!({
        "type": "event",
        "id": row.id,
        "at": row.at,
        "at_micros": row.at.micros(),
        "event": row.event,
        "actor": row.actor_user_id,
        "subject": row.subject_user_id,
        "session_id": row.session_id,
        "ip": row.ip,
        "request_id": row.request_id,
        "node": row.node,
        "detail": row.detail(),
        "lane": row.lane,
        "seq": row.seq,
        "salt": hex(row.salt.as_ref()),
        "commitment": hex(row.commitment.as_ref()),
        "hash": hex(row.hash.as_ref()),
    });
    line.to_string()
}

fn checkpoint(row: &CheckpointRow) -> String {
    let line = json!({
        "type": "checkpoint",
        "number": row.number,
        "kind": row.kind.as_str(),
        "at": row.at,
        "at_micros": row.at.micros(),
        "statement": row.body(),
        "hash": HEXLOWER.encode(&row.hash),
        "signature": HEXLOWER.encode(&row.signature),
    });
    line.to_string()
}

/// `CEF:0|vendor|product|version|class|name|severity|extension`.
fn cef(row: &AuditRow) -> String {
    let mut extension: Vec<(&str, String)> =
        vec![("rt", (row.at.micros() / 1_000).to_string()), ("externalId", row.id.to_string())];
    let mut add = |key, value: Option<String>| extension.extend(value.map(|value| (key, value)));
    add("suid", row.actor_user_id.map(|user| user.to_string()));
    add("duid", row.subject_user_id.map(|user| user.to_string()));
    match row.ip.as_deref().map(|ip| (ip, ip.parse::<IpAddr>())) {
        Some((ip, Ok(IpAddr::V6(_)))) => {
            add("c6a2Label", Some("Source IPv6 Address".to_owned()));
            add("c6a2", Some(ip.to_owned()));
        }
        Some((ip, Ok(IpAddr::V4(_)))) => add("src", Some(ip.to_owned())),
        Some((_, Err(_))) | None => {}
    }
    add("dvchost", row.node.clone());
    add("cs1Label", row.session_id.map(|_| "session".to_owned()));
    add("cs1", row.session_id.map(|session| session.to_string()));
    add("cs2Label", row.request_id.as_ref().map(|_| "request".to_owned()));
    add("cs2", row.request_id.clone());
    add("cn1Label", row.lane.map(|_| "lane".to_owned()));
    add("cn1", row.lane.map(|lane| lane.to_string()));
    add("cn2Label", row.seq.map(|_| "seq".to_owned()));
    add("cn2", row.seq.map(|seq| seq.to_string()));
    add("msg", row.detail().filter(|detail| !is_empty(detail)).map(|detail| detail.to_string()));
    let extension: Vec<_> = extension.iter().map(|(key, value)| format!("{key}={}", escaped(value, "=\\"))).collect();
    format!(
        "CEF:0|durward|durward|{}|{event}|{event}|{}|{}",
        env!("CARGO_PKG_VERSION"),
        severity(&row.event),
        extension.join(" "),
        event = escaped(&row.event, "|\\"),
    )
}

fn is_empty(detail: &Value) -> bool {
    detail.as_object().is_some_and(serde_json::Map::is_empty)
}

/// A line stays a line: line ends are written as `\n` and `\r`, and what separates with a backslash before it.
fn escaped(text: &str, special: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            letter => {
                if special.contains(letter) {
                    out.push('\\');
                }
                out.push(letter);
            }
        }
    }
    out
}

/// 0 to 10, as SIEMs sort by.
fn severity(event: &str) -> u8 {
    match event {
        "refresh_reuse" | "passkey_clone_suspected" => 9,
        "login_denied" | "role_changed" | "factors_reset" | "user_deleted" | "account_deleted" | "status_changed" => 6,
        event if event.ends_with("_failed") => 5,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use durward_proto::{EventId, Timestamp, UserId};
    use durward_verify::SystemRandom;

    use super::*;

    fn row(ip: &str, detail: &str) -> AuditRow {
        let at = Timestamp::from_micros(1_767_323_045_678_901);
        AuditRow {
            id: EventId::new(at, &SystemRandom),
            at,
            event: "login|failed".to_owned(),
            actor_user_id: None,
            subject_user_id: Some(UserId(7)),
            session_id: None,
            ip: Some(ip.to_owned()),
            request_id: Some("a=b\\c\nd|e".to_owned()),
            detail: detail.to_owned(),
            node: Some("a".to_owned()),
            lane: Some(3),
            seq: Some(4),
            salt: None,
            commitment: None,
            hash: None,
        }
    }

    #[test]
    fn a_cef_line_is_one_line_with_everything_escaped() {
        let row = row("192.0.2.1", r#"{"method":"password"}"#);
        let head = format!(r"CEF:0|durward|durward|{}|login\|failed|login\|failed|3|", env!("CARGO_PKG_VERSION"));
        let rest = format!(
            r#"rt=1767323045678 externalId={} duid=7 src=192.0.2.1 dvchost=a cs2Label=request cs2=a\=b\\c\nd|e cn1Label=lane cn1=3 cn2Label=seq cn2=4 msg={{"method":"password"}}"#,
            row.id
        );
        assert_eq!(cef(&row), head + &rest);
    }

    #[test]
    fn an_ipv6_address_has_its_own_field() {
        let line = cef(&row("2001:db8::1", "{}"));
        assert!(line.contains("c6a2Label=Source IPv6 Address c6a2=2001:db8::1 "), "{line}");
        assert!(!line.contains("src=") && !line.contains("msg="), "{line}");
    }
}
