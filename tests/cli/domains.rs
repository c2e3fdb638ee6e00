//! Groups of another domain of the forest, written on that domain's own domain controller. Two stand-ins of one forest: a real
//! one with two domains was not to be had, and Samba 4.17 makes none.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use adrecover_simdc::access::Caller;
use adrecover_simdc::directory::Home;
use adrecover_simdc::lab::Lab;
use adrecover_simdc::schema::schema;
use adrecover_simdc::tls::Certificates;
use adrecover_simdc::{Background, Clock, ServerOptions};
use serde_json::Value;

use crate::support::{Output, Run, Secrets, private};

const EMEA: &str = "emea.contoso.test";
const FAR: &str = "CN=Far,CN=Users,DC=emea,DC=contoso,DC=test";
const LOCAL: &str = "CN=Local,CN=Users,DC=emea,DC=contoso,DC=test";
const GLOBAL: &str = "CN=Global,CN=Users,DC=emea,DC=contoso,DC=test";
const NEAR: &str = "CN=Near,OU=OnPremises,DC=contoso,DC=test";

/// Two domain controllers of one forest: of contoso.test, with its global catalogue, and of its child.
struct Pair {
    contoso: Background,
    emea: Arc<Mutex<Option<Background>>>,
    /// What it takes to start the child's again.
    again: (Home, ServerOptions),
    folder: tempfile::TempDir,
    logon: String,
}

impl Pair {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program compares the times of the directory with its own"
    )]
    fn new() -> Self {
        static LAST: AtomicU8 = AtomicU8::new(100);
        let last = LAST.fetch_add(2, Ordering::SeqCst);
        let [high, low] = (std::process::id() as u16).to_be_bytes();
        // The program looks for the global catalogue at this address's well-known port.
        let address = |last| -> IpAddr { Ipv4Addr::new(127, 192 | high & 31, low, last).into() };
        let (here, there) = (address(last), address(last + 1));
        let mut number = 0u64;
        let random = move || {
            number += 1;
            number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        let mut lab = Lab::new(here, false, Clock::new(chrono::Utc::now), random).unwrap();
        let home = lab.directory.add_domain(EMEA, "EMEA", "dc9").unwrap();
        let kinds =
            [(FAR, "-2147483640"), (LOCAL, "-2147483644"), (GLOBAL, "-2147483646"), (NEAR, "-2147483640")];
        for (dn, kind) in kinds {
            let name = dn.split(['=', ',']).nth(1).unwrap();
            let values = [("objectClass", "group"), ("sAMAccountName", name), ("groupType", kind)];
            let values = values.map(|(name, value)| (name.to_owned(), vec![value.as_bytes().to_vec()]));
            lab.directory.add(dn, &values, &Caller::system(), true).unwrap();
        }
        let of_emea = Certificates::new(&["localhost"], there).unwrap();
        let options = |address, catalogue_tls, tls: &Certificates| {
            let (ldap, catalogue, tls) = (None, None, tls.config().unwrap());
            ServerOptions { address, ldap, ldaps: Some(0), catalogue, catalogue_tls, tls }
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("state")).unwrap();
        private(&folder.path().join("state"));
        let authorities = format!("{}{}", lab.files.certificates.ca_pem, of_emea.ca_pem);
        std::fs::write(folder.path().join("ca.pem"), authorities).unwrap();
        std::fs::write(folder.path().join("config.toml"), "").unwrap();
        std::fs::write(folder.path().join("password"), &lab.files.passwords["administrator"]).unwrap();
        private(&folder.path().join("password"));
        let logon = lab.files.logon("Administrator");
        let of_contoso = options(here, Some(3269), &lab.files.certificates);
        let contoso = Background::start(lab.directory, &of_contoso).unwrap();
        let mut of_emea = options(there, None, &of_emea);
        let emea = contoso.start_beside(home, &of_emea).unwrap();
        of_emea.ldaps = Some(emea.ldaps().unwrap().port());
        let emea = Arc::new(Mutex::new(Some(emea)));
        Self { contoso, emea, again: (home, of_emea), folder, logon }
    }

    fn url_of_emea(&self) -> String {
        format!("ldaps://{}:{}", self.again.1.address, self.again.1.ldaps.unwrap())
    }

    fn stop_emea(&self) {
        self.emea.lock().unwrap().take();
    }

    fn start_emea(&self) {
        let (home, options) = &self.again;
        *self.emea.lock().unwrap() = Some(self.contoso.start_beside(*home, options).unwrap());
    }

    fn program<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        let at = |name: &str| self.folder.path().join(name);
        Run::new(self.folder.path(), Secrets::of(vec![]))
            .env("ADRECOVER_STATE_DIR", at("state"))
            .env("ADRECOVER_CONFIG", at("config.toml"))
            .env("ADRECOVER_CA", at("ca.pem"))
            .env("ADRECOVER_USER", &self.logon)
            .env("ADRECOVER_PASSWORD_FILE", at("password"))
            .env("ADRECOVER_SERVER_OF", format!("{EMEA}={}", self.url_of_emea()))
            .server(&format!("ldaps://{}", self.contoso.ldaps().unwrap()))
            .args(arguments)
    }

    /// Restores UserA into groups.
    fn restore(&self, groups: &[&str], more: &[&str]) -> Output {
        let csv: String = groups.iter().map(|dn| format!("UserA,\"{dn}\"\n")).collect();
        let file = self.file("groups.csv");
        std::fs::write(&file, csv).unwrap();
        let source = format!("file:{}", file.display());
        let form = if more.contains(&"table") { "table" } else { "json" };
        let more = more.iter().filter(|word| **word != "table");
        self.program(["restore", "UserA", "--groups-from", &source, "-o", form]).args(more).run()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How many members a group has, of whichever domain.
    fn members(&self, group: &str) -> usize {
        let directory = self.contoso.directory();
        let id = directory.store.resolve(&group.parse().unwrap()).unwrap();
        directory.store.links.targets(id, schema().find("member").unwrap().id).count()
    }
}

