//! What keeps the program from talking to a server is told apart, with the next step: 10.

use std::net::TcpListener;

use crate::support::{Account, Ldif, Output, PASSWORD, Proxy, Run, Scene};

fn listing(scene: &Scene) -> Run {
    scene.program().args(["list", "-o", "json", "nobody is called like this", "--timeout", "20"])
}

/// Insists on an error of the connection with a hint.
fn unreachable(out: Output, said: &str) {
    let out = out.exits(10);
    let error = out.error();
    assert_eq!(error["kind"], "unreachable", "{out}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(said), "it does not say {said:?}\n{out}");
    assert!(error["hint"].as_str().is_some_and(|h| !h.is_empty()), "no hint\n{out}");
}

#[test]
fn a_name_that_does_not_resolve() {
    let Some(scene) = Scene::new() else { return };
    unreachable(listing(&scene).server("ldaps://dc1.contoso.invalid").run(), "does not resolve");
}

#[test]
fn a_port_where_nothing_listens() {
    let Some(scene) = Scene::new() else { return };
    let url = format!("ldaps://{}:1", scene.lab.address);
    unreachable(listing(&scene).server(&url).run(), "refused the connection");
}

#[test]
fn a_port_that_speaks_something_else() {
    let Some(scene) = Scene::new() else { return };
    let url = format!("ldaps://{}:389", scene.lab.address);
    unreachable(listing(&scene).server(&url).run(), "no TLS connection");
}

#[test]
fn a_server_that_never_answers() {
    let Some(scene) = Scene::new() else { return };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldaps://localhost:{}", silent.local_addr().unwrap().port());
    let began = std::time::Instant::now();
    unreachable(scene.program().args(["list", "-o", "json", "--timeout", "1"]).server(&url).run(), "");
    assert!(began.elapsed().as_secs() < 10);
}

#[test]
fn a_certificate_of_an_unknown_authority() {
    let Some(scene) = Scene::new() else { return };
    let other = &scene.lab.other_ca;
    unreachable(listing(&scene).env("ADRECOVER_CA", other).run(), "authority that is not trusted");
    let starttls = format!("ldap://{}", scene.lab.address);
    let run = listing(&scene).env("ADRECOVER_CA", other).server(&starttls).args(["--starttls"]);
    unreachable(run.run(), "authority that is not trusted");
    unreachable(listing(&scene).env_remove("ADRECOVER_CA").run(), "not trusted");
}

#[test]
fn a_certificate_for_another_name() {
    let Some(scene) = Scene::new() else { return };
    let proxy = Proxy::to(scene.lab);
    unreachable(listing(&scene).server(&proxy.url("127.0.0.1")).run(), "127.0.0.1");
    // The same certificate under a name that is in it.
    listing(&scene).server(&proxy.url("localhost")).run().exits(4);
}

#[test]
fn without_verification_it_works_and_says_so_each_time() {
    let Some(scene) = Scene::new() else { return };
    let run = listing(&scene).env("ADRECOVER_CA", &scene.lab.other_ca).args(["--insecure", "-q"]);
    let out = run.run().exits(4);
    assert!(out.stderr.contains("warning: the server's certificate is not verified"), "{out}");
}

#[test]
fn nothing_is_sent_over_an_unencrypted_connection() {
    let Some(scene) = Scene::new() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("ldap://localhost:{}", listener.local_addr().unwrap().port());
    let out = listing(&scene).server(&url).run().exits(2);
    assert!(out.error()["hint"].as_str().unwrap().contains("--starttls"), "{out}");
    assert!(listener.accept().is_err(), "it connected");
}

#[test]
fn start_tls() {
    let Some(scene) = Scene::new() else { return };
    let url = format!("ldap://{}", scene.lab.address);
    listing(&scene).server(&url).args(["--starttls"]).run().exits(4);
    let user = scene.user("Starttls").deleted();
    scene.restoring(&user).server(&url).args(["--starttls"]).run().exits(0);
}

#[test]
fn accounts_that_cannot_log_on_are_told_apart() {
    let Some(scene) = Scene::new() else { return };
    let [wrong, disabled, expired, locked, change] =
        scene.add(["Wrong", "Disabled", "Expired", "Locked", "Change"].map(|name| scene.user(name)));
    let long_ago = "132000000000000000";
    let now = filetime_of_now();
    let changes = Ldif::default()
        .replace(&disabled.dn, "userAccountControl", &["514"])
        .replace(&expired.dn, "accountExpires", &[long_ago])
        .replace(&locked.dn, "lockoutTime", &[&now])
        .replace(&change.dn, "pwdLastSet", &["0"]);
    scene.hand().change(&changes);
    let right = scene.secret_file("right", PASSWORD);
    let bad = scene.secret_file("bad", "Not-the-Passw0rd");
    let nobody = format!("{}nobody@contoso.test", scene.tag);
    for (name, password_file, said) in [
        (wrong.dn.as_str(), &bad, "the name or the password is wrong"),
        (&nobody, &right, "the name or the password is wrong"),
        (&disabled.dn, &right, "disabled"),
        (&expired.dn, &right, "expired"),
        (&locked.dn, &right, "locked"),
        (&change.dn, &right, "must be changed"),
    ] {
        let account = Account { name: name.to_owned(), password_file: password_file.clone() };
        unreachable(listing(&scene).account(&account).run(), said);
    }
}

/// Times in intervals of 100 ns since 1601.
#[expect(clippy::disallowed_methods, reason = "an account is locked as of now")]
fn filetime_of_now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    ((now.as_secs() + 11_644_473_600) * 10_000_000).to_string()
}

