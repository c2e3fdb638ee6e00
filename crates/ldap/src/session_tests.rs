//! Sessions against a fake server: paging, ranges, controls, reconnecting, and which server is tried.

use std::time::Duration;

use adrecover_core::directory::{Change, Query, Scope, Visibility};
use adrecover_core::{Directory, DirectoryError};

use crate::ber;
use crate::framer::op;
use crate::testing::*;
use crate::wire::FIRST_SEARCH;
use crate::{ConnectError, Scheme, SearchOptions, ServerUrl, Session};

fn below() -> Query {
    Query::below("DC=x", Scope::Subtree, "(a=1)")
}

fn pages(count: u8) -> Vec<Step> {
    let page = move |n: u8| {
        step(move |a| {
            let cookie = if n + 1 < count { vec![n + 1] } else { vec![] };
            vec![Act::Send(
                [numbered(a.id, 2 * n), numbered(a.id, 2 * n + 1), page_end(a.id, &cookie)].concat(),
            )]
        })
    };
    (0..count).map(page).collect()
}

#[tokio::test]
async fn pages_come_one_ahead() {
    let fake = Fake::one(pages(3)).await;
    let mut session = fake.session().await;
    let mut stream = session.search_stream(&below(), &SearchOptions::default()).unwrap();
    let before = fake.count(0x63);
    bounded(stream.next()).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fake.count(0x63), before + 2);
    assert_eq!(bounded(stream.collect()).await.unwrap().len(), 5);
    assert_eq!(fake.count(0x63), before + 3);
    assert_eq!(bounded(session.delete("")).await.map_err(|e| e.outcome_is_unknown()), Err(true));
}

#[tokio::test]
async fn a_limit_and_a_dropped_stream_tell_the_server() {
    let endless = || step(|a| vec![Act::Send([numbered(a.id, 1), numbered(a.id, 2)].concat())]);
    let fake = Fake::start(vec![vec![endless()].into(), pages(3).into()]).await;
    let session = fake.session().await;
    let options = SearchOptions { size_limit: Some(1), ..SearchOptions::default() };
    let mut stream = session.search_stream(&below(), &options).unwrap();
    assert!(bounded(stream.next()).await.unwrap().is_some());
    assert!(bounded(stream.next()).await.unwrap().is_none());
    assert!(stream.is_truncated());
    let session = fake.session().await;
    let mut stream = session.search_stream(&below(), &SearchOptions::default()).unwrap();
    bounded(stream.next()).await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(fake.count(0x50), 2);
}

#[tokio::test]
async fn a_search_and_a_change_share_a_connection() {
    let [first, last]: [Step; 2] = pages(2).try_into().ok().unwrap();
    let refused = step(|a| {
        assert!(a.id < FIRST_SEARCH as u32);
        let diagnostic = string(b"nicht erw\xfcnscht");
        let parts = [ber::element(ber::tag::ENUMERATED, &[53]), string(b"\xff"), diagnostic];
        vec![Act::Send(message(a.id, op::MODIFY, &parts.concat()))]
    });
    let fake = Fake::one(vec![first, refused, last]).await;
    let mut session = fake.session().await;
    let options = SearchOptions { size_limit: Some(9), ..SearchOptions::default() };
    let mut stream = session.search_stream(&below(), &options).unwrap();
    bounded(stream.next()).await.unwrap().unwrap();
    let changes = [Change::add("description", ["a", "b", "a"])];
    let error = bounded(session.modify("CN=a,DC=x", &changes, Visibility::Live)).await.unwrap_err();
    assert_eq!(error.refusal().map(|r| (r.code, r.diagnostic.as_str())), Some((53, "nicht erw?nscht")));
    assert_eq!(bounded(stream.collect()).await.unwrap().len(), 3);
    assert!(!format!("{session:?}").contains("secret-pw"));
    assert_eq!(fake.count(0x42), 0);
    bounded(session.close()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((fake.count(0x60), fake.count(0x42)), (1, 1));
}

#[tokio::test]
async fn a_late_answer_to_a_change_is_no_fault() {
    let late =
        step(|a| vec![Act::Wait(Duration::from_millis(2000)), Act::Send(result(a.id, op::DELETE, 0, ""))]);
    let next = step(|a| vec![Act::Send(result(a.id, op::DELETE, 0, ""))]);
    let fake = Fake::one(vec![late, next]).await;
    let mut session = fake.session().await;
    let error = bounded(session.delete("CN=a,DC=x")).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Timeout { .. }), "{error:?}");
    bounded(session.delete("CN=b,DC=x")).await.unwrap();
    let nothing =
        bounded(session.modify("CN=a,DC=x", &[Change::add::<&str>("cn", [])], Visibility::Live)).await;
    assert!(matches!(nothing, Err(DirectoryError::BadRequest(_))), "{nothing:?}");
}

