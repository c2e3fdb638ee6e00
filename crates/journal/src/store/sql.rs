//! Every statement of the journal.

pub(crate) const META_GET: &str = "SELECT value FROM meta WHERE name = $1";
pub(crate) const META_PUT: &str = "INSERT INTO meta (name, value) VALUES ($1, $2)";

pub(crate) const COUNTERS_GET: &str = "SELECT objects, changes, contents FROM counters WHERE id = 1";
pub(crate) const COUNTERS_PUT: &str =
    "UPDATE counters SET objects = $1, changes = $2, contents = $3 WHERE id = 1";

pub(crate) const CONTEXTS: &str =
    "SELECT id, dn, reading, generation, full_from, cycle_from, cursor_text, succeeded, completed
    FROM contexts ORDER BY id";
pub(crate) const CONTEXT_BY_NAME: &str =
    "SELECT id, dn, reading, generation, full_from, cycle_from, cursor_text, succeeded, completed
    FROM contexts WHERE name = $1";
pub(crate) const CONTEXT_INSERT: &str =
    "INSERT INTO contexts (id, dn, name, reading, generation, full_from, cycle_from)
    SELECT COALESCE(MAX(id), 0) + 1, $1, $2, 0, 0, 0, 0 FROM contexts";
pub(crate) const CONTEXT_UPDATE: &str =
    "UPDATE contexts SET reading = $1, generation = $2, full_from = $3, cycle_from = $4,
    cursor_text = $5, succeeded = $6, completed = $7 WHERE id = $8";

pub(crate) const ATTRIBUTES: &str = "SELECT id, payload FROM attributes";
pub(crate) const ATTRIBUTE_INSERT: &str = "INSERT INTO attributes (id, payload) VALUES ($1, $2)";
pub(crate) const CONTROLLERS: &str = "SELECT id, payload FROM controllers";
pub(crate) const CONTROLLER_INSERT: &str = "INSERT INTO controllers (id, payload) VALUES ($1, $2)";

pub(crate) const OBJECT_BY_GUID: &str =
    "SELECT id, guid, context, parent, status, known_from, mark FROM objects WHERE guid = $1";
pub(crate) const OBJECT_BY_ID: &str =
    "SELECT id, guid, context, parent, status, known_from, mark FROM objects WHERE id = $1";
pub(crate) const OBJECT_INSERT: &str =
    "INSERT INTO objects (id, guid, context, parent, status, known_from, mark)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(crate) const OBJECT_UPDATE: &str =
    "UPDATE objects SET context = $1, parent = $2, status = $3, known_from = $4, mark = $5
    WHERE id = $6";
pub(crate) const OBJECT_MARK: &str = "UPDATE objects SET mark = $1 WHERE id = $2";
pub(crate) const OBJECT_KNOWN_FROM: &str = "UPDATE objects SET known_from = $1 WHERE id = $2";
pub(crate) const OBJECT_DELETE: &str = "DELETE FROM objects WHERE id = $1";
pub(crate) const OBJECT_CHILDREN: &str = "SELECT id FROM objects WHERE parent = $1";
pub(crate) const OBJECT_IDS: &str = "SELECT id FROM objects ORDER BY id";
pub(crate) const OBJECT_GUIDS: &str = "SELECT guid FROM objects WHERE status = $1 ORDER BY id";
pub(crate) const OBJECTS_BY_STATUS: &str = "SELECT status, COUNT(*) FROM objects GROUP BY status";
/// Of the objects that were read first, the one that is known longest.
pub(crate) const OBJECTS_KNOWN_FROM: &str =
    "SELECT MIN(known_from) FROM (SELECT known_from FROM objects WHERE status IN (1, 2, 3, 4)
    ORDER BY id LIMIT 1000) AS eldest";
/// Those that a full read did not name; 0 is an object that only others point to.
pub(crate) const OBJECTS_UNMARKED: &str = "SELECT id FROM objects
    WHERE context = $1 AND mark <> $2 AND status IN (1, 2, 3) ORDER BY id";
pub(crate) const OBJECTS_NAMED_ONLY: &str = "SELECT id FROM objects WHERE status = 5";

pub(crate) const OBJECTS_WITHOUT_PARENT: &str =
    "SELECT id FROM objects WHERE parent = 0 AND context = $1 AND status IN (1, 2, 3)";

pub(crate) const STATE_GET: &str = "SELECT payload FROM states WHERE object = $1";
pub(crate) const STATE_PUT: &str = "INSERT INTO states (object, payload) VALUES ($1, $2)
    ON CONFLICT (object) DO UPDATE SET payload = excluded.payload";
pub(crate) const STATE_INSERT: &str = "INSERT INTO states (object, payload) VALUES ($1, $2)";
pub(crate) const STATE_DELETE: &str = "DELETE FROM states WHERE object = $1";

