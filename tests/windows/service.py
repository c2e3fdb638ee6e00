"""The agent as a service, as far as Wine has one: its service control manager knows no delayed start and no identity of a service,
and its icacls does nothing."""

import time

NAME = "adrecover-agent"


def tried(wine, failed):
    """Does it; what was tried."""
    program = wine.prefix() / "drive_c/Program Files/adrecover/adrecover.exe"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_bytes(wine.program.read_bytes())
    wine.program = "C:\\Program Files\\adrecover\\adrecover.exe"
    install = ["agent", "install", "--interval", "1s", "--listen", "none"]

    _, out, _ = wine.run([*install, "--dry-run"], codes=(0,))
    expect(failed, out, "New-Service", "agent run --service", "icacls.exe")
    wine.run(install, codes=(9,))
    if is_there(wine):
        raise failed("a service was registered before anybody said yes")
    wine.run(["agent", "run", "--service"], codes=(2,))
    # What Wine refuses is said; the service is there all the same.
    _, _, err = wine.run([*install, "--yes"], codes=(0, 3))
    expect(failed, err, "adrecover-agent is registered")
    line = wine.windows("reg", "query", f"HKLM\\System\\CurrentControlSet\\Services\\{NAME}")
    expect(failed, line, '"C:\\Program Files\\adrecover\\adrecover.exe" agent run --service', f"NT SERVICE\\{NAME}")
    _, _, err = wine.run([*install, "--yes", "--keep-days", "30"], codes=(0, 3))
    expect(failed, err, "is registered")

    # With the computer: Wine starts no service in the session that it was registered in.
    wine.restart()
    log = awaited(failed, "the log", lambda: next(wine.prefix().glob("drive_c/*/**/agent.log"), None))
    awaited(failed, "the first pass", lambda: log.read_text().count("read all of") >= 5 or None)
    awaited(failed, "RUNNING", lambda: "RUNNING" in wine.windows("sc", "query", NAME) or None)
    journal = f"--journal=C:\\{str(log.parent.relative_to(wine.prefix() / 'drive_c')).replace('/', chr(92))}"
    wine.run(["agent", "status", journal], codes=(0,))
    wine.windows("net", "stop", NAME)
    awaited(failed, "STOPPED", lambda: "STOPPED" in wine.windows("sc", "query", NAME) or None)
    text = log.read_bytes().decode("utf-8")
    if not text.endswith("ends (0)\r\n"):
        raise failed(f"the log does not end with the end of the agent:\n{text}")
    _, out, _ = wine.run(["agent", "status", journal], codes=(3,))
    expect(failed, out, "does not run")

    # The next start goes on from there.
    wine.windows("net", "start", NAME)
    awaited(failed, "the second start", lambda: log.read_text().count("starts as a service") >= 2 or None)
    awaited(failed, "the second connection", lambda: log.read_text().count("connected to") >= 2 or None)
    wine.windows("net", "stop", NAME)
    if log.read_text().count("for the first time") != 5:
        raise failed("the second start read everything again")

    # A service of that name by somebody else is left alone.
    wine.windows("sc", "delete", NAME)
    awaited(failed, "the end of the service", lambda: None if is_there(wine) else True)
    wine.windows("sc", "create", NAME, "binPath=", "C:\\other.exe")
    wine.run([*install, "--yes"], codes=(2,))
    wine.windows("sc", "delete", NAME)
    return ["a service that is shown, registered, changed, started, stopped, started again", "another's that is left alone"]


def is_there(wine):
    """Whether there is a service of that name; Wine's `sc query` says nothing if not."""
    return "STATE" in wine.windows("sc", "query", NAME, codes=(0, 1))


def expect(failed, text, *parts):
    for part in parts:
        if part not in text:
            raise failed(f"{part!r} is missing in\n{text}")


def awaited(failed, what, ask):
    """Waits until there is an answer."""
    for _ in range(120):
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(0.5)
    raise failed(f"waited for {what} in vain")
