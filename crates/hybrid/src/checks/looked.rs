//! What a report says was looked at, of objects of the cloud for which the case has no words of its own.

use super::case::{Case, name_of};
use super::rule::Seen;
use crate::evidence::{Domain, Gap, Known, SourceFile, SyncFeature, User, UserField};

/// A property of an object that these files give.
pub(super) fn of_files<'a>(
    mut files: impl Iterator<Item = &'a SourceFile>,
    attribute: &str,
    value: Option<String>,
) -> Seen {
    let file = files.next();
    Seen {
        source: file.map_or_else(|| "cloud".to_owned(), |file| name_of(&file.path)),
        attribute: attribute.to_owned(),
        value,
        at: file.map(|file| file.at),
    }
}

/// A property of a cloud user that is true or false, a time or a number.
pub(super) fn of_user<T: ToString>(user: User<'_>, field: UserField, value: Known<T>) -> Seen {
    of_files(user.sources(), field.name(), value.value().map(|value| value.to_string()))
}

/// A property of a domain.
pub(super) fn of_domain<T: ToString>(domain: Domain<'_>, property: &str, value: Known<T>) -> Seen {
    let name = domain.name().value().unwrap_or_default();
    of_files(domain.sources(), &format!("{property} of {name}"), value.value().map(|value| value.to_string()))
}

/// A feature of the synchronisation; nothing where no file holds the features.
pub(super) fn of_feature(case: &Case<'_>, feature: SyncFeature) -> Option<Seen> {
    let features = case.evidence?.sync_features()?;
    let value = features.is_on(feature).value().map(|is_on| is_on.to_string());
    Some(of_files(features.sources(), feature.name(), value))
}

/// Gaps in words; `None` where there is none.
pub(super) fn gaps(all: &[Gap]) -> Option<String> {
    let mut words: Vec<String> = all.iter().map(ToString::to_string).collect();
    words.sort();
    words.dedup();
    (!words.is_empty()).then(|| words.join("; "))
}
