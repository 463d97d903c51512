//! What a run shows: figures, plots, and what could not be measured.

use crate::Outcome;
use crate::figure::Figure;
use crate::plot::Plot;

/// Filled part by part. What a part has pushed stays, also when it fails later.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
    pub(crate) plots: Vec<Plot>,
    /// What was not measured, and why not.
    pub(crate) left_out: Vec<(String, String)>,
}

impl Report {
    /// Says why something is not there.
    pub(crate) fn leave_out(&mut self, what: impl Into<String>, why: impl ToString) {
        self.left_out.push((what.into(), why.to_string()));
    }

    /// Takes a figure, or says why it is not there: the others are worth having all the same.
    pub(crate) fn add_or_leave_out(&mut self, what: &str, measured: Outcome<Figure>) {
        match measured {
            Ok(figure) => self.figures.push(figure),
            Err(why) => self.leave_out(what, why),
        }
    }
}
