//! One pass: all naming contexts, each from where its reading had come to.

use std::collections::BTreeSet;

use adrecover_core::change::{ChangesError, Cursor, Phase};
use adrecover_core::{DirectoryError, Dn};
use adrecover_journal::JournalError;

use crate::alert::Guard;
use crate::book::Book;
use crate::event::Sum;
use crate::shared::Shared;
use crate::{Event, Reading, Reason, Source};

/// Why a naming context was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The directory.
    #[error(transparent)]
    Directory(#[from] ChangesError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What a pass came to.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// The naming contexts that were read to their end.
    pub(crate) read: usize,
    /// What kept others from being read.
    pub(crate) failed: Vec<ChangesError>,
}

/// What a pass works with.
pub(crate) struct Desk<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) book: &'a Book,
    pub(crate) guard: &'a mut Guard,
    /// The names of attributes that were said already.
    pub(crate) said: &'a mut BTreeSet<String>,
    /// Whether naming contexts are read as a whole though there is a position, and which were.
    pub(crate) anew: &'a mut Anew,
}

/// Which naming contexts are to be read as a whole because somebody asked for it.
#[derive(Debug, Default)]
pub(crate) enum Anew {
    /// None.
    #[default]
    None,
    /// All but these.
    AllBut(BTreeSet<String>),
}

impl Desk<'_> {
    /// Reads all naming contexts. One that cannot be read does not keep the others from being read; a lost connection and a journal
    /// that cannot be written do.
    pub(crate) async fn pass<S: Source>(&mut self, source: &mut S) -> Result<Pass, Trouble> {
        let mut pass = Pass::default();
        for context in source.contexts() {
            match self.context(source, &context).await {
                Ok(()) => pass.read += 1,
                Err(Trouble::Directory(error)) if !is_lost(&error) => {
                    let (context, reason) = (context.to_string(), (&error).into());
                    self.shared.stand().failed(&context);
                    self.shared.say(&Event::Failed { context, reason });
                    pass.failed.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(pass)
    }

    /// Reads on where the reading had come to; a position that the server does not take means all of it, to be compared.
    async fn context<S: Source>(&mut self, source: &mut S, context: &Dn) -> Result<(), Trouble> {
        let kept = self.book.kept(context)?;
        let is_first = kept.as_ref().is_none_or(|kept| kept.completed.is_none());
        let Some(cursor) = kept.and_then(|kept| kept.cursor) else {
            let lost = Reason::from("the position that was kept cannot be read".to_owned());
            self.say_whole(context, (!is_first).then_some(lost));
            return self.read(source, context, None).await;
        };
        if let Anew::AllBut(read) = &mut self.anew
            && read.insert(context.key())
        {
            self.say_whole(context, Some("somebody asked for it".to_owned().into()));
            return self.read(source, context, None).await;
        }
        match self.read(source, context, Some(&cursor)).await {
            // The right for the way in which it was read is gone, or another one has come.
            Err(Trouble::Directory(error)) if error.needs_full_read() || error.has_another_way() => {
                self.say_whole(context, Some((&error).into()));
            }
            Err(Trouble::Journal(error @ JournalError::OutOfOrder { .. })) => {
                self.say_whole(context, Some(error.to_string().into()));
            }
            result => return result,
        }
        self.read(source, context, None).await
    }

    fn say_whole(&self, context: &Dn, because: Option<Reason>) {
        self.shared.stand().counts.full_reads += 1;
        self.shared.say(&Event::FullRead { context: context.to_string(), because });
    }

    /// Reads a naming context to its end, and keeps it batch by batch.
    async fn read<S: Source>(
        &mut self,
        source: &mut S,
        context: &Dn,
        from: Option<&Cursor>,
    ) -> Result<(), Trouble> {
        let name = context.to_string();
        let mut reading = source.read(context, from).await?;
        let whole = from.is_none_or(|cursor| cursor.full().is_some());
        let mut sum = Sum::default();
        while let Some(batch) = reading.next().await? {
            let now = self.shared.now();
            let outcome = self.book.keep(&batch, now)?;
            sum.add(&outcome);
            if !outcome.deletions.is_empty() {
                self.guard.is_needed_now();
            }
            self.shared.kept(&name, now, &outcome, batch.phase == Phase::Full && batch.is_last);
            self.say_refused(outcome.refused);
        }
        if whole || sum.objects > 0 {
            self.shared.say(&Event::Read { context: name, whole, read: sum });
        }
        Ok(())
    }

    fn say_refused(&mut self, refused: BTreeSet<String>) {
        let names: Vec<String> = refused.into_iter().filter(|name| self.said.insert(name.clone())).collect();
        if !names.is_empty() {
            self.shared.say(&Event::SecretsRefused { names });
        }
    }
}

/// Whether the connection is gone, so that nothing else can be read either.
fn is_lost(error: &ChangesError) -> bool {
    match error {
        ChangesError::Directory(error) => {
            error.outcome_is_unknown() || matches!(error, DirectoryError::Unreachable { .. })
        }
        _ => false,
    }
}
