//! The options that choose among deleted objects, the same for every command.

use adrecover_core::Dn;
use adrecover_core::kind::ObjectKind;
use adrecover_core::lifetime::State;
use adrecover_core::time::{Timestamp, when};
use adrecover_ldap::deleted::{Partitions, Selection, checked_filter};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::error::CliError;

const HEADING: &str = "Selection";

/// Which deleted objects are meant.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SelectorArgs {
    /// Only objects of this type; may repeat
    #[arg(long = "type", value_name = "TYPE", value_parser = kinds(), help_heading = HEADING)]
    pub(crate) kind: Vec<ObjectKind>,
    /// Only objects in this state; may repeat
    #[arg(long, value_name = "STATE", value_parser = states(), help_heading = HEADING)]
    pub(crate) state: Vec<State>,
    /// Only what was deleted at this time or later: a date, a time, or an age such as 7d or 12h
    #[arg(long, value_name = "WHEN", help_heading = HEADING)]
    pub(crate) since: Option<String>,
    /// Only what was deleted at this time or earlier
    #[arg(long, value_name = "WHEN", help_heading = HEADING)]
    pub(crate) until: Option<String>,
    /// Only what was in this container or below it, also where that is deleted itself
    #[arg(long, value_name = "DN", help_heading = HEADING)]
    pub(crate) under: Option<String>,
    /// Only what this LDAP filter matches too
    #[arg(long, value_name = "FILTER", help_heading = HEADING)]
    pub(crate) ldap_filter: Option<String>,
}

fn kinds() -> impl TypedValueParser<Value = ObjectKind> {
    PossibleValuesParser::new(ObjectKind::ALL.map(|(_, name)| name)).map(|text| {
        ObjectKind::ALL
            .into_iter()
            .find(|(_, name)| *name == text)
            .map_or(ObjectKind::Other, |(kind, _)| kind)
    })
}

fn states() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(["deleted", "tombstone", "recycled"]).map(|text| match text.as_str() {
        "deleted" => State::Deleted,
        "recycled" => State::Recycled,
        _ => State::Tombstone,
    })
}

impl SelectorArgs {
    /// Whether any is given.
    pub(crate) fn any(&self) -> bool {
        !self.kind.is_empty()
            || !self.state.is_empty()
            || self.since.is_some()
            || self.until.is_some()
            || self.under.is_some()
            || self.ldap_filter.is_some()
    }

    /// The selection that they come to with a FILTER, in the domain; wrong ones are found before anything is asked of a server.
    pub(crate) fn read(&self, text: Option<&str>, now: Timestamp) -> Result<Selection, CliError> {
        let time = |text: &Option<String>| text.as_deref().map(|t| when(t, now)).transpose();
        let (since, until) = (time(&self.since)?, time(&self.until)?);
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(CliError::usage("--since is later than --until: nothing can lie between"));
        }
        let under = self.under.as_deref().map(str::parse::<Dn>).transpose()?;
        if under.as_ref().is_some_and(Dn::is_empty) {
            return Err(CliError::usage("--under names no container")
                .hint("write --under OU=Sales,DC=contoso,DC=com"));
        }
        let ldap_filter = self.ldap_filter.as_deref().map(checked_filter).transpose();
        Ok(Selection {
            text: text.map(str::to_owned),
            kinds: self.kind.clone(),
            states: self.state.clone(),
            since,
            until,
            under,
            ldap_filter: ldap_filter.map_err(|e| CliError::usage(e.to_string()))?,
            partitions: Partitions::Domain,
            connections: 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    #[test]
    fn wrong_selectors_are_wrong_usage() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        let code = |selectors: SelectorArgs| selectors.read(None, now).unwrap_err().code();
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(code(SelectorArgs { since: text("soon"), ..SelectorArgs::default() }), 2);
        assert_eq!(code(SelectorArgs { since: text("1d"), until: text("2d"), ..SelectorArgs::default() }), 2);
        assert_eq!(code(SelectorArgs { under: text("Sales"), ..SelectorArgs::default() }), 2);
        assert_eq!(code(SelectorArgs { under: text(" "), ..SelectorArgs::default() }), 2);
        assert_eq!(code(SelectorArgs { ldap_filter: text("(cn=a"), ..SelectorArgs::default() }), 2);
        assert!(!SelectorArgs::default().any());
    }
}
