//! Accounts that may read less.
