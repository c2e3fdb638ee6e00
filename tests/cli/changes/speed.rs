//! How long a full read takes, by hand: `cargo test --release -p adrecover --test cli -- --ignored --nocapture changes::speed`, with
//! `ADRECOVER_TEST_LAB` the folder of a lab with many objects.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

#[test]
#[ignore = "it measures: by hand, and alone on the machine"]
fn a_full_read_and_ldapsearch() {
    let Some(scene) = Scene::new() else { return };
    let (mut ours, mut theirs, mut objects) = (vec![], vec![], 0);
    for _ in 0..5 {
        theirs.push(ldapsearch(&scene));
        let began = Instant::now();
        objects = run(async {
            let mut changes = open(&scene, "ADMIN", Way::Best).await;
            let context = domain(&changes);
            let mut reading = changes.read(&context, None).await.unwrap();
            let mut objects = 0;
            while let Some(batch) = reading.next().await.unwrap() {
                objects += batch.objects.len();
            }
            objects
        });
        ours.push(began.elapsed());
    }
    eprintln!("{objects} objects: ours {ours:?}, ldapsearch {theirs:?}, resident {}", memory());
    let ratio = median(ours).as_secs_f64() / median(theirs).as_secs_f64();
    eprintln!("ratio of the medians: {ratio:.2}");
}

/// The same by DirSync, all attributes, to nowhere.
fn ldapsearch(scene: &Scene) -> Duration {
    let account = scene.lab.account("ADMIN");
    let began = Instant::now();
    let status = Command::new("ldapsearch")
        .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H", &scene.lab.server, "-D", &account.name, "-y"])
        .arg(&account.password_file)
        .args([
            "-b",
            &scene.lab.base,
            "-E",
            "!dirSync=-2147483648/0",
            "-E",
            "!1.2.840.113556.1.4.529=::MAMCAQE=",
        ])
        .arg("(objectClass=*)")
        .env("LDAPTLS_CACERT", &scene.lab.ca)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM")).collect()
}
