"""Fills the lab's domain with the example company: seed.py FOLDER [--recycle-bin] [--empty].

Works on the database as SYSTEM, through the same directory modules as the server, so what is
deleted here looks like what is deleted over LDAP. Writes FOLDER/seed.json: label -> where it is now.
"""

import argparse
import json
import os
import time

import ldb
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack

from labdb import open_domain

UPN_SUFFIX = "contoso.test"
RECYCLE_BIN = "766ddcd8-acd0-445e-f3b9-a7f9b6744f2a"
REANIMATE_TOMBSTONES = "45ec5156-db7e-47bb-b53f-dbeb2d03c40f"
GET_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
DELETED_OBJECTS = "18E2EA80684F11D2B9AA00C04F79F805"
# Of the SD only owner, group and DACL.
SD_CONTROL = "sd_flags:1:7"
SHOW_DELETED = "show_deleted:1"
SHOW_RECYCLED = "show_recycled:1"

NORMAL = 512
DISABLED = 514
NEVER_EXPIRES = 66048
WORKSTATION = 4096

# What seed.json keeps of an object from before its deletion, for comparing after a restore.
REMEMBERED = (
    "userPrincipalName", "mail", "displayName", "proxyAddresses", "manager", "description",
    "memberOf", "member", "userAccountControl", "adminCount", "objectClass", "telephoneNumber",
    "primaryGroupID", "servicePrincipalName", "gPLink", "mS-DS-ConsistencyGuid",
)


def escape(value):
    """A value as it stands in a DN."""
    out = "".join(f"\\{ord(c):02X}" if c in ',+"\\<>;=#\n\r' else c for c in value)
    if out.startswith(" "):
        out = "\\20" + out[1:]
    if out.endswith(" "):
        out = out[:-1] + "\\20"
    return out


def text(value):
    """A value as it stands in seed.json: binary ones in hexadecimal."""
    raw = bytes(value)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.hex()


