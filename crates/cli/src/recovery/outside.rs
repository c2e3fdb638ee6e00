//! What the engine asks of the world besides the directory.

use std::time::{Duration, Instant};

use adrecover_core::plan::{Action, ObjectPlan};
use adrecover_core::report::Failure;
use adrecover_engine::beyond::{Act, Beyond, Later, Sight};
use adrecover_hybrid::recovery::{self, SyncCommand};
use adrecover_ldap::Session;

use super::gate;
use super::options::RecoveryArgs;
use super::server::{Failed, SyncServer};
use crate::context::Ctx;
use crate::error::CliError;
use crate::preflight::inputs::Inputs;

/// The shortest and the longest time between two looks at the cloud.
const BETWEEN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// The pre-flight, the server of the synchronisation, and the cloud, as far as this command was given them.
pub(crate) struct Outside<'a> {
    ctx: &'a Ctx,
    inputs: Option<&'a Inputs>,
    server: Option<SyncServer>,
    patience: Duration,
    /// Since when the cloud is waited for, and how long the last wait was.
    waiting: Option<(Instant, Duration)>,
}

impl<'a> Outside<'a> {
    /// What options come to.
    pub(crate) fn new(
        ctx: &'a Ctx,
        args: &RecoveryArgs,
        inputs: Option<&'a Inputs>,
    ) -> Result<Self, CliError> {
        let server = args.server(&ctx.settings)?;
        Ok(Self { ctx, inputs, server, patience: args.patience(), waiting: None })
    }

    /// For plans that stay in the directory.
    pub(crate) fn none(ctx: &'a Ctx) -> Self {
        Self { ctx, inputs: None, server: None, patience: Duration::ZERO, waiting: None }
    }

    async fn sight(&mut self, session: &Session, object: &ObjectPlan, action: &Action) -> Sight {
        match action {
            Action::Preflight => match self.inputs {
                Some(inputs) => gate::look(self.ctx, session, inputs, object)
                    .await
                    .unwrap_or_else(|error| Sight::Unknown(error.to_string())),
                None => Sight::Unknown(GIVE_AGAIN.to_owned()),
            },
            Action::Wait { awaited, .. } => match self.inputs.and_then(|inputs| inputs.evidence.as_ref()) {
                Some(evidence) => seen(recovery::is_so(evidence, awaited)),
                None => Sight::Unknown(GIVE_AGAIN.to_owned()),
            },
            _ => Sight::NotYet(String::new()),
        }
    }

    async fn carry_out(&mut self, action: &Action) -> Act {
        let (Some(server), Some(command)) = (&self.server, SyncCommand::of(action)) else {
            return Act::Refused(Failure::Other, "nobody is there to do it".to_owned());
        };
        self.ctx.printer.note(format!("on {server}: {}", command.powershell()));
        match server.run(command).await {
            Ok(()) => Act::Done(Some(format!("on {server}: {}", command.powershell()))),
            Err(Failed::NotRun(why)) => Act::Refused(Failure::Unreachable, why),
            Err(Failed::Refused(why)) => Act::Refused(Failure::Other, why),
            Err(Failed::Unsure(why)) => Act::Unsure(why),
        }
    }

    async fn wait(&mut self, why: &str) -> bool {
        // A file does not change while it is looked at.
        false
    }
}

const GIVE_AGAIN: &str =
    "what is known of the cloud was not given: --cloud, --mailboxes, --sync-config or --evidence";

fn seen(sight: recovery::Sight) -> Sight {
    match sight {
        recovery::Sight::So(text) => Sight::So(Some(text)),
        recovery::Sight::NotYet(text) => Sight::NotYet(text),
        recovery::Sight::Otherwise(text) => Sight::Otherwise(text),
        recovery::Sight::Unknown(text) => Sight::Unknown(text),
    }
}

impl Beyond<Session> for Outside<'_> {
    fn look<'a>(
        &'a mut self,
        directory: &'a mut Session,
        object: &'a ObjectPlan,
        action: &'a Action,
    ) -> Later<'a, Sight> {
        Box::pin(self.sight(directory, object, action))
    }

    fn act<'a>(&'a mut self, _: &'a ObjectPlan, action: &'a Action) -> Later<'a, Act> {
        Box::pin(self.carry_out(action))
    }

    fn pause<'a>(&'a mut self, why: &'a str) -> Later<'a, bool> {
        Box::pin(self.wait(why))
    }

    fn does(&self, _: &Action) -> bool {
        self.server.is_some()
    }
}
