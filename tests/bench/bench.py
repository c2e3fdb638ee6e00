"""The benchmark behind tests/bench/run: measures and prints a table. It is no test: slow is not wrong."""

import argparse
import pathlib
import sys

import agent
import listing
import preflight
import restoring
import scale
from lab import Lab
from measure import Failed
from table import Table


def main():
    parser = argparse.ArgumentParser()
    for name, kind in (("program", pathlib.Path), ("work", pathlib.Path), ("record", pathlib.Path), ("objects", int),
                       ("few", int), ("list-pairs", int), ("restore-pairs", int), ("restored", int), ("bulk", int), ("tree", int), ("crowd", int),
                       ("scale-pairs", int), ("changes", int), ("rounds", int), ("exported", int), ("exports", pathlib.Path), ("root", pathlib.Path), ("only", str)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--trees", nargs="*", default=[])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    options.patience = 0 if options.quick else 60
    table = Table()
    try:
        large = None if options.only in ("scale", "preflight", "agent") else Lab(options.work / "large.env", options.work)
        if options.only in (None, "list"):
            small = Lab(options.work / "small.env", options.work)
            prefork = Lab(options.work / "prefork.env", options.work)
            listing.measure(options, large, small, prefork, table)
        if options.only in (None, "restore"):
            restoring.measure(options, large, table)
        if options.only in (None, "preflight"):
            preflight.measure(options, Lab(options.work / "live.env", options.work), table)
            preflight.exports(options, table)
        if options.only in (None, "agent"):
            agent.measure_agent(options, Lab(options.work / "live.env", options.work), table)
            agent.memory(options, Lab(options.work / "crowd.env", options.work), table)
        if options.only in (None, "scale"):
            big = Lab(options.work / "big.env", options.work)
            little = Lab(options.work / "little.env", options.work)
            trees = [Lab(options.work / f"{name}.env", options.work) for name in options.trees]
            scale.measure(options, big, little, trees, table)
    except Failed as error:
        table.print()
        sys.exit(f"bench: {error}")
    table.print()
    if options.quick:
        print("\nThis was a quick run: it shows that the benchmark works and measures nothing.")
    if options.record:
        table.record(options.record, options.program)


if __name__ == "__main__":
    main()
