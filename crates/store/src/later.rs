//! Statements of a transaction whose answer nobody waits for. PostgreSQL gets them together, as one statement, at the latest
//! before the next one that is waited for: the way there and back costs more than most of them do. SQLite makes no way, and
//! runs them where they are asked.
//!
//! PostgreSQL runs the parts of a `WITH` side by side: none sees what another changes, and they may come in any order
//! (documentation, section 7.8.4). So a statement that has anything to do with a table that one before it changes waits for
//! no other, but for rows that are plainly added. What fails is said where they are run: in the transaction it belongs to,
//! of which nothing stays then.

use std::fmt::Write as _;

use sqlx::encode::Encode;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments, Postgres, Type};

use crate::error::StoreError;
use crate::query::Statement;

/// How many wait at most. Each mixture of them is a statement of its own to PostgreSQL, which knows no more than 65,535
/// parameters in one.
const MOST: usize = 16;

/// Those that wait, in order.
#[derive(Debug, Default)]
pub(crate) struct Later {
    statements: Vec<Statement>,
    arguments: PgArguments,
    /// How many arguments there were before those of each.
    offsets: Vec<usize>,
}

impl Later {
    /// Whether this one can go together with those that wait.
    pub(crate) fn takes(&self, new: Statement) -> bool {
        if self.statements.len() >= MOST {
            return false;
        }
        is_plain_insert(new.postgres)
            || !self.statements.iter().any(|waiting| new.postgres.contains(changed_table(waiting.postgres)))
    }

    /// Adds one. Its values follow, in order.
    pub(crate) fn push(&mut self, new: Statement) {
        debug_assert!(self.takes(new), "{} looks at what waits", new.name);
        new.trace();
        self.offsets.push(self.arguments.len());
        self.statements.push(new);
    }

    /// A value of the one that was added last.
    ///
    /// # Errors
    /// `Broken` when it cannot be sent.
    pub(crate) fn bind<'v>(
        &mut self,
        value: impl Encode<'v, Postgres> + Type<Postgres> + 'v,
    ) -> Result<(), StoreError> {
        self.arguments.add(value).map_err(|_| StoreError::Broken("a parameter cannot be sent".to_owned()))
    }

    /// One statement that does what all of them do, and answers as the last one does; its values; and its name.
    pub(crate) fn into_one(self) -> (String, PgArguments, String) {
        let mut text = String::new();
        let mut names = String::new();
        let last = self.statements.len().saturating_sub(1);
        for (number, (statement, offset)) in self.statements.iter().zip(self.offsets).enumerate() {
            if last > 0 {
                text += match number {
                    0 => "WITH ",
                    _ if number == last => " ",
                    _ => ", ",
                };
            }
            if number < last {
                // A String takes whatever is written.
                let _ = write!(text, "later{number} AS (");
            }
            push_moved(&mut text, statement.postgres, offset);
            if number < last {
                text.push(')');
            }
            names += if number == 0 { "" } else { " + " };
            names += statement.short_name();
        }
        (text, self.arguments, names)
    }
}

/// The same text with each parameter `$1` as `$1 + offset`.
fn push_moved(text: &mut String, sql: &str, offset: usize) {
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        match number.parse::<usize>() {
            Ok(number) => drop(write!(text, "${}{rest}", number + offset)),
            Err(_) => drop(write!(text, "${part}")),
        }
    }
}

/// Whether it adds rows whatever others there are.
fn is_plain_insert(sql: &str) -> bool {
    sql.starts_with("INSERT INTO ") && !sql.contains("SELECT") && !sql.contains("ON CONFLICT")
}

/// The table that a statement changes.
fn changed_table(sql: &str) -> &str {
    let rest = ["INSERT INTO ", "UPDATE ", "DELETE FROM "].iter().find_map(|verb| sql.strip_prefix(verb));
    rest.and_then(|rest| rest.split(' ').next()).unwrap_or("")
}

/// Runs a statement that gives no rows, and whose answer nobody waits for:
///
/// ```text
/// later!(self, INSERT, [id.uuid(), Db(now)])
/// ```
macro_rules! later {
    ($write:expr, $statement:expr, [$($value:expr),+ $(,)?]) => {
        match $write.backend() {
            $crate::open::Backend::Sqlite => $crate::link::run!($write, $statement, [$($value),+]),
            $crate::open::Backend::Postgres => {
                let later = $write.link().later($statement).await?;
                $(later.bind($value)?;)+
                Ok(())
            }
        }
    };
}
pub(crate) use later;

#[cfg(test)]
mod tests {
    use super::*;

    const fn of(postgres: &'static str) -> Statement {
        Statement { name: "durward_store::tables::some::ONE", sqlite: "", postgres }
    }

    const ADD: Statement = of("INSERT INTO some (id, at) VALUES ($1, $2)");
    const CHANGE: Statement = of("UPDATE some SET at = $10 WHERE id = $1");
    const OTHER: Statement = of("UPDATE other SET note = 'costs $' || $2 WHERE id = $1");
    const LOOK: Statement = of("DELETE FROM other WHERE id IN (SELECT id FROM some)");
    const PUT: Statement = of("INSERT INTO some (id) VALUES ($1) ON CONFLICT (id) DO NOTHING");

    #[test]
    fn one_is_left_as_it_is() {
        let mut later = Later::default();
        later.push(ADD);
        let (text, _, name) = later.into_one();
        assert_eq!((text.as_str(), name.as_str()), (ADD.postgres, "some::ONE"));
    }

    #[test]
    fn each_keeps_its_own_parameters() {
        let mut later = Later::default();
        later.push(CHANGE);
        (0..10).for_each(|value| later.bind(value).unwrap());
        later.push(ADD);
        (0..2).for_each(|value| later.bind(value).unwrap());
        later.push(OTHER);
        (0..2).for_each(|value| later.bind(value).unwrap());
        let (text, arguments, name) = later.into_one();
        assert_eq!(
            text,
            "WITH later0 AS (UPDATE some SET at = $10 WHERE id = $1), \
             later1 AS (INSERT INTO some (id, at) VALUES ($11, $12)) \
             UPDATE other SET note = 'costs $' || $14 WHERE id = $13"
        );
        assert_eq!((arguments.len(), name.as_str()), (14, "some::ONE + some::ONE + some::ONE"));
    }

    #[test]
    fn none_goes_with_one_whose_change_it_would_have_to_see() {
        let mut later = Later::default();
        assert!([ADD, CHANGE, OTHER, LOOK, PUT].iter().all(|first| later.takes(*first)));
        later.push(ADD);
        assert!(later.takes(ADD) && later.takes(OTHER));
        assert!(!later.takes(CHANGE) && !later.takes(LOOK) && !later.takes(PUT));
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut later = Later::default();
        for _ in 0..MOST {
            assert!(later.takes(ADD));
            later.push(ADD);
        }
        assert!(!later.takes(ADD) && !later.takes(OTHER));
    }

    /// The guard knows a table by its name in the text: each that waits has to begin with what changes it.
    #[test]
    fn the_table_is_found() {
        assert_eq!(changed_table(ADD.postgres), "some");
        assert_eq!(changed_table(CHANGE.postgres), "some");
        assert_eq!(changed_table(LOOK.postgres), "other");
        // Nothing else may wait: everything would contain its name.
        assert_eq!(changed_table("WITH a AS (SELECT 1) DELETE FROM some"), "");
        assert!("whatever".contains(changed_table("SELECT 1")));
    }
}