/// The steps of a name.
fn steps<'o>(object: &'o Value, name: &str) -> Vec<&'o Value> {
    object["steps"].as_array().unwrap().iter().filter(|step| step["step"] == name).collect()
}

fn message(step: &Value) -> &str {
    step["message"].as_str().unwrap_or_else(|| panic!("{step}"))
}

#[test]
fn universal_and_domain_local_groups_take_it_and_undo_takes_it_back() {
    let pair = Pair::new();
    let shown = pair.restore(&[FAR, LOCAL, NEAR], &["--dry-run", "table"]).exits(0);
    shown.says(&format!("add it to {FAR}, in the domain {EMEA}"));
    assert_eq!(pair.members(FAR), 0);

    let out = pair.restore(&[FAR, LOCAL, NEAR], &["--yes"]).exits(0);
    let object = out.object();
    let added = steps(&object, "addToGroup");
    assert_eq!(added.len(), 3, "{out}");
    let domains: Vec<_> = added.iter().map(|step| step["domain"].as_str()).collect();
    assert_eq!(domains, [Some(EMEA), Some(EMEA), None], "{out}");
    assert!(added.iter().all(|step| step["status"] == "done"), "{out}");
    assert_eq!(object["verified"], true, "{out}");
    assert_eq!([FAR, LOCAL, NEAR].map(|group| pair.members(group)), [1, 1, 1]);

    // Again: the child's domain controller says that nothing is missing.
    let again = pair.restore(&[FAR, LOCAL, NEAR], &["--yes"]).exits(0);
    assert_eq!(again.object()["outcome"], "alreadyRestored", "{again}");

    let operation = out.json()["operation"].as_str().unwrap().to_owned();
    let undone = pair.program(["undo", &operation, "--yes", "-o", "json"]).run().exits(0);
    assert_eq!(steps(&undone.object(), "removeFromGroup").len(), 3, "{undone}");
    assert_eq!(undone.object()["verified"], true, "{undone}");
    assert_eq!([FAR, LOCAL, NEAR].map(|group| pair.members(group)), [0, 0, 0]);
}

#[test]
fn what_the_other_domain_does_not_take_is_told() {
    let pair = Pair::new();
    let protected = "CN=Administrators,CN=Builtin,DC=emea,DC=contoso,DC=test";
    let cases = [
        (GLOBAL, "is a global group of another domain, emea.contoso.test"),
        (protected, "is a protected group of the domain emea.contoso.test"),
        ("CN=None,CN=Users,DC=emea,DC=contoso,DC=test", "does not show a live group of that name"),
        ("CN=Users,DC=emea,DC=contoso,DC=test", "does not show a live group of that name"),
        ("CN=Other,DC=fabrikam,DC=test", "is none of this forest"),
    ];
    let out = pair.restore(&cases.map(|(dn, _)| dn), &["--yes"]).exits(3);
    let object = out.object();
    let manual = steps(&object, "manual");
    assert_eq!(manual.len(), cases.len(), "{out}");
    for ((_, said), step) in cases.iter().zip(manual) {
        assert!(message(step).contains(said), "{said}\n{out}");
    }
    assert_eq!((object["outcome"].as_str(), pair.members(protected)), (Some("partial"), 0), "{out}");

    let out = pair.restore(&[protected], &["--yes", "--allow-privileged"]).exits(0);
    assert_eq!((out.object()["verified"].as_bool(), pair.members(protected)), (Some(true), 1), "{out}");
}

#[test]
fn a_domain_that_is_down_leaves_a_step_by_hand_and_stops_nothing() {
    let pair = Pair::new();
    pair.stop_emea();
    let groups = [FAR, NEAR];
    for (more, code) in [(["--dry-run"], 0), (["--yes"], 3)] {
        let out = pair.restore(&groups, &more).exits(code);
        let object = out.object();
        let manual = steps(&object, "manual");
        let said = message(manual[0]);
        assert!(said.contains("emea.contoso.test, which could not be asked"), "{out}");
        // Why, and where.
        assert!(said.contains(&pair.url_of_emea()), "{out}");
    }
    assert_eq!((pair.members(FAR), pair.members(NEAR)), (0, 1));
    pair.start_emea();
    let out = pair.restore(&groups, &["--yes"]).exits(0);
    assert_eq!((steps(&out.object(), "addToGroup").len(), pair.members(FAR)), (2, 1), "{out}");
}

