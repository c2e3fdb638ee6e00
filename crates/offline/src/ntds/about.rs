//! What the database says of itself: whose it is, of what moment, and how deletions are treated.

use std::ops::ControlFlow;

use adrecover_core::lifetime::{DeletionPolicy, RECYCLE_BIN};
use adrecover_core::source::{Direction, LinkState, Moment, Object, Selection};
use adrecover_core::{Dn, ObjectGuid};

use super::Ntds;
use super::layout::{column, dnt, number, text};
use super::schema::own_object;
use crate::ese::Row;

const VERIFICATION: &str = "the reader of the format below was held against databases of the real engine (pages of 4K and 32K) \
     and an independent reader, value by value; what makes a directory of it was tried on databases of two writers for tests only: no \
     ntds.dit of Windows has been read yet";

impl Ntds {
    /// Finds out what can be told without reading everything.
    pub(super) fn describe(&mut self, size: Option<u64>) {
        let header = self.database.header().clone();
        self.about.format = format!(
            "ESE {:#x}, revision {:#x}, pages of {} octets, {}",
            header.version, header.revision, header.page_size, header.state
        );
        self.about.size = size;
        self.about.moment = header.closed.filter(|_| !self.database.is_dirty()).map(Moment::Written);
        self.about.is_dirty = self.database.is_dirty();
        self.about.absence_is_unset = true;
        self.about.verification = VERIFICATION.to_owned();
        self.about.limits = vec![
            "passwords and their like are encrypted in it, and are not decrypted".to_owned(),
            "membership in the primary group is no link: it is the attribute primaryGroupID".to_owned(),
        ];
        if self.about.is_dirty {
            let limit = "it was not closed cleanly: what the transaction logs hold is missing, and parts may disagree";
            self.about.limits.push(limit.to_owned());
        }
        if let Some(own) = own_object(&self.database, &self.layout) {
            self.describe_controller(&own);
            self.describe_forest(&own);
        } else {
            self.about.limits.push("it does not say whose database it is".to_owned());
        }
    }

    fn describe_controller(&mut self, own: &Row) {
        let Some(object) = self.object(own, &Selection::everything()) else { return };
        self.about.host = self.parent_of(own).and_then(|row| {
            let server = self.object(&row, &Selection::everything())?;
            let name = server.entry.dn.parse::<Dn>().ok()?.rdn()?.value().to_owned();
            server.entry.text("dNSHostName").or(Some(name))
        });
        let held = self.targets(&object, &["msDS-hasMasterNCs", "hasMasterNCs"]);
        for (number, dn) in held {
            if let Ok(dn) = dn.parse::<Dn>() {
                self.about.contexts.push(dn.clone());
                let row = self.layout.row(&self.database, number);
                let head = row.and_then(|row| self.object(&row, &Selection::everything()));
                // The domain has a SID; the partitions of DNS are of the same class.
                if let Some(head) = head.filter(|head| head.sid.is_some()) {
                    self.about.domain = Some(dn);
                    self.about.domain_guid = head.guid;
                    self.about.domain_level = head.entry.integer("msDS-Behavior-Version");
                }
            }
        }
    }

    /// What an object points to by the first of these attributes that has links.
    fn targets(&mut self, object: &Object, attributes: &[&str]) -> Vec<(i32, String)> {
        let mut found: Vec<(String, String, Option<ObjectGuid>)> = Vec::new();
        self.list_links(object, Direction::Holds, &mut |link| {
            if link.state == LinkState::Present && found.len() < 1000 {
                found.push((link.attribute, link.other.dn, link.other.guid));
            }
            ControlFlow::Continue(())
        });
        let wanted = attributes.iter().find(|a| found.iter().any(|(name, ..)| name.eq_ignore_ascii_case(a)));
        let Some(wanted) = wanted else { return Vec::new() };
        let of_it: Vec<_> =
            found.into_iter().filter(|(name, ..)| name.eq_ignore_ascii_case(wanted)).collect();
        let mut targets = Vec::new();
        for (_, dn, guid) in of_it {
            let object =
                guid.and_then(|guid| self.find_objects(&adrecover_core::source::Key::Guid(guid)).pop());
            targets.extend(object.and_then(|o| i32::try_from(o.id).ok()).map(|n| (n, dn)));
        }
        targets
    }