class Seed:
    def __init__(self, folder):
        self.folder = folder
        self.open()
        self.base = str(self.db.domain_dn())
        self.config = str(self.db.get_config_basedn())
        self.dns = f"DC=DomainDnsZones,{self.base}"
        self.home = f"OU=OnPremises,{self.base}"
        self.objects = {}
        self.impossible = {}

    def open(self):
        self.db = open_domain(self.folder, nosync=True)

    # -- writing ---------------------------------------------------------------------------

    def add(self, label, dn, classes, **attributes):
        entry = {"dn": dn, "objectClass": classes}
        entry.update({name.replace("_", "-"): value for name, value in attributes.items() if value is not None})
        self.db.add(entry)
        guid = self.db.schema_format_value("objectGUID", self.one(dn, ["objectGUID"])["objectGUID"][0]).decode()
        self.objects[label] = {"guid": guid}
        return dn

    def try_add(self, label, *arguments, **attributes):
        """For what another Samba may refuse: seed.json then gives the reason as the state."""
        try:
            return self.add(label, *arguments, **attributes)
        except ldb.LdbError as error:
            self.impossible[label] = {"state": "impossible", "reason": f"{error.args[0]} {error.args[1]}"}
            return None

    def ou(self, label, dn, **attributes):
        return self.add(label, dn, "organizationalUnit", **attributes)

    def user(self, label, name, parent=None, sam=None, uac=NORMAL, password=None, classes="user", attempt=False, **attributes):
        sam = sam or label.replace("-", "")[:20]
        if uac & 2 == 0 and password is None:
            password = self.password
        values = {
            "sAMAccountName": sam,
            "userPrincipalName": f"{sam.lower()}@{UPN_SUFFIX}",
            "displayName": name.replace("\n", " "),
            "mail": f"{sam.lower()}@{UPN_SUFFIX}",
            "userAccountControl": str(uac),
        }
        values.update(attributes)
        if password is not None:
            values["unicodePwd"] = f'"{password}"'.encode("utf-16-le")
        add = self.try_add if attempt else self.add
        return add(label, f"CN={escape(name)},{parent or self.home}", classes, **values)

    def group(self, label, name, parent=None, members=(), group_type=-2147483646, **attributes):
        return self.add(
            label, f"CN={escape(name)},{parent or self.groups}", "group", sAMAccountName=name,
            groupType=str(group_type), member=list(members) or None, **attributes)

    def join(self, group, *members):
        self.change(group, "member", ldb.FLAG_MOD_ADD, [str(m) for m in members])

    def change(self, dn, attribute, how, values):
        message = ldb.Message(ldb.Dn(self.db, dn))
        message[attribute] = ldb.MessageElement(values, how, attribute)
        self.db.modify(message)

    def grant(self, dn, aces, controls=()):
        """Adds ACEs (SDDL, with {} for nothing) before the others of the object at dn."""
        controls = [SD_CONTROL, *controls]
        raw = self.db.search(dn, ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"], controls=controls)[0]
        descriptor = ndr_unpack(security.descriptor, raw["nTSecurityDescriptor"][0])
        sddl = descriptor.as_sddl(self.sid)
        head, dacl, rest = sddl.partition("D:")
        flags, bracket, old = rest.partition("(")
        descriptor = security.descriptor.from_sddl(head + dacl + flags + aces + bracket + old, self.sid)
        message = ldb.Message(ldb.Dn(self.db, dn))
        message["sd"] = ldb.MessageElement(ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
        self.db.modify(message, controls=controls)

    def delete(self, *labels, tree=False):
        for label in labels:
            self.remember(label)
            dn = self.now(label, [])[0].dn
            self.db.delete(dn, ["tree_delete:1"] if tree else [])

    # -- reading ---------------------------------------------------------------------------

    def one(self, dn, attributes):
        return self.db.search(dn, ldb.SCOPE_BASE, attrs=attributes)[0]

    def now(self, label, attributes):
        return self.db.search(f"<GUID={self.objects[label]['guid']}>", ldb.SCOPE_BASE, attrs=attributes,
                              controls=[SHOW_RECYCLED])

    def remember(self, label):
        """Keeps what the object looks like before its deletion."""
        found = self.now(label, list(REMEMBERED))[0]
        before = {"dn": str(found.dn)}
        for name in REMEMBERED:
            if name in found:
                before[name] = sorted(text(value) for value in found[name])
        self.objects[label]["before"] = before

    def sid_of(self, label):
        return str(self.sid_object(label))

    def sid_object(self, label):
        return ndr_unpack(security.dom_sid, self.now(label, ["objectSid"])[0]["objectSid"][0])

    def write_json(self, recycle_bin):
        for label, entry in self.objects.items():
            found = self.now(label, ["*"])
            if not found:
                entry["state"] = "gone"
                continue
            found = found[0]
            deleted, recycled = "isDeleted" in found, "isRecycled" in found
            # Without the bin Samba marks every tombstone as recycled.
            state = "live" if not deleted else "tombstone" if not recycle_bin else "recycled" if recycled else "deleted"
            entry["state"] = state
            entry["dn"] = str(found.dn)
            entry["lastKnownParent"] = str(found["lastKnownParent"][0]) if "lastKnownParent" in found else None
            entry["sam"] = str(found["sAMAccountName"][0]) if "sAMAccountName" in found else None
            if "objectSid" in found:
                entry["sid"] = str(ndr_unpack(security.dom_sid, found["objectSid"][0]))
        with open(os.path.join(self.folder, "seed.json"), "w", encoding="utf-8") as file:
            json.dump(self.objects | self.impossible, file, indent=1, sort_keys=True, ensure_ascii=False)
            file.write("\n")

    # -- the company -----------------------------------------------------------------------

    def structure(self):
        self.sid = security.dom_sid(self.db.get_domain_sid())
        self.password = self.secret("joe")
        self.ou("ou-onpremises", self.home, description="Synchronised with the cloud")
        sales = self.ou("ou-sales", f"OU=Sales,{self.home}")
        emea = self.ou("ou-emea", f"OU=EMEA,{sales}")
        self.dach = self.ou("ou-dach", f"OU=DACH,{emea}")
        self.sales = sales
        self.workstations = self.ou("ou-workstations", f"OU=Workstations,{self.base}")
        self.groups = self.ou("ou-groups", f"OU=Groups,{self.home}")
        self.contacts = self.ou("ou-contacts", f"OU=Contacts,{self.home}")
        self.services = self.ou("ou-service-accounts", f"OU=Service Accounts,{self.base}")
        self.admins = self.ou("ou-admins", f"OU=Admins,{self.base}")

    def secret(self, login):
        with open(os.path.join(self.folder, "secrets", login), encoding="ascii") as file:
            return file.read()

    def accounts(self):
        """The people who run the tool, from no rights at all to everything."""
        for login, name in (("joe", "Joe Ordinary"), ("operator1", "Restore Operator"),
                            ("reader1", "Deleted Objects Reader"), ("agent1", "Watch Agent")):
            self.user(login, name, self.admins, sam=login, uac=NEVER_EXPIRES, password=self.secret(login))
        self.objects["administrator"] = {"guid": self.guid(f"CN=Administrator,CN=Users,{self.base}")}
        self.change(f"CN=Administrator,CN=Users,{self.base}", "userAccountControl", ldb.FLAG_MOD_REPLACE,
                    str(NEVER_EXPIRES))

        operator, reader, agent = (self.sid_of(login) for login in ("operator1", "reader1", "agent1"))
        container = self.deleted_objects(self.base)
        self.grant(self.base, f"(OA;;CR;{REANIMATE_TOMBSTONES};;{operator})(OA;;CR;{GET_CHANGES};;{agent})")
        self.grant(container, f"(A;;RPLCLO;;;{operator})(A;;RPLCLO;;;{reader})(A;;RPLCLO;;;{agent})", [SHOW_DELETED])
        # A tombstone keeps the security descriptor it had: the operator's rights on what was
        # deleted come from the OU, by inheritance, before the deletion.
        self.grant(self.home, f"(A;CI;GA;;;{operator})")

    def guid(self, dn):
        return self.db.schema_format_value("objectGUID", self.one(dn, ["objectGUID"])["objectGUID"][0]).decode()

    def deleted_objects(self, partition):
        return str(self.db.get_wellknown_dn(ldb.Dn(self.db, partition), DELETED_OBJECTS))

    def live(self):
        boss = self.user("dana", "Dana Director", title="Managing Director", department="Management",
                         proxyAddresses=["SMTP:dana@contoso.test", "smtp:director@contoso.test"])
        for label, name, parent in (
            ("alice", "Alice Archer", self.sales), ("bob", "Bob Baker", self.sales),
            ("carol", "Carol Carter", self.dach), ("dieter", "Dieter Dörr", self.dach),
            ("erin", "Erin Evans", self.home), ("frank", "Frank Foster", self.home),
            ("grace", "Grace Green", self.home), ("henry", "Henry Hill", self.home),
            ("ines", "Inés Ibáñez", self.sales), ("jack", "Jack Jones", self.home),
            ("laura", "Laura Lang", self.dach), ("mallory", "Mallory Moss", self.home),
        ):
            self.user(label, name, parent, manager=boss, department="Sales" if parent != self.home else "Office",
                      proxyAddresses=[f"SMTP:{label}@contoso.test", f"smtp:{label}.alias@contoso.test"])
        dn = self.dn
        self.user("privileged", "Priya Privileged", self.admins, adminCount="1")
        self.join(f"CN=Domain Admins,CN=Users,{self.base}", dn("privileged"))
        sales = self.group("grp-sales", "Sales", members=[dn("alice"), dn("bob"), dn("ines")], mail="sales@contoso.test")
        self.group("grp-marketing", "Marketing", members=[dn("erin")])
        self.group("grp-vpn", "VPN", members=[dn("frank"), dn("carol")])
        self.group("grp-all-staff", "All Staff", members=[sales, dn("grp-marketing"), dn("dana")],
                   group_type=-2147483640)  # universal security group
        self.group("grp-news", "Newsletter", group_type=2, members=[dn("grace")])  # global distribution group
        self.group("grp-protected", "Protected", members=[dn("privileged")])
        self.add("contact-supplier", f"CN=Sam Supplier,{self.contacts}", "contact", mail="sam@supplier.test",
                 displayName="Sam Supplier", proxyAddresses=["SMTP:sam@supplier.test"])
        self.add("computer-pc01", f"CN=PC01,{self.workstations}", "computer", sAMAccountName="PC01$",
                 userAccountControl=str(WORKSTATION), dNSHostName="pc01.contoso.test")
        self.gmsa("gmsa-web", "gmsaweb")
        self.user("ora", "Ora Orgperson", classes="inetOrgPerson")

    def gmsa(self, label, name):
        self.try_add(label, f"CN={name},CN=Managed Service Accounts,{self.base}", "msDS-GroupManagedServiceAccount",
                     sAMAccountName=f"{name}$", dNSHostName=f"{name}.contoso.test",
                     userAccountControl=str(WORKSTATION), msDS_ManagedPasswordInterval="30")

    def dn(self, label):
        return str(self.now(label, [])[0].dn)

    def early_deletions(self):
        """Gone before the Recycle Bin was switched on, where it is: recycled there, tombstones elsewhere."""
        self.user("early-user", "Early Leaver")
        self.group("early-group", "Early Group", members=[self.dn("early-user")])
        self.ou("early-ou", f"OU=Early Office,{self.home}")
        self.delete("early-group", "early-user", "early-ou")

    def deletions(self):
        dn, boss = self.dn, self.dn("dana")
        for label, name, uac in (("UserA", "UserA", NORMAL), ("UserB", "UserB", DISABLED)):
            self.user(label, name, uac=uac, sam=label, manager=boss, title="Clerk", department="Office",
                      description="Example account", telephoneNumber="+49 30 5550100",
                      proxyAddresses=[f"SMTP:{label.lower()}@contoso.test", f"smtp:{label.lower()}.old@contoso.test"])
            for group in ("grp-sales", "grp-marketing", "grp-vpn"):
                self.join(dn(group), dn(label))
        # A membership that ended before the deletion: not to come back.
        self.join(dn("grp-news"), dn("UserA"))
        self.change(dn("grp-news"), "member", ldb.FLAG_MOD_DELETE, [dn("UserA")])
        # What a synchronisation engine knows the user by; not UTF-8.
        self.change(dn("UserA"), "mS-DS-ConsistencyGuid", ldb.FLAG_MOD_ADD, [bytes(range(0xF0, 0x100))])
        self.delete("UserA", "UserB")

        self.user("primary-group", "Petra Primary", sam="petra")
        self.join(dn("grp-vpn"), dn("primary-group"))
        vpn = str(self.sid_object("grp-vpn")).rpartition("-")[2]
        self.change(dn("primary-group"), "primaryGroupID", ldb.FLAG_MOD_REPLACE, [vpn])
        self.user("service-deleted", "svc-sql", self.services, sam="svc-sql", uac=NEVER_EXPIRES,
                  servicePrincipalName=["MSSQLSvc/sql1.contoso.test:1433", "MSSQLSvc/sql1.contoso.test"])
        self.delete("primary-group", "service-deleted")

        # Same name, same logon name, deleted one after the other.
        self.user("kim-lee-1", "Kim Lee", sam="kimlee", description="the first Kim Lee")
        self.delete("kim-lee-1")
        # Deletion stamps are in seconds; the two must differ.
        time.sleep(1.1)
        self.user("kim-lee-2", "Kim Lee", sam="kimlee", description="the second Kim Lee")
        self.join(dn("grp-vpn"), dn("kim-lee-2"))
        self.delete("kim-lee-2")

        for label, name in (
            ("name-special", '#Meyer, Kim + "Jr" <x>; a=b \\ c'),
            ("name-unicode", "Zoë Ærøskøbing-Ğüneş 李雷"),
            ("name-64", ("Maximilian Alexander von und zu der sehr langen Namensgeberfamilie" + "x" * 64)[:64]),
            ("name-64-unicode", "Ä" * 64),
            ("name-linefeed", "Line\nFeed"),
            ("name-spaces", " Leading and trailing "),
            ("name-del", "DEL:not-a-guid"),
        ):
            if self.user(label, name, attempt=True, givenName="Kim"):
                self.delete(label)

        members = [dn("alice"), dn("bob"), dn("grp-vpn")]
        self.group("group-deleted", "Project X", members=members, description="Project group", mail="projectx@contoso.test")
        self.join(dn("grp-all-staff"), dn("group-deleted"))
        self.add("contact-deleted", f"CN=Casey Contact,{self.contacts}", "contact", mail="casey@partner.test",
                 displayName="Casey Contact", proxyAddresses=["SMTP:casey@partner.test"])
        self.add("computer-deleted", f"CN=PC99,{self.workstations}", "computer", sAMAccountName="PC99$",
                 userAccountControl=str(WORKSTATION), dNSHostName="pc99.contoso.test",
                 servicePrincipalName=["HOST/pc99.contoso.test", "HOST/PC99"])
        self.user("inetorgperson-deleted", "Ira Inetorg", classes="inetOrgPerson", sam="ira")
        self.delete("group-deleted", "contact-deleted", "computer-deleted", "inetorgperson-deleted")
        self.gmsa("gmsa-deleted", "gmsaold")
        if "gmsa-deleted" in self.objects:
            self.delete("gmsa-deleted")

        self.tree()
        self.conflicts()
        self.other_partitions()

    def tree(self):
        """OU=Finance with three levels below it, deleted in one go; and an orphan whose OU went later."""
        # The link is to the Default Domain Policy, whose GUID is the same everywhere.
        policy = f"CN={{31B2F340-016D-11D2-945F-00C04FB984F9}},CN=Policies,CN=System,{self.base}"
        finance = self.ou("tree-finance", f"OU=Finance,{self.home}", description="Finance department",
                          gPLink=f"[LDAP://{policy};0]")
        accounting = self.ou("tree-accounting", f"OU=Accounting,{finance}")
        payroll = self.ou("tree-payroll", f"OU=Payroll,{accounting}")
        people = [
            self.user("tree-fiona", "Fiona Finance", finance, sam="fiona"),
            self.user("tree-arthur", "Arthur Accountant", accounting, sam="arthur"),
            self.user("tree-paula", "Paula Payroll", payroll, sam="paula"),
            self.user("tree-pavel", "Pavel Payroll", payroll, sam="pavel", uac=DISABLED),
        ]
        self.group("tree-group", "Finance Team", accounting, members=people)
        self.group("tree-group-inner", "Payroll Team", payroll, members=people[2:])
        self.join(self.dn("tree-group"), self.dn("tree-group-inner"))
        for label in [label for label in self.objects if label.startswith("tree-")]:
            self.remember(label)
        self.delete("tree-finance", tree=True)

        closed = self.ou("orphan-ou", f"OU=Closed Office,{self.home}")
        self.user("orphan", "Olive Orphan", closed)
        self.delete("orphan")
        self.delete("orphan-ou")

    def conflicts(self):
        """What was deleted, and what stands in its way now."""
        self.user("was-admin", "Adrian Admin", sam="adrian", adminCount="1")
        self.join(f"CN=Domain Admins,CN=Users,{self.base}", self.dn("was-admin"))
        self.join(self.dn("grp-protected"), self.dn("was-admin"))
        self.delete("was-admin")

        self.user("sam-taken", "Sasha Old", sam="sasha", userPrincipalName="sasha.old@contoso.test",
                  mail="sasha.old@contoso.test")
        self.delete("sam-taken")
        self.user("sam-taken-by", "Sasha New", sam="sasha", userPrincipalName="sasha.new@contoso.test",
                  mail="sasha.new@contoso.test")

        self.user("upn-taken", "Uma Old", sam="uma.old", userPrincipalName="uma@contoso.test", mail="uma.old@contoso.test")
        self.delete("upn-taken")
        self.user("upn-taken-by", "Uma New", sam="uma.new", userPrincipalName="uma@contoso.test", mail="uma.new@contoso.test")

        self.user("name-taken", "Taylor Twin", sam="taylor1")
        self.delete("name-taken")
        self.user("name-taken-by", "Taylor Twin", sam="taylor2")

        self.user("address-taken", "Avery Old", sam="avery.old", userPrincipalName="avery@contoso.test",
                  proxyAddresses=["SMTP:avery@contoso.test"], mail="avery@contoso.test")
        self.delete("address-taken")
        self.user("address-taken-by", "Robin New", sam="robin", userPrincipalName="robin@contoso.test",
                  proxyAddresses=["SMTP:robin@contoso.test", "smtp:avery@contoso.test"])

    def other_partitions(self):
        zone = f"DC={UPN_SUFFIX},CN=MicrosoftDNS,{self.dns}"
        self.add("dns-node-deleted", f"DC=oldhost,{zone}", "dnsNode", dNSTombstoned="FALSE")
        self.add("config-container-deleted", f"CN=Old Application,CN=Services,{self.config}", "container")
        self.add("config-site-deleted", f"CN=OldSite,CN=Sites,{self.config}", "site")
        self.delete("dns-node-deleted", "config-container-deleted", "config-site-deleted")

    def recycled(self):
        """Deleted after the switch, and then recycled, as after its deleted-object lifetime."""
        self.user("recycled-user", "Rita Recycled", sam="rita")
        self.delete("recycled-user")
        self.db.delete(self.dn("recycled-user"), [SHOW_DELETED])

    def switch_bin_on(self):
        message = ldb.Message(ldb.Dn(self.db, ""))
        message["x"] = ldb.MessageElement(f"CN=Partitions,{self.config}:{RECYCLE_BIN}", ldb.FLAG_MOD_ADD,
                                          "enableOptionalFeature")
        self.db.modify(message)
        # The modules remember the old answer as long as the database is open.
        self.open()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--recycle-bin", action="store_true")
    parser.add_argument("--empty", action="store_true")
    options = parser.parse_args()

    seed = Seed(os.path.abspath(options.folder))

    def together(*steps):
        seed.db.transaction_start()
        for step in steps:
            step()
        seed.db.transaction_commit()

    together(seed.structure, seed.accounts)
    if not options.empty:
        together(seed.live, seed.early_deletions)
    if options.recycle_bin:
        seed.switch_bin_on()
    if not options.empty:
        together(seed.deletions)
        if options.recycle_bin:
            together(seed.recycled)
    seed.write_json(options.recycle_bin)
    for label, entry in seed.impossible.items():
        print(f"lab: {label} is impossible here: {entry['reason']}")


if __name__ == "__main__":
    main()
