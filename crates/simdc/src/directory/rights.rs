//! Constructed attributes: computed when they are asked for by name ([MS-ADTS] 3.1.1.4.5).

use adrecover_core::security::Access;
use adrecover_core::time::to_generalized;
use adrecover_core::{Dn, Sid};

use super::{Directory, Reading};
use crate::schema::{Attribute, Class, known, schema};
use crate::store::{Id, Object};

impl Directory {
    /// The values of a constructed attribute; none for those that nobody here asks for.
    pub(super) fn constructed(
        &self,
        id: Id,
        object: &Object,
        attribute: &Attribute,
        reading: Reading<'_>,
    ) -> Vec<Vec<u8>> {
        let k = known();
        let caller = reading.caller;
        let names = |found: Vec<&str>| found.into_iter().map(|name| name.as_bytes().to_vec()).collect();
        match attribute.id {
            at if at == k.allowed_attributes => names(allowed(object).map(|a| a.name).collect()),
            at if at == k.allowed_attributes_effective => {
                // [MS-ADTS] 3.1.1.4.5.22: what the caller may write, and the system alone does not.
                let may = |a: &&Attribute| {
                    !a.is_system_only && !a.is_constructed() && caller.may_write(id, object, a)
                };
                names(allowed(object).filter(may).map(|a| a.name).collect())
            }
            at if at == k.allowed_child_classes => names(children(object).map(|c| c.name).collect()),
            at if at == k.allowed_child_classes_effective => {
                names(children(object).filter(|c| caller.may_create(id, object, c)).map(|c| c.name).collect())
            }
            at if at == k.token_groups => {
                let own = object.sid();
                let groups = self.token(id).into_iter().filter(|sid| Some(sid) != own.as_ref());
                groups.map(|sid: Sid| sid.to_wire()).collect()
            }
            at if at == k.canonical_name => vec![canonical(&self.store.dn(id)).into_bytes()],
            at if at == k.create_time_stamp => vec![to_generalized(object.created).into_bytes()],
            at if at == k.modify_time_stamp => vec![to_generalized(object.changed).into_bytes()],
            at if at == k.primary_group_token => {
                let rid = object.sid().filter(|_| object.is_a("group")).and_then(|sid| sid.rid());
                rid.map(|rid| rid.to_string().into_bytes()).into_iter().collect()
            }
            at if at == k.sd_rights_effective => {
                // [MS-ADTS] 3.1.1.4.5.4: owner and group with Write Owner, the access list with Write DACL.
                let part = |access, bits| if caller.may(id, object, access) { bits } else { 0 };
                let bits = part(Access::WRITE_OWNER, 3) | part(Access::WRITE_DACL, 4);
                vec![bits.to_string().into_bytes()]
            }
            _ => vec![],
        }
    }
}

fn allowed(object: &Object) -> impl Iterator<Item = &'static Attribute> {
    let mut all: Vec<&Attribute> =
        object.class().allowed().iter().map(|id| schema().attribute(*id)).collect();
    all.sort_by_key(|attribute| attribute.name);
    all.into_iter()
}

fn children(object: &Object) -> impl Iterator<Item = &'static Class> {
    let parent = object.class();
    schema().classes().filter(|class| class.category < 2 && class.may_be_below(parent))
}

/// `contoso.com/OU/Name` ([MS-ADTS] 3.1.1.4.5.? canonicalName).
fn canonical(dn: &Dn) -> String {
    let mut parts = vec![];
    let mut at = dn.clone();
    while let Some(rdn) = at.rdn().cloned().filter(|rdn| !rdn.kind().eq_ignore_ascii_case("DC")) {
        parts.push(rdn.value().replace('/', "\\/"));
        at = at.parent().unwrap_or_default();
    }
    parts.reverse();
    format!("{}/{}", at.dns_name(), parts.join("/"))
}
