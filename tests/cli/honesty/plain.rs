//! Requests where the Recycle Bin is off.

use super::observe::{Probe, attributes, back, change, dn, mangled, tombstone, undelete, undelete_ldif};
use crate::support::{Ldif, Scene};

macro_rules! probes {
    ($($name:literal => $ask:expr,)*) => {
        &[$(Probe { name: $name, ask: $ask },)*]
    };
}

pub(super) const PROBES: &[Probe] = probes! {
    "undelete a tombstone" => |s| back(s, &tombstone(s, "p01"), ""),
    "undelete a live object" => |s| {
        let user = s.user("p02").add();
        undelete(s, &user.dn, &user.dn, "")
    },
    "undelete aimed at <GUID=…>" => |s| {
        let user = tombstone(s, "p03");
        undelete(s, &format!("<GUID={}>", user.guid), &user.dn, "")
    },
    "undelete without a control" => |s| {
        let user = tombstone(s, "p04");
        let ldif = undelete_ldif(&mangled(s, &user), &user.dn, "");
        change(s, ldif.replace("control: 1.2.840.113556.1.4.417 true\n", ""))
    },
    "undelete below a container that is not there" => |s| {
        let user = tombstone(s, "p05");
        undelete(s, &mangled(s, &user), &format!("CN=p05,OU=nowhere,{}", s.ou()), "")
    },
    "undelete below a deleted container, by its mangled name" => |s| {
        let unit = s.unit("p06 unit").deleted();
        let user = tombstone(s, "p06");
        undelete(s, &mangled(s, &user), &format!("CN=p06,{}", mangled(s, &unit)), "")
    },
    "undelete to a name that is taken" => |s| {
        let user = tombstone(s, "p07");
        s.contact("p07").add();
        back(s, &user, "")
    },
    "undelete an account whose name is taken" => |s| {
        let user = tombstone(s, "p08");
        s.user("p08 new").set("sAMAccountName", &user.sam).add();
        back(s, &user, "")
    },
    "undelete with an account name that is taken" => |s| {
        let user = tombstone(s, "p09");
        let other = s.user("p09 other").add();
        back(s, &user, &format!("replace: sAMAccountName\nsAMAccountName: {}\n-\n", other.sam))
    },
    "undelete with a logon name that is taken" => |s| {
        let user = tombstone(s, "p10");
        let upn = format!("{}p10@contoso.test", s.tag);
        s.user("p10 other").set("userPrincipalName", &upn).add();
        back(s, &user, &format!("replace: userPrincipalName\nuserPrincipalName: {upn}\n-\n"))
    },
    "undelete into another naming context" => |s| {
        let user = tombstone(s, "p11");
        undelete(s, &mangled(s, &user), &format!("CN=p11,CN=Services,CN=Configuration,{}", s.lab.base), "")
    },
    "undelete to what is no DN" => |s| undelete(s, &mangled(s, &tombstone(s, "p12")), "nonsense", ""),
    "undelete with another type of name" => |s| {
        let user = tombstone(s, "p13");
        undelete(s, &mangled(s, &user), &format!("OU={}p13,{}", s.tag, s.ou()), "")
    },
    "undelete below a user" => |s| {
        let holder = s.user("p14 holder").add();
        undelete(s, &mangled(s, &tombstone(s, "p14")), &format!("CN=p14,{}", holder.dn), "")
    },
    "undelete into Deleted Objects" => |s| {
        let to = format!("CN={}p15,CN=Deleted Objects,{}", s.tag, s.lab.base);
        undelete(s, &mangled(s, &tombstone(s, "p15")), &to, "")
    },
    "set isDeleted to FALSE" => |s| {
        let user = tombstone(s, "p16");
        let ldif = undelete_ldif(&mangled(s, &user), &user.dn, "");
        change(s, ldif.replace("delete: isDeleted\n", "replace: isDeleted\nisDeleted: FALSE\n"))
    },
    "remove isDeleted and nothing else" => |s| {
        let user = tombstone(s, "p17");
        let dn = mangled(s, &user);
        change(s, format!("dn: {dn}\ncontrol: 1.2.840.113556.1.4.417 true\nchangetype: modify\ndelete: isDeleted\n-\n\n"))
    },
    "rename a deleted object" => |s| {
        let dn = mangled(s, &tombstone(s, "p18"));
        let rename = format!("changetype: modrdn\nnewrdn: CN=p18\ndeleteoldrdn: 1\nnewsuperior: {}\n\n", s.ou());
        change(s, format!("dn: {dn}\ncontrol: 1.2.840.113556.1.4.417 true\n{rename}"))
    },
    "change a deleted object" => |s| {
        let dn = mangled(s, &tombstone(s, "p19"));
        let text = "control: 1.2.840.113556.1.4.417 true\nchangetype: modify\nreplace: uid\nuid: x\n-\n\n";
        change(s, format!("dn: {dn}\n{text}"))
    },
    "delete a tombstone" => |s| {
        let dn = mangled(s, &tombstone(s, "p20"));
        change(s, format!("dn: {dn}\ncontrol: 1.2.840.113556.1.4.417 true\nchangetype: delete\n\n"))
    },
    "userAccountControl inside the undelete" => |s| {
        let more = "replace: userAccountControl\nuserAccountControl: 514\n-\n";
        back(s, &tombstone(s, "p21"), more)
    },
    "a password inside the undelete" => |s| back(s, &tombstone(s, "p22"), &password("Brand-new-Passw0rd")),
    "a weak password inside the undelete" => |s| back(s, &tombstone(s, "p23"), &password("x")),
    "objectSid inside the undelete" => |s| {
        back(s, &tombstone(s, "p24"), "replace: objectSid\nobjectSid:: AQIAAAAAAAUgAAAAIAIAAA==\n-\n")
    },
    "an attribute that the schema does not have inside the undelete" => |s| {
        back(s, &tombstone(s, "p25"), "replace: noSuchAttribute\nnoSuchAttribute: x\n-\n")
    },
    "userAccountControl of a tombstone that was enabled, after its undelete" => |s| {
        let user = tombstone(s, "p26");
        back(s, &user, "");
        s.hand().get(&user, &["userAccountControl"]).text("userAccountControl")
    },
    "what a tombstone of a user shows" => |s| attributes(s, &s.user("p27").with("uid", "u").deleted()),
    "what a tombstone of a group shows" => |s| attributes(s, &s.group("p28").with("description", "d").deleted()),
    "what a user shows after its undelete" => |s| {
        let user = tombstone(s, "p29");
        back(s, &user, "");
        attributes(s, &user)
    },
    "what a group shows after its undelete" => |s| {
        let group = s.group("p30").deleted();
        back(s, &group, "");
        attributes(s, &group)
    },
    "what a new user shows" => |s| attributes(s, &s.user("p31").add()),
    "what a new container shows" => |s| attributes(s, &s.draft("CN", "container", "p32").add()),
    "enable an account without a password" => |s| {
        let user = s.user("p33").set("userAccountControl", "514").without("unicodePwd").add();
        set(s, &user.dn, "userAccountControl", "512")
    },
    "a password that is not quoted" => |s| {
        let user = s.user("p34").add();
        change(s, format!("dn: {}\nchangetype: modify\nreplace: unicodePwd\nunicodePwd: abc\n-\n\n", user.dn))
    },
    "a member twice" => |s| {
        let [group, user] = s.add([s.group("p35"), s.user("p35 user")]);
        add(s, &group.dn, "member", &user.dn);
        add(s, &group.dn, "member", &user.dn)
    },
    "remove who is no member" => |s| {
        let [group, user] = s.add([s.group("p36"), s.user("p36 user")]);
        change(s, format!("dn: {}\nchangetype: modify\ndelete: member\nmember: {}\n-\n\n", group.dn, user.dn))
    },
    "a deleted object as a member" => |s| {
        let group = s.group("p37").add();
        add(s, &group.dn, "member", &mangled(s, &tombstone(s, "p37 user")))
    },
    "a member of its primary group" => |s| {
        let user = s.user("p38").add();
        add(s, &format!("CN=Domain Users,CN=Users,{}", s.lab.base), "member", &user.dn)
    },
    "a member by <GUID=…>" => |s| {
        let [group, user] = s.add([s.group("p39"), s.user("p39 user")]);
        add(s, &group.dn, "member", &format!("<GUID={}>", user.guid))
    },
    "write memberOf" => |s| {
        let [group, user] = s.add([s.group("p40"), s.user("p40 user")]);
        add(s, &user.dn, "memberOf", &group.dn)
    },
    "an account name that is taken" => |s| {
        let user = s.user("p41").add();
        let draft = s.user("p41 other").set("sAMAccountName", &user.sam);
        refused(s, draft)
    },
    "a logon name that is taken, in another case" => |s| {
        let upn = format!("{}p42@contoso.test", s.tag);
        s.user("p42").set("userPrincipalName", &upn).add();
        refused(s, s.user("p42 other").set("userPrincipalName", upn.to_uppercase()))
    },
    "an account name with a slash" => |s| refused(s, s.user("p43").set("sAMAccountName", format!("{}/p43", s.tag))),
    "a name that is taken" => |s| {
        s.contact("p44").add();
        refused(s, s.contact("p44"))
    },
    "a name that is taken by another type of name" => |s| {
        s.unit("p45").add();
        refused(s, s.contact("p45"))
    },
    "an object below a container that is not there" => |s| {
        refused(s, s.contact("p46").below(format!("OU=nowhere,{}", s.ou())))
    },
    "a user below a user" => |s| {
        let holder = s.user("p47 holder").add();
        refused(s, s.user("p47").below(&holder.dn))
    },
    "an unknown class" => |s| refused(s, s.draft("CN", "noSuchClass", "p48")),
    "an unknown attribute" => |s| refused(s, s.contact("p49").with("noSuchAttribute", "x")),
    "an attribute that the class does not have" => |s| refused(s, s.contact("p50").with("groupType", "2")),
    "two values for an attribute that has one" => |s| refused(s, s.contact("p51").with("displayName", "a").with("displayName", "b")),
    "text for a number" => |s| refused(s, s.group("p52").set("groupType", "many")),
    "clear an attribute that has no value" => |s| {
        let contact = s.contact("p53").add();
        change(s, format!("dn: {}\nchangetype: modify\ndelete: mail\n-\n\n", contact.dn))
    },
    "replace without values an attribute that has none" => |s| {
        let contact = s.contact("p54").add();
        change(s, format!("dn: {}\nchangetype: modify\nreplace: mail\n-\n\n", contact.dn))
    },
    "a value twice" => |s| {
        let contact = s.contact("p55").with("otherTelephone", "1").add();
        add(s, &contact.dn, "otherTelephone", "1")
    },
    "delete what has children" => |s| {
        let unit = s.unit("p56").add();
        s.contact("p56 child").below(&unit.dn).add();
        change(s, format!("dn: {}\nchangetype: delete\n\n", unit.dn))
    },
    "delete what is not there" => |s| change(s, format!("dn: {}\nchangetype: delete\n\n", dn(s, "p57"))),
    "delete CN=Users" => |s| change(s, format!("dn: CN=Users,{}\nchangetype: delete\n\n", s.lab.base)),
    "last parents of a tree that was deleted at once" => |s| {
        let unit = s.unit("p58").add();
        let user = s.user("p58 user").below(&unit.dn).add();
        s.hand().change(&Ldif::default().delete_tree(&unit.dn));
        let parent = s.hand().get(&user, &["lastKnownParent"]).text("lastKnownParent");
        parent.replace(&unit.guid, "GUID").replace(&s.tag, "TAG")
    },
    "a last parent follows the container that comes back" => |s| {
        let unit = s.unit("p59").add();
        let user = s.user("p59 user").below(&unit.dn).add();
        s.hand().change(&Ldif::default().delete_tree(&unit.dn));
        back(s, &unit, "");
        s.hand().get(&user, &["lastKnownParent"]).text("lastKnownParent").replace(&s.tag, "TAG")
    },
    "the members of a group after one was deleted" => |s| {
        let [group, user] = s.add([s.group("p60"), s.user("p60 user")]);
        add(s, &group.dn, "member", &user.dn);
        s.delete([&user]);
        s.hand().get(&group, &["member"]).texts("member").len().to_string()
    },
    "Deleted Objects without a control" => |s| {
        let container = format!("CN=Deleted Objects,{}", s.lab.base);
        found(s, &["-s", "base", "-b", &container, "(objectClass=*)", "1.1"])
    },
    "Deleted Objects with Show Deleted" => |s| {
        let container = format!("CN=Deleted Objects,{}", s.lab.base);
        found(s, &["-E", "1.2.840.113556.1.4.417", "-s", "base", "-b", &container, "(objectClass=*)", "1.1"])
    },
    "a tombstone by its category" => |s| {
        let user = tombstone(s, "p63");
        let filter = format!("(&(objectCategory=person)(sAMAccountName={}))", user.sam);
        found(s, &["-E", "1.2.840.113556.1.4.417", "-b", &s.lab.base, &filter, "1.1"])
    },
    "a tombstone by its account name" => |s| {
        let user = tombstone(s, "p64");
        let filter = format!("(sAMAccountName={})", user.sam.to_uppercase());
        found(s, &["-E", "1.2.840.113556.1.4.417", "-b", &s.lab.base, &filter, "1.1"])
    },
    "a tombstone by the beginning of its name" => |s| {
        let user = tombstone(s, "p65");
        let filter = format!("(name={}\\0aDEL:*)", user.name);
        found(s, &["-E", "1.2.840.113556.1.4.417", "-b", &s.lab.base, &filter, "1.1"])
    },
    "an unknown control, critical" => |s| found(s, &["-E", "!1.2.3.4.5", "-s", "base", "-b", &s.lab.base, "1.1"]),
    "an unknown control, not critical" => |s| found(s, &["-E", "1.2.3.4.5", "-s", "base", "-b", &s.lab.base, "1.1"]),
    "Show Deactivated Link, critical" => |s| {
        found(s, &["-E", "!1.2.840.113556.1.4.2065", "-s", "base", "-b", &s.lab.base, "1.1"])
    },
    "a base that is not there" => |s| found(s, &["-s", "base", "-b", &dn(s, "p69"), "1.1"]),
    "a base in another domain" => |s| found(s, &["-s", "base", "-b", "OU=x,DC=fabrikam,DC=test", "1.1"]),
    "a group by its bits" => |s| {
        let group = s.group("p71").add();
        let filter =
            format!("(&(sAMAccountName={})(groupType:1.2.840.113556.1.4.803:=2147483648))", group.sam);
        found(s, &["-b", &s.lab.base, &filter, "1.1"])
    },
    "a user through nested groups" => |s| {
        let [outer, inner, user] = s.add([s.group("p72"), s.group("p72 inner"), s.user("p72 user")]);
        add(s, &outer.dn, "member", &inner.dn);
        add(s, &inner.dn, "member", &user.dn);
        let filter =
            format!("(&(sAMAccountName={})(memberOf:1.2.840.113556.1.4.1941:={}))", user.sam, outer.dn);
        found(s, &["-b", &s.lab.base, &filter, "1.1"])
    },
    "more values than MaxValRange" => |s| {
        let values: String = (0..1600).map(|n| format!("otherTelephone: {n}\n")).collect();
        let contact = s.contact("p73").add();
        let ldif = format!("dn: {}\nchangetype: modify\nadd: otherTelephone\n{values}-\n\n", contact.dn);
        change(s, ldif);
        let found = s.hand().ask(&["-s", "base", "-b", &contact.dn, "otherTelephone"]).unwrap().remove(0);
        let mut names = found.names();
        names.dedup();
        names.join(" ")
    },
};

fn password(text: &str) -> String {
    let octets = crate::support::quoted(text);
    format!("replace: unicodePwd\nunicodePwd:: {}\n-\n", crate::support::to_base64(&octets))
}

fn set(scene: &Scene, dn: &str, attribute: &str, value: &str) -> String {
    change(scene, format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n-\n\n"))
}

fn add(scene: &Scene, dn: &str, attribute: &str, value: &str) -> String {
    change(scene, format!("dn: {dn}\nchangetype: modify\nadd: {attribute}\n{attribute}: {value}\n-\n\n"))
}

fn refused(scene: &Scene, draft: crate::support::Draft<'_>) -> String {
    change(scene, draft.ldif())
}

/// How many entries a search finds, or why none.
fn found(scene: &Scene, arguments: &[&str]) -> String {
    match scene.hand().ask(arguments) {
        Ok(entries) => format!("{} found", entries.len()),
        Err(message) => {
            let code =
                message.lines().find_map(|line| line.split('(').nth(1)?.split(')').next()).map(str::to_owned);
            code.unwrap_or(message)
        }
    }
}
