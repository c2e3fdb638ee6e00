#!/usr/bin/env python3
"""The texts of the licences of everything that a program is made of.

    tests/supply/licences.py [--target TRIPLE] > THIRD-PARTY.txt

Takes the crates that the program is linked with (no build scripts, no procedural macros, no tests), each with its version, its licence as
SPDX tells it, and the texts that lie in its package. A text that several have stands once.
"""

import argparse
import json
import pathlib
import subprocess
import sys

NAMES = ("license", "licence", "copying", "copyright", "notice", "unlicense")


def linked(metadata):
    """The packages that are reached from the program by normal dependencies."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    start = next(id for id, package in packages.items() if package["name"] == "adrecover")
    seen, left = {start}, [start]
    while left:
        for dependency in nodes[left.pop()]["deps"]:
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            is_macro = any("proc-macro" in target["kind"] for target in packages[dependency["pkg"]]["targets"])
            if is_normal and not is_macro and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                left.append(dependency["pkg"])
    return sorted((packages[id] for id in seen), key=lambda package: (package["name"], package["version"]))


def texts(package):
    """The files of a package's folder that are about its licence."""
    folder = pathlib.Path(package["manifest_path"]).parent
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name.lower().startswith(NAMES)]
    return [path.read_text("utf-8", "replace").strip() for path in files if path.stat().st_size < 1 << 20]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="x86_64-unknown-linux-gnu")
    options = parser.parse_args()
    metadata = json.loads(subprocess.check_output(
        ["cargo", "metadata", "--format-version", "1", "--locked", "--features", "adrecover/kerberos", "--filter-platform", options.target]))
    others = [package for package in linked(metadata) if package["source"]]
    users, bare = {}, []
    for package in others:
        name = f"{package['name']} {package['version']}"
        found = texts(package)
        if not package.get("license") and not found:
            sys.exit(f"{name} has no licence")
        if not found:
            bare.append(f"{name} ({package['license']})")
        for text in found:
            users.setdefault(text, []).append(name)
    print(f"adrecover is linked with {len(others)} packages of others:\n")
    for package in others:
        authors = ", ".join(author.split(" <")[0] for author in package["authors"])
        print(f"  {package['name']} {package['version']}: {package['license']}{'; ' + authors if authors else ''}")
    print("\nOf these the package has no text of its licence, which is the usual one: " + ", ".join(bare) + "." if bare else "")
    for text, names in users.items():
        print(f"\n{'=' * 100}\n{', '.join(names)}\n{'=' * 100}\n\n{text}")


if __name__ == "__main__":
    main()
