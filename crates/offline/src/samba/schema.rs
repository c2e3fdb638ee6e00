//! What the backup's own schema says of an attribute, as far as a reader needs it.

use std::collections::HashMap;

use adrecover_core::secrets;
use adrecover_core::source::{backward_of, forward_of, is_link};

use super::ldb::Message;

/// How the values of an attribute are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handling {
    /// As they are.
    Plain,
    /// They are DNs: without what Samba keeps before them.
    Name,
    /// They are forward links.
    Link,
    /// They are back links, which say nothing that forward links do not.
    BackLink,
    /// Not at all.
    Secret,
}

/// The attributes of a schema, by their `lDAPDisplayName` in small letters.
#[derive(Debug, Clone, Default)]
pub(super) struct Schema(HashMap<String, Handling>);

impl Schema {
    /// Adds what an object of the schema's naming context defines. Objects that define no attribute are none of its business.
    pub(super) fn add(&mut self, object: &Message<'_>) {
        let is_attribute =
            object.values("objectClass").iter().any(|c| c.eq_ignore_ascii_case(b"attributeSchema"));
        let name = object.text("lDAPDisplayName").filter(|_| is_attribute);
        let Some(name) = name else { return };
        let number = |attribute| object.text(attribute).and_then(|text| text.parse::<i64>().ok());
        let link = number("linkID").filter(|link| *link != 0);
        let is_secret = secrets::is_secret(&name) || number("searchFlags").is_some_and(secrets::is_flagged);
        // [MS-ADTS] 3.1.1.2.2.2: Object(DS-DN), Object(DN-Binary) and Object(DN-String).
        let is_name =
            matches!(object.text("attributeSyntax").as_deref(), Some("2.5.5.1" | "2.5.5.7" | "2.5.5.14"));
        let handling = match link {
            _ if is_secret => Handling::Secret,
            // [MS-ADTS] 3.1.1.1.6: forward links have even numbers.
            Some(link) if link % 2 == 0 => Handling::Link,
            Some(_) => Handling::BackLink,
            None if is_name => Handling::Name,
            None => Handling::Plain,
        };
        self.0.insert(name.to_lowercase(), handling);
    }

    /// How many attributes are defined.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How to give the values of an attribute. One that is not defined (its definition may be damaged) is what its name says.
    pub(super) fn of(&self, attribute: &str) -> Handling {
        if let Some(handling) = self.0.get(&attribute.to_lowercase()) {
            return *handling;
        }
        match attribute {
            _ if secrets::is_secret(attribute) => Handling::Secret,
            _ if is_link(attribute) => Handling::Link,
            _ if forward_of(attribute).and_then(backward_of).is_some() => Handling::BackLink,
            _ => Handling::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samba::ldb;
    use crate::samba::testing::packed_v2;

    fn define(schema: &mut Schema, name: &str, syntax: &str, more: &[(&'static str, &str)]) {
        let values = |text: &str| vec![text.as_bytes().to_vec()];
        let mut attributes = vec![
            ("objectClass", vec![b"top".to_vec(), b"attributeSchema".to_vec()]),
            ("lDAPDisplayName", values(name)),
            ("attributeSyntax", values(syntax)),
        ];
        attributes.extend(more.iter().map(|(name, value)| (*name, values(value))));
        schema.add(&ldb::unpack(&packed_v2("CN=x", &attributes)).unwrap());
    }

    #[test]
    fn definitions_go_before_names() {
        let mut schema = Schema::default();
        define(&mut schema, "contosoBadge", "2.5.5.12", &[("searchFlags", "128")]);
        define(&mut schema, "contosoBoss", "2.5.5.1", &[("linkID", "2000")]);
        define(&mut schema, "contosoTeam", "2.5.5.1", &[("linkID", "2001")]);
        define(&mut schema, "seeAlso", "2.5.5.1", &[("searchFlags", "0")]);
        define(&mut schema, "wellKnownObjects", "2.5.5.7", &[]);
        define(&mut schema, "mail", "2.5.5.12", &[("searchFlags", "1")]);
        define(&mut schema, "unicodePwd", "2.5.5.10", &[]);
        let of = |name| schema.of(name);
        assert_eq!((of("CONTOSOBADGE"), of("contosoBoss")), (Handling::Secret, Handling::Link));
        assert_eq!((of("contosoTeam"), of("seeAlso")), (Handling::BackLink, Handling::Name));
        assert_eq!(
            (of("wellKnownObjects"), of("mail"), of("unicodePwd")),
            (Handling::Name, Handling::Plain, Handling::Secret)
        );
        assert_eq!(schema.len(), 7);
    }

    #[test]
    fn without_a_definition_the_name_tells() {
        let of = |name| Schema::default().of(name);
        assert_eq!((of("member"), of("memberOf")), (Handling::Link, Handling::BackLink));
        assert_eq!((of("dBCSPwd"), of("displayName")), (Handling::Secret, Handling::Plain));
    }
}
