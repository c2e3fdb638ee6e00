//! `adrecover/guide/v1`: what to do, in the order in which to do it.

use std::collections::BTreeSet;

use adrecover_core::decision_table::{
    AUTHORITATIVE_RESTORE, Answers, Branch, Case, Filled, Placed, Placeholder, Question, REMAINS, Step,
    Style, Values, Verdict, fill,
};
use serde::Serialize;

use super::unknowns::{Possible, Unknown, possible, unknowns};
use super::{Cause, Claim, Clock, Findings, Found, Source, cause};

/// The whole guide.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Guide {
    /// `adrecover/guide/v1`.
    pub schema: &'static str,
    /// What the user was called.
    pub user: Option<String>,
    /// The case: `deleted/soft-deleted/soft-deleted`; `None` where a state is unknown.
    pub case: Option<String>,
    /// The three states.
    pub states: States,
    /// What can be got back.
    pub verdict: Option<&'static str>,
    /// The way out, in a sentence.
    pub summary: Option<&'static str>,
    /// How the account came to be deleted.
    pub cause: Option<Cause>,
    /// Why that is thought, what else is possible, and what would tell.
    pub cause_evidence: CauseEvidence,
    /// What runs out, and when.
    pub clocks: Vec<Clock>,
    /// Cloud objects that claim the user, where there are several of a kind.
    pub duplicates: Vec<Claim>,
    /// What to do.
    pub steps: Vec<StepDocument>,
    /// What to mind.
    pub warnings: Vec<WarningDocument>,
    /// What is not known.
    pub unknowns: Vec<Unknown>,
    /// The cases that are possible while a state is unknown.
    pub possible: Vec<Possible>,
    /// What the walkthrough has for the case.
    pub page: Option<PageDocument>,
    /// What remains, where the account cannot be undeleted, or that is not known.
    pub remains: Option<Remaining>,
}

/// The three states.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct States {
    /// On premises.
    pub on_premises: Finding,
    /// The Entra user.
    pub entra: Finding,
    /// The mailbox.
    pub mailbox: Finding,
}

/// A state and where it comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The state; `None` where it is unknown.
    pub state: Option<String>,
    /// Where it comes from.
    pub source: Option<Source>,
    /// What shows it, or why it is not known.
    pub because: Vec<String>,
}

/// Why a cause is thought.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseEvidence {
    /// Why.
    pub because: Option<&'static str>,
    /// What else is possible.
    pub candidates: Vec<Cause>,
    /// The command that would tell.
    pub command: Option<&'static str>,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepDocument {
    /// Its number, from 1.
    pub n: usize,
    /// A name that stays.
    pub id: &'static str,
    /// What is done.
    pub title: &'static str,
    /// Who does it.
    pub by: &'static str,
    /// Where its command runs.
    pub place: &'static str,
    /// When it is done, where that is not known yet.
    pub when: Option<String>,
    /// The command, with the user's own values.
    pub command: Option<String>,
    /// PowerShell that prints something where the step is not needed.
    pub unless: Option<String>,
    /// What must hold before the command: PowerShell that throws otherwise.
    pub check: Option<String>,
    /// What it replaces.
    pub replaces: Option<&'static str>,
    /// Whether it destroys something, or can in the wrong situation.
    pub destructive: bool,
    /// The evidence that it needs, and the values that are missing.
    pub needs: Vec<String>,
    /// Why, or what to look at.
    pub why: Option<&'static str>,
    /// The values that are missing in its command.
    #[serde(skip)]
    pub missing: Vec<Placeholder>,
    /// Who does it and where, for people.
    #[serde(skip)]
    pub actor: String,
    /// The evidence that it needs, without the values that are missing.
    #[serde(skip)]
    pub evidence: &'static [&'static str],
    #[serde(skip)]
    pub(super) step: &'static Step,
    #[serde(skip)]
    pub(super) open: Vec<Branch>,
}

/// Something to mind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WarningDocument {
    /// A name that stays.
    pub id: &'static str,
    /// What.
    pub text: String,
    /// Where it matters, where that is not known yet.
    pub when: Option<String>,
}

/// What the walkthrough has for the case.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageDocument {
    /// The title of the page.
    pub title: &'static str,
    /// What it says.
    pub says: &'static str,
    /// What is done instead, and why.
    pub instead: Option<&'static str>,
}

/// What remains, where the account cannot be undeleted.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remaining {
    /// In short.
    pub summary: &'static str,
    /// What has to be given.
    pub conditions: &'static [&'static str],
    /// The authoritative restore.
    pub steps: Vec<StepDocument>,
    /// What to mind.
    pub warnings: &'static [&'static str],
    /// What a new account cannot bring back.
    pub recreate_loses: &'static [&'static str],
}

