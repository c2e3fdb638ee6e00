//! `--from-file`: the objects that a file lists.

use std::path::Path;

use adrecover_core::ObjectGuid;

use crate::error::{CliError, Kind};
use crate::files;

/// The largest list that is read.
const LIMIT: u64 = 256 << 20;

/// Reads a list; `-` is standard input.
pub(super) fn read(file: &Path) -> Result<Vec<ObjectGuid>, CliError> {
    let text = files::text(file, files::read(file, LIMIT, true)?)?;
    let guids = parse(&text).map_err(|problem| bad(file, &problem))?;
    if guids.is_empty() {
        return Err(CliError::new(Kind::NotFound, format!("{} lists no object", file.display())));
    }
    Ok(guids)
}

fn bad(file: &Path, problem: &str) -> CliError {
    CliError::new(Kind::BadInput, format!("{}: {problem}", file.display()))
        .hint(
            "it takes a GUID a line (# begins a comment), or what `adrecover list -o json` or `adrecover history --incident -o json` \
             printed",
        )
}

#[derive(serde::Deserialize)]
struct Item {
    guid: ObjectGuid,
    state: Option<String>,
    restorable: Option<bool>,
}

#[derive(serde::Deserialize)]
struct List {
    schema: String,
    items: Vec<Item>,
}

impl Item {
    /// Of an incident only what can be restored is taken, or is back and may lack something: it lists what is gone for good, too.
    fn is_wanted(&self) -> bool {
        self.restorable != Some(false) || self.state.as_deref() == Some("live")
    }
}

/// A GUID a line, the JSON of `list` or of an incident, or its JSON Lines.
pub(crate) fn parse(text: &str) -> Result<Vec<ObjectGuid>, String> {
    let lines = || text.lines().enumerate().map(|(i, l)| (i + 1, l));
    // A GUID may stand in braces too.
    if !text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"')) {
        return lines()
            .map(|(i, l)| (i, l.split('#').next().unwrap_or_default().trim()))
            .filter(|(_, l)| !l.is_empty())
            .map(|(i, l)| l.parse().map_err(|e| format!("line {i}: {e}")))
            .collect();
    }
    if let Ok(list) = serde_json::from_str::<List>(text) {
        let is_incident = list.schema == "adrecover/incident/v1";
        if list.schema != "adrecover/list/v1" && !is_incident {
            return Err(format!("it is of the kind `{}`", list.schema));
        }
        let wanted = list.items.into_iter().filter(|item| !is_incident || item.is_wanted());
        return Ok(wanted.map(|item| item.guid).collect());
    }
    lines()
        .filter(|(_, l)| !l.trim().is_empty())
        .map(|(i, l)| serde_json::from_str::<Item>(l).map(|i| i.guid).map_err(|e| format!("line {i}: {e}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f";

    #[test]
    fn lists_of_guids() {
        assert_eq!(parse(&format!("# all\n\n{A} # UserA\n{{{A}}}\n")).unwrap().len(), 2);
        let json = format!("{{\"schema\":\"adrecover/list/v1\",\"items\":[{{\"guid\":\"{A}\",\"x\":1}}]}}");
        assert_eq!(parse(&json).unwrap().len(), 1);
        assert_eq!(parse(&format!("{{{A}}}")).unwrap().len(), 1);
        assert_eq!(parse(&format!("{{\"guid\":\"{A}\"}}\n{{\"guid\":\"{A}\"}}\n")).unwrap().len(), 2);
        let incident = format!(
            "{{\"schema\":\"adrecover/incident/v1\",\"items\":[{{\"guid\":\"{A}\",\"state\":\"tombstone\",\"restorable\":true}},\
             {{\"guid\":\"{A}\",\"state\":\"gone\",\"restorable\":false}},{{\"guid\":\"{A}\",\"state\":\"live\",\"restorable\":false}}]}}"
        );
        assert_eq!(parse(&incident).unwrap().len(), 2);
        assert_eq!(parse(&incident.replace("incident", "list")).unwrap().len(), 3);
        assert!(parse("nonsense").unwrap_err().starts_with("line 1"));
        assert!(parse("{\"schema\":\"adrecover/show/v1\",\"items\":[]}").is_err());
        assert!(parse("").unwrap().is_empty());
    }
}
