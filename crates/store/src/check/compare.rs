//! The live catalogue against the one that the migrations make.

use super::{SchemaFault, has_word, statements_with};
use crate::catalogue::{Catalogue, Column, Table};
use crate::open::Backend;

/// One comparison, with the words for its cures.
pub(super) struct Comparison {
    pub(super) backend: Backend,
    /// What the migrations run, to quote from.
    pub(super) ddl: String,
}

impl Comparison {
    pub(super) fn faults(&self, expected: &Catalogue, found: &Catalogue) -> Vec<SchemaFault> {
        let mut faults = Vec::new();
        for (name, table) in &expected.tables {
            match found.tables.get(name) {
                Some(there) => {
                    let missing = expected.tables.keys().filter(|name| !found.tables.contains_key(*name));
                    self.of_table(name, table, there, missing.map(String::as_str).collect(), &mut faults);
                }
                None => faults.push(SchemaFault {
                    object: format!("table {name}"),
                    detail: "it is missing".to_owned(),
                    cure: format!(
                        "restore it from a backup, or make it anew and empty: {}",
                        self.quoted(&format!("CREATE TABLE {name} ("))
                    ),
                    statements: statements_with(&[name]),
                }),
            }
        }
        faults
    }

    /// `odd` begins with the tables that are missing: what refers to them went with them.
    fn of_table<'a>(
        &self,
        name: &str,
        expected: &'a Table,
        found: &Table,
        mut odd: Vec<&'a str>,
        faults: &mut Vec<SchemaFault>,
    ) {
        for (column, wanted) in &expected.columns {
            if let Some(fault) = self.of_column(name, column, wanted, found.columns.get(column)) {
                odd.push(column.as_str());
                faults.push(fault);
            }
        }
        for (column, extra) in found.columns.iter().filter(|(column, _)| !expected.columns.contains_key(*column)) {
            if !extra.nullable && !extra.filled {
                faults.push(SchemaFault {
                    object: format!("{name}.{column}"),
                    detail: "it is not durward's, may not be null and has no default, so no row can be added"
                        .to_owned(),
                    cure: self.for_postgres(
                        format!("ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL;"),
                        format!("ALTER TABLE {name} DROP COLUMN {column};"),
                    ),
                    statements: statements_with(&["INSERT", name]),
                });
            }
        }
        if expected.partitioned_by != found.partitioned_by {
            let said =
                |by: &Option<String>| by.as_ref().map_or("one table".to_owned(), |by| format!("partitions by {by}"));
            faults.push(SchemaFault {
                object: format!("partitions of {name}"),
                detail: format!("found {}; expected {}", said(&found.partitioned_by), said(&expected.partitioned_by)),
                cure: self.rebuilt(name),
                statements: statements_with(&[name]),
            });
        }
        // What stands on a column that is missing or different went or changed with it.
        let stands_on_odd = |definition: &str| odd.iter().any(|column| has_word(definition, column));
        for (index, wanted) in &expected.indexes {
            if found.indexes.values().any(|there| there == wanted) || stands_on_odd(&wanted.columns) {
                continue;
            }
            let unique = if wanted.unique { "UNIQUE INDEX" } else { "INDEX" };
            let ddl = self.quoted(&format!("CREATE {unique} {index} ON"));
            let (detail, cure) = match found.indexes.get(index) {
                None => (format!("it is missing, or not valid, on {name} ({})", wanted.columns), ddl),
                Some(there) => (
                    format!(
                        "found ({}), unique: {}; expected ({}), unique: {}",
                        there.columns, there.unique, wanted.columns, wanted.unique
                    ),
                    format!("DROP INDEX {index}; {ddl}"),
                ),
            };
            let words: Vec<&str> = [name].into_iter().chain(wanted.columns.split(", ")).collect();
            faults.push(SchemaFault {
                object: format!("index {index}"),
                detail,
                cure,
                statements: statements_with(&words),
            });
        }
        for (constraint, wanted) in &expected.constraints {
            if found.constraints.values().any(|there| there == wanted) || stands_on_odd(wanted) {
                continue;
            }
            let drop = if found.constraints.contains_key(constraint) {
                format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}; ")
            } else {
                String::new()
            };
            faults.push(SchemaFault {
                object: format!("constraint {constraint} on {name}"),
                detail: match found.constraints.get(constraint) {
                    Some(there) => format!("found {there}; expected {wanted}"),
                    None => format!("it is missing: {wanted}"),
                },
                cure: self.for_postgres(
                    format!("{drop}ALTER TABLE {name} ADD CONSTRAINT {constraint} {wanted};"),
                    self.rebuilt(name),
                ),
                statements: statements_with(&[name]),
            });
        }
    }

    fn of_column(&self, table: &str, name: &str, wanted: &Column, found: Option<&Column>) -> Option<SchemaFault> {
        let kind = &wanted.kind;
        let null = if wanted.nullable { "" } else { " NOT NULL" };
        let (detail, cure) = match found {
            None => (
                format!("it is missing; expected {kind}{null}"),
                format!(
                    "restore {table} from a backup, or{}: ALTER TABLE {table} ADD COLUMN {name} {kind}{null};",
                    if wanted.nullable { "" } else { ", where it has no rows" }
                ),
            ),
            Some(there) if there.kind != *kind => (
                format!("found {}; expected {kind}", there.kind),
                self.for_postgres(
                    format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {kind} USING {name}::{kind};"),
                    self.rebuilt(table),
                ),
            ),
            Some(there) if there.nullable != wanted.nullable => (
                format!("found {}; expected {}", nullness(there.nullable), nullness(wanted.nullable)),
                self.for_postgres(
                    format!(
                        "ALTER TABLE {table} ALTER COLUMN {name} {} NOT NULL;",
                        if wanted.nullable { "DROP" } else { "SET" }
                    ),
                    self.rebuilt(table),
                ),
            ),
            Some(there) if wanted.filled && !there.filled => (
                "nothing fills it when a row is added; expected an identity".to_owned(),
                self.for_postgres(
                    format!("ALTER TABLE {table} ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY; SELECT setval(pg_get_serial_sequence('{table}', '{name}'), (SELECT COALESCE(MAX({name}), 0) + 1 FROM {table}), false);"),
                    self.rebuilt(table),
                ),
            ),
            Some(_) => return None,
        };
        let object = format!("{table}.{name}");
        Some(SchemaFault { object, detail, cure, statements: statements_with(&[table, name]) })
    }

    fn for_postgres(&self, postgres: String, sqlite: String) -> String {
        if self.backend == Backend::Postgres { postgres } else { sqlite }
    }

    fn rebuilt(&self, table: &str) -> String {
        let ddl = self.quoted(&format!("CREATE TABLE {table} ("));
        format!("restore {table} from a backup, or rename it and move its rows into a new one: {ddl}")
    }

    /// The last statement of the migrations that begins like this: an older one was made anew.
    pub(super) fn quoted(&self, beginning: &str) -> String {
        let rest = self.ddl.rfind(beginning).and_then(|at| self.ddl.get(at..)).unwrap_or(beginning);
        let statement = rest.split_once(";\n").map_or(rest, |(statement, _)| statement);
        let words: Vec<&str> = statement.split_whitespace().collect();
        format!("{};", words.join(" "))
    }
}

fn nullness(nullable: bool) -> &'static str {
    if nullable { "that it may be null" } else { "NOT NULL" }
}
