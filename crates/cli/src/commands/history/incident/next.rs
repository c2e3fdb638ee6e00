//! How to go on: commands as they are typed.

use super::super::standing::Standing;
use super::item::Item;
use crate::journal::FILL;

/// What leads to the same list once more.
pub(super) struct Way {
    pub(super) since: String,
    pub(super) until: Option<String>,
    /// The options that name the journal.
    pub(super) journal: String,
}

/// The file in which the commands keep the list.
const FILE: &str = "incident.json";

/// The commands; none where nothing can be done.
pub(super) fn commands(items: &[Item], way: &Way) -> Vec<String> {
    let restorable = items.iter().any(|item| item.restorable);
    let back = |item: &&Item| item.standing == Standing::Live && item.missing.any();
    let incomplete = items.iter().any(|item| back(&item));
    if !restorable && !incomplete {
        return vec![];
    }
    let Way { since, until, journal } = way;
    let until = until.as_ref().map(|until| format!(" --until {until}")).unwrap_or_default();
    let fill = items
        .iter()
        .any(|item| !item.can_fill_from.is_empty() && (item.restorable || item.standing == Standing::Live));
    let fill = if fill { format!("{FILL}{journal}") } else { String::new() };
    let restore = format!("adrecover restore --from-file {FILE}{fill}");
    vec![
        format!("adrecover history --incident --since {since}{until}{journal} -o json > {FILE}"),
        format!("{restore} --dry-run"),
        restore,
    ]
}
