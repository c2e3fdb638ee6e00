"""Runs a program and tells what it cost: time, processor, memory, and the same of the domain controller."""

import dataclasses
import os
import pathlib
import statistics
import time

TICK = os.sysconf("SC_CLK_TCK")
# A run is disturbed when other programs took more of a processor than this.
DISTURBED = 0.2


class Failed(Exception):
    """A program that is measured did not succeed."""


@dataclasses.dataclass
class Cost:
    """What one run cost, in seconds and kilobytes."""

    wall: float
    cpu: float
    memory: int
    server_cpu: float
    foreign_cpu: float

    def foreign(self):
        """How busy the processors were with other things, as a share of one."""
        return self.foreign_cpu / self.wall


def run(command, env, out, folder, server, codes=(0,)):
    """Runs a command with standard output to the file `out`. `server` is the process group of the domain controller. It
    must end with one of the codes."""
    peak, errors = folder / "peak", folder / "errors"
    name = pathlib.Path(command[0]).name
    # GNU time is small, so that its own memory, which Linux counts as the child's before the exec, does not matter.
    command = ["/usr/bin/time", "-q", "-f", "%M", "-o", str(peak), *map(str, command)]
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(out), write, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, str(errors), write, 0o600),
    ]
    server_before, machine_before = server_seconds(server), busy_seconds()
    began = time.monotonic()
    child = os.posix_spawn(command[0], command, env, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - began
    server_cpu = server_seconds(server) - server_before
    cpu = usage.ru_utime + usage.ru_stime
    foreign = busy_seconds() - machine_before - server_cpu - cpu
    code = os.waitstatus_to_exitcode(status)
    if code not in codes:
        raise Failed(f"{name} ended with {code}: {errors.read_text(errors='replace').strip()[-800:]}")
    return Cost(wall, cpu, int(peak.read_text().split()[-1]), server_cpu, max(foreign, 0.0))


def server_seconds(group):
    """The processor time of all processes of a group, in seconds; of those that ended, only what was waited for."""
    total = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            total += sum(int(n) for n in fields[11:15])
    return total / TICK


def busy_seconds():
    """The processor time of the whole machine, in seconds."""
    numbers = [int(n) for n in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq = numbers[:7]
    return (user + nice + system + irq + softirq) / TICK


def wait_for_calm(seconds, share=0.15):
    """Waits until the machine does nothing else, but no longer than `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        before = busy_seconds()
        time.sleep(0.5)
        if (busy_seconds() - before) / 0.5 < share:
            return


@dataclasses.dataclass
class Pairs:
    """Paired runs of two programs, one right after the other, each the first one in turn."""

    ours: list
    theirs: list
    repeated: int = 0

    def ratio(self, what):
        """The median of the ratios of the pairs."""
        ratios = [getattr(a, what) / getattr(b, what) for a, b in zip(self.ours, self.theirs) if getattr(b, what) > 0]
        return statistics.median(ratios)

    def spread(self, what):
        """The smallest and the largest ratio."""
        ratios = [getattr(a, what) / getattr(b, what) for a, b in zip(self.ours, self.theirs) if getattr(b, what) > 0]
        return min(ratios), max(ratios)

    def median(self, what):
        """The medians of both."""
        return tuple(statistics.median(getattr(c, what) for c in side) for side in (self.ours, self.theirs))

    def peaks(self):
        """The most memory that any of our runs took, and any of theirs, in kilobytes."""
        return max(c.memory for c in self.ours), max(c.memory for c in self.theirs)

    def foreign(self):
        """How busy the processors were with other things, as a share of one, at the median and at most."""
        shares = [c.foreign() for c in self.ours + self.theirs]
        return statistics.median(shares), max(shares)


def pairs(count, ours, theirs, patience):
    """Measures `count` pairs. `ours` and `theirs` are called without arguments and give a Cost. Waits `patience` seconds
    for the machine to be idle before each, and where that is not 0, measures up to `count` disturbed pairs again."""
    result = Pairs([], [])
    while len(result.ours) < count:
        wait_for_calm(patience)
        ours_first = len(result.ours) % 2 == 0
        costs = [action() for action in ((ours, theirs) if ours_first else (theirs, ours))]
        if patience and result.repeated < count and max(c.foreign() for c in costs) > DISTURBED:
            result.repeated += 1
            continue
        our_cost, their_cost = costs if ours_first else costs[::-1]
        result.ours.append(our_cost)
        result.theirs.append(their_cost)
    return result
