//! Finding a domain controller where none is named: a DNS of the tests, and the lab that its records lead to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use crate::support::{Run, Scene, Tap};

/// The port of a service where nothing listens.
const DEAD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 99);
const OF_DOMAIN: &str = "_ldap._tcp.dc._msdcs.contoso.test";

/// One record of the zone.
enum Record {
    Srv { priority: u16, weight: u16, port: u16, host: &'static str },
    Address(Ipv4Addr),
}

type Zone = Vec<(String, Record)>;

fn srv(name: &str, priority: u16, weight: u16, host: &'static str) -> (String, Record) {
    (name.to_owned(), Record::Srv { priority, weight, port: 389, host })
}

fn address(host: &str, address: Ipv4Addr) -> (String, Record) {
    (host.to_owned(), Record::Address(address))
}

/// Serves a zone, with the addresses of a dead host and of the lab, on a port of 127.0.0.1 as long as the test process lives.
fn serve(scene: &Scene, mut zone: Zone) -> SocketAddr {
    zone.push(address("dead.contoso.test", DEAD));
    zone.push(address("dc1.contoso.test", lab_address(scene)));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut query = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            if let Some(answer) = answer(&query[..length], &zone) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    at
}

/// An answer with the records of the name and kind that were asked for (RFC 1035 4.1); 3 (no such name) where the zone does not
/// hold the name.
fn answer(query: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    let mut at = 12;
    let mut labels = vec![];
    while *query.get(at)? != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(query.get(at + 1..at + 1 + length)?).to_lowercase());
        at += 1 + length;
    }
    let kind = u16::from_be_bytes([*query.get(at + 1)?, *query.get(at + 2)?]);
    let question = query.get(12..at + 5)?;
    let name = labels.join(".");
    let of_name: Vec<&Record> = zone.iter().filter(|(known, _)| *known == name).map(|(_, r)| r).collect();
    let records: Vec<Vec<u8>> = of_name.iter().filter_map(|record| data(record, kind)).collect();
    let mut out = query[..2].to_vec();
    // An authoritative answer; recursion is available.
    out.extend([0x85, 0x80 | if of_name.is_empty() { 3 } else { 0 }]);
    out.extend([0, 1]);
    out.extend((records.len() as u16).to_be_bytes());
    out.extend([0; 4]);
    out.extend(question);
    for record in records {
        out.extend([0xc0, 12]);
        out.extend(kind.to_be_bytes());
        out.extend([0, 1, 0, 0, 0, 60]);
        out.extend((record.len() as u16).to_be_bytes());
        out.extend(record);
    }
    Some(out)
}

fn data(record: &Record, kind: u16) -> Option<Vec<u8>> {
    match (record, kind) {
        (Record::Address(address), 1) => Some(address.octets().to_vec()),
        (Record::Srv { priority, weight, port, host }, 33) => {
            let mut out: Vec<u8> = [priority, weight, port].iter().flat_map(|n| n.to_be_bytes()).collect();
            for label in host.split('.') {
                out.push(label.len() as u8);
                out.extend(label.as_bytes());
            }
            out.push(0);
            Some(out)
        }
        _ => None,
    }
}

/// The records of a host of 127.0.0.1 that leads to the lab, before those of the lab.
fn by_way_of(tap: &Tap, host: &'static str) -> Zone {
    let first = Record::Srv { priority: 0, weight: 0, port: tap.port, host };
    vec![
        (OF_DOMAIN.to_owned(), first),
        srv(OF_DOMAIN, 10, 0, "dc1.contoso.test"),
        address(host, Ipv4Addr::LOCALHOST),
    ]
}

fn lab_address(scene: &Scene) -> Ipv4Addr {
    match scene.lab.address.parse().unwrap() {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => panic!("the lab has an IPv6 address"),
    }
}

/// A list for which nobody named a server.
fn listing(scene: &Scene, dns: SocketAddr) -> Run {
    scene
        .program()
        .env_remove("ADRECOVER_SERVER")
        .env("KRB5_CONFIG", "/dev/null")
        .env("ADRECOVER_DNS_SERVER", dns.to_string())
        .args(["list", "nobody is called like this", "--timeout", "10"])
}

#[test]
fn a_dead_server_is_passed_over() {
    let Some(scene) = Scene::new() else { return };
    let dns = serve(
        &scene,
        vec![
            srv(OF_DOMAIN, 0, 100, "dead.contoso.test"),
            srv(OF_DOMAIN, 0, 0, "nowhere.contoso.test"),
            srv(OF_DOMAIN, 10, 0, "dc1.contoso.test"),
        ],
    );
    let out = listing(&scene, dns).args(["--domain", "Contoso.TEST.", "-vv"]).run().exits(4);
    assert!(out.stderr.contains("connected to dc1.contoso.test (ldaps://dc1.contoso.test)"), "{out}");
    assert!(out.stderr.contains("dead.contoso.test did not answer the ping"), "{out}");
    assert!(out.stderr.contains("nowhere.contoso.test: there is no such name"), "{out}");
    // The domain of the account's logon name.
    let out = listing(&scene, dns).arg("-v").run().exits(4);
    assert!(out.stderr.contains("contoso.test (the domain of the account)"), "{out}");
}

