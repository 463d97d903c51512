//! What a run shows: figures, plots, and what could not be measured.

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
}
