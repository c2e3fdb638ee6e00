"""Sizes that no test domain has, against the stand-in: a million deleted objects, a deep tree, a large group."""

import json
import statistics

from lab import DELETED_OBJECTS, SHOW_RECYCLED
from listing import ATTRIBUTES, counted
from measure import Failed, pairs, wait_for_calm

FLAT = 1.3


def measure(options, big, little, trees, table):
    """Adds what listing, restoring and showing at these sizes cost to the table."""
    listing(options, big, little, table)
    restoring(options, trees, table)
    showing(options, big, table)


def listing(options, big, little, table):
    def ours(lab, out="/dev/null"):
        return lab.run(lab.adrecover(options.program, "list", "-o", "jsonl"), out)

    def theirs(lab, out="/dev/null"):
        return lab.run(lab.openldap("ldapsearch", "-LLL", "-b", f"<WKGUID={DELETED_OBJECTS},{lab.base}>", "-s", "one",
                                    "-E", "pr=1000/noprompt", "-E", f"!{SHOW_RECYCLED}", "(objectClass=*)",
                                    *ATTRIBUTES), out)

    found = counted(big, ours, b"{")[1], counted(big, theirs, b"dn:")[1]
    if found[0] != found[1] or found[0] < options.bulk:
        raise Failed(f"adrecover lists {found[0]} and ldapsearch {found[1]} objects of {options.bulk}")
    runs = pairs(options.scale_pairs, lambda: ours(big), lambda: theirs(big), options.patience)
    few, _ = counted(little, ours, b"{")
    title = f"stand-in: list, {options.bulk:,} objects"
    table.compare(title, "wall time", "ldapsearch", runs, "wall", 1.0)
    table.compare(title, "client CPU", "ldapsearch", runs, "cpu")
    table.memory(title, *runs.peaks(), "ldapsearch", 30)
    table.memory("stand-in: list, 10,000 objects", few.memory)
    table.runs(title, runs)
    growth = runs.peaks()[0] / few.memory
    table.note(f"{title}: peak memory is {growth:.2f} times that of 10,000 objects"
               + ("" if growth < FLAT else ": it is not flat"))


def restoring(options, labs, table):
    costs = []
    for lab in labs:
        wait_for_calm(options.patience)
        costs.append(restored(options, lab))
    each = sorted(cost.cpu / options.tree * 1000 for cost in costs)
    middle = statistics.median(each)
    verdict = "within" if middle < 0.3 else "over"
    table.note(f"stand-in: restore, a tree of {options.tree:,} objects, twelve levels deep: client CPU {middle:.2f} ms for each "
               f"object ({verdict} the budget of 0.3 ms; {len(each)} runs, {each[0]:.2f} to {each[-1]:.2f}), "
               f"{statistics.median(cost.wall for cost in costs):.1f} s, "
               f"peak memory {max(cost.memory for cost in costs) / 1024:.1f} MB")


def restored(options, lab):
    """What it costs to restore the tree of a lab."""
    out = lab.work / "tree"
    lab.run(lab.adrecover(options.program, "list", "Tree", "--type", "ou", "-o", "json"), out)
    tops = [item for item in json.loads(out.read_text())["items"] if item["name"] == "Tree"]
    cost = lab.run(lab.adrecover(options.program, "restore", "--tree", tops[0]["guid"], "--yes", "-o", "jsonl"), out)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    good = sum(o["outcome"] == "restored" and o["verified"] is True for o in lines)
    if good != options.tree:
        raise Failed(f"{good} of {options.tree} objects of the tree were restored and verified")
    return cost


def showing(options, lab, table):
    out = lab.work / "crowd"
    cost = lab.run(lab.adrecover(options.program, "show", "crowd", "-o", "json"), out)
    members = len(json.loads(out.read_text())["attributes"]["member"])
    if members != options.crowd:
        raise Failed(f"{members} of {options.crowd} members are shown")
    table.note(f"stand-in: show, a group of {options.crowd:,} members: {cost.wall:.1f} s, client CPU {cost.cpu:.1f} s, peak "
               f"memory {cost.memory / 1024:.1f} MB")
