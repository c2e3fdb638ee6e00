//! A small domain, plans for it, and a run over both.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adrecover_core::elsewhere::NoElsewhere;
use adrecover_core::kind::ObjectKind;
use adrecover_core::plan::{Action, Carried, ObjectPlan, Plan, Purpose, SCHEMA, Step, Undo};
use adrecover_core::report::ObjectReport;
use adrecover_core::request::RestoreRequest;
use adrecover_core::time::Timestamp;
use adrecover_core::value::Value;
use adrecover_core::{Dn, ObjectGuid};
use adrecover_engine::journal::Command;
use adrecover_engine::{
    EngineError, Journal, Meta, NoAudit, NoProgress, OperationId, PasswordError, PasswordSource, Run,
    execute, resume,
};
use secrecy::SecretString;

use crate::fake::Fake;

pub(crate) const PASSWORD: &str = "Correct-Horse-7-Battery";

pub(crate) fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[n; 16]).unwrap()
}

pub(crate) fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

pub(crate) fn clock() -> Timestamp {
    adrecover_core::time::when("2026-11-22T12:00:00Z", Timestamp::default()).unwrap()
}

pub(crate) const STAFF: u8 = 200;
pub(crate) const SALES: u8 = 201;
pub(crate) const BOSS: u8 = 202;

/// A domain with an OU, a group, one live user and `users` deleted ones, whose GUIDs count from 1.
pub(crate) fn world(users: u8) -> Fake {
    let mut fake = Fake::default();
    fake.add(guid(STAFF), "OU=Staff,DC=x", &[]);
    fake.add(guid(SALES), "CN=Sales,DC=x", &[]);
    let boss: &[(&str, &[&str])] = &[
        ("sAMAccountName", &["boss"]),
        ("userPrincipalName", &["boss@x"]),
        ("userAccountControl", &["512"]),
        ("mail", &["old@x"]),
    ];
    fake.add(guid(BOSS), "CN=Boss,OU=Staff,DC=x", boss);
    for n in 1..=users {
        let sam = format!("user{n}");
        let dn = format!("CN=User{n},OU=Staff,DC=x");
        fake.add(
            guid(n),
            &dn,
            &[("sAMAccountName", &[sam.as_str()]), ("userAccountControl", &["512"]), ("mail", &["lost@x"])],
        );
        fake.tombstone(guid(n), guid(STAFF));
    }
    fake
}

pub(crate) fn step(action: Action) -> Step {
    Step { action, why: "because".into(), already: false, undo: Undo::Nothing }
}

pub(crate) fn set(attribute: &str, values: &[&str]) -> Step {
    let values = values.iter().map(|v| Value::Text((*v).into())).collect();
    step(Action::SetAttribute {
        attribute: attribute.into(),
        values,
        source: "--set".into(),
        at: None,
        only_if_absent: false,
    })
}

pub(crate) fn upn(value: &str) -> Step {
    step(Action::SetUpn { value: value.into(), source: None, at: None })
}

pub(crate) fn join() -> Step {
    step(Action::AddToGroup {
        group: dn("CN=Sales,DC=x"),
        guid: guid(SALES),
        source: "journal".into(),
        domain: None,
        at: None,
    })
}

pub(crate) fn password() -> Step {
    step(Action::SetPassword { must_change: false, generated: false })
}

pub(crate) fn reanimate(n: u8, password: Carried) -> Step {
    step(Action::Reanimate {
        to: dn(&format!("CN=User{n},OU=Staff,DC=x")),
        parent: guid(STAFF),
        sam_account_name: None,
        user_principal_name: None,
        mandatory: vec![],
        password,
    })
}

/// Everything for a user who comes back enabled.
pub(crate) fn enabled(n: u8) -> Vec<Step> {
    vec![
        reanimate(n, Carried::Wanted),
        upn(&format!("user{n}@x")),
        set("mail", &["new@x"]),
        password(),
        step(Action::Enable),
        join(),
    ]
}

/// A user who comes back disabled.
pub(crate) fn disabled(n: u8) -> Vec<Step> {
    vec![reanimate(n, Carried::Random), step(Action::Disable), upn(&format!("user{n}@x")), join()]
}

