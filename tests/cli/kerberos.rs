//! Logging on with a Kerberos ticket: on port 389, signed and sealed, and inside TLS.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{Ldif, Run, Scene, Tap, tickets, to_base64};

/// Gets a ticket of an account of the lab.
fn ticket(scene: &Scene, who: &str, more: &[&str]) -> PathBuf {
    let cache = scene.secret_path(&format!("ticket-{who}-{}", more.len()));
    let account = scene.lab.account(who);
    assert!(tickets::get(scene.lab, &account, &cache, more), "no ticket for {}", account.name);
    cache
}

/// A run that logs on with the ticket of a cache, on port 389 of the lab.
fn with_ticket(scene: &Scene, run: Run, cache: &Path) -> Run {
    run.server(&format!("ldap://{}", scene.lab.address))
        .env_remove("ADRECOVER_USER")
        .env_remove("ADRECOVER_PASSWORD_FILE")
        .env_remove("ADRECOVER_CA")
        .env("ADRECOVER_KERBEROS", "1")
        .env("KRB5_CONFIG", scene.lab.setting("LAB_KRB5_CONF"))
        .env("KRB5CCNAME", format!("FILE:{}", cache.display()))
}

#[test]
fn a_user_is_found_and_restored_with_a_password() {
    let Some(scene) = Scene::new() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let anna = scene.user("Anna").deleted();
    let listed =
        with_ticket(&scene, scene.program(), &cache).args(["list", &scene.account("Anna"), "-o", "json"]);
    assert_eq!(listed.run().exits(0).json()["items"].as_array().unwrap().len(), 1);
    let (password, file) = scene.new_password();
    let upn = format!("{}@contoso.test", scene.account("Anna"));
    let restore = with_ticket(&scene, scene.restoring(&anna), &cache)
        .args(["--upn", &upn, "--enable", "--new-password-file"])
        .arg(&file);
    let report = restore.run().exits(0).json();
    assert_eq!(report["objects"][0]["verified"], true, "{report}");
    // The password is the one that was sealed.
    scene.hand_of(&upn, &password).get(&anna, &["cn"]);
    // Nobody was named: the directory says who it was.
    let operations = scene.program().args(["operations", "-o", "json"]).run().exits(0).json();
    assert!(operations.to_string().contains("CONTOSO\\\\Administrator"), "{operations}");
}

