//! The login trail's partitions, where it has some: how many there are and which is nobody's fault, but each has to serve as
//! the table does.

use super::compare::Comparison;
use super::{SchemaFault, statements_with};
use crate::catalogue::{Catalogue, Partitions, Table};
use crate::partitions::{REST, TRAIL};

impl Comparison {
    /// Adds what is wrong with them to the faults of the tables, and says those more exactly that come from them.
    pub(super) fn partitions(&self, found: &Partitions, expected: &Catalogue, faults: &mut Vec<SchemaFault>) {
        let Some(trail) = expected.tables.get(TRAIL) else { return };
        for (index, partitions) in &found.lacking {
            if let Some(cure) = self.of_index(index, trail) {
                // As an index that some partition lacks, it is not valid, and counts as missing.
                faults.retain(|fault| fault.object != format!("index {index}"));
                faults.push(SchemaFault {
                    object: format!("index {index}"),
                    detail: format!(
                        "partitions that lack it, or have one that is not valid: {}",
                        partitions.join(", ")
                    ),
                    cure,
                    statements: statements_with(&[TRAIL]),
                });
            }
        }
        if !found.has_rest {
            let is_there = found.detached.iter().any(|table| table.name == REST);
            faults.push(SchemaFault {
                object: format!("partition {REST}"),
                detail:
                    "there is none for rows that no month is there for, so that a login may not be noted, and fails"
                        .to_owned(),
                cure: if is_there {
                    format!("ALTER TABLE {TRAIL} ATTACH PARTITION {REST} DEFAULT;")
                } else {
                    self.quoted(&format!("CREATE TABLE {REST} "))
                },
                statements: statements_with(&["INSERT", TRAIL]),
            });
        }
        for table in found.detached.iter().filter(|table| table.name != REST) {
            let name = &table.name;
            faults.push(SchemaFault {
                object: format!("partition {name}"),
                detail: "it is detached: its rows are neither shown nor exported, erased or removed when they are over"
                    .to_owned(),
                cure: format!(
                    "ALTER TABLE {TRAIL} ATTACH PARTITION {name} {}; or, where that is meant, keep it under another name or \
                     in another schema",
                    table.range
                ),
                statements: statements_with(&[TRAIL]),
            });
        }
    }

    /// How to make one of ours anew, on all partitions.
    fn of_index(&self, index: &str, trail: &Table) -> Option<String> {
        if let Some(definition) = trail.constraints.get(index) {
            return Some(format!(
                "ALTER TABLE {TRAIL} DROP CONSTRAINT {index}; ALTER TABLE {TRAIL} ADD CONSTRAINT {index} {definition};"
            ));
        }
        let wanted = trail.indexes.get(index)?;
        let unique = if wanted.unique { "UNIQUE INDEX" } else { "INDEX" };
        Some(format!("DROP INDEX {index}; {}", self.quoted(&format!("CREATE {unique} {index} ON"))))
    }
}
