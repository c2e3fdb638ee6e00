//! `--groups-from`: which sources there are, and the lists among them (`file:CSV`: who was in which group, a line each).

use std::path::{Path, PathBuf};

use adrecover_core::request::{GroupWish, MemberKey};
use adrecover_core::{Dn, ObjectGuid};
use adrecover_offline::Place;

use super::fill::Source;
use crate::error::{CliError, Kind};
use crate::files;
use crate::sources::{FORMS, SourceName};

/// The largest file that is read.
const LIMIT: u64 = 256 << 20;

/// What `--groups-from` names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum GroupSource {
    /// A source that is asked once it is known for whom.
    Asked(Source),
    /// A list of memberships.
    List(PathBuf),
}

/// Reads an argument. What a `file:` is, its content says: what is none of the directories that are read is a list.
pub(super) fn source(text: &str) -> Result<GroupSource, CliError> {
    if text.trim().eq_ignore_ascii_case("journal") {
        return Ok(GroupSource::Asked(Source::Journal));
    }
    let Some(named) = SourceName::parse_named(text) else {
        return Err(CliError::usage(format!("--groups-from {text}: unknown source"))
            .hint(format!("it takes journal, file:CSV, {FORMS}")));
    };
    match named? {
        SourceName::File(Place { kind: None, path }) => match adrecover_offline::recognise(&path) {
            Ok(_) => Ok(GroupSource::Asked(Source::Named(SourceName::File(Place { kind: None, path })))),
            // Whoever reads it as a list says what is wrong with it.
            Err(_) => Ok(GroupSource::List(path)),
        },
        named => Ok(GroupSource::Asked(Source::Named(named))),
    }
}

/// All memberships of all lists.
pub(super) fn read_all(sources: &[String]) -> Result<Vec<GroupWish>, CliError> {
    let mut out = vec![];
    for text in sources {
        if let GroupSource::List(path) = source(text)? {
            out.extend(read(&path, text)?);
        }
    }
    Ok(out)
}

fn read(path: &Path, source: &str) -> Result<Vec<GroupWish>, CliError> {
    let text = files::text(path, files::read(path, LIMIT, false)?)?;
    parse(&text, source).map_err(|(line, problem)| {
        CliError::new(Kind::BadInput, format!("{}, line {line}: {problem}", path.display()))
            .hint("each line takes guid|samAccountName,groupDN, with the DN in quotation marks")
    })
}

/// Takes commas or semicolons, whichever the first line with a quotation mark or a DN uses; lines that begin with `#`
/// and a first line of column names are passed over.
pub(crate) fn parse(text: &str, source: &str) -> Result<Vec<GroupWish>, (u64, String)> {
    if !text.matches('"').count().is_multiple_of(2) {
        return Err((1, "a quotation mark is not closed".to_owned()));
    }
    let delimiter = if first_separator(text) == Some(';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut out = vec![];
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| (e.position().map_or(0, csv::Position::line), e.to_string()))?;
        let line = record.position().map_or(i as u64 + 1, csv::Position::line);
        let cells: Vec<&str> = record.iter().collect();
        match cells.as_slice() {
            [key, group] if i == 0 && is_header(key, group) => {}
            [key, group] if !key.is_empty() => {
                let group: Dn = group.parse().map_err(|e| (line, format!("{e}")))?;
                // The empty DN is the root of the directory, which is no group.
                if group.is_empty() {
                    return Err((line, "the second column is empty".to_owned()));
                }
                let member = match key.parse::<ObjectGuid>() {
                    Ok(guid) => MemberKey::Guid(guid),
                    Err(_) => MemberKey::SamAccountName((*key).to_owned()),
                };
                out.push(GroupWish { member, group, source: source.to_owned(), at: None });
            }
            [_, _] => return Err((line, "the first column is empty".to_owned())),
            cells => return Err((line, format!("{} columns instead of 2", cells.len()))),
        }
    }
    Ok(out)
}

/// Whether a first line names the columns: only words that do are taken for it, so that no membership is lost.
fn is_header(key: &str, group: &str) -> bool {
    const KEYS: [&str; 7] =
        ["guid", "objectguid", "samaccountname", "guidsamaccountname", "member", "account", "user"];
    const GROUPS: [&str; 5] = ["groupdn", "group", "memberof", "dn", "distinguishedname"];
    let word =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    KEYS.contains(&word(key).as_str()) && GROUPS.contains(&word(group).as_str())
}

fn first_separator(text: &str) -> Option<char> {
    let line = text.lines().find(|l| !l.trim().is_empty() && !l.starts_with('#'))?;
    let mut quoted = false;
    line.chars().find(|c| {
        quoted ^= *c == '"';
        !quoted && matches!(c, ',' | ';')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_guids_headers_and_both_separators() {
        let text = "samAccountName,groupDN\nusera,\"CN=Sales,DC=x\"\n# note\n3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f,\"CN=VPN,DC=x\"\n";
        let all = parse(text, "file:a").unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].member, MemberKey::SamAccountName("usera".into()));
        assert!(matches!(all[1].member, MemberKey::Guid(_)));
        assert_eq!(parse("usera;CN=Sales,DC=x", "s").unwrap()[0].group.to_string(), "CN=Sales,DC=x");
        assert!(parse("", "s").unwrap().is_empty());
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(parse("usera,\"CN=Sales,DC=x\"\nuserb,nonsense", "s").unwrap_err().0, 2);
        assert_eq!(parse("usera,CN=Sales,DC=x", "s").unwrap_err().0, 1);
        assert_eq!(parse(",\"CN=a\"", "s").unwrap_err().0, 1);
        assert_eq!(parse("usera,Sales", "s").unwrap_err().0, 1);
        assert_eq!(parse("usera,\"\"", "s").unwrap_err().0, 1);
        assert_eq!(parse("usera,\"CN=Sales,DC=x", "s").unwrap_err().0, 1);
    }

    #[test]
    fn what_is_named_is_a_list_or_is_asked() {
        assert_eq!(read_all(&["nonsense:x".into()]).unwrap_err().code(), 2);
        assert!(read_all(&["ntds:x".into(), "journal".into()]).unwrap().is_empty());
        assert_eq!(read_all(&["file:/no/such/file".into()]).unwrap_err().code(), 2);
    }
}
