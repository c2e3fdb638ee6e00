//! A user restored with everything that a restore can do, while a fault strikes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adrecover_core::metadata::{IS_DELETED, UNICODE_PWD};
use adrecover_engine::{Journal, OperationState};
use adrecover_simdc::Directory;
use adrecover_simdc::fault::Strike;
use adrecover_simdc::schema::known;
use serde_json::Value;

use super::cases::{Job, Plan};
use super::stand::{OLD_PASSWORD, Stand, Target};
use crate::faults::victim::{Shown, Victim};
use crate::support::{Output, Run};

/// Another one than before, so that there is something to set where the Recycle Bin keeps the old one.
const UPN: &str = "vera.victim@contoso.test";

struct Scene<'s> {
    stand: &'s Stand,
    job: Job,
    target: Target,
    victim: Victim,
    exposed: Arc<AtomicBool>,
}

impl<'s> Scene<'s> {
    fn new(stand: &'s Stand, job: Job) -> Self {
        let target = stand.renew(job);
        let exposed = Arc::new(AtomicBool::new(false));
        let (seen, watched) = (Arc::clone(&exposed), target.clone());
        stand.server.observe(move |directory| {
            if is_exposed(directory, &watched) {
                seen.store(true, Ordering::SeqCst);
            }
        });
        let victim = Victim {
            guid: target.guid.to_string(),
            account: "vera".to_owned(),
            dn: target.dn.clone(),
            upn: UPN.to_owned(),
            groups: target.groups.clone(),
            state: stand.state(),
            passwords: shown(&stand.server.directory(), &target).passwords,
            keeps_password: job.has_bin(),
        };
        Self { stand, job, target, victim, exposed }
    }

    fn restore(&self, passwords: &Path) -> Run {
        let rows = self.target.groups.iter().map(|group| format!("{},\"{group}\"\n", self.target.guid));
        let groups = self.stand.file("groups.csv");
        std::fs::write(&groups, rows.collect::<String>()).unwrap();
        let guid = self.target.guid.to_string();
        let arguments = ["restore", "-o", "json", "--yes", "--guid", &guid, "--upn", UPN, "--enable"];
        let generate = format!("--generate-password={}", passwords.display());
        let groups = format!("file:{}", groups.display());
        self.stand.program().args(arguments).args([&generate, "--groups-from", &groups])
    }

    fn shown(&self) -> Shown {
        assert!(!self.exposed.load(Ordering::SeqCst), "it was enabled without a password");
        shown(&self.stand.server.directory(), &self.target)
    }

    /// It is back, as the report says.
    #[track_caller]
    fn is_done(&self, output: &Output) {
        let shown = self.shown();
        self.victim.is_truly(&shown, &output.object());
        self.victim.is_back(&shown, true);
    }

    /// Every operation in the journal is at its end, and what is not whole was told to be so.
    #[track_caller]
    fn journal_fits(&self, reports: &[&Value]) {
        let journal = Journal::open(self.stand.state().join("operations.db")).unwrap();
        for summary in journal.list(usize::MAX).unwrap() {
            let id = summary.id.to_string();
            let is_told = reports.iter().any(|report| report["operation"] == id.as_str());
            let is_over = matches!(summary.state, OperationState::Partial | OperationState::Failed);
            let fits = summary.state == OperationState::Done || (is_over && is_told);
            assert!(!summary.running && fits, "{:?}", journal.load(&id));
        }
    }

    /// What a report says is so. The Recycle Bin keeps memberships: that such a step was not reached is true, and changes nothing.
    #[track_caller]
    fn is_truly(&self, before: &Shown, shown: &Shown, mut report: Value) {
        let kept = |step: &Value| {
            let is_kept = before.groups.iter().any(|group| step["group"] == group.as_str());
            step["step"] == "addToGroup" && step["status"] == "skipped" && is_kept
        };
        report["steps"].as_array_mut().unwrap().retain(|step| !kept(step));
        self.victim.is_truly(shown, &report);
    }

    fn has_begun_nothing(&self) -> bool {
        let path = self.stand.state().join("operations.db");
        !path.exists() || Journal::open(path).unwrap().list(usize::MAX).unwrap().is_empty()
    }

    #[track_caller]
    fn opens_if_done(&self, output: &Output) {
        if output.code == Some(0) {
            self.opens(&[output]);
        }
    }

