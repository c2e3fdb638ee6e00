//! A change in words, for people: a title, and what was and is.

use super::changes::{AttributeItem, ChangeItem, LinkItem};

/// One thing of a change: what it is about, what was there, and what is there.
pub(super) struct Detail {
    pub(super) label: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    /// The GUID of the object at the other end of a link.
    pub(super) guid: Option<String>,
}

/// What a deletion or a restore writes on the object itself: the title says it.
const MARKS: [&str; 3] = ["isDeleted", "isRecycled", "msDS-LastKnownRDN"];

impl Detail {
    /// Whether the title says it already.
    pub(super) fn is_mark(&self) -> bool {
        MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(&self.label))
    }
}

impl ChangeItem {
    /// What it was.
    pub(super) fn title(&self) -> String {
        let word = |word: &&'static str| match *word {
            "gone" => Some("not found any more"),
            "returned" => Some("found again"),
            "expired" => Some("past its time in the directory"),
            "changed" | "links" if self.is_whole() => None,
            "links" => None,
            word => Some(word),
        };
        let mut words: Vec<&str> = self.what.iter().filter_map(word).collect();
        if words.is_empty() {
            words.push(self.about_links());
        }
        words.join(" and ")
    }

    /// Whether it was about the object as such, so that its attributes are a part of that.
    pub(super) fn is_whole(&self) -> bool {
        let whole = ["created", "deleted", "restored", "gone", "returned", "expired"];
        self.what.iter().any(|what| whole.contains(what))
    }

    /// Whether it took something or gave it.
    pub(super) fn takes(&self) -> bool {
        self.what.iter().any(|what| ["deleted", "gone", "expired"].contains(what))
    }

    fn about_links(&self) -> &'static str {
        let all = |test: fn(&LinkItem) -> bool| self.links.iter().all(test);
        if self.links.is_empty() {
            return "changed";
        }
        if all(|l| l.with_other && !l.is_added) {
            return "links lost: what is at their other end was deleted";
        }
        if all(|l| l.with_other) {
            return "links with what came or went at their other end";
        }
        if all(|l| l.is_membership() && l.is_added) {
            return "added to groups";
        }
        if all(|l| l.is_membership() && !l.is_added) {
            return "removed from groups";
        }
        if all(|l| l.is_member() && l.is_added) {
            return "members added";
        }
        if all(|l| l.is_member() && !l.is_added) {
            return "members removed";
        }
        "links changed"
    }

    /// The new place or name, the values and the links, each by itself.
    pub(super) fn details(&self) -> Vec<Detail> {
        let mut out = vec![];
        if self.from.is_some() || self.to.is_some() {
            // The name that a deletion gives says nothing.
            let new = self.to.clone().filter(|_| !self.takes());
            let old = self.from.clone().filter(|_| !self.what.contains(&"restored"));
            out.push(Detail { label: "dn".into(), old, new, guid: None });
        }
        self.attributes.iter().for_each(|attribute| values(&mut out, attribute));
        out.extend(self.links.iter().map(|link| {
            let dn = Some(link.shown().to_owned());
            let (old, new) = if link.is_added { (None, dn) } else { (dn, None) };
            Detail { label: link.label(), old, new, guid: Some(link.guid.to_string()) }
        }));
        out
    }

    /// The names of the attributes that it took, or gave, the marks of a deletion aside.
    pub(super) fn attribute_names(&self) -> Vec<&str> {
        let takes = self.takes();
        let moved =
            self.attributes.iter().filter(|a| if takes { a.new.is_empty() } else { !a.new.is_empty() });
        let names = moved.map(|a| a.name.as_str());
        names.filter(|name| !MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(name))).collect()
    }
}

impl LinkItem {
    pub(super) fn is_membership(&self) -> bool {
        !self.is_own && self.attribute.eq_ignore_ascii_case("member")
    }

    fn is_member(&self) -> bool {
        self.is_own && self.attribute.eq_ignore_ascii_case("member")
    }

    fn shown(&self) -> &str {
        if self.dn.is_empty() { "an object whose name is not known" } else { &self.dn }
    }

    pub(super) fn label(&self) -> String {
        label(&self.attribute, self.is_own)
    }
}

/// What a link is called from the end that is looked at.
pub(super) fn label(attribute: &str, is_own: bool) -> String {
    match (attribute, is_own) {
        (name, false) if name.eq_ignore_ascii_case("member") => "memberOf".to_owned(),
        (name, true) => name.to_owned(),
        (name, false) => format!("{name} of"),
    }
}

