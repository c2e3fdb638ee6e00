//! What a server says to a request, in a form that can be compared.

use crate::support::{Ldif, Object, Scene, escape_dn};

/// One question to a server.
pub(super) struct Probe {
    /// What is asked, in words.
    pub(super) name: &'static str,
    /// Asks, and says what came back.
    pub(super) ask: fn(&Scene) -> String,
}

/// A change that a client makes: `0`, or the code and, where there is one, the Win32 code.
pub(super) fn change(scene: &Scene, ldif: impl Into<String>) -> String {
    match scene.hand().try_change(&Ldif::raw(ldif)) {
        Ok(()) => "0".to_owned(),
        Err(message) => refusal(&message),
    }
}

/// `ldap_modify: No such object (32)` with `additional info: 0000208D: …`.
fn refusal(message: &str) -> String {
    let code = message.rsplit_once('(').and_then(|_| {
        let first = message.lines().find(|line| line.starts_with("ldap_"))?;
        first.rsplit_once('(')?.1.strip_suffix(')')
    });
    let hex = message.split("additional info: ").nth(1).and_then(|info| info.get(..8));
    let win32 = hex.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    match (code, win32) {
        (Some(code), Some(win32)) => format!("{code} {}", win32.to_uppercase()),
        (Some(code), None) => code.to_owned(),
        (None, _) => format!("? {message}"),
    }
}

/// An undelete to a DN, with the lines of further changes.
pub(super) fn undelete(scene: &Scene, from: &str, to: &str, more: &str) -> String {
    change(scene, undelete_ldif(from, to, more))
}

pub(super) fn undelete_ldif(from: &str, to: &str, more: &str) -> String {
    format!(
        "dn: {from}\ncontrol: 1.2.840.113556.1.4.417 true\nchangetype: modify\ndelete: isDeleted\n-\nreplace: \
         distinguishedName\ndistinguishedName: {to}\n-\n{more}\n"
    )
}

/// The DN that a deleted object has now.
pub(super) fn mangled(scene: &Scene, object: &Object) -> String {
    scene.hand().get(object, &["isDeleted"]).dn
}

/// Undeletes a user of this test to where it was, with further changes.
pub(super) fn back(scene: &Scene, object: &Object, more: &str) -> String {
    undelete(scene, &mangled(scene, object), &object.dn, more)
}

/// A user that was deleted.
pub(super) fn tombstone(scene: &Scene, name: &str) -> Object {
    scene.user(name).deleted()
}

/// A DN of this test.
pub(super) fn dn(scene: &Scene, name: &str) -> String {
    format!("CN={},{}", escape_dn(&format!("{} {name}", scene.tag)), scene.ou())
}

/// The names of the attributes that an object shows, sorted; those that are of one server alone are left to the list.
pub(super) fn attributes(scene: &Scene, object: &Object) -> String {
    let entry = scene.hand().get(object, &["*"]);
    let mut names = entry.names();
    names.sort_unstable_by_key(|name| name.to_lowercase());
    names.dedup();
    names.join(" ")
}
