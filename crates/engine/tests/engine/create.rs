//! New objects in the place of those that are gone for good.

use adrecover_core::plan::{Action, LinkEnd, ObjectPlan, Plan, Purpose};
use adrecover_core::report::{Outcome, Status};
use adrecover_core::request::AttributeWish;
use adrecover_core::value::Value;
use adrecover_engine::{undo_plan, verify_all};

use crate::fake::{Fake, Fault};
use crate::world::*;

/// The GUID that the object had.
const OLD: u8 = 77;

fn new_user(fake: &Fake) -> Plan {
    let uac =
        AttributeWish { attribute: "userAccountControl".into(), values: vec![Value::Text("514".into())] };
    let create = Action::Create {
        to: dn("CN=User77,OU=Staff,DC=x"),
        parent: guid(STAFF),
        class: "user".into(),
        sam_account_name: Some("user77".into()),
        mandatory: vec![uac],
    };
    let reports_to_it = Action::AddLinks {
        attribute: "manager".into(),
        holder: LinkEnd { guid: guid(BOSS), dn: dn("CN=Boss,OU=Staff,DC=x") },
        targets: vec![LinkEnd { guid: guid(OLD), dn: dn("CN=User77,OU=Staff,DC=x") }],
        only_if_absent: false,
        source: "ldif:x".into(),
        at: None,
    };
    let steps = vec![
        step(create),
        upn("user77@x"),
        set("mail", &["new@x"]),
        password(),
        step(Action::Enable),
        join(),
        step(reports_to_it),
    ];
    let mut object = ObjectPlan {
        guid: guid(OLD),
        name: "User77".into(),
        from: String::new(),
        ..object(fake, BOSS, steps)
    };
    object.sam_account_name = Some("user77".into());
    (object.user_principal_name, object.usn_changed) = (None, None);
    object.dn = dn("CN=User77,OU=Staff,DC=x");
    Plan { purpose: Purpose::Recreate, ..plan(vec![object]) }
}

/// The one new object, which is as it shall be.
fn check(fake: &Fake) -> adrecover_core::ObjectGuid {
    let all: Vec<_> =
        fake.objects.iter().filter(|(_, o)| o.text("sAMAccountName").as_deref() == Some("user77")).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    let (guid, object) = &all[0];
    assert!(object.is_enabled() && object.text("mail").as_deref() == Some("new@x"), "{object:?}");
    assert!(fake.object(crate::world::guid(SALES)).text("member").unwrap().contains(&guid.to_string()));
    assert!(fake.object(crate::world::guid(BOSS)).text("manager").unwrap().contains(&guid.to_string()));
    **guid
}

#[tokio::test]
async fn what_follows_is_written_to_the_new_object_and_undone_there() {
    let mut fake = world(0);
    let desk = Desk::new();
    let plan = new_user(&fake);
    let (id, mut reports) = desk.done(&mut fake, &plan).await;
    assert_eq!(reports[0].outcome, Outcome::Restored, "{reports:#?}");
    let new = check(&fake);
    assert_eq!(reports[0].guid, new);
    verify_all(&plan, &mut reports, &mut fake).await;
    assert_eq!(reports[0].verified, Some(true), "{reports:#?}");
    assert_eq!(
        desk.journal().recreated(guid(OLD), Some("S-1-5-21-1-2-3")).unwrap(),
        [],
        "the command is another one here"
    );
    for delete_again in [false, true] {
        let undo = undo_plan(&desk.journal().load(&id.to_string()).unwrap(), delete_again, clock());
        assert_eq!(undo.objects[0].guid, new);
        desk.done(&mut fake, &undo).await;
        assert!(!fake.object(new).is_enabled());
        assert_eq!(fake.object(new).is_deleted(), delete_again);
        assert_eq!(
            (fake.object(guid(SALES)).text("member"), fake.object(guid(BOSS)).text("manager")),
            (None, None)
        );
    }
}

#[tokio::test]
async fn it_is_created_once_whatever_is_lost() {
    for fault in [Fault::LostBefore, Fault::LostAfter, Fault::DiesBefore, Fault::DiesAfter] {
        for at in 1.. {
            let mut fake = world(0);
            fake.faults.insert(at, fault);
            let desk = Desk::new();
            let plan = new_user(&fake);
            let (id, done) = desk.run(&mut fake, &plan).await;
            if done.is_none() {
                fake.faults.clear();
                desk.resume(&mut fake, id).await.unwrap();
            }
            check(&fake);
            if at > fake.requests {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_was_taken_meanwhile_is_left_to_its_owner() {
    let mut fake = world(0);
    let plan = new_user(&fake);
    fake.add(guid(9), "CN=Thief,OU=Staff,DC=x", &[("sAMAccountName", &["user77"])]);
    let (_, reports) = Desk::new().done(&mut fake, &plan).await;
    assert_eq!((reports[0].outcome, reports[0].steps[0].status), (Outcome::Failed, Status::Failed));
    assert!(reports[0].message.as_ref().unwrap().contains("Thief") && fake.writes.is_empty(), "{reports:#?}");
}
