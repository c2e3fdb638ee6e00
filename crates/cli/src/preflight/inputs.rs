//! What a pre-flight looks at besides the directory: the configuration of the synchronisation, exports of the cloud, and the cloud
//! itself.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use adrecover_hybrid::evidence::{Evidence, Loader};
use adrecover_hybrid::graph::{Client, Key};
use adrecover_hybrid::scope::model::SettingName;
use adrecover_hybrid::scope::{self, SyncScope};
use clap::Args;

use crate::cloud::{self, Asked, GraphArgs};
use crate::context::Ctx;
use crate::error::CliError;

const HEADING: &str = "What is known of the cloud";

/// Where evidence comes from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EvidenceArgs {
    /// The configuration of the synchronisation engine: a file or a folder; may repeat
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    pub(crate) sync_config: Vec<PathBuf>,
    /// Exports of the cloud: a file or a folder; or `graph`, to ask Microsoft Graph (`./graph` is a file); may repeat
    #[arg(long, value_name = "PATH|graph", help_heading = HEADING)]
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

    /// Whether the cloud itself is to be asked.
    pub(crate) fn asks_cloud(&self) -> bool {
        self.cloud.iter().any(|path| is_graph(path))
    }
}

/// `graph`, and no path that leads to a file of that name.
fn is_graph(path: &Path) -> bool {
    path.as_os_str() == "graph"
}

/// What the files say, and the cloud, once it was asked.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// The configuration of the synchronisation engine.
    pub(crate) scope: Option<SyncScope>,
    /// What is known of the cloud.
    pub(crate) evidence: Option<Evidence>,
    cloud: Option<Cloud>,
}

/// The cloud, signed in to.
#[derive(Debug)]
struct Cloud {
    client: Client,
    /// What was read from files.
    files: Loader,
    /// What was read so far, from files and from the cloud.
    loader: Loader,
    /// Whether everything was asked for.
    is_whole: bool,
    /// What was asked for so far; empty before the first question.
    asked: HashSet<Key>,
    /// The warnings of the evidence that were told.
    told: HashSet<String>,
}

impl Inputs {
    /// What is said of a setting of the engine, by its configuration or by its own command.
    pub(crate) fn settings(&self, name: SettingName) -> Vec<String> {
        let configured =
            self.scope.iter().flat_map(|scope| scope.setting(name)).map(|s| s.value.trim().to_owned());
        let told = self.evidence.as_ref().and_then(|evidence| evidence.global_setting(name.name()).value());
        configured.chain(told.map(|value| value.trim().to_owned())).collect()
    }

    /// Reads the files and signs in to the cloud, before anything is asked of a server. On the synchronisation server itself the
    /// engine's own policy is found without being named, unless only the directory is asked.
    pub(crate) async fn read(ctx: &Ctx, args: &EvidenceArgs, on_prem_only: bool) -> Result<Self, CliError> {
        let printer = &ctx.printer;
        if args.asks_cloud() && on_prem_only {
            return Err(CliError::usage("--on-prem-only asks nobody but the directory")
                .hint("leave out either --on-prem-only or --cloud graph"));
        }
        // What is missing is told before files of a whole tenant are read.
        let client = args.asks_cloud().then(|| cloud::client(ctx, &args.graph)).transpose()?;
        let exports = args.cloud.iter().filter(|path| !is_graph(path));
        let exports: Vec<&PathBuf> = exports.chain(&args.mailboxes).chain(&args.evidence).collect();
        let mut loader = Loader::new();
        exports.iter().try_for_each(|path| loader.add(path))?;
        let kept = client.is_some().then(|| loader.clone());
        let evidence = (!exports.is_empty()).then(|| loader.finish());
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
        let mut told = HashSet::new();
        warn(ctx, evidence.as_ref(), &mut told);
        let cloud = client.zip(kept).map(|(client, loader)| {
            let files = loader.clone();
            Cloud { client, files, loader, is_whole: false, asked: HashSet::new(), told }
        });
        if let Some(cloud) = &cloud {
            ctx.stop.unless_asked(cloud::signed_in(ctx, &cloud.client)).await?;
        }
        Ok(Self { scope, evidence, cloud })
    }

    /// Whether there is a cloud to [`Self::ask`].
    pub(crate) fn asks_cloud(&self) -> bool {
        self.cloud.is_some()
    }

    /// Asks the cloud for the users that have one of these, and whoever has their names, unless it was asked for them before.
    pub(crate) async fn ask(&mut self, ctx: &Ctx, keys: Vec<Key>) -> Result<(), CliError> {
        let Some(cloud) = self.cloud.as_mut().filter(|cloud| !cloud.is_whole) else { return Ok(()) };
        let is_first = cloud.asked.is_empty();
        let keys: Vec<Key> = keys.into_iter().filter(|key| cloud.asked.insert(key.clone())).collect();
        if keys.is_empty() {
            return Ok(());
        }
        ctx.printer.detail(1, format!("asking {} by {} names", cloud.client.host(), keys.len()));
        let asked = if is_first { Asked::Users(keys) } else { Asked::UsersAlone(keys) };
        let loader = std::mem::take(&mut cloud.loader);
        cloud.loader = cloud::gather(ctx, &cloud.client, &asked, loader).await?;
        self.evidence = Some(cloud.loader.clone().finish());
        warn(ctx, self.evidence.as_ref(), &mut cloud.told);
        Ok(())
    }

    /// Asks the cloud for everything that it holds. It is not asked again then.
    pub(crate) async fn ask_all(&mut self, ctx: &Ctx) -> Result<(), CliError> {
        let Some(cloud) = &mut self.cloud else { return Ok(()) };
        ctx.printer.note(format!("asking {} for the whole tenant", cloud.client.host()));
        let loader = std::mem::take(&mut cloud.loader);
        self.evidence = Some(cloud::gather(ctx, &cloud.client, &Asked::Tenant, loader).await?.finish());
        cloud.is_whole = true;
        warn(ctx, self.evidence.as_ref(), &mut cloud.told);
        Ok(())
    }

    /// What the cloud holds at this moment of the users that have one of these, beside the files; `None` where it is not to be asked.
    pub(crate) async fn at_this_moment(
        &self,
        ctx: &Ctx,
        keys: Vec<Key>,
    ) -> Result<Option<Evidence>, CliError> {
        let Some(cloud) = &self.cloud else { return Ok(None) };
        let asked = Asked::UsersAlone(keys);
        Ok(Some(cloud::gather(ctx, &cloud.client, &asked, cloud.files.clone()).await?.finish()))
    }

    /// The cloud, where it is to be asked.
    pub(crate) fn client(&self) -> Option<&Client> {
        self.cloud.as_ref().map(|cloud| &cloud.client)
    }
}

/// Tells the warnings that were not told before.
fn warn(ctx: &Ctx, evidence: Option<&Evidence>, told: &mut HashSet<String>) {
    for warning in evidence.iter().flat_map(|evidence| evidence.warnings()) {
        let warning = warning.to_string();
        if told.insert(warning.clone()) {
            ctx.printer.warn(warning);
        }
    }
}