#[test]
fn a_domain_that_breaks_down_meanwhile_is_finished_by_resuming() {
    let pair = Pair::new();
    // The plan is made, and the first write to the one domain takes the other one down.
    let emea = Arc::clone(&pair.emea);
    pair.contoso.observe(move |_| drop(emea.lock().unwrap().take()));
    let out = pair.restore(&[FAR, NEAR], &["--yes"]).exits(3);
    let object = out.object();
    let added = steps(&object, "addToGroup");
    assert_eq!(
        [&added[0], &added[1]].map(|step| step["status"].as_str().unwrap()),
        ["failed", "done"],
        "{out}"
    );
    assert_eq!((object["verified"].as_bool(), pair.members(NEAR)), (Some(false), 1), "{out}");
    let operation = out.json()["operation"].as_str().unwrap().to_owned();
    let next = object["next"].to_string();
    assert!(next.contains(&format!("adrecover operations --resume {operation}")), "{out}");

    pair.contoso.observe(|_| {});
    // Still down: it is told again, and nothing else happens.
    let resume = || pair.program(["operations", "--resume", &operation, "--yes", "-o", "json"]).run();
    assert_eq!(steps(&resume().exits(3).object(), "addToGroup")[0]["status"], "failed");
    pair.start_emea();
    let out = resume().exits(0);
    assert_eq!((out.object()["verified"].as_bool(), pair.members(FAR)), (Some(true), 1), "{out}");
}

#[test]
fn an_object_that_the_other_domain_does_not_know_yet_is_waited_for() {
    let pair = Pair::new();
    pair.contoso.directory().untold = 1;
    pair.restore(&[FAR], &["--yes"]).exits(0).says("does not know UserA yet: waiting");
    assert_eq!(pair.members(FAR), 1);
    // Not for ever.
    pair.contoso.directory().untold = 1_000;
    let out = pair.restore(&[LOCAL], &["--yes"]).exits(10);
    let object = out.object();
    let added = steps(&object, "addToGroup");
    assert!(message(added[0]).contains("does not know CN=UserA") && added[0]["status"] == "failed", "{out}");
    pair.contoso.directory().untold = 0;
    // The same command goes on with what was not finished.
    pair.restore(&[LOCAL], &["--yes"]).exits(0);
    assert_eq!(pair.members(LOCAL), 1);
}

#[test]
fn a_saved_plan_names_the_domain_and_one_from_before_still_counts() {
    let pair = Pair::new();
    let plan = pair.file("plan.json");
    let plan_out = plan.to_str().unwrap().to_owned();
    let saved = |groups: &[&str]| -> Value {
        let _ = std::fs::remove_file(&plan);
        pair.restore(groups, &["--dry-run", "--plan-out", &plan_out]).exits(0);
        serde_json::from_str(&std::fs::read_to_string(&plan).unwrap()).unwrap()
    };
    // A group of the domain itself leaves no trace of the field: this is what a plan looked like before.
    let text = saved(&[NEAR])["objects"][0]["steps"].to_string();
    assert!(text.contains("addToGroup") && !text.contains("\"domain\""), "{text}");
    pair.program(["apply", &plan_out, "--yes", "-o", "json"]).run().exits(0);
    assert_eq!(pair.members(NEAR), 1);

    let with = saved(&[FAR]);
    let steps = with["objects"][0]["steps"].as_array().unwrap().clone();
    let step = steps.iter().find(|step| step["action"]["step"] == "addToGroup").unwrap();
    assert_eq!(step["action"]["domain"], EMEA, "{step}");
    pair.program(["apply", &plan_out, "--yes", "-o", "json"]).run().exits(0);
    assert_eq!(pair.members(FAR), 1);
}

#[test]
fn only_a_server_of_that_domain_is_written_to() {
    let pair = Pair::new();
    let contoso = format!("ldaps://{}", pair.contoso.ldaps().unwrap());
    let named = |of: &str| pair.restore(&[FAR], &["--yes", "--server-of", of]);
    let out = named(&format!("{EMEA}={contoso}")).exits(3);
    assert!(message(steps(&out.object(), "manual")[0]).contains("holds DC=contoso,DC=test"), "{out}");
    named("emea.contoso.test").exits(2).says("--server-of");
    // By its DN the account is known in its own domain only.
    let administrator = "CN=Administrator,CN=Users,DC=contoso,DC=test";
    let out = pair.restore(&[FAR], &["--yes", "--user", administrator]).exits(3);
    assert!(message(steps(&out.object(), "manual")[0]).contains("log on with its UPN"), "{out}");
    assert_eq!(pair.members(FAR), 0);
}
