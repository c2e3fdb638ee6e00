//! What to do about a hybrid user whose account or mailbox is gone: 27 cases, as data.
//!
//! A case is the state of the account on premises, of the Entra user and of the mailbox. Each has a [`Cell`]: what can be got back,
//! and the steps in order with today's commands. The cases, and where each cell starts from, are those of Microsoft's guided
//! walkthrough "Restore user mailboxes (mailbox recovery) in Exchange Online" (2016) and of its article 2619308; where these are
//! out of date or dangerous the cell says so and goes another way ([`Page`]). `docs/decision-table.md` is made from what stands
//! here.
//!
//! Nothing here was run against a live tenant.

mod branches;
mod deleted;
mod doc;
mod fill;
mod managed;
mod present;
mod remains;
mod steps;
mod warnings;

#[cfg(test)]
mod tests;

use std::fmt;

pub use branches::{Answers, Branch, Question};
pub use doc::page;
pub use fill::{Filled, Placeholder, Style, Values, fill};
pub use remains::{REMAINS, Remains};

/// The days for which Entra ID keeps a deleted user and Exchange Online a soft-deleted mailbox.
pub const CLOUD_DAYS: i64 = 30;

/// The id of the step that stands for what remains ([`REMAINS`]).
pub const AUTHORITATIVE_RESTORE: &str = "authoritativeRestore";

/// Makes an enumeration whose values have names.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        impl $name {
            /// All of them, in the order of the walkthrough.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// Its name in options, tables and JSON.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }

            /// The value of this name.
            pub fn of_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

states! {
    /// The account in Active Directory.
    OnPremises {
        /// The tenant is not synchronised: the account is managed in the cloud.
        Managed "managed",
        /// It is there; it may lie outside what is synchronised.
        Present "present",
        /// It is deleted.
        Deleted "deleted",
    }
}

states! {
    /// The user in Entra ID.
    EntraState {
        /// It is there.
        Present "present",
        /// It lies in the bin.
        SoftDeleted "soft-deleted",
        /// It is neither there nor in the bin.
        HardDeleted "hard-deleted",
    }
}

states! {
    /// The mailbox in Exchange Online.
    MailboxState {
        /// It is there.
        Present "present",
        /// It is soft-deleted, or kept as an inactive one.
        SoftDeleted "soft-deleted",
        /// It is none of these.
        None "none",
    }
}

states! {
    /// What can be got back.
    Verdict {
        /// Nothing is wrong.
        Normal "normal",
        /// The account, and the mailbox or what was in it.
        Recoverable "recoverable",
        /// The account, with an empty mailbox.
        NewMailboxOnly "newMailboxOnly",
        /// Not the mailbox.
        NotRecoverable "notRecoverable",
        /// The walkthrough knows no way: Microsoft's support has to look at it.
        ContactSupport "contactSupport",
    }
}

states! {
    /// Who does a step.
    By {
        /// This program.
        Adrecover "adrecover",
        /// A person or a script in PowerShell.
        PowerShell "powershell",
        /// A person in a web page.
        Portal "portal",
        /// Nobody: it takes time.
        Wait "wait",
        /// Microsoft's support.
        Support "support",
    }
}

states! {
    /// Where the command of a step runs.
    Place {
        /// Where the modules for Graph and Exchange Online are.
        Cloud "cloud",
        /// On the server of Entra Connect Sync.
        SyncServer "syncServer",
        /// Where the ActiveDirectory module is.
        Directory "activeDirectory",
        /// In the management shell of an Exchange server on premises.
        ExchangeServer "exchangeServer",
        /// On a domain controller.
        DomainController "domainController",
        /// Where this program is.
        Here "here",
    }
}

impl Place {
    /// For people, behind who does it; empty where that says it all.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Cloud => "Graph and Exchange Online",
            Self::SyncServer => "on the sync server",
            Self::Directory => "with the ActiveDirectory module",
            Self::ExchangeServer => "in Exchange's shell on premises",
            Self::DomainController => "on a domain controller",
            Self::Here => "",
        }
    }
}

impl Step {
    /// Who does it and where, for people.
    pub fn actor(&self) -> String {
        match (self.by, self.place.words()) {
            (By::PowerShell, place) if !place.is_empty() => format!("{}, {place}", self.by),
            (by, _) => by.to_string(),
        }
    }
}

/// One of the 27 situations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Case {
    /// The account on premises.
    pub on_premises: OnPremises,
    /// The Entra user.
    pub entra: EntraState,
    /// The mailbox.
    pub mailbox: MailboxState,
}

