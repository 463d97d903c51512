//! Statements that SQLite is asked together. A way to its thread and back costs more than most statements do, so that what
//! nobody waits for the result of goes along with what comes next, at the latest with the commit.
//!
//! PostgreSQL is asked at once: whoever waits for a lock has to know.

use sqlx::sqlite::SqliteArguments;

use crate::error::StoreError;
use crate::query::Statement;

/// Statements that wait to be asked, with their parameters.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    text: String,
    arguments: SqliteArguments,
    names: Vec<&'static str>,
}

impl Batch {
    /// The beginning of a transaction.
    pub(crate) fn beginning() -> Self {
        let mut batch = Self::default();
        batch.word("BEGIN IMMEDIATE");
        batch
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds words without parameters.
    pub(crate) fn word(&mut self, word: &'static str) {
        self.text.push_str(word);
        self.text.push(';');
        self.names.push(word.split(' ').next().unwrap_or(word));
    }

    /// Adds a statement. Its parameters are to be added to what comes back, in their order.
    pub(crate) fn statement(&mut self, statement: Statement) -> &mut SqliteArguments {
        renumber(statement.sqlite, sqlx::Arguments::len(&self.arguments), &mut self.text);
        self.text.push(';');
        self.names.push(statement.short_name());
        &mut self.arguments
    }

    /// The text, the parameters, and the names.
    pub(crate) fn into_parts(self) -> (String, SqliteArguments, Vec<&'static str>) {
        (self.text, self.arguments, self.names)
    }
}

/// Adds parameters, in their order.
macro_rules! add {
    ($arguments:expr, [$($value:expr),+ $(,)?]) => {
        $crate::batch::added([$(sqlx::Arguments::add($arguments, $value)),+])
    };
}
pub(crate) use add;

/// What came of adding parameters.
pub(crate) fn added<const N: usize>(outcomes: [Result<(), sqlx::error::BoxDynError>; N]) -> Result<(), StoreError> {
    match outcomes.into_iter().find_map(Result::err) {
        None => Ok(()),
        // The source may quote the value.
        Some(_) => Err(StoreError::Broken("a parameter cannot be sent".to_owned())),
    }
}

/// Writes a statement behind others that have so many parameters: its first one comes after theirs.
fn renumber(sql: &str, before: usize, into: &mut String) {
    use std::fmt::Write;
    let mut pieces = sql.split('$');
    into.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = piece.split_at(digits);
        into.push('$');
        if let Ok(number) = number.parse::<usize>() {
            let _ = write!(into, "{}", number + before);
        }
        into.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_on() {
        let mut text = String::new();
        renumber("UPDATE t SET a = $2, b = '$' WHERE c = $1 AND d = $10", 7, &mut text);
        assert_eq!(text, "UPDATE t SET a = $9, b = '$' WHERE c = $8 AND d = $17");
    }
}
