//! What is not known, and what would tell.

use adrecover_core::decision_table::{Case, Place, Question};
use serde::Serialize;

use super::document::shown;
use super::{Findings, questions};

/// Something that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unknown {
    /// `onPremises`, `entra`, `mailbox`, or the name of a question.
    pub what: &'static str,
    /// The question.
    pub question: String,
    /// Why it is not known.
    pub because: Vec<String>,
    /// The command that would tell.
    pub command: String,
    /// Where it runs.
    pub place: &'static str,
    /// The same for people; empty where the command says it.
    #[serde(skip)]
    pub at: &'static str,
    /// Whether it decides the `case`, or only between `steps`.
    pub decides: &'static str,
}

/// A case that is possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Possible {
    /// The case.
    pub case: String,
    /// What can be got back in it.
    pub verdict: &'static str,
}

pub(super) fn unknowns(findings: &Findings, case: Option<Case>) -> Vec<Unknown> {
    let mut all = vec![];
    let mut state = |what, question: &str, is_known: bool, because: &[String], command: &str| {
        if !is_known {
            let place = if command.starts_with("adrecover ") { Place::Here } else { Place::Cloud };
            all.push(Unknown {
                what,
                question: question.to_owned(),
                because: because.to_vec(),
                command: shown(command, &findings.values).text,
                place: place.name(),
                at: place.words(),
                decides: "case",
            });
        }
    };
    let (here, user, mailbox) = (&findings.on_premises, &findings.entra, &findings.mailbox);
    state(
        "onPremises",
        "what became of the account on premises?",
        here.state.is_some(),
        &here.because,
        &here.command,
    );
    state("entra", "what became of the Entra user?", user.state.is_some(), &user.because, &user.command);
    state(
        "mailbox",
        "what became of the mailbox?",
        mailbox.state.is_some(),
        &mailbox.because,
        &mailbox.command,
    );
    let Some(case) = case else { return all };
    let open = |q: &Question| !q.is_of_the_way() && findings.answers.get(*q).is_none();
    for question in questions(case).filter(open) {
        all.push(Unknown {
            what: question.name(),
            question: question.text().to_owned(),
            because: vec![],
            command: shown(question.command(case.mailbox), &findings.values).text,
            place: question.place().name(),
            at: question.place().words(),
            decides: "steps",
        });
    }
    all
}

/// What the case may be, where that is not known. Nothing where nothing at all is known.
pub(super) fn possible(findings: &Findings) -> Vec<Possible> {
    if findings.case().is_some() {
        return vec![];
    }
    let fits = |case: &Case| {
        findings.on_premises.state.is_none_or(|s| s == case.on_premises)
            && findings.entra.state.is_none_or(|s| s == case.entra)
            && findings.mailbox.state.is_none_or(|s| s == case.mailbox)
    };
    let all = Case::all().filter(fits);
    let all = all.map(|case| Possible { case: case.to_string(), verdict: case.cell().verdict.name() });
    let all: Vec<Possible> = all.collect();
    if all.len() == 27 { vec![] } else { all }
}
