"""The result: one table, notes below it, and the same as a page of the documentation."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

HEAD = ("", "adrecover", "compared with", "", "ratio", "from", "to", "budget", "")


class Table:
    """Rows and notes, in the order in which they were added."""

    def __init__(self):
        self.rows = []
        self.notes = []

    def compare(self, title, name, other, runs, what, budget=None):
        """A row for a ratio of seconds; `budget` is the most that it should be."""
        ours, theirs = runs.median(what)
        ratio, (low, high) = runs.ratio(what), runs.spread(what)
        self.rows.append((f"{title}: {name}", f"{ours:.2f} s", other, f"{theirs:.2f} s", f"{ratio:.2f}", f"{low:.2f}",
                          f"{high:.2f}", f"<= {budget}" if budget else "", mark(ratio, budget)))

    def memory(self, title, ours, theirs=None, other="", budget=None):
        """A row for kilobytes; `budget` is in megabytes and is our own, not a ratio."""
        ratio = f"{ours / theirs:.2f}" if theirs else ""
        self.rows.append((f"{title}: peak memory", megabytes(ours), other if theirs else "",
                          megabytes(theirs) if theirs else "", ratio, "", "", f"< {budget} MB" if budget else "",
                          mark(ours / 1024, budget)))

    def runs(self, title, runs):
        """Says how the figures of a part came about."""
        median, most = runs.foreign()
        self.note(f"{title}: medians of {len(runs.ours)} pairs; other programs took {median:.0%} of a processor "
                  f"meanwhile, {most:.0%} at most; disturbed pairs measured again: {runs.repeated}")

    def note(self, text):
        """A line below the table."""
        self.notes.append(text)

    def print(self):
        rows = [HEAD, *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
        for row in rows:
            # Names to the left, figures to the right.
            cells = (c.ljust(w) if i in (0, 2) else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths)))
            print("  ".join(cells).rstrip())
        print()
        for note in self.notes:
            print(note)

    def record(self, path, program):
        """Writes the page. It names neither hosts nor paths."""
        head = [h or " " for h in HEAD]
        lines = [
            "# Benchmarks",
            "",
            "Written by `tests/bench/run --record`. Ratios were measured in pairs of runs, one right after the other on "
            "one machine that also ran the domain controller; each is the median of its pairs, with the lowest and the "
            "highest beside it. Seconds are medians and say nothing about other machines.",
            "",
            f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}; {machine()}; {versions(program)}.",
            "",
            f"| {' | '.join(head)} |",
            f"|---|---:|---|{'---:|' * 6}",
            *(f"| {' | '.join(cell or ' ' for cell in row)} |" for row in self.rows),
            "",
            *(f"- {note}" for note in self.notes),
            "",
        ]
        path.write_text("\n".join(lines).replace("<=", "≤"))


def mark(value, budget):
    if budget is None:
        return ""
    return "pass" if value <= budget else "over"


def megabytes(kilobytes):
    return f"{kilobytes / 1024:.1f} MB"


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    name = model.group(1).strip() if model else platform.machine()
    return f"{name}, {os.cpu_count()} processors, {memory:.0f} GiB of memory, Linux {platform.release().split('-')[0]}"


def versions(program):
    def first(command, pattern):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(pattern, done.stdout + done.stderr)
        return found.group(1) if found else "unknown"

    return (f"adrecover {first([program, '--version'], r'([0-9]+[.][0-9.]+)')}, "
            f"Samba {first(['samba', '--version'], r'Version ([0-9.]+)')}, "
            f"OpenLDAP {first(['ldapsearch', '-VV'], r'ldapsearch ([0-9.]+)')}")
