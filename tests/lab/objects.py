"""Every object of an unpacked backup, as Samba's own libraries read it: objects.py SAM_LDB SMB_CONF.

A line of JSON for each: `stored` are the values as they lie in the database, `directory` those that a search gives.
"""

import base64
import glob
import json
import os
import sys

import ldb
import samba.param
from samba.auth import system_session
from samba.samdb import SamDB

# Tombstones and recycled objects; DNs with GUID and SID, as text; links that were removed are left out.
CONTROLS = ["show_deleted:1", "show_recycled:1", "extended_dn:1:1"]


def tell(kind, message):
    attributes = {name: [base64.b64encode(bytes(value)).decode() for value in message[name]]
                  for name in message.keys() if name not in ("dn", "distinguishedName")}
    json.dump({"kind": kind, "dn": str(message.dn), "attributes": attributes}, sys.stdout)
    print()


def main():
    sam, conf = sys.argv[1:]
    for path in glob.glob(sam + ".d/*.ldb"):
        # Without modules: what comes is what is there.
        database = ldb.Ldb(path, flags=ldb.FLG_RDONLY | ldb.FLG_DONT_CREATE_DB, options=["modules:"])
        for message in database.search(expression="(distinguishedName=*)"):
            tell("stored", message)
    lp = samba.param.LoadParm()
    lp.load(conf)
    lp.set("private dir", os.path.dirname(sam))
    directory = SamDB(url=sam, session_info=system_session(), lp=lp)
    contexts = directory.search(base="", scope=ldb.SCOPE_BASE, attrs=["namingContexts"])[0]["namingContexts"]
    for context in contexts:
        found = directory.search(base=str(context), scope=ldb.SCOPE_SUBTREE, expression="(objectClass=*)",
                                 attrs=["*", "nTSecurityDescriptor", "replPropertyMetaData"], controls=CONTROLS)
        for message in found:
            tell("directory", message)


if __name__ == "__main__":
    main()