#[test]
fn the_site_comes_first() {
    let Some(scene) = Scene::new() else { return };
    let of_site = "_ldap._tcp.default-first-site-name._sites.dc._msdcs.contoso.test";
    let dns = serve(
        &scene,
        vec![
            // By the domain's records alone the dead one would be tried first.
            srv(OF_DOMAIN, 0, 0, "dead.contoso.test"),
            srv(OF_DOMAIN, 5, 0, "dc1.contoso.test"),
            srv(of_site, 0, 0, "dc1.contoso.test"),
        ],
    );
    let given = listing(&scene, dns).args(["--domain", "contoso.test", "--site", "Default-First-Site-Name"]);
    let out = given.arg("-vv").run().exits(4);
    assert!(out.stderr.contains("the site is Default-First-Site-Name (--site)"), "{out}");
    assert!(!out.stderr.contains("the ping"), "{out}");
    let out = listing(&scene, dns).args(["--domain", "contoso.test", "-vv"]).run().exits(4);
    assert!(out.stderr.contains("dc1.contoso.test answered the ping: writable"), "{out}");
    assert!(
        out.stderr.contains("the site is Default-First-Site-Name (as a domain controller tells it)"),
        "{out}"
    );
}

#[test]
fn a_search_without_result_is_explained() {
    let Some(scene) = Scene::new() else { return };
    let dns = serve(&scene, vec![srv(OF_DOMAIN, 0, 0, "nowhere.contoso.test")]);
    for (domain, code, said, hint) in [
        ("contoso.invalid", 10, "there is no such name", "--dns-server"),
        ("contoso.test", 10, "has an address", "--server"),
        ("not a name", 2, "not the DNS name", "contoso.com"),
    ] {
        let out = listing(&scene, dns).args(["--domain", domain, "-o", "json"]).run().exits(code);
        let error = out.error();
        assert!(error["message"].as_str().unwrap().contains(said), "it does not say {said:?}\n{out}");
        assert!(error["hint"].as_str().unwrap().contains(hint), "{out}");
    }
    let out = listing(&scene, dns).env("ADRECOVER_USER", "admin").arg("-o").arg("json").run().exits(2);
    assert!(out.error()["hint"].as_str().unwrap().contains("--domain"), "{out}");
}

#[test]
fn doctor_says_why_this_server() {
    let Some(scene) = Scene::new() else { return };
    let tap = Tap::new(&scene.lab.address, 1 << 16);
    let dns = serve(&scene, by_way_of(&tap, "other.contoso.test"));
    let choice = |run: Run| {
        let report = run.args(["doctor", "-o", "json"]).run().json();
        let check = report["checks"].as_array().unwrap().iter().find(|c| c["id"] == "server.choice").unwrap();
        (check["status"].as_str().unwrap().to_owned(), check["seen"].as_str().unwrap().to_owned())
    };
    let (status, seen) = choice(scene.program());
    assert!(status == "ok" && seen.contains("--server") && seen.contains("the first of them"), "{seen}");
    let found = scene.program().env_remove("ADRECOVER_SERVER").env("ADRECOVER_DNS_SERVER", dns.to_string());
    let (status, seen) = choice(found.args(["--domain", "contoso.test", "--starttls"]));
    // The certificate is not for that name.
    for part in ["contoso.test (--domain)", "the first that could be used", "other.contoso.test"] {
        assert!(seen.contains(part), "{seen}");
    }
    assert_eq!(status, "warn");
}

#[test]
fn a_plan_is_carried_out_where_it_was_made() {
    let Some(scene) = Scene::new() else { return };
    let user = scene.user("Pinned").deleted();
    let plan = scene.file("plan.json");
    scene.restore(&user, ["--dry-run", "--plan-out", plan.to_str().unwrap()]).exits(0);
    let tap = Tap::new(&scene.lab.address, 1 << 16);
    let dns = serve(&scene, by_way_of(&tap, "other.contoso.test"));
    let found = |words: &[&str]| {
        let run = scene.program().env_remove("ADRECOVER_SERVER").env("ADRECOVER_DNS_SERVER", dns.to_string());
        run.args(["--domain", "contoso.test", "--starttls"]).args(words).run()
    };
    found(&["apply", plan.to_str().unwrap(), "--yes"]).exits(0);
    assert!(tap.seen().is_empty(), "another server was tried first");
    found(&["list", "nobody is called like this"]).exits(4);
    assert!(!tap.seen().is_empty(), "the other server is the first one");
}

#[test]
fn the_global_catalogue_may_be_another_host() {
    let Some(scene) = Scene::new() else { return };
    // The domain controller is reached by an address where nothing listens on the port of the catalogue.
    let tap = Tap::new(&scene.lab.address, 1 << 16);
    let mut zone = by_way_of(&tap, "other.contoso.test");
    let report = |dns: SocketAddr| {
        let run = scene.program().env_remove("ADRECOVER_SERVER").env("ADRECOVER_DNS_SERVER", dns.to_string());
        let run = run.args(["doctor", "-o", "json", "--domain", "contoso.test", "--starttls", "--insecure"]);
        let report = run.run().json();
        let check = report["checks"].as_array().unwrap().iter().find(|c| c["id"] == "server.globalCatalog");
        check.unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(report(serve(&scene, by_way_of(&tap, "other.contoso.test"))), "warn");
    zone.push(srv("_gc._tcp.contoso.test", 0, 0, "dc1.contoso.test"));
    assert_eq!(report(serve(&scene, zone)), "ok");
}
