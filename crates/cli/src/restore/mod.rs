//! What `restore`, `apply`, `operations --resume` and `undo` share: choosing, planning, showing, asking, carrying out,
//! verifying, reporting.

pub(crate) mod ask_cloud;
pub(crate) mod carry;
pub(crate) mod choice;
pub(crate) mod desk;
pub(crate) mod fill;
pub(crate) mod groups_file;
pub(crate) mod guid_list;
pub(crate) mod hybrid;
mod next;
pub(crate) mod output;
pub(crate) mod passwords;
pub(crate) mod past;
pub(crate) mod plan_file;
pub(crate) mod select;
pub(crate) mod show;
pub(crate) mod wishes;
