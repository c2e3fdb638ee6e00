//! What a source is, in JSON and in words.

use adrecover_core::source::{About, DamageReport, Moment, SourceKind};
use adrecover_core::text::printable;
use adrecover_core::time::{Timestamp, age, rfc3339};
use serde::Serialize;

/// A source, in every document that tells of one.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SourceDocument {
    pub(crate) kind: &'static str,
    /// As plans and reports name it.
    pub(crate) name: String,
    pub(crate) format: String,
    /// In octets.
    pub(crate) size: Option<u64>,
    /// The moment that it shows.
    #[serde(serialize_with = "adrecover_core::time::serialize")]
    pub(crate) at: Option<Timestamp>,
    /// How that is known.
    pub(crate) at_from: Option<&'static str>,
    pub(crate) host: Option<String>,
    pub(crate) domain: Option<String>,
    /// Whether it was not shut down in an orderly way.
    pub(crate) dirty: bool,
    pub(crate) limits: Vec<String>,
    pub(crate) verification: String,
    /// The first parts that could not be read.
    pub(crate) damage: Vec<DamageItem>,
    /// How many there are.
    pub(crate) damage_count: u64,
}

/// A part that could not be read.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DamageItem {
    place: String,
    problem: String,
}

impl std::fmt::Display for DamageItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl SourceDocument {
    /// Of what a source says of itself, and what of it could not be read so far.
    pub(crate) fn new(about: &About, damage: &DamageReport) -> Self {
        let item = |one: &adrecover_core::source::Damage| DamageItem {
            place: one.place.clone(),
            problem: one.problem.clone(),
        };
        Self {
            kind: about.kind.name(),
            name: about.name.clone(),
            format: about.format.clone(),
            size: about.size,
            at: about.at(),
            at_from: about.moment.map(Moment::name),
            host: about.host.clone(),
            domain: about.domain.as_ref().map(ToString::to_string),
            dirty: about.is_dirty,
            limits: about.limits.clone(),
            verification: match about.verification.as_str() {
                "" => not_tried(about.kind).unwrap_or_default().to_owned(),
                said => said.to_owned(),
            },
            damage: damage.first().iter().map(item).collect(),
            damage_count: damage.total(),
        }
    }

    /// Its name and moment, for people.
    pub(crate) fn words(&self, now: Timestamp) -> String {
        let dirty = if self.dirty { " (DIRTY: not shut down in an orderly way)" } else { "" };
        let host = self.host.as_ref().map(|host| format!(" of {}", printable(host))).unwrap_or_default();
        format!("{}{host}, {}{dirty}", printable(&self.name), self.moment(now))
    }

    /// Its moment, for people.
    pub(crate) fn moment(&self, now: Timestamp) -> String {
        let Some(at) = self.at else { return "of an unknown time".to_owned() };
        let (time, age) = (rfc3339(at), age(at, now));
        match self.at_from {
            Some("live") => "as it is now".to_owned(),
            Some("newest") => format!("of {time} or later ({age}; the newest time in it)"),
            Some("file") => format!("of {time} at the latest, by the file's own time ({age})"),
            _ => format!("of {time} ({age})"),
        }
    }
}

/// `msDS-Behavior-Version` by its name ([MS-ADTS] 6.1.4.2, 6.1.4.3).
pub(crate) fn level(version: i64) -> String {
    let name = match version {
        0 => "Windows 2000",
        1 => "Windows Server 2003 interim",
        2 => "Windows Server 2003",
        3 => "Windows Server 2008",
        4 => "Windows Server 2008 R2",
        5 => "Windows Server 2012",
        6 => "Windows Server 2012 R2",
        7 => "Windows Server 2016",
        10 => "Windows Server 2025",
        _ => return version.to_string(),
    };
    format!("{version} ({name})")
}

/// What was never tried with a kind, where its reader does not say it itself.
fn not_tried(kind: SourceKind) -> Option<&'static str> {
    match kind {
        SourceKind::Ntds => Some(
            "the reader was verified on real ESE databases and synthetic directories: no ntds.dit written by Windows has been read yet",
        ),
        SourceKind::Evtx => Some("no event log written by Windows has been read yet"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn a_moment_is_told_by_how_it_is_known() {
        let now = Utc.with_ymd_and_hms(2026, 11, 26, 12, 0, 0).unwrap();
        let at = Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap();
        let words = |moment| {
            let about = About { moment, ..About::new(SourceKind::Ldif, "ldif:x") };
            SourceDocument::new(&about, &DamageReport::default()).words(now)
        };
        assert_eq!(words(Some(Moment::Written(at))), "ldif:x, of 2026-11-01T00:00:00Z (25 days old)");
        assert!(words(Some(Moment::Newest(at))).contains("or later"));
        assert!(words(Some(Moment::File(at))).contains("by the file's own time"));
        assert_eq!(
            (words(Some(Moment::Live(at))), words(None)),
            ("ldif:x, as it is now".into(), "ldif:x, of an unknown time".into())
        );
        let dirty = About { is_dirty: true, ..About::new(SourceKind::Ntds, "ntds:x") };
        assert!(SourceDocument::new(&dirty, &DamageReport::default()).words(now).contains("DIRTY"));
    }

    #[test]
    fn levels_have_names() {
        assert_eq!((level(7), level(99)), ("7 (Windows Server 2016)".to_owned(), "99".to_owned()));
    }
}
