"""The program on a console: Wine makes one of a terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

CTRL_C = b"\x03"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][0B]?|\x07")
WIDTH = 200


def tried(wine, failed):
    """Does it; what was tried."""
    with open(wine.lab["LAB_ADMIN_PASSWORD_FILE"], encoding="utf-8") as file:
        password = file.read()
    log_on = ("password of Administrator@contoso.test:", password.encode() + b"\r")
    restore = ["restore", "Taylor Twin", "--new-name", "Taylor Größe", "--sam-account-name", "taylor3"]
    question = "[y/N]"

    def expects(code, arguments, answers, *parts):
        ended, said = on_console(wine, arguments, answers)
        if ended != code:
            raise failed(f"on a console {arguments} ended with {ended}, not {code}:\n{said}")
        for part in parts:
            if part not in said:
                raise failed(f"on a console {arguments} does not say {part!r}:\n{said}")
        # Wine shows what it cannot as a question mark.
        if password in said or "\n?" in said.replace("\r", ""):
            raise failed(f"on a console {arguments} shows what it should not:\n{said}")

    expects(0, ["list", "Ä"], [log_on], "ÄÄÄÄ")
    other = "password of Größe@contoso.test:"
    expects(130, ["list", "--user", "Größe@contoso.test"], [(other, CTRL_C)], other)
    expects(130, restore, [log_on, (question, CTRL_C)])
    expects(9, restore, [log_on, (question, b"n\r")], "nothing was changed")
    expects(0, restore, [log_on, (question, b"y\r")], "Taylor Größe")
    agent = ["agent", "run", "--listen", "none", f"--journal={wine.path(wine.file('Konsole'))}"]
    expects(0, agent, [log_on, ("ForestDnsZones,DC=contoso,DC=test: ", CTRL_C)], "stopping")
    return ["a typed password", "a question", "Ctrl-C"]


def on_console(wine, arguments, answers, timeout=120):
    """Runs the program on a console and types each answer once its question is seen; the exit code, and what was seen."""
    environment = wine.environment() | {"TERM": "xterm"}
    del environment["ADRECOVER_PASSWORD_FILE"]
    command = [str(word) for word in [*wine.command(), *arguments]]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(wine.folder)
        os.execve(command[0], command, environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    seen, waiting, end = b"", list(answers), time.monotonic() + timeout
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                octets = os.read(terminal, 65536)
            except OSError:
                break
            if not octets:
                break
            seen += octets
        if waiting and waiting[0][0] in ESCAPES.sub("", seen.decode("utf-8", errors="replace")):
            # It is asked just before it is read.
            time.sleep(0.3)
            os.write(terminal, waiting.pop(0)[1])
    else:
        os.kill(process, 9)
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return code, ESCAPES.sub("", seen.decode("utf-8", errors="replace"))