/// A password that is tried on every server locks the account.
#[test]
fn a_refused_bind_is_not_tried_on_the_next_server() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Once").add();
    let bad = scene.secret_file("bad", "Not-the-Passw0rd");
    let account = Account { name: user.dn, password_file: bad };
    let ways = [Proxy::to(scene.lab), Proxy::to(scene.lab)];
    let servers = ways.each_ref().map(|way| way.url("localhost")).join(",");
    let out = listing(&scene).server(&servers).account(&account).run();
    unreachable(out, "the name or the password is wrong");
    assert_eq!(ways.map(|way| way.connections()), [1, 0]);
}

#[test]
fn a_server_that_is_down_is_passed_over() {
    let Some(scene) = Scene::new() else { return };
    let down = format!("ldaps://{}:1", scene.lab.address);
    let run =
        scene.program().env_remove("ADRECOVER_SERVER").args(["list", "-v", "nobody is called like this"]);
    let run = run.args(["--server", &down, "--server", &scene.lab.server]);
    run.run().exits(4).says("connected to dc1.contoso.test");
    let both = format!("{down},ldaps://{}:2", scene.lab.address);
    unreachable(listing(&scene).server(&both).run(), "");
}

#[test]
fn what_it_takes_to_connect_is_asked_for_by_name() {
    let Some(scene) = Scene::new() else { return };
    for (variable, named) in [
        ("ADRECOVER_SERVER", "--server"),
        ("ADRECOVER_USER", "--user"),
        ("ADRECOVER_PASSWORD_FILE", "--password-file"),
    ] {
        // Neither the account nor this computer tells a domain in which to look for a server.
        let run = listing(&scene).env("ADRECOVER_USER", "admin").env("KRB5_CONFIG", "/dev/null");
        let out = run.env_remove(variable).run().exits(2);
        assert!(out.error()["hint"].as_str().unwrap().contains(named), "{out}");
    }
    for (variable, value) in
        [("ADRECOVER_CA", "/no/such/ca.pem"), ("ADRECOVER_PASSWORD_FILE", "/no/such/password")]
    {
        listing(&scene).env(variable, value).run().exits(2).says(value);
    }
}

#[test]
fn the_password_from_each_of_its_places() {
    let Some(scene) = Scene::new() else { return };
    let admin = scene.lab.account("ADMIN");
    let password = std::fs::read_to_string(&admin.password_file).unwrap();
    let without = || listing(&scene).env_remove("ADRECOVER_PASSWORD_FILE");
    without().env("ADRECOVER_PASSWORD", &password).run().exits(4);
    without().args(["--password-file", "-"]).stdin(format!("{password}\n")).run().exits(4);
    let prompt = format!("password of {}:", admin.name);
    let out = without().on_terminal(&[(&prompt, &format!("{password}\n"))]).exits(4);
    assert!(!out.stdout.contains(&password), "it was echoed");
    without().args(["--password-file", "-"]).stdin("").run().exits(2);
}

#[test]
fn settings_from_a_profile() {
    let Some(scene) = Scene::new() else { return };
    let admin = scene.lab.account("ADMIN");
    let config = format!(
        "[profiles.lab]\nserver = [\"{}\"]\nuser = \"{}\"\npassword-file = \"{}\"\nca = \"{}\"\noutput = \"json\"\n",
        scene.lab.server,
        admin.name,
        admin.password_file.display(),
        scene.lab.ca.display()
    );
    let config = scene.file_with("config.toml", config);
    let bare = || {
        let names = ["SERVER", "USER", "PASSWORD_FILE", "CA"].map(|n| format!("ADRECOVER_{n}"));
        let run = names.iter().fold(scene.program(), |run, name| run.env_remove(name));
        run.env("ADRECOVER_CONFIG", &config).args(["list", "nobody is called like this"])
    };
    let out = bare().args(["--profile", "lab"]).run().exits(4);
    assert_eq!(out.json()["items"], serde_json::json!([]));
    // An option wins over the profile.
    bare().args(["--profile", "lab", "--server", "ldaps://dc1.contoso.invalid"]).run().exits(10);
    bare().args(["--profile", "other"]).run().exits(2).says("other");
}
