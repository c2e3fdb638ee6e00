//! What decides between the ways inside a case.

use std::collections::BTreeMap;

use super::{MailboxState, Place};

/// A question whose answer decides which steps are done. In the conditions of a step the earlier ones come first: a later one is
/// asked only where these hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// Is the soft-deleted mailbox an inactive one, kept for a hold?
    MailboxInactive,
    /// Do the users of the UPN's domain sign in at a federation service?
    DomainFederated,
    /// Does the mailbox belong to this Entra user?
    IdsEqual,
    /// Is there an Exchange server on premises that manages recipients?
    HybridExchange,
    /// Was the Recycle Bin on when the account was deleted?
    RecycleBin,
    /// Can the deleted account be undeleted?
    Undeletable,
    /// Does the sync engine read the logon name from another attribute than `userPrincipalName`?
    AlternateLogin,
    /// Does the Entra user have a licence with Exchange Online?
    Licensed,
    /// Did the licence bring the mailbox back? Only the steps before it can tell.
    Reconnected,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::MailboxInactive,
        Self::DomainFederated,
        Self::IdsEqual,
        Self::HybridExchange,
        Self::RecycleBin,
        Self::Undeletable,
        Self::AlternateLogin,
        Self::Licensed,
        Self::Reconnected,
    ];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::MailboxInactive => "mailboxInactive",
            Self::DomainFederated => "domainFederated",
            Self::IdsEqual => "idsEqual",
            Self::HybridExchange => "hybridExchange",
            Self::RecycleBin => "recycleBin",
            Self::Undeletable => "undeletable",
            Self::AlternateLogin => "alternateLogin",
            Self::Licensed => "licensed",
            Self::Reconnected => "reconnected",
        }
    }

    /// The question.
    pub fn text(self) -> &'static str {
        match self {
            Self::MailboxInactive => "is the soft-deleted mailbox an inactive one (kept for a hold)?",
            Self::DomainFederated => "is the domain of the UPN federated?",
            Self::IdsEqual => "is the mailbox's ExternalDirectoryObjectId the Entra user's object id?",
            Self::HybridExchange => "does an Exchange server on premises manage the recipients?",
            Self::RecycleBin => "was the Recycle Bin on when the account was deleted?",
            Self::Undeletable => "can the deleted account still be undeleted?",
            Self::AlternateLogin => {
                "does the sync engine take the logon name from another attribute than userPrincipalName?"
            }
            Self::Licensed => "does the Entra user have a licence with Exchange Online?",
            Self::Reconnected => {
                "has the licence brought the old mailbox back (look again after some minutes)?"
            }
        }
    }

    /// Whether only the steps before it can tell, so that nobody is asked in advance.
    pub fn is_of_the_way(self) -> bool {
        self == Self::Reconnected
    }

    /// The command that tells, as a template.
    pub fn command(self, mailbox: MailboxState) -> &'static str {
        match self {
            Self::MailboxInactive => {
                "Get-Mailbox -SoftDeletedMailbox -Identity {mailboxId} | Select-Object IsInactiveMailbox, ExchangeGuid"
            }
            Self::DomainFederated => "Get-MgDomain -All | Select-Object Id, AuthenticationType",
            Self::IdsEqual if mailbox == MailboxState::SoftDeleted => {
                "Get-Mailbox -SoftDeletedMailbox -Identity {mailboxId} | Select-Object ExternalDirectoryObjectId, ExchangeGuid"
            }
            Self::IdsEqual => {
                "Get-Mailbox -Identity {mailboxId} | Select-Object ExternalDirectoryObjectId, ExchangeGuid"
            }
            Self::HybridExchange => {
                "(Get-ADSyncGlobalSettings).Parameters | Where-Object Name -eq 'Microsoft.OptionalFeature.HybridExchange'"
            }
            Self::RecycleBin | Self::Undeletable => "adrecover show {user}",
            Self::AlternateLogin => {
                "(Get-ADSyncGlobalSettings).Parameters | Where-Object Name -eq 'Microsoft.SynchronizationOption.UPNAttribute'"
            }
            Self::Licensed => "Get-MgUserLicenseDetail -UserId {upn} | Select-Object SkuPartNumber",
            Self::Reconnected => {
                "Get-Mailbox -Identity {upn} | Select-Object ExternalDirectoryObjectId, ExchangeGuid"
            }
        }
    }

    /// Where that command runs.
    pub fn place(self) -> Place {
        match self {
            Self::HybridExchange | Self::AlternateLogin => Place::SyncServer,
            Self::RecycleBin | Self::Undeletable => Place::Here,
            Self::MailboxInactive
            | Self::DomainFederated
            | Self::IdsEqual
            | Self::Licensed
            | Self::Reconnected => Place::Cloud,
        }
    }

    /// What holds with an answer, as a condition before a step.
    pub fn holds(self, answer: bool) -> &'static str {
        match (self, answer) {
            (Self::MailboxInactive, true) => "the mailbox is inactive",
            (Self::MailboxInactive, false) => "the mailbox is soft-deleted and not inactive",
            (Self::DomainFederated, true) => "the domain is federated",
            (Self::DomainFederated, false) => "the domain is not federated",
            (Self::IdsEqual, true) => "the mailbox belongs to this Entra user (ids equal)",
            (Self::IdsEqual, false) => "the mailbox does not belong to this Entra user (ids differ)",
            (Self::HybridExchange, true) => "Exchange on premises manages the recipients",
            (Self::HybridExchange, false) => "there is no Exchange on premises",
            (Self::RecycleBin, true) => "the Recycle Bin was on",
            (Self::RecycleBin, false) => "it is a tombstone (the Recycle Bin was off)",
            (Self::Undeletable, true) => "the account can be undeleted",
            (Self::Undeletable, false) => "the account cannot be undeleted",
            (Self::AlternateLogin, true) => "an alternate login id is in use",
            (Self::AlternateLogin, false) => "the logon name is userPrincipalName",
            (Self::Licensed, true) => "the user has a licence with Exchange Online",
            (Self::Licensed, false) => "the user has no licence with Exchange Online",
            (Self::Reconnected, true) => "the licence has brought the mailbox back",
            (Self::Reconnected, false) => "the licence has not brought the mailbox back",
        }
    }
}

