//! Random changes of all kinds, as LDIF, and what the model knows of each.

use super::model::{Class, Id, Model, ROOT};
use super::random::Random;
use crate::support::{Ldif, to_base64};

/// Attributes of one value.
const SINGLE: [&str; 6] = ["description", "title", "department", "telephoneNumber", "employeeType", "info"];
/// Attributes of several.
const SEVERAL: [&str; 3] = ["otherTelephone", "proxyAddresses", "url"];
/// Attributes of octets.
const BINARY: [&str; 2] = ["thumbnailPhoto", "jpegPhoto"];

/// A batch under way.
pub(super) struct Batch<'a> {
    pub(super) model: &'a mut Model,
    pub(super) random: &'a mut Random,
    pub(super) tag: &'a str,
    /// For each agent the batch up to which its journal has everything.
    pub(super) seen: &'a [usize],
    pub(super) ldif: Ldif,
    /// What was added, so that its GUID can be looked up.
    pub(super) added: Vec<Id>,
    /// What is to be restored by the program once this batch is made.
    pub(super) by_program: Option<Id>,
}

impl Batch<'_> {
    /// One operation, whatever is possible; `false` where nothing was.
    pub(super) fn one(&mut self) -> bool {
        match self.random.below(100) {
            0..18 => self.add(),
            18..40 => self.write(),
            40..48 => self.rename(),
            48..55 => self.relocate(),
            55..74 => self.membership(),
            74..81 => self.manager(),
            81..90 => self.delete(),
            90..92 => self.delete_tree(),
            _ if self.model.restores => self.restore(),
            _ => self.membership(),
        }
    }

    fn any_unit(&mut self) -> Id {
        let units = self.model.live(Class::Unit);
        if self.random.one_in(3) { ROOT } else { self.random.of(&units).unwrap_or(ROOT) }
    }

    fn raw(&mut self, text: &str) {
        self.ldif.append(&Ldif::raw(text));
    }

    fn add(&mut self) -> bool {
        let class = [Class::User, Class::User, Class::User, Class::Group, Class::Unit][self.random.below(5)];
        let parent = self.any_unit();
        let name = self.model.name();
        let id = self.model.add(class, name, parent);
        let account = format!("{}-{id}", self.tag);
        let mut attributes: Vec<(String, Vec<u8>)> = vec![];
        let mut with = |name: &str, value: &str| attributes.push((name.to_owned(), value.into()));
        match class {
            Class::User => {
                with("objectClass", "user");
                with("sAMAccountName", &account);
                with("userPrincipalName", &format!("{account}@contoso.test"));
                with("mail", &format!("{account}@contoso.test"));
                with("employeeNumber", &id.to_string());
            }
            Class::Group => {
                with("objectClass", "group");
                with("sAMAccountName", &account);
                with("groupType", "-2147483646");
            }
            Class::Unit => with("objectClass", "organizationalUnit"),
        }
        // Who it is, whatever becomes of its name.
        with("adminDescription", &account);
        let adding = Ldif::default().add(&self.model.dn(id), &attributes);
        self.ldif.append(&adding);
        self.added.push(id);
        true
    }

    fn write(&mut self) -> bool {
        let users = self.model.live(Class::User);
        let any = self.model.all_live();
        let (id, attribute) = match self.random.below(6) {
            0 => (self.random.of(&any), "description"),
            _ => {
                let all: Vec<&str> = SINGLE.into_iter().chain(SEVERAL).chain(BINARY).collect();
                (self.random.of(&users), self.random.of(&all).unwrap_or(SINGLE[0]))
            }
        };
        let Some(id) = id else { return false };
        let random = &mut *self.random;
        let values: Vec<Vec<u8>> = if random.one_in(6) {
            vec![]
        } else if BINARY.contains(&attribute) {
            // Some are kept by themselves, some in the state: the journal's border is at 512.
            let length = 1 + random.below(1500);
            vec![random.octets(length)]
        } else {
            let count = if SEVERAL.contains(&attribute) { 1 + random.below(4) } else { 1 };
            let text = |n: usize, random: &mut Random| format!("{attribute} {n} {}", random.below(1_000_000));
            (0..count).map(|n| text(n, random).into_bytes()).collect()
        };
        self.model.wrote(id, attribute);
        let writing = Ldif::default().replace(&self.model.dn(id), attribute, &values);
        self.ldif.append(&writing);
        true
    }

    fn rename(&mut self) -> bool {
        let any = self.model.all_live();
        let Some(id) = self.random.of(&any) else { return false };
        let (dn, name) = (self.model.dn(id), self.model.name());
        self.model.objects[id].name = name;
        let rdn = self.model.rdn(id);
        self.raw(&format!(
            "dn:: {}\nchangetype: modrdn\nnewrdn:: {}\ndeleteoldrdn: 1\n\n",
            to_base64(dn.as_bytes()),
            to_base64(rdn.as_bytes())
        ));
        true
    }

    /// Moves it, with all that is in it.
    fn relocate(&mut self) -> bool {
        let any = self.model.all_live();
        let Some(id) = self.random.of(&any) else { return false };
        let to = self.any_unit();
        if self.model.is_within(to, id) || self.model.objects[id].parent == to {
            return false;
        }
        let (dn, rdn, parent) = (self.model.dn(id), self.model.rdn(id), self.model.dn(to));
        self.model.objects[id].parent = to;
        self.raw(&format!(
            "dn:: {}\nchangetype: modrdn\nnewrdn:: {}\ndeleteoldrdn: 1\nnewsuperior:: {}\n\n",
            to_base64(dn.as_bytes()),
            to_base64(rdn.as_bytes()),
            to_base64(parent.as_bytes())
        ));
        true
    }

    fn membership(&mut self) -> bool {
        let groups = self.model.live(Class::Group);
        let users = self.model.live(Class::User);
        // Groups in groups, too; not in a circle.
        let nested = self.random.one_in(8);
        let Some(group) = self.random.of(&groups) else { return false };
        let member = if nested { self.random.of(&groups) } else { self.random.of(&users) };
        let Some(member) = member.filter(|member| !nested || *member > group) else { return false };
        let is_member = self.model.is_member(group, member);
        let how = if is_member { "delete" } else { "add" };
        if is_member {
            self.model.leave(group, member);
        } else {
            self.model.join(group, member);
        }
        let (dn, value) = (self.model.dn(group), self.model.dn(member));
        self.raw(&format!(
            "dn:: {}\nchangetype: modify\n{how}: member\nmember:: {}\n-\n\n",
            to_base64(dn.as_bytes()),
            to_base64(value.as_bytes())
        ));
        true
    }

    /// `manager` of a user, or `managedBy` of a group or an OU.
    fn manager(&mut self) -> bool {
        let (any, users) = (self.model.all_live(), self.model.live(Class::User));
        let (Some(id), Some(other)) = (self.random.of(&any), self.random.of(&users)) else { return false };
        let attribute = if self.model.objects[id].class == Class::User { "manager" } else { "managedBy" };
        let values = if self.random.one_in(5) { vec![] } else { vec![self.model.dn(other)] };
        let writing = Ldif::default().replace(&self.model.dn(id), attribute, &values);
        self.ldif.append(&writing);
        true
    }

    fn delete(&mut self) -> bool {
        let mut leaves = self.model.all_live();
        let parents: Vec<Id> = leaves.iter().map(|id| self.model.objects[*id].parent).collect();
        leaves.retain(|id| !parents.contains(id));
        let Some(id) = self.random.of(&leaves) else { return false };
        let deleting = Ldif::default().delete(&self.model.dn(id));
        self.ldif.append(&deleting);
        self.model.delete(id, self.seen);
        true
    }

    fn delete_tree(&mut self) -> bool {
        let units = self.model.live(Class::Unit);
        let Some(id) = self.random.of(&units) else { return false };
        let deleting = Ldif::default().delete_tree(&self.model.dn(id));
        self.ldif.append(&deleting);
        self.model.delete(id, self.seen);
        true
    }

    /// Where what it was in is not there, into another place.
    fn restore(&mut self) -> bool {
        let deleted = self.model.deleted();
        let Some(id) = self.random.of(&deleted).filter(|_| self.by_program.is_none()) else { return false };
        let was = self.model.objects[id].parent;
        let is_there = self.model.objects[was].is_live;
        if is_there && self.model.objects[id].class == Class::User && self.random.one_in(3) {
            self.by_program = Some(id);
            return true;
        }
        let to = if is_there { was } else { self.any_unit() };
        let Some(dn) = self.model.deleted_dn(id) else { return false };
        self.model.restore(id, to);
        let place = self.model.dn(id);
        self.raw(&format!(
            "dn:: {}\ncontrol: 1.2.840.113556.1.4.417 true\nchangetype: modify\ndelete: isDeleted\n-\nreplace: \
             distinguishedName\ndistinguishedName:: {}\n-\n\n",
            to_base64(dn.as_bytes()),
            to_base64(place.as_bytes())
        ));
        true
    }

    /// The batch's number, written last: who has read it has read all before it.
    pub(super) fn number(&mut self) {
        let number = self.model.batch.to_string();
        let writing = Ldif::default().replace(&self.model.dn(ROOT), "description", &[number]);
        self.ldif.append(&writing);
    }
}
