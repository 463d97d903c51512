//! One row per setting: its name, its words, its type and its default stand in one place, and the structure,
//! the reader, `config show` and `docs/config.md` are all made from that row.

use crate::config::reader::Reader;
use crate::config::value::Value;

/// What is known of a setting without a configuration at hand.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The whole key, `tokens.access_ttl`.
    pub(crate) key: &'static str,
    /// The doc comment, line by line.
    pub(crate) about: &'static [&'static str],
    /// What a value looks like, in words.
    pub(crate) expected: String,
    /// What holds when nobody says otherwise.
    pub(crate) default: Fallback,
    /// Whether the value is never shown.
    pub(crate) hidden: bool,
}

/// Where a default comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fallback {
    /// This text, read as if somebody had written it.
    Text(&'static str),
    /// Nothing: an optional value that is absent, or an empty list.
    Nothing,
    /// Worked out from other settings or from the machine; these are the words for it.
    Computed(&'static str),
}

impl Row {
    /// The row of a setting of type `T`.
    pub(crate) fn of<T: Value>(key: &'static str, about: &'static [&'static str], default: Fallback) -> Self {
        Self { key, about, expected: T::expected(), default, hidden: T::HIDDEN }
    }
}

/// A table of the configuration.
pub(crate) trait Section: Sized {
    /// The table's name; empty for the root.
    const NAME: &'static str;
    /// The doc comment, line by line.
    const ABOUT: &'static [&'static str];

    /// The rows of this table, without those of the tables inside it.
    fn rows() -> Vec<Row>;

    /// Takes the values. `None` only when a default itself cannot be read, and then the reader has a problem.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

/// Makes the structure of a table and its [`Section`] from one list of rows.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        pub struct $Name:ident as $table:tt {
            $( $(#[doc = $doc:literal])+ $field:ident: $Type:ty = $default:expr, )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Name {
            $( $(#[doc = $doc])+ pub $field: $Type, )+
        }

        impl $crate::config::section::Section for $Name {
            const NAME: &'static str = $table;
            const ABOUT: &'static [&'static str] = &[$($about),+];

            fn rows() -> Vec<$crate::config::section::Row> {
                vec![$( $crate::config::section::Row::of::<$Type>(
                    $crate::config::section::key!($table, $field),
                    &[$($doc),+],
                    $default,
                ), )+]
            }

            fn read(reader: &mut $crate::config::reader::Reader<'_>) -> Option<Self> {
                $( let $field = reader.take::<$Type>($crate::config::section::key!($table, $field)); )+
                Some(Self { $( $field: $field?, )+ })
            }
        }
    };
}

/// The whole key of a field: `table.field`, or the bare field in the root.
macro_rules! key {
    ("", $field:ident) => {
        stringify!($field)
    };
    ($table:tt, $field:ident) => {
        concat!($table, ".", stringify!($field))
    };
}

pub(crate) use key;
pub(crate) use section;
