//! Which objects are meant, as options.

use std::path::PathBuf;

use adrecover_core::ObjectGuid;
use adrecover_ldap::deleted::Selection;
use clap::Args;

use super::guid_list;
use super::wishes::WishArgs;
use crate::context::Ctx;
use crate::error::CliError;
use crate::selectors::SelectorArgs;

const WHICH: &str = "Which objects";

/// Which objects are meant.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ChoiceArgs {
    /// Restore what has this in its name or account name (any case)
    #[arg(value_name = "FILTER", conflicts_with_all = ["guid", "tree", "from_file"])]
    filter: Option<String>,
    /// Restore this object; may repeat
    #[arg(long, value_name = "GUID", value_delimiter = ',', conflicts_with_all = ["tree", "from_file"],
          help_heading = WHICH)]
    guid: Vec<String>,
    /// Restore this deleted container and everything that was below it
    #[arg(long, value_name = "GUID", conflicts_with = "from_file", help_heading = WHICH)]
    tree: Option<String>,
    /// With --tree, also what was deleted more than an hour before the container
    #[arg(long, requires = "tree", help_heading = WHICH)]
    include_earlier: bool,
    /// Restore what a file lists: a GUID a line, or the JSON of `list` or `history --incident`; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = WHICH)]
    from_file: Option<PathBuf>,
    /// Restore also what hung below the objects, such as a computer's recovery keys
    #[arg(long, help_heading = WHICH)]
    include_children: bool,
    /// Restore all that match
    #[arg(long, conflicts_with_all = ["max", "newest"], help_heading = WHICH)]
    all: bool,
    /// Restore all that match if they are no more than N
    #[arg(long, value_name = "N", conflicts_with = "newest", help_heading = WHICH)]
    max: Option<usize>,
    /// Of several with one account name, or one name in one place, restore the one deleted last
    #[arg(long, help_heading = WHICH)]
    newest: bool,
    #[command(flatten)]
    selectors: SelectorArgs,
}

/// The choice, read.
pub(crate) struct Choice {
    pub(super) which: Which,
    pub(super) include_children: bool,
    pub(super) include_earlier: bool,
    pub(super) all: bool,
    pub(super) max: Option<usize>,
    pub(super) newest: bool,
}

/// How the objects are named.
pub(super) enum Which {
    Guids(Vec<ObjectGuid>),
    Tree(ObjectGuid),
    Matching(Selection),
}

impl ChoiceArgs {
    /// Reads the options, before anything is asked of a server.
    pub(crate) fn read(&self, ctx: &Ctx, wishes: &WishArgs) -> Result<Choice, CliError> {
        let which = self.which(ctx, wishes)?;
        if self.selectors.any() && !matches!(which, Which::Matching(_)) {
            return Err(CliError::usage(
                "selectors (--type, --since, …) go with a FILTER, not with --guid, --tree or --from-file",
            ));
        }
        let Self { include_children, include_earlier, all, max, newest, .. } = *self;
        Ok(Choice { which, include_children, include_earlier, all, max, newest })
    }

    /// Whether the list of objects is read from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.from_file.as_ref().is_some_and(|p| p.as_os_str() == "-")
    }

    fn which(&self, ctx: &Ctx, wishes: &WishArgs) -> Result<Which, CliError> {
        if !self.guid.is_empty() {
            return Ok(Which::Guids(self.guid.iter().map(|g| guid("--guid", g)).collect::<Result<_, _>>()?));
        }
        if let Some(text) = &self.tree {
            return Ok(Which::Tree(guid("--tree", text)?));
        }
        if let Some(file) = &self.from_file {
            let taken = ctx.settings.password_from_stdin() || wishes.password.source.reads_stdin();
            if self.reads_stdin() && taken {
                let text = "standard input cannot be both a password and the list of objects";
                return Err(CliError::usage(text));
            }
            return Ok(Which::Guids(guid_list::read(file)?));
        }
        if self.filter.as_deref().is_some_and(|f| f.trim().is_empty()) {
            return Err(CliError::usage("the FILTER is empty: it would mean everything")
                .hint("name what to restore, or use selectors such as --type and --since"));
        }
        if self.filter.is_some() || self.selectors.any() {
            return Ok(Which::Matching(self.selectors.read(self.filter.as_deref(), ctx.now)?));
        }
        Err(CliError::usage("it is not said what to restore").hint(
            "give --guid GUID, --tree GUID, --from-file FILE, a FILTER, or selectors such as --type and --since",
        ))
    }
}

fn guid(option: &str, text: &str) -> Result<ObjectGuid, CliError> {
    text.parse().map_err(|e| CliError::usage(format!("{option}: {e}")))
}