#[tokio::test]
async fn references_are_counted_and_referrals_are_refusals() {
    let reference = |id| message(id, op::REFERENCE, &string(b"ldap://other/DC=y"));
    let fake = Fake::one(reply(move |id| [reference(id), numbered(id, 1), page_end(id, b"")].concat())).await;
    let session = fake.session().await;
    let mut stream = session.search_stream(&below(), &SearchOptions::default()).unwrap();
    assert!(bounded(stream.next()).await.unwrap().is_some());
    assert!(bounded(stream.next()).await.unwrap().is_none());
    assert_eq!(stream.references(), 1);
}

#[tokio::test]
async fn ranges_are_followed_to_the_end() {
    let values = |from: u32, to: u32| (from..to).map(|n| n.to_string().into_bytes()).collect::<Vec<_>>();
    let guid = vec![vec![9u8; 16]];
    let steps = vec![
        step(move |a| {
            let parts =
                [("member", vec![]), ("member;range=0-2", values(0, 3)), ("objectGUID", guid.clone())];
            vec![Act::Send([entry(a.id, "CN=g,DC=x", &parts), page_end(a.id, b"")].concat())]
        }),
        step(move |a| {
            assert!(a.mentions("member;range=3-*") && a.base.starts_with("<GUID=09090909"));
            let parts = [("member;range=3-5", values(3, 6))];
            vec![Act::Send([entry(a.id, "CN=g,DC=x", &parts), result(a.id, op::DONE, 0, "")].concat())]
        }),
        step(move |a| {
            let parts = [("member;range=6-*", values(6, 8))];
            vec![Act::Send([entry(a.id, "CN=g,DC=x", &parts), result(a.id, op::DONE, 0, "")].concat())]
        }),
    ];
    let fake = Fake::one(steps).await;
    let entries = bounded(fake.session().await.search(&below())).await.unwrap();
    assert_eq!(entries[0].values("member").len(), 8);
    assert_eq!(entries[0].attributes.len(), 2);
}

#[tokio::test]
async fn a_range_without_progress_is_malformed() {
    let part = |id| entry(id, "CN=g,DC=x", &[("member;range=0-2", vec![vec![1]; 3])]);
    let first = step(move |a| vec![Act::Send([part(a.id), page_end(a.id, b"")].concat())]);
    let again = step(move |a| vec![Act::Send([part(a.id), result(a.id, op::DONE, 0, "")].concat())]);
    let fake = Fake::one(vec![first, again]).await;
    let error = bounded(fake.session().await.search(&below())).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Malformed { .. }), "{error:?}");
}

#[tokio::test]
async fn an_undelete_carries_show_deleted() {
    let fake = Fake::one(reply(|id| result(id, op::MODIFY, 0, ""))).await;
    let mut session = fake.session().await;
    let changes =
        [Change::delete::<&str>("isDeleted", []), Change::replace("distinguishedName", ["CN=a,DC=x"])];
    bounded(session.modify("CN=a\\0ADEL:x,DC=x", &changes, Visibility::Deleted)).await.unwrap();
    let asked = fake.asked.lock().unwrap().last().unwrap().clone();
    assert!(asked.op == 0x66 && asked.mentions("1.2.840.113556.1.4.417\u{1}\u{1}"));
}

#[tokio::test]
async fn renaming_moves_only_where_the_parent_changes() {
    let ok = || step(|a| vec![Act::Send(result(a.id, op::RENAME, 0, ""))]);
    let fake = Fake::one(vec![ok(), ok()]).await;
    let mut session = fake.session().await;
    for new in ["CN=b,OU=o,DC=x", "CN=b,OU=p,DC=x"] {
        bounded(session.rename("CN=a,ou=O,DC=x", &new.parse().unwrap())).await.unwrap();
    }
    let asked = fake.asked.lock().unwrap().clone();
    let [.., first, second] = asked.as_slice() else { panic!() };
    assert!(!first.mentions("OU=o,DC=x") && second.mentions("OU=p,DC=x"));
}

#[tokio::test]
async fn a_reconnection_must_reach_the_same_server() {
    let other = || Connection { identity: Some("CN=NTDS Settings,CN=DC2"), ..Connection::default() };
    let scripts: Vec<Connection> = vec![
        vec![step(|_| vec![Act::Close])].into(),
        other(),
        reply(|id| result(id, op::DELETE, 0, "")).into(),
    ];
    let fake = Fake::start(scripts).await;
    let mut session = fake.session().await;
    assert!(bounded(session.delete("CN=a,DC=x")).await.unwrap_err().outcome_is_unknown());
    bounded(session.reconnect()).await.unwrap();
    bounded(session.delete("CN=a,DC=x")).await.unwrap();
    assert_eq!(fake.count(0x60), 3);
}

