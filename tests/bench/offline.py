#!/usr/bin/env python3
"""The reader of ntds.dit against dissect.database and esedbexport, on synthetic directories.

    tests/bench/offline.py [--quick] [--record] [--program FILE] [--work FOLDER]

Builds the example `ese` of crates/offline (or takes it from --program), writes directories of 2,000 and 50,000 objects and one of 2 GB,
and measures in pairs of runs, one right after the other. dissect.database is installed with pip into a folder of its own; esedbexport
(libesedb-utils) must be there. --record writes docs/benchmarks-offline.md. The exit code tells whether everything ran, not whether it
was fast.
"""

import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv

from measure import Failed, pairs, run
from table import Table

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Every value of every row, as the example reads them.
DECODE = """
import sys
from dissect.database.ese import ESE
values = 0
with open(sys.argv[1], "rb") as file:
    for table in ESE(file).tables():
        for record in table.records():
            for value in record.as_dict().values():
                values += len(value) if isinstance(value, list) else value is not None
print(values)
"""
NULL = pathlib.Path("/dev/null")


class Bench:
    """Programs and files."""

    def __init__(self, options, work):
        self.options, self.work = options, work
        self.program = options.program or self.build()
        self.table = Table()

    def build(self):
        subprocess.run(["cargo", "build", "--release", "--locked", "-p", "adrecover-offline", "--features", "testing",
                        "--example", "ese"], cwd=ROOT, check=True)
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        return target / "release/examples/ese"

    def python(self):
        folder = self.work / "venv"
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin/pip", "-q", "install", "dissect.database"], check=True)
        return folder / "bin/python"

    def make(self, name, *plan):
        file = self.work / name
        subprocess.run([self.program, "make", file, *map(str, plan)], check=True)
        return file

    def cost(self, *command, codes=(0,)):
        return run([*map(str, command)], dict(os.environ), NULL, self.work, 0, codes)

    def output(self, *command):
        return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout

    def decode(self, title, file, python):
        """Every value: with dissect.database both only count them, with esedbexport both write them."""
        count = self.options.pairs
        if python:
            # It takes a minute for each run of the large ones, and is far from the budget.
            few = 1 if file.stat().st_size > 20 << 20 else count
            runs = pairs(few, lambda: self.cost(self.program, "decode", file), lambda: self.cost(python, "-c", DECODE, file), 0)
            self.table.compare(title, "every value", "dissect.database", runs, "wall", 0.05)
            self.table.memory(title, *runs.peaks(), "dissect.database", 50)
            self.table.runs(title, runs)
        target = self.work / "export"

        def export():
            shutil.rmtree(f"{target}.export", ignore_errors=True)
            return self.cost(shutil.which("esedbexport"), "-m", "tables", "-t", target, file)

        try:
            runs = pairs(count, lambda: self.cost(self.program, "dump", file), export, 0)
        except Failed:
            self.table.note(f"{title}: esedbexport cannot read it")
            return
        self.table.compare(title, "every value written", "esedbexport", runs, "wall", 1.0)
        self.table.memory(f"{title}, written", *runs.peaks(), "esedbexport")

    def find(self, title, file, users):
        """One object by its GUID: in a new process each time, and then another one in the same."""
        opened, first, again, pages = [], [], [], 0
        for n in range(self.options.lookups):
            told = self.output(self.program, "find", file, (n * 7919) % users, (n * 104_729 + 1) % users)
            times = [(float(time), int(count)) for time, count in re.findall(r"([\d.]+) ms (\d+) pages", told)]
            opened.append(times[0][0])
            first.append(times[1][0])
            again.append(times[2][0])
            pages = max(pages, times[1][1])
        whole = statistics.median(a + b for a, b in zip(opened, first))
        median = statistics.median(first)
        self.table.note(f"{title}: one object by its GUID in {median:.2f} ms and at most {pages} pages, the next one in "
                        f"{statistics.median(again):.2f} ms; with opening the file and reading its schema {whole:.2f} ms "
                        f"(medians of {self.options.lookups} processes)")
        return median, whole

    def all(self):
        options = self.options
        python = self.python()
        small = [(8192, 2000), (32768, 2000)]
        large = [(8192, options.objects), (32768, options.objects)]
        found = {}
        for size, users in small + large:
            file = self.make(f"{users}-{size}.dit", size, users)
            title = f"{users:,} objects, pages of {size // 1024}K"
            self.decode(title, file, python)
            if users == options.objects:
                found[size] = self.find(title, file, users)
            file.unlink()
        # 2 GB: what a row of 1,500 octets needs in pages of 8K, with the indexes.
        file = self.make("huge.dit", 8192, options.huge, 1200)
        length = file.stat().st_size
        title = f"a file of {length / 2**30:.2f} GB ({options.huge:,} objects)"
        huge = self.find(title, file, options.huge)
        cost = self.cost(self.program, "decode", file)
        self.table.memory(f"{title}: every value", cost.memory, budget=50)
        self.table.note(f"{title}: every value in {cost.wall:.1f} s, {length / 2**20 / cost.wall:.0f} MB a second")
        cost = self.cost(self.program, "objects", file)
        self.table.memory(f"{title}: every object", cost.memory, budget=50)
        self.table.note(f"{title}: every object in {cost.wall:.1f} s")
        lookup, whole = found[8192]
        verdict = "pass" if lookup < 5 and huge[0] <= 2 * max(lookup, 0.05) else "over"
        self.table.note(f"one object by its GUID: {lookup:.2f} ms in {options.objects:,} objects (budget 5 ms), {huge[0]:.2f} ms in the "
                        f"large file, {huge[0] / lookup:.2f} times (budget 2): {verdict}; with opening {whole:.2f} and {huge[1]:.2f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small files and few runs")
    parser.add_argument("--record", action="store_true", help="write docs/benchmarks-offline.md")
    parser.add_argument("--program", type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path)
    options = parser.parse_args()
    options.pairs = 2 if options.quick else 3
    options.lookups = 3 if options.quick else 21
    options.objects = 5000 if options.quick else 50_000
    options.huge = 20_000 if options.quick else 1_000_000
    if options.quick and options.record:
        parser.error("a quick run is not recorded")
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        bench = Bench(options, pathlib.Path(work))
        bench.all()
    bench.table.print()
    if options.record:
        record(bench)
    return 0


def record(bench):
    """The page: the table's own, with what is true here."""
    page = ROOT / "docs/benchmarks-offline.md"
    bench.table.record(page, "true")
    text = page.read_text()
    text = text.replace("`tests/bench/run --record`", "`tests/bench/offline.py --record`")
    text = text.replace(" on one machine that also ran the domain controller", " on one machine")
    text = re.sub(r"; adrecover .*?\.\n", "; dissect.database and esedbexport as of that day.\n", text, count=1)
    page.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
