//! Objects of a test: drafted, added, deleted.

use super::hand::Entry;
use super::ldif::{Ldif, escape_dn, escape_filter};
use super::scene::Scene;

/// The password of every user that a test adds.
pub(crate) const PASSWORD: &str = "Old-Passw0rd-of-the-test";

/// An object before it is added.
#[must_use]
#[derive(Clone)]
pub(crate) struct Draft<'a> {
    scene: &'a Scene,
    rdn: &'static str,
    name: String,
    parent: String,
    attributes: Vec<(String, Vec<u8>)>,
}

/// An object that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    /// Its GUID, as the program writes it.
    pub(crate) guid: String,
    /// Its DN when it was added.
    pub(crate) dn: String,
    /// Its name.
    pub(crate) name: String,
    /// Its account name; empty where it has none.
    pub(crate) sam: String,
}

impl AsRef<str> for Object {
    fn as_ref(&self) -> &str {
        &self.guid
    }
}

impl Scene {
    /// An enabled user called `TAG NAME` in this test's OU, with a logon name, a password and a mail address.
    pub(crate) fn user(&self, name: &str) -> Draft<'_> {
        let account = self.account(name);
        let upn = format!("{}@contoso.test", account.to_lowercase());
        let draft = self.draft("CN", "user", name).with("sAMAccountName", account);
        draft
            .with("userPrincipalName", &upn)
            .with("displayName", name)
            .with("mail", &upn)
            .with("userAccountControl", "512")
            .with("unicodePwd", quoted(PASSWORD))
    }

    /// A global security group called `TAG NAME`.
    pub(crate) fn group(&self, name: &str) -> Draft<'_> {
        self.draft("CN", "group", name)
            .with("sAMAccountName", self.account(name))
            .with("groupType", "-2147483646")
    }

    /// A computer called `TAG-NAME`.
    pub(crate) fn computer(&self, name: &str) -> Draft<'_> {
        let account = format!("{}$", self.account(name).to_uppercase());
        self.draft("CN", "computer", name).with("sAMAccountName", account).with("userAccountControl", "4096")
    }

    /// A contact called `TAG NAME`.
    pub(crate) fn contact(&self, name: &str) -> Draft<'_> {
        self.draft("CN", "contact", name)
    }

    /// An organizational unit called `TAG NAME`.
    pub(crate) fn unit(&self, name: &str) -> Draft<'_> {
        self.draft("OU", "organizationalUnit", name)
    }

    /// An object of any class, with no attributes yet.
    pub(crate) fn draft(&self, rdn: &'static str, class: &str, name: &str) -> Draft<'_> {
        Draft {
            scene: self,
            rdn,
            name: format!("{} {name}", self.tag),
            parent: self.ou().to_owned(),
            attributes: vec![("objectClass".into(), class.into())],
        }
    }

    /// The account name for a name: it begins with the tag, and at most twenty letters are kept.
    pub(crate) fn account(&self, name: &str) -> String {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        format!("{}{}", self.tag, letters.take(14).collect::<String>())
    }

    /// Adds several objects, in order.
    pub(crate) fn add<const N: usize>(&self, drafts: [Draft<'_>; N]) -> [Object; N] {
        let adding = drafts.iter().fold(Ldif::default(), |ldif, d| ldif.add(&d.dn(), &d.attributes));
        self.hand().change(&adding);
        let names = drafts.iter().map(|d| format!("(name={})", escape_filter(&d.name)));
        let filter = format!("(&(!(isDeleted=TRUE))(|{}))", names.collect::<String>());
        let found = self.hand().search(&filter, &["name", "objectGUID", "sAMAccountName"]);
        drafts.map(|draft| draft.found(&found))
    }

    /// Adds several objects, in order, and deletes them again, the last one first.
    pub(crate) fn add_and_delete<const N: usize>(&self, drafts: [Draft<'_>; N]) -> [Object; N] {
        let objects = self.add(drafts);
        self.delete(objects.iter().rev());
        objects
    }

    /// Deletes objects.
    pub(crate) fn delete<'o>(&self, objects: impl IntoIterator<Item = &'o Object>) {
        let deleting = objects.into_iter().fold(Ldif::default(), |ldif, object| ldif.delete(&object.dn));
        self.hand().change(&deleting);
    }
}

impl Draft<'_> {
    /// With one more value.
    pub(crate) fn with(mut self, attribute: &str, value: impl AsRef<[u8]>) -> Self {
        self.attributes.push((attribute.into(), value.as_ref().to_vec()));
        self
    }

    /// Without an attribute.
    pub(crate) fn without(mut self, attribute: &str) -> Self {
        self.attributes.retain(|(name, _)| !name.eq_ignore_ascii_case(attribute));
        self
    }

    /// With another value.
    pub(crate) fn set(self, attribute: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(attribute).with(attribute, value)
    }

    /// With this very name, which does not begin with the tag.
    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// In another container.
    pub(crate) fn below(mut self, parent: impl Into<String>) -> Self {
        self.parent = parent.into();
        self
    }

    /// Its DN.
    pub(crate) fn dn(&self) -> String {
        format!("{}={},{}", self.rdn, escape_dn(&self.name), self.parent)
    }

    /// What adds it, as it is written by hand.
    pub(crate) fn ldif(&self) -> String {
        Ldif::default().add(&self.dn(), &self.attributes).0
    }

    /// Adds it.
    pub(crate) fn add(self) -> Object {
        let [object] = self.scene.add([self.clone()]);
        object
    }

    /// Adds it and deletes it again.
    pub(crate) fn deleted(self) -> Object {
        let [object] = self.scene.add_and_delete([self.clone()]);
        object
    }

    fn found(self, entries: &[Entry]) -> Object {
        let has_name = |e: &&Entry| e.octets("name") == [self.name.as_bytes()];
        let mut fitting: Vec<&Entry> = entries.iter().filter(has_name).collect();
        if fitting.len() > 1 {
            fitting.retain(|e| e.parent().eq_ignore_ascii_case(&self.parent));
        }
        let [entry] = fitting.as_slice() else { panic!("{} was not added, or twice", self.dn()) };
        Object {
            guid: guid_text(entry.octets("objectGUID")[0]),
            dn: entry.dn.clone(),
            sam: entry.text("sAMAccountName"),
            name: self.name,
        }
    }
}

/// `unicodePwd` of a password.
pub(crate) fn quoted(password: &str) -> Vec<u8> {
    format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A GUID as people write it: the first three parts are little-endian on the wire.
fn guid_text(octets: &[u8]) -> String {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let hex: String = ORDER.iter().map(|i| format!("{:02x}", octets[*i])).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
