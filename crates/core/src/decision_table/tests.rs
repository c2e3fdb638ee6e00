//! The table as a whole: complete, in order, and as its page shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

fn cells() -> impl Iterator<Item = &'static Cell> {
    Case::all().map(Case::cell)
}

#[test]
fn each_case_has_its_cell() {
    let mut seen = BTreeSet::new();
    for on_premises in OnPremises::ALL.iter().copied() {
        for entra in EntraState::ALL.iter().copied() {
            for mailbox in MailboxState::ALL.iter().copied() {
                let case = Case { on_premises, entra, mailbox };
                assert_eq!(case.cell().case, case);
                seen.insert(case);
            }
        }
    }
    assert_eq!((seen.len(), Case::all().count()), (27, 27));
    assert_eq!(seen, Case::all().collect());
}

/// The verdicts of the walkthrough, and the one that differs on purpose.
#[test]
fn verdicts() {
    use Verdict::*;
    let table: [(&str, [Verdict; 9]); 3] = [
        // A deletion that has not been synchronised is a chance, and no case for support.
        (
            "deleted",
            [
                Recoverable,
                Recoverable,
                ContactSupport,
                Recoverable,
                Recoverable,
                ContactSupport,
                Recoverable,
                Recoverable,
                NotRecoverable,
            ],
        ),
        (
            "present",
            [
                Normal,
                Recoverable,
                NewMailboxOnly,
                Recoverable,
                Recoverable,
                NewMailboxOnly,
                ContactSupport,
                Recoverable,
                NewMailboxOnly,
            ],
        ),
        (
            "managed",
            [
                Normal,
                Recoverable,
                NewMailboxOnly,
                ContactSupport,
                Recoverable,
                NewMailboxOnly,
                ContactSupport,
                Recoverable,
                NewMailboxOnly,
            ],
        ),
    ];
    for (name, verdicts) in table {
        let on_premises = OnPremises::of_name(name).unwrap();
        let found: Vec<Verdict> =
            cells().filter(|c| c.case.on_premises == on_premises).map(|c| c.verdict).collect();
        assert_eq!(found, verdicts, "{name}");
    }
}

#[test]
fn every_step_can_be_done() {
    for cell in cells() {
        assert!(!cell.steps.is_empty() && !cell.page.title.is_empty() && !cell.page.says.is_empty());
        for placed in cell.steps {
            let (step, case) = (placed.step, cell.case);
            let is_elsewhere =
                matches!(step.by, By::Portal | By::Support) || step.id == AUTHORITATIVE_RESTORE;
            assert_eq!(step.command.is_empty(), is_elsewhere, "{case}: {}", step.id);
            assert_eq!(
                step.by == By::Adrecover,
                step.command.starts_with("adrecover "),
                "{case}: {}",
                step.id
            );
            assert!(!step.is_destructive || !step.check.is_empty() || step.is_by_hand, "{case}: {}", step.id);
            assert!(!step.title.ends_with('.'), "{case}: {}", step.id);
            for text in [step.command, step.check, step.unless] {
                assert!(text.is_ascii(), "{case}: {}", step.id);
                for retired in ["Msol", "New-PSSession", "AsPlainText", "AzureAD"] {
                    assert!(!text.contains(retired), "{case}: {}", step.id);
                }
            }
            // What a table of properties does not show is asked for by name.
            for line in step.command.lines().filter(|line| line.contains(" -Propert")) {
                assert!(line.contains("| Select-Object "), "{case}: {line}");
            }
        }
        if cell.verdict == Verdict::ContactSupport {
            assert!(cell.steps.iter().any(|p| p.step.by == By::Support), "{}", cell.case);
        }
    }
}

/// Where the synchronisation is held, it is released, and nothing on premises is changed before.
#[test]
fn the_synchronisation_is_held_first_and_released() {
    for cell in cells() {
        let at = |id: &str| cell.steps.iter().position(|p| p.step.id == id);
        let changes = |p: &Placed| {
            matches!(p.step.id, "undelete" | "moveIntoScope" | "softDeleteEntraUser" | "removeMailbox")
        };
        match (at("holdSync"), at("releaseSync")) {
            (Some(hold), Some(release)) => {
                assert!(hold < release, "{}", cell.case);
                let first = cell.steps.iter().position(changes).unwrap_or(usize::MAX);
                assert!(hold < first, "{}", cell.case);
                if let Some(check) = at("preflight") {
                    assert!(hold < check && check < release, "{}", cell.case);
                }
            }
            (None, None) => assert!(!cell.steps.iter().any(changes), "{}", cell.case),
            one => panic!("{}: {one:?}", cell.case),
        }
        // In whichever way it goes on: what was held is released.
        for answers in every_answer(cell) {
            let left =
                |id: &str| cell.steps.iter().any(|p| p.step.id == id && answers.open(p.when).is_some());
            assert_eq!(left("holdSync"), left("releaseSync"), "{}: {answers:?}", cell.case);
            assert!(!left("preflight") || left("releaseSync"), "{}: {answers:?}", cell.case);
        }
        if cell.case.on_premises == OnPremises::Managed {
            assert!(
                cell.steps
                    .iter()
                    .all(|p| p.step.place != Place::SyncServer && p.step.place != Place::Directory)
            );
        }
    }
}

