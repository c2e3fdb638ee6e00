"""What is done on both systems, in order."""

import dataclasses
import datetime
import json
import os
import subprocess
import typing

USER_A = "UserA"
BASE = "DC=contoso,DC=test"
HOME = f"OU=OnPremises,{BASE}"
TODAY = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
ENTRA = "{5E2F0A31-7B1D-4C3E-9F60-0A1B2C3D4E5F}"

CONNECTOR = f"""<?xml version="1.0" encoding="utf-16"?>
<ma-data>
<id>{ENTRA}</id>
<name>contoso.test</name>
<category>AD</category>
<ma-partition-data><partition>
<name>{BASE}</name>
<selected>1</selected>
<filter><object-classes><object-class>user</object-class></object-classes>
<containers><exclusions></exclusions><inclusions>
<inclusion>{HOME}</inclusion>
</inclusions></containers></filter></partition></ma-partition-data></ma-data>
"""


@dataclasses.dataclass
class Case:
    """One command: its words, and what is expected of it. A word may be a function of the system."""

    name: str
    arguments: list
    code: int = 0
    given: typing.Any = b""
    environment: dict = dataclasses.field(default_factory=dict)
    # Files that it writes, which are compared as well.
    written: tuple = ()
    # Why GUIDs, SIDs, moments and files may differ.
    why_by_chance: str = ""
    # Why the output has to differ.
    why_different: str = ""
    says: tuple = ()
    before: typing.Callable = lambda system: None
    after: typing.Callable = lambda system, out: None


def file(name, before=""):
    """A word with the whole path of a file."""
    return lambda system: before + system.path(system.file(name))


def known(name, before=""):
    """A word that an earlier command said."""
    return lambda system: before + system.known[name]


def wide(text):
    """As Windows PowerShell 5.1 redirects: UTF-16 with a byte order mark, and CRLF."""
    return b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")


def excel(text):
    """As Excel writes: UTF-8 with a byte order mark, and CRLF."""
    return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode("utf-8")


def guids(system, *labels):
    with open(system.lab["LAB_SEED"], encoding="utf-8") as seed:
        objects = json.load(seed)
    return [objects[label]["guid"] for label in labels]


def guid(label):
    return lambda system: guids(system, label)[0]


def prepare(system):
    """The files of a person on Windows, the same octets on both systems."""
    lab = system.lab
    password = open(lab["LAB_ADMIN_PASSWORD_FILE"], encoding="utf-8").read()
    kept = system.file("Kennwort für Ädmin.txt")
    kept.write_bytes(wide(f"{password}\n"))
    kept.chmod(0o600)
    listed = guids(system, "contact-deleted", "computer-deleted")
    system.file("gelöscht utf16.txt").write_bytes(wide("# aus PowerShell\n" + "".join(f"{g}\n" for g in listed)))
    group = f"CN=Sales,OU=Groups,{HOME}"
    system.file("Gruppen für alle.csv").write_bytes(excel(f'samAccountName,groupDN\nUserA,"{group}"\n'))
    vpn = f"CN=VPN,OU=Groups,{HOME}"
    system.file("Gruppen utf16.csv").write_bytes(wide(f'samAccountName,groupDN\nUserA,"{vpn}"\n'))
    system.file("Connector.xml").write_bytes(wide(CONNECTOR))
    system.file("kaputt.ldf").write_bytes(b"\xff\xfe\x00")
    ldif = ldap(system, "ldapsearch", "-LLL", "-E", "pr=500/noprompt", "-E", "!1.2.840.113556.1.4.2064",
                "-b", BASE, "(objectClass=*)", "*")
    text = ldif.replace(b"\n", b"\r\n")
    system.file("Ausfuhr von gestern.ldf").write_bytes(text)
    system.file("Ausfuhr utf16.ldf").write_bytes(b"\xff\xfe" + text.decode("utf-8").encode("utf-16-le"))
    # The file's own time is told.
    stamp = 1_790_000_000
    for name in ("Ausfuhr von gestern.ldf", "Ausfuhr utf16.ldf"):
        os.utime(system.file(name), (stamp, stamp))


