//! What the engine asks of the world besides the directory.

use std::time::Duration;

use adrecover_core::plan::{Action, ObjectPlan};
use adrecover_core::recovery::Awaited;
use adrecover_core::report::Failure;
use adrecover_engine::beyond::{Act, Beyond, Later, Sight};
use adrecover_hybrid::graph::Change;
use adrecover_hybrid::recovery::{self, SyncCommand};
use adrecover_ldap::Session;

use super::cloud::{Patience, apply, keys, look_for};
use super::gate;
use super::options::RecoveryArgs;
use super::server::{Failed, SyncServer};
use crate::context::Ctx;
use crate::error::CliError;
use crate::preflight::inputs::Inputs;

/// The pre-flight, the server of the synchronisation, and the cloud, as far as this command was given them.
pub(crate) struct Outside<'a> {
    ctx: &'a Ctx,
    inputs: Option<&'a mut Inputs>,
    server: Option<SyncServer>,
    patience: Patience,
}

impl<'a> Outside<'a> {
    /// What options come to.
    pub(crate) fn new(
        ctx: &'a Ctx,
        args: &RecoveryArgs,
        inputs: Option<&'a mut Inputs>,
    ) -> Result<Self, CliError> {
        let server = args.server(&ctx.settings)?;
        Ok(Self { inputs, server, patience: Patience::of(args.patience()), ..Self::none(ctx) })
    }

    /// For plans that stay in the directory.
    pub(crate) fn none(ctx: &'a Ctx) -> Self {
        Self { ctx, inputs: None, server: None, patience: Patience::of(Duration::ZERO) }
    }

    async fn gate(&mut self, session: &Session, object: &ObjectPlan) -> Sight {
        let Some(inputs) = self.inputs.as_deref_mut() else { return Sight::Unknown(GIVE_AGAIN.to_owned()) };
        let looked = gate::look(self.ctx, session, inputs, object).await;
        looked.unwrap_or_else(|error| Sight::Unknown(error.to_string()))
    }

    async fn cloud(&self, action: &Action) -> Sight {
        let Some(inputs) = self.inputs.as_deref() else { return Sight::Unknown(GIVE_AGAIN.to_owned()) };
        let now = match inputs.at_this_moment(self.ctx, keys(action)).await {
            Ok(now) => now,
            Err(error) => return Sight::Unknown(error.to_string()),
        };
        let Some(evidence) = now.as_ref().or(inputs.evidence.as_ref()) else {
            return Sight::Unknown(GIVE_AGAIN.to_owned());
        };
        match (look_for(evidence, action), action) {
            // Mailboxes are in files alone: waiting shows nothing new of them.
            (Sight::NotYet(text), Action::Wait { awaited: Awaited::Mailbox { .. }, .. }) => {
                Sight::Unknown(text)
            }
            (sight, _) => sight,
        }
    }

    async fn command(&self, command: SyncCommand) -> Act {
        let Some(server) = &self.server else {
            return Act::Refused(Failure::Other, "no server of the synchronisation is named".to_owned());
        };
        let told = format!("on {server}: {}", command.powershell());
        self.ctx.printer.note(&told);
        match server.run(command).await {
            Ok(()) => Act::Done(Some(told)),
            Err(Failed::NotRun(why)) => Act::Refused(Failure::Unreachable, why),
            Err(Failed::Refused(why)) => Act::Refused(Failure::Other, why),
            Err(Failed::Unsure(why)) => Act::Unsure(why),
        }
    }

    async fn change(&self, change: Change) -> Act {
        match self.inputs.as_deref().and_then(Inputs::client) {
            Some(client) => apply(client, &change).await,
            None => Act::Refused(Failure::Other, "it takes --cloud graph".to_owned()),
        }
    }

    async fn act_on(&self, action: &Action) -> Act {
        match (SyncCommand::of(action), recovery::change_of(action)) {
            (Some(command), _) => self.command(command).await,
            (None, Some(change)) => self.change(change).await,
            (None, None) => Act::Refused(Failure::Other, "this program does not do that".to_owned()),
        }
    }

    async fn wait(&mut self, why: &str) -> bool {
        // A file does not change while it is looked at.
        self.inputs.as_deref().is_some_and(Inputs::asks_cloud) && self.patience.wait(self.ctx, why).await
    }
}

const GIVE_AGAIN: &str =
    "what is known of the cloud was not given: --cloud, --mailboxes, --sync-config or --evidence";

impl Beyond<Session> for Outside<'_> {
    fn look<'a>(
        &'a mut self,
        directory: &'a mut Session,
        object: &'a ObjectPlan,
        action: &'a Action,
    ) -> Later<'a, Sight> {
        Box::pin(async move {
            match action {
                Action::Preflight => self.gate(directory, object).await,
                // What a command does cannot be seen from here.
                _ if SyncCommand::of(action).is_some() => Sight::NotYet(String::new()),
                _ => self.cloud(action).await,
            }
        })
    }

    fn act<'a>(&'a mut self, _: &'a ObjectPlan, action: &'a Action) -> Later<'a, Act> {
        Box::pin(self.act_on(action))
    }

    fn pause<'a>(&'a mut self, why: &'a str) -> Later<'a, bool> {
        Box::pin(self.wait(why))
    }

    fn does(&self, _: &Action) -> bool {
        self.server.is_some()
    }
}
