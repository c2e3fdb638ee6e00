//! `docs/faults.md`: what was tried and survived.

use std::path::Path;

use adrecover_simdc::fault::Fault;

use super::cases::{Job, Plan, Tally};

const INTRODUCTION: &str = "\
# Faults that were tried

Written by a test (`tests/cli/scripted`). It runs the program against the stand-in (`crates/simdc`), which does one wrong
thing at one message that it is about to send. There is a case for every kind of fault at every message of each command:

- **list**: `list -o jsonl` of the example company in pages of ten;
- **restore**: `restore --upn --enable --generate-password --groups-from` of a user that was in two groups, from a tombstone;
- **from the bin**: the same with the Recycle Bin on, with another logon name and one group more than before.

Each case holds the program to this: it ends, without a panic and within its time limit and a few tries. A list is whole and
ends with 0, or says an error after nothing but whole lines, none of them twice. What the report of a restore says of each
step is what the directory holds; what is not done has a reason, and where nothing is reported nothing was changed. At no
moment is the account enabled without a password. No password is shown. The same command once more, without a fault, ends with
0 and the right state, by one undelete in all and without a second password where the first is known to be set. (After a list,
and where the first run left nothing or did everything, the second one is like any other: there it is made at every fourth
message only.)

A message that holds a result can be struck by every fault, an entry by all but those that stand in place of a result, and only
the end of a page with a cookie by a repeated one. A write that is answered with a refusal was not carried out; a write whose
answer is lost was. For the two faults that let the program wait it is given one second for each reply; no message is left out.
";

fn what(fault: Fault) -> &'static str {
    match fault {
        Fault::Close => "the connection is closed before the message",
        Fault::Reset => "the connection is reset before the message",
        Fault::CloseAfter => "the connection is closed after the message",
        Fault::Half => "half of the message, then the end",
        Fault::HalfAndStall => "half of the message, then silence",
        Fault::Stall => "silence",
        Fault::Delay => "the message comes 300 ms later",
        Fault::Garbage => "text of another protocol",
        Fault::Zeros => "octets of zero",
        Fault::HugeLength => "a message that claims two gibibytes",
        Fault::EndlessLength => "a length of eight octets, all set",
        Fault::DeepNesting => "sixty thousand nested sequences",
        Fault::UnknownOperation => "an operation that nobody knows",
        Fault::WrongMessageId => "the number of a request that was never made",
        Fault::NoMessageId => "a message without a number",
        Fault::Notice => "a notice of disconnection",
        Fault::Unsolicited => "a notification that nobody asked for",
        Fault::RepeatedCookie => "the same page with the same cookie, again and again",
        Fault::Referral => "a referral (10)",
        Fault::Busy => "busy (51)",
        Fault::Unavailable => "unavailable (52)",
        Fault::TimeLimit => "timeLimitExceeded (3)",
        Fault::AdminLimit => "adminLimitExceeded (11)",
        Fault::Other => "other (80)",
    }
}

/// The page.
pub(super) fn written(plans: &[Plan; 3], tally: &Tally) -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n| | list | restore | from the bin |\n|---|---|---|---|\n");
    let mut row = |name: &str, numbers: [usize; 3]| {
        let cells: String = numbers.iter().map(|number| format!(" {number} |")).collect();
        page.push_str(&format!("| {name} |{cells}\n"));
    };
    row("messages", plans.each_ref().map(|plan| plan.count(|_| true)));
    row("… that hold a result", plans.each_ref().map(|plan| plan.count(|seen| seen.has_result)));
    row("… with the cookie of a next page", plans.each_ref().map(|plan| plan.count(|seen| seen.has_cookie)));
    for fault in Fault::ALL {
        row(what(fault), Job::ALL.map(|job| tally.of(fault, job)));
    }
    row("**all**", Job::ALL.map(|job| tally.of_job(job)));
    page.push_str(&format!("\n{} faults struck, and all were survived.\n", tally.all()));
    page
}

/// Insists that the page in the repository is this one, or writes it.
pub(super) fn compare(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    if std::env::var_os("ADRECOVER_BLESS").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        page == committed,
        "docs/faults.md is not what was tried now, from {differs:?} on; if that is right: \
         ADRECOVER_BLESS=1 tests/run cli every_fault"
    );
}
