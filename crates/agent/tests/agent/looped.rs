//! The loop: what is read, from whom, and what happens when that does not work.

use std::time::Duration;

use adrecover_agent::{AgentOptions, Choice, Ended, Event, NotConnected};
use adrecover_core::DirectoryError;
use adrecover_core::change::ChangesError;
use adrecover_journal::Status;

use crate::stage::{Stage, failure, quick};
use crate::told::{changed, company, deleted, guid, now};

fn lost() -> ChangesError {
    DirectoryError::ConnectionLost { server: "dc1".to_owned(), reason: "the line was cut".to_owned() }.into()
}

#[test]
fn one_pass_and_another_one() {
    let stage = Stage::new(company());
    let Ended::Once(failed) = stage.once(AgentOptions::default()).unwrap();
    assert!(failed.is_empty());
    let status = stage.journal().status().unwrap();
    assert_eq!((status.objects.live, status.changes, status.contexts.len()), (8, 0, 2));
    stage.directory.changes.borrow_mut().push(deleted(10, "Ada"));
    stage.once(AgentOptions::default()).unwrap();
    assert_eq!(*stage.directory.reads.borrow(), [true, false]);
    assert_eq!(stage.journal().guids(Status::Stripped).unwrap(), [guid(10)]);
}

#[test]
fn a_change_is_read_when_it_wakes_and_not_before() {
    let stage = Stage::new(company());
    let options = AgentOptions { interval: Duration::from_secs(60), ..quick() };
    let (mut steps, journal) = (0, std::cell::OnceCell::new());
    stage.until(options, stage.setup(), || {
        if steps == 0 && stage.directory.reads.borrow().len() == 1 {
            stage.directory.changes.borrow_mut().push(deleted(10, "Ada"));
            stage.directory.woken.notify_one();
            steps = 1;
        }
        steps == 1 && {
            let journal = journal.get_or_init(|| stage.journal());
            !journal.guids(Status::Stripped).unwrap().is_empty()
        }
    });
}

#[test]
fn another_domain_controller_is_read_as_a_whole_and_compared() {
    let stage = Stage::new(company());
    stage.once(AgentOptions::default()).unwrap();
    stage.directory.invocation.set(201);
    stage.directory.changes.borrow_mut()[3] = changed(10, "CN=Ada,OU=Staff,DC=contoso,DC=com", "mail", "a@b");
    stage.once(AgentOptions::default()).unwrap();
    assert_eq!(*stage.directory.reads.borrow(), [true, true]);
    assert_eq!(stage.said(|event| matches!(event, Event::FullRead { because: Some(_), .. })), 2);
    // Compared: one value is new, and nobody is there twice.
    let status = stage.journal().status().unwrap();
    assert_eq!((status.objects.live, status.changes), (8, 1));
}

#[test]
fn what_cannot_be_read_does_not_stop_the_rest() {
    let stage = Stage::new(company());
    stage.directory.refuse_other.set(true);
    let Ended::Once(failed) = stage.once(AgentOptions::default()).unwrap();
    assert!(matches!(failed.as_slice(), [ChangesError::RightMissing { .. }]));
    assert_eq!(stage.journal().status().unwrap().objects.live, 8);
    assert_eq!(stage.said(|event| matches!(event, Event::Failed { .. })), 1);
}

#[test]
fn everything_is_read_again_where_somebody_asks_for_it_or_the_right_has_gone() {
    let stage = Stage::new(company());
    stage.once(AgentOptions::default()).unwrap();
    stage.directory.refuse.borrow_mut().push_back(ChangesError::NotOffered { server: "dc1".to_owned() });
    stage.once(AgentOptions::default()).unwrap();
    let options = AgentOptions { full: true, ..quick() };
    stage.until(options, stage.setup(), || stage.directory.reads.borrow().len() > 4);
    // Once is enough.
    assert_eq!(stage.directory.reads.borrow()[..5], [true, true, true, false, false]);
    assert_eq!(stage.journal().status().unwrap().changes, 0);
}

