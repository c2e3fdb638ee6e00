#!/usr/bin/env python3
"""Every value of ESE databases, as adrecover reads it and as independent readers do.

    tests/oracle/ese.py --program PROGRAM [--show N] FILE…

PROGRAM is the example `ese` (`cargo build --release -p adrecover-offline --features testing --example ese`). FILE is a database, or one
compressed with gzip. dissect.database must be importable (`pip install dissect.database`); where `esedbexport` of libesedb-utils is
there, it is asked as well. The table that comes out stands in docs/ntds.md.
"""

import argparse
import gzip
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

from dissect.database.ese import ESE
from dissect.database.ese.c_ese import JET_coltyp


def canonical(column, value):
    """A value as the example writes it."""
    if value is None:
        return "null"
    if column.type == JET_coltyp.Bit:
        return "true" if value else "false"
    if column.type == JET_coltyp.IEEESingle:
        return struct.pack("<f", value).hex()
    if column.type == JET_coltyp.IEEEDouble:
        return struct.pack("<d", value).hex()
    if column.type == JET_coltyp.GUID:
        import uuid
        return uuid.UUID(value).bytes_le.hex()
    if isinstance(value, str):
        return f'"{value.encode("utf-8", "replace").hex()}"'
    if isinstance(value, int):
        return str(int(value))
    return "x" + bytes(value).hex()


def theirs(path):
    """Every value that dissect.database reads: {(table, row, column): text}."""
    found = {}
    with open(path, "rb") as file:
        for table in ESE(file).tables():
            for number, record in enumerate(table.records()):
                for column in table.columns:
                    try:
                        value = record.get(column.name)
                    except Exception as error:  # what it cannot read is told, not hidden
                        found[table.name, number, column.name] = f"!{error}"
                        continue
                    if value is None:
                        continue
                    values = value if isinstance(value, list) else [value]
                    found[table.name, number, column.name] = " ".join(canonical(column, v) for v in values)
    return found


def ours(program, path):
    """The same of adrecover, and what it says besides."""
    text = subprocess.run([program, "dump", path], check=True, capture_output=True, text=True).stdout
    found, told = {}, []
    for line in text.splitlines():
        if line.startswith("# "):
            told.append(line[2:])
            continue
        table, row, column, values = line.split("\t")
        found[table, int(row), column] = values
    return found, told


def exported(path, work):
    """What esedbexport writes: rows by table, or why it does not."""
    if not shutil.which("esedbexport"):
        return None
    target = pathlib.Path(work) / (pathlib.Path(path).name + ".export")
    shutil.rmtree(f"{target}.export", ignore_errors=True)
    run = subprocess.run(["esedbexport", "-m", "tables", "-t", target, path], capture_output=True, text=True)
    folder = pathlib.Path(f"{target}.export")
    if run.returncode or not folder.is_dir():
        said = [line for line in (run.stderr + run.stdout).splitlines() if line.strip()]
        return said[-1] if said else "fails"
    tables = {}
    for file in folder.iterdir():
        lines = file.read_bytes().splitlines()
        tables[file.name.rsplit(".", 1)[0]] = [line.split(b"\t") for line in lines]
    return tables


def text_of(value):
    """Our form as esedbexport writes it, of the types where it writes the value itself."""
    if value.startswith('"'):
        return bytes.fromhex(value[1:-1])
    if value.startswith("x"):
        return value[1:].encode()
    return None if "." in value else value.encode()


def compare_export(mine, tables):
    """How many values of single-valued integer, text and binary columns esedbexport writes the same, and how many not."""
    same, other, where = 0, 0, []
    by_row = {}
    for (table, row, column), values in mine.items():
        by_row.setdefault((table, row), {})[column] = values
    for (table, row), columns in by_row.items():
        lines = tables.get(table)
        if not lines or row + 1 >= len(lines):
            other += len(columns)
            where.append((table, row))
            continue
        names = lines[0]
        for column, values in columns.items():
            if " " in values or column.encode() not in names:
                continue
            cells = lines[row + 1]
            at = names.index(column.encode())
            cell = cells[at].strip() if at < len(cells) else b""
            want = text_of(values)
            if want is not None and want.strip() == cell:
                same += 1
            else:
                other += 1
                where.append((table, row, column))
    return same, other, where


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--show", type=int, default=5, help="so many differences of each file")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    wrong = 0
    print("| file | page | values | equal to dissect.database | differ | esedbexport | what occurs |")
    print("|---|---:|---:|---:|---:|---|---|")
    with tempfile.TemporaryDirectory() as work:
        for given in options.files:
            path = given
            if given.suffix == ".gz":
                path = pathlib.Path(work) / given.stem
                path.write_bytes(gzip.decompress(given.read_bytes()))
            size = struct.unpack_from("<I", path.read_bytes()[:240], 236)[0]
            (mine, told), other = ours(options.program, path), theirs(path)
            differ = [key for key in sorted(mine.keys() | other.keys()) if mine.get(key) != other.get(key)]
            tables = exported(path, work)
            if tables is None:
                export = "not there"
            elif isinstance(tables, str):
                export = f"cannot read it: {tables}"
            else:
                same, not_same, where = compare_export(mine, tables)
                export = f"{same:,} the same, {not_same:,} written in another form"
                for key in where[: options.show]:
                    print("  esedbexport", key, file=sys.stderr)
            occurs = "; ".join(line for line in told if not line.startswith("pages"))
            print(f"| {given.name} | {size} | {len(mine):,} | {len(mine) - sum(k in mine for k in differ):,} | {len(differ):,} | "
                  f"{export} | {occurs} |")
            for key in differ[: options.show]:
                print("  ours  ", key, str(mine.get(key))[:300], file=sys.stderr)
                print("  theirs", key, str(other.get(key))[:300], file=sys.stderr)
            wrong += len(differ)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