    fn describe_forest(&mut self, own: &Row) {
        let Some(configuration) = self.number_in(own, column::CONTEXT) else { return };
        let context =
            super::names::Context { database: &self.database, layout: &self.layout, schema: &self.schema };
        let dn = self.names.dn(context, configuration).and_then(|dn| dn.parse::<Dn>().ok());
        self.about.forest = dn.and_then(|dn| dn.parent());
        let attribute =
            |object: &Option<Object>, name: &str| object.as_ref().and_then(|o| o.entry.integer(name));
        let partitions = self.below(configuration, &["Partitions"]);
        let partitions = partitions.and_then(|n| self.by_number(n));
        self.about.forest_level = attribute(&partitions, "msDS-Behavior-Version");
        let service = self.below(configuration, &["Services", "Windows NT", "Directory Service"]);
        let settings = service.and_then(|n| self.by_number(n));
        if settings.is_none() {
            self.about.limits.push("it does not say how long deleted objects are kept".to_owned());
            return;
        }
        self.recycle_bin = service.map(|n| self.has_recycle_bin(n));
        self.about.recycle_bin = self.recycle_bin;
        self.about.policy = self.recycle_bin.map(|is_on| {
            let [tombstone, deleted] =
                ["tombstoneLifetime", "msDS-DeletedObjectLifetime"].map(|n| attribute(&settings, n));
            DeletionPolicy::new(is_on, tombstone, deleted)
        });
    }

    /// Whether something has the Recycle Bin enabled ([MS-ADTS] 3.1.1.9.1).
    fn has_recycle_bin(&mut self, service: i32) -> bool {
        let Some(features) = self.below(service, &["Optional Features"]) else { return false };
        let children: Vec<Row> = match self.layout.children(&self.database, features) {
            Some(children) => children.take(100).collect(),
            None => return false,
        };
        let wanted = RECYCLE_BIN.parse::<ObjectGuid>().ok();
        for row in children {
            let Some(object) = self.object(&row, &Selection::everything()) else { continue };
            let id =
                object.entry.value("msDS-OptionalFeatureGUID").and_then(|v| ObjectGuid::from_wire(v).ok());
            if id.is_none() || id != wanted {
                continue;
            }
            let mut is_on = false;
            self.list_links(&object, Direction::PointedTo, &mut |link| {
                is_on = link.state == LinkState::Present
                    && link.attribute.eq_ignore_ascii_case("msDS-EnabledFeature");
                if is_on { super::object::stop() } else { ControlFlow::Continue(()) }
            });
            return is_on;
        }
        false
    }

    /// The object at the end of a way of names.
    fn below(&self, from: i32, path: &[&str]) -> Option<i32> {
        let table = self.layout.data(&self.database);
        path.iter().try_fold(from, |parent, name| {
            self.layout.children(&self.database, parent)?.take(1000).find_map(|row| {
                let record = self.database.record(table, &row)?;
                let is_it = text(&record, &self.layout.name)?.eq_ignore_ascii_case(name);
                dnt(&record, &self.layout.dnt).filter(|_| is_it)
            })
        })
    }

    fn by_number(&mut self, dnt: i32) -> Option<Object> {
        let row = self.layout.row(&self.database, dnt)?;
        self.object(&row, &Selection::everything())
    }

    fn number_in(&self, row: &Row, name: &str) -> Option<i32> {
        let table = self.layout.data(&self.database);
        let record = self.database.record(table, row)?;
        number(&record, table.column(name)).and_then(|n| i32::try_from(n).ok())
    }

    fn parent_of(&self, row: &Row) -> Option<Row> {
        let number = self.number_in(row, column::PARENT)?;
        self.layout.row(&self.database, number)
    }
}
