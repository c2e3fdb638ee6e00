//! The tables, and what leads from each format to the next.

/// The format that this program writes. One of a higher number is refused, one of a lower number is brought up to it by whoever
/// writes.
pub(crate) const FORMAT: i64 = 1;

/// What leads from each format to the next: the first entry makes an empty database format 1. Entries are never changed once
/// released. `{BYTES}`, `{ID}` and `{CLUSTERED}` are the database's words for octets, for a number that names a row, and for a
/// table that is kept in the order of its primary key.
pub(crate) const MIGRATIONS: [&str; FORMAT as usize] = [FORMAT_1];

/// `docs/journal.md` has it as a table. Times are seconds since 1970. Rows point to others by number and without declared
/// references: what is missing is found by whoever reads, in whatever file.
const FORMAT_1: &str = "
CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value {BYTES} NOT NULL
);
CREATE TABLE counters (
    id {ID},
    objects BIGINT NOT NULL,
    changes BIGINT NOT NULL,
    contents BIGINT NOT NULL
);
INSERT INTO counters (id, objects, changes, contents) VALUES (1, 1, 1, 1);
CREATE TABLE contexts (
    id {ID},
    dn TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    reading BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    full_from BIGINT NOT NULL,
    cycle_from BIGINT NOT NULL,
    cursor_text TEXT,
    succeeded BIGINT,
    completed BIGINT
);
CREATE TABLE attributes (
    id {ID},
    payload {BYTES} NOT NULL
);
CREATE TABLE controllers (
    id {ID},
    payload {BYTES} NOT NULL
);
CREATE TABLE objects (
    id {ID},
    guid {BYTES} NOT NULL UNIQUE,
    context BIGINT NOT NULL,
    parent BIGINT NOT NULL,
    status BIGINT NOT NULL,
    known_from BIGINT NOT NULL,
    mark BIGINT NOT NULL
);
CREATE INDEX objects_by_parent ON objects (parent);
CREATE TABLE states (
    object {ID},
    payload {BYTES} NOT NULL
);
CREATE TABLE lookups (
    name_hash BIGINT NOT NULL,
    object BIGINT NOT NULL,
    PRIMARY KEY (name_hash, object)
) {CLUSTERED};
CREATE TABLE changes (
    seq {ID},
    object BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    happened BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    controller BIGINT NOT NULL,
    usn BIGINT NOT NULL,
    payload {BYTES} NOT NULL
);
CREATE INDEX changes_by_object ON changes (object, seq);
CREATE INDEX changes_by_time ON changes (happened);
CREATE TABLE links (
    source BIGINT NOT NULL,
    attribute BIGINT NOT NULL,
    target BIGINT NOT NULL,
    data BIGINT NOT NULL,
    added BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    seal BIGINT NOT NULL,
    PRIMARY KEY (source, attribute, target, data, added)
) {CLUSTERED};
CREATE INDEX links_by_target ON links (target);
CREATE TABLE contents (
    id {ID},
    hash {BYTES} NOT NULL UNIQUE,
    payload {BYTES} NOT NULL
);
";

#[cfg(test)]
mod tests {
    /// The tables of the schema with their columns, and those of the page.
    #[test]
    fn the_page_has_every_table_and_column() {
        let page = include_str!("../../../../docs/journal.md");
        let mut tables = 0;
        for script in super::MIGRATIONS {
            for table in script.split("CREATE TABLE ").skip(1) {
                let (name, rest) = table.split_once(" (\n").unwrap();
                let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
                let row = row.unwrap_or_else(|| panic!("{name} is not on the page"));
                let columns = rest.lines().take_while(|line| !line.starts_with(')'));
                for column in columns.map(str::trim).filter(|line| !line.starts_with("PRIMARY KEY")) {
                    let column = column.split(' ').next().unwrap();
                    assert!(row.contains(&format!("`{column}`")), "{name}.{column} is not on the page");
                }
                tables += 1;
            }
        }
        assert_eq!(tables, page.lines().filter(|line| line.starts_with("| `")).count());
    }
}
