//! What `rollback` and `apply` of its plans share: asking the journal, asking the directory, planning, showing.

mod asked;
mod choose;
mod history;
pub(crate) mod output;
mod planning;
pub(crate) mod show;

pub(crate) use asked::Question;
pub(crate) use choose::{ChoiceArgs, Times};
pub(crate) use planning::{CHUNK, Planning};