/// A question with the answer that a step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Branch {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: bool,
}

macro_rules! branches {
    ($($name:ident = $question:ident $answer:literal;)+) => {
        $(pub(super) const $name: Branch = Branch { question: Question::$question, answer: $answer };)+
    };
}

branches! {
    INACTIVE = MailboxInactive true;
    NOT_INACTIVE = MailboxInactive false;
    FEDERATED = DomainFederated true;
    NOT_FEDERATED = DomainFederated false;
    IDS_EQUAL = IdsEqual true;
    IDS_DIFFER = IdsEqual false;
    HYBRID = HybridExchange true;
    NOT_HYBRID = HybridExchange false;
    TOMBSTONE = RecycleBin false;
    UNDELETABLE = Undeletable true;
    PAST_RECOVERY = Undeletable false;
    ALTERNATE_LOGIN = AlternateLogin true;
    LICENSED = Licensed true;
    UNLICENSED = Licensed false;
    NOT_RECONNECTED = Reconnected false;
}

/// The answers that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<Question, bool>);

impl Answers {
    /// Adds an answer.
    pub fn set(&mut self, question: Question, answer: bool) {
        self.0.insert(question, answer);
    }

    /// Adds an answer where there is one.
    pub fn set_if_known(&mut self, question: Question, answer: Option<bool>) {
        self.0.extend(answer.map(|answer| (question, answer)));
    }

    /// The answer, if it is known.
    pub fn get(&self, question: Question) -> Option<bool> {
        self.0.get(&question).copied()
    }

    /// The branches whose question is open, where none is known not to hold; `None` where one is.
    pub fn open(&self, branches: &[Branch]) -> Option<Vec<Branch>> {
        let fails = |b: &&Branch| self.get(b.question).is_some_and(|answer| answer != b.answer);
        if branches.iter().any(|b| fails(&b)) {
            return None;
        }
        Some(branches.iter().filter(|b| self.get(b.question).is_none()).copied().collect())
    }
}
