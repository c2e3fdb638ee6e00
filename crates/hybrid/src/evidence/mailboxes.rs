//! Mailboxes of Exchange Online: live, soft-deleted, inactive.

use adrecover_core::time::Timestamp;
use uuid::Uuid;

use super::fields::{Kind, MailboxField};
use super::index::Index;
use super::known::Known;
use super::lookup::{Matches, primary};
use super::pack::Items;
use super::record::Record;
use super::source::{Dataset, SourceFile};
use super::table::part;
use super::users::seconds;
use super::{Entity, Evidence};
use crate::compare::bare;
use crate::compare::same;

/// What has become of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailboxState {
    /// It is in use.
    Live,
    /// It was removed or disabled and can be taken back for 30 days.
    SoftDeleted,
    /// It was removed and is kept for a hold.
    Inactive,
}

/// A mailbox as the exports give it.
#[derive(Debug, Clone, Copy)]
pub struct Mailbox<'a> {
    pub(super) record: &'a Record,
    pub(super) evidence: &'a Evidence,
}

/// The bits of `msExchRemoteRecipientType`, by the words that Exchange writes.
const REMOTE_TYPES: [(&str, u32); 8] = [
    ("ProvisionMailbox", 1),
    ("ProvisionArchive", 2),
    ("Migrated", 4),
    ("DeprovisionMailbox", 8),
    ("DeprovisionArchive", 16),
    ("RoomMailbox", 32),
    ("EquipmentMailbox", 64),
    ("SharedMailbox", 96),
];

/// The values of `msExchRecipientTypeDetails` of mailboxes, by the words that Exchange writes.
const TYPE_DETAILS: [(&str, u64); 10] = [
    ("UserMailbox", 1),
    ("LinkedMailbox", 2),
    ("SharedMailbox", 4),
    ("RoomMailbox", 16),
    ("EquipmentMailbox", 32),
    ("MailUser", 128),
    ("RemoteUserMailbox", 1 << 31),
    ("RemoteRoomMailbox", 1 << 33),
    ("RemoteEquipmentMailbox", 1 << 34),
    ("RemoteSharedMailbox", 1 << 35),
];

impl<'a> Mailbox<'a> {
    /// What is known of a property that holds text, a word or a GUID.
    pub fn text(&self, field: MailboxField) -> Known<&'a str> {
        match MailboxField::TABLE[field as usize].1 {
            Kind::Text | Kind::Word | Kind::Guid => self.record.get(field.into()),
            _ => Known::NotAsked,
        }
    }

    /// What is known of a property that is true or false.
    pub fn flag(&self, field: MailboxField) -> Known<bool> {
        match MailboxField::TABLE[field as usize].1 {
            Kind::Bool => self.record.get(field.into()).map(|text| text == "1"),
            _ => Known::NotAsked,
        }
    }

    fn guid(&self, field: MailboxField) -> Known<Uuid> {
        self.text(field).read(|text| text.parse().ok())
    }

    /// What has become of it; not asked for where the export does not tell.
    pub fn state(&self) -> Known<MailboxState> {
        match self.record.part {
            part::LIVE => Known::Value(MailboxState::Live),
            part::DELETED => Known::Value(MailboxState::SoftDeleted),
            part::INACTIVE => Known::Value(MailboxState::Inactive),
            _ => Known::NotAsked,
        }
    }

    /// Its `ExchangeGuid`; absent for zeros.
    pub fn exchange_guid(&self) -> Known<Uuid> {
        self.guid(MailboxField::ExchangeGuid)
    }

    /// The GUID of its archive; absent for zeros.
    pub fn archive_guid(&self) -> Known<Uuid> {
        self.guid(MailboxField::ArchiveGuid)
    }

    /// The object id of its user; absent where it has none any more.
    pub fn external_directory_object_id(&self) -> Known<Uuid> {
        self.guid(MailboxField::ExternalDirectoryObjectId)
    }

    /// Its primary SMTP address, without a type.
    pub fn primary_smtp(&self) -> Known<&'a str> {
        let own = self.text(MailboxField::PrimarySmtpAddress).map(bare);
        own.or_else(|| self.email_addresses().read(|all| primary(all).next()))
    }

    /// Its addresses, each with its type.
    pub fn email_addresses(&self) -> Known<Items<'a>> {
        self.record.get(MailboxField::EmailAddresses.into()).map(Items)
    }

    /// The holds that are placed on it.
    pub fn in_place_holds(&self) -> Known<Items<'a>> {
        self.record.get(MailboxField::InPlaceHolds.into()).map(Items)
    }

    /// Its `LegacyExchangeDN`.
    pub fn legacy_exchange_dn(&self) -> Known<&'a str> {
        self.text(MailboxField::LegacyExchangeDn)
    }

    /// When it was soft-deleted.
    pub fn soft_deleted_at(&self) -> Known<Timestamp> {
        self.record.get(MailboxField::WhenSoftDeleted.into()).read(seconds)
    }

    /// Until when it is kept as an inactive one, where that is limited.
    pub fn inactive_until(&self) -> Known<Timestamp> {
        self.record.get(MailboxField::InactiveMailboxRetireTime.into()).read(seconds)
    }

    /// Its `RecipientTypeDetails` as a number, whichever way the file has it.
    pub fn recipient_type_details(&self) -> Known<u64> {
        self.text(MailboxField::RecipientTypeDetails).read(|text| {
            let by_word = TYPE_DETAILS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.trim()));
            by_word.map(|(_, number)| *number).or_else(|| text.trim().parse().ok())
        })
    }

    /// Its `RemoteRecipientType` as a number: words are added up.
    pub fn remote_recipient_type(&self) -> Known<u32> {
        self.text(MailboxField::RemoteRecipientType).read(|text| {
            text.split(',').map(str::trim).try_fold(0, |sum, word| {
                let by_word = REMOTE_TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
                let none = word.eq_ignore_ascii_case("None").then_some(0);
                let number = by_word.map(|(_, bits)| *bits).or(none).or_else(|| word.parse().ok())?;
                Some(sum | number)
            })
        })
    }

    /// The files that give it, the newest one first.
    pub fn sources(&self) -> impl Iterator<Item = &'a SourceFile> + use<'a> {
        self.evidence.sources(self.record)
    }
}

