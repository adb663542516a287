"""Checks what a demonstration on diabetes130 delivered, against the raw file, sharing no code with the program.

usage: check_delivery.py RAW.csv.gz DEMO_FOLDER

From the raw file, the schema's text, the delivered tables and the hospitals' own registers it re-derives, for the request
"diag_1 in 250.* and age >= 40": that the rows are exactly the matching rows of the scanned chunks less the suppressed; that
every raw value lies in its row's box and every released value is the raw one; and that classes hold k patients, l and alpha.
"""
import csv
import glob
import gzip
import json
import os
import sys
import tomllib
from collections import Counter, defaultdict

K, L, ALPHA = 5, 2, 800
QUASI = {"race": "race", "gender": "gender", "age": "age", "admission_type": "admission_type_id",
         "discharge": "discharge_disposition_id", "time_in_hospital": "time_in_hospital", "medical_specialty": "medical_specialty"}
PLAIN = {"diag_1": "diag_1", "hba1c": "A1Cresult", "num_medications": "num_medications", "readmitted": "readmitted"}
MISSING = {"?", ""}


def leaves(outline):
    """Names of an outline that have nothing below them, in order: the categories, numbered from 1."""
    lines = [l for l in outline.splitlines() if l.strip()]
    depth = [len(l) - len(l.lstrip()) for l in lines] + [0]
    return [l.strip().split(": ")[0] for l, d, n in zip(lines, depth, depth[1:]) if n <= d]


def coders(schema_path):
    spec = tomllib.load(open(schema_path, "rb"))
    by_column = {c["name"]: c for c in spec["schema"]["columns"]}
    out = {}
    for name in QUASI:
        kind = by_column[name]["kind"]
        missing = MISSING | set(spec["columns"].get(name, {}).get("missing", []))
        if "number" in kind:
            low, step = kind["number"]["min"], kind["number"].get("step", 1)
            out[name] = lambda v, low=low, step=step: (int(v.strip("[)").split("-")[0]) - low) // step + 1
        else:
            order = {leaf: i + 1 for i, leaf in enumerate(leaves(kind["category"]["codes"]["outline"]))}
            out[name] = lambda v, order=order, missing=missing: 0 if v in missing else order[v]
    return out


def first_encounters(raw):
    patients = {}
    with gzip.open(raw, "rt", newline="") as file:
        for row in csv.DictReader(file):
            known = patients.get(row["patient_nbr"])
            if known is None or int(row["encounter_id"]) < int(known["encounter_id"]):
                patients[row["patient_nbr"]] = row
    return patients


def matches(row):
    diagnosis, age = row["diag_1"], int(row["age"][1:].split("-")[0])
    return (diagnosis == "250" or diagnosis.startswith("250.")) and age >= 40


def check(raw, folder):
    patients = first_encounters(raw)
    code = coders(os.path.join(os.path.dirname(__file__), "..", "..", "prover", "schemas", "diabetes130.toml"))
    tables = {}
    for path in glob.glob(os.path.join(folder, "researcher", "*.csv")):
        with open(path, newline="") as file:
            tables[path] = list(csv.DictReader(file))
    registers = [json.load(open(p)) for p in sorted(glob.glob(os.path.join(folder, "hospital-*", "register.json")))]
    assert registers and len(tables) == len(registers), f"{len(tables)} tables of {len(registers)} hospitals"
    seen, total = set(), 0
    for register in registers:
        ids = [p for p, _ in register["patients"]]
        assert len(ids) == len(set(ids)) and not seen & set(ids), "a patient stands twice"
        seen |= set(ids)
        run = {(register["start"] + i) % register["chunks"] for i in range(register["sample"])}
        expected = {p for p, chunk in register["patients"] if chunk in run and matches(patients[p])}
        released, suppressed = register["released"], register["suppressed"]
        assert len(set(released)) == len(released) and not set(released) & set(suppressed)
        assert set(released) | set(suppressed) == expected, "the rows are not the matching rows of the scanned chunks"
        # The table of this hospital: the one whose rows fit, in order.
        fitting = [path for path, rows in tables.items() if fits(rows, released, patients, code)]
        assert len(fitting) == 1, f"{len(fitting)} tables fit hospital with {len(released)} rows"
        check_classes(tables[fitting[0]], released, patients)
        total += len(released)
    assert seen == set(patients), "some patients stand in no hospital"
    print(f"{len(registers)} hospitals, {len(patients)} patients, {total} rows delivered: all as asked")


def fits(rows, released, patients, code):
    if len(rows) != len(released):
        return False
    for row, patient in zip(rows, released):
        raw = patients[patient]
        for name, column in QUASI.items():
            if not int(row[name + "_lo"]) <= code[name](raw[column]) <= int(row[name + "_hi"]):
                return False
        for name, column in PLAIN.items():
            if row[name].lstrip("'") != ("" if raw[column] in MISSING else raw[column]):
                return False
    return True


def check_classes(rows, released, patients):
    classes = defaultdict(list)
    for row, patient in zip(rows, released):
        classes[tuple((row[q + "_lo"], row[q + "_hi"]) for q in QUASI)].append(patient)
    for box, members in classes.items():
        values = Counter(patients[p]["diag_1"] for p in members)
        assert len(set(members)) >= K, f"a class of {len(set(members))} patients: {box}"
        assert len(values) >= L, f"a class of {len(values)} diagnoses: {box}"
        assert 1000 * max(values.values()) <= ALPHA * len(members), f"one diagnosis rules a class: {box}"


if __name__ == "__main__":
    check(sys.argv[1], sys.argv[2])
