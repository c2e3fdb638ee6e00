"""Listing deleted objects: adrecover against ldapsearch with the same attributes."""

from lab import DELETED_OBJECTS, SHOW_RECYCLED
from measure import Failed, pairs, wait_for_calm
from proxy import watch

# adrecover_core::deleted::ATTRIBUTES.
ATTRIBUTES = ("objectGUID", "objectClass", "objectSid", "sAMAccountName", "userAccountControl", "lastKnownParent",
              "isRecycled", "replPropertyMetaData")
NULL = "/dev/null"


def measure(options, large, small, prefork, table):
    """Adds what listing costs to the table."""
    def ours(lab, out=NULL, server=None, connections=None):
        several = [] if connections is None else ["--connections", str(connections)]
        return lab.run(lab.adrecover(options.program, "list", "-o", "jsonl", *several, server=server), out)

    def theirs(lab, out=NULL, server=None):
        command = lab.openldap("ldapsearch", "-LLL", "-b", f"<WKGUID={DELETED_OBJECTS},{lab.base}>", "-s", "one",
                               "-E", "pr=1000/noprompt", "-E", f"!{SHOW_RECYCLED}", "(objectClass=*)", *ATTRIBUTES,
                               server=server)
        return lab.run(command, out)

    # These runs also fill the server's caches.
    found = {counted(large, ours, b"{")[1], counted(large, theirs, b"dn:")[1]}
    if found != {options.objects}:
        raise Failed(f"adrecover and ldapsearch list {found} objects; there are {options.objects}")
    runs = pairs(options.list_pairs, lambda: ours(large), lambda: theirs(large), options.patience)
    few_cost, few = counted(small, ours, b"{")
    if counted(prefork, ours, b"{")[1] != options.objects:
        raise Failed("the lab of several processes has another number of objects")
    # The same number of objects; only the server's processes differ.
    several = [(lab, where, budget, pairs(options.list_pairs, lambda lab=lab: ours(lab, connections=2),
                                          lambda lab=lab: ours(lab, connections=1), options.patience))
               for lab, where, budget in ((prefork, "several server processes", 0.67), (large, "one server process", 1.1))]

    def sealed(lab, out=NULL):
        command = [options.program, "--server", f"ldap://{lab.address}", "--kerberos", "list", "-o", "jsonl",
                   "--connections", "1"]
        return lab.run(command, out, lab.ticket())

    if (found := counted(large, sealed, b"{")[1]) != options.objects:
        raise Failed(f"signed and sealed, adrecover lists {found} objects")
    by_ticket = pairs(options.list_pairs, lambda: sealed(large), lambda: ours(large, connections=1), options.patience)

    title = f"list, {options.objects:,} objects"
    table.compare(title, "wall time", "ldapsearch", runs, "wall", 1.1)
    table.compare(title, "client CPU", "ldapsearch", runs, "cpu", 1.5)
    table.compare(title, "server CPU", "ldapsearch", runs, "server_cpu")
    table.memory(title, *runs.peaks(), "ldapsearch", 30)
    table.memory(f"list, {few:,} objects", few_cost.memory)
    table.runs(title, runs)
    for _, where, budget, both in several:
        table.compare(f"{title}, 2 connections, {where}", "wall time", "1 connection", both, "wall", budget)
        table.memory(f"{title}, 2 connections, {where}", *both.peaks(), "1 connection", 30)
        table.runs(f"{title}, 2 connections, {where}", both)
    title_389 = f"{title}, sealed on 389, 1 connection"
    table.compare(title_389, "wall time", "LDAPS", by_ticket, "wall")
    table.compare(title_389, "client CPU", "LDAPS", by_ticket, "cpu")
    table.compare(title_389, "server CPU", "LDAPS", by_ticket, "server_cpu")
    table.runs(title_389, by_ticket)
    for name, action in (("adrecover", ours), ("ldapsearch", theirs)):
        wait_for_calm(options.patience)
        seen = watch(large, lambda server, action=action: action(large, server=server))
        table.note(f"{title}, {name}: {seen.summary()}")


def counted(lab, action, begins):
    """Runs the action, and counts the lines of its output that begin so."""
    out = lab.work / "list"
    cost = action(lab, out=out)
    with out.open("rb") as lines:
        count = sum(line.startswith(begins) for line in lines)
    out.unlink()
    return cost, count
