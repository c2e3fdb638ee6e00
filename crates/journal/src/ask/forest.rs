//! What the forest says of itself, where its configuration is kept: its domain controllers, and how long deleted objects live.

use std::collections::BTreeMap;

use adrecover_core::dn::unmangle;
use adrecover_core::lifetime::{DeletionPolicy, RECYCLE_BIN};
use adrecover_core::{Dn, ObjectGuid};

use super::Moment;
use super::find::Query;
use crate::codec::state::{Attribute, State};
use crate::journal::Journal;
use crate::kind::{Kind, Status};
use crate::names::Names;
use crate::rows::ObjectRow;
use crate::{JournalError, StoreError};

/// What the database of a domain controller is called by, in the configuration ([MS-ADTS] 6.1.1.2.2.1.2.1.1).
const SETTINGS: &str = "NTDS Settings";

/// The classes of such objects: of a domain controller that can be written, and of one that cannot.
const CLASSES: [&[u8]; 2] = [b"nTDSDSA", b"nTDSDSARO"];

/// A domain controller by one of its invocation ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// The invocation id, the present one or a former one.
    pub invocation: ObjectGuid,
    /// The name of its server object.
    pub name: String,
    /// Its DNS name, where that is known.
    pub host: Option<String>,
}

impl Journal {
    /// The domain controllers that the configuration names or named, each by each of its invocation ids.
    pub fn controllers(&self) -> Result<Vec<Controller>, JournalError> {
        self.asking(|| {
            let mut out: BTreeMap<ObjectGuid, (bool, Controller)> = BTreeMap::new();
            for row in self.called(SETTINGS)? {
                let Some((name, host)) = self.server_of(&row)? else { continue };
                let is_live = row.status == Status::Live;
                for invocation in self.invocations(&row)? {
                    let controller = Controller { invocation, name: name.clone(), host: host.clone() };
                    let known = out.entry(invocation).or_insert_with(|| (is_live, controller.clone()));
                    if is_live && !known.0 {
                        *known = (true, controller);
                    }
                }
            }
            Ok(out.into_values().map(|(_, controller)| controller).collect())
        })
    }

    /// How long deleted objects live by the configuration that is kept; `None` where that is not in the journal.
    pub fn deletion_policy(&self) -> Result<Option<DeletionPolicy>, JournalError> {
        self.asking(|| {
            let Some(service) = self.in_configuration("Directory Service", "CN=Windows NT,CN=Services,")?
            else {
                return Ok(None);
            };
            let state = self.state(&service)?;
            let days = |name: &str| -> Result<Option<i64>, StoreError> {
                let values = self.values_of(&state, name)?;
                Ok(values.first().and_then(|v| std::str::from_utf8(v).ok()?.parse().ok()))
            };
            let (tombstone, deleted) = (days("tombstoneLifetime")?, days("msDS-DeletedObjectLifetime")?);
            Ok(Some(DeletionPolicy::new(self.has_recycle_bin()?, tombstone, deleted)))
        })
    }

    /// Whether the Recycle Bin is among the features that `CN=Partitions` names as enabled. It is recognised by its GUID, since its
    /// object can be renamed.
    fn has_recycle_bin(&self) -> Result<bool, StoreError> {
        let Some(partitions) = self.in_configuration("Partitions", "")? else { return Ok(false) };
        let Some(enabled) = self.known_attribute("msDS-EnabledFeature")? else { return Ok(false) };
        for link in self.links_at(partitions.id, super::links::Direction::From, Some(enabled), Moment::Now)? {
            let Some(feature) = self.object(link.other)?.filter(|row| row.status == Status::Live) else {
                continue;
            };
            let values = self.values_of(&self.state(&feature)?, "msDS-OptionalFeatureGUID")?;
            let is_it =
                |value: &Vec<u8>| ObjectGuid::from_wire(value).is_ok_and(|g| g.to_string() == RECYCLE_BIN);
            if values.iter().any(is_it) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The object of a name that lies there below the head of the configuration.
    fn in_configuration(&self, name: &str, below: &str) -> Result<Option<ObjectRow>, StoreError> {
        let begin = format!("CN={name},{below}CN=Configuration,").to_ascii_lowercase();
        for row in self.called(name)?.into_iter().filter(|row| row.status == Status::Live) {
            if Names::new(self, Moment::Now).dn(row.id)?.to_ascii_lowercase().starts_with(&begin) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// What has or had this name.
    fn called(&self, name: &str) -> Result<Vec<ObjectRow>, StoreError> {
        let mut out = vec![];
        for id in self.candidates(&Query::Name(name.to_owned()))? {
            out.push(self.pointed(id)?);
        }
        out.retain(|row| row.status != Status::Unseen);
        Ok(out)
    }

    /// The name and the DNS name of the server that a domain controller's settings belong to, as it was while they were there.
    fn server_of(&self, settings: &ObjectRow) -> Result<Option<(String, Option<String>)>, StoreError> {
        let moment = match self.newest_of_kind(settings.id, Kind::DELETED)? {
            Some(deletion) if settings.status != Status::Live => Moment::Before(deletion.seq),
            _ => Moment::Now,
        };
        let Some(past) = self.past(settings, moment)? else { return Ok(None) };
        let classes = self.values_of(&past.state, "objectClass")?;
        let is_settings = |class: &Vec<u8>| CLASSES.iter().any(|c| class.eq_ignore_ascii_case(c));
        if !classes.iter().any(is_settings) {
            return Ok(None);
        }
        let dn = Names::new(self, moment).dn_of(&past.state.name, past.parent)?;
        let Some(server) = dn.parse::<Dn>().ok().and_then(|dn| dn.parent()) else { return Ok(None) };
        let Some(name) = server.rdn().map(|rdn| rdn.value().to_owned()) else { return Ok(None) };
        let name = unmangle(&name).map_or(name.clone(), |(old, _)| old.to_owned());
        let mut host = None;
        if past.parent != 0
            && let Some(server) = self.past(&self.pointed(past.parent)?, moment)?
        {
            let values = self.values_of(&server.state, "dNSHostName")?;
            host = values.into_iter().next().and_then(|v| String::from_utf8(v).ok());
        }
        Ok(Some((name, host)))
    }

    /// Every value of `invocationId`, former ones included: a database that is restored from a backup gets another one.
    fn invocations(&self, settings: &ObjectRow) -> Result<Vec<ObjectGuid>, StoreError> {
        let mut values = self.values_of(&self.state(settings)?, "invocationId")?;
        let id = self.known_attribute("invocationId")?;
        for change in self.changes_of(settings.id, Kind::ATTRIBUTES | Kind::STATUS)? {
            for old in change.replaced()?.attributes.into_iter().filter(|a| Some(a.id) == id) {
                values.extend(old.old.map_or(Ok(vec![]), |old| self.values(&old.values))?);
            }
        }
        let mut out: Vec<ObjectGuid> = values.iter().filter_map(|v| ObjectGuid::from_wire(v).ok()).collect();
        out.sort_unstable();
        out.dedup();
        Ok(out)
    }

    /// The values of an attribute of a state, by its name.
    pub(crate) fn values_of(&self, state: &State<'_>, name: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        let attribute: Option<&Attribute<'_>> = self.known_attribute(name)?.and_then(|id| state.get(id));
        attribute.map_or(Ok(vec![]), |attribute| self.values(&attribute.values))
    }
}
