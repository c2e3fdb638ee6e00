//! Files and mounted snapshots that stand in for a directory: what all commands that look into them have in common.

mod about;
mod deleted;
mod spool;

use adrecover_core::source::{Key, Object, Source, SourceError, SourceKind};
use adrecover_core::{Dn, ObjectGuid};

pub(crate) use about::{SourceDocument, level};
pub(crate) use deleted::{DeletedReader, Partition, is_bin, mangled_guid};
pub(crate) use spool::{Spool, Spooled};

use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::sources::{self, Opened, SourceArgs, SourceName};

/// The heading of these options.
const HEADING: &str = "Offline";

/// A file to look into, in place of a directory.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = HEADING)]
pub(crate) struct OfflineArgs {
    /// Look into this file and ask no server: an LDIF file, an AD Explorer snapshot, an ntds.dit, a Samba backup
    #[arg(long, value_name = "FILE")]
    pub(crate) offline: Option<String>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

impl OfflineArgs {
    /// Opens the file that is named, if one is.
    pub(crate) async fn open(&self, ctx: &Ctx) -> Result<Option<Opened>, CliError> {
        let Some(text) = &self.offline else {
            if self.source.allow_dirty {
                return Err(CliError::usage("--allow-dirty is about a file, and none is named")
                    .hint("add --offline FILE"));
            }
            return Ok(None);
        };
        let name = SourceName::parse(text)?;
        Ok(Some(sources::open(ctx, &name, &self.source).await?))
    }
}

/// Says what could not be read, and gives the exit code that comes of it: a part that is left out is an answer in part.
pub(crate) fn told_damage(ctx: &Ctx, opened: &Opened) -> u8 {
    let damage = opened.damage();
    damage.iter().for_each(|line| ctx.printer.warn(line));
    if damage.is_empty() { 0 } else { 3 }
}

/// A file as an argument of `--fill-from`: with its kind in front, which no other file can be taken for.
pub(crate) fn argument(kind: &str, named: &str) -> String {
    let path = named.split_once(':').map_or(named, |(word, path)| {
        let is_kind = SourceKind::ALL.into_iter().any(|kind| kind.name().eq_ignore_ascii_case(word));
        if is_kind || word.eq_ignore_ascii_case("file") { path } else { named }
    });
    let text = format!("{kind}:{path}");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:\\@+=~".contains(c);
    if text.chars().all(is_plain) { text } else { format!("\"{text}\"") }
}

/// What an object is called on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Called {
    /// By one of these: the first that finds something.
    Keys(Vec<Key>),
    /// By a DN, the one that it has or the one that it had before it was deleted.
    Dn(Dn),
}

impl Called {
    /// What a text most likely is: a GUID, a SID, a DN, else an account name, a UPN or a name.
    pub(crate) fn guess(text: &str) -> Self {
        let text = text.trim();
        if let Ok(guid) = text.parse() {
            return Self::Keys(vec![Key::Guid(guid)]);
        }
        if let Ok(sid) = text.parse() {
            return Self::Keys(vec![Key::Sid(sid)]);
        }
        if let Ok(dn) = text.parse::<Dn>()
            && dn.depth() > 1
        {
            return Self::Dn(dn);
        }
        let account = text.rsplit_once('\\').map_or(text, |(_, account)| account);
        Self::Keys(vec![
            Key::Account(account.to_owned()),
            Key::Account(format!("{account}$")),
            Key::Principal(text.to_owned()),
            Key::Name(text.to_owned()),
        ])
    }

    /// By its GUID.
    pub(crate) fn guid(guid: ObjectGuid) -> Self {
        Self::Keys(vec![Key::Guid(guid)])
    }

    /// All objects of that name, each once.
    pub(crate) fn find(&self, source: &mut dyn Source) -> Result<Vec<Object>, SourceError> {
        let mut found: Vec<Object> = vec![];
        let mut add = |objects: Vec<Object>| {
            for object in objects {
                if !found.iter().any(|known| known.id == object.id) {
                    found.push(object);
                }
            }
        };
        match self {
            Self::Keys(keys) => {
                for key in keys {
                    add(source.find(key)?);
                }
            }
            Self::Dn(dn) => {
                let guid = dn.rdn().and_then(|rdn| rdn.unmangled()).map(|(_, guid)| guid);
                add(match guid {
                    Some(guid) => source.find(&Key::Guid(guid))?,
                    None => source.find(&Key::Dn(dn.clone()))?,
                });
                if let (Some(rdn), None) = (dn.rdn(), guid) {
                    let was_here = |object: &Object| {
                        let parent = object.entry.dn_value("lastKnownParent");
                        parent.is_some() && parent == dn.parent() && object.entry.is_deleted()
                    };
                    let named = source.find(&Key::Name(rdn.value().to_owned()))?;
                    add(named.into_iter().filter(was_here).collect());
                }
            }
        }
        Ok(found)
    }
}

/// The one object of a name; none and several are errors.
pub(crate) fn only(mut found: Vec<Object>, called: &str, opened: &Opened) -> Result<Object, CliError> {
    let name = &opened.about().name;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(CliError::new(Kind::NotFound, format!("no object in {name} is called `{called}`"))
            .hint("`adrecover list --offline FILE PART-OF-THE-NAME` looks for parts of names among its deleted objects")),
        number => {
            let candidates = found.iter().filter_map(deleted::candidate).collect();
            Err(CliError::ambiguous(format!("{number} objects in {name} are called `{called}`"), candidates)
                .hint("name one: adrecover show --offline FILE --guid GUID"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_is() {
        let keys = |text: &str| match Called::guess(text) {
            Called::Keys(keys) => keys,
            Called::Dn(dn) => panic!("{dn}"),
        };
        assert!(matches!(keys("3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f")[..], [Key::Guid(_)]));
        assert!(matches!(keys("S-1-5-21-1-2-3-500")[..], [Key::Sid(_)]));
        assert_eq!(keys("CONTOSO\\usera")[0], Key::Account("usera".into()));
        assert_eq!(keys("usera@contoso.com")[2], Key::Principal("usera@contoso.com".into()));
        assert!(matches!(Called::guess("CN=a,DC=x"), Called::Dn(_)));
    }
}
