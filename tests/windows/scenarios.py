"""The scenarios of tests/windows/run: each command is run on Linux and under Wine, on two domain controllers that were the same
at the start, and has to end and say the same. `normal` says what may differ, and why.

    scenarios.py LINUX_PROGRAM WINDOWS_PROGRAM LINUX_LAB_ENV WINE_LAB_ENV WORK
"""

import datetime
import difflib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import cases
import console
import service

# Spaces, and letters of three kinds: as they are in many a home folder.
FOLDER = "Fälle & Pläne Ωß"
NOW = datetime.datetime.now(datetime.timezone.utc)
OPERATION = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
GUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
SID = re.compile(r"\bS-1-5-21(-\d+){3}")
STAND_IN = re.compile(r"\b127\.83\.\d+\.\d+:\d+")
MOMENT = re.compile(r"\b(20\d\d-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|\b)")


class Failed(Exception):
    """What is told to whoever runs this."""


class System:
    """One program on one system, with a domain controller of its own."""

    def __init__(self, name, program, lab_env, work):
        self.name = name
        self.program = program
        self.lab = dict(word.split("=", 1) for word in shlex.split(lab_env.read_text()))
        self.folder = work / name / FOLDER
        self.folder.mkdir(parents=True)
        # What earlier commands said that later ones need.
        self.known = {}

    def file(self, name):
        return self.folder / name

    def environment(self):
        return {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "ADRECOVER_SERVER": self.lab["ADRECOVER_LAB_SERVER"],
            "ADRECOVER_USER": self.lab["LAB_ADMIN"],
            "ADRECOVER_PASSWORD_FILE": self.path(self.lab["LAB_ADMIN_PASSWORD_FILE"]),
            "ADRECOVER_CA": self.path(self.lab["LAB_CA"]),
        }

    def run(self, arguments, more=None, given=b"", codes=None, timeout=180):
        environment = self.environment() | (more or {})
        environment = {name: value for name, value in environment.items() if value is not None}
        code, *streams = ended([*self.command(), *arguments], self.folder, environment, given, timeout)
        out, err = (self.text(stream) for stream in streams)
        if codes is not None and code not in codes:
            raise Failed(f"{self.name}: {arguments} ended with {code}, not {codes}\n{out}{err}")
        # A program that could not be loaded may end without a word.
        if not out and not err:
            raise Failed(f"{self.name}: {arguments} said nothing (ended with {code})")
        return code, out, err

    def text(self, octets):
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Failed(f"{self.name}: not UTF-8: {octets!r}") from error

    def normal(self, text):
        """What is left of an output when what has to differ is taken away."""
        # Ends of lines. The program itself writes line feeds on Windows, too.
        text = text.replace("\r\n", "\n")
        # Addresses of the two domain controllers.
        text = text.replace(self.lab["LAB_ADDRESS"], "ADDRESS")
        # Folders, as they are and in JSON.
        for folder, name in self.folders():
            for written in (json.dumps(folder, ensure_ascii=False)[1:-1], folder):
                text = text.replace(written + self.separator * (2 if "\\\\" in written else 1), f"{name}/")
                text = text.replace(written, name)
        text = re.sub(r"\b(LAB|FOLDER|STATE)/[^\n\"';]*", lambda found: re.sub(r"\\+", "/", found.group()), text)
        # What Windows and Linux say about the same failure of the system; connections that are refused have numbers of their own.
        text = re.sub(r"[^:\n\"]* \(os error \d+\)", " OS ERROR", text)
        # Operations, what is the time, and how long ago that was.
        text = OPERATION.sub("OPERATION", text)
        text = MOMENT.sub(lambda found: "NOW" if is_new(found) else found.group(), text)
        text = re.sub(r"\b\d+ (ms|s)\b", "SECONDS", text)
        # Columns are as wide as what is in them.
        return re.sub(r"  +", "  ", text)


class Linux(System):
    separator = "/"

    def command(self):
        return [self.program]

    def path(self, path):
        return str(path)

    def state(self):
        return self.folder / "state" / "adrecover"

    def environment(self):
        state = str(self.folder / "state")
        return super().environment() | {"HOME": state, "XDG_STATE_HOME": state, "XDG_CONFIG_HOME": state}

    def folders(self):
        return [(str(self.state()), "STATE"), (str(self.folder), "FOLDER"), (self.lab["LAB_STATE"], "LAB")]


