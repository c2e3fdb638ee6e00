//! The cloud half of a hybrid identity: what the synchronisation engine takes, and what the cloud holds, as files tell it or
//! Microsoft Graph.

pub mod checks;
pub mod cloud;
mod compare;
pub mod evidence;
pub mod fill;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod graph;
pub mod guide;
pub mod http;
pub mod recovery;
pub mod scope;
pub mod text;