def ldap(system, program, *arguments):
    """Works on the domain controller past the program, from Linux."""
    environment = {"PATH": "/usr/bin:/bin", "LDAPTLS_CACERT": system.lab["LAB_CA"], "LDAPTLS_REQCERT": "demand"}
    command = [program, "-x", "-H", system.lab["ADRECOVER_LAB_SERVER"], "-D", system.lab["LAB_ADMIN"],
               "-y", system.lab["LAB_ADMIN_PASSWORD_FILE"], *arguments]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout


def delete(rdn):
    return lambda system: ldap(system, "ldapdelete", f"{rdn},{HOME}")


def remember(name, *keys):
    """Keeps a part of what was said as JSON."""
    def after(system, out):
        value = json.loads(out)
        for key in keys:
            value = value[key]
        system.known[name] = value
    return after


def keep_file(name):
    """Keeps the output as a file, as `>` of PowerShell 5.1 writes it."""
    return lambda system, out: system.file(name).write_bytes(wide(out))


def crlf(text):
    return lambda system: text(system).replace("\n", "\r\n").encode("utf-8")


def nobody():
    """Without anything that says how to log on, and to whom."""
    return {"ADRECOVER_PASSWORD_FILE": None}


def looking():
    yield Case("the files", [], before=prepare)
    yield Case("version", ["--version"])
    yield Case("wrong usage", ["lst"], 2, says=("Usage: ",))
    yield Case("wrong usage as JSON", ["list", "--no-such-thing", "-o", "json"], 2, says=('"kind": "usage"',))
    yield Case("help", ["restore", "--help"])
    yield Case("list", ["list"], says=("UserA", "Zoë Ærøskøbing-Ğüneş 李雷"))
    for form in ("json", "jsonl", "csv"):
        yield Case(f"list as {form}", ["list", "-o", form], says=("Zoë Ærøskøbing-Ğüneş 李雷",))
    yield Case("list --classic", ["list", "UserA", "--classic"])
    yield Case("list by a name that is not ASCII", ["list", "ærøskøbing-ğÜNEŞ 李"], says=("nameunicode",))
    yield Case("list of nothing", ["list", "niemand-heißt-so"], 4)
    yield Case("list of a name in JSON, kept", ["list", "Fiona", "-o", "json"], after=keep_file("fiona utf16.json"))
    yield Case("list by time and place", ["list", "--since", "7d", "--under", HOME, "--type", "group", "--sort", "name"])
    yield Case("show", ["show", "UserA"], says=("Stripped by the deletion",))
    yield Case("show as JSON", ["show", "UserA", "-o", "json"])
    yield Case("show by GUID", ["show", "--guid", guid("name-unicode")], says=("李雷",))
    yield Case("show of several", ["show", "Kim Lee"], 5)
    yield Case("show of a live one", ["show", "ines", "-o", "json"], says=("Inés Ibáñez",))
    yield Case("doctor", ["doctor", "-o", "json"], 0)
    yield Case("doctor --drill", ["doctor", "--drill", "alice"], 6)
    yield Case("man", ["man"])
    yield Case("completions", ["completions", "powershell"], why_different="the options of `agent install`: systemd or Windows")