pub(crate) const LOOKUP_PUT: &str =
    "INSERT INTO lookups (name_hash, object) VALUES ($1, $2) ON CONFLICT DO NOTHING";
pub(crate) const LOOKUP_GET: &str = "SELECT object FROM lookups WHERE name_hash = $1 ORDER BY object";
pub(crate) const LOOKUP_DELETE: &str = "DELETE FROM lookups WHERE object = $1";

pub(crate) const CHANGE_INSERT: &str =
    "INSERT INTO changes (seq, object, kind, happened, seen, controller, usn, payload)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
pub(crate) const CHANGES_OF: &str =
    "SELECT seq, object, kind, happened, seen, controller, usn, payload FROM changes
    WHERE object = $1 AND (kind & $2) <> 0 ORDER BY seq DESC";
pub(crate) const CHANGE_BY_SEQ: &str =
    "SELECT seq, object, kind, happened, seen, controller, usn, payload FROM changes WHERE seq = $1";
pub(crate) const CHANGES_BETWEEN: &str = "SELECT seq, object, kind, happened, controller FROM changes
    WHERE happened >= $1 AND happened <= $2 ORDER BY seq";
pub(crate) const CHANGES_OF_KIND_SINCE: &str = "SELECT seq, object, kind, happened, controller FROM changes
    WHERE happened >= $1 AND (kind & $2) <> 0 ORDER BY seq";
pub(crate) const CHANGES_OF_KIND_AFTER: &str = "SELECT seq, object, kind, happened, controller FROM changes
    WHERE seq > $1 AND (kind & $2) <> 0 AND (kind & $3) = 0 ORDER BY seq LIMIT $4";
pub(crate) const CHANGES_NEWEST: &str = "SELECT MAX(seq) FROM changes";
/// Those of a kind in a time, whatever they replaced.
pub(crate) const CHANGES_OF_KIND_BETWEEN: &str = "SELECT seq, object, kind FROM changes
    WHERE happened >= $1 AND happened <= $2 AND (kind & $3) <> 0 ORDER BY seq";
pub(crate) const CHANGE_NEWEST_OF_KIND: &str =
    "SELECT seq, object, kind, happened, seen, controller, usn, payload FROM changes
    WHERE object = $1 AND (kind & $2) <> 0 ORDER BY seq DESC LIMIT 1";
pub(crate) const CHANGE_LAST_OF_KIND: &str =
    "SELECT MAX(seq) FROM changes WHERE object = $1 AND (kind & $2) <> 0";
pub(crate) const CHANGES_TIMES: &str =
    "SELECT seq, happened, kind FROM changes WHERE object = $1 ORDER BY seq DESC";
pub(crate) const CHANGES_DELETE_BEFORE: &str = "DELETE FROM changes WHERE object = $1 AND seq < $2";
pub(crate) const CHANGES_DELETE: &str = "DELETE FROM changes WHERE object = $1";
pub(crate) const CHANGES_COUNT: &str = "SELECT COUNT(*) FROM changes";
pub(crate) const CHANGES_OLDEST: &str = "SELECT MIN(happened) FROM changes";
pub(crate) const CHANGES_OLD_OBJECTS: &str = "SELECT DISTINCT object FROM changes WHERE happened < $1";
pub(crate) const CHANGES_MANY_OBJECTS: &str =
    "SELECT object FROM changes GROUP BY object HAVING COUNT(*) > $1";
pub(crate) const CHANGES_PAYLOADS: &str =
    "SELECT seq, object, kind, happened, seen, controller, usn, payload FROM changes
    WHERE seq > $1 ORDER BY seq LIMIT 1000";

pub(crate) const LINK_INSERT: &str =
    "INSERT INTO links (source, attribute, target, data, added, removed, mark, seal)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
pub(crate) const LINK_OPEN: &str = "SELECT added, mark FROM links
    WHERE source = $1 AND attribute = $2 AND target = $3 AND data = $4 AND removed = 0";
pub(crate) const LINK_END: &str = "UPDATE links SET removed = $1, seal = $2
    WHERE source = $3 AND attribute = $4 AND target = $5 AND data = $6 AND added = $7";
pub(crate) const LINK_MARK: &str = "UPDATE links SET mark = $1
    WHERE source = $2 AND attribute = $3 AND target = $4 AND data = $5 AND added = $6";
pub(crate) const LINKS_OPEN_FROM: &str = "SELECT source, attribute, target, data, added, removed, mark FROM links WHERE source = $1 AND removed = 0";
pub(crate) const LINKS_OPEN_TO: &str = "SELECT source, attribute, target, data, added, removed, mark FROM links WHERE target = $1 AND removed = 0";
pub(crate) const LINKS_ALL_TO: &str =
    "SELECT source, attribute, target, data, added, removed, mark FROM links WHERE target = $1";