/// The data-loss trap: Entra user hard-deleted, mailbox there to be saved.
#[test]
fn no_licence_before_the_content_is_safe() {
    for cell in cells() {
        let (entra, mailbox) = (cell.case.entra, cell.case.mailbox);
        if entra != EntraState::HardDeleted || mailbox == MailboxState::None {
            continue;
        }
        let licences: Vec<&Placed> =
            cell.steps.iter().filter(|p| p.step.command.contains("Set-MgUserLicense")).collect();
        assert!(licences.iter().all(|p| !p.step.check.is_empty()), "{}", cell.case);
        if cell.verdict == Verdict::Recoverable {
            assert!(!licences.is_empty());
            assert!(cell.warnings.iter().any(|w| w.id == "licenceDestroysMailbox"), "{}", cell.case);
        }
    }
}

/// A copy is waited for before anything else is done to the mailbox, and is made of a mailbox that can be its source.
#[test]
fn a_copy_is_waited_for() {
    let mut copies = 0;
    for cell in cells() {
        for pair in cell.steps.windows(2).filter(|pair| pair[0].step.id == "saveContent") {
            assert_eq!((pair[1].step.id, pair[1].when), ("waitForContent", pair[0].when), "{}", cell.case);
            assert_eq!(cell.case.mailbox, MailboxState::SoftDeleted, "a live mailbox is no source");
            copies += 1;
        }
    }
    assert_eq!(copies, 3);
}

/// The GUID of another mailbox is never written to an account that gets a licence afterwards.
#[test]
fn no_account_gets_the_guid_of_another_mailbox() {
    for cell in cells() {
        for answers in every_answer(cell) {
            let left: Vec<&Step> =
                cell.steps.iter().filter(|p| answers.open(p.when).is_some()).map(|p| p.step).collect();
            let has = |id: &str| left.iter().any(|step| step.id == id);
            assert!(!(has("remoteMailbox") && has("licenceAfterSaving")), "{}: {answers:?}", cell.case);
            assert!(!has("licenceAfterSaving") || has("clearExchangeGuid"), "{}: {answers:?}", cell.case);
        }
    }
}

/// Exchange takes an account with an alias for a mail user, and makes no remote mailbox of it.
#[test]
fn exchange_comes_before_the_attributes_are_filled() {
    for cell in cells() {
        for answers in every_answer(cell) {
            let at =
                |id: &str| cell.steps.iter().position(|p| p.step.id == id && answers.open(p.when).is_some());
            let made = at("remoteMailbox").or_else(|| at("enableRemoteMailbox"));
            assert!(made.is_none() || at("refill").is_none(), "{}: {answers:?}", cell.case);
        }
    }
}

/// A new account on premises never matches what lies in the bin.
#[test]
fn nothing_is_created_where_it_can_be_undeleted() {
    for cell in cells().filter(|c| c.case.on_premises == OnPremises::Deleted) {
        let has = |id: &str| cell.steps.iter().any(|p| p.step.id == id);
        assert!(has("undelete") && has("authoritativeRestore") && has("preflight"), "{}", cell.case);
        assert!(!cell.steps.iter().any(|p| p.step.command.contains("New-ADUser")));
    }
    let in_bin = cells()
        .filter(|c| c.case.on_premises == OnPremises::Deleted && c.case.entra == EntraState::SoftDeleted);
    for cell in in_bin {
        assert!(cell.warnings.iter().any(|w| w.id == "neverCreateAnew"), "{}", cell.case);
    }
}

/// Each set of answers to the questions that a cell is divided by.
fn every_answer(cell: &Cell) -> impl Iterator<Item = Answers> {
    let questions: Vec<Question> = Question::ALL
        .into_iter()
        .filter(|q| cell.steps.iter().any(|p| p.when.iter().any(|b| b.question == *q)))
        .collect();
    (0..1u32 << questions.len()).map(move |bits| {
        let mut answers = Answers::default();
        for (i, question) in questions.iter().enumerate() {
            answers.set(*question, bits >> i & 1 == 1);
        }
        answers
    })
}

/// For each set of answers one way is left, and it has no step twice.
#[test]
fn every_branch_leaves_a_way() {
    for cell in cells() {
        for answers in every_answer(cell) {
            let left: Vec<&str> =
                cell.steps.iter().filter(|p| answers.open(p.when).is_some()).map(|p| p.step.id).collect();
            let unique: BTreeSet<&&str> = left.iter().collect();
            assert_eq!(left.len(), unique.len(), "{}: {left:?}", cell.case);
            assert!(left.len() > 1, "{}: {left:?}", cell.case);
        }
    }
}

#[test]
fn a_name_of_a_step_is_one_step() {
    let mut commands: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for placed in cells().flat_map(|c| c.steps) {
        let step = placed.step;
        assert_eq!(
            *commands.entry((step.id, step.title)).or_insert(step.command),
            step.command,
            "{}",
            step.id
        );
    }
}

#[test]
fn open_branches_stay_open() {
    let mut answers = Answers::default();
    let both = [branches::INACTIVE, branches::NOT_FEDERATED];
    assert_eq!(answers.open(&both).map(|o| o.len()), Some(2));
    answers.set(Question::MailboxInactive, true);
    assert_eq!(answers.open(&both), Some(vec![branches::NOT_FEDERATED]));
    answers.set(Question::DomainFederated, true);
    assert_eq!(answers.open(&both), None);
}

#[test]
fn the_page_in_docs_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/decision-table.md");
    if std::env::var_os("ADRECOVER_BLESS").is_some() {
        std::fs::write(&path, page()).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page() == committed,
        "docs/decision-table.md is not the table; if that is right: ADRECOVER_BLESS=1 cargo test -p adrecover-core decision_table"
    );
}
