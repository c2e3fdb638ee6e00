//! Other domains of the forest, as far as groups need them: each has a head, its containers and its groups, and a domain
//! controller that shows them, takes members of the whole forest, and knows nothing else of the other domains.
//!
//! All domains are kept in one store: what one of them writes the others have at once, where a real forest takes its time. The
//! accounts of the first domain log on everywhere, as in a forest they do, and may do everywhere what they may in the first.

use adrecover_core::{Dn, Rdn};

use super::Directory;
use super::forest::{BUILTIN, BUILTIN_LOCAL, text};
use crate::Failure;
use crate::failure::Kind;
use crate::schema::{known, schema};
use crate::store::{Id, NamingContext, Value};

/// `GROUP_TYPE_ACCOUNT_GROUP` and `GROUP_TYPE_UNIVERSAL_GROUP` ([MS-ADTS] 2.2.12).
const GLOBAL: i64 = 0x2;
const UNIVERSAL: i64 = 0x8;

/// The domain whose domain controller is asked: 0 is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Home(pub(crate) usize);

/// A domain besides the first.
#[derive(Debug, Clone)]
pub(crate) struct Sibling {
    pub(crate) domain: String,
    pub(crate) net_bios: String,
    pub(crate) host: String,
    pub(crate) sid: adrecover_core::Sid,
    /// Its naming context, by its number.
    context: usize,
}

impl Directory {
    /// Adds a domain to the forest: a child of the first one where its DNS name ends in that one's, else a tree of its own.
    pub fn add_domain(&mut self, domain: &str, net_bios: &str, host: &str) -> Result<Home, Failure> {
        let labels = domain.split('.').rev();
        let dn = labels.fold(Dn::default(), |dn, label| dn.child(Rdn::new("DC", label)));
        let head = self.head(&dn, "domainDNS")?;
        let context = self.store.contexts.len();
        self.store.contexts.push(NamingContext { dn: dn.clone(), head, deleted_objects: None });
        let number = self.siblings.len() as u64 + 1;
        let sid = super::forest::domain_sid(self.settings.random.rotate_left(7) ^ number)
            .ok_or_else(|| Failure::protocol("no SID"))?;
        self.keep(head, "objectSid", vec![Value::Octets(sid.to_wire())]);
        let (domain, net_bios, host) = (domain.to_owned(), net_bios.to_owned(), host.to_owned());
        self.siblings.push(Sibling { domain, net_bios, host, sid: sid.clone(), context });
        self.deleted_objects(context)?;
        self.categories();
        for (name, class) in [("Users", "container"), ("Builtin", "builtinDomain")] {
            self.plain(&format!("CN={name},{dn}"), class, &[])?;
        }
        let builtin: adrecover_core::Sid =
            "S-1-5-32".parse().map_err(|_| Failure::protocol("S-1-5-32 is no SID"))?;
        for (name, rid) in BUILTIN {
            self.group_of_sibling(&format!("CN=Builtin,{dn}"), name, BUILTIN_LOCAL, &builtin.with_rid(rid))?;
        }
        for (name, rid) in [("Domain Admins", 512), ("Domain Users", 513)] {
            let global = super::forest::GLOBAL;
            self.group_of_sibling(&format!("CN=Users,{dn}"), name, global, &sid.with_rid(rid))?;
        }
        self.cross_reference(context, head)?;
        self.changed.clear();
        Ok(Home(self.siblings.len()))
    }

    /// A group as the system makes it: its account name may be that of a group of another domain.
    fn group_of_sibling(
        &mut self,
        container: &str,
        name: &str,
        group_type: i64,
        sid: &adrecover_core::Sid,
    ) -> Result<Id, Failure> {
        let container: Dn = container.parse().map_err(|_| Failure::bad_dn())?;
        let parent = self.store.resolve(&container).ok_or_else(Failure::no_object)?;
        let class = schema().class("group").ok_or_else(Failure::no_object)?;
        let id = self.create_plain(parent, Rdn::new("CN", name), class)?;
        self.keep(id, "sAMAccountName", text(name));
        self.keep(id, "groupType", text(&group_type.to_string()));
        self.keep(id, "objectSid", vec![Value::Octets(sid.to_wire())]);
        Ok(id)
    }

