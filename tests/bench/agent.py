"""The agent: its first full read against ldapsearch, how soon a change is in its journal, how much room that takes, and its memory."""

import os
import shutil
import signal
import sqlite3
import statistics
import subprocess
import time

import measure
from measure import Failed, pairs

# DirSync of everything, and Extended DN as octets: what the agent asks for.
DIRSYNC = ("-E", "!dirSync=-2147483648/0", "-E", "!1.2.840.113556.1.4.529=::MAMCAQE=")
READ, WAIT, OBJECT, CHANGE, MEMORY = 1.3, 2.0, 1536, 300, 60
# Attributes that change in a directory from day to day.
WORDS = ("title", "department", "telephoneNumber", "physicalDeliveryOfficeName")
# How many users are changed again and again: a server that answers a question a second besides changes about ten a second.
CHANGED = 300


def measure_agent(options, lab, table):
    """Adds what an agent costs to the table."""
    folder = lab.work / "agent"
    path = folder / "changes-contoso.test.db"
    contexts = [line.split(": ", 1)[1] for line in lab.search("-s", "base", "-b", "", "namingContexts")
                if line.startswith("namingContexts: ")]

    def command(*more):
        return lab.adrecover(options.program, "agent", "run", "--listen", "none", "--journal", str(path), *more)

    def ours():
        shutil.rmtree(folder, ignore_errors=True)
        return lab.run(command("--once"))

    def theirs():
        # One search for each naming context, one after the other, as the agent does.
        searches = [" ".join(map(quoted, lab.openldap("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", context, *DIRSYNC,
                                                      "(objectClass=*)"))) for context in contexts]
        return lab.run(["/bin/sh", "-c", " && ".join(searches)])

    ours()
    theirs()
    runs = pairs(options.list_pairs, ours, theirs, options.patience)
    title = f"agent, first full read, {options.objects:,} users"
    table.compare(title, "wall time", "ldapsearch", runs, "wall", READ)
    table.compare(title, "client CPU", "ldapsearch", runs, "cpu")
    table.memory(title, *runs.peaks(), "ldapsearch", MEMORY)
    table.runs(title, runs)
    size(path, table)
    follow(options, lab, table, command(), path)


def quoted(word):
    return "'" + str(word).replace("'", "'\\''") + "'"


def count(path, what):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(what).fetchone()[0]


def size(path, table):
    """How much room an object takes, its links and indexes included."""
    objects = count(path, "SELECT COUNT(*) FROM objects WHERE status <> 0")
    octets = path.stat().st_size / objects
    table.note(f"agent: {octets:,.0f} octets of the journal for each of {objects:,} objects ({verdict(octets, OBJECT)})")


def verdict(value, budget):
    return f"{'within' if value <= budget else 'over'} the budget of {budget:,}"


def follow(options, lab, table, command, path):
    """How soon a change is in the journal, and how much room changes take."""
    log = (lab.work / "agent.log").open("wb")
    agent = subprocess.Popen(list(map(str, command)), env=lab.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        # The server answers in pages, which a limit on the search does not end.
        users = [line[4:] for line in lab.search("-b", f"OU=North,OU=Bulk,OU=OnPremises,{lab.base}",
                                                 "(objectClass=user)", "dn") if line.startswith("dn: ")][:CHANGED]
        # It has to be connected, and to have looked once.
        settle(path)
        times = [wait_for(lab, path, users[number], WORDS[number % len(WORDS)], f"value {number}")
                 for number in range(options.changes)]
        before, changes = octets(path), count(path, "SELECT COUNT(*) FROM changes")
        ldif = "".join(f"dn: {dn}\nchangetype: modify\nreplace: {word}\n{word}: {word} of user {number} in round {turn}\n-\n\n"
                       for turn in range(options.rounds) for number, dn in enumerate(users) for word in WORDS[:2])
        modify(lab, ldif)
        settle(path)
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait()
    added = count(path, "SELECT COUNT(*) FROM changes") - changes
    if added == 0:
        raise Failed("the agent has kept no changes")
    room = (octets(path) - before) / added
    slow, most = statistics.median(times), max(times)
    table.note(f"agent: a change is in the journal after {slow:.2f} s, {most:.2f} s at most ({len(times)} changes; {verdict(most, WAIT)} s)")
    table.note(f"agent: {room:,.0f} octets of the journal for each of {added:,} changes ({verdict(room, CHANGE)})")


def octets(path):
    """The octets of the file without those in its log, which is emptied first."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return (database.execute("PRAGMA page_count").fetchone()[0] - database.execute("PRAGMA freelist_count").fetchone()[0]) * 4096


def modify(lab, ldif):
    done = subprocess.run(lab.openldap("ldapmodify"), env=lab.environment(), input=ldif, text=True, capture_output=True, check=False)
    if done.returncode:
        raise Failed(f"ldapmodify ended with {done.returncode}: {done.stderr.strip()}")


def settle(path):
    """Waits until nothing new comes for a while."""
    last, since = None, time.monotonic()
    began = since
    while time.monotonic() - since < 6:
        now = count(path, "SELECT MAX(seq) FROM changes")
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() - began > 300:
            raise Failed("the agent does not come to rest")
        time.sleep(0.2)


def wait_for(lab, path, dn, word, value):
    """Seconds from the answer of the directory to the change in the journal."""
    before = count(path, "SELECT COALESCE(MAX(seq), 0) FROM changes")
    modify(lab, f"dn: {dn}\nchangetype: modify\nreplace: {word}\n{word}: {value}\n-\n\n")
    began = time.monotonic()
    while count(path, "SELECT COALESCE(MAX(seq), 0) FROM changes") == before:
        if time.monotonic() - began > 60:
            raise Failed(f"a change of {dn} is not in the journal after a minute")
        time.sleep(0.005)
    return time.monotonic() - began


def memory(options, crowd, table):
    """The agent's memory where there are many objects, while it reads all of them and while it follows."""
    folder = crowd.work / "agent-crowd"
    path = folder / "changes-contoso.test.db"
    shutil.rmtree(folder, ignore_errors=True)
    command = crowd.adrecover(options.program, "agent", "run", "--listen", "none", "--journal", str(path), "--once")
    first = crowd.run(command)
    second = crowd.run(command)
    objects = count(path, "SELECT COUNT(*) FROM objects WHERE status <> 0")
    title = f"stand-in: agent, {objects:,} objects"
    table.memory(f"{title}, first full read", first.memory, budget=MEMORY)
    table.memory(f"{title}, what changed since", second.memory, budget=MEMORY)
    table.note(f"{title}: read in {first.wall:.1f} s, client CPU {first.cpu:.1f} s")
    size(path, table)