impl Case {
    /// All of them, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        CELLS.iter().flat_map(|cells| cells.iter()).map(|cell| cell.case)
    }

    /// What to do about it.
    pub fn cell(self) -> &'static Cell {
        let of_account = match self.on_premises {
            OnPremises::Managed => &managed::CELLS,
            OnPremises::Present => &present::CELLS,
            OnPremises::Deleted => &deleted::CELLS,
        };
        // A test holds that the cells stand in this order.
        &of_account[self.entra as usize * 3 + self.mailbox as usize]
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.on_premises, self.entra, self.mailbox)
    }
}

static CELLS: [&[Cell; 9]; 3] = [&deleted::CELLS, &present::CELLS, &managed::CELLS];

/// What to do about one case.
#[derive(Debug)]
pub struct Cell {
    /// The case.
    pub case: Case,
    /// What can be got back.
    pub verdict: Verdict,
    /// The way out, in a sentence.
    pub summary: &'static str,
    /// Where the cell starts from.
    pub page: Page,
    /// The steps, in order.
    pub steps: &'static [Placed],
    /// What to mind.
    pub warnings: &'static [Warning],
}

/// What the walkthrough has for a case.
#[derive(Debug)]
pub struct Page {
    /// The title of its page.
    pub title: &'static str,
    /// What it says, in short.
    pub says: &'static str,
    /// What is done instead and why; empty where its way is taken with today's commands.
    pub instead: &'static str,
}

/// A step at its place in a cell.
#[derive(Debug)]
pub struct Placed {
    /// The step.
    pub step: &'static Step,
    /// When it is done: all of these have to hold.
    pub when: &'static [Branch],
}

/// A step that is always done.
const fn always(step: &'static Step) -> Placed {
    Placed { step, when: &[] }
}

/// A step that is done where something holds.
const fn when(when: &'static [Branch], step: &'static Step) -> Placed {
    Placed { step, when }
}

/// Something to mind.
#[derive(Debug)]
pub struct Warning {
    /// A name that stays.
    pub id: &'static str,
    /// What.
    pub text: &'static str,
    /// Where it matters: all of these have to hold.
    pub when: &'static [Branch],
}

/// One thing to do.
#[derive(Debug)]
pub struct Step {
    /// A name that stays.
    pub id: &'static str,
    /// What is done.
    pub title: &'static str,
    /// Who does it.
    pub by: By,
    /// Where its command runs.
    pub place: Place,
    /// The command as a template for [`fill()`]; empty where there is none.
    pub command: &'static str,
    /// PowerShell that prints something where the step is not needed; a template too, empty where it always is.
    pub unless: &'static str,
    /// PowerShell that throws where the command must not be run; a template too.
    pub check: &'static str,
    /// What the walkthrough or the article has in its place; empty where it has nothing.
    pub replaces: &'static str,
    /// Whether it destroys something, or can in the wrong situation.
    pub is_destructive: bool,
    /// Whether no script may do it: a person has to decide.
    pub is_by_hand: bool,
    /// The evidence that it needs.
    pub needs: &'static [&'static str],
    /// Why, or what to look at.
    pub why: &'static str,
}

impl Step {
    const fn new(id: &'static str, by: By, title: &'static str) -> Self {
        let place = match by {
            By::PowerShell | By::Wait => Place::Cloud,
            By::Adrecover | By::Portal | By::Support => Place::Here,
        };
        Self {
            id,
            title,
            by,
            place,
            command: "",
            unless: "",
            check: "",
            replaces: "",
            is_destructive: false,
            is_by_hand: false,
            needs: &[],
            why: "",
        }
    }

    const fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    const fn command(self, command: &'static str) -> Self {
        Self { command, ..self }
    }

    const fn unless(self, unless: &'static str) -> Self {
        Self { unless, ..self }
    }

    const fn check(self, check: &'static str) -> Self {
        Self { check, ..self }
    }

    const fn replaces(self, replaces: &'static str) -> Self {
        Self { replaces, ..self }
    }

    const fn destructive(self) -> Self {
        Self { is_destructive: true, ..self }
    }

    const fn by_hand(self) -> Self {
        Self { is_by_hand: true, ..self }
    }

    const fn needs(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }

    const fn why(self, why: &'static str) -> Self {
        Self { why, ..self }
    }

    /// Whether it has a command that only reads: it can be run at any time.
    pub fn only_reads(&self) -> bool {
        let is_reading = |line: &str| line.starts_with("Get-") || line.starts_with("Connect-");
        !self.command.is_empty() && self.command.lines().all(is_reading)
    }
}