    /// The cross-reference of a domain, and its domain controller's place in the site.
    fn cross_reference(&mut self, context: usize, head: Id) -> Result<(), Failure> {
        let Some(sibling) = self.siblings.iter().find(|s| s.context == context).cloned() else {
            return Ok(());
        };
        let dn = self.store.contexts.get(context).map(|c| c.dn.to_string()).unwrap_or_default();
        let base = self.configuration();
        let own = format!("CN={},CN=Partitions,{base}", sibling.net_bios);
        let id = self.plain(&own, "crossRef", &[("nCName", dn.as_str()), ("dnsRoot", &sibling.domain)])?;
        self.keep(id, "nCName", vec![Value::Object(head)]);
        self.keep(id, "systemFlags", text("3"));
        self.keep(id, "nETBIOSName", text(&sibling.net_bios));
        let site = format!("CN=Servers,CN=Default-First-Site-Name,CN=Sites,{base}");
        let server = format!("CN={},{site}", self.host_of(Home(self.siblings.len())).to_uppercase());
        let name = format!("{}.{}", sibling.host, sibling.domain);
        self.plain(&server, "server", &[("dNSHostName", &name)])?;
        let settings = self.plain(&format!("CN=NTDS Settings,{server}"), "nTDSDSA", &[])?;
        let invocation = self.new_guid().to_wire().to_vec();
        self.keep(settings, "invocationId", vec![Value::Octets(invocation)]);
        Ok(())
    }

    fn sibling(&self, home: Home) -> Option<&Sibling> {
        self.siblings.get(home.0.checked_sub(1)?)
    }

    /// The name of the domain controller that is asked, without the domain.
    fn host_of(&self, home: Home) -> &str {
        self.sibling(home).map_or(&self.settings.host, |sibling| &sibling.host)
    }

    /// The domain whose domain controller is asked: its DN, its DNS name, the name of the controller.
    pub(crate) fn own_domain(&self) -> (Dn, &str, &str) {
        match self.sibling(self.home) {
            Some(sibling) => {
                let dn = self.store.contexts.get(sibling.context).map(|c| c.dn.clone());
                (dn.unwrap_or_default(), &sibling.domain, &sibling.host)
            }
            None => (self.domain(), &self.settings.domain, &self.settings.host),
        }
    }

    /// The naming contexts that the domain controller that is asked holds.
    pub(crate) fn held(&self) -> impl Iterator<Item = &NamingContext> {
        let own = self.sibling(self.home).map(|sibling| sibling.context);
        let is_held = move |at: usize| match own {
            // What all share is the configuration and the schema.
            Some(own) => at == own || matches!(at, 1 | 2),
            None => !self.siblings.iter().any(|sibling| sibling.context == at),
        };
        self.store.contexts.iter().enumerate().filter(move |(at, _)| is_held(*at)).map(|(_, context)| context)
    }

    /// Whether the domain controller that is asked holds an object, not counting its global catalogue.
    pub(crate) fn holds(&self, id: Id) -> bool {
        if self.siblings.is_empty() {
            return true;
        }
        let Some(head) = self.store.line(id).last() else { return false };
        self.held().any(|context| context.head == head)
    }

    /// Whether the members of a group are shown: the global catalogue has those of universal groups of other domains, and of no
    /// others (Learn, "Group Scope and the Global Catalog").
    pub(crate) fn shows_members(&self, group: Id, is_catalogue: bool) -> bool {
        self.holds(group) || is_catalogue && self.group_type(group) & UNIVERSAL != 0
    }

    fn group_type(&self, id: Id) -> i64 {
        let attribute = schema().find("groupType").map(|attribute| attribute.id);
        let object = attribute.zip(self.store.get(id));
        object.and_then(|(attribute, object)| object.attributes.integer(attribute)).unwrap_or_default()
    }

    /// The SID of the domain that a container lies in.
    pub(crate) fn sid_of_domain(&self, container: Option<Id>) -> adrecover_core::Sid {
        let context = container.and_then(|id| self.store.context_of_object(id));
        let of = |sibling: &&Sibling| {
            context
                .is_some_and(|c| self.store.contexts.get(sibling.context).is_some_and(|s| s.head == c.head))
        };
        self.siblings.iter().find(of).map_or_else(|| self.domain_sid.clone(), |sibling| sibling.sid.clone())
    }

    /// Whether a link to an object of another domain may be written: a global group takes none (2147
    /// ERROR_DS_GLOBAL_CANT_HAVE_CROSSDOMAIN_MEMBER, [MS-ERREF]).
    pub(crate) fn check_across(
        &self,
        holder: Id,
        attribute: crate::schema::AttrId,
        target: Id,
    ) -> Result<(), Failure> {
        if self.siblings.is_empty() || attribute != known().member {
            return Ok(());
        }
        let head = |id| self.store.line(id).last();
        if head(holder) != head(target) && self.group_type(holder) & GLOBAL != 0 {
            return Err(Failure::unwilling(0x2147));
        }
        Ok(())
    }

    /// Whether a name in a request leads to an object of another domain, as a domain controller takes it: by its DN, once it has
    /// been told of the object (525 ERROR_NO_SUCH_USER until then, as for any that is not there).
    pub(crate) fn check_known(&mut self, name: &[u8], target: Id) -> Result<(), Failure> {
        if self.holds(target) {
            return Ok(());
        }
        let unknown = || Failure::new(32, 0x525, Kind::Name, "2001 (NO_OBJECT)");
        if name.starts_with(b"<") {
            return Err(unknown());
        }
        if self.untold > 0 {
            self.untold -= 1;
            return Err(unknown());
        }
        Ok(())
    }
}
