"""Runs a program on a pseudo-terminal: terminal.py ANSWERS PROGRAM ARGUMENT...

ANSWERS is JSON: pairs of what to wait for and what to type then. Prints what the terminal shows; exits as the program.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

LIMIT = 30

answers, program = json.loads(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    # Wide enough that no line is broken; set here, since the program may look before the parent gets to it.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 400, 0, 0))
    os.execv(program[0], program)

shown, seen, end = b"", 0, time.monotonic() + LIMIT


def read():
    """Whether there was something more to read."""
    global shown
    ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
    if not ready:
        sys.exit(f"the program still runs after {LIMIT} s; the terminal shows:\n{shown.decode()}")
    try:
        octets = os.read(terminal, 65536)
    except OSError:
        return False
    shown += octets
    return bool(octets)


for question, answer in answers:
    while (at := shown.find(question.encode(), seen)) < 0:
        if not read():
            sys.exit(f"{question!r} was not asked; the terminal shows:\n{shown.decode()}")
    seen = at + len(question.encode())
    # A person is not so fast that a password is typed before the terminal stops showing what is typed.
    while question.startswith("password") and termios.tcgetattr(terminal)[3] & termios.ECHO:
        if time.monotonic() > end:
            sys.exit("the terminal shows passwords")
        time.sleep(0.01)
    os.write(terminal, answer.encode())
while read():
    pass
_, status = os.waitpid(child, 0)
sys.stdout.write(shown.decode().replace("\r\n", "\n"))
sys.exit(os.waitstatus_to_exitcode(status))
