//! Lists of objects and of memberships.

use std::path::Path;

use adrecover_core::ObjectGuid;
use adrecover_core::request::{GroupWish, MemberKey};

use crate::files;
use crate::restore::{groups_file, guid_list as guids};

/// `--from-file`: GUIDs, or what `list` printed.
pub fn guid_list(data: &[u8]) {
    let Ok(text) = files::text(Path::new("x"), data.to_vec()) else { return };
    match guids::parse(&text) {
        Ok(found) => {
            assert!(found.len() * 32 <= text.len());
            let lines: String = found.iter().map(|g| format!("{g} # note\n")).collect();
            assert_eq!(guids::parse(&lines).as_ref(), Ok(&found));
            let items: Vec<_> = found.iter().map(|g: &ObjectGuid| serde_json::json!({ "guid": g })).collect();
            let list = serde_json::json!({ "schema": "adrecover/list/v1", "items": items });
            assert_eq!(guids::parse(&list.to_string()).as_ref(), Ok(&found));
            // No line would be an empty list of lines.
            let lines: String = items.iter().map(|item| format!("{item}\n")).collect();
            assert_eq!(guids::parse(&lines).as_ref(), Ok(&found));
        }
        Err(problem) => assert!(problem.len() <= text.len() + 500, "{problem}"),
    }
}

/// `--groups-from file:CSV`.
pub fn groups_csv(data: &[u8]) {
    let Ok(text) = files::text(Path::new("x"), data.to_vec()) else { return };
    let wishes = match groups_file::parse(&text, "file:x") {
        Ok(wishes) => wishes,
        Err((line, problem)) => {
            assert!(line <= text.lines().count() as u64 + 1, "line {line}: {problem}");
            return assert!(problem.len() <= 4 * text.len() + 300, "{problem}");
        }
    };
    assert!(wishes.len() <= text.split(['\n', '\r']).count());
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(vec![]);
    for wish in &wishes {
        assert!(!wish.group.is_empty(), "a membership of no group");
        assert!(!matches!(&wish.member, MemberKey::SamAccountName(name) if name.trim().is_empty()));
        let key = match &wish.member {
            MemberKey::Guid(guid) => guid.to_string(),
            MemberKey::SamAccountName(name) => name.clone(),
        };
        writer.write_record([key, wish.group.to_string()]).expect("a line of CSV");
    }
    let again = String::from_utf8(writer.into_inner().expect("CSV")).expect("it is text");
    // Spaces around a cell are no part of it, so that a name cannot end in one.
    if wishes.iter().all(|w: &GroupWish| !w.group.to_string().ends_with(char::is_whitespace)) {
        assert_eq!(groups_file::parse(&again, "file:x"), Ok(wishes));
    }
}
