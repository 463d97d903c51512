//! The table, and `docs/performance.md` around it.

use std::fmt::Write;

use crate::Effort;
use crate::figure::{Aim, Figure, Spread};
use crate::plot::Plot;
use crate::quiet::Others;
use crate::report::Report;

/// The figures as a Markdown table. Nothing is judged where others were at work.
pub(crate) fn table(figures: &[Figure], others: Others) -> String {
    let mut table = "| what | durward (median) | against (median) | ratio: min · median · max | aim | met |\n\
                     |---|---|---|---|---|---|\n"
        .to_owned();
    for figure in figures {
        let (ours, theirs, ratio) = (figure.ours().median, figure.theirs().median, figure.ratio());
        let met = match figure.is_met() {
            Some(_) if !others.were_quiet() => "not judged",
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        let unit = figure.unit;
        // Some figures stand for themselves.
        let (against, ratio) = match figure.against {
            "" => (String::new(), String::new()),
            against => (format!("{} {unit} ({against})", number(theirs)), spread(ratio)),
        };
        let (what, ours, aim) = (&figure.what, number(ours), aim(figure));
        let _ = writeln!(table, "| {what} | {ours} {unit} | {against} | {ratio} | {aim} | {met} |");
    }
    table
}

/// How quiet the machine was, in words.
pub(crate) fn noise(others: Others) -> String {
    let percent = others.percent();
    if others.were_quiet() {
        format!("Other programs took {percent:.1} % of the processors meanwhile.")
    } else {
        format!(
            "**Other programs took {percent:.0} % of the processors meanwhile, so nothing is judged.** Ratios from a busy machine can be \
             wrong either way, those of logins, of the storm and of the start most of all. Run it again when nothing else runs."
        )
    }
}

/// What could not be measured, as a list; nothing where everything was.
pub(crate) fn left_out(report: &Report) -> String {
    if report.left_out.is_empty() {
        return String::new();
    }
    let mut list = "**Not measured:**\n\n".to_owned();
    for (what, why) in &report.left_out {
        // What programs say may have many lines.
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(list, "- {what}: {why}");
    }
    list + "\n"
}

/// The plots, each under its title.
fn pictures(report: &Report) -> String {
    let mut all = "![How far each figure is from its aim](pictures/performance-aims.svg)\n\n".to_owned();
    for Plot { name, title, .. } in &report.plots {
        let _ = writeln!(all, "![{title}](pictures/performance-{name}.svg)\n");
    }
    all
}

/// The whole page.
pub(crate) fn page(report: &Report, effort: Effort, machine: &str, others: Others) -> String {
    let (Effort { rounds, seconds }, noise) = (effort, noise(others));
    let (table, left_out, pictures) = (table(&report.figures, others), left_out(report), pictures(report));
    format!(
        "\
# Performance

Made by `scripts/bench`, all in one run. What counts is the ratios: both sides of each
were measured on the same machine within seconds of each other. The absolute values are illustration.

Machine: {machine}. {noise}

{table}
{left_out}{pictures}## How it was measured

- {rounds} rounds for each figure (three times as many for the token check), durward and the bare thing in turns, {seconds} s
  of load for each. Minimum, median and maximum are of the rounds' ratios. An aim is met when the median meets it.
- The servers are release builds in processes of their own, reached over loopback with HTTP/1.1 and kept connections. Rates
  are of a closed loop on hyper: each connection sends its next request when the last answer is there. The generator
  runs on the same cores as the server, for durward and for the bare handler alike.
- In an open loop requests are due at a fixed rate, whatever the server does, and how long an answer took is counted from
  the moment at which its request was due: who waits behind a stalled answer is counted as well. 64 connections; what is due
  while all of them wait goes out as soon as one is free.
- durward runs with its defaults, a line of log for each request included, written to a file; what it
  answers is on the disk before, on SQLite as well. Only `limits.address_failures` is raised, because all clients come from one address.
- The token check is `Verifier::rest` with an `Authorization` header and the real roster; the bare HMAC has its key
  prepared and runs over exactly the bytes that the token's signature covers.
- Bare Argon2id is measured twice, each time with the same parameters and reused memory, on as many threads as durward hashes
  on, and nothing else: by the `argon2` crate, which is the usual one, and by `argon2-rust`, which durward takes because it is
  faster. The faster the hash is, the more the same work beside it weighs. Logins include the HTTP request, two transactions that are on disk before the answer, and the tokens.
- A profile is read from the database for each request, from PostgreSQL by one statement for all who ask at the same time; the bare handler makes JSON of as many bytes anew, and reads nothing.
- In each of 64 sessions one refresh follows the other, each with the token that the last one gave: the token is marked as
  used, its successor and a row of the audit trail are written, and all of it is on the disk before the answer. A bare
  transaction is one `UPDATE` of one small row, prepared, by the same driver: on SQLite (`synchronous=FULL`) over one connection, because
  more of them only wait for each other, on PostgreSQL over 64, each with a row of its own.
- PostgreSQL is a server of its own with its defaults (`fsync=on`, `synchronous_commit=on`), on the same machine and disk,
  over TCP; durward has its default of 10 connections to it.
- The FastAPI service is `bench/fastapi`: it was written for this, as one writes such a service, with SQLAlchemy on a SQLite
  file (WAL, `synchronous=FULL`), PyJWT, argon2-cffi with durward's parameters, and one uvicorn worker for each core. It looks
  the session up for each request, rotates refresh tokens in one transaction, and does nothing else that durward does: no
  audit trail, no budgets, no devices, no line of log. Its rows are illustration.
- Rows \"in process\" are criterion's medians of single calls in one thread (`bench/benches/inside.rs`): what a request or a
  login costs apart from HTTP, hash and database. A roster miss reads the session from SQLite.
- What cannot allocate says so: allocations are counted over one check, by the allocator.
- A socket is opened when its TCP connection, its handshake and `ready` are there; then the client drops it and opens the
  next. The client is tungstenite on the same cores. For the echo it asks at once and waits for the first word of the
  answer: durward begins a conversation and has the question on the disk before it answers, bare axum gives back what came. Idle sockets are each of a session and a token of their own, and
  their memory is what the server's resident memory grew by, divided by their number.
- For the roster, a database is filled with 1,000,000 live sessions of 10,000 users, last used an hour ago, and a node is
  started on it. 64 connections ask `/api/v1/auth/status` in sessions chosen by chance out of 100,000, until 99 of 100
  were asked for before; then once in every other session. The operating system has the database's pages in memory.
- `--only PART` measures one part, for work on it; parts and options: `scripts/bench --help`.
- Whoever logs in during the storm does so over and over, without pause; logins that are shed with 503 are part of it. The
  fixed rate is a quarter of what the server answers at most, as measured just before.
- \"Ready\" is the first 200 of `/health/ready`. Before it listens, durward prepares every statement, compares the schema,
  and walks the Golden Path, which computes several password hashes.
"
    )
}

fn aim(figure: &Figure) -> String {
    match figure.aim {
        Aim::RatioAtLeast(aim) => format!("ratio at least {aim}"),
        Aim::RatioAtMost(aim) => format!("ratio at most {aim}"),
        Aim::ValueAtMost(aim) => format!("at most {aim} {}", figure.unit),
        Aim::Nothing => String::new(),
    }
}

fn spread(spread: Spread) -> String {
    format!("{:.2} · {:.2} · {:.2}", spread.min, spread.median, spread.max)
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_named_and_nothing_is_judged_beside_others() {
        let figure =
            |what: &str, against, rounds, aim| Figure { what: what.to_owned(), unit: "ms", against, rounds, aim };
        let mut report = Report::default();
        report.figures.push(figure("one", "bare", vec![(1.0, 2.0), (3.0, 2.0)], Aim::RatioAtMost(0.75)));
        report.figures.push(figure("alone", "", vec![(123.4, 123.4)], Aim::Nothing));
        report.add_or_leave_out("two", Err("it said:\n  no".into()));
        let effort = Effort { rounds: 2, seconds: 1 };

        let quiet = page(&report, effort, "a machine", Others::taking(0.0));
        for line in [
            "| one | 2.00 ms | 2.00 ms (bare) | 0.50 · 1.00 · 1.50 | ratio at most 0.75 | **no** |",
            "| alone | 123 ms |  |  |  |  |",
            "- two: it said: no",
            "![How far each figure is from its aim](pictures/performance-aims.svg)",
        ] {
            assert!(quiet.lines().any(|found| found == line), "{line}\n{quiet}");
        }
        let busy = page(&report, effort, "a machine", Others::taking(0.5));
        assert!(busy.contains("| not judged |") && !busy.contains("**no**"), "{busy}");
        assert!(!page(&Report::default(), effort, "", Others::taking(0.0)).contains("Not measured"));
    }
}
