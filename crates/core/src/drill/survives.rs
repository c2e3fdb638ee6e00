//! What a tombstone keeps.

/// The attributes that a tombstone keeps whatever the schema says, in lower case ([MS-ADTS] 3.1.1.5.5.6.1).
const KEPT: [&str; 38] = [
    "attributeid",
    "attributesyntax",
    "distinguishedname",
    "dnreferenceupdate",
    "dnshostname",
    "flatname",
    "governsid",
    "grouptype",
    "instancetype",
    "isdeleted",
    "isrecycled",
    "lastknownparent",
    "ldapdisplayname",
    "legacyexchangedn",
    "ms-ds-creatorsid",
    "msds-lastknownrdn",
    "msmqownerid",
    "name",
    "ncname",
    "ntsecuritydescriptor",
    "objectclass",
    "objectguid",
    "objectsid",
    "omsyntax",
    "proxiedobjectname",
    "replpropertymetadata",
    "samaccountname",
    "securityidentifier",
    "sidhistory",
    "subclassof",
    "systemflags",
    "trustattributes",
    "trustdirection",
    "trustpartner",
    "trusttype",
    "useraccountcontrol",
    "usnchanged",
    "usncreated",
];

/// Whether a tombstone keeps an attribute. `preserved` are the names that the forest's schema marks to be kept (`searchFlags` bit 8,
/// fPRESERVEONDELETE).
#[must_use]
pub fn survives(attribute: &str, preserved: &[String]) -> bool {
    let name = attribute.to_ascii_lowercase();
    KEPT.binary_search(&name.as_str()).is_ok()
        || name == "whencreated"
        || preserved.iter().any(|kept| kept.eq_ignore_ascii_case(attribute))
}

/// Whether nobody misses an attribute: the directory gives it again by itself, or it belongs to each domain controller.
#[must_use]
pub fn comes_by_itself(attribute: &str) -> bool {
    let alone = [
        "whenchanged",
        "memberof",
        "directreports",
        "managedobjects",
        "msds-lastsuccessfulinteractivelogontime",
    ];
    alone.iter().any(|name| attribute.eq_ignore_ascii_case(name)) || !crate::losses::is_missed(attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(KEPT.is_sorted());
    }

    #[test]
    fn a_schema_may_keep_more() {
        assert!(survives("sAMAccountName", &[]) && !survives("mail", &[]));
        assert!(survives("mail", &["Mail".to_owned()]));
        assert!(comes_by_itself("pwdLastSet") && !comes_by_itself("mail"));
    }
}