def connecting():
    yield Case("password in UTF-16", ["list", "UserA", "--password-file", file("Kennwort für Ädmin.txt")])
    yield Case("password on standard input", ["list", "UserA", "--password-file", "-"],
               given=crlf(lambda system: open(system.lab["LAB_ADMIN_PASSWORD_FILE"], encoding="utf-8").read() + "\n"))
    yield Case("no password and no console", ["list"], 2, environment=nobody(), says=("no terminal to ask",))
    yield Case("wrong password", ["list"], 10, environment={**nobody(), "ADRECOVER_PASSWORD": "falsch-Ä"})
    yield Case("no such file", ["list", "--password-file", file("fehlt.txt")], 2)
    yield Case("untrusted certificate", ["list"], 10, environment={"ADRECOVER_CA": lambda s: s.path(s.lab["LAB_OTHER_CA"])})
    yield Case("unencrypted", ["list", "--server", lambda system: f"ldap://{system.lab['LAB_ADDRESS']}"], 2)
    yield Case("StartTLS", ["list", "UserA", "--starttls", "--server", lambda system: f"ldap://{system.lab['LAB_ADDRESS']}"])
    yield Case("nobody listens", ["list", "--server", "ldaps://127.0.53.255:1"], 10)
    yield Case("profile add", ["profile", "add", "buero", "--server", known_server, "--user", known_user, "--password-file",
                               known_password, "--ca", known_ca], environment=NOTHING)
    yield Case("profile list", ["profile", "list"], environment=NOTHING)
    yield Case("profile show", ["profile", "show", "buero"], environment=NOTHING, says=("buero",))
    yield Case("profile test", ["profile", "test", "buero", "-o", "json"], environment=NOTHING)
    yield Case("list by a profile", ["list", "UserA", "--profile", "buero"], environment=NOTHING)


def known_server(system):
    return system.lab["ADRECOVER_LAB_SERVER"]


def known_user(system):
    return system.lab["LAB_ADMIN"]


def known_password(system):
    return system.path(system.lab["LAB_ADMIN_PASSWORD_FILE"])


def known_ca(system):
    return system.path(system.lab["LAB_CA"])


NOTHING = {name: None for name in ("ADRECOVER_SERVER", "ADRECOVER_USER", "ADRECOVER_PASSWORD_FILE", "ADRECOVER_CA")}


def restoring():
    upn = ["--upn", "usera@contoso.test"]
    yield Case("restore, nobody there to answer", ["restore", "UserA", *upn], 9, says=("--yes says it",))
    yield Case("restore of several", ["restore", "Kim Lee", "--yes"], 5)
    yield Case("restore blocked", ["restore", "Sasha Old", "--yes"], 6)
    yield Case("restore of nothing", ["restore", "niemand", "--yes"], 4)
    yield Case("dry run", ["restore", "UserA", *upn, "--dry-run"], says=("nothing was changed (--dry-run)",))
    yield Case("dry run as JSON", ["restore", "UserA", *upn, "--dry-run", "-o", "json"], says=('"planned"',))
    yield Case("a plan in a file", ["restore", "UserB", "--upn", "userb@contoso.test", "--dry-run", "--plan-out",
                                    file("Plan für B.json")], written=("Plan für B.json",))
    yield Case("restore with UPN, password and groups",
               ["restore", "UserA", *upn, "--enable", file("Neue Kennwörter.csv", "--generate-password="),
                file("Gruppen für alle.csv", "--groups-from=file:"), file("Gruppen utf16.csv", "--groups-from=file:"),
                "--set", "description=Zurück – Ωß", "--reason", "Ticket 4711 für Ädmins", "--yes", "-o", "json"],
               written=("Neue Kennwörter.csv",), why_by_chance="the password", after=remember("operation", "operation"),
               says=('"restored"', "CN=VPN", "guid,userPrincipalName,password\n"))
    yield Case("the same again", ["restore", "--guid", guid("UserA"), *upn, "--yes"])
    yield Case("a file is never written over", ["restore", "UserA", "--reset-password", "--yes",
                                                file("Neue Kennwörter.csv", "--generate-password=")], 2)
    yield Case("apply", ["apply", file("Plan für B.json"), "--yes", "-o", "json"], says=('"restored"',))
    yield Case("apply again", ["apply", file("Plan für B.json"), "--yes"], 7)
    yield Case("from a list in UTF-16", ["restore", "--from-file", file("gelöscht utf16.txt"), "--yes"])
    yield Case("from JSON in UTF-16", ["restore", "--from-file", file("fiona utf16.json"), "--to", HOME, "--yes", "-o", "json"])
    yield Case("from standard input with CRLF", ["restore", "--from-file", "-", "--yes"],
               given=lambda system: f"# CRLF\r\n{guids(system, 'inetorgperson-deleted')[0]}\r\n".encode())
    yield Case("a name that is not ASCII", ["restore", "--guid", guid("name-unicode"), "--new-name", "Zoë Größe 李", "--yes"],
               says=("Zoë Größe 李",))
    yield Case("tree", ["restore", "--tree", guid("orphan-ou"), "--yes", "-o", "json"])
    yield Case("operations", ["operations"], says=("Ticket 4711 für Ädmins",))
    yield Case("operations as JSON", ["operations", "-o", "json"])
    yield Case("undo, nobody there to answer", ["undo", known("operation")], 9)
    yield Case("undo", ["undo", known("operation"), "--delete-again", "--yes"])


