"""Restoring many objects in one process: adrecover against ldapmodify with the same writes."""

import base64
import json
import random
import secrets

from lab import SHOW_DELETED
from measure import Failed, pairs, wait_for_calm
from proxy import watch

SUFFIX = "contoso.test"
DISABLED = 0x2


def measure(options, lab, table):
    """Adds what restoring costs to the table. Every run gets deleted objects of its own."""
    stock = Stock(lab, options)
    number = options.restored

    def ours(server=None):
        chosen = lab.work / "guids"
        chosen.write_text("".join(f"{o['guid']}\n" for o in stock.take(number)))
        report = lab.work / "report"
        cost = lab.run(lab.adrecover(options.program, "restore", "--from-file", chosen, "--yes", "--upn-suffix", SUFFIX,
                                     "-o", "jsonl", server=server), report)
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        good = sum(o["outcome"] == "restored" and o["verified"] is True for o in lines)
        if good != number:
            raise Failed(f"adrecover restored and verified {good} of {number} objects")
        stock.check()
        return cost

    def theirs(server=None):
        changes = lab.work / "changes.ldif"
        changes.write_text("".join(ldif(o) for o in stock.take(number)))
        cost = lab.run(lab.openldap("ldapmodify", "-f", changes, server=server))
        stock.check()
        return cost

    # The first ones pay for caches, on both sides.
    ours()
    theirs()
    runs = pairs(options.restore_pairs, ours, theirs, options.patience)
    title = f"restore, {number:,} objects"
    table.compare(title, "wall time", "ldapmodify", runs, "wall", 1.2)
    table.compare(title, "client CPU", "ldapmodify", runs, "cpu")
    table.compare(title, "server CPU", "ldapmodify", runs, "server_cpu")
    table.memory(title, *runs.peaks(), "ldapmodify")
    table.runs(title, runs)
    for name, action in (("adrecover", ours), ("ldapmodify", theirs)):
        wait_for_calm(options.patience)
        seen = watch(lab, action)
        table.note(f"{title}, {name}: {seen.restore(number)}")


class Stock:
    """The deleted objects that are left."""

    def __init__(self, lab, options):
        self.lab = lab
        self.taken = 0
        out = lab.work / "stock"
        lab.run(lab.adrecover(options.program, "list", "-o", "jsonl"), out)
        self.objects = [json.loads(line) for line in out.read_text().splitlines()]
        # Each run gets a fair share of old and new ones; always the same.
        random.Random(1).shuffle(self.objects)
        self.live = self.count()

    def take(self, number):
        """So many objects that nobody has restored yet."""
        if len(self.objects) < number:
            raise Failed("there are not enough deleted objects for so many runs")
        chosen, self.objects = self.objects[:number], self.objects[number:]
        self.taken += number
        return chosen

    def count(self):
        """How many users are live, disabled and have a logon name."""
        where = f"(&(objectClass=user)(userPrincipalName=*@{SUFFIX})(userAccountControl=514))"
        lines = self.lab.search("-b", f"OU=Bulk,OU=OnPremises,{self.lab.base}", where, "1.1")
        return sum(line.startswith("dn:") for line in lines)

    def check(self):
        """Fails unless all objects that were taken are live and as they shall be."""
        live = self.count() - self.live
        if live != self.taken:
            raise Failed(f"{live} objects are live and as they shall be instead of {self.taken}")


def ldif(deleted):
    """The writes that adrecover sends for a user: the undelete with a random password, disable, set the logon name."""
    mangled = deleted["dn"]
    live = f"{deleted['rdn']},{deleted['lastKnownParent']}"
    by_guid = f"<GUID={deleted['guid']}>"
    password = f'"aA1#{secrets.token_hex(22)}"'.encode("utf-16-le")
    records = (
        (mangled, f"control: {SHOW_DELETED} true\n", (
            "delete: isDeleted\n",
            f"replace: distinguishedName\n{line('distinguishedName', live)}",
            f"replace: unicodePwd\n{line('unicodePwd', password)}")),
        (by_guid, "", (f"replace: userAccountControl\nuserAccountControl: {512 | DISABLED}\n",)),
        (by_guid, "", (f"replace: userPrincipalName\nuserPrincipalName: {deleted['samAccountName']}@{SUFFIX}\n",)),
    )
    return "".join(f"{line('dn', dn)}{control}changetype: modify\n{''.join(f'{c}-{chr(10)}' for c in changes)}\n"
                   for dn, control, changes in records)


def line(name, value):
    octets = value.encode() if isinstance(value, str) else value
    return f"{name}:: {base64.b64encode(octets).decode()}\n"
