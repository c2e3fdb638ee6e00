"""Creates COUNT users in several OUs, and deletes them or makes them members of one group:
fill.py FOLDER deleted|live COUNT."""

import sys
import time

import ldb

from labdb import open_domain

OUS = ("North", "South", "East", "West", "Centre")
# The index of the Deleted Objects container is written once a transaction.
BATCH = 10000


def main():
    folder, state, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    domain = open_domain(folder, nosync=True, bulk=True)
    root = f"OU=Bulk,OU=OnPremises,{domain.domain_dn()}"
    domain.add({"dn": root, "objectClass": "organizationalUnit"})
    for name in OUS:
        domain.add({"dn": f"OU={name},{root}", "objectClass": "organizationalUnit"})

    def user_dn(number):
        return f"CN=User{number:05d},OU={OUS[number % len(OUS)]},{root}"

    def add(number):
        name = f"User{number:05d}"
        domain.add({
            "dn": user_dn(number),
            "objectClass": "user",
            "sAMAccountName": name,
            "userPrincipalName": f"{name}@contoso.test".lower(),
            "mail": f"{name}@contoso.test".lower(),
            **({"proxyAddresses": [f"SMTP:{name}@contoso.test".lower(), f"smtp:{name}.old@contoso.test".lower()]}
               if state == "live" else {}),
            "displayName": f"User {number:05d}",
            "userAccountControl": "512",
        })

    def delete(number):
        domain.delete(ldb.Dn(domain, user_dn(number)))

    phases = [("created", add)] + ([("deleted", delete)] if state == "deleted" else [])
    for word, action in phases:
        began = time.monotonic()
        for first in range(1, count + 1, BATCH):
            last = min(first + BATCH - 1, count)
            domain.transaction_start()
            for number in range(first, last + 1):
                action(number)
            domain.transaction_commit()
            print(f"lab: {word} {last} of {count} ({time.monotonic() - began:.0f} s)", flush=True)
    if state == "live":
        domain.add({"dn": f"CN=Crowd,{root}", "objectClass": "group", "sAMAccountName": "Crowd",
                    "member": [user_dn(number) for number in range(1, count + 1)]})
        print(f"lab: all are members of one group ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