/// The links to an object that were found missing in a list, not told to be removed, since a change.
pub(crate) const LINKS_IMPLIED_TO: &str = "SELECT source, attribute, target, data, added, removed, mark
    FROM links JOIN changes ON changes.seq = links.removed
    WHERE links.target = $1 AND links.removed >= $2 AND (changes.kind & $3) <> 0";
pub(crate) const LINKS_UNMARKED: &str = "SELECT links.source, links.attribute, links.target, links.data,
    links.added, links.removed, links.mark FROM links JOIN objects ON objects.id = links.source
    WHERE objects.context = $1 AND links.removed = 0 AND links.mark <> $2 ORDER BY links.source";
pub(crate) const LINKS_FROM: &str =
    "SELECT links.source, links.attribute, links.target, links.data, links.added,
    links.removed, links.mark, links.seal, a.happened, r.happened, r.kind
    FROM links LEFT JOIN changes AS a ON a.seq = links.added LEFT JOIN changes AS r ON r.seq = links.removed
    WHERE links.source = $1 ORDER BY links.attribute, links.target, links.data, links.added";
pub(crate) const LINKS_TO: &str =
    "SELECT links.source, links.attribute, links.target, links.data, links.added,
    links.removed, links.mark, links.seal, a.happened, r.happened, r.kind
    FROM links LEFT JOIN changes AS a ON a.seq = links.added LEFT JOIN changes AS r ON r.seq = links.removed
    WHERE links.target = $1 ORDER BY links.attribute, links.source, links.data, links.added";
/// The values of an attribute that ended in a time by a change that is of none of these kinds.
pub(crate) const LINKS_ENDED_BETWEEN: &str =
    "SELECT COUNT(*) FROM links JOIN changes ON changes.seq = links.removed
    WHERE links.attribute = $1 AND links.removed <> 0
    AND changes.happened >= $2 AND changes.happened <= $3 AND (changes.kind & $4) = 0";
pub(crate) const LINKS_COUNT: &str = "SELECT COUNT(*) FROM links WHERE removed = 0";
pub(crate) const LINKS_DELETE_TO: &str = "DELETE FROM links WHERE target = $1";
pub(crate) const LINKS_DELETE_OF: &str = "DELETE FROM links WHERE source = $1 OR target = $2";
pub(crate) const LINKS_DELETE_CLOSED_OF: &str =
    "DELETE FROM links WHERE (source = $1 OR target = $2) AND removed <> 0";
/// The closed links of an object of whose removal nothing is known any more.
pub(crate) const LINKS_DELETE_FORGOTTEN: &str =
    "DELETE FROM links WHERE (source = $1 OR target = $2) AND removed <> 0
    AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.seq = links.removed)";

pub(crate) const CONTENT_BY_HASH: &str = "SELECT id FROM contents WHERE hash = $1";
pub(crate) const CONTENT_INSERT: &str = "INSERT INTO contents (id, hash, payload) VALUES ($1, $2, $3)";
pub(crate) const CONTENT_GET: &str = "SELECT payload FROM contents WHERE id = $1";
pub(crate) const CONTENT_IDS: &str = "SELECT id FROM contents";
pub(crate) const CONTENT_DELETE: &str = "DELETE FROM contents WHERE id = $1";
pub(crate) const LINKS_DATA: &str = "SELECT DISTINCT data FROM links WHERE data <> 0";

#[cfg(test)]
mod tests {
    /// SQLite numbers `$n` as it meets them, PostgreSQL by the number: both must come to the same.
    #[test]
    fn parameters_appear_in_their_order() {
        let mut statements = 0;
        for text in include_str!("sql.rs").split("pub(crate) const ").skip(1) {
            let Some((name, sql)) = text.split_once(": &str =") else { continue };
            let sql = sql.split('"').nth(1).unwrap_or_default();
            let mut most = 0;
            for part in sql.split('$').skip(1) {
                let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
                let number: usize = digits.parse().unwrap();
                assert!(number <= most + 1, "{name}: ${number} before ${}", most + 1);
                most = most.max(number);
            }
            statements += 1;
        }
        assert!(statements > 60, "{statements}");
    }

    /// What only one of the two databases understands.
    #[test]
    fn both_databases_understand_them() {
        for text in include_str!("sql.rs").split("#[cfg(test)]").next().unwrap().split('"').skip(1).step_by(2)
        {
            for word in ["INSERT OR", "REPLACE", "rowid", "IFNULL", "GLOB", "?1", "LIMIT -", "AUTOINCREMENT"]
            {
                assert!(!text.contains(word), "{word} in {text}");
            }
        }
    }
}
