//! Servers that break the protocol or the connection: each fault must give its true error, soon, and nothing else.

use std::time::Duration;

use adrecover_core::directory::{Change, Query, Scope, Visibility};
use adrecover_core::{Directory, DirectoryError, Entry};

use crate::ber::{self, tag};
use crate::framer::op;
use crate::testing::*;
use crate::{ConnectError, Session};

/// Searches with a server that answers so.
async fn search(steps: Vec<Step>) -> Result<Vec<Entry>, DirectoryError> {
    let fake = Fake::one(steps).await;
    let mut session = fake.session().await;
    bounded(session.search(&Query::below("DC=x", Scope::Subtree, "(a=1)"))).await
}

/// The same with time for big answers on a busy machine.
async fn patient(steps: Vec<Step>) -> Result<Vec<Entry>, DirectoryError> {
    let fake = Fake::one(steps).await;
    let mut options = fake.options();
    options.timeout = Duration::from_secs(15);
    let mut session = Session::connect(&options).await.unwrap();
    bounded(session.search(&Query::below("DC=x", Scope::Subtree, "(a=1)"))).await
}

fn malformed(result: Result<Vec<Entry>, DirectoryError>) -> String {
    match result {
        Err(DirectoryError::Malformed { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

fn lost(result: Result<Vec<Entry>, DirectoryError>) -> String {
    match result {
        Err(DirectoryError::ConnectionLost { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn in_bind(bind: Step) -> Connection {
    Connection { bind: Some(bind), ..Connection::default() }
}

#[tokio::test]
async fn closed_and_stalled_binds() {
    let fake = Fake::start(vec![in_bind(step(|_| vec![Act::Close])), in_bind(step(|_| vec![]))]).await;
    let error = bounded(fake.try_session()).await.unwrap_err();
    let ConnectError::Directory { error: DirectoryError::ConnectionLost { reason, .. }, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(reason.contains("closed"), "{reason}");
    let error = bounded(fake.try_session()).await.unwrap_err();
    assert!(matches!(error, ConnectError::TimedOut { stage: "binding", .. }), "{error:?}");
    assert!(!error.to_string().contains("secret-pw") && !format!("{error:?}").contains("secret-pw"));
}

#[tokio::test]
async fn ended_in_a_search() {
    let closed = search(vec![step(|a| vec![Act::Send(numbered(a.id, 1)), Act::Close])]).await;
    assert_eq!(lost(closed), "the server closed it");
    let cut = search(vec![step(|a| vec![Act::Send(numbered(a.id, 1)[..20].to_vec()), Act::Close])]).await;
    assert_eq!(lost(cut), "the server closed it in the middle of a message");
    let reset = search(vec![step(|a| {
        vec![Act::Send(numbered(a.id, 1)), Act::Wait(Duration::from_millis(50)), Act::Reset]
    })])
    .await;
    assert!(lost(reset).contains("reset"));
}

#[tokio::test]
async fn no_answer_and_stalls() {
    let never = search(vec![step(|_| vec![])]).await;
    assert!(matches!(never, Err(DirectoryError::Timeout { .. })), "{never:?}");
    let fake = Fake::one(reply(|id| numbered(id, 1))).await;
    let mut session = fake.session().await;
    let stalled = bounded(session.search(&Query::below("DC=x", Scope::Subtree, "(a=1)"))).await;
    assert!(matches!(stalled, Err(DirectoryError::Timeout { seconds: 1, .. })), "{stalled:?}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fake.count(0x50), 1, "the search was not abandoned");
}

#[tokio::test]
async fn what_is_no_ldap() {
    assert!(malformed(search(send([0u8; 64])).await).contains("00 00"));
    let html = malformed(search(send(*b"HTTP/1.1 400 Bad Request\r\n\r\n")).await);
    assert!(html.contains("`HTTP/1.1 400 Bad Request`"), "{html}");
    let huge = malformed(search(send([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff])).await);
    assert!(huge.contains("2147483653 octets"), "{huge}");
    assert!(
        malformed(search(send([0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255])).await)
            .contains("length")
    );
    assert!(malformed(search(send([0x30, 0x80, 0, 0])).await).contains("length"));
    assert!(malformed(search(send([0x30, 0])).await).contains("message id is missing"));
    assert!(malformed(search(send([0x30, 3, 2, 1, 5])).await).contains("operation is missing"));
    assert!(malformed(search(send([0x30, 2, 4, 0])).await).contains("message id"));
}

#[tokio::test]
async fn wrong_ids_and_operations() {
    let wrong = malformed(search(reply(|id| numbered(id + 100, 1))).await);
    assert!(wrong.contains("not open"), "{wrong}");
    assert!(malformed(search(reply(|id| numbered(id - 1, 1))).await).contains("not open"));
    assert!(malformed(search(reply(|id| message(id, 0x7d, b""))).await).contains("0x7d"));
    assert!(malformed(search(reply(|id| result(id, op::MODIFY, 0, ""))).await).contains("0x67"));
    assert!(malformed(search(reply(|id| message(id, op::DONE, &[0x0a, 1, 0]))).await).contains("matched DN"));
    let short = search(reply(|id| message(id, op::DONE, &[0x0a, 0, 4, 0, 4, 0]))).await;
    assert!(malformed(short).contains("result code is empty"));
}

#[tokio::test]
async fn nesting() {
    for depth in [15_000usize, 2_500_000] {
        let mut octets = vec![];
        for i in 0..depth {
            let inner = (depth - 1 - i) * 6;
            octets.extend([0x30, 0x84]);
            octets.extend((inner as u32).to_be_bytes());
        }
        assert!(malformed(search(send(octets)).await).contains("message id"), "{depth}");
        let mut control = vec![0x24; 2 * depth];
        control.iter_mut().skip(1).step_by(2).for_each(|b| *b = 0);
        let nested =
            search(reply(move |id| result_with(id, op::DONE, 0, std::slice::from_ref(&control)))).await;
        assert!(malformed(nested).contains("control"), "{depth}");
    }
}

#[tokio::test]
async fn broken_entries_and_controls() {
    let entry_of = |contents: Vec<u8>| reply(move |id| message(id, op::ENTRY, &contents));
    assert!(malformed(search(entry_of(string(b"CN=a"))).await).contains("attributes"));
    assert!(malformed(search(entry_of(vec![])).await).contains("DN"));
    assert!(malformed(search(reply(|id| message(id, 0x44, b"abc"))).await).contains("0x44"));
    let bad_dn = [string(b"CN=\xff"), ber::element(tag::SEQUENCE, b"")].concat();
    assert!(malformed(search(entry_of(bad_dn)).await).contains("not UTF-8"));
    let loose = [string(b"CN=a"), ber::element(tag::SEQUENCE, &string(b"cn"))].concat();
    assert!(malformed(search(entry_of(loose)).await).contains("attribute"));
    let control =
        |contents: Vec<u8>| reply(move |id| result_with(id, op::DONE, 0, std::slice::from_ref(&contents)));
    let criticality = [string(b"1.2"), vec![1, 0]].concat();
    assert!(malformed(search(control(criticality)).await).contains("criticality"));
    let paged = string(b"1.2.840.113556.1.4.319");
    assert!(malformed(search(control(paged.clone())).await).contains("no value"));
    assert!(malformed(search(control([paged, string(b"rubbish")].concat())).await).contains("paged"));
}

#[tokio::test]
async fn notices_of_disconnection() {
    let name = ber::element(0x8a, b"1.3.6.1.4.1.1466.20036");
    let body = [ber::element(tag::ENUMERATED, &[52]), string(b""), string(b"going down\0")].concat();
    let inside = message(0, op::EXTENDED, &[body.clone(), name.clone()].concat());
    let outside =
        ber::element(tag::SEQUENCE, &[ber::integer(0), ber::element(op::EXTENDED, &body), name].concat());
    for notice in [inside, outside] {
        let reason = lost(search(send(notice)).await);
        assert!(reason.contains("52 (unavailable): going down"), "{reason}");
    }
}

#[tokio::test]
async fn big_answers_are_no_fault() {
    let photo = patient(reply(|id| {
        let big = entry(id, "CN=a", &[("photo", vec![vec![0xff; 20 << 20]])]);
        [big, result(id, op::DONE, 0, "")].concat()
    }))
    .await
    .unwrap();
    assert_eq!(photo[0].value("photo").unwrap().len(), 20 << 20);
    let many = patient(reply(|id| {
        let values = (0..150_000u32).map(|n| format!("CN=u{n},DC=x").into_bytes()).collect();
        [entry(id, "CN=a", &[("member", values)]), result(id, op::DONE, 0, "")].concat()
    }))
    .await
    .unwrap();
    assert_eq!(many[0].values("member").len(), 150_000);
    let too_big = patient(reply(|id| entry(id, "CN=a", &[("photo", vec![vec![1; 40 << 20]])]))).await;
    assert!(malformed(too_big).contains("the limit is"));
}

#[tokio::test]
async fn an_endless_page_is_cut() {
    let flood = step(|a| vec![Act::Send(numbered(a.id, 1).repeat(30_000))]);
    assert!(malformed(search(vec![flood]).await).contains("more than 20000 replies"));
}

#[tokio::test]
async fn repeated_pages() {
    let page = || step(|a| vec![Act::Send([numbered(a.id, 1), page_end(a.id, b"7")].concat())]);
    let same = search((0..50).map(|_| page()).collect()).await;
    assert!(malformed(same).contains("same page"));
    let empty = || step(|a| vec![Act::Send(page_end(a.id, b"7"))]);
    assert!(malformed(search((0..50).map(|_| empty()).collect()).await).contains("empty pages"));
    // Samba's cookie stays the same for the whole search.
    let good = [1, 2, 3].into_iter().map(|n| {
        let cookie: &[u8] = if n < 3 { b"1" } else { b"" };
        step(move |a| vec![Act::Send([numbered(a.id, n), page_end(a.id, cookie)].concat())])
    });
    assert_eq!(search(good.collect()).await.unwrap().len(), 3);
}

#[tokio::test]
async fn refusals_keep_their_code() {
    let busy = search(reply(|id| result(id, op::DONE, 51, "00002022: busy"))).await.unwrap_err();
    assert!(busy.refusal().unwrap().is_passing());
    let partial =
        search(reply(|id| [numbered(id, 1), result(id, op::DONE, 4, "")].concat())).await.unwrap_err();
    assert_eq!(partial.refusal().unwrap().code, 4);
    assert!(partial.to_string().contains("in part: 1 objects"), "{partial}");
    assert!(search(reply(|id| result(id, op::DONE, 32, ""))).await.unwrap().is_empty());
    let bad_text = search(reply(|id| {
        let parts = [ber::element(tag::ENUMERATED, &[53]), string(b""), string(b"nicht erw\xfcnscht")];
        message(id, op::DONE, &parts.concat())
    }))
    .await
    .unwrap_err();
    assert_eq!(bad_text.refusal().unwrap().diagnostic, "nicht erw?nscht");
}

#[tokio::test]
async fn a_lost_modification_is_unknown_and_says_no_value() {
    let fake = Fake::one(vec![step(|_| vec![Act::Close])]).await;
    let mut session = fake.session().await;
    let changes = [Change::replace("unicodePwd", ["top-secret"])];
    let error = bounded(session.modify("CN=a,DC=x", &changes, Visibility::Live)).await.unwrap_err();
    assert!(error.outcome_is_unknown(), "{error:?}");
    assert!(!format!("{error:?}").contains("top-secret"));
    // Later requests on the dead connection fail the same way, at once.
    let again = bounded(session.delete("CN=a,DC=x")).await.unwrap_err();
    assert!(matches!(again, DirectoryError::ConnectionLost { .. }), "{again:?}");
}

#[tokio::test]
async fn a_refused_modification_says_no_value() {
    let fake = Fake::one(reply(|id| result(id, op::MODIFY, 19, "0000052D: weak"))).await;
    let mut session = fake.session().await;
    let changes = [Change::replace("unicodePwd", ["top-secret"])];
    let error = bounded(session.modify("CN=a\n,DC=x", &changes, Visibility::Live)).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(error.refusal().unwrap().is_password_policy() && !text.contains("top-secret"), "{text}");
    assert!(error.refusal().unwrap().operation.contains("CN=a\\n"));
}

#[tokio::test]
async fn nothing_listens() {
    let fake = Fake::one(vec![]).await;
    let mut options = fake.options();
    options.servers[0].port = 1;
    let error = bounded(Session::connect(&options)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
}
