"""The pre-flight of a whole domain: adrecover against ldapsearch with the same attributes, and exports of many users."""

import json
import re
import subprocess

from measure import Failed, pairs

# adrecover_hybrid::checks::ATTRIBUTES, as `preflight` asks for them without a configuration of the synchronisation.
SOURCE = "crates/hybrid/src/checks/subject.rs"
# SD_FLAGS ([MS-ADTS] 3.1.1.3.4.1.11) of 7: owner, group and access list, in base64 of its BER.
SD_FLAGS = "1.2.840.113556.1.4.801=::MAMCAQc="
NULL = "/dev/null"
RATE, ROOM = 50_000, 1024


def attributes(root):
    text = (root / SOURCE).read_text()
    names = re.search(r"pub const ATTRIBUTES: \[&str; \d+\] = \[(.*?)\];", text, re.S)[1]
    # Besides them it asks whether the user was restored.
    return [*re.findall(r'"([^"]+)"', names), "replPropertyMetaData"]


def measure(options, live, table):
    """Adds what checking all users of a domain costs to the table."""
    base = f"OU=Bulk,OU=OnPremises,{live.base}"

    def ours(out=NULL):
        return live.run(live.adrecover(options.program, "preflight", "--under", base, "--on-prem-only", "-o", "jsonl"), out,
                        codes=(0, 3, 6))

    def theirs(out=NULL):
        return live.run(live.openldap("ldapsearch", "-LLL", "-b", base, "-E", "pr=1000/noprompt", "-E", f"!{SD_FLAGS}",
                                      "(sAMAccountType=805306368)", *attributes(options.root)), out)

    out = live.work / "preflight"
    ours(out)
    found = sum(1 for line in out.open("rb") if json.loads(line)["checks"])
    theirs(out)
    read = sum(line.startswith(b"dn:") for line in out.open("rb"))
    if {found, read} != {options.objects}:
        raise Failed(f"adrecover checked {found} users and ldapsearch read {read} of {options.objects}")
    runs = pairs(options.list_pairs, ours, theirs, options.patience)
    title = f"preflight, {options.objects:,} users of a domain"
    table.compare(title, "wall time", "ldapsearch", runs, "wall", 2.0)
    table.compare(title, "client CPU", "ldapsearch", runs, "cpu")
    table.memory(title, *runs.peaks(), "ldapsearch")
    table.runs(title, runs)


def exports(options, table):
    """How fast exports of the cloud are read, and how much room they take."""
    rows = []
    for users in (options.exported // 4, options.exported):
        text = subprocess.run([options.exports, str(users)], check=True, capture_output=True, text=True).stdout
        told = re.search(r"^(\d+) users a second$.*^(\d+) octets of memory a user at the peak", text, re.M | re.S)
        if not told:
            raise Failed(f"the example says something else: {text}")
        rows.append((users, int(told[1]), int(told[2])))
    users, rate, room = rows[-1]
    verdict = "within" if rate >= RATE and room < ROOM else "over"
    table.note(f"exports of {users:,} users: {rate:,.0f} users a second, {room:.0f} octets of memory a user ({verdict} the budget "
               f"of {RATE:,} and {ROOM}); of {rows[0][0]:,} users: {rows[0][1]:,.0f} and {rows[0][2]:.0f}")