pub(crate) fn object(fake: &Fake, n: u8, steps: Vec<Step>) -> ObjectPlan {
    let present = fake.object(guid(n));
    ObjectPlan {
        guid: guid(n),
        name: format!("User{n}"),
        kind: ObjectKind::User,
        sam_account_name: present.text("sAMAccountName"),
        user_principal_name: present.text("userPrincipalName"),
        from: present.dn.to_string(),
        usn_changed: present.text("uSNChanged").map(|u| u.parse().unwrap()),
        dn: dn(&format!("CN=User{n},OU=Staff,DC=x")),
        deleted_at: None,
        steps,
        blocked_by: vec![],
        losses: vec![],
        warnings: vec![],
        conflicts: vec![],
        still_missing: vec![],
        skipped: None,
    }
}

pub(crate) fn plan(objects: Vec<ObjectPlan>) -> Plan {
    Plan {
        schema: SCHEMA.into(),
        made_by: "0".into(),
        made_at: clock(),
        purpose: Purpose::Restore,
        domain: dn("DC=x"),
        domain_sid: Some("S-1-5-21-1-2-3".parse().unwrap()),
        server: "dc1.x".into(),
        request: RestoreRequest::default(),
        objects,
    }
}

pub(crate) fn meta() -> Meta {
    Meta {
        command: Command::Restore,
        reason: Some("ticket 1".into()),
        bind_identity: "admin@x".into(),
        os_user: "root".into(),
        host: "here".into(),
        started_at: clock(),
    }
}

/// Gives one password to everybody.
pub(crate) struct Given(pub(crate) &'static str);

impl PasswordSource for Given {
    fn password(&mut self, _: &ObjectPlan) -> Result<SecretString, PasswordError> {
        Ok(SecretString::from(self.0))
    }
}

/// A journal in a folder of its own, and how to run.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) password: &'static str,
    pub(crate) keep_going: bool,
    pub(crate) stop: Arc<AtomicBool>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, password: PASSWORD, keep_going: false, stop: Arc::default() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("state/operations.db")
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::open(self.path()).unwrap()
    }

    /// Runs a plan as a new operation. `None` where the program died.
    pub(crate) async fn run(
        &self,
        fake: &mut Fake,
        plan: &Plan,
    ) -> (OperationId, Option<Result<Vec<ObjectReport>, EngineError>>) {
        let journal = self.journal();
        let id = journal.begin(&meta(), plan).unwrap();
        let dead = fake.dead.clone();
        let mut given = Given(self.password);
        let stop = || self.stop.load(Ordering::SeqCst);
        let mut run = Run {
            directory: fake,
            elsewhere: &mut NoElsewhere,
            journal: &journal,
            operation: id,
            passwords: &mut given,
            progress: &mut NoProgress,
            audit: &NoAudit,
            stop: &stop,
            keep_going: self.keep_going,
            clock,
        };
        (id, until_dead(execute(plan, &mut run), &dead).await)
    }

    /// Runs a plan that ends.
    pub(crate) async fn done(&self, fake: &mut Fake, plan: &Plan) -> (OperationId, Vec<ObjectReport>) {
        let (id, reports) = self.run(fake, plan).await;
        (id, reports.unwrap().unwrap())
    }

    /// Goes on with an operation as a new process would.
    pub(crate) async fn resume(&self, fake: &mut Fake, id: OperationId) -> Option<Vec<ObjectReport>> {
        let journal = self.journal();
        journal.take_up(id).unwrap();
        let operation = journal.load(&id.to_string()).unwrap();
        let dead = fake.dead.clone();
        dead.store(false, Ordering::SeqCst);
        let mut given = Given(self.password);
        let mut run = Run {
            directory: fake,
            elsewhere: &mut NoElsewhere,
            journal: &journal,
            operation: id,
            passwords: &mut given,
            progress: &mut NoProgress,
            audit: &NoAudit,
            stop: &|| false,
            keep_going: self.keep_going,
            clock,
        };
        until_dead(resume(&operation, &mut run), &dead).await.map(Result::unwrap)
    }
}

/// Drives a future until it ends, or until the fake says that the program has died: then it is dropped where it is.
async fn until_dead<T>(future: impl Future<Output = T>, dead: &AtomicBool) -> Option<T> {
    let mut future = Box::pin(future);
    std::future::poll_fn(move |context| match future.as_mut().poll(context) {
        std::task::Poll::Ready(value) => std::task::Poll::Ready(Some(value)),
        std::task::Poll::Pending if dead.load(Ordering::SeqCst) => std::task::Poll::Ready(None),
        std::task::Poll::Pending => std::task::Poll::Pending,
    })
    .await
}
