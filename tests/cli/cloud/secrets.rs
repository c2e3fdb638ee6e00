//! The secret, the tokens and the assertion are in nothing that the program prints or writes.

use std::path::PathBuf;

use adrecover_hybrid::graph::fake::{Fault, SECRET};
use serde_json::json;

use super::*;
use crate::support::graph::CONFIDENTIAL;
use crate::support::{Object, Output, Scene, files_below, private};

const PEM: &[u8] = include_bytes!("../../../crates/hybrid/src/graph/tests/app.pem");
const WAYS: [&str; 3] =
    ["ADRECOVER_CLIENT_SECRET_FILE", "ADRECOVER_CLIENT_SECRET", "ADRECOVER_CLIENT_CERTIFICATE"];

struct Watched {
    scene: Scene,
    tenant: Tenant,
    lost: Object,
    upn: String,
}

impl Watched {
    /// A deleted user here and in the cloud. `Run` looks for what is confidential in both outputs of each run, and the scene in all
    /// files when it ends.
    fn new() -> Option<Self> {
        let scene = Scene::new()?;
        CONFIDENTIAL.iter().for_each(|part| scene.keep_secret(part));
        let pem = std::str::from_utf8(PEM).unwrap();
        scene.keep_secret(pem.lines().rev().nth(5).unwrap());
        let tenant = Tenant::new();
        tenant.fake().trust(PEM);
        let lost = scene.user("Secret").deleted();
        let upn = format!("{}@contoso.test", scene.account("Secret").to_lowercase());
        let anchor = lost.guid.parse::<adrecover_core::ObjectGuid>().unwrap().source_anchor();
        let user = cloud_user(
            &upn,
            json!({ "onPremisesImmutableId": anchor, "onPremisesSamAccountName": lost.sam }),
        );
        tenant.state().add_user(ANNA.parse().unwrap(), user);
        tenant.state().delete_user(ANNA.parse().unwrap(), "2026-11-21T08:00:00Z");
        Some(Self { scene, tenant, lost, upn })
    }

    /// Signed in one way.
    fn run(&self, way: &str, command: &[&str], form: &[&str]) -> Output {
        let run = self.tenant.with_secret(self.scene.program(), &self.scene.secret_path(""));
        let certificate = self.scene.secret_path("app.pem");
        std::fs::write(&certificate, PEM).unwrap();
        private(&certificate);
        let run = match way {
            "ADRECOVER_CLIENT_SECRET" => run.env_remove(WAYS[0]).env(way, SECRET),
            "ADRECOVER_CLIENT_CERTIFICATE" => run.env_remove(WAYS[0]).env(way, &certificate),
            _ => run,
        };
        let out = run.args(command).args(form).run();
        // None of them is written over.
        for file in self.written().into_iter().filter(|file| file.exists()) {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(!CONFIDENTIAL.iter().any(|part| text.contains(part)), "{}\n{out}", file.display());
            std::fs::remove_file(file).unwrap();
        }
        out
    }

    fn written(&self) -> [PathBuf; 4] {
        ["plan.json", "page.html", "script.ps1", "report.html"].map(|name| self.scene.file(name))
    }
}

#[test]
fn nothing_that_is_printed_or_written_holds_a_secret() {
    let Some(watched) = Watched::new() else { return };
    let (guid, upn) = (watched.lost.guid.as_str(), watched.upn.as_str());
    let files = watched.written();
    let [plan, page, script, report] = files.each_ref().map(|file| file.to_str().unwrap());
    let smtp = format!("proxyAddresses=SMTP:{upn}");
    let graph = ["--cloud", "graph"];
    let restore = ["restore", "--guid", guid, "--upn", upn, "--set", &smtp];
    let commands: [(Vec<&str>, &[i32]); 7] = [
        (vec!["cloud", "show", upn], &[0]),
        (vec!["cloud", "conflicts", upn], &[0]),
        (
            [&["guide", upn, "--mailbox", "none", "--html", page, "--script", script], &graph[..]].concat(),
            &[0],
        ),
        ([&["preflight", "--guid", guid, "--html", report], &graph[..]].concat(), &[3, 6]),
        ([&restore[..], &["--dry-run", "--plan-out", plan], &graph].concat(), &[0]),
        ([&restore[..], &["--yes"], &graph].concat(), &[0]),
        (vec!["operations"], &[0]),
    ];
    let broken = Fault::Body(b"{\"access_token\":\"fake.token.9\",".to_vec());
    for way in WAYS {
        for (command, codes) in &commands {
            for form in [&["-vvv"][..], &["-vvv", "-o", "json"]] {
                let out = watched.run(way, command, form);
                assert!(codes.contains(&out.code.unwrap()), "{way}\n{out}");
            }
        }
        for fault in [Fault::Echo, Fault::Unauthorised, broken.clone()] {
            for (command, _) in [&commands[0], &commands[4]] {
                let many = vec![fault.clone(); 4];
                watched.tenant.state().login_faults = many.clone().into();
                watched.run(way, command, &["-vvv"]);
                watched.tenant.state().login_faults.clear();
                watched.tenant.state().faults = many.into();
                watched.run(way, command, &["-vvv", "-o", "json"]);
                watched.tenant.state().faults.clear();
            }
        }
    }
    let add = ["profile", "add", "contoso", "--client-secret-file", "secrets/app.secret"];
    watched.run(WAYS[0], &add, &[]).exits(0);
    let config = std::fs::read_to_string(watched.scene.secret_path("../config.toml")).unwrap();
    assert!(
        config.contains("app.secret") && !CONFIDENTIAL.iter().any(|part| config.contains(part)),
        "{config}"
    );
    assert!(!watched.scene.hand().is_deleted(&watched.lost), "the restore was carried out");
    assert!(!files_below(&watched.scene.state()).is_empty(), "there is a journal to be looked at");
}
