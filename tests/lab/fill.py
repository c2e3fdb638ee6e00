"""Creates COUNT users in several OUs and deletes them: fill.py FOLDER COUNT."""

import sys
import time

import ldb

from labdb import open_domain

OUS = ("North", "South", "East", "West", "Centre")
# The index of the Deleted Objects container is written once a transaction.
BATCH = 10000


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
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
            "displayName": f"User {number:05d}",
            "userAccountControl": "512",
        })

    def delete(number):
        domain.delete(ldb.Dn(domain, user_dn(number)))

    for word, action in (("created", add), ("deleted", delete)):
        began = time.monotonic()
        for first in range(1, count + 1, BATCH):
            last = min(first + BATCH - 1, count)
            domain.transaction_start()
            for number in range(first, last + 1):
                action(number)
            domain.transaction_commit()
            print(f"lab: {word} {last} of {count} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
