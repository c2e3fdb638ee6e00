"""Provisions the lab's Samba domain into a folder: provision.py FOLDER.

Nothing outside FOLDER is read or written: the configuration of an installed Samba stays out of it.
"""

import logging
import os
import secrets
import string
import sys

from samba.auth import system_session
from samba.param import LoadParm
from samba.provision import FILL_FULL, provision

REALM = "CONTOSO.TEST"
DOMAIN = "CONTOSO"
HOST = "dc1"

# Administrator first; the others are created by seed.py.
LOGINS = ("administrator", "joe", "operator1", "reader1", "agent1")


def password():
    """A random password that passes the domain's complexity rule and needs no quoting anywhere."""
    letters = string.ascii_letters + string.digits
    return "Lab-" + "".join(secrets.choice(letters) for _ in range(20)) + "-1x"


def write_password(folder, login):
    path = os.path.join(folder, "secrets", login)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        value = password()
        # No line end: ldapsearch -y takes the whole file as the password.
        file.write(value)
    return value


def main():
    folder = os.path.abspath(sys.argv[1])
    os.mkdir(os.path.join(folder, "secrets"), 0o700)
    admin_password = {login: write_password(folder, login) for login in LOGINS}["administrator"]

    # Only warnings: the log of a good run should be empty.
    logger = logging.getLogger("provision")
    logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.WARNING)

    conf = os.path.join(folder, "smb.conf")
    lp = LoadParm()
    lp.load(conf)
    provision(
        logger,
        system_session(),
        smbconf=conf,
        samdb_fill=FILL_FULL,
        realm=REALM,
        domain=DOMAIN,
        hostname=HOST,
        # Goes into DNS records only; no DNS server runs here.
        hostip="127.0.53.1",
        adminpass=admin_password,
        # The DNS partitions belong to a real domain, each with a Deleted Objects container of its own.
        dns_backend="SAMBA_INTERNAL",
        serverrole="active directory domain controller",
        dom_for_fun_level=4,  # DS_DOMAIN_FUNCTION_2008_R2, the lowest with a Recycle Bin
        base_schema="2012_R2",
        # SYSVOL is never served here, and its ACLs need a file system with extended attributes.
        skip_sysvolacl=True,
        lp=lp,
    )


if __name__ == "__main__":
    main()
