//! Answers from another server, behind the circuit breaker.

use std::sync::Arc;

use durward_core::Fault;
use durward_core::chat::{Answerer, Pieces, Question};
use durward_verify::Breaker;
use durward_verify::breaker::Permit;
use futures_util::{FutureExt, stream};
use tokio::time::Instant;

use super::dialect::{Reader, Said};
use super::lines::Lines;
use super::trouble::{self, Trouble};
use super::upstream::{Limits, Reply, Upstream};

/// The most bytes that are read for one answer: far more than any answer has, with everything that is said around its
/// words.
const MOST: usize = 64 * 1024 * 1024;

/// The answering side.
pub(super) struct Guarded {
    upstream: Arc<Upstream>,
    breaker: Arc<Breaker>,
}

impl Guarded {
    pub(super) fn new(upstream: Upstream, breaker: Arc<Breaker>) -> Self {
        Self { upstream: Arc::new(upstream), breaker }
    }
}

impl Answerer for Guarded {
    fn answer(&self, question: Question) -> Pieces {
        match self.breaker.admit() {
            Ok(permit) => {
                let turn = Turn::new(Arc::clone(&self.upstream), question, permit);
                Box::pin(stream::unfold(turn, |mut turn| async move {
                    let piece = turn.next().await?;
                    Some((piece, turn))
                }))
            }
            Err(retry_after) => {
                count("not_asked");
                let fault = trouble::not_asked(retry_after);
                Box::pin(async { Err(fault) }.into_stream())
            }
        }
    }

    fn name(&self) -> &'static str {
        self.upstream.name()
    }
}

/// One question and its answer.
struct Turn {
    upstream: Arc<Upstream>,
    limits: Limits,
    question: Question,
    /// Goes when it is known how the answer ended.
    permit: Option<Permit>,
    started: Instant,
    reply: Option<Reply>,
    reader: Reader,
    lines: Lines,
    /// How many bytes have come.
    came: usize,
    /// How many bytes of the answer may still come.
    left: usize,
    /// Whether words have come.
    begun: bool,
    ended: bool,
}

impl Turn {
    fn new(upstream: Arc<Upstream>, question: Question, permit: Permit) -> Self {
        let limits = upstream.limits();
        Self {
            reader: upstream.dialect().reader(),
            upstream,
            limits,
            question,
            permit: Some(permit),
            started: Instant::now(),
            reply: None,
            lines: Lines::default(),
            came: 0,
            left: limits.answer,
            begun: false,
            ended: false,
        }
    }

    /// The next words; `None` after the last ones or after a fault.
    async fn next(&mut self) -> Option<Result<String, Fault>> {
        self.permit.as_ref()?;
        let outcome = self.advance().await;
        if let Ok(Some(words)) = outcome {
            self.begun = true;
            return Some(Ok(words));
        }
        self.reply = None;
        let permit = self.permit.take()?;
        let Err(trouble) = outcome else {
            count("whole");
            permit.succeed();
            return None;
        };
        match trouble.is_failure() {
            Some(true) => permit.fail(),
            Some(false) => permit.succeed(),
            None => drop(permit),
        }
        count(if trouble.is_failure() == Some(true) { "failed" } else { "refused" });
        Some(Err(trouble.fault(&self.question.model, self.begun)))
    }

    async fn advance(&mut self) -> Result<Option<String>, Trouble> {
        while !self.ended && self.left > 0 {
            let line = self.lines.next().map_err(|_| Trouble::Garbage("a line that is too long"))?;
            let said = match line {
                Some(line) => self.reader.line(&line).map_err(|trouble| self.shown(trouble))?,
                None if self.receive().await? => continue,
                None => self.last_line()?,
            };
            if said.is_part
                && let Some(permit) = &mut self.permit
            {
                permit.answered();
            }
            self.ended = said.is_last;
            let words = self.cut(said.words);
            if !words.is_empty() {
                return Ok(Some(words));
            }
        }
        Ok(None)
    }

    /// Takes in what comes next; `false` when nothing more does.
    async fn receive(&mut self) -> Result<bool, Trouble> {
        let (until, what, limit) = if self.came == 0 {
            (self.started + self.limits.first_byte, "no answer", self.limits.first_byte)
        } else {
            (Instant::now() + self.limits.idle, "nothing more", self.limits.idle)
        };
        let end = self.started + self.limits.whole;
        let (until, what, limit) = if end < until { (end, "no end", self.limits.whole) } else { (until, what, limit) };
        let next = async {
            let mut reply = match self.reply.take() {
                Some(reply) => reply,
                None => self.upstream.ask(&self.question).await?,
            };
            let piece = reply.next().await?;
            self.reply = Some(reply);
            Ok(piece)
        };
        let Some(piece) = tokio::time::timeout_at(until, next).await.unwrap_or(Err(Trouble::Late(what, limit)))? else {
            return Ok(false);
        };
        self.came = self.came.saturating_add(piece.len());
        if self.came > MOST {
            return Err(Trouble::Garbage("much more than an answer"));
        }
        self.lines.push(&piece);
        Ok(true)
    }

    /// Nothing more comes: what stands after the last line end may be the last part, and else something is missing.
    fn last_line(&mut self) -> Result<Said, Trouble> {
        let cut = || Trouble::Cut("the connection ended before the answer did".to_owned());
        let rest = self.lines.rest();
        let mut all = Said::default();
        for line in [&*rest, b""] {
            let said = self.reader.line(line).map_err(|trouble| match trouble {
                Trouble::Garbage(_) => cut(),
                trouble => self.shown(trouble),
            })?;
            all.words.push_str(&said.words);
            all.is_part |= said.is_part;
            all.is_last |= said.is_last;
        }
        all.is_last |= self.reader.is_whole();
        if all.is_last { Ok(all) } else { Err(cut()) }
    }

    /// As much of it as there is room for; what has no room is the end of the answer.
    fn cut(&mut self, mut words: String) -> String {
        match self.left.checked_sub(words.len()) {
            Some(left) => self.left = left,
            None => {
                words.truncate(words.floor_char_boundary(self.left));
                self.left = 0;
            }
        }
        words
    }

    fn shown(&self, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::Failed(said) => Trouble::Failed(self.upstream.shown(&said)),
            other => other,
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("durward_chat_answers_total", "outcome" => outcome).increment(1);
}
