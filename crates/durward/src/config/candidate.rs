//! A value as somebody gave it, before it is read.

use std::borrow::Cow;

use crate::config::source::Source;

/// The key of a setting; the operator's roles have theirs made up.
pub(crate) type Key = Cow<'static, str>;

/// What stood there. It has no `Debug`: it may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Raw {
    /// One text; numbers and booleans of the file come as their text.
    Text(String),
    /// An array of the file.
    List(Vec<String>),
}

impl Raw {
    /// The one text.
    ///
    /// # Errors
    /// When it is a list.
    pub(crate) fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::List(_) => Err("a list".to_owned()),
        }
    }

    /// Whether it is a text of nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}

/// A value somebody gave, and how strong its word is.
pub(crate) struct Candidate {
    /// A higher rank has the last word; within one rank all have to agree.
    pub(crate) rank: Rank,
    /// Where it stood.
    pub(crate) source: Source,
    /// What stood there.
    pub(crate) raw: Raw,
    /// The part that it sets, when it does not set the whole.
    pub(crate) part: Option<&'static str>,
}

/// How strong a source's word is, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// `durward.toml`.
    File,
    /// Environment variables, the files they name, and the secrets directory.
    Environment,
}