def files():
    ldif, wide_ldif = file("Ausfuhr von gestern.ldf"), file("Ausfuhr utf16.ldf")
    yield Case("offline info", ["offline", "info", ldif], says=("ldif",))
    yield Case("offline info of UTF-16", ["offline", "info", wide_ldif, "-o", "json"], says=('"ldif"',))
    yield Case("offline info of a damaged file", ["offline", "info", file("kaputt.ldf")], 12)
    yield Case("offline info of no file", ["offline", "info", file("fehlt.ldf")], 2)
    yield Case("list --offline", ["list", "--offline", ldif], environment=NOTHING, says=("UserA",))
    yield Case("list --offline of a relative path", ["list", "--offline", "Ausfuhr utf16.ldf", "-o", "json"], environment=NOTHING)
    yield Case("show --offline", ["show", "--offline", ldif, "Inés Ibáñez"], environment=NOTHING, says=("Inés Ibáñez",))
    yield Case("offline diff", ["offline", "diff", ldif, "-o", "json"], 6)
    yield Case("offline diff as a page", ["offline", "diff", ldif, "--html", file("Bericht für alle.html")], 6,
               written=("Bericht für alle.html",))
    yield Case("scope of UTF-16", ["scope", f"CN=Inés,{HOME}", f"CN=x,OU=Admins,{BASE}", "--sync-config", file("Connector.xml")], 6)
    yield Case("preflight", ["preflight", "alice", "--sync-config", file("Connector.xml"), "-o", "json"], 3)
    yield Case("preflight on premises", ["preflight", "ines", "--on-prem-only", "--html", file("Prüfung.html")],
               written=("Prüfung.html",))
    yield Case("guide", ["guide", "--on-prem", "deleted", "--entra", "soft-deleted", "--mailbox", "soft-deleted"])
    yield Case("collector", ["preflight", "--collector", file("Sammeln.ps1")], written=("Sammeln.ps1",))


def journal():
    place = file("Änderungen", "--journal=")
    once = ["agent", "run", "--once", "--listen", "none", place]
    yield Case("agent once", once)
    yield Case("agent after a deletion", once, before=delete("CN=Grace Green"))
    yield Case("agent status", ["agent", "status", place], 3, says=("no agent writes the journal",))
    yield Case("history", ["history", "grace", place])
    yield Case("history of what happened", ["history", "--incident", "--since", TODAY, place, "-o", "json"])
    yield Case("restore from the journal", ["restore", "Grace Green", "--fill-from", "journal", "--groups-from", "journal",
                                            place, "--yes", "-o", "json"], says=("Newsletter",))
    yield Case("restore from a file", ["restore", "Petra Primary", file("Ausfuhr utf16.ldf", "--fill-from=ldif:"), "--dry-run"])
    yield Case("demo", ["demo"], why_by_chance="the directory is made anew each time")


def cases():
    """All of them, in order."""
    for part in (looking, connecting, restoring, files, journal):
        yield from part()
