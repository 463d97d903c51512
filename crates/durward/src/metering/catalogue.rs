//! Every metric that the program has: what `# HELP` and `docs/metrics.md` say of it. A metric that is counted somewhere and
//! does not stand here, or the other way round, fails a test.

use Kind::{Counter, Gauge, Histogram};

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises, from the start of the process.
    Counter,
    /// Rises and falls.
    Gauge,
    /// How many observations were at most how large, their number and their sum.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels. Each has few values, none of which a client can choose.
    pub labels: &'static [&'static str],
    /// What it says, in one line.
    pub help: &'static str,
}

/// Metrics of one subject.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// The subject.
    pub title: &'static str,
    /// Its metrics.
    pub families: &'static [Family],
}

const fn family(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Family {
    Family { name, kind, labels, help }
}

/// All of them.
#[rustfmt::skip]
pub const CATALOGUE: &[Group] = &[
    Group {
        title: "Requests",
        families: &[
            family("durward_http_requests_total", Counter, &["method", "route", "status"],
                "Requests that were answered; route is the pattern of the table of routes, never the path"),
            family("durward_http_request_duration_seconds", Histogram, &["method", "route"],
                "How long requests took, from their head to the answer"),
            family("durward_refusals_total", Counter, &["code"],
                "Answers that said no, by their code: too_many_attempts, rate_limited, csrf_failed, overloaded and so on"),
        ],
    },
    Group {
        title: "Logins and tokens",
        families: &[
            family("durward_logins_total", Counter, &["method", "result"],
                "Logins; result is ok, second_factor_required or the code of the refusal"),
            family("durward_second_factors_total", Counter, &["method", "result"],
                "Second factors that were shown; result is ok or the code of the refusal"),
            family("durward_reauthentications_total", Counter, &["method", "result"],
                "Users who showed again who they are; result is ok or the code of the refusal"),
            family("durward_refreshes_total", Counter, &["result"],
                "Uses of refresh tokens; result is ok or the code of the refusal, of which refresh_reused means a theft"),
            family("durward_recoveries_total", Counter, &["what", "result"],
                "Links that were asked for and used, addresses that were confirmed and changed"),
            family("durward_registrations_total", Counter, &[],
                "New accounts"),
            family("durward_attempts_refused_total", Counter, &[],
                "Guesses that a budget held back before they were looked at"),
            family("durward_passkey_clones_suspected_total", Counter, &[],
                "Passkeys whose counter went backwards, as that of a copy does"),
            family("durward_audit_lanes_cut_back_total", Counter, &[],
                "Lanes of the audit trail from which rows were gone that had been stated: somebody took them away"),
            family("durward_token_checks_total", Counter, &["source", "result"],
                "Checks of access tokens and tickets; source is where it was found, result is ok or the code of the refusal"),
            family("durward_roster_misses_total", Counter, &[],
                "Checks of tokens for which the database was asked, because memory did not know the session"),
            family("durward_roster_sessions", Gauge, &[],
                "Sessions that are in memory"),
            family("durward_guess_budget_rows", Gauge, &[],
                "Rows in the table of guessing budgets, counted every five minutes"),
        ],
    },
    Group {
        title: "Risk",
        families: &[
            family("durward_risk_decisions_total", Counter, &["decision"],
                "Logins that were judged, by what was made of them: allow, notice, second_factor or deny"),
            family("durward_risk_signals_total", Counter, &["signal"],
                "What spoke against logins"),
        ],
    },
    Group {
        title: "Password hashes",
        families: &[
            family("durward_password_hash_queue", Gauge, &[],
                "Logins that wait for a hashing thread"),
            family("durward_password_hash_running", Gauge, &[],
                "Hashes that are being computed"),
            family("durward_password_hash_wait_seconds", Histogram, &[],
                "How long logins waited for a hashing thread, also those that gave up"),
            family("durward_password_hash_seconds", Histogram, &[],
                "How long a hash took to compute"),
            family("durward_password_hash_late_total", Counter, &[],
                "Hashes that helpers computed, because other programs took all of the processor"),
            family("durward_password_hash_shed_total", Counter, &[],
                "Logins that were turned away with 503 because the queue was too long"),
        ],
    },
    Group {
        title: "Revocations and sockets",
        families: &[
            family("durward_revocation_lag_seconds", Gauge, &[],
                "How old what the node knows of revocations is"),
            family("durward_bus_reconnects_total", Counter, &[],
                "How often the node had to listen for revocations anew"),
            family("durward_connections_full_total", Counter, &[],
                "How often there were as many connections as server.max_connections allows, so that others had to wait"),
            family("durward_websockets_open", Gauge, &[],
                "Open sockets"),
            family("durward_websockets_closed_total", Counter, &["reason"],
                "Sockets that ended or were turned away; reason is the code, or gone, too_slow, silent, server_stopping, a fault of protocol"),
            family("durward_chat_messages_total", Counter, &[],
                "Chat messages that were taken"),
            family("durward_chat_answers_total", Counter, &["outcome"],
                "Answers of a chat server: whole, failed, refused or not_asked"),
        ],
    },
    Group {
        title: "What the node depends on",
        families: &[
            family("durward_breaker_state", Gauge, &["name"],
                "0 closed, 1 half-open, 2 open"),
            family("durward_breaker_transitions_total", Counter, &["name", "to"],
                "How often a breaker became closed, half_open or open"),
            family("durward_database_connections_max", Gauge, &[],
                "How many connections there may be (SQLite: that read)"),
            family("durward_database_connections_in_use", Gauge, &["scope"],
                "Connections in use; scope is own (users' own rows), any_user (administrators), gate (logins, checks of tokens) or system (jobs, checks)"),
            family("durward_database_wait_seconds", Histogram, &["scope"],
                "How long a connection was waited for"),
            family("durward_database_statement_seconds", Histogram, &["scope"],
                "How long statements took, the way to the server included"),
            family("durward_database_failures_total", Counter, &["scope", "kind"],
                "Statements that failed, or for which there was no connection: unavailable, broken or conflict, of which the last is no fault"),
            family("durward_mails_total", Counter, &["kind", "result"],
                "Tries to send a mail: sent, postponed, refused or expired"),
            family("durward_mail_outbox_waiting", Gauge, &[],
                "Mails that wait to be sent"),
            family("durward_mail_outbox_oldest_seconds", Gauge, &[],
                "How long the oldest of them has waited"),
            family("durward_trace_exports_total", Counter, &["result"],
                "Batches of spans that were sent to the collector: ok or failed"),
        ],
    },
    Group {
        title: "Alerts and retention",
        families: &[
            family("durward_alerts_total", Counter, &["rule"],
                "Alerts that this node raised; each is raised by one node"),
            family("durward_webhooks_total", Counter, &["result"],
                "Calls of the operators' webhook: arrived, postponed, refused or expired"),
            family("durward_webhook_outbox_waiting", Gauge, &[],
                "Alerts that the webhook has not taken yet"),
            family("durward_retention_runs_total", Counter, &["result"],
                "Runs that remove what is over: done or failed"),
            family("durward_retention_rows_total", Counter, &["what"],
                "Rows that they removed"),
            family("durward_retention_partitions_total", Counter, &[],
                "Months of the login trail that they dropped as a whole, on PostgreSQL; their rows are not counted"),
            family("durward_retention_last_seconds", Gauge, &[],
                "How long the last of them took"),
            family("durward_accounts_erased_total", Counter, &[],
                "Accounts that their users deleted"),
        ],
    },
    Group {
        title: "The process",
        families: &[
            family("durward_build_info", Gauge, &["version"],
                "Always 1; the version is in the label"),
            family("process_start_time_seconds", Gauge, &[],
                "When the process started, in seconds since 1970"),
            family("process_cpu_seconds_total", Counter, &[],
                "Processor time that was used, by programs and for them, in whole seconds"),
            family("process_resident_memory_bytes", Gauge, &[],
                "Memory that is in use"),
            family("process_virtual_memory_bytes", Gauge, &[],
                "Memory that is addressed"),
            family("process_open_fds", Gauge, &[],
                "Open file descriptors, connections among them"),
            family("process_max_fds", Gauge, &[],
                "How many there may be"),
            family("process_threads", Gauge, &[],
                "Threads"),
        ],
    },
];

/// Every metric.
pub fn families() -> impl Iterator<Item = &'static Family> {
    CATALOGUE.iter().flat_map(|group| group.families)
}