    /// The password that was generated last opens it, and no other does.
    #[track_caller]
    fn opens(&self, outputs: &[&Output]) {
        let text = |name| std::fs::read_to_string(self.stand.file(name)).ok();
        let passwords = text("second.csv").or_else(|| text("first.csv")).unwrap();
        let row = passwords.lines().rfind(|line| line.starts_with(&self.victim.guid)).unwrap();
        let password = row.rsplit(',').next().unwrap().trim_matches('"');
        let directory = self.stand.server.directory();
        let object = directory.store.get(directory.store.by_guid(self.target.guid).unwrap()).unwrap();
        assert!(object.has_password(password) && !object.has_password(OLD_PASSWORD));
        for output in outputs {
            assert!(!output.stdout.contains(password) && !output.stderr.contains(password), "{output}");
        }
    }
}

fn is_exposed(directory: &Directory, target: &Target) -> bool {
    let object = directory.store.by_guid(target.guid).and_then(|id| directory.store.get(id)).unwrap();
    let uac = object.attributes.integer(known().user_account_control).unwrap_or_default();
    object.is_live() && uac & 2 == 0 && object.password.is_none()
}

/// What is in the directory, read without the help of its own rules.
fn shown(directory: &Directory, target: &Target) -> Shown {
    let id = directory.store.by_guid(target.guid).unwrap();
    let object = directory.store.get(id).unwrap();
    let known = known();
    let groups =
        directory.store.links.sources(id, known.member).map(|group| directory.store.dn(group).to_string());
    let mut groups: Vec<String> = groups.collect();
    groups.sort();
    let uac = object.attributes.integer(known.user_account_control).unwrap_or_default();
    Shown {
        dn: directory.store.dn(id).to_string(),
        live: object.is_live(),
        enabled: uac & 2 == 0,
        upn: object.attributes.text(known.user_principal_name).unwrap_or_default().to_owned(),
        // The Recycle Bin keeps them while the object is deleted.
        groups,
        deletions: object.version(IS_DELETED),
        passwords: object.version(UNICODE_PWD),
    }
}

/// Restores without a fault. It lists nothing.
pub(super) fn undisturbed(stand: &Stand, job: Job) -> Vec<String> {
    let scene = Scene::new(stand, job);
    stand.server.faults().watch();
    let output = stand.run(scene.restore(&stand.file("first.csv"))).exits(0);
    scene.is_done(&output);
    scene.victim.has_nothing_open();
    scene.opens(&[&output]);
    vec![]
}

/// Whether the fault struck.
pub(super) fn play(stand: &Stand, plan: &Plan, strike: Strike) -> bool {
    let scene = Scene::new(stand, plan.job);
    let before = scene.shown();
    stand.server.faults().arm(Some(strike));
    let [file, second_file] = ["first.csv", "second.csv"].map(|name| stand.file(name));
    let first = stand.run(scene.restore(&file).env("ADRECOVER_TIMEOUT", super::patience(strike)));
    let struck = stand.server.faults().struck();
    stand.server.faults().arm(None);
    let between = scene.shown();
    let report = first.json();
    // Whether the second run finds what it finds without any fault: nothing done, or all of it.
    let is_plain = first.code == Some(0) || (between == before && scene.has_begun_nothing());
    if first.code == Some(0) {
        scene.is_done(&first);
        scene.victim.has_nothing_open();
    } else if report["objects"].is_array() {
        scene.is_truly(&before, &between, first.object());
        says_why(&first);
    } else {
        assert!(first.error()["message"].as_str().is_some_and(|message| !message.is_empty()), "{first}");
        assert_eq!(between, before, "changed, and not said: {first}");
    }

    if is_plain && !strike.at.is_multiple_of(super::SECONDS) {
        scene.opens_if_done(&first);
        stand.keeps_secrets();
        return struck;
    }
    let second = stand.run(scene.restore(&second_file)).exits(0);
    scene.is_done(&second);
    scene.journal_fits(&[&report, &second.json()]);
    scene.opens(&[&first, &second]);
    stand.keeps_secrets();
    let is_set = |step: &Value| step["step"] == "setPassword" && step["status"] == "done";
    let was_set = report["objects"][0]["steps"].as_array().is_some_and(|steps| steps.iter().any(is_set));
    let again = scene.shown().passwords - between.passwords;
    assert!(!was_set || again == 0, "a second password without need:\n{first}\n{second}");
    assert_eq!(plan.job, scene.job);
    struck
}

/// What is not done has a reason.
#[track_caller]
fn says_why(output: &Output) {
    let object = output.object();
    let steps = object["steps"].as_array().unwrap();
    let reasons =
        steps.iter().filter(|step| step["status"] == "failed" && step["message"].is_string()).count();
    let blocked = object["blockedBy"].as_array().is_some_and(|blocks| !blocks.is_empty());
    assert!(reasons > 0 || blocked || !output.stderr.is_empty(), "no reason: {output}");
}