class Wine(System):
    separator = "\\"

    def command(self):
        return [os.environ["WINELOADER"], self.program]

    def path(self, path):
        return "Z:" + str(path).replace("/", "\\")

    def prefix(self):
        return pathlib.Path(os.environ["WINEPREFIX"])

    def state(self):
        found = list(self.prefix().glob("drive_c/users/*/AppData/Local/adrecover"))
        if len(found) != 1:
            raise Failed(f"%LOCALAPPDATA%\\adrecover: {found}")
        return found[0]

    def environment(self):
        wine = {name: os.environ[name] for name in ("WINEPREFIX", "WINEARCH", "WINEDEBUG", "WINEDLLOVERRIDES")}
        return super().environment() | wine | {"HOME": os.environ["HOME"]}

    def folders(self):
        user = self.prefix().glob("drive_c/users/*/AppData/Local")
        states = [(f"C:\\users\\{found.parts[-3]}\\AppData\\Local\\adrecover", "STATE") for found in user]
        return [*states, (self.path(self.folder), "FOLDER"), (self.path(self.lab["LAB_STATE"]), "LAB")]

    def normal(self, text):
        # The program's own name in lines about usage.
        return super().normal(text.replace("adrecover.exe", "adrecover"))

    def begin(self):
        """Starts Wine's services. They run as long as a program does."""
        self.keeper = subprocess.Popen([os.environ["WINELOADER"], "cmd"], env=self.environment(), stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        """Ends what runs in this prefix, and nothing else."""
        self.keeper.stdin.close()
        self.keeper.wait(timeout=60)
        server = pathlib.Path(os.environ["WINELOADER"]).with_name("wineserver")
        subprocess.run([server, "-k"], env=self.environment(), check=False, timeout=60)
        subprocess.run([server, "-w"], env=self.environment(), check=False, timeout=60)

    def restart(self):
        """As a computer that is restarted."""
        self.end()
        self.begin()

    def windows(self, *command, codes=(0,), timeout=120):
        """Runs a program of Windows."""
        code, out, err = ended([os.environ["WINELOADER"], *command], self.folder, self.environment(), b"", timeout)
        said = (out + err).decode("utf-8", errors="replace").replace("\r\n", "\n")
        if code not in codes:
            raise Failed(f"{command} ended with {code}:\n{said}")
        return said


def ended(command, folder, environment, given, timeout):
    """Runs a program to its end: exit code, standard output, standard error. They go to files: what Wine starts in the background
    keeps a pipe open."""
    with tempfile.TemporaryFile() as into, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        into.write(given)
        into.seek(0)
        result = subprocess.run(command, cwd=folder, env=environment, stdin=into, stdout=out, stderr=err, timeout=timeout, check=False)
        streams = []
        for file in (out, err):
            file.seek(0)
            streams.append(file.read())
        return result.returncode, *streams


def without_chance(text):
    """Without what the stand-in of `demo` makes by chance, which wraps its commands on Linux only."""
    for made, name in ((GUID, "GUID"), (SID, "SID"), (MOMENT, "MOMENT"), (STAND_IN, "STAND-IN")):
        text = made.sub(name, text)
    return re.sub(r" *\\\n *", " ", text)


def is_new(found):
    """Whether a moment lies in this run: with or without seconds."""
    day, minute = found.group(1), found.group(2)
    return f"{day} {minute}" >= NOW.strftime("%Y-%m-%d %H:%M")


def differences(case, linux, wine):
    """How the two differ, as lines."""
    lines = []
    for what, left, right in zip(("exit code", "stdout", "stderr"), linux, wine):
        if left != right:
            lines.append(f"{case}: {what} differs")
            diff = difflib.unified_diff(str(left).split("\n"), str(right).split("\n"), "Linux", "Wine", lineterm="", n=0)
            lines.extend(f"    {line}" for line in diff)
    return lines


def main():
    linux_program, windows_program, linux_lab, wine_lab, work = (pathlib.Path(word).resolve() for word in sys.argv[1:])
    systems = (Linux("linux", linux_program, linux_lab, work), Wine("wine", windows_program, wine_lab, work))
    systems[1].begin()
    try:
        wrong, count = compared(systems)
        tried = []
        # The service comes last: it runs the program from another place.
        for part in (console, service):
            try:
                tried += part.tried(systems[1], Failed)
            except (Failed, OSError, subprocess.TimeoutExpired) as error:
                wrong.append(f"{part.__name__}: {type(error).__name__} {error}")
    finally:
        systems[1].end()
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{count} commands end and say the same on Linux and under Wine; under Wine alone: {', '.join(tried)}")


def compared(systems):
    wrong, count = [], 0
    for case in cases.cases():
        results = []
        for system in systems:
            try:
                results.append(played(case, system))
            except (Failed, subprocess.TimeoutExpired, KeyError, OSError, ValueError) as error:
                wrong.append(f"{case.name}: {system.name}: {type(error).__name__} {error}")
        if len(results) == 2:
            found = differences(case.name, *results)
            if case.why_different and not found:
                wrong.append(f"{case.name}: does not differ, and is said to: {case.why_different}")
            wrong.extend([] if case.why_different else found)
        count += len(case.arguments) > 0
    return wrong, count


def played(case, system):
    """Runs the case; what it came to, without what has to differ."""
    case.before(system)
    if not case.arguments:
        return (0, "", "")
    arguments = [word(system) if callable(word) else word for word in case.arguments]
    more = {name: value(system) if callable(value) else value for name, value in case.environment.items()}
    given = case.given(system) if callable(case.given) else case.given
    code, out, err = system.run(arguments, more, given)
    if code != case.code:
        raise Failed(f"ended with {code}, not {case.code}\n{out}{err}")
    case.after(system, out)
    written = "".join(f"\n{name}:\n{system.file(name).read_text(encoding='utf-8')}" for name in case.written)
    for text in case.says:
        if text not in out + err + written:
            raise Failed(f"does not say {text!r}\n{out}{err}{written}")
    out, err = system.normal(out + ("" if case.why_by_chance else written)), system.normal(err)
    return (code, without_chance(out), without_chance(err)) if case.why_by_chance else (code, out, err)


if __name__ == "__main__":
    try:
        main()
    except (Failed, subprocess.TimeoutExpired) as error:
        sys.exit(f"{type(error).__name__}: {error}")
