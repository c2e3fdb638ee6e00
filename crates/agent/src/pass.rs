//! One pass: all naming contexts, each from where its reading had come to.

use std::collections::BTreeSet;

use adrecover_core::change::{ChangesError, Cursor};
use adrecover_core::{DirectoryError, Dn};
use adrecover_journal::JournalError;

use crate::book::Book;
use crate::event::Sum;
use crate::{Event, Reading, Reason, Source, World};

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

/// Reads all naming contexts. One that cannot be read does not keep the others from being read; a lost connection and a journal
/// that cannot be written do.
pub(crate) async fn pass<W: World>(
    world: &W,
    book: &Book,
    source: &mut W::Source,
    said: &mut BTreeSet<String>,
) -> Result<Pass, Trouble> {
    let mut pass = Pass::default();
    for context in source.contexts() {
        match whole_or_changes(world, book, source, &context, said).await {
            Ok(()) => pass.read += 1,
            Err(Trouble::Directory(error)) if !is_lost(&error) => {
                world.say(&Event::Failed { context: context.to_string(), reason: (&error).into() });
                pass.failed.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(pass)
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

/// Reads on where the reading had come to; a position that the server does not take means all of it, to be compared.
async fn whole_or_changes<W: World>(
    world: &W,
    book: &Book,
    source: &mut W::Source,
    context: &Dn,
    said: &mut BTreeSet<String>,
) -> Result<(), Trouble> {
    let kept = book.kept(context)?;
    let is_first = kept.as_ref().is_none_or(|kept| kept.completed.is_none());
    let cursor = kept.and_then(|kept| kept.cursor);
    let whole = |because: Option<Reason>| {
        world.say(&Event::FullRead { context: context.to_string(), because });
    };
    let Some(cursor) = cursor else {
        let lost = Reason { message: "the position that was kept cannot be read".to_owned(), hint: None };
        whole((!is_first).then_some(lost));
        return read(world, book, source, context, None, said).await;
    };
    match read(world, book, source, context, Some(&cursor), said).await {
        Err(Trouble::Directory(error)) if error.needs_full_read() => whole(Some((&error).into())),
        Err(Trouble::Journal(error @ JournalError::OutOfOrder { .. })) => {
            whole(Some(Reason { message: error.to_string(), hint: None }));
        }
        result => return result,
    }
    read(world, book, source, context, None, said).await
}

/// Reads a naming context to its end, and keeps it batch by batch.
async fn read<W: World>(
    world: &W,
    book: &Book,
    source: &mut W::Source,
    context: &Dn,
    from: Option<&Cursor>,
    said: &mut BTreeSet<String>,
) -> Result<(), Trouble> {
    let mut reading = source.read(context, from).await?;
    let whole = from.is_none_or(|cursor| cursor.full().is_some());
    let mut sum = Sum::default();
    while let Some(batch) = reading.next().await? {
        let outcome = book.keep(&batch, world.now())?;
        sum.objects += outcome.objects;
        sum.changes += outcome.changes;
        sum.deletions += outcome.deletions.len() as u64;
        let names: Vec<String> =
            outcome.refused.into_iter().filter(|name| said.insert(name.clone())).collect();
        if !names.is_empty() {
            world.say(&Event::SecretsRefused { names });
        }
    }
    if whole || sum.objects > 0 {
        world.say(&Event::Read { context: context.to_string(), whole, read: sum });
    }
    Ok(())
}