/// One value in the place of another stands in one line; of several only those that came or went are told.
fn values(out: &mut Vec<Detail>, attribute: &AttributeItem) {
    let with = |value: &String, remark: &Option<String>| match remark {
        Some(remark) => format!("{value} ({remark})"),
        None => value.clone(),
    };
    let AttributeItem { name, old, new, remarks, .. } = attribute;
    let label = || name.clone();
    if old.len() <= 1 && new.len() <= 1 {
        let old = old.first().map(|value| with(value, &remarks.0));
        let new = new.first().map(|value| with(value, &remarks.1));
        out.push(Detail { label: label(), old, new, guid: None });
        return;
    }
    let known = |values: &[String]| values.iter().cloned().collect::<std::collections::HashSet<_>>();
    let (was, is) = (known(old), known(new));
    for value in old.iter().filter(|value| !is.contains(*value)) {
        out.push(Detail { label: label(), old: Some(value.clone()), new: None, guid: None });
    }
    for value in new.iter().filter(|value| !was.contains(*value)) {
        out.push(Detail { label: label(), old: None, new: Some(value.clone()), guid: None });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use adrecover_core::ObjectGuid;
    use adrecover_core::time::Timestamp;

    use super::*;

    pub(in super::super) fn change(what: &[&'static str]) -> ChangeItem {
        let at = Timestamp::from_timestamp(1_790_000_000, 0).unwrap();
        ChangeItem {
            seq: 1,
            at,
            time_from: "directory",
            seen: at,
            on: Some("DC1".into()),
            invocation_id: None,
            found_by_comparison: false,
            what: what.to_vec(),
            from: None,
            to: None,
            attributes: vec![],
            links: vec![],
        }
    }

    pub(in super::super) fn attribute(name: &str, old: &[&str], new: &[&str]) -> AttributeItem {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        AttributeItem {
            name: name.into(),
            old: texts(old),
            new: texts(new),
            version: None,
            remarks: (None, None),
        }
    }

    pub(in super::super) fn link(attribute: &str, is_own: bool, is_added: bool) -> LinkItem {
        let guid = ObjectGuid::from_wire(&[9; 16]).unwrap();
        LinkItem {
            attribute: attribute.into(),
            is_own,
            is_added,
            with_other: false,
            guid,
            dn: "CN=Sales,DC=x".into(),
        }
    }

    #[test]
    fn titles_say_what_it_was() {
        let with = |what: &[&'static str], links: Vec<LinkItem>| ChangeItem { links, ..change(what) }.title();
        assert_eq!(with(&["renamed", "moved"], vec![]), "renamed and moved");
        assert_eq!(with(&["deleted", "changed", "links"], vec![link("member", false, false)]), "deleted");
        assert_eq!(with(&["links"], vec![link("member", false, true)]), "added to groups");
        assert_eq!(with(&["links"], vec![link("Member", true, false)]), "members removed");
        assert_eq!(with(&["links"], vec![link("manager", true, true)]), "links changed");
        let lost = LinkItem { with_other: true, ..link("manager", true, false) };
        assert!(with(&["links"], vec![lost]).starts_with("links lost"));
        assert_eq!(with(&["gone"], vec![]), "not found any more");
    }

    #[test]
    fn of_several_values_only_the_difference_is_told() {
        let mut one = change(&["changed"]);
        one.attributes = vec![
            attribute("title", &["a"], &["b"]),
            attribute("proxyAddresses", &["x", "y"], &["y", "z"]),
            attribute("mail", &[], &["m"]),
        ];
        let all: Vec<_> = one.details().into_iter().map(|d| (d.label, d.old, d.new)).collect();
        let s = |text: &str| Some(text.to_owned());
        assert_eq!(
            all,
            [
                ("title".to_owned(), s("a"), s("b")),
                ("proxyAddresses".to_owned(), s("x"), None),
                ("proxyAddresses".to_owned(), None, s("z")),
                ("mail".to_owned(), None, s("m")),
            ]
        );
    }

    #[test]
    fn a_link_is_called_by_the_end_that_is_looked_at() {
        assert_eq!(label("member", false), "memberOf");
        assert_eq!(label("member", true), "member");
        assert_eq!(label("manager", false), "manager of");
    }
}
