"""Tells the domain the address it is served on: address.py FOLDER ADDRESS."""

import sys

import ldb

from labdb import open_domain


def main():
    folder, address = sys.argv[1:]
    domain = open_domain(folder)
    dc = domain.search(base=domain.domain_dn(), expression="(sAMAccountName=DC1$)", attrs=[])[0].dn
    change = ldb.Message(dc)
    # The service that would register the DC's own names at run time is not started.
    names = [f"ldap/{address}", f"HOST/{address}", "ldap/dc1.contoso.test",
             "ldap/dc1.contoso.test/contoso.test"]
    change["spn"] = ldb.MessageElement(names, ldb.FLAG_MOD_ADD, "servicePrincipalName")
    domain.modify(change)


if __name__ == "__main__":
    main()
