//! Whole configurations: every format, what is wrong with them, and the verdicts.

mod bad_input;
mod fixture;
mod formats;
mod sample;
mod verdicts;
