//! Values that are encrypted.

use adrecover_journal::{Journal, JournalError, Key, Options, Query, Writer};

use super::support::*;

#[test]
fn nothing_that_names_somebody_is_in_the_files() {
    let (plain, encrypted) = (Place::new(), Place::encrypted());
    for place in [&plain, &encrypted] {
        let writer = place.writer();
        read_all(&writer, 0, company());
        follow(&writer, 20, vec![object(10, "", &[("mail", "lovelace@fabrikam.com")]).stamped(10, 2)]);
        follow(&writer, 40, vec![ada_deleted(35)]);
        assert_eq!(writer.journal().lost(guid(10)).unwrap().unwrap().referrers.len(), 2);
    }
    for text in ["Ada", "ada@contoso.com", "lovelace", "Staff", "grace", "organizationalUnit"] {
        assert!(plain.holds(text), "the test looks for something that is not kept: {text}");
        assert!(!encrypted.holds(text), "{text}");
    }
    let found = encrypted.journal().find(&Query::Account("ada".into())).unwrap();
    assert_eq!(found[0].guid, guid(10));
    assert!(encrypted.journal().is_encrypted() && encrypted.journal().status().unwrap().is_encrypted);
}

#[test]
fn a_wrong_key_is_said_to_be_one() {
    let (plain, encrypted) = (Place::new(), Place::encrypted());
    drop((plain.writer(), encrypted.writer()));
    let wrong = || Some(Key::new([4; 32]));
    let open = |place: &Place, key: Option<Key>| {
        let options = Options { key: key.clone(), max_octets: None };
        let writer = Writer::open(&place.at, FOREST, &options).map(drop);
        let reader = Journal::open(&place.at, key.as_ref()).map(drop);
        assert_eq!(writer.as_ref().unwrap_err().to_string(), reader.as_ref().unwrap_err().to_string());
        writer.unwrap_err()
    };
    assert!(matches!(open(&encrypted, wrong()), JournalError::WrongKey { .. }));
    assert!(matches!(open(&encrypted, None), JournalError::KeyNeeded { .. }));
    assert!(matches!(open(&plain, wrong()), JournalError::NotEncrypted { .. }));
    assert!(!open(&encrypted, wrong()).is_damage());
}

#[test]
fn one_key_serves_several_journals_and_their_rows_are_not_alike() {
    let (one, two) = (Place::encrypted(), Place::encrypted());
    for place in [&one, &two] {
        read_all(&place.writer(), 0, company());
    }
    // Rows of one in the other are noticed.
    two.take_states_of(&one);
    let error = two.journal().now(guid(10)).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
}
