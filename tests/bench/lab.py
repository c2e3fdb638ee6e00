"""What the benchmark needs to know of a lab, and the two kinds of programs with their settings for it."""

import pathlib
import shlex
import subprocess

import measure
from measure import Failed

# GUID_DELETED_OBJECTS_CONTAINER_W ([MS-ADTS] 6.1.1.4).
DELETED_OBJECTS = "18E2EA80684F11D2B9AA00C04F79F805"
SHOW_DELETED = "1.2.840.113556.1.4.417"
SHOW_RECYCLED = "1.2.840.113556.1.4.2064"


class Lab:
    """A running lab, from the settings that `up` printed."""

    def __init__(self, env_file, work):
        pairs = (word.split("=", 1) for word in shlex.split(env_file.read_text()))
        self.env = dict(pairs)
        self.work = work
        self.base = self.env["LAB_BASE_DN"]
        self.address = self.env["LAB_ADDRESS"]
        self.state = pathlib.Path(self.env["LAB_STATE"])
        # The lab starts its server in a process group of its own.
        self.group = int((self.state / "pid").read_text().split()[0])
        self.journal = work / f"journal-{self.env['ADRECOVER_LAB_NAME']}"

    def environment(self):
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.work),
            "LC_ALL": "C.UTF-8",
            "LDAPTLS_CACERT": self.env["LAB_CA"],
            "LDAPTLS_REQCERT": "demand",
            "ADRECOVER_STATE_DIR": str(self.journal),
        }

    def adrecover(self, program, *arguments, server=None):
        return [program, "--server", server or f"ldaps://{self.address}", "--user", self.env["LAB_ADMIN"],
                "--password-file", self.env["LAB_ADMIN_PASSWORD_FILE"], "--ca", self.env["LAB_CA"], *arguments]

    def openldap(self, program, *arguments, server=None):
        # OpenLDAP takes localhost in a certificate for this computer's own name.
        trusting = ["/usr/bin/env", "LDAPTLS_REQCERT=never"] if server else []
        return [*trusting, program, "-x", "-H", server or f"ldaps://{self.address}", "-D", self.env["LAB_ADMIN"],
                "-y", self.env["LAB_ADMIN_PASSWORD_FILE"], *arguments]

    def run(self, command, out="/dev/null", more=None, codes=(0,)):
        return measure.run(command, self.environment() | (more or {}), out, self.work, self.group, codes)

    def ticket(self):
        """The variables with which programs find the administrator's Kerberos ticket."""
        cache = self.work / "ticket"
        more = {"KRB5_CONFIG": self.env["LAB_KRB5_CONF"], "KRB5CCNAME": f"FILE:{cache}"}
        if not cache.exists():
            name, realm = self.env["LAB_ADMIN"].split("@")
            password = pathlib.Path(self.env["LAB_ADMIN_PASSWORD_FILE"]).read_bytes()
            subprocess.run(["kinit", f"{name}@{realm.upper()}"], env=self.environment() | more, input=password,
                           stdout=subprocess.DEVNULL, check=True)
        return more

    def search(self, *arguments):
        """The lines that ldapsearch prints, unfolded."""
        command = self.openldap("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-E", "pr=1000/noprompt", *arguments)
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"ldapsearch ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout.splitlines()
