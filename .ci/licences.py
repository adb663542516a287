"""Refuses a dependency whose licence is not on the list, and a second version of a crate that keys and money rest on."""
import json
import subprocess
import sys

ALLOWED = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "CC0-1.0",
           "Unicode-3.0", "Unlicense", "0BSD", "BSL-1.0", "MIT-0", "MPL-2.0", "CDLA-Permissive-2.0"}
SINGLE = {"ark-ff", "ark-ec", "ark-serialize", "ark-groth16", "curve25519-dalek", "merlin", "sled", "tokio", "axum", "blake3"}

metadata = json.loads(subprocess.run(["cargo", "metadata", "--format-version", "1", "--locked"], check=True, capture_output=True).stdout)
faults, versions = [], {}
for package in metadata["packages"]:
    versions.setdefault(package["name"], set()).add(package["version"])
    if package["source"] is None:
        continue
    text = (package["license"] or "").replace("/", " OR ")
    clauses = [c.strip(" ()") for c in text.split(" OR ")]
    fine = any(all(part.strip(" ()") in ALLOWED for part in clause.split(" AND ")) for clause in clauses)
    if not fine:
        faults.append(f"{package['name']} {package['version']}: licence {text!r} is not on the list")
for name in sorted(SINGLE & versions.keys()):
    if len(versions[name]) > 1:
        faults.append(f"{name} is here in several versions: {sorted(versions[name])}")
print("\n".join(faults) or f"{len(metadata['packages'])} crates, all licences on the list")
sys.exit(1 if faults else 0)