/// The tags of keys in the index, besides the properties themselves.
const ADDRESS: u8 = 64;

pub(super) fn index(rows: &[Record]) -> Index {
    let mut index = Index::with_capacity(rows.len() * 6);
    for (row, record) in rows.iter().enumerate() {
        let row = row as u32;
        for field in
            [MailboxField::ExchangeGuid, MailboxField::ArchiveGuid, MailboxField::ExternalDirectoryObjectId]
        {
            if let Known::Value(text) = record.get(field.into()) {
                index.add(field as u8, text, row);
            }
        }
        if let Known::Value(address) = record.get(MailboxField::PrimarySmtpAddress.into()) {
            index.add(ADDRESS, bare(address), row);
        }
        if let Known::Value(all) = record.get(MailboxField::EmailAddresses.into()) {
            Items(all).for_each(|proxy| index.add(ADDRESS, bare(proxy), row));
        }
    }
    index.sort();
    index
}

/// All mailboxes, whatever has become of them.
#[derive(Debug, Clone, Copy)]
pub struct Mailboxes<'a> {
    pub(super) evidence: &'a Evidence,
}

/// The lists that together are all mailboxes.
const LISTS: [Dataset; 3] = [Dataset::Mailboxes, Dataset::SoftDeletedMailboxes, Dataset::InactiveMailboxes];

impl<'a> Mailboxes<'a> {
    /// All of them, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = Mailbox<'a>> + use<'a> {
        let evidence = self.evidence;
        evidence.all_rows(Entity::Mailbox).map(move |record| Mailbox { record, evidence })
    }

    fn find(
        &self,
        tag: u8,
        key: &str,
        needs: &[MailboxField],
        fits: impl Fn(Mailbox<'a>) -> bool,
    ) -> Matches<'a, Mailbox<'a>> {
        let evidence = self.evidence;
        let rows =
            evidence.mailboxes_by_key.find(tag, key).filter_map(|row| evidence.row(Entity::Mailbox, row));
        let found = rows.map(|record| Mailbox { record, evidence }).filter(|m| fits(*m)).collect();
        let needs = || needs.iter().map(|f| *f as u8);
        let mut gaps: Vec<_> = LISTS.iter().flat_map(|dataset| evidence.gaps(*dataset, needs())).collect();
        if evidence.rows(Dataset::MailboxesOfUnknownState).next().is_some() {
            gaps.extend(evidence.unasked(Dataset::MailboxesOfUnknownState, needs()));
        }
        Matches::new(found, gaps)
    }

    fn by_guid(&self, field: MailboxField, guid: Uuid) -> Matches<'a, Mailbox<'a>> {
        let text = guid.to_string();
        self.find(field as u8, &text, &[field], |mailbox| mailbox.text(field).value() == Some(text.as_str()))
    }

    /// By the object id of the user. The gaps are those of all three lists.
    pub fn by_external_directory_object_id(&self, id: Uuid) -> Matches<'a, Mailbox<'a>> {
        self.by_guid(MailboxField::ExternalDirectoryObjectId, id)
    }

    /// By `ExchangeGuid`.
    pub fn by_exchange_guid(&self, guid: Uuid) -> Matches<'a, Mailbox<'a>> {
        self.by_guid(MailboxField::ExchangeGuid, guid)
    }

    /// By the GUID of the archive.
    pub fn by_archive_guid(&self, guid: Uuid) -> Matches<'a, Mailbox<'a>> {
        self.by_guid(MailboxField::ArchiveGuid, guid)
    }

    /// By any address: of SMTP with or without its type, of others with it.
    pub fn by_address(&self, address: &str) -> Matches<'a, Mailbox<'a>> {
        let key = bare(address);
        let has = |mailbox: Mailbox<'a>| {
            mailbox.text(MailboxField::PrimarySmtpAddress).value().is_some_and(|p| same(bare(p), key))
                || mailbox.email_addresses().value().is_some_and(|mut all| all.any(|p| same(bare(p), key)))
        };
        self.find(ADDRESS, key, &[MailboxField::EmailAddresses], has)
    }

    /// By primary SMTP address.
    pub fn by_primary_smtp(&self, address: &str) -> Matches<'a, Mailbox<'a>> {
        let key = bare(address);
        let has = |mailbox: Mailbox<'a>| mailbox.primary_smtp().value().is_some_and(|p| same(p, key));
        self.find(ADDRESS, key, &[MailboxField::PrimarySmtpAddress], has)
    }
}
