//! What the directory fills in and holds together for accounts and groups ([MS-SAMR] 3.1.1.8).

use super::{Directory, password};
use crate::Failure;
use crate::schema::{AttrId, known};
use crate::store::{Attributes, Id, Object, Value};

/// `userAccountControl` ([MS-ADTS] 2.2.16).
pub(super) const DISABLED: u32 = 0x2;
const PASSWORD_NOT_REQUIRED: u32 = 0x20;
const NORMAL: u32 = 0x200;
const INTERDOMAIN_TRUST: u32 = 0x800;
const WORKSTATION: u32 = 0x1000;
const SERVER: u32 = 0x2000;
const READ_ONLY_DC: u32 = 0x0400_0000;
/// A user with none of the kinds of accounts is a normal one.
const KINDS: u32 = NORMAL | INTERDOMAIN_TRUST | WORKSTATION | SERVER;
const NEVER: i64 = i64::MAX;

pub(super) fn number(value: i64) -> Vec<Value> {
    vec![Value::Octets(value.to_string().into_bytes())]
}

/// `sAMAccountType` of an account ([MS-SAMR] 2.2.1.9).
fn account_type(uac: u32) -> i64 {
    match uac {
        _ if uac & (WORKSTATION | SERVER) != 0 => 0x3000_0001,
        _ if uac & INTERDOMAIN_TRUST != 0 => 0x3000_0002,
        _ => 0x3000_0000,
    }
}

/// `sAMAccountType` of a group ([MS-SAMR] 2.2.1.9): domain local groups are aliases, those without security have a bit more.
fn group_type_of(group_type: i64) -> i64 {
    let is_local = group_type & 0x4 != 0;
    let is_security = group_type as u32 & 0x8000_0000 != 0;
    (if is_local { 0x2000_0000 } else { 0x1000_0000 }) + i64::from(!is_security)
}

/// The primary group that an account gets: Domain Controllers, Read-only ones, Domain Computers or Domain Users.
fn primary_group(uac: u32) -> i64 {
    match uac {
        _ if uac & READ_ONLY_DC != 0 => 521,
        _ if uac & SERVER != 0 => 516,
        _ if uac & WORKSTATION != 0 => 515,
        _ => 513,
    }
}

/// Fills in what a new account or group does not bring along.
pub(super) fn fill_in(object: &mut Object, is_reanimated: bool) {
    let k = known();
    let attributes = &mut object.attributes;
    let absent = |attributes: &Attributes, id: AttrId| attributes.get(id).is_empty();
    let class = object.class;
    let class = crate::schema::schema().class_of(class);
    let is = |name: &str| class.line().any(|c| c.name == name);
    if is("user") {
        if absent(attributes, k.user_account_control) {
            // [MS-SAMR] 3.1.1.8.1: a new user is disabled and needs no password.
            attributes
                .set(k.user_account_control, number(i64::from(NORMAL | DISABLED | PASSWORD_NOT_REQUIRED)));
        }
        let uac = attributes.integer(k.user_account_control).unwrap_or_default() as u32;
        attributes.set(k.sam_account_type, number(account_type(uac)));
        if absent(attributes, k.primary_group_id) {
            attributes.set(k.primary_group_id, number(primary_group(uac)));
        }
        let zeros = [k.bad_pwd_count, k.code_page, k.country_code, k.bad_password_time, k.last_logoff];
        for id in zeros.into_iter().chain([k.last_logon, k.logon_count, k.pwd_last_set]) {
            if absent(attributes, id) {
                attributes.set(id, number(0));
            }
        }
        if absent(attributes, k.account_expires) {
            // Seen on a real DC after reanimation: 0, which means never as well.
            attributes.set(k.account_expires, number(if is_reanimated { 0 } else { NEVER }));
        }
    } else if is("group") {
        if absent(attributes, k.group_type) {
            attributes.set(k.group_type, number(-2_147_483_646));
        }
        let group_type = attributes.integer(k.group_type).unwrap_or_default();
        attributes.set(k.sam_account_type, number(group_type_of(group_type)));
    }
    if is_reanimated && (is("user") || is("group")) && absent(attributes, k.admin_count) {
        // Seen on a real DC; Samba's tests say that Windows does the same.
        attributes.set(k.admin_count, number(0));
        attributes.set(k.operator_count, number(0));
    }
}

/// Puts `userAccountControl` in order: an account is of one kind, and is not enabled without a password unless it says that it
/// needs none (53, 52D).
pub(super) fn check_control(object: &mut Object) -> Result<(), Failure> {
    let k = known();
    if !object.is_account() {
        return Ok(());
    }
    let Some(value) = object.attributes.integer(k.user_account_control) else { return Ok(()) };
    let mut uac = value as u32;
    if uac & KINDS == 0 {
        uac |= NORMAL;
    }
    if (uac & KINDS).count_ones() > 1 {
        return Err(Failure::constraint(0x57, "userAccountControl"));
    }
    let needs_one = uac & (DISABLED | PASSWORD_NOT_REQUIRED | INTERDOMAIN_TRUST | WORKSTATION | SERVER) == 0;
    if needs_one && object.password.is_none() && object.is_live() {
        return Err(Failure::unwilling(0x52d));
    }
    object.attributes.set(k.user_account_control, number(i64::from(uac)));
    object.attributes.set(k.sam_account_type, number(account_type(uac)));
    Ok(())
}

/// What a new value of an attribute must be for accounts.
pub(super) fn check_value(
    directory: &Directory,
    object: &Object,
    own: Option<Id>,
    attribute: AttrId,
    values: &[Vec<u8>],
) -> Result<(), Failure> {
    let k = known();
    let text = || values.first().map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default();
    let doing = super::unique::Doing::Writing;
    if attribute == k.sam_account_name {
        check_account_name_form(object, &text())?;
        return directory.check_account_name(&text(), own, doing);
    }
    if attribute == k.user_principal_name && !values.is_empty() {
        return directory.check_upn(&text(), own);
    }
    if attribute == k.service_principal_name {
        return values.iter().try_for_each(|spn| directory.check_spn(&String::from_utf8_lossy(spn), own));
    }
    if attribute == k.sid_history {
        // "cannot be created or changed over LDAP": there is a call of its own for it.
        return Err(Failure::unwilling(0x2077));
    }
    if attribute == k.pwd_last_set && !values.iter().all(|value| matches!(value.as_slice(), b"0" | b"-1")) {
        return Err(Failure::constraint(0x57, "pwdLastSet"));
    }
    Ok(())
}

/// 20 characters for users, and none of the forbidden ones ([MS-SAMR] 3.1.1.6; Windows' limit is from memory).
fn check_account_name_form(object: &Object, name: &str) -> Result<(), Failure> {
    let is_user = object.is_a("user") && !object.is_a("computer");
    let limit = if is_user { 20 } else { 256 };
    let bad = |c: char| "\"/\\[]:|<>+=;?,*".contains(c) || c.is_control();
    if name.is_empty() || name.chars().any(bad) || name.ends_with('.') || name.chars().count() > limit {
        return Err(Failure::constraint(0x523, "sAMAccountName"));
    }
    Ok(())
}

/// The value that `pwdLastSet` takes: -1 is now.
pub(super) fn password_stamp(directory: &Directory, value: &[u8]) -> Vec<u8> {
    if value == b"-1" { password::filetime(directory.now()).to_string().into_bytes() } else { value.to_vec() }
}
