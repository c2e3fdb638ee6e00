//! The controls that go with requests ([MS-ADTS] 3.1.1.3.4.1).

use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::{DirectoryError, Dn};
use ldap3::controls::RawControl;

use crate::ber::{self, tag};
use crate::{RootDse, SearchOptions};

pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
pub(crate) const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
pub(crate) const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";
pub(crate) const SD_FLAGS: &str = "1.2.840.113556.1.4.801";
pub(crate) const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
pub(crate) const SHOW_RECYCLED: &str = "1.2.840.113556.1.4.2064";
pub(crate) const SHOW_DEACTIVATED_LINK: &str = "1.2.840.113556.1.4.2065";

fn control(oid: &str, crit: bool, val: Option<Vec<u8>>) -> RawControl {
    RawControl { ctype: oid.to_owned(), crit, val }
}

/// Show Deleted, critical. Without it a search silently misses what it is for, so a server that does not know it gets no
/// request at all.
fn show_deleted(root_dse: &RootDse) -> Result<RawControl, DirectoryError> {
    if root_dse.supports(SHOW_DELETED) {
        return Ok(control(SHOW_DELETED, true, None));
    }
    Err(DirectoryError::BadRequest(
        "this server cannot show deleted objects (it lacks the Show Deleted control)".into(),
    ))
}

/// Controls for a Modify of an object in such a state.
pub(crate) fn for_modify(
    visibility: Visibility,
    root_dse: &RootDse,
) -> Result<Vec<RawControl>, DirectoryError> {
    match visibility {
        Visibility::Live => Ok(vec![]),
        Visibility::Deleted | Visibility::Recycled => Ok(vec![show_deleted(root_dse)?]),
    }
}

/// All controls of a search but paging.
pub(crate) fn for_search(
    query: &Query,
    options: &SearchOptions,
    root_dse: &RootDse,
) -> Result<Vec<RawControl>, DirectoryError> {
    let mut controls = vec![];
    match query.visibility {
        Visibility::Live => {}
        Visibility::Recycled if root_dse.supports(SHOW_RECYCLED) => {
            controls.push(control(SHOW_RECYCLED, true, None));
        }
        Visibility::Deleted | Visibility::Recycled => controls.push(show_deleted(root_dse)?),
    }
    if query.visibility != Visibility::Live {
        controls.push(control(SHOW_DEACTIVATED_LINK, false, None));
    }
    if query.scope == Scope::Subtree && is_naming_context(&query.base, root_dse) {
        controls.push(control(DOMAIN_SCOPE, false, None));
    }
    if options.extended_dn {
        // Flag 1: GUID and SID as text ([MS-ADTS] 3.1.1.3.4.1.5).
        let value = ber::element(tag::SEQUENCE, &ber::integer(1));
        controls.push(control(EXTENDED_DN, root_dse.supports(EXTENDED_DN), Some(value)));
    }
    // Owner, group and access list without the audit list: asking for that too takes a privilege, and who lacks it gets
    // no descriptor at all ([MS-ADTS] 3.1.1.3.4.1.11).
    let descriptor = query.attributes.iter().any(|a| a.eq_ignore_ascii_case("nTSecurityDescriptor"));
    if let Some(flags) = options.sd_flags.or(descriptor.then_some(7)) {
        let value = ber::element(tag::SEQUENCE, &ber::integer(u32::from(flags)));
        controls.push(control(SD_FLAGS, root_dse.supports(SD_FLAGS), Some(value)));
    }
    Ok(controls)
}

fn is_naming_context(base: &str, root_dse: &RootDse) -> bool {
    base.parse::<Dn>().is_ok_and(|dn| root_dse.naming_contexts.contains(&dn))
}

/// Paged results (RFC 2696).
pub(crate) fn paged(size: u32, cookie: &[u8]) -> RawControl {
    let value = [ber::integer(size), ber::element(tag::OCTET_STRING, cookie)].concat();
    control(PAGED_RESULTS, true, Some(ber::element(tag::SEQUENCE, &value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_dse(controls: &[&str]) -> RootDse {
        RootDse {
            supported_controls: controls.iter().map(|c| (*c).to_owned()).collect(),
            naming_contexts: vec!["DC=x,DC=y".parse().unwrap()],
            ..RootDse::default()
        }
    }

    fn sent(controls: &[RawControl]) -> Vec<(&str, bool)> {
        controls.iter().map(|c| (c.ctype.as_str(), c.crit)).collect()
    }

    #[test]
    fn critical_only_where_advertised() {
        let query = Query::below("dc=X,DC=y", Scope::Subtree, "(a=1)").visibility(Visibility::Recycled);
        let options = SearchOptions { extended_dn: true, sd_flags: Some(7), ..SearchOptions::default() };
        let old = for_search(&query, &options, &root_dse(&[SHOW_DELETED])).unwrap();
        assert_eq!(
            sent(&old),
            [
                (SHOW_DELETED, true),
                (SHOW_DEACTIVATED_LINK, false),
                (DOMAIN_SCOPE, false),
                (EXTENDED_DN, false),
                (SD_FLAGS, false)
            ]
        );
        let new =
            for_search(&query, &options, &root_dse(&[SHOW_DELETED, SHOW_RECYCLED, EXTENDED_DN, SD_FLAGS]))
                .unwrap();
        assert_eq!(sent(&new)[0], (SHOW_RECYCLED, true));
        assert_eq!(sent(&new)[3..], [(EXTENDED_DN, true), (SD_FLAGS, true)]);
        assert!(matches!(for_search(&query, &options, &root_dse(&[])), Err(DirectoryError::BadRequest(_))));
        assert!(for_modify(Visibility::Deleted, &root_dse(&[])).is_err());
        assert!(for_modify(Visibility::Live, &root_dse(&[])).unwrap().is_empty());
    }

    #[test]
    fn the_paging_value_is_read_back() {
        let value = paged(1000, b"abc").val.unwrap();
        assert_eq!(crate::framer::paged(&value).unwrap(), b"abc");
    }
}
