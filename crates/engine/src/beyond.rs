//! What a recovery touches besides the directory, as the engine sees it.

use std::future::Future;
use std::pin::Pin;

use adrecover_core::plan::{Action, ObjectPlan};
use adrecover_core::report::Failure;

/// An answer that takes a while.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The judgement of a pre-flight, the server of the synchronisation, and the cloud.
///
/// Steps whose [`Action::is_beyond`] holds and that are not left to a person are asked of it, one at a time.
pub trait Beyond<D> {
    /// Whether what a step is for is so already. `directory` is the one of the plan.
    fn look<'a>(
        &'a mut self,
        directory: &'a mut D,
        object: &'a ObjectPlan,
        action: &'a Action,
    ) -> Later<'a, Sight>;

    /// Does it.
    fn act<'a>(&'a mut self, object: &'a ObjectPlan, action: &'a Action) -> Later<'a, Act>;

    /// Lets time pass before something is looked at again, and says what for; `false`, at once, where looking again would show
    /// nothing new.
    fn pause<'a>(&'a mut self, why: &'a str) -> Later<'a, bool>;

    /// Whether this program is to carry out a step that the plan leaves to a command.
    fn does(&self, action: &Action) -> bool;
}

/// What a look shows. The texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// It is so.
    So(Option<String>),
    /// It is not so yet.
    NotYet(String),
    /// It is otherwise, and time does not change that: nothing after it may be done.
    Otherwise(String),
    /// It cannot be seen.
    Unknown(String),
}

/// How an act ended. The texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It is done.
    Done(Option<String>),
    /// It is refused, or failed: it had no effect.
    Refused(Failure, String),
    /// Whether it was done is not known.
    Unsure(String),
}
