//! Directories that are only read, as arguments name them (`ldif:FILE`, `file:FILE`, `ldap:URL`): reading the argument, opening, asking
//! without holding up the program, and what errors and damage are called.

use std::path::PathBuf;

use adrecover_core::source::{About, Source, SourceError, SourceKind};
use adrecover_ldap::ServerUrl;
use adrecover_ldap::source::{LdapSource, OpenError};
use adrecover_offline::{Options, Place};
use clap::Args;

use crate::context::{Ctx, Pin};
use crate::error::{CliError, Kind};

/// How a source is named, for help texts and hints.
pub(crate) const FORMS: &str = "ldif:FILE, ntds:FILE, adexplorer:FILE, samba:FILE, evtx:FILE, file:FILE (any of these), or ldap:URL \
                                (a mounted snapshot)";

/// How sources are opened.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SourceArgs {
    /// Read databases that were not shut down in an orderly way, too: what they show may contradict itself
    #[arg(long)]
    pub(crate) allow_dirty: bool,
    /// The account to log on with to a source that is a server (ldap:URL), instead of that of the connection
    #[arg(long, value_name = "USER")]
    pub(crate) source_user: Option<String>,
    /// The file with the password of --source-user, `-` for standard input
    #[arg(long, value_name = "FILE", requires = "source_user")]
    pub(crate) source_password_file: Option<PathBuf>,
}

/// A source as an argument names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceName {
    /// A file.
    File(Place),
    /// A server.
    Server(ServerUrl),
}

impl SourceName {
    /// Reads `KIND:FILE`, `file:FILE`, a bare file, or `ldap:URL`. Nothing is opened.
    pub(crate) fn parse(text: &str) -> Result<Self, CliError> {
        let text = text.trim();
        if let Some(url) = address(text) {
            let url = ServerUrl::read(url, adrecover_ldap::Scheme::Ldaps);
            return Ok(Self::Server(url.map_err(|e| {
                CliError::usage(format!("{text}: {e}")).hint("write it as ldap:ldaps://server:port")
            })?));
        }
        let place = Place::parse(text);
        if place.path.as_os_str().is_empty() {
            return Err(
                CliError::usage(format!("`{text}` names no file")).hint(format!("sources are {FORMS}"))
            );
        }
        Ok(Self::File(place))
    }

    /// The same of an argument that must say what it is: a bare file name is none.
    pub(crate) fn parse_named(text: &str) -> Option<Result<Self, CliError>> {
        let word = text.trim().split_once(':').map(|(word, _)| word)?;
        let is_kind = SourceKind::ALL.into_iter().any(|kind| kind.name().eq_ignore_ascii_case(word));
        let is_named = is_kind || word.eq_ignore_ascii_case("file") || word.eq_ignore_ascii_case("ldaps");
        is_named.then(|| Self::parse(text))
    }
}

impl std::fmt::Display for SourceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(Place { kind: Some(kind), path }) => write!(f, "{kind}:{}", path.display()),
            Self::File(Place { kind: None, path }) => write!(f, "file:{}", path.display()),
            Self::Server(url) => write!(f, "ldap:{url}"),
        }
    }
}

/// The address of a server in `ldap:URL`, `ldap://…` and `ldaps://…`.
fn address(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(':')?;
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    match rest.starts_with("//") {
        true => (is("ldap") || is("ldaps")).then_some(text),
        false => is("ldap").then_some(rest),
    }
}

/// A source that was opened.
pub(crate) struct Opened {
    about: About,
    source: Option<Box<dyn Source>>,
}

/// Opens a source.
pub(crate) async fn open(ctx: &Ctx, name: &SourceName, args: &SourceArgs) -> Result<Opened, CliError> {
    let source = match name {
        SourceName::File(place) => {
            let (place, options) =
                (place.clone(), Options { allow_dirty: args.allow_dirty, ..Options::default() });
            let opening = blocking(move || adrecover_offline::open(&place, &options));
            ctx.stop.unless_asked(async { Ok(opening.await??) }).await?
        }
        SourceName::Server(url) => {
            let options = ctx.source_options(url, args)?;
            let opening = blocking(move || LdapSource::open(&options));
            let opened = ctx.stop.unless_asked(opening).await?;
            Box::new(opened.map_err(|error| match error {
                OpenError::Connect(error) => CliError::from(error),
                OpenError::Source(error) => CliError::from(error),
            })?)
        }
    };
    let about = source.about().clone();
    let opened = Opened { about, source: Some(source) };
    ctx.printer.detail(1, format!("{}: {}", opened.about.name, opened.about.format));
    for warning in opened.warnings() {
        ctx.printer.warn(warning);
    }
    Ok(opened)
}

/// Opens the directory of the connection, to be read only.
pub(crate) async fn live(ctx: &Ctx) -> Result<Opened, CliError> {
    let (options, _) = ctx.prepared(&Pin::Any).await?;
    let opening = blocking(move || LdapSource::open(&options));
    let opened = ctx.stop.unless_asked(opening).await?;
    let mut source = opened.map_err(|error| match error {
        OpenError::Connect(error) => CliError::from(error),
        OpenError::Source(error) => CliError::from(error),
    })?;
    source.make_live(ctx.now);
    Ok(Opened { about: source.about().clone(), source: Some(Box::new(source)) })
}

