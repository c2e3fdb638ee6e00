//! What was deleted in the example company, and what stands in its way now.

use adrecover_core::directory::Change;

use super::{DISABLED, GLOBAL, NEVER_EXPIRES, NORMAL, Seed};
use crate::Failure;

impl Seed<'_> {
    /// Gone before the Recycle Bin was switched on, where it is: recycled there, tombstones elsewhere.
    pub(super) fn early_deletions(&mut self) -> Result<(), Failure> {
        self.user("early-user", "Early Leaver", "", "", NORMAL, vec![])?;
        self.group("early-group", "Early Group", "", GLOBAL, &["early-user"], vec![])?;
        self.ou("early-ou", format!("OU=Early Office,{}", self.home), vec![])?;
        self.delete(&["early-group", "early-user", "early-ou"], false)
    }

    pub(super) fn deletions(&mut self) -> Result<(), Failure> {
        let boss = self.dn("dana");
        for (label, uac) in [("UserA", NORMAL), ("UserB", DISABLED)] {
            let lower = label.to_lowercase();
            self.user(
                label,
                label,
                "",
                label,
                uac,
                vec![
                    ("manager", boss.clone()),
                    ("title", "Clerk".into()),
                    ("department", "Office".into()),
                    ("description", "Example account".into()),
                    ("telephoneNumber", "+49 30 5550100".into()),
                    ("proxyAddresses", format!("SMTP:{lower}@contoso.test")),
                    ("proxyAddresses", format!("smtp:{lower}.old@contoso.test")),
                ],
            )?;
            for group in ["grp-sales", "grp-marketing", "grp-vpn"] {
                self.join(group, &[label])?;
            }
        }
        // A membership that ended before the deletion: not to come back.
        self.join("grp-news", &["UserA"])?;
        let user = self.dn("UserA");
        self.change("grp-news", Change::delete("member", [user]))?;
        let anchor: Vec<u8> = (0xf0..=0xff).collect();
        self.change("UserA", Change::add("mS-DS-ConsistencyGuid", [anchor]))?;
        self.delete(&["UserA", "UserB"], false)?;
        self.user("primary-group", "Petra Primary", "", "petra", NORMAL, vec![])?;
        self.join("grp-vpn", &["primary-group"])?;
        let vpn =
            self.objects.get("grp-vpn").and_then(|known| self.directory.store.get(known.id)?.sid()?.rid());
        self.change("primary-group", Change::replace("primaryGroupID", [vpn.unwrap_or(513).to_string()]))?;
        let services = format!("OU=Service Accounts,{}", self.base);
        self.user(
            "service-deleted",
            "svc-sql",
            &services,
            "svc-sql",
            NEVER_EXPIRES,
            vec![
                ("servicePrincipalName", "MSSQLSvc/sql1.contoso.test:1433".into()),
                ("servicePrincipalName", "MSSQLSvc/sql1.contoso.test".into()),
            ],
        )?;
        self.delete(&["primary-group", "service-deleted"], false)?;
        // Same name, same logon name, deleted one after the other.
        for label in ["kim-lee-1", "kim-lee-2"] {
            self.user(
                label,
                "Kim Lee",
                "",
                "kimlee",
                NORMAL,
                vec![("description", format!("{label}: Kim Lee"))],
            )?;
            if label == "kim-lee-2" {
                self.join("grp-vpn", &[label])?;
            }
            self.delete(&[label], false)?;
        }
        self.odd_names()?;
        self.group(
            "group-deleted",
            "Project X",
            "",
            GLOBAL,
            &["alice", "bob", "grp-vpn"],
            vec![("description", "Project group".into()), ("mail", "projectx@contoso.test".into())],
        )?;
        self.join("grp-all-staff", &["group-deleted"])?;
        self.add(
            "contact-deleted",
            &format!("CN=Casey Contact,OU=Contacts,{}", self.home),
            "contact",
            vec![
                ("mail", "casey@partner.test".into()),
                ("displayName", "Casey Contact".into()),
                ("proxyAddresses", "SMTP:casey@partner.test".into()),
            ],
        )?;
        self.computer("computer-deleted", "PC99")?;
        self.person("inetorgperson-deleted", "Ira Inetorg", "", "ira", NORMAL, "inetOrgPerson", vec![])?;
        self.gmsa("gmsa-deleted", "gmsaold")?;
        let labels =
            ["group-deleted", "contact-deleted", "computer-deleted", "inetorgperson-deleted", "gmsa-deleted"];
        self.delete(&labels, false)
    }

    fn odd_names(&mut self) -> Result<(), Failure> {
        let long =
            format!("Maximilian Alexander von und zu der sehr langen Namensgeberfamilie{}", "x".repeat(64));
        let long: String = long.chars().take(64).collect();
        for (label, name) in [
            ("name-special", "#Meyer, Kim + \"Jr\" <x>; a=b \\ c"),
            ("name-unicode", "Zoë Ærøskøbing-Ğüneş 李雷"),
            ("name-64", long.as_str()),
            ("name-64-unicode", "Ä".repeat(64).as_str()),
            ("name-linefeed", "Line\nFeed"),
            ("name-spaces", " Leading and trailing "),
            ("name-del", "DEL:not-a-guid"),
        ] {
            self.user(label, name, "", "", NORMAL, vec![("givenName", "Kim".into())])?;
            self.delete(&[label], false)?;
        }
        Ok(())
    }

    /// An OU with three levels below it, deleted in one go; and an orphan whose OU went later.
    pub(super) fn tree(&mut self) -> Result<(), Failure> {
        let policy =
            format!("CN={{31B2F340-016D-11D2-945F-00C04FB984F9}},CN=Policies,CN=System,{}", self.base);
        let finance = self.ou(
            "tree-finance",
            format!("OU=Finance,{}", self.home),
            vec![("description", "Finance department".into()), ("gPLink", format!("[LDAP://{policy};0]"))],
        )?;
        let accounting = self.ou("tree-accounting", format!("OU=Accounting,{finance}"), vec![])?;
        let payroll = self.ou("tree-payroll", format!("OU=Payroll,{accounting}"), vec![])?;
        self.user("tree-fiona", "Fiona Finance", &finance, "fiona", NORMAL, vec![])?;
        self.user("tree-arthur", "Arthur Accountant", &accounting, "arthur", NORMAL, vec![])?;
        self.user("tree-paula", "Paula Payroll", &payroll, "paula", NORMAL, vec![])?;
        self.user("tree-pavel", "Pavel Payroll", &payroll, "pavel", DISABLED, vec![])?;
        let people = ["tree-fiona", "tree-arthur", "tree-paula", "tree-pavel"];
        self.group("tree-group", "Finance Team", &accounting, GLOBAL, &people, vec![])?;
        self.group("tree-group-inner", "Payroll Team", &payroll, GLOBAL, &people[2..], vec![])?;
        self.join("tree-group", &["tree-group-inner"])?;
        let labels: Vec<String> = self.objects.keys().filter(|l| l.starts_with("tree-")).cloned().collect();
        labels.iter().for_each(|label| self.remember(label));
        self.delete(&["tree-finance"], true)?;
        let closed = self.ou("orphan-ou", format!("OU=Closed Office,{}", self.home), vec![])?;
        self.user("orphan", "Olive Orphan", &closed, "", NORMAL, vec![])?;
        self.delete(&["orphan", "orphan-ou"], false)
    }

    /// What was deleted, and what stands in its way now.
    pub(super) fn conflicts(&mut self) -> Result<(), Failure> {
        self.user("was-admin", "Adrian Admin", "", "adrian", NORMAL, vec![("adminCount", "1".into())])?;
        self.join(&format!("CN=Domain Admins,CN=Users,{}", self.base), &["was-admin"])?;
        self.join("grp-protected", &["was-admin"])?;
        self.delete(&["was-admin"], false)?;
        for (label, name, sam, upn) in [
            ("sam-taken", "Sasha Old", "sasha", "sasha.old"),
            ("sam-taken-by", "Sasha New", "sasha", "sasha.new"),
            ("upn-taken", "Uma Old", "uma.old", "uma"),
            ("upn-taken-by", "Uma New", "uma.new", "uma"),
            ("name-taken", "Taylor Twin", "taylor1", "taylor1"),
            ("name-taken-by", "Taylor Twin", "taylor2", "taylor2"),
        ] {
            let address = |local: &str| format!("{local}@contoso.test");
            let more =
                vec![("userPrincipalName", address(upn)), ("mail", format!("{sam}.{upn}@contoso.test"))];
            self.user(label, name, "", sam, NORMAL, more)?;
            if !label.ends_with("-by") {
                self.delete(&[label], false)?;
            }
        }
        let proxy =
            |values: &[&str]| values.iter().map(|v| ("proxyAddresses", (*v).to_owned())).collect::<Vec<_>>();
        let mut more = proxy(&["SMTP:avery@contoso.test"]);
        more.push(("userPrincipalName", "avery@contoso.test".into()));
        self.user("address-taken", "Avery Old", "", "avery.old", NORMAL, more)?;
        self.delete(&["address-taken"], false)?;
        let mut more = proxy(&["SMTP:robin@contoso.test", "smtp:avery@contoso.test"]);
        more.push(("userPrincipalName", "robin@contoso.test".into()));
        self.user("address-taken-by", "Robin New", "", "robin", NORMAL, more)?;
        Ok(())
    }

    pub(super) fn other_partitions(&mut self) -> Result<(), Failure> {
        let zone = format!("DC=contoso.test,CN=MicrosoftDNS,DC=DomainDnsZones,{}", self.base);
        let configuration = self.directory.configuration().to_string();
        let tombstoned = vec![("dNSTombstoned", "FALSE".to_owned())];
        self.add("dns-node-deleted", &format!("DC=oldhost,{zone}"), "dnsNode", tombstoned)?;
        let application = format!("CN=Old Application,CN=Services,{configuration}");
        self.add("config-container-deleted", &application, "container", vec![])?;
        self.add("config-site-deleted", &format!("CN=OldSite,CN=Sites,{configuration}"), "site", vec![])?;
        self.delete(&["dns-node-deleted", "config-container-deleted", "config-site-deleted"], false)
    }

    /// Deleted after the switch, and then recycled, as after its deleted-object lifetime.
    pub(super) fn recycled(&mut self) -> Result<(), Failure> {
        self.user("recycled-user", "Rita Recycled", "", "rita", NORMAL, vec![])?;
        self.delete(&["recycled-user", "recycled-user"], false)
    }
}
