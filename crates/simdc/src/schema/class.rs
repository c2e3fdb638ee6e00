//! Classes: where they stand, what they hold, and below what they may be.

use std::collections::HashSet;
use std::sync::OnceLock;

use uuid::Uuid;

use super::{AttrId, Schema, schema};

/// A class of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(u16);

impl ClassId {
    pub(super) fn new(index: usize) -> Self {
        Self(index as u16)
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What the schema says of a class.
#[derive(Debug)]
pub struct Class {
    /// Its place in the schema.
    pub id: ClassId,
    /// `lDAPDisplayName`.
    pub name: &'static str,
    /// The name of its object in the schema.
    pub cn: &'static str,
    /// `governsID`.
    pub oid: &'static str,
    /// `objectClassCategory`: 1 structural, 2 abstract, 3 auxiliary, 0 of the old kind ([MS-ADTS] 3.1.1.2.4.3).
    pub category: u8,
    /// `rDNAttID`.
    pub rdn: &'static str,
    /// The `cn` of the class that `defaultObjectCategory` names.
    pub default_category: &'static str,
    /// `schemaIDGUID`.
    pub guid: Uuid,
    /// `defaultSecurityDescriptor` in SDDL; empty where it has none.
    pub default_sddl: &'static str,
    parent: Option<ClassId>,
    auxiliary: Vec<ClassId>,
    must: Vec<AttrId>,
    may: Vec<AttrId>,
    superiors: Vec<ClassId>,
    all_must: OnceLock<HashSet<AttrId>>,
    all_allowed: OnceLock<HashSet<AttrId>>,
}

impl Class {
    pub(super) fn read(schema: &Schema, row: &[&'static str]) -> Self {
        let list = |at: usize| row[at].split(',').filter(|name| *name != "-");
        let classes = |at| list(at).filter_map(|name| schema.class_id(name)).collect();
        let attributes = |at| list(at).map(|name| schema.require(name)).collect();
        Self {
            id: schema.class_id(row[0]).unwrap_or(ClassId(u16::MAX)),
            name: row[0],
            cn: row[1],
            oid: row[2],
            category: row[3].parse().unwrap_or(1),
            rdn: row[4],
            parent: schema.class_id(row[5]).filter(|_| row[0] != "top"),
            auxiliary: classes(6),
            must: attributes(7),
            may: attributes(8),
            superiors: classes(9),
            default_category: row[10],
            guid: row[11].parse().unwrap_or_default(),
            default_sddl: if row[12] == "-" { "" } else { row[12] },
            all_must: OnceLock::new(),
            all_allowed: OnceLock::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn has_parts(&self) -> bool {
        let bad = AttrId(u16::MAX);
        self.id.0 != u16::MAX && !self.must.contains(&bad) && !self.may.contains(&bad) && !self.guid.is_nil()
    }

    /// The class and those above it, `top` first.
    pub fn line(&self) -> impl Iterator<Item = &'static Class> {
        let mut line = vec![schema().class_of(self.id)];
        while let Some(parent) = line.last().and_then(|class| class.parent) {
            line.push(schema().class_of(parent));
        }
        line.into_iter().rev()
    }

    /// The class right above it; `top` is above itself.
    pub fn parent_name(&self) -> &'static str {
        self.parent.map_or("top", |parent| schema().class_of(parent).name)
    }

    /// The class, those above it, and the auxiliary classes of each.
    fn all(&self) -> Vec<&'static Class> {
        let mut found: Vec<&'static Class> = self.line().collect();
        let mut at = 0;
        while at < found.len() {
            let more = found[at].auxiliary.iter().map(|id| schema().class_of(*id));
            for class in more.flat_map(Class::line) {
                if !found.iter().any(|known| known.id == class.id) {
                    found.push(class);
                }
            }
            at += 1;
        }
        found
    }

    /// The attributes that every object of the class must have ([MS-ADTS] 3.1.1.2.4.5).
    pub fn must(&self) -> &HashSet<AttrId> {
        self.all_must.get_or_init(|| self.all().iter().flat_map(|class| class.must.iter().copied()).collect())
    }

    /// The attributes that an object of the class may have, those that it must have included.
    pub fn allowed(&self) -> &HashSet<AttrId> {
        self.all_allowed.get_or_init(|| {
            self.all().iter().flat_map(|class| class.must.iter().chain(&class.may).copied()).collect()
        })
    }

    /// Whether an object of this class may be a child of one of that class ([MS-ADTS] 3.1.1.3.2.1: `possSuperiors` of the class and
    /// of those above it, met by the parent's class or one above or beside it).
    pub fn may_be_below(&self, parent: &Class) -> bool {
        let theirs: Vec<ClassId> = parent.all().iter().map(|class| class.id).collect();
        self.line().any(|class| class.superiors.iter().any(|superior| theirs.contains(superior)))
    }
}
