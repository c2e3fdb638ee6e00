//! The files that a pre-flight looks at: the configuration of the synchronisation, and exports of the cloud.

use std::path::{Path, PathBuf};

use adrecover_hybrid::evidence::{Evidence, Loader};
use adrecover_hybrid::scope::model::SettingName;
use adrecover_hybrid::scope::{self, SyncScope};
use clap::Args;

use crate::cloud::GraphArgs;
use crate::error::CliError;
use crate::printer::Printer;

const HEADING: &str = "What is known of the cloud";

/// Where evidence comes from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EvidenceArgs {
    /// The configuration of the synchronisation engine: a file or a folder; may repeat
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    pub(crate) sync_config: Vec<PathBuf>,
    /// Exports of the cloud: a file or a folder; may repeat
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    pub(crate) cloud: Vec<PathBuf>,
    /// Exports of mailboxes; may repeat
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub(crate) mailboxes: Vec<PathBuf>,
    /// A folder with all of that, as the collector writes it; may repeat
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    pub(crate) evidence: Vec<PathBuf>,
    /// How to sign in, where the cloud itself is asked.
    #[command(flatten)]
    pub(crate) graph: GraphArgs,
}

impl EvidenceArgs {
    /// Whether anything was given.
    pub(crate) fn any(&self) -> bool {
        [&self.sync_config, &self.cloud, &self.mailboxes, &self.evidence]
            .iter()
            .any(|paths| !paths.is_empty())
    }
}

/// What the files say.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// The configuration of the synchronisation engine.
    pub(crate) scope: Option<SyncScope>,
    /// The exports.
    pub(crate) evidence: Option<Evidence>,
}

impl Inputs {
    /// What is said of a setting of the engine, by its configuration or by its own command.
    pub(crate) fn settings(&self, name: SettingName) -> Vec<String> {
        let configured =
            self.scope.iter().flat_map(|scope| scope.setting(name)).map(|s| s.value.trim().to_owned());
        let told = self.evidence.as_ref().and_then(|evidence| evidence.global_setting(name.name()).value());
        configured.chain(told.map(|value| value.trim().to_owned())).collect()
    }

    /// Reads them all, before anything is asked of a server. On the synchronisation server itself the engine's own policy is
    /// found without being named, unless only the directory is asked.
    pub(crate) fn read(args: &EvidenceArgs, on_prem_only: bool, printer: &Printer) -> Result<Self, CliError> {
        if args.cloud.iter().any(|path| path.as_os_str() == "graph") && !Path::new("graph").exists() {
            return Err(CliError::usage("the cloud itself cannot be asked yet")
                .hint("export it: `adrecover preflight --collector FILE.ps1` writes the script; then --evidence FOLDER"));
        }
        let exports: Vec<&PathBuf> = args.cloud.iter().chain(&args.mailboxes).chain(&args.evidence).collect();
        let evidence = if exports.is_empty() { None } else { Some(load(&exports)?) };
        let mut configurations = args.sync_config.clone();
        // A folder of evidence may hold the engine's configuration, too.
        configurations.extend(evidence.iter().flat_map(|evidence| evidence.handed_over().to_vec()));
        if configurations.is_empty() && !on_prem_only {
            configurations.extend(scope::applied_here());
            configurations.iter().for_each(|path| {
                printer.note(format!("the synchronisation is configured by {}", path.display()))
            });
        }
        let scope = if configurations.is_empty() { None } else { Some(scope::read(&configurations)?) };
        for warning in scope.iter().flat_map(|scope| &scope.warnings) {
            printer.warn(warning);
        }
        for warning in evidence.iter().flat_map(|evidence| evidence.warnings()) {
            printer.warn(warning.to_string());
        }
        Ok(Self { scope, evidence })
    }
}

fn load(paths: &[&PathBuf]) -> Result<Evidence, CliError> {
    let mut loader = Loader::new();
    for path in paths {
        loader.add(path)?;
    }
    Ok(loader.finish())
}
