//! Passwords and logons.

use adrecover_core::time::{Timestamp, from_filetime};
use adrecover_core::{Sid, UserAccountControl};

use super::Directory;
use crate::Failure;
use crate::access::{Caller, well_known_sids};
use crate::failure::Kind;
use crate::filter::Name;
use crate::schema::known;
use crate::store::{Id, Object};

/// The outcome of a bind.
#[derive(Debug)]
pub enum Logon {
    /// Nobody: an anonymous bind.
    Anonymous,
    /// An account.
    Account(Box<Caller>),
}

/// The attributes that a change of the password writes besides `pwdLastSet`, so that they have stamps.
pub(super) const SECRETS: [&str; 5] =
    ["unicodePwd", "dBCSPwd", "ntPwdHistory", "lmPwdHistory", "supplementalCredentials"];

const MIN_LENGTH: usize = 7;
const LOCKED_OUT: u32 = 0x10;

/// 100-nanosecond intervals since 1601.
pub(super) fn filetime(time: Timestamp) -> i64 {
    (time.timestamp() + 11_644_473_600) * 10_000_000 + i64::from(time.timestamp_subsec_nanos() / 100)
}

/// The password in a value of `unicodePwd`: UTF-16 in quotes ([MS-ADTS] 3.1.1.3.1.5.1; 0x216C
/// ERROR_DS_UNICODEPWD_NOT_IN_QUOTES).
pub(super) fn read(value: &[u8]) -> Result<String, Failure> {
    let units: Vec<u16> =
        value.chunks(2).map(|c| u16::from_le_bytes([c[0], *c.get(1).unwrap_or(&0)])).collect();
    let text = String::from_utf16(&units).map_err(|_| Failure::unwilling(0x216c))?;
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|_| value.len().is_multiple_of(2));
    inner.map(str::to_owned).ok_or_else(|| Failure::unwilling(0x216c))
}

/// The default domain policy: at least seven characters of three kinds, without the account's name (52D
/// ERROR_PASSWORD_RESTRICTION, as 53 on Windows, from memory).
pub(super) fn check_policy(password: &str, account: &str) -> Result<(), Failure> {
    let has = |test: fn(char) -> bool| usize::from(password.chars().any(test));
    let kinds = has(char::is_uppercase)
        + has(char::is_lowercase)
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_alphanumeric());
    let names_account =
        account.chars().count() > 2 && password.to_lowercase().contains(&account.to_lowercase());
    if password.chars().count() < MIN_LENGTH || kinds < 3 || names_account {
        return Err(Failure::unwilling(0x52d));
    }
    Ok(())
}

impl Directory {
    /// Logs an account on ([MS-ADTS] 5.1.1.1.1: DN, logon name, NT4 name, or name with the domain).
    pub fn logon(&mut self, name: &str, password: &[u8]) -> Result<Logon, Failure> {
        if name.is_empty() && password.is_empty() {
            return Ok(Logon::Anonymous);
        }
        let wrong = || refused("52e");
        let id = self.account_of(name).ok_or_else(wrong)?;
        let object = self.store.get(id).filter(|object| object.is_live()).ok_or_else(wrong)?;
        let password = std::str::from_utf8(password).map_err(|_| wrong())?;
        self.check_logon(object, password)?;
        Ok(Logon::Account(Box::new(self.caller(id))))
    }

    fn account_of(&self, name: &str) -> Option<Id> {
        let one = |attribute, value: &str| self.other_holder(attribute, value, None);
        if name.contains('=') {
            return Name::read(name).and_then(|name| self.look_up(&name));
        }
        if let Some((domain, account)) = name.split_once('\\') {
            let fits = domain.eq_ignore_ascii_case(&self.settings.net_bios);
            return fits.then(|| one(known().sam_account_name, account)).flatten();
        }
        one(known().user_principal_name, name).or_else(|| {
            let (account, domain) = name.rsplit_once('@')?;
            let fits = domain.eq_ignore_ascii_case(&self.settings.domain)
                || domain.eq_ignore_ascii_case(&self.settings.net_bios);
            fits.then(|| one(known().sam_account_name, account)).flatten()
        })
    }

