//! The cloud half of a hybrid identity, as far as files tell: what the synchronisation engine takes, and what the cloud
//! holds.

pub mod checks;
pub mod evidence;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod guide;
pub mod scope;
pub mod text;
