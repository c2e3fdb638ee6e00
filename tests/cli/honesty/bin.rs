//! Requests where the Recycle Bin is on.

use super::observe::{Probe, attributes, back, change, mangled, tombstone};
use crate::support::Scene;

macro_rules! probes {
    ($($name:literal => $ask:expr,)*) => {
        &[$(Probe { name: $name, ask: $ask },)*]
    };
}

pub(super) const PROBES: &[Probe] = probes! {
    "bin: undelete a user" => |s| back(s, &tombstone(s, "b01"), ""),
    "bin: undelete a group" => |s| back(s, &s.group("b02").deleted(), ""),
    "bin: undelete an OU" => |s| back(s, &s.unit("b03").deleted(), ""),
    "bin: what a deleted user shows" => |s| attributes(s, &s.user("b04").with("title", "t").deleted()),
    "bin: delete a deleted object" => |s| {
        let dn = mangled(s, &tombstone(s, "b05"));
        change(s, format!("dn: {dn}\ncontrol: 1.2.840.113556.1.4.417 true\nchangetype: delete\n\n"))
    },
    "bin: memberships of a deleted user, with Show Deleted" => |s| memberships(s, "b06", &[]),
    "bin: memberships of a deleted user, with Show Deactivated Link too" => |s| {
        memberships(s, "b07", &["-E", "1.2.840.113556.1.4.2065"])
    },
    "bin: a live group shows a deleted member" => |s| {
        let (group, user) = member(s, "b08");
        s.delete([&user]);
        let found = s.hand().ask(&["-s", "base", "-b", &group.dn, "member"]).unwrap();
        found[0].texts("member").len().to_string()
    },
    "bin: a deleted user by its logon name" => |s| {
        let user = tombstone(s, "b09");
        let filter = format!("(userPrincipalName={}@contoso.test)", user.sam.to_lowercase());
        let found = s.hand().ask(&["-E", "1.2.840.113556.1.4.417", "-b", &s.lab.base, &filter, "1.1"]);
        found.unwrap().len().to_string()
    },
    "bin: undelete what was deleted before the bin was on" => |s| undelete_seeded(s, "early-user"),
    "bin: undelete a recycled object" => |s| undelete_seeded(s, "recycled-user"),
    "bin: what a recycled user shows" => |s| {
        let seed = s.lab.seed("recycled-user");
        let entry = s.hand().get(seed["guid"].as_str().unwrap(), &["*"]);
        let mut names = entry.names();
        names.sort_unstable_by_key(|name| name.to_lowercase());
        names.dedup();
        names.join(" ")
    },
    "bin: the old logon name is free for another user" => |s| {
        let user = tombstone(s, "b13");
        let draft = s.user("b13 new").set("sAMAccountName", &user.sam);
        change(s, draft.ldif())
    },
};

fn member(scene: &Scene, name: &str) -> (crate::support::Object, crate::support::Object) {
    let [group, user] = scene.add([scene.group(name), scene.user(&format!("{name} user"))]);
    let ldif = format!("dn: {}\nchangetype: modify\nadd: member\nmember: {}\n-\n\n", group.dn, user.dn);
    assert_eq!(change(scene, ldif), "0");
    (group, user)
}

fn memberships(scene: &Scene, name: &str, more: &[&str]) -> String {
    let (_, user) = member(scene, name);
    scene.delete([&user]);
    let base = format!("<GUID={}>", user.guid);
    let mut arguments = vec!["-E", "1.2.840.113556.1.4.417"];
    arguments.extend(more);
    arguments.extend(["-s", "base", "-b", &base, "memberOf"]);
    let found = scene.hand().ask(&arguments).unwrap();
    found[0].texts("memberOf").len().to_string()
}

fn undelete_seeded(scene: &Scene, label: &str) -> String {
    let seed = scene.lab.seed(label);
    let to = format!("CN={} {label},{}", scene.tag, scene.ou());
    let text = super::observe::undelete_ldif(seed["dn"].as_str().unwrap(), &to, "");
    change(scene, text.replace("1.4.417 true", "1.4.2064 true"))
}
