"""Opens the domain database of a lab folder as SYSTEM, with all of Samba's directory modules."""

import os

from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB


# Without these every single change costs time in proportion to the number of objects.
# The price: one failing change ends the whole transaction.
BULK = ["batch_mode:1", "transaction_index_cache_size:200000"]


def open_domain(folder, nosync=False, bulk=False):
    lp = LoadParm()
    lp.load(os.path.join(folder, "smb.conf"))
    if nosync:
        # A template that is not finished is thrown away, so nothing depends on the disk yet.
        lp.set("ldb:nosync", "true")
    return SamDB(
        url=os.path.join(folder, "private", "sam.ldb"),
        session_info=system_session(),
        lp=lp,
        options=BULK if bulk else None,
    )
