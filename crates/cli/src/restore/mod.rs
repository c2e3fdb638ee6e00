//! What `restore`, `apply`, `operations --resume` and `undo` share: choosing, planning, showing, asking, carrying out,
//! verifying, reporting.

pub(crate) mod carry;
pub(crate) mod choice;
pub(crate) mod desk;
mod groups_file;
mod guid_list;
mod next;
pub(crate) mod output;
mod passwords;
pub(crate) mod plan_file;
pub(crate) mod select;
mod show;
pub(crate) mod wishes;
