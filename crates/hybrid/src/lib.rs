//! The cloud half of a hybrid identity, as far as files tell: what the synchronisation engine takes, and what the cloud
//! holds.

pub mod evidence;
pub mod guide;
pub mod text;
