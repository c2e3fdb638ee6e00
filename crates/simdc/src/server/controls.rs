//! The controls of requests ([MS-ADTS] 3.1.1.3.4.1).

use crate::Failure;
use crate::directory::{DirSync, Sight};
use crate::failure::Kind;
use crate::wire::request::{Control, DirSyncValue, NumberValue, PagedValue, value_of};

pub(crate) const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
pub(crate) const DIR_SYNC: &str = "1.2.840.113556.1.4.841";
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";
const NOTIFICATION: &str = "1.2.840.113556.1.4.528";
const LAZY_COMMIT: &str = "1.2.840.113556.1.4.619";
const SD_FLAGS: &str = "1.2.840.113556.1.4.801";
const TREE_DELETE: &str = "1.2.840.113556.1.4.805";
const VERIFY_NAME: &str = "1.2.840.113556.1.4.1338";
const DOMAIN_SCOPE: &str = "1.2.840.113556.1.4.1339";
const SEARCH_OPTIONS: &str = "1.2.840.113556.1.4.1340";
const PERMISSIVE_MODIFY: &str = "1.2.840.113556.1.4.1413";
const SHOW_RECYCLED: &str = "1.2.840.113556.1.4.2064";
const SHOW_DEACTIVATED_LINK: &str = "1.2.840.113556.1.4.2065";
const POLICY_HINTS: &str = "1.2.840.113556.1.4.2239";

/// `supportedControl`: what is understood here.
pub(crate) const SUPPORTED: [&str; 15] = [
    PAGED_RESULTS,
    SHOW_DELETED,
    EXTENDED_DN,
    NOTIFICATION,
    LAZY_COMMIT,
    SD_FLAGS,
    TREE_DELETE,
    DIR_SYNC,
    VERIFY_NAME,
    DOMAIN_SCOPE,
    SEARCH_OPTIONS,
    PERMISSIVE_MODIFY,
    SHOW_RECYCLED,
    SHOW_DEACTIVATED_LINK,
    POLICY_HINTS,
];

/// What the controls of a request say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) sight: Sight,
    pub(crate) page: Option<(usize, Vec<u8>)>,
    pub(crate) dir_sync: Option<DirSync>,
    pub(crate) extended_dn: Option<i64>,
    pub(crate) sd_parts: Option<u32>,
    pub(crate) notifies: bool,
    pub(crate) tree: bool,
    pub(crate) permissive: bool,
    /// References to other naming contexts are left out.
    pub(crate) domain_scope: bool,
}

impl Asked {
    /// Reads them. One that is critical and not known, or that is not understood: 12, 202C.
    pub(crate) fn read(controls: &[Control]) -> Result<Self, Failure> {
        let mut asked = Self::default();
        for control in controls {
            asked.take(control)?;
        }
        Ok(asked)
    }

    fn take(&mut self, control: &Control) -> Result<(), Failure> {
        let value = control.value.as_deref();
        match control.oid.as_str() {
            SHOW_DELETED => self.sight.deleted = true,
            SHOW_RECYCLED => self.sight.recycled = true,
            SHOW_DEACTIVATED_LINK => self.sight.deactivated_links = true,
            NOTIFICATION => self.notifies = true,
            TREE_DELETE => self.tree = true,
            PERMISSIVE_MODIFY => self.permissive = true,
            DOMAIN_SCOPE => self.domain_scope = true,
            LAZY_COMMIT | VERIFY_NAME | POLICY_HINTS => {}
            // 1 is domain scope; 2 looks through all naming contexts from a head on, as the catalogue does.
            SEARCH_OPTIONS => self.domain_scope |= value_of::<NumberValue>(value)?.number & 1 != 0,
            // Without a value it is the form in hexadecimal.
            EXTENDED_DN => {
                self.extended_dn = Some(match value {
                    None => 0,
                    value => value_of::<NumberValue>(value)?.number,
                });
            }
            SD_FLAGS => self.sd_parts = Some(value_of::<NumberValue>(value)?.number as u32),
            PAGED_RESULTS => {
                let read: PagedValue = value_of(value)?;
                self.page = Some((usize::try_from(read.size).unwrap_or(0), read.cookie.to_vec()));
            }
            DIR_SYNC => {
                if !control.critical {
                    // Seen on a real DC: not critical, it is an error.
                    return Err(Failure::new(1, 0x2020, Kind::Service, "5012 (DIR_ERROR)"));
                }
                let read: DirSyncValue = value_of(value)?;
                self.dir_sync = Some(DirSync { flags: read.flags as u32, cookie: read.cookie.to_vec() });
            }
            _ if control.critical => {
                return Err(Failure::new(12, 0x202c, Kind::Ldap, "Error processing control"));
            }
            _ => {}
        }
        Ok(())
    }
}
