//! What a file is, by how it begins: names and endings of files say nothing.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::entity::Entity;
use super::raw::{Name, Raw};

/// The form of a file.
#[derive(Debug, PartialEq)]
pub(crate) enum Form {
    Json,
    /// A table, and how many octets of it stand above the line of names.
    Rows {
        separator: u8,
        entity: Entity,
        skip: usize,
    },
    /// Nothing, which is what PowerShell writes of nothing.
    Empty,
    Xml,
    /// What it looks like.
    Unknown(String),
}

/// Tells the form by the beginning.
pub(crate) fn form(head: &[u8]) -> Form {
    let text = head.trim_ascii_start();
    match text.first() {
        None => return Form::Empty,
        Some(b'{' | b'[') => return Form::Json,
        Some(b'<') => return Form::Xml,
        _ => {}
    }
    let signature = [
        (&b"PK\x03\x04"[..], "a ZIP archive or a workbook"),
        (b"%PDF", "a PDF"),
        (b"SQLite", "a database"),
        (b"\x1f\x8b", "a gzip archive"),
    ];
    if let Some((_, what)) = signature.iter().find(|(start, _)| text.starts_with(start)) {
        return Form::Unknown(format!("{what}; export as JSON or CSV"));
    }
    let is_odd = |b: &u8| b.is_ascii_control() && !b.is_ascii_whitespace();
    if text.iter().take(512).any(is_odd) {
        return Form::Unknown("octets that are no text".into());
    }
    table(head)
}

fn table(head: &[u8]) -> Form {
    let typed = head.starts_with(b"#TYPE");
    let end_of =
        |from: usize| head[from..].iter().position(|b| *b == b'\n').map_or(head.len(), |at| from + at + 1);
    let skip = if typed { end_of(0) } else { 0 };
    let line = &head[skip..end_of(skip)];
    let separator =
        [b',', b';', b'\t'].into_iter().max_by_key(|s| (line.iter().filter(|b| *b == s).count(), *s == b','));
    let separator = separator.unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(line);
    let names = reader.records().next().and_then(Result::ok).unwrap_or_default();
    let names: Vec<&str> = names.iter().map(str::trim).collect();
    if let Some(entity) = Entity::of_names(&names, None) {
        return Form::Rows { separator, entity, skip };
    }
    let is_printed = head
        .split(|b| *b == b'\n')
        .take(4)
        .any(|line| line.starts_with(b"--") || line.windows(3).any(|w| w == b" : "));
    if is_printed {
        let looks_like =
            "text as PowerShell shows it to people; export with ConvertTo-Json, or with Export-Csv";
        return Form::Unknown(looks_like.into());
    }
    if names.len() > 1 {
        Form::Unknown(looks_like(&names))
    } else {
        Form::Unknown("text, and neither JSON nor CSV with a line of known names".into())
    }
}

/// What an object or a table is that is not known: the names of its properties, as far as they are names.
pub(crate) fn looks_like(names: &[&str]) -> String {
    let is_name = |n: &&&str| {
        !n.is_empty() && n.len() <= 40 && n.chars().all(|c| c.is_ascii_alphanumeric() || "@._- ".contains(c))
    };
    let shown: Vec<String> = names.iter().filter(is_name).take(8).map(|n| format!("`{n}`")).collect();
    if shown.is_empty() {
        "an object without known properties".into()
    } else {
        format!("objects with {}", shown.join(", "))
    }
}

/// Whether an object is a configuration of the sync engine: its connectors, the wizard's policy, the schema of Cloud Sync.
pub(crate) fn is_sync_configuration(names: &[&str]) -> bool {
    let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    has("onpremisesDirectoryPolicy")
        || has("azureDirectoryPolicy")
        || has("synchronizationRules")
        || has("Partitions") && (has("Identifier") || has("ConnectorTypeName") || has("Type"))
}

/// The user whose property an answer is: `…#users('8d4e…')/onPremisesSyncBehavior/$entity`.
pub(crate) fn owner(context: &str) -> Option<&str> {
    let (_, rest) = context.split_once("#users('")?;
    rest.split_once("')").map(|(id, _)| id)
}

/// What an object tells of itself before it is read.
#[derive(Debug, Default)]
pub(crate) struct Head<'a> {
    pub(crate) names: Vec<Name<'a>>,
    pub(crate) context: Option<Cow<'a, str>>,
    pub(crate) odata_type: Option<Cow<'a, str>>,
    /// The code of an error of Graph.
    pub(crate) error: Option<String>,
}

impl<'de> Deserialize<'de> for Head<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HeadVisitor;
        impl<'de> Visitor<'de> for HeadVisitor {
            type Value = Head<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head<'de>, A::Error> {
                let mut head = Head::default();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    match &*name.0 {
                        "@odata.context" => {
                            head.context = map.next_value::<Option<Name<'de>>>()?.map(|n| n.0)
                        }
                        "@odata.type" => {
                            head.odata_type = map.next_value::<Option<Name<'de>>>()?.map(|n| n.0)
                        }
                        "error" if head.names.is_empty() => {
                            let raw: Raw<'de> = map.next_value()?;
                            head.error = Some(match raw.get("code") {
                                Some(Raw::Text(code)) => code.to_string(),
                                _ => "no code".into(),
                            });
                        }
                        "AdditionalProperties" => head.nested(&map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                    head.names.push(name);
                }
                Ok(head)
            }
        }
        deserializer.deserialize_map(HeadVisitor)
    }
}

impl<'de> Head<'de> {
    /// What the PowerShell module puts aside is the object's all the same.
    fn nested(&mut self, raw: &Raw<'de>) {
        let Raw::Map(pairs) = raw else { return };
        for (name, value) in pairs {
            if let ("@odata.type", Raw::Text(text)) = (&*name.0, value) {
                self.odata_type = Some(text.clone());
            }
            self.names.push(name.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let rows = |separator, entity, skip| Form::Rows { separator, entity, skip };
        for (head, found) in [
            (" \n[{}]", Form::Json),
            ("{", Form::Json),
            (" \r\n", Form::Empty),
            ("<Objs/>", Form::Xml),
            ("id,userPrincipalName\n1,2\n", rows(b',', Entity::User, 0)),
            ("\"Id\";\"UserPrincipalName\"\r\n", rows(b';', Entity::User, 0)),
            ("#TYPE Deserialized.X\r\n\"ExchangeGuid\"\t\"b\"\r\n", rows(b'\t', Entity::Mailbox, 22)),
        ] {
            assert_eq!(form(head.as_bytes()), found, "{head}");
        }
        for (head, found) in [
            ("PK\x03\x04", "a ZIP archive or a workbook; export as JSON or CSV"),
            ("a\x01b", "octets that are no text"),
            ("Name,Colour\n", "objects with `Name`, `Colour`"),
            ("hunter2secret!!\n", "text, and neither JSON nor CSV with a line of known names"),
            (
                "\nId   Name\n--   ----\n",
                "text as PowerShell shows it to people; export with ConvertTo-Json, or with Export-Csv",
            ),
        ] {
            assert_eq!(form(head.as_bytes()), Form::Unknown(found.into()), "{head}");
        }
    }
}