fn some(text: &'static str) -> Option<&'static str> {
    Some(text).filter(|t| !t.is_empty())
}

/// A template as a person reads it.
pub(super) fn shown(template: &str, values: &Values) -> Filled {
    let style = match template {
        own if own.starts_with("adrecover ") => Style::Words,
        asking if asking.starts_with("ntdsutil\n") => Style::Typed,
        _ => Style::PowerShell,
    };
    fill(template, values, style)
}

fn conditions(open: &[Branch]) -> Option<String> {
    let all: Vec<&str> = open.iter().map(|b| b.question.holds(b.answer)).collect();
    (!all.is_empty()).then(|| all.join(" and "))
}

impl StepDocument {
    fn new(n: usize, step: &'static Step, open: Vec<Branch>, values: &Values) -> Self {
        let [unless, check, command] =
            [step.unless, step.check, step.command].map(|template| shown(template, values));
        let mut missing: Vec<Placeholder> = vec![];
        for placeholder in [&command, &check, &unless].into_iter().flat_map(|filled| &filled.missing) {
            if !missing.contains(placeholder) {
                missing.push(*placeholder);
            }
        }
        let mut needs: Vec<String> = step.needs.iter().map(|n| (*n).to_owned()).collect();
        needs.extend(missing.iter().map(|p| format!("{}: {}", p.shown(), p.tells())));
        let text = |filled: Filled| Some(filled.text).filter(|t| !t.is_empty());
        Self {
            n,
            id: step.id,
            title: step.title,
            by: step.by.name(),
            place: step.place.name(),
            when: conditions(&open),
            command: text(command),
            unless: text(unless),
            check: text(check),
            replaces: some(step.replaces),
            destructive: step.is_destructive,
            needs,
            why: some(step.why),
            missing,
            actor: step.actor(),
            evidence: step.needs,
            step,
            open,
        }
    }

    fn all<'s>(
        placed: impl Iterator<Item = (&'s [Branch], &'static Step)>,
        answers: &Answers,
        values: &Values,
    ) -> Vec<Self> {
        let left = placed.filter_map(|(when, step)| Some((step, answers.open(when)?)));
        left.enumerate().map(|(i, (step, open))| Self::new(i + 1, step, open, values)).collect()
    }
}

impl Finding {
    fn of<T: ToString + Copy>(found: &Found<T>) -> Self {
        Self {
            state: found.state.map(|s| s.to_string()),
            source: found.source,
            because: found.because.clone(),
        }
    }
}

impl Guide {
    /// The guide for what was found.
    pub fn new(findings: &Findings) -> Self {
        let case = findings.case();
        let cell = case.map(Case::cell);
        let (answers, values) = (&findings.answers, &findings.values);
        let steps: &'static [Placed] = cell.map_or(&[], |c| c.steps);
        let placed = steps.iter().map(|p| (p.when, p.step));
        let steps = StepDocument::all(placed, answers, values);
        let has_remains = steps.iter().any(|step| step.id == AUTHORITATIVE_RESTORE);
        let is_past = answers.get(Question::Undeletable) == Some(false);
        let remains = (has_remains || is_past).then(|| remaining(values));
        Self {
            schema: "adrecover/guide/v1",
            user: findings.called.clone(),
            case: case.map(|c| c.to_string()),
            states: States {
                on_premises: Finding::of(&findings.on_premises),
                entra: Finding::of(&findings.entra),
                mailbox: Finding::of(&findings.mailbox),
            },
            verdict: cell.map(|c| c.verdict.name()),
            summary: cell.map(|c| c.summary),
            cause: findings.cause,
            cause_evidence: CauseEvidence {
                because: findings.cause_because,
                candidates: findings.cause_candidates.clone(),
                command: findings.cause_because.map(|_| cause::AUDIT),
            },
            clocks: findings.clocks.clone(),
            duplicates: findings.duplicates.clone(),
            steps,
            warnings: warnings(findings, case),
            unknowns: unknowns(findings, case),
            possible: possible(findings),
            page: cell.map(|c| PageDocument {
                title: c.page.title,
                says: c.page.says,
                instead: some(c.page.instead),
            }),
            remains,
        }
    }

    /// The values that are missing in any command, each once.
    pub fn missing(&self) -> BTreeSet<Placeholder> {
        self.steps.iter().flat_map(|step| step.missing.iter().copied()).collect()
    }

    /// Whether nothing is wrong.
    pub fn is_normal(&self) -> bool {
        self.verdict == Some(Verdict::Normal.name())
    }

    /// 0 where the case is known, 3 where a state is unknown.
    pub fn exit_code(&self) -> u8 {
        if self.case.is_some() { 0 } else { 3 }
    }
}

/// What remains of an object that cannot be undeleted.
pub fn remaining(values: &Values) -> Remaining {
    let placed = REMAINS.steps.iter().map(|step| (&[][..], step));
    Remaining {
        summary: REMAINS.summary,
        conditions: REMAINS.conditions,
        steps: StepDocument::all(placed, &Answers::default(), values),
        warnings: REMAINS.warnings,
        recreate_loses: REMAINS.recreate_loses,
    }
}

/// What belongs to this user first, then what belongs to the case.
fn warnings(findings: &Findings, case: Option<Case>) -> Vec<WarningDocument> {
    let own =
        findings.remarks.iter().map(|(id, text)| WarningDocument { id, text: text.clone(), when: None });
    let duplicate = (!findings.duplicates.is_empty()).then(|| WarningDocument {
        id: "duplicates",
        text: "several cloud objects claim to be this user: find out which one is the old one before anything is changed".to_owned(),
        when: None,
    });
    let of_case = case.map_or(&[][..], |c| c.cell().warnings).iter().filter_map(|w| {
        let open = findings.answers.open(w.when)?;
        Some(WarningDocument { id: w.id, text: w.text.to_owned(), when: conditions(&open) })
    });
    own.chain(duplicate).chain(of_case).collect()
}
