//! What the default inbound rules filter without saying so, each condition by itself.
//!
//! Source: the rules `In from AD - User Join` (`Microsoft.InfromADUserJoin.003`) and `In from AD - User Common` of a server's
//! export. What is compared as text is compared without case here: in doubt the object is filtered.

use adrecover_core::Dn;

use crate::scope::facts::ObjectFacts;
use crate::scope::model::has_prefix;

/// What a filter says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The object passes.
    Passes,
    /// The object is filtered, for this reason.
    Filtered(String),
    /// It cannot be told; why, and the attributes that would have to be known.
    Unknown {
        /// Why.
        why: String,
        /// The attributes.
        attributes: Vec<String>,
    },
}

impl Outcome {
    pub(crate) fn not_read(attribute: &str) -> Self {
        Self::Unknown { why: format!("{attribute} was not read"), attributes: vec![attribute.to_owned()] }
    }
}

/// The first value of an attribute, or what to answer where it was not read.
fn first<'a>(facts: &'a ObjectFacts, attribute: &str) -> Result<Option<&'a str>, Outcome> {
    let values = facts.get(attribute).values().ok_or_else(|| Outcome::not_read(attribute))?;
    Ok(values.first().map(String::as_str))
}

fn answer(outcome: Result<Option<String>, Outcome>) -> Outcome {
    match outcome {
        Ok(None) => Outcome::Passes,
        Ok(Some(reason)) => Outcome::Filtered(reason),
        Err(unknown) => unknown,
    }
}

/// `scope.criticalSystemObject`: `isCriticalSystemObject` is present.
pub fn critical_system_object(_: &Dn, facts: &ObjectFacts) -> Outcome {
    let present = first(facts, "isCriticalSystemObject");
    answer(present.map(|v| v.map(|_| "isCriticalSystemObject is set: an object of the system".to_owned())))
}

/// `scope.accountName`: `sAMAccountName` is absent, or that of an account of a service.
pub fn account_name(_: &Dn, facts: &ObjectFacts) -> Outcome {
    let name = match first(facts, "sAMAccountName") {
        Ok(Some(name)) => name,
        Ok(None) => return Outcome::Filtered("there is no sAMAccountName".to_owned()),
        Err(unknown) => return unknown,
    };
    let begins = ["AAD_", "MSOL_"].into_iter().find(|p| has_prefix(name, p));
    let begins = begins.or_else(|| is_cas(name).then_some("CAS_"));
    if name.eq_ignore_ascii_case("SUPPORT_388945a0") {
        return Outcome::Filtered("sAMAccountName is SUPPORT_388945a0".to_owned());
    }
    begins.map_or(Outcome::Passes, |p| Outcome::Filtered(format!("sAMAccountName begins with {p}")))
}

/// `scope.mailNickname`: `mailNickname` is that of a mailbox of the system.
pub fn mail_nickname(_: &Dn, facts: &ObjectFacts) -> Outcome {
    let reason = |name: &str| {
        let begins = has_prefix(name, "SystemMailbox{").then_some("SystemMailbox{");
        let begins = begins.or_else(|| is_cas(name).then_some("CAS_"));
        begins.map(|p| format!("mailNickname begins with {p}"))
    };
    answer(first(facts, "mailNickname").map(|name| name.and_then(reason)))
}

fn is_cas(name: &str) -> bool {
    has_prefix(name, "CAS_") && name.contains('}')
}

/// `scope.adminDescription`: `adminDescription` begins with `User_`. Only users that are no inetOrgPerson are filtered by it.
pub fn admin_description(_: &Dn, facts: &ObjectFacts) -> Outcome {
    let value = match facts.get("adminDescription").values() {
        None => return Outcome::not_read("adminDescription"),
        Some(values) => values,
    };
    if !value.iter().any(|v| has_prefix(v, "User_")) {
        return Outcome::Passes;
    }
    match facts.get("objectClass").values() {
        Some(classes) if classes.iter().any(|c| c.eq_ignore_ascii_case("inetOrgPerson")) => Outcome::Passes,
        _ => Outcome::Filtered("adminDescription begins with User_".to_owned()),
    }
}