#[tokio::test]
async fn a_question_is_asked_once_more_on_a_new_connection() {
    let closes = || Connection::from(vec![step(|_| vec![Act::Close])]);
    let fake = Fake::start(vec![closes(), pages(1).into()]).await;
    assert_eq!(bounded(fake.session().await.ask(&below())).await.unwrap().len(), 2);
    assert_eq!(fake.count(0x60), 2);

    let fake = Fake::start(vec![closes(), closes(), pages(1).into()]).await;
    let error = bounded(fake.session().await.ask(&below())).await.unwrap_err();
    assert!(matches!(error, DirectoryError::ConnectionLost { .. }), "{error}");

    // Questions side by side are cut off by one loss, and need one new connection.
    let both = pages(1).into_iter().chain(pages(1)).collect::<Vec<_>>();
    let fake = Fake::start(vec![closes(), both.into()]).await;
    let (session, query) = (fake.session().await, below());
    let (one, other) = bounded(async { tokio::join!(session.ask(&query), session.ask(&query)) }).await;
    assert_eq!((one.unwrap().len(), other.unwrap().len(), fake.count(0x60)), (2, 2, 2));
}

#[tokio::test]
async fn a_refused_bind_is_not_repeated_elsewhere() {
    let refused = || Connection {
        bind: Some(step(|a| {
            vec![Act::Send(result(a.id, op::BIND, 49, "80090308: LdapErr: x, data 775, v1"))]
        })),
        ..Connection::default()
    };
    let (bad, good) = (Fake::start(vec![refused(), refused()]).await, Fake::one(vec![]).await);
    let dead = ServerUrl { scheme: Scheme::Ldap, host: "127.0.0.1".into(), port: 1 };
    let mut options = bad.options();
    options.servers = vec![dead.clone(), bad.url.clone(), good.url.clone()];
    let error = bounded(Session::connect(&options)).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::Bind { .. }) && error.to_string().contains("locked out"),
        "{error}"
    );
    assert_eq!((bad.count(0x60), good.count(0x60)), (1, 0));
    options.servers = vec![dead, good.url.clone()];
    assert_eq!(*bounded(Session::connect(&options)).await.unwrap().server(), good.url);
}

#[tokio::test]
async fn what_must_not_be_sent_is_not_sent() {
    let fake = Fake::one(vec![]).await;
    let mut options = fake.options();
    options.plain = false;
    let error = bounded(Session::connect(&options)).await.unwrap_err();
    assert!(matches!(error, ConnectError::UnencryptedBind { .. }), "{error:?}");
    options.bind = crate::BindMethod::Simple { name: "joe".into(), password: String::new().into() };
    assert!(matches!(bounded(Session::connect(&options)).await, Err(ConnectError::EmptyPassword)));
    options.servers.clear();
    assert!(matches!(bounded(Session::connect(&options)).await, Err(ConnectError::NoServer)));
    assert!(fake.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn starttls_is_refused_truly() {
    // The fake server ignores what is no bind or search, so StartTLS is answered by the script.
    let plain_behind = step(|a| {
        let mut octets = result(a.id, op::EXTENDED, 0, "");
        octets.extend(result(2, op::BIND, 0, ""));
        vec![Act::Send(octets)]
    });
    let scripts: Vec<Connection> = vec![
        reply(|id| result(id, op::EXTENDED, 52, "no certificate")).into(),
        vec![plain_behind].into(),
        vec![step(|_| vec![Act::Close])].into(),
    ];
    let fake = Fake::start(scripts).await;
    let mut options = fake.options();
    (options.plain, options.starttls, options.insecure) = (false, true, true);
    for part in ["no certificate", "unencrypted octets", "closed"] {
        let error = bounded(Session::connect(&options)).await.unwrap_err();
        assert!(
            matches!(error, ConnectError::StartTls { .. }) && error.to_string().contains(part),
            "{error}"
        );
    }
}

#[tokio::test]
async fn filters_that_do_not_parse_are_not_sent() {
    let fake = Fake::one(vec![]).await;
    let session = fake.session().await;
    let deep = format!("{}(a=1){}", "(!".repeat(100_000), ")".repeat(100_000));
    for filter in ["(a=1", "", deep.as_str()] {
        let query = Query::below("DC=x", Scope::Subtree, filter);
        let error = session.search_stream(&query, &SearchOptions::default()).unwrap_err();
        assert!(matches!(error, DirectoryError::BadRequest(_)), "{error:?}");
    }
}
