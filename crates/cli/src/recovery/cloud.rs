//! What steps ask of Microsoft Graph: looking for what they are for, changing it, and waiting for it.

use std::time::{Duration, Instant};

use adrecover_core::directory::NoDirectory;
use adrecover_core::plan::{Action, ObjectPlan};
use adrecover_core::recovery::Awaited;
use adrecover_core::report::Failure;
use adrecover_engine::beyond::{Act, Beyond, Later, Sight};
use adrecover_hybrid::evidence::{Evidence, Loader};
use adrecover_hybrid::graph::{Change, Client, GraphError, GraphErrorKind, Key};
use adrecover_hybrid::recovery;

use crate::cloud::{self, Asked};
use crate::context::Ctx;

/// The shortest and the longest time between two looks.
const BETWEEN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How long something is waited for, and how long it was already.
#[derive(Debug)]
pub(super) struct Patience {
    whole: Duration,
    /// Until when, and how long the next wait is.
    waiting: Option<(Instant, Duration)>,
    /// What was last said to be waited for.
    told: String,
}

impl Patience {
    pub(super) fn of(whole: Duration) -> Self {
        Self { whole, waiting: None, told: String::new() }
    }

    /// Waits a while, and says what for; `false` where it was waited long enough, or somebody asked to stop.
    pub(super) async fn wait(&mut self, ctx: &Ctx, why: &str) -> bool {
        if self.whole.is_zero() {
            return false;
        }
        let now = Instant::now();
        let (until, next) = *self.waiting.get_or_insert((now + self.whole, BETWEEN.0));
        let left = until.saturating_duration_since(now);
        if left.is_zero() || ctx.stop.is_asked() {
            return false;
        }
        if self.told != why {
            let minutes = left.as_secs().div_ceil(60);
            ctx.printer.note(format!("waiting, for {minutes} minutes at most: {why}"));
            why.clone_into(&mut self.told);
        }
        self.waiting = Some((until, (next * 2).min(BETWEEN.1)));
        tokio::select! {
            () = tokio::time::sleep(next.min(left)) => true,
            () = ctx.stop.asked() => false,
        }
    }
}

/// Makes a change.
pub(super) async fn apply(client: &Client, change: &Change) -> Act {
    let error = match client.apply(change).await {
        Ok(_) => return Act::Done(None),
        Err(error @ GraphError::OutcomeUnknown { .. }) => return Act::Unsure(error.to_string()),
        Err(error) => error,
    };
    let (failure, hint) = match error.kind() {
        GraphErrorKind::Denied => {
            (Failure::AccessDenied, format!("; it takes the permission {}", change.permission()))
        }
        GraphErrorKind::Unreachable | GraphErrorKind::SignIn => (Failure::Unreachable, String::new()),
        GraphErrorKind::Conflict => {
            (Failure::Blocked, format!("; `adrecover cloud conflicts {}` says who holds it", change.id()))
        }
        _ => (Failure::Other, String::new()),
    };
    Act::Refused(failure, format!("{error}{hint}"))
}

/// By what a step's user is found in the cloud.
pub(super) fn keys(action: &Action) -> Vec<Key> {
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

/// What evidence shows of what a step is for.
pub(super) fn look_for(evidence: &Evidence, action: &Action) -> Sight {
    let sight = match action {
        Action::Wait { awaited, .. } => recovery::is_so(evidence, awaited),
        Action::CloudRestore { user, .. } => recovery::gone_from_bin(evidence, *user),
        Action::CloudUpdate { user, change } => recovery::is_changed(evidence, *user, change),
        _ => return Sight::NotYet(String::new()),
    };
    match sight {
        recovery::Sight::So(text) => Sight::So(Some(text)),
        recovery::Sight::NotYet(text) => Sight::NotYet(text),
        recovery::Sight::Otherwise(text) => Sight::Otherwise(text),
        recovery::Sight::Unknown(text) => Sight::Unknown(text),
    }
}

/// The cloud alone: for what is done without the directory.
pub(crate) struct CloudAlone<'a> {
    ctx: &'a Ctx,
    client: &'a Client,
    patience: Patience,
}

impl<'a> CloudAlone<'a> {
    /// What was changed is looked for as long as Graph may take to show it.
    pub(crate) fn new(ctx: &'a Ctx, client: &'a Client) -> Self {
        Self { ctx, client, patience: Patience::of(Duration::from_secs(60)) }
    }

    async fn sight(&self, action: &Action) -> Sight {
        let asked = Asked::UsersAlone(keys(action));
        match cloud::gather(self.ctx, self.client, &asked, Loader::new()).await {
            Ok(loader) => look_for(&loader.finish(), action),
            Err(error) => Sight::Unknown(error.to_string()),
        }
    }
}

impl Beyond<NoDirectory> for CloudAlone<'_> {
    fn look<'a>(
        &'a mut self,
        _: &'a mut NoDirectory,
        _: &'a ObjectPlan,
        action: &'a Action,
    ) -> Later<'a, Sight> {
        Box::pin(self.sight(action))
    }

    fn act<'a>(&'a mut self, _: &'a ObjectPlan, action: &'a Action) -> Later<'a, Act> {
        Box::pin(async move {
            match recovery::change_of(action) {
                Some(change) => apply(self.client, &change).await,
                None => Act::Refused(Failure::Other, "it is nothing that the cloud does".to_owned()),
            }
        })
    }

    fn pause<'a>(&'a mut self, why: &'a str) -> Later<'a, bool> {
        Box::pin(self.patience.wait(self.ctx, why))
    }

    fn does(&self, _: &Action) -> bool {
        false
    }
}
