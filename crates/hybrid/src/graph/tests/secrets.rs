//! No secret, token or assertion stands in an error, in `Debug`, or in an address.

use super::fake::Fault;
use super::*;

/// What must not be seen: the secret in each form that it is sent in, tokens, assertions, device codes.
fn assert_silent(text: &str) {
    let plain = fake::SECRET;
    let in_json = serde_json::to_string(plain).unwrap();
    for part in [
        plain,
        in_json.trim_matches('"'),
        "Fake~secret",
        "secret%2B%2F%26",
        "fake.token",
        "fake.refresh",
        "fake-device-code",
        "eyJ",
    ] {
        assert!(!text.contains(part), "`{part}` stands in: {text}");
    }
}

fn credentials() -> [Credential; 3] {
    [
        secret(fake::SECRET),
        Credential::Certificate(Arc::new(Certificate::from_pem(PEM, Signing::Ps256).unwrap())),
        Credential::DeviceCode(Arc::new(|_| {})),
    ]
}

fn faults() -> Vec<Fault> {
    vec![
        Fault::Echo,
        Fault::Unauthorised,
        Fault::Busy(429, Some("9999".into())),
        Fault::Close,
        Fault::Hang,
        Fault::Cut(3),
        Fault::Endless,
        Fault::Body(b"{\"access_token\":\"fake.token.1\",".to_vec()),
        Fault::Raw(b"HTTP/1.1 200 fake.token\r\n\r\n".to_vec()),
        Fault::ContentType("text/plain"),
        Fault::DoneBut(500),
        Fault::Redirect("https://evil.example/?x=1".into()),
    ]
}

#[tokio::test]
async fn no_error_holds_a_secret() {
    for credential in credentials() {
        for fault in faults() {
            for at_login in [true, false] {
                let fake = tenant().await;
                let few = Limits { answer: Duration::from_millis(120), ..limits() };
                let (client, _) = client_with(&fake, sign_in(credential.clone()), few);
                let many = vec![fault.clone(); 12].into();
                if at_login {
                    fake.state().login_faults = many;
                } else {
                    fake.state().faults = many;
                }
                let read = client.all(&Read::Domains).await;
                let change = client.apply(&Change::SetUsageLocation { id: BERT, country: "DE".into() }).await;
                for text in [format!("{read:?}"), format!("{change:?}"), format!("{client:?}")] {
                    assert_silent(&text);
                }
                for error in [read.err(), change.err()].into_iter().flatten() {
                    assert_silent(&error.to_string());
                    let mut source = std::error::Error::source(&error);
                    while let Some(inner) = source {
                        assert_silent(&format!("{inner} {inner:?}"));
                        source = inner.source();
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let fake = tenant().await;
    for credential in credentials() {
        let sign_in = sign_in(credential.clone());
        assert_silent(&format!("{credential:?} {sign_in:?}"));
    }
    let (client, _) = client(&fake);
    client.sign_in().await.unwrap();
    assert_silent(&format!("{client:?}"));
    // A bad endpoint is shown as it was given, and takes no user or password.
    let pem = String::from_utf8(PEM.to_vec()).unwrap();
    let cut = Certificate::from_pem(&PEM[..PEM.len() - 200], Signing::Ps256).unwrap_err();
    let line = pem.lines().rev().nth(3).unwrap();
    assert!(!format!("{cut} {cut:?}").contains(line));
}

#[tokio::test]
async fn secrets_travel_in_bodies_and_headers_only() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    client.all(&Read::AllUsers(Place::Live)).await.unwrap();
    client.apply(&Change::SetUsageLocation { id: BERT, country: "DE".into() }).await.unwrap();
    for received in &fake.state().log {
        assert_silent(&received.target);
        let others = received.headers.iter().filter(|(name, _)| name != "authorization");
        assert_silent(&format!("{:?}", others.collect::<Vec<_>>()));
        if !received.path.contains("/oauth2/") {
            assert_silent(&String::from_utf8_lossy(&received.body));
        }
    }
}