impl Opened {
    /// The source itself.
    pub(crate) fn into_source(self) -> Result<Box<dyn Source>, CliError> {
        let name = self.about.name;
        self.source
            .ok_or_else(|| CliError::unexpected(format!("{name} was left in the middle of a question")))
    }

    /// What it is.
    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// Asks the source something, on a thread of its own: sources block.
    pub(crate) async fn ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce(&mut dyn Source) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, CliError> {
        let Some(mut source) = self.source.take() else {
            return Err(CliError::unexpected(format!(
                "{} was left in the middle of a question",
                self.about.name
            )));
        };
        let (source, answer) = blocking(move || {
            let answer = question(source.as_mut());
            (source, answer)
        })
        .await?;
        self.source = Some(source);
        Ok(answer?)
    }

    /// What is to be said of the source before anything of it is believed.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let dirty = self.about.is_dirty.then(|| {
            format!(
                "{} was not shut down in an orderly way (--allow-dirty): what it shows may be incomplete or contradict itself",
                self.about.name
            )
        });
        dirty.into_iter().collect()
    }

    /// The damage that was met so far, for people: the first parts, and how many there were.
    pub(crate) fn damage(&self) -> Vec<String> {
        /// How many are told one by one.
        const TOLD: usize = 5;
        let Some(source) = &self.source else { return vec![] };
        let report = source.damage();
        let name = &self.about.name;
        let mut out: Vec<String> =
            report.first().iter().take(TOLD).map(|damage| format!("{name} is damaged: {damage}")).collect();
        let more = report.total().saturating_sub(out.len() as u64);
        if more > 0 {
            out.push(format!("{name} is damaged in {more} more places"));
        }
        out
    }
}

/// Does what blocks on a thread where that holds up nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CliError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| CliError::unexpected(format!("reading a source ended: {error}")))
}

/// A source that cannot answer.
impl From<SourceError> for CliError {
    fn from(error: SourceError) -> Self {
        let (message, hint) = (error.to_string(), error.hint());
        let kind = match error {
            SourceError::Directory(error) => return Self::from(error),
            SourceError::Io { .. } | SourceError::OtherKind { .. } => Kind::Usage,
            SourceError::NotRecognised { .. }
            | SourceError::Unsupported { .. }
            | SourceError::Dirty { .. }
            | SourceError::Damaged { .. }
            | SourceError::TooLarge { .. } => Kind::BadInput,
        };
        Self { hint, ..Self::new(kind, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (Option<SourceKind>, String) {
        match SourceName::parse(text).unwrap() {
            SourceName::File(place) => (place.kind, place.path.display().to_string()),
            SourceName::Server(url) => panic!("{url}"),
        }
    }

    #[test]
    fn files_are_named_by_kind_or_content() {
        assert_eq!(file("ldif:a.ldf"), (Some(SourceKind::Ldif), "a.ldf".into()));
        assert_eq!(file("NTDS:C:\\x\\ntds.dit"), (Some(SourceKind::Ntds), "C:\\x\\ntds.dit".into()));
        assert_eq!(file("file:a:b"), (None, "a:b".into()));
        assert_eq!(file("C:\\export.ldf"), (None, "C:\\export.ldf".into()));
        assert_eq!(SourceName::parse("ldif:").unwrap_err().code(), 2);
        assert!(
            SourceName::parse_named("a.ldf").is_none() && SourceName::parse_named("nonsense:x").is_none()
        );
        assert_eq!(SourceName::parse_named("file:x").unwrap().unwrap().to_string(), "file:x");
    }

    #[test]
    fn servers_are_named_by_url() {
        for (text, url) in [
            ("ldap:ldaps://dc1:10636", "ldaps://dc1:10636"),
            ("ldap://localhost:51389", "ldap://localhost:51389"),
            ("ldaps://dc1", "ldaps://dc1"),
            ("ldap:dc1", "ldaps://dc1"),
        ] {
            match SourceName::parse(text).unwrap() {
                SourceName::Server(found) => assert_eq!(found.to_string(), url),
                SourceName::File(place) => panic!("{place:?}"),
            }
        }
        assert_eq!(SourceName::parse("ldap:http://x").unwrap_err().code(), 2);
    }

    #[test]
    fn errors_have_their_exit_codes() {
        let missing = SourceError::io("x", &std::io::ErrorKind::NotFound.into());
        assert_eq!(CliError::from(missing).code(), 2);
        let none = CliError::from(SourceError::NotRecognised { name: "x".into(), found: "empty".into() });
        assert_eq!((none.code(), none.hint.is_some()), (12, true));
        let dirty =
            SourceError::Dirty { name: "x".into(), state: "dirty".into(), hint: "--allow-dirty".into() };
        assert_eq!(CliError::from(dirty).code(), 12);
    }
}
