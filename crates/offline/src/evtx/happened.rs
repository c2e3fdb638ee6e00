//! What a record of the auditing says that happened.

use adrecover_core::directory::{Change, ChangeKind};
use adrecover_core::secrets;
use adrecover_core::source::{Actor, Event, EventKind, Subject};
use adrecover_core::{ObjectGuid, Sid};

use super::audit::Record;

/// Values of these syntaxes ([MS-ADTS] 3.1.1.2.2.2) are not written as LDAP gives them: octets, replica links, security
/// descriptors.
const NOT_TEXT: [&str; 2] = ["2.5.5.10", "2.5.5.15"];
/// The syntax of SIDs, which are written as text.
const SID: &str = "2.5.5.17";

/// The event, with all that it says. `None` where a record lacks what it is about.
pub(super) fn event(record: &Record) -> Option<Event> {
    let target = || Subject {
        sid: record.parsed("TargetSid"),
        account: record.value("TargetUserName").map(Into::into),
        ..Subject::default()
    };
    let account = |class: &str| Subject { class: Some(class.to_owned()), ..target() };
    let object = |dn: &str| Subject {
        guid: record.parsed("ObjectGUID"),
        dn: record.value(dn).map(Into::into),
        class: record.value("ObjectClass").map(Into::into),
        ..Subject::default()
    };
    let text = |name: &str| record.value(name).map(Into::into);
    let (object, kind) = match record.event {
        4720 => (account("user"), EventKind::Created),
        4741 => (account("computer"), EventKind::Created),
        4726 => (account("user"), EventKind::Deleted),
        4743 => (account("computer"), EventKind::Deleted),
        4722 => (target(), EventKind::Enabled),
        4725 => (target(), EventKind::Disabled),
        4781 => {
            let kind =
                EventKind::AccountRenamed { from: text("OldTargetUserName"), to: text("NewTargetUserName") };
            (Subject { account: text("NewTargetUserName"), ..target() }, kind)
        }
        // Security groups: global, local, universal; distribution groups: local, global, universal.
        4727 | 4731 | 4754 | 4744 | 4749 | 4759 => (account("group"), EventKind::Created),
        4730 | 4734 | 4758 | 4748 | 4753 | 4763 => (account("group"), EventKind::Deleted),
        4728 | 4732 | 4756 | 4746 | 4751 | 4761 => {
            (member(record), EventKind::MemberAdded { group: account("group") })
        }
        4729 | 4733 | 4757 | 4747 | 4752 | 4762 => {
            (member(record), EventKind::MemberRemoved { group: account("group") })
        }
        5136 => (object("ObjectDN"), EventKind::Changed(vec![change(record)?])),
        5137 => (object("ObjectDN"), EventKind::Created),
        5138 => (object("NewObjectDN"), EventKind::Undeleted),
        5139 => {
            let kind = EventKind::Moved { from: text("OldObjectDN"), to: text("NewObjectDN") };
            (object("NewObjectDN"), kind)
        }
        5141 => (object("ObjectDN"), EventKind::Deleted),
        _ => return None,
    };
    let is_known = object.guid.is_some() || object.sid.is_some() || object.dn.is_some();
    is_known.then(|| Event {
        at: record.at,
        by: actor(record),
        on: Some(record.computer.clone()).filter(|name| !name.is_empty()),
        object,
        kind,
        place: format!("record {}", record.number),
    })
}

fn member(record: &Record) -> Subject {
    Subject {
        sid: record.parsed("MemberSid"),
        dn: record.value("MemberName").map(Into::into),
        ..Subject::default()
    }
}

fn actor(record: &Record) -> Option<Actor> {
    let sid: Option<Sid> = record.parsed("SubjectUserSid");
    let name = record.value("SubjectUserName");
    let name = match (record.value("SubjectDomainName"), name) {
        (Some(domain), Some(name)) => format!("{domain}\\{name}"),
        (None, Some(name)) => name.to_owned(),
        (_, None) => sid.as_ref()?.to_string(),
    };
    Some(Actor { name, sid })
}

/// What 5136 says of one value. A secret, or what is not written as LDAP gives it, is a change without a value.
fn change(record: &Record) -> Option<Change> {
    let attribute = record.value("AttributeLDAPDisplayName")?;
    let kind = match record.value("OperationType")? {
        "%%14674" => ChangeKind::Add,
        "%%14675" => ChangeKind::Delete,
        _ => return None,
    };
    let syntax = record.value("AttributeSyntaxOID").unwrap_or_default();
    let is_hidden = secrets::is_secret(attribute) || NOT_TEXT.contains(&syntax);
    let value = record.raw("AttributeValue").filter(|_| !is_hidden);
    let value = value.and_then(|text| match syntax {
        SID => text.parse::<Sid>().ok().map(|sid| sid.to_wire()),
        _ => Some(text.as_bytes().to_vec()),
    });
    Some(Change { attribute: attribute.to_owned(), kind, values: value.into_iter().collect() })
}

/// The change that a record of the directory is part of: one operation writes several.
pub(super) fn operation(record: &Record) -> Option<(String, Option<ObjectGuid>)> {
    Some((record.value("OpCorrelationID")?.to_owned(), record.parsed("ObjectGUID")))
}
