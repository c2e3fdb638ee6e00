//! What the engine asks of the world besides the directory.

use std::time::{Duration, Instant};

use adrecover_core::plan::{Action, ObjectPlan};
use adrecover_core::recovery::Awaited;
use adrecover_core::report::Failure;
use adrecover_engine::beyond::{Act, Beyond, Later, Sight};
use adrecover_hybrid::evidence::Evidence;
use adrecover_hybrid::graph::{Change, GraphError, GraphErrorKind, Key};
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
    inputs: Option<&'a mut Inputs>,
    server: Option<SyncServer>,
    patience: Duration,
    /// Until when the cloud is waited for, and how long the next wait is.
    waiting: Option<(Instant, Duration)>,
    /// What was last said to be waited for.
    waits_for: String,
}

impl<'a> Outside<'a> {
    /// What options come to.
    pub(crate) fn new(
        ctx: &'a Ctx,
        args: &RecoveryArgs,
        inputs: Option<&'a mut Inputs>,
    ) -> Result<Self, CliError> {
        let server = args.server(&ctx.settings)?;
        Ok(Self { inputs, server, patience: args.patience(), ..Self::none(ctx) })
    }

    /// For plans that stay in the directory.
    pub(crate) fn none(ctx: &'a Ctx) -> Self {
        Self {
            ctx,
            inputs: None,
            server: None,
            patience: Duration::ZERO,
            waiting: None,
            waits_for: String::new(),
        }
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
        match now.as_ref().or(inputs.evidence.as_ref()) {
            Some(evidence) => look_for(evidence, action),
            None => Sight::Unknown(GIVE_AGAIN.to_owned()),
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
        let Some(client) = self.inputs.as_deref().and_then(Inputs::client) else {
            return Act::Refused(Failure::Other, "it takes --cloud graph".to_owned());
        };
        match client.apply(&change).await {
            Ok(_) => Act::Done(None),
            Err(GraphError::OutcomeUnknown { .. }) => {
                Act::Unsure("the answer was lost; it is looked for when the operation is resumed".to_owned())
            }
            Err(error) => {
                let failure = match error.kind() {
                    GraphErrorKind::Denied => Failure::AccessDenied,
                    GraphErrorKind::Unreachable | GraphErrorKind::SignIn => Failure::Unreachable,
                    _ => Failure::Other,
                };
                Act::Refused(failure, format!("{error}; it takes the permission {}", change.permission()))
            }
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
        let asks = self.inputs.as_deref().is_some_and(Inputs::asks_cloud);
        // A file does not change while it is looked at.
        if !asks || self.patience.is_zero() {
            return false;
        }
        let now = Instant::now();
        let (until, next) = *self.waiting.get_or_insert((now + self.patience, BETWEEN.0));
        let left = until.saturating_duration_since(now);
        if left.is_zero() || self.ctx.stop.is_asked() {
            return false;
        }
        if self.waits_for != why {
            let minutes = left.as_secs().div_ceil(60);
            self.ctx.printer.note(format!("waiting, for {minutes} minutes at most: {why}"));
            why.clone_into(&mut self.waits_for);
        }
        self.waiting = Some((until, (next * 2).min(BETWEEN.1)));
        tokio::select! {
            () = tokio::time::sleep(next.min(left)) => true,
            () = self.ctx.stop.asked() => false,
        }
    }
}

/// By what a step's user is found in the cloud.
fn keys(action: &Action) -> Vec<Key> {
    let of_anchor = |anchor: &String| Key::ImmutableId(anchor.clone());
    match action {
        Action::Wait { awaited: Awaited::CloudUser { anchor, user }, .. } => {
            [of_anchor(anchor)].into_iter().chain(user.map(Key::Id)).collect()
        }
        Action::Wait {
            awaited: Awaited::Licences { anchor, .. } | Awaited::Mailbox { anchor, .. }, ..
        } => {
            vec![of_anchor(anchor)]
        }
        Action::CloudRestore { user, .. } | Action::CloudUpdate { user, .. } => vec![Key::Id(*user)],
        _ => vec![],
    }
}

fn look_for(evidence: &Evidence, action: &Action) -> Sight {
    seen(match action {
        Action::Wait { awaited, .. } => recovery::is_so(evidence, awaited),
        Action::CloudRestore { user, .. } => recovery::gone_from_bin(evidence, *user),
        Action::CloudUpdate { user, change } => recovery::is_changed(evidence, *user, change),
        _ => return Sight::NotYet(String::new()),
    })
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
