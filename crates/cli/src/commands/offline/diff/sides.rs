//! The two sides: opened, held against each other, and asked together.

use adrecover_core::Dn;
use adrecover_core::difference::Scope;
use adrecover_core::source::{About, Source};
use adrecover_core::time::rfc3339;

use crate::context::Ctx;
use crate::error::CliError;
use crate::sources::{self, Opened, SourceArgs, SourceName};

/// What was and what is.
pub(super) struct Sides {
    then: Opened,
    now: Opened,
}

impl Sides {
    /// Opens both; the directory where no other file is named.
    pub(super) async fn open(
        ctx: &Ctx,
        file: &str,
        other: Option<&str>,
        args: &SourceArgs,
    ) -> Result<Self, CliError> {
        let then = sources::open(ctx, &SourceName::parse(file)?, args).await?;
        let now = match other {
            Some(other) => sources::open(ctx, &SourceName::parse(other)?, args).await?,
            None => sources::live(ctx).await?,
        };
        let sides = Self { then, now };
        sides.are_of_one_domain()?;
        Ok(sides)
    }

    /// Objects of one domain are in no other: everything would be gone, and everything new.
    fn are_of_one_domain(&self) -> Result<(), CliError> {
        let (then, now) = (self.then.about(), self.now.about());
        let differ = match (then.domain_guid, now.domain_guid, &then.domain, &now.domain) {
            (Some(one), Some(other), ..) => one != other,
            (_, _, Some(one), Some(other)) => one != other,
            _ => false,
        };
        if !differ {
            return Ok(());
        }
        let of = |about: &About| {
            let guid = about.domain_guid.map(|guid| format!(" ({guid})")).unwrap_or_default();
            about.domain.as_ref().map(|domain| format!("{domain}{guid}")).unwrap_or_default()
        };
        Err(CliError::usage(format!(
            "{} is of the domain {}, and {} of {}: no object is in both",
            then.name,
            of(then),
            now.name,
            of(now)
        ))
        .hint("compare with a domain controller of that domain: --server URL, or another file"))
    }

    /// What of both is to be known before they are compared.
    pub(super) fn warn(&self, ctx: &Ctx) {
        let (then, now) = (self.then.about(), self.now.about());
        if let (Some(at), Some(other)) = (then.at(), now.at())
            && at > other
        {
            ctx.printer.warn(format!(
                "{} ({}) is younger than {} ({}): what is called new was before, and what is called gone came later",
                then.name,
                rfc3339(at),
                now.name,
                rfc3339(other)
            ));
        }
        let partial = [then, now].into_iter().filter(|about| !about.absence_is_unset);
        let partial: Vec<&str> = partial.map(|about| about.name.as_str()).collect();
        if !partial.is_empty() {
            ctx.printer.note(format!(
                "what an object does not have in {} is not compared: it may not have been exported",
                partial.join(" or ")
            ));
        }
        for about in [then, now] {
            about.limits.iter().for_each(|limit| ctx.printer.detail(1, format!("{}: {limit}", about.name)));
        }
    }

    /// What is compared: what is asked for, else the domain, else all that the first side has.
    pub(super) fn scope(&self, under: Option<Dn>) -> Scope {
        let (then, now) = (self.then.about(), self.now.about());
        let base = under.or_else(|| then.domain.clone()).or_else(|| now.domain.clone());
        Scope { base, ..Scope::default() }
    }

    /// Asks both.
    pub(super) async fn compare<T: Send + 'static>(
        self,
        question: impl FnOnce(&mut dyn Source, &mut dyn Source) -> Result<T, CliError> + Send + 'static,
    ) -> Result<T, CliError> {
        let (mut then, mut now) = (self.then, self.now.into_source()?);
        then.ask(move |then| Ok(question(then, now.as_mut()))).await?
    }
}
