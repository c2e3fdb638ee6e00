//! Which change journal: options over variables over the profile.

use std::path::PathBuf;

use adrecover_core::powershell::argument;
use clap::Args;

use super::place::{Keeping, Named};
use crate::error::CliError;
use crate::printer::Printer;
use crate::settings::Settings;

/// The heading of these options in the help.
pub(crate) const HEADING: &str = "Change journal";

/// Which change journal. Each has a variable and a key in a profile; there is none that holds a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct JournalArgs {
    /// The change journal that an agent keeps: a file, the folder with its files, or postgres://ROLE@HOST/DATABASE [default: the
    /// folder of this computer's agent]
    #[arg(long, value_name = "PLACE", env = "ADRECOVER_JOURNAL", global = true, hide_env = true, help_heading = HEADING)]
    pub(crate) journal: Option<String>,
    /// The forest, by its DNS name, where there are journals of several
    #[arg(long, value_name = "DNS", env = "ADRECOVER_FOREST", global = true, hide_env = true, help_heading = HEADING)]
    pub(crate) forest: Option<String>,
    /// The file with the key that the journal's values are encrypted with
    #[arg(long, value_name = "FILE", env = "ADRECOVER_JOURNAL_KEY_FILE", global = true, hide_env = true, help_heading = HEADING)]
    pub(crate) journal_key_file: Option<PathBuf>,
    /// The file with the password for the database of the journal [default: PGPASSWORD, or the file .pgpass]
    #[arg(long, value_name = "FILE", env = "ADRECOVER_JOURNAL_PASSWORD_FILE", global = true, hide_env = true, help_heading = HEADING)]
    pub(crate) journal_password_file: Option<PathBuf>,
}

impl JournalArgs {
    /// What of it was given, as it is typed once more: with a space in front, or nothing.
    pub(crate) fn words(&self) -> String {
        let path = |path: &PathBuf| path.display().to_string();
        let all = [
            // Of an address that cannot be used nothing is repeated: it may hold a password.
            ("--journal", self.journal.clone().filter(|text| Named::read(text).is_ok())),
            ("--forest", self.forest.clone()),
            ("--journal-key-file", self.journal_key_file.as_ref().map(path)),
            ("--journal-password-file", self.journal_password_file.as_ref().map(path)),
        ];
        let given = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.map(|(name, value)| format!(" {name} {}", argument(&value))).collect()
    }

    /// Options (and variables, which stand among them) over the profile.
    pub(crate) fn resolve(&self, settings: &Settings, printer: &Printer) -> Result<Keeping, CliError> {
        let profile = &settings.journal;
        let text = |given: &Option<String>, kept: &Option<String>| {
            given
                .as_ref()
                .or(kept.as_ref())
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let file = |given: &Option<PathBuf>, kept: &Option<PathBuf>| {
            given.as_ref().or(kept.as_ref()).filter(|path| !path.as_os_str().is_empty()).cloned()
        };
        let keeping = Keeping::new(
            text(&self.journal, &profile.journal),
            text(&self.forest, &profile.forest),
            file(&self.journal_key_file, &profile.journal_key_file),
            file(&self.journal_password_file, &profile.journal_password_file),
        )?;
        keeping.doubt().into_iter().for_each(|doubt| printer.warn(doubt));
        Ok(keeping)
    }
}