#[test]
fn a_value_of_five_megabytes_comes_whole() {
    let Some(scene) = Scene::new() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let user = scene.user("Photo").add();
    let photo: Vec<u8> = (0u32..5 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    scene.hand().change(&Ldif::default().replace(&user.dn, "jpegPhoto", &[&photo]));
    let show = with_ticket(&scene, scene.program(), &cache).args(["show", "--dn", &user.dn, "-o", "json"]);
    let shown = show.run().exits(0).json();
    let value = shown["attributes"]["jpegPhoto"][0].as_str().unwrap();
    assert!(value.ends_with(&to_base64(&photo)[6_000_000..]), "{} characters", value.len());
}

#[test]
fn who_may_not_look_is_named() {
    let Some(scene) = Scene::new() else { return };
    let cache = ticket(&scene, "JOE", &[]);
    let listed = with_ticket(&scene, scene.program(), &cache).args(["list", "x", "-o", "json"]);
    let out = listed.run().exits(11);
    assert!(out.error()["message"].as_str().unwrap().contains("CONTOSO\\joe"), "{out}");
}

#[test]
fn what_is_wrong_with_a_ticket_is_told_apart() {
    let Some(scene) = Scene::new() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let short = ticket(&scene, "ADMIN", &["-l", "1s"]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let none = scene.file("no-such-cache");
    let tap = Tap::new(&scene.lab.address, 4096);
    let alias = format!("ldap://localhost:{}", tap.port);
    let run = |cache: &Path| with_ticket(&scene, scene.program(), cache).args(["list", "x", "-o", "json"]);
    for (run, said, hint) in [
        (run(&none), "there is no Kerberos ticket", "kinit"),
        (run(&cache).env("ADRECOVER_USER", "nobody@contoso.test"), "there is no Kerberos ticket", "kinit"),
        (run(&short), "expired", "kinit"),
        (run(&cache).server(&alias), "knows no such service", "full DNS name"),
    ] {
        let out = run.run().exits(10);
        let error = out.error();
        assert!(error["message"].as_str().unwrap().contains(said), "it does not say {said:?}\n{out}");
        assert!(error["hint"].as_str().unwrap().contains(hint), "it does not hint at {hint:?}\n{out}");
    }
}

#[test]
fn a_group_of_twenty_thousand_comes_whole() {
    let Some(scene) = Scene::crowded() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let show = with_ticket(&scene, scene.program(), &cache).args(["show", "Crowd", "-o", "json"]);
    let shown = show.run().exits(0).json();
    let members: HashSet<&str> =
        shown["attributes"]["member"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
    assert_eq!(members.len(), 20_000);
    assert!(members.iter().all(|m| m.starts_with("CN=User") && m.ends_with(&scene.lab.base)));
}

/// Writes the key of an account of the lab to a file, as `ktpass` does.
fn keytab(scene: &Scene, who: &str) -> PathBuf {
    let (path, account) = (scene.secret_path(&format!("{who}.keytab")), scene.lab.account(who));
    let (name, realm) = account.name.rsplit_once('@').unwrap();
    let password = std::fs::read_to_string(&account.password_file).unwrap();
    let commands = format!(
        "addent -password -p {name}@{} -k 1 -e aes256-cts-hmac-sha1-96\n{}\nwkt {}\nquit\n",
        realm.to_uppercase(),
        password.trim_end(),
        path.display()
    );
    let mut ktutil = Command::new("ktutil").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    ktutil.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    assert!(ktutil.wait().unwrap().success() && path.exists(), "no keytab");
    path
}

#[test]
fn a_key_in_a_file_is_enough_for_a_script() {
    let Some(scene) = Scene::new() else { return };
    let none = scene.file("no-such-cache");
    let run = with_ticket(&scene, scene.program(), &none).env("KRB5_CLIENT_KTNAME", keytab(&scene, "ADMIN"));
    run.args(["list", "nobody is called like this"]).run().exits(4);
}

#[test]
fn a_clock_that_is_wrong_is_named() {
    let Some(scene) = Scene::new() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let library = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let library = library.map(|entry| entry.path().join("faketime/libfaketime.so.1")).find(|p| p.exists());
    let run = with_ticket(&scene, scene.program(), &cache)
        .env("LD_PRELOAD", library.expect("the package libfaketime is there"))
        .env("FAKETIME", "+20m");
    let out = run.args(["list", "x", "-o", "json"]).run().exits(10);
    let error = out.error();
    assert!(error["message"].as_str().unwrap().contains("clock"), "{out}");
    assert!(error["hint"].as_str().unwrap().contains("five minutes"), "{out}");
}

#[test]
fn answers_in_any_pieces_are_put_together() {
    let Some(scene) = Scene::new() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let whole = scene.program().args(["list", "-o", "jsonl"]).run().exits(0).stdout;
    for piece in [1, 3, 1021] {
        let tap = Tap::new(&scene.lab.address, piece);
        let run = with_ticket(&scene, scene.program(), &cache).server(&tap.url());
        let out = run.args(["list", "-o", "jsonl"]).run().exits(0);
        let count = |text: &str| text.lines().filter(|line| !line.contains(&scene.tag)).count();
        // Other tests delete meanwhile.
        assert!(count(&out.stdout) >= count(&whole), "in pieces of {piece}: {out}");
    }
}

#[test]
fn nothing_readable_is_on_the_wire() {
    let Some(scene) = Scene::new() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let anna = scene.user("Wirename").deleted();
    let (password, file) = scene.new_password();
    let tap = Tap::new(&scene.lab.address, 1 << 16);
    let restore = with_ticket(&scene, scene.restoring(&anna), &cache).server(&tap.url());
    restore.args(["--enable", "--new-password-file"]).arg(&file).run().exits(0);
    let seen = tap.seen();
    let holds = |octets: &[u8]| seen.windows(octets.len()).any(|window| window == octets);
    let account = scene.account("Wirename");
    let wide: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (what, octets) in [
        ("the name", account.as_bytes()),
        ("an attribute", b"sAMAccountName"),
        ("the password", password.as_bytes()),
        ("the password in UTF-16", &wide),
        ("the undelete", b"distinguishedName"),
    ] {
        assert!(!octets.is_empty() && !holds(octets), "{what} was readable");
    }
    // It would have been seen: this is asked before the bind, for the name of the service.
    assert!(holds(b"dnsHostName") && holds(b"GSSAPI") && seen.len() > 10_000);
}

#[test]
fn a_ticket_inside_tls() {
    let Some(scene) = Scene::with_bin() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let run = |url: String| {
        with_ticket(&scene, scene.program(), &cache).server(&url).env("ADRECOVER_CA", &scene.lab.ca)
    };
    let list = ["list", "nobody is called like this"];
    run(format!("ldaps://{}", scene.lab.address)).args(list).run().exits(4);
    run(format!("ldap://{}", scene.lab.address)).args(list).arg("--starttls").run().exits(4);
}

#[test]
fn a_server_that_refuses_it_inside_tls_is_explained() {
    let Some(scene) = Scene::new() else { return };
    let cache = ticket(&scene, "ADMIN", &[]);
    let run = with_ticket(&scene, scene.program(), &cache)
        .server(&format!("ldaps://{}", scene.lab.address))
        .env("ADRECOVER_CA", &scene.lab.ca);
    let out = run.args(["list", "x", "-o", "json"]).run().exits(10);
    assert!(out.error()["hint"].as_str().unwrap().contains("ldap://"), "{out}");
}
