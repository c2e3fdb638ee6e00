//! Answers that are broken in every way: never a panic, a wait without an end, or memory without a bound.

use proptest::prelude::*;

use super::fake::Fault;
use super::*;

async fn domains(fault: Fault) -> GraphError {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    client.sign_in().await.unwrap();
    fake.state().faults = vec![fault.clone(); 60].into();
    match client.all(&Read::Domains).await {
        Ok(found) => panic!("{fault:?} gave {found:?}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn each_broken_answer_is_told() {
    let deep = [&b"{\"value\":"[..], &vec![b'['; 500_000]].concat();
    for (fault, kind, part) in [
        (Fault::Cut(20), GraphErrorKind::Unreachable, "cannot reach 127.0.0.1: "),
        (Fault::Close, GraphErrorKind::Unreachable, "cannot reach 127.0.0.1: "),
        (Fault::Hang, GraphErrorKind::Unreachable, "got no answer within"),
        (Fault::Drip, GraphErrorKind::Unreachable, "got no answer within"),
        (Fault::Endless, GraphErrorKind::BadAnswer, "longer than 1048576 octets"),
        (Fault::Raw(b"garbage\r\n\r\n".to_vec()), GraphErrorKind::Unreachable, "cannot reach"),
        (
            Fault::Raw(
                b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\ncontent-type: application/json\r\n\r\n"
                    .to_vec(),
            ),
            GraphErrorKind::BadAnswer,
            "longer than",
        ),
        (Fault::Body(b"".to_vec()), GraphErrorKind::BadAnswer, "the answer is cut"),
        (Fault::Body(b"{\"value\":[{}".to_vec()), GraphErrorKind::BadAnswer, "the answer is cut"),
        (Fault::Body(b"<html>".to_vec()), GraphErrorKind::BadAnswer, "not JSON"),
        (Fault::Body(b"{\"value\":3}".to_vec()), GraphErrorKind::BadAnswer, "no list"),
        (Fault::Body(b"{\"id\":\"x\"}".to_vec()), GraphErrorKind::BadAnswer, "no list"),
        (Fault::Body(b"\xff\xfe\x00".to_vec()), GraphErrorKind::BadAnswer, "not JSON"),
        (Fault::Body(deep), GraphErrorKind::BadAnswer, "nested too deeply"),
        (Fault::ContentType("text/html"), GraphErrorKind::BadAnswer, "another content type"),
        (Fault::Redirect("https://evil.example/".into()), GraphErrorKind::BadAnswer, "leads elsewhere"),
        (
            Fault::NextLink("https://evil.example/v1.0/users".into()),
            GraphErrorKind::BadAnswer,
            "another host",
        ),
        (Fault::NextLink("{base}/beta/users".into()), GraphErrorKind::BadAnswer, "another version"),
        (Fault::NextLink("::".into()), GraphErrorKind::BadAnswer, "the next page is none"),
        (Fault::NextLink("{base}/v1.0/domains".into()), GraphErrorKind::BadAnswer, "back to a page"),
    ] {
        let error = domains(fault.clone()).await;
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert!(error.to_string().contains(part), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn a_list_without_an_end_is_ended() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    client.sign_in().await.unwrap();
    fake.state().faults = (0..100).map(Fault::NextLinkForEver).collect();
    let error = client.all(&Read::Domains).await.unwrap_err();
    assert!(error.to_string().contains("more than 40 pages"), "{error}");
}

#[tokio::test]
async fn more_objects_than_are_kept_are_refused() {
    let fake = Fake::start().await;
    for n in 0..20 {
        fake.state().add_user(Uuid::from_u128(n), user(&format!("u{n}@contoso.com"), json!({})));
    }
    let (client, _) = client_with(&fake, fake.sign_in(), Limits { objects: 10, ..limits() });
    let error = client.all(&Read::AllUsers(Place::Live)).await.unwrap_err();
    assert!(error.to_string().contains("more than 10 objects"), "{error}");
}

#[tokio::test]
async fn the_token_goes_to_no_other_host() {
    let other = Fake::start().await;
    let to = format!("{}v1.0/domains", other.endpoint().graph());
    for fault in [Fault::Redirect(to.clone()), Fault::NextLink(to.clone())] {
        domains(fault).await;
    }
    assert!(other.state().log.is_empty());
}

#[tokio::test]
async fn the_login_host_may_break_too() {
    for (fault, part) in [
        (Fault::Close, "cannot reach"),
        (Fault::Hang, "no answer within"),
        (Fault::Endless, "longer than"),
        (Fault::Body(b"{}".to_vec()), "holds no token"),
        (Fault::Body(b"{\"access_token\":\"a b\\n\"}".to_vec()), "holds no token"),
        (Fault::Body(b"{\"access_token\":\"x\",\"token_type\":\"pop\"}".to_vec()), "type that is not known"),
        (Fault::Redirect("http://127.0.0.1:1/".into()), "status 302"),
        (Fault::DoneBut(500), "status 500"),
    ] {
        let fake = tenant().await;
        fake.state().login_faults = vec![fault.clone(); 20].into();
        let (client, _) = client(&fake);
        let error = client.all(&Read::Domains).await.unwrap_err().to_string();
        assert!(error.contains(part), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn nobody_there_is_told() {
    let fake = tenant().await;
    let endpoint = Endpoint::new("http://127.0.0.1:1", "http://127.0.0.1:1").unwrap();
    let client = Client::new(fake.sign_in(), endpoint, limits(), clock(), None).unwrap();
    let error = client.sign_in().await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Unreachable);
    assert!(error.to_string().contains("cannot reach 127.0.0.1: "), "{error}");
}

#[tokio::test]
async fn dropping_a_request_ends_it() {
    let fake = tenant().await;
    let (client, _) = client_with(&fake, fake.sign_in(), Limits::default());
    client.sign_in().await.unwrap();
    fake.state().faults = [Fault::Hang].into();
    let wanted = Wanted::Tenant;
    let gathering = client.gather(&wanted, crate::evidence::Loader::new());
    tokio::time::timeout(Duration::from_millis(200), gathering).await.unwrap_err();
    // The client goes on.
    assert_eq!(client.all(&Read::Domains).await.unwrap().len(), 1);
}

#[derive(Debug, Clone)]
enum Body {
    Octets(Vec<u8>),
    Cut(usize),
    Changed(usize, u8),
}

fn bodies() -> impl Strategy<Value = Body> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60).prop_map(Body::Octets),
        (0usize..400).prop_map(Body::Cut),
        (0usize..400, any::<u8>()).prop_map(|(at, octet)| Body::Changed(at, octet)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_body_makes_it_panic_or_hang(bodies in prop::collection::vec(bodies(), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fake = tenant().await;
            let (client, _) = client(&fake);
            client.sign_in().await.unwrap();
            let whole = json!({ "@odata.context": "https://x/$metadata#users", "value": [fake.state().users[0]] });
            let whole = whole.to_string().into_bytes();
            let faults = bodies.into_iter().map(|body| Fault::Body(match body {
                Body::Octets(octets) => octets,
                Body::Cut(at) => whole[..at.min(whole.len())].to_vec(),
                Body::Changed(at, octet) => {
                    let mut whole = whole.clone();
                    let at = at % whole.len();
                    whole[at] = octet;
                    whole
                }
            }));
            fake.state().faults = faults.collect();
            let keys = vec![Key::UserPrincipalName("bert@contoso.com".into())];
            let wanted = Wanted::Users(keys);
            let work = client.gather(&wanted, crate::evidence::Loader::new());
            let done = tokio::time::timeout(Duration::from_secs(20), work).await;
            assert!(done.is_ok(), "it hangs");
        });
    }
}
