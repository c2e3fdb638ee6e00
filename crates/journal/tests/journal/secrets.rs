//! Secrets are not kept, whoever hands them over.

use adrecover_core::change::AttributeChange;

use super::support::*;

const SECRETS: [&str; 8] = [
    "unicodePwd",
    "UNICODEPWD",
    "ms-Mcs-AdmPwd",
    "msLAPS-EncryptedPassword",
    "msFVE-RecoveryPassword",
    "supplementalCredentials;binary",
    "msDS-ManagedPassword",
    "msTPM-OwnerInformation;range=0-1",
];

#[test]
fn they_are_refused_and_said_to_be() {
    for place in [Place::new(), Place::encrypted()] {
        let writer = place.writer();
        let mut company = company();
        for (n, name) in SECRETS.iter().enumerate() {
            let values = vec![format!("hunter{n}").into_bytes()];
            company[3].attributes.push(AttributeChange {
                name: (*name).into(),
                values,
                stamp: Some(stamp(0, 1)),
            });
        }
        company[4] = std::mem::replace(&mut company[4], object(1, "", &[])).link("msLAPS-Hunter", 77, true);
        company[4].links[0].target.dn = "CN=hunter,DC=contoso,DC=com".into();
        let outcome = read_all(&writer, 0, company);
        assert_eq!(outcome.refused.len(), 9, "{:?}", outcome.refused);
        // As a change of what is known, too.
        let outcome = follow(&writer, 10, vec![object(10, "", &[("unicodePwd", "hunter-two")])]);
        assert_eq!((outcome.changes, outcome.refused.len()), (0, 1));
        assert!(!place.holds("hunter"), "a secret is in the files");
        assert!(!place.holds("nicodePwd"), "nor does its name say that there was one");
        let state = writer.journal().now(guid(10)).unwrap().unwrap();
        assert_eq!(state.attributes.len(), 5);
    }
}