/// The recipients of the system (`msExchRecipientTypeDetails`): public folder 0x1000, system attendant 0x2000, system mailbox
/// 0x4000, Exchange itself 0x400000, arbitration 0x800000, mailbox plan 0x1000000, discovery 0x20000000.
pub const SYSTEM_RECIPIENTS: i64 = 0x21c0_7000;

/// `scope.recipientType`: `msExchRecipientTypeDetails` is one of [`SYSTEM_RECIPIENTS`].
pub fn recipient_type(_: &Dn, facts: &ObjectFacts) -> Outcome {
    match number(facts) {
        Ok(Some(number)) if number & SYSTEM_RECIPIENTS != 0 => {
            Outcome::Filtered(format!("msExchRecipientTypeDetails {number} is a recipient of the system"))
        }
        Ok(_) => Outcome::Passes,
        Err(unknown) => unknown,
    }
}

/// `scope.linkedMailbox`: a linked mailbox (2) waits for its master account, of which this object says only the SID.
pub fn linked_mailbox(_: &Dn, facts: &ObjectFacts) -> Outcome {
    match number(facts) {
        Ok(Some(2)) => Outcome::Unknown {
            why: "a linked mailbox is synchronised only with its master account (msExchMasterAccountSid)"
                .to_owned(),
            attributes: vec!["msExchMasterAccountSid".to_owned()],
        },
        Ok(_) => Outcome::Passes,
        Err(unknown) => unknown,
    }
}

fn number(facts: &ObjectFacts) -> Result<Option<i64>, Outcome> {
    const NAME: &str = "msExchRecipientTypeDetails";
    let parsed = first(facts, NAME)?.map(|text| text.trim().parse::<i64>());
    parsed.transpose().map_err(|_| Outcome::Unknown {
        why: format!("{NAME} is no number"),
        attributes: vec![NAME.to_owned()],
    })
}

/// `scope.conflictName`: the name is that of a replication conflict (`CNF:`) or of a deleted object (`DEL:`).
pub fn conflict_name(dn: &Dn, _: &ObjectFacts) -> Outcome {
    let Some(name) = dn.rdn().map(|rdn| rdn.value()) else { return Outcome::Passes };
    if name.contains("\nCNF:") {
        return Outcome::Filtered("the name is that of a replication conflict (CNF:)".to_owned());
    }
    if dn.is_mangled() {
        return Outcome::Filtered("the name is that of a deleted object (DEL:)".to_owned());
    }
    Outcome::Passes
}

/// A filter of the default rules.
pub type Filter = fn(&Dn, &ObjectFacts) -> Outcome;

/// The filters that keep the join rule from applying: no other rule can undo them.
pub(crate) const OF_THE_SCOPE: [Filter; 2] = [admin_description, critical_system_object];

/// The filters that write `cloudFiltered`: a rule of a lower precedence can win over them.
pub(crate) const OF_CLOUD_FILTERED: [Filter; 4] =
    [account_name, mail_nickname, recipient_type, conflict_name];

/// What several filters say together: one that filters decides, then one that does not know.
pub(crate) fn together(filters: &[Filter], dn: &Dn, facts: &ObjectFacts) -> Outcome {
    let outcomes: Vec<Outcome> = filters.iter().map(|f| f(dn, facts)).collect();
    let filtered = outcomes.iter().position(|o| matches!(o, Outcome::Filtered(_)));
    let unknown = outcomes.iter().position(|o| matches!(o, Outcome::Unknown { .. }));
    filtered.or(unknown).and_then(|at| outcomes.into_iter().nth(at)).unwrap_or(Outcome::Passes)
}
