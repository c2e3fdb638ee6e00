//! What a backup says of itself and of its forest, read before its objects are: whose it is, and what "deleted" means there.

use std::collections::HashMap;

use adrecover_core::ObjectGuid;
use adrecover_core::lifetime::{DeletionPolicy, RECYCLE_BIN};
use adrecover_core::source::SourceError;

use super::archive::{Archive, Database, lmdb};
use super::extended::Extended;
use super::ldb::{self, Message};
use super::schema::Schema;

/// What was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Survey {
    pub(super) schema: Schema,
    /// How the backup was made: `offline`, `online`, `rename`.
    pub(super) kind: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) forest: Option<String>,
    /// The heads of the naming contexts, in capital letters.
    pub(super) contexts: Vec<String>,
    /// The `nTDSDSA` object of the domain controller, as a DN or `<GUID=…>`.
    pub(super) service: Option<String>,
    pub(super) forest_level: Option<i64>,
    pub(super) recycle_bin: Option<bool>,
    pub(super) policy: Option<DeletionPolicy>,
    /// Whether a database was copied while it was written to.
    pub(super) is_dirty: bool,
    enabled: Option<Vec<String>>,
    features: HashMap<String, bool>,
    lifetimes: Option<(Option<i64>, Option<i64>)>,
}

impl Survey {
    /// Reads the database's own records, the schema and the configuration.
    pub(super) fn of(name: &str, archive: &mut Archive) -> Result<Self, SourceError> {
        let mut survey = Self::default();
        let Archive { main, contexts, damage, .. } = archive;
        let mut store: Option<String> = None;
        if let Some(main) = main {
            survey.is_dirty |= main.tdb.is_dirty();
            each(main, &mut |place, problem| damage.add(place, problem), &mut |message| match message
                .dn
                .as_ref()
            {
                "@PARTITION" => {
                    store = message.text("backendStore").map(Into::into);
                    survey.contexts =
                        message.values("partition").iter().map(|value| context(value)).collect();
                }
                "@SAMBA_DSDB" => survey.kind = message.text("backupType").map(Into::into),
                "@ROOTDSE" => {
                    let text = |attribute| message.text(attribute).map(Into::into);
                    (survey.domain, survey.forest) =
                        (text("defaultNamingContext"), text("rootDomainNamingContext"));
                    survey.service = text("dsServiceName");
                }
                _ => {}
            });
        }
        match store.as_deref() {
            Some("mdb") => return Err(lmdb(name)),
            None | Some("tdb") => {}
            Some(other) => {
                let what = format!("its databases are of the unknown kind `{other}`");
                return Err(SourceError::Unsupported { name: name.to_owned(), what, hint: None });
            }
        }
        for database in contexts.iter_mut() {
            survey.is_dirty |= database.tdb.is_dirty();
            // Damage in these is told when their objects are read.
            match database {
                _ if database.is_of("CN=SCHEMA,") => {
                    each(database, &mut |_, _| {}, &mut |message| survey.schema.add(message));
                }
                _ if database.is_of("CN=CONFIGURATION,") => {
                    each(database, &mut |_, _| {}, &mut |message| survey.configuration(message));
                }
                _ => {}
            }
        }
        if survey.schema.len() == 0 {
            damage.add(
                "the schema",
                "no attribute is defined there: which ones are links is told by their names only",
            );
        }
        survey.conclude();
        Ok(survey)
    }

    fn configuration(&mut self, message: &Message<'_>) {
        let number = |attribute| message.text(attribute).and_then(|text| text.parse().ok());
        let class = message.values("objectClass").last().copied().unwrap_or_default();
        match class {
            b"crossRefContainer" => {
                self.forest_level = number("msDS-Behavior-Version");
                let enabled = message.values("msDS-EnabledFeature").iter().filter_map(|value| {
                    let text = String::from_utf8_lossy(value);
                    let feature = Extended::read(&text);
                    (!feature.is_removed()).then(|| feature.dn.to_lowercase())
                });
                self.enabled = Some(enabled.collect());
            }
            b"msDS-OptionalFeature" => {
                let guid = message.values("msDS-OptionalFeatureGUID").first();
                let guid = guid.and_then(|octets| ObjectGuid::from_wire(octets).ok());
                self.features.insert(
                    message.dn.to_lowercase(),
                    guid.is_some_and(|guid| guid.to_string() == RECYCLE_BIN),
                );
            }
            b"nTDSService" => {
                self.lifetimes = Some((number("tombstoneLifetime"), number("msDS-DeletedObjectLifetime")));
            }
            _ => {}
        }
    }

    fn conclude(&mut self) {
        let is_bin = |dn: &String| self.features.get(dn).copied().unwrap_or(false);
        self.recycle_bin = self.enabled.as_ref().map(|enabled| enabled.iter().any(is_bin));
        self.policy = self.lifetimes.and_then(|(tombstone, deleted)| {
            Some(DeletionPolicy::new(self.recycle_bin?, tombstone, deleted))
        });
    }
}

impl Database {
    /// Whether its naming context begins so.
    pub(super) fn is_of(&self, context: &str) -> bool {
        let file = self.name.rsplit('/').next().unwrap_or_default();
        file.get(..context.len()).is_some_and(|head| head.eq_ignore_ascii_case(context))
    }

    /// A place in it, for people.
    pub(super) fn place(&self, offset: u32) -> String {
        format!("{}, record at {offset:#x}", self.name)
    }
}

/// The naming context of a line of `@PARTITION`: `DC=X:sam.ldb.d/DC=X.ldb`.
fn context(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.split_once(':').map_or(text.as_ref(), |(context, _)| context).to_owned()
}

/// Takes each record apart, those of the indexes excepted.
pub(super) fn each(
    database: &mut Database,
    damage: &mut dyn FnMut(String, String),
    take: &mut dyn FnMut(&Message<'_>),
) {
    let name = database.name.clone();
    let places = database.tdb.records(&mut |error| damage(name.clone(), error.to_string()));
    for place in places {
        let record = match database.tdb.record(place) {
            Ok(record) => record,
            Err(error) => {
                damage(database.place(place), error.to_string());
                continue;
            }
        };
        if record.key.starts_with(b"DN=@INDEX:") {
            continue;
        }
        match ldb::unpack(&record.data) {
            Ok(message) => take(&message),
            Err(error) => damage(database.place(place), error.to_string()),
        }
    }
}
