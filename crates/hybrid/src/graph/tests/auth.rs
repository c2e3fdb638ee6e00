//! The three ways to sign in, and how long a token is used.

use super::*;

fn certificate(signing: Signing, pem: &[u8]) -> Arc<Certificate> {
    Arc::new(Certificate::from_pem(pem, signing).unwrap())
}

#[tokio::test]
async fn a_secret_gives_one_token_for_many_requests() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    for _ in 0..3 {
        assert_eq!(client.all(&Read::Domains).await.unwrap().len(), 1);
    }
    assert_eq!(fake.state().log.iter().filter(|r| r.path.ends_with("/token")).count(), 1);
    fake.assert_clean();
}

#[tokio::test]
async fn a_wrong_secret_is_told_in_the_words_of_entra_id() {
    let fake = tenant().await;
    let (client, _) = client_with(&fake, sign_in(secret("wrong")), limits());
    let error = client.sign_in().await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::SignIn);
    let text = error.to_string();
    assert!(text.starts_with("cannot sign in: invalid_client: AADSTS7000215: "), "{text}");
    assert!(text.contains("request-id") && text.contains("client-request-id"), "{text}");
}

#[tokio::test]
async fn a_certificate_signs_in_both_ways() {
    let both = [
        PEM.split(|b| *b == b'\n')
            .take_while(|l| !l.starts_with(b"-----BEGIN PRIV"))
            .flat_map(|l| [l, b"\n"].concat())
            .collect(),
        PKCS1.to_vec(),
    ]
    .concat();
    for (signing, pem) in [(Signing::Ps256, PEM), (Signing::Rs256, PEM), (Signing::Ps256, &both)] {
        let fake = tenant().await;
        fake.trust(PEM);
        let (client, _) =
            client_with(&fake, sign_in(Credential::Certificate(certificate(signing, pem))), limits());
        client.sign_in().await.unwrap();
        assert_eq!(client.all(&Read::Domains).await.unwrap().len(), 1);
        fake.assert_clean();
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_registered_is_refused() {
    let fake = tenant().await;
    let credential = Credential::Certificate(certificate(Signing::Ps256, PEM));
    let (client, _) = client_with(&fake, sign_in(credential), limits());
    let error = client.sign_in().await.unwrap_err().to_string();
    assert!(error.contains("AADSTS700027"), "{error}");
}

#[test]
fn what_is_no_certificate_with_its_key_is_told() {
    let read = |pem: &[u8]| Certificate::from_pem(pem, Signing::Ps256).err();
    let other = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap();
    let (other_pem, other_key) = (other.cert.pem(), other.signing_key.serialize_pem());
    let text = String::from_utf8(PEM.to_vec()).unwrap();
    let key = &text[text.find("-----BEGIN PRIVATE").unwrap()..];
    for (pem, error) in [
        (String::new(), CertificateError::NoCertificate),
        (key.to_owned(), CertificateError::NoCertificate),
        (other_pem.clone(), CertificateError::NoKey),
        (format!("{other_pem}{other_key}"), CertificateError::NotRsa),
        (format!("{other_pem}{key}"), CertificateError::Mismatch),
        (text.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), CertificateError::Encrypted),
        (text.replace("PRIVATE KEY", "EC PRIVATE KEY"), CertificateError::NotRsa),
    ] {
        assert_eq!(read(pem.as_bytes()), Some(error));
    }
    let good = Certificate::from_pem(PEM, Signing::Ps256).unwrap();
    assert_eq!(format!("{good:?}"), format!("Certificate({})", good.thumbprint()));
    assert_eq!(good.thumbprint().len(), 40);
}

#[tokio::test]
async fn a_device_code_is_shown_and_waited_for() {
    let fake = tenant().await;
    fake.state().device = ["authorization_pending", "slow_down", "authorization_pending"].into();
    let shown: Arc<Mutex<Vec<DevicePrompt>>> = Arc::default();
    let show = Arc::clone(&shown);
    let credential =
        Credential::DeviceCode(Arc::new(move |prompt| show.lock().unwrap().push(prompt.clone())));
    let (client, waits) = client_with(&fake, sign_in(credential), limits());
    assert_eq!(client.all(&Read::Domains).await.unwrap().len(), 1);
    assert_eq!(seconds(&waits), [5, 5, 10, 10]);
    let shown = shown.lock().unwrap().clone();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].verification_uri, "https://microsoft.com/devicelogin");
    assert_eq!(shown[0].user_code, "ABCD-1234");
    fake.assert_clean();
}

#[tokio::test]
async fn a_device_code_may_be_declined_or_forgotten() {
    for (answers, expected) in [
        (vec!["authorization_declined"], "the sign-in was declined"),
        (
            vec!["authorization_pending", "expired_token"],
            "the code was not entered within 900 s; start again",
        ),
        (vec!["authorization_pending"; 400], "the code was not entered within 900 s; start again"),
    ] {
        let fake = tenant().await;
        fake.state().device = answers.into();
        let credential = Credential::DeviceCode(Arc::new(|_| {}));
        let (client, waits) = client_with(&fake, sign_in(credential), limits());
        assert_eq!(client.sign_in().await.unwrap_err().to_string(), expected);
        assert!(seconds(&waits).iter().sum::<u64>() <= 900);
    }
}

#[tokio::test]
async fn a_person_signs_in_once_and_the_token_is_renewed() {
    let fake = tenant().await;
    fake.state().token_seconds = 0;
    let credential = Credential::DeviceCode(Arc::new(|_| {}));
    let (client, _) = client_with(&fake, sign_in(credential), limits());
    for _ in 0..3 {
        client.all(&Read::Domains).await.unwrap();
    }
    let codes = fake.state().log.iter().filter(|r| r.path.ends_with("/devicecode")).count();
    let tokens = fake.state().log.iter().filter(|r| r.path.ends_with("/token")).count();
    assert_eq!((codes, tokens), (1, 3));
    fake.assert_clean();
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    client.sign_in().await.unwrap();
    fake.state().tokens.clear();
    assert_eq!(client.all(&Read::Domains).await.unwrap().len(), 1);
    fake.state().faults = [fake::Fault::Unauthorised, fake::Fault::Unauthorised].into();
    let error = client.all(&Read::Domains).await.unwrap_err();
    assert_eq!(error.kind(), GraphErrorKind::Denied);
    assert_eq!(fake.state().log.iter().filter(|r| r.path.ends_with("/token")).count(), 3);
}

#[tokio::test]
async fn those_who_wait_share_one_sign_in() {
    let fake = tenant().await;
    let (client, _) = client(&fake);
    let (a, b, c) =
        tokio::join!(client.all(&Read::Domains), client.all(&Read::Groups), client.one(&Read::User(BERT)));
    assert!(a.is_ok() && b.is_ok() && c.unwrap().is_some());
    assert_eq!(fake.state().log.iter().filter(|r| r.path.ends_with("/token")).count(), 1);
}

#[tokio::test]
async fn the_login_host_may_be_busy_too() {
    let fake = tenant().await;
    fake.state().login_faults =
        [fake::Fault::Busy(429, Some("7".into())), fake::Fault::Busy(503, None)].into();
    let (client, waits) = client(&fake);
    client.sign_in().await.unwrap();
    let waits = seconds(&waits);
    assert!(waits.len() == 2 && (7..=9).contains(&waits[0]), "{waits:?}");
}