    /// Why an account may not log on, in the order in which a DC finds it (sub-codes of 49 in the seeds of many
    /// administrators' tables; each checked on a real DC for Samba).
    fn check_logon(&self, object: &Object, password: &str) -> Result<(), Failure> {
        let number = |attribute| object.attributes.integer(attribute);
        if number(known().lockout_time).is_some_and(|time| time > 0) {
            return Err(refused("775"));
        }
        if !object.has_password(password) {
            return Err(refused("52e"));
        }
        let uac = number(known().user_account_control).unwrap_or_default() as u32;
        if !UserAccountControl(uac).is_enabled() {
            return Err(refused("533"));
        }
        if uac & LOCKED_OUT != 0 {
            return Err(refused("775"));
        }
        let expires = number(known().account_expires).and_then(from_filetime);
        if expires.is_some_and(|at| at <= self.now()) {
            return Err(refused("701"));
        }
        if number(known().pwd_last_set) == Some(0) {
            return Err(refused("773"));
        }
        Ok(())
    }

    /// Who an account is.
    pub fn caller(&self, id: Id) -> Caller {
        let mut sids = self.token(id);
        sids.extend(well_known_sids());
        // Foreign security principals name the well-known ones as members of groups.
        let mut found: Vec<Sid> = sids.clone();
        let mut at = 0;
        while at < found.len() {
            let wire = found[at].to_wire();
            for holder in self.store.by_value(known().object_sid, &wire) {
                for sid in self.groups_of(*holder) {
                    if !found.contains(&sid) {
                        found.push(sid);
                    }
                }
            }
            at += 1;
        }
        Caller::new(id, found)
    }

    /// The SIDs of an object and of all groups that it is in, directly or not: `tokenGroups` and itself.
    pub(super) fn token(&self, id: Id) -> Vec<Sid> {
        let Some(object) = self.store.get(id) else { return vec![] };
        let mut sids: Vec<Sid> = object.sid().into_iter().collect();
        let primary = object.attributes.integer(known().primary_group_id);
        if let Some(group) = primary.map(|rid| self.domain_sid.with_rid(rid as u32)) {
            let holders = self.store.by_value(known().object_sid, &group.to_wire()).to_vec();
            sids.push(group);
            for holder in holders {
                sids.extend(self.groups_of(holder));
            }
        }
        sids.extend(self.groups_of(id));
        let mut seen = std::collections::HashSet::new();
        sids.retain(|sid| seen.insert(sid.clone()));
        sids
    }

    fn groups_of(&self, id: Id) -> Vec<Sid> {
        let mut seen = std::collections::HashSet::new();
        let mut level = vec![id];
        while let Some(at) = level.pop() {
            let groups = self.store.links.sources(at, known().member);
            level.extend(
                groups.filter(|group| {
                    self.store.get(*group).is_some_and(Object::is_live) && seen.insert(*group)
                }),
            );
        }
        seen.into_iter().filter_map(|group| self.store.get(group)?.sid()).collect()
    }
}

/// A refused bind in the words of Windows (public transcripts).
fn refused(data: &str) -> Failure {
    let comment = format!("AcceptSecurityContext error, data {data}");
    let mut failure = Failure::new(49, 0x8009_0308, Kind::Ldap, &comment);
    failure.diagnostic =
        format!("80090308: LdapErr: DSID-00000000, comment: AcceptSecurityContext error, data {data}, v4563");
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_quotes() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert_eq!(read(&wide("\"Secret.1\"")).unwrap(), "Secret.1");
        for bad in [wide("Secret.1"), b"\"Secret.1\"".to_vec(), vec![], vec![1, 2, 3]] {
            assert_eq!(read(&bad).unwrap_err().win32, 0x216c);
        }
    }

    #[test]
    fn the_policy() {
        assert!(check_policy("Passw0rd", "joe").is_ok());
        for bad in ["Pw0", "password", "passw0rd", "Xjoe12345"] {
            assert_eq!(check_policy(bad, "joe").unwrap_err().win32, 0x52d, "{bad}");
        }
    }
}
