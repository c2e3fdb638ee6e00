//! Whether an object is in the scope of the synchronisation. What reads files only needs no lab.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Output, Run, Scene, Secrets};

/// What an export holds and nobody needs.
const COOKIE: &str = "TVNEUwMAAABz3cr3tc00kie";

/// A connector of an exported configuration, each name on a line of its own.
fn connector(base: &str, inclusions: &[&str], exclusions: &[&str]) -> String {
    let list = |tag: &str, names: &[&str]| {
        names.iter().map(|n| format!("<{tag}>{n},{base}</{tag}>\n").replace(">,", ">")).collect::<String>()
    };
    format!(
        "<ma-data>\n<id>{{5E2F0A31-7B1D-4C3E-9F60-0A1B2C3D4E5F}}</id>\n<name>forest</name>\n<category>AD</category>\n\
         <ma-partition-data><partition>\n<name>{base}</name>\n<selected>1</selected>\n<filter><object-classes>\
         <object-class>user</object-class></object-classes>\n<containers><exclusions>\n{}</exclusions><inclusions>\n{}</inclusions>\
         </containers></filter><custom-data><cookie>{COOKIE}</cookie></custom-data></partition></ma-partition-data></ma-data>\n",
        list("exclusion", exclusions),
        list("inclusion", inclusions),
    )
}

/// The rule that everybody has: what is marked is not synchronised.
fn no_sync() -> String {
    "<synchronizationRule>\n<name>In from AD - NoSync</name>\n<direction>Inbound</direction>\n\
     <connector>{5e2f0a31-7b1d-4c3e-9f60-0a1b2c3d4e5f}</connector>\n<sourceObjectType>user</sourceObjectType>\n\
     <targetObjectType>person</targetObjectType>\n<precedence>90</precedence>\n<attribute-mappings><mapping>\
     <dest>cloudFiltered</dest><src>True</src></mapping></attribute-mappings>\n<synchronizationCriteria><conditions><scope>\
     <csAttribute>info</csAttribute><csOperator>EQUAL</csOperator><csValue>NoSync</csValue></scope></conditions>\
     </synchronizationCriteria>\n</synchronizationRule>\n"
        .into()
}

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn contoso(&self) -> PathBuf {
        self.file("contoso.xml", connector("DC=contoso,DC=com", &["OU=CORP"], &[""]))
    }

    /// Asks about names; nothing but the files is there.
    fn ask(&self, configurations: &[&Path], arguments: &[&str]) -> Output {
        let run = Run::new(self.folder.path(), Secrets::of(vec![COOKIE.into()])).arg("scope").args(arguments);
        configurations.iter().fold(run, |run, path| run.arg("--sync-config").arg(path)).run()
    }
}

fn results(out: &Output) -> Vec<Value> {
    out.json()["results"].as_array().unwrap().clone()
}

#[test]
fn the_verdict_and_the_line_that_says_so() {
    let desk = Desk::new();
    let file = desk.contoso();
    let out = desk.ask(&[&file], &["CN=Anna,OU=New,OU=CORP,DC=contoso,DC=com", "-o", "json"]).exits(0);
    let result = &results(&out)[0];
    assert_eq!((&result["inScope"], &result["reason"]), (&json!(true), &json!("includedBy")));
    let because = &result["because"];
    assert_eq!((&because["source"], &because["line"]), (&json!("contoso.xml"), &json!(12)));
    assert_eq!(because["value"], "OU=CORP,DC=contoso,DC=com");
    let line = std::fs::read_to_string(&file).unwrap().lines().nth(11).unwrap().to_owned();
    assert!(line.contains("OU=CORP"), "{line}");
    let people = desk.ask(&[&file], &["CN=Anna,OU=XCORP,DC=contoso,DC=com"]).exits(6);
    people
        .says("out      CN=Anna,OU=XCORP,DC=contoso,DC=com\n")
        .says("excluded by DC=contoso,DC=com  (contoso.xml:10)");
}