#[test]
fn a_lost_connection_is_made_again() {
    let stage = Stage::new(company());
    stage.directory.refuse.borrow_mut().push_back(lost());
    stage.until(quick(), stage.setup(), || stage.directory.reads.borrow().len() > 1);
    assert_eq!(stage.said(|event| matches!(event, Event::Connected { .. })), 2);
    // With one pass only it is tried a few times.
    let stage = Stage::new(company());
    stage.directory.refuse.borrow_mut().extend([lost(), lost()]);
    assert!(stage.once(AgentOptions::default()).is_ok());
    stage.directory.refuse.borrow_mut().extend([lost(), lost(), lost()]);
    assert!(stage.once(AgentOptions::default()).unwrap_err().0.contains("cut"));
    stage.directory.away.set(true);
    assert!(stage.once(AgentOptions::default()).unwrap_err().0.contains("nobody"));
}

#[test]
fn the_domain_controller_of_the_positions_is_waited_for() {
    let stage = Stage::new(company());
    let options = AgentOptions { stay: Duration::from_millis(1200), ..quick() };
    let mut is_away = false;
    stage.until(options, stage.setup(), || {
        if !is_away && !stage.directory.reads.borrow().is_empty() {
            is_away = true;
            stage.directory.away.set(true);
            stage.directory.refuse.borrow_mut().push_back(lost());
        }
        stage.directory.choices.borrow().contains(&Choice::First("dc1".to_owned()))
    });
    let choices = stage.directory.choices.borrow();
    assert_eq!(choices[0], Choice::Any);
    assert!(
        choices[1..choices.len() - 1].iter().all(|c| *c == Choice::Only("dc1".to_owned())),
        "{choices:?}"
    );
    drop(choices);
    // It is known after a restart, too.
    stage.directory.away.set(false);
    stage.once(AgentOptions::default()).unwrap();
    assert_eq!(stage.directory.choices.borrow().last(), Some(&Choice::Only("dc1".to_owned())));
}

#[test]
fn a_refused_logon_is_not_tried_again_with_the_same_password() {
    let stage = Stage::new(company());
    let refused = NotConnected::Refused(failure("the password is wrong"));
    stage.directory.not_connected.borrow_mut().push_back(refused);
    let mut looks = 0;
    stage.until(quick(), stage.setup(), || {
        looks += 1;
        let tries = stage.directory.choices.borrow().len();
        if looks < 120 {
            assert!(tries <= 1, "it tried again");
        } else {
            stage.directory.other_logon.set(true);
        }
        !stage.directory.reads.borrow().is_empty()
    });
    assert_eq!(stage.directory.choices.borrow().len(), 2);
    assert_eq!(stage.said(|event| matches!(event, Event::LogonRefused { .. })), 1);
}

#[test]
fn what_cannot_work_ends_it() {
    let stage = Stage::new(company());
    stage.directory.not_connected.borrow_mut().push_back(NotConnected::Never(failure("no such option")));
    let ended = stage.try_until(quick(), stage.setup(), || false);
    assert_eq!(ended.unwrap_err().0, "no such option");
}

#[test]
fn two_agents_do_not_write_one_journal() {
    let stage = Stage::new(company());
    stage.once(AgentOptions::default()).unwrap();
    let options = adrecover_journal::Options::default();
    let _other = adrecover_journal::Writer::open(stage.path(), "contoso.com", &options).unwrap();
    let ended = stage.try_until(quick(), stage.setup(), || false);
    assert!(ended.unwrap_err().0.contains("another process"));
}

#[test]
fn old_changes_are_dropped_where_the_clocks_agree() {
    let stage = Stage::new(company());
    let options = || AgentOptions { keep_changes: 1, ..AgentOptions::default() };
    for text in ["a", "b", "c"] {
        stage.once(AgentOptions::default()).unwrap();
        let dn = "CN=Bob,OU=Staff,DC=contoso,DC=com";
        stage.directory.changes.borrow_mut().push(changed(11, dn, "title", text));
    }
    stage.directory.clock.set(Some(now() + chrono::Duration::days(400)));
    stage.once(options()).unwrap();
    assert_eq!(stage.said(|event| matches!(event, Event::NotPruned { .. })), 1);
    assert_eq!(stage.journal().status().unwrap().changes, 3);
    stage.directory.clock.set(Some(now()));
    stage.once(options()).unwrap();
    assert_eq!(stage.said(|event| matches!(event, Event::Pruned(_))), 1);
    assert_eq!(stage.journal().status().unwrap().changes, 1);
}