#[test]
fn one_that_is_out_decides_over_one_that_cannot_be_told() {
    let desk = Desk::new();
    desk.file("export/Connectors/c.xml", connector("DC=contoso,DC=com", &["OU=CORP"], &[""]));
    desk.file("export/SynchronizationRules/r.xml", no_sync());
    let export = desk.folder.path().join("export");
    let (anna, out_of) = ("CN=Anna,OU=CORP,DC=contoso,DC=com", "CN=Joe,CN=Users,DC=contoso,DC=com");
    let unknown = desk.ask(&[&export], &[anna, "-o", "json"]).exits(3);
    let result = &results(&unknown)[0];
    assert_eq!((&result["inScope"], &result["reason"]), (&Value::Null, &json!("unknown")));
    assert_eq!(result["because"]["value"], "In from AD - NoSync");
    assert!(result["detail"].as_str().unwrap().contains("info"), "{unknown}");
    desk.ask(&[&export], &["OU=CORP,DC=contoso,DC=com"]).exits(0);
    let both = desk.ask(&[&export], &[anna, out_of, "-o", "jsonl"]).exits(6);
    assert_eq!(both.json_lines().len(), 2);
    let csv = desk.ask(&[&export], &[anna, out_of, "-o", "csv"]).exits(6);
    assert!(csv.stdout.starts_with("dn,inScope,reason,source,path,line,value,detail\n"), "{csv}");
    assert_eq!(csv.stdout.lines().count(), 3);
}

#[test]
fn several_forests_and_a_name_in_none() {
    let desk = Desk::new();
    let fabrikam = connector("DC=fabrikam,DC=com", &["OU=CORP"], &[""]).replace("5E2F0A31", "00000000");
    let fabrikam = desk.file("fabrikam.xml", fabrikam);
    let contoso = desk.contoso();
    let anna = "CN=Anna,OU=CORP,DC=fabrikam,DC=com";
    let out = desk.ask(&[&contoso], &[anna, "-o", "json"]).exits(6);
    let result = &results(&out)[0];
    assert_eq!((&result["reason"], &result["because"]), (&json!("noPartition"), &Value::Null));
    assert!(result["detail"].as_str().unwrap().contains("fabrikam.com"), "{out}");
    desk.ask(&[&contoso, &fabrikam], &[anna]).exits(0).says("fabrikam.xml:12");
}

#[test]
fn bad_files_say_what_to_do() {
    let desk = Desk::new();
    let good = connector("DC=contoso,DC=com", &["OU=CORP"], &[""]);
    let contoso = desk.contoso();
    let anna = "CN=Anna,OU=CORP,DC=contoso,DC=com";
    let depth = "[{\"Name\":\"contoso.com\",\"Type\":\"AD\",\"Identifier\":\"1\",\"Partitions\":[\"DC=contoso,DC=com\"]}]";
    desk.file("empty/readme.txt", "nothing here");
    let cases = [
        (desk.file("cut.xml", &good[..good.len() / 2]), "ends in the middle", "export it again"),
        (
            desk.file("users.json", "{\"value\":[]}"),
            "this JSON is no synchronisation configuration",
            "Get-ADSyncConnector",
        ),
        (desk.file("depth.json", depth), "`Partitions` was cut off", "-Depth 6"),
        (desk.file("octets", b"\xff\x01\xff"), "neither UTF-8 nor UTF-16", "export it again"),
        (
            desk.folder.path().join("empty"),
            "no synchronisation configuration in it",
            "Get-ADSyncServerConfiguration",
        ),
    ];
    for (path, message, hint) in cases {
        let error = desk.ask(&[&path], &[anna, "-o", "json"]).exits(12).error();
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
        assert!(error["hint"].as_str().unwrap().contains(hint), "{error}");
        assert_eq!(error["kind"], "badInput");
    }
    let other = desk.file("other.xml", connector("DC=contoso,DC=com", &["OU=CORP", "OU=More"], &[""]));
    let error = desk.ask(&[&contoso, &other], &[anna, "-o", "json"]).exits(12).error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("contoso.xml") && message.contains("other.xml"), "{error}");
    desk.ask(&[&desk.folder.path().join("none")], &[anna, "-o", "json"]).exits(2).error();
}

#[test]
fn wrong_usage() {
    let desk = Desk::new();
    let file = desk.contoso();
    for arguments in [&["Anna"] as &[&str], &[""], &[], &["CN=a,DC=x", "--tree"], &["--tree", "--names-only"]]
    {
        desk.ask(&[&file], arguments).exits(2);
    }
    if !cfg!(windows) {
        desk.ask(&[], &["CN=Anna,DC=contoso,DC=com"]).exits(2).says("--sync-config");
    }
}

#[test]
fn the_sample_of_a_real_server() {
    let given = std::env::var_os("ADRECOVER_SAMPLES").filter(|v| !v.is_empty());
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let sample = given.map_or(usual, PathBuf::from).join("aadconnect-sample");
    if !sample.is_dir() {
        let is_ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty());
        assert!(!is_ci, "ADRECOVER_SAMPLES does not name the folder of aadconnect-sample");
        eprintln!("skipped: no aadconnect-sample in the folder of ADRECOVER_SAMPLES");
        return;
    }
    let desk = Desk::new();
    let names = ["OU=CORP,DC=contoso,DC=com", "OU=New,OU=CORP,DC=contoso,DC=com"];
    desk.ask(&[&sample], &names).exits(0).says("(Connector_{ae4db4cc-b16b-4eb2-acf5-837ca84e4d7d}.xml:14)");
    for name in
        ["CN=Users,DC=contoso,DC=com", "CN=LostAndFound,DC=contoso,DC=com", "OU=XCORP,DC=contoso,DC=com"]
    {
        desk.ask(&[&sample], &[name]).exits(6).says("excluded by DC=contoso,DC=com");
    }
    desk.ask(&[&sample], &["CN=a,DC=fabrikam,DC=com"]).exits(6).says("in no partition");
}

#[test]
fn objects_of_the_directory_are_judged_by_their_attributes() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Synced").add();
    let marked = scene.user("Marked").with("info", "NoSync").add();
    let hidden = scene.user("Hidden").with("adminDescription", "User_hidden").add();
    let base = &scene.lab.base;
    let files = scene.file("export");
    std::fs::create_dir(&files).unwrap();
    let ou = scene.ou().strip_suffix(&format!(",{base}")).unwrap();
    std::fs::write(files.join("c.xml"), connector(base, &[ou], &[""])).unwrap();
    std::fs::write(files.join("r.xml"), no_sync()).unwrap();
    let run = |arguments: &[&str]| {
        let run = scene.program().args(["scope", "-o", "json"]).args(arguments);
        results(&run.arg("--sync-config").arg(&files).run())
    };
    let [is, no, not] = run(&[&user.dn, &marked.dn, &hidden.dn]).try_into().unwrap();
    assert_eq!((&is["inScope"], &is["reason"]), (&json!(true), &json!("includedBy")), "{is}");
    assert_eq!(no["because"]["value"], "In from AD - NoSync", "{no}");
    assert_eq!((&not["inScope"], &not["reason"]), (&json!(false), &json!("filteredByRule")), "{not}");
    assert!(not["detail"].as_str().unwrap().contains("adminDescription"), "{not}");
    // One that is not there yet is judged by its name, as all are with --names-only.
    let absent = format!("CN=Nobody,{}", scene.ou());
    assert_eq!(run(&[&absent])[0]["reason"], "unknown");
    assert_eq!(run(&[&user.dn, "--names-only"])[0]["reason"], "unknown");
}

#[test]
fn the_tree_of_the_directory_has_its_marks() {
    let Some(scene) = Scene::new() else { return };
    let base = &scene.lab.base;
    let ou = scene.ou().strip_suffix(&format!(",{base}")).unwrap().to_owned();
    let file = scene.file_with("c.xml", connector(base, &[&ou, "OU=Renamed"], &[""]));
    let run = |arguments: &[&str]| {
        scene.program().args(["scope", "--tree"]).args(arguments).arg("--sync-config").arg(&file).run()
    };
    let out = run(&["-o", "json"]).exits(0);
    let rows = results(&out);
    let of = |dn: &str| {
        let found = rows.iter().find(|r| r["dn"].as_str().unwrap().eq_ignore_ascii_case(dn));
        found.unwrap_or_else(|| panic!("no {dn}\n{out}")).clone()
    };
    assert_eq!(of(scene.ou())["inScope"], true);
    assert_eq!(of(&scene.lab.home)["reason"], "excludedBy");
    assert_eq!(of(&format!("CN=Users,{base}"))["inScope"], false);
    assert!(!rows.iter().any(|r| r["dn"].as_str().unwrap().contains("CN=Policies,CN=System")));
    assert_eq!(rows[0]["dn"].as_str().unwrap(), base);
    let people = run(&[]).exits(0).says("OU=Renamed").says("not in the directory");
    let line = people.stdout.lines().find(|l| l.contains(&scene.tag)).unwrap();
    assert!(line.starts_with("in ") && line.contains("c.xml:"), "{people}");
}
