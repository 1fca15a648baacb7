"""Checks an exhibit of a Forewarn evidence log, offline, without Forewarn: `python3 verify.py [FOLDER]`.

Needs Python 3.9 or newer. Signatures are checked when the package `cryptography` is installed; without it each
signature is reported as NOT CHECKED, never as PASS. Hashes, proofs, completeness and the calculation need nothing but
Python.

    --key VKEY      the lender's first key as you got it from elsewhere (name+id+base64)
    --known NOTE    a checkpoint of the same log that you have seen before
    --tsa PEM       root certificates of the timestamp authority (needs the package `rfc3161-client`)

Prints one line an item. Exit code 0: all passed. 1: something failed. 2: nothing failed, but something was not checked.
"""

# ruff: noqa: B905, FURB162, RUF007, UP006, UP035, UP017, PLC0415  (this file runs on Pythons that Forewarn itself does not)

from __future__ import annotations

import argparse
import base64
import datetime as dt
import json
import struct
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

Json = Dict[str, Any]


class Report:
    """Collects the lines and the verdict."""

    def __init__(self) -> None:
        self.lines: List[Tuple[str, str, str]] = []

    def add(self, status: str, item: str, message: str) -> None:
        """Note one outcome."""
        self.lines.append((status, item, message))
        sys.stdout.write(f"{status:<11} {item}: {message}\n")

    def check(self, item: str, problems: List[str], passed: str) -> None:
        """PASS with one line, or FAIL with one line a problem."""
        for problem in problems:
            self.add("FAIL", item, problem)
        if not problems:
            self.add("PASS", item, passed)

    def verdict(self, trust: str) -> int:
        """Print the last line and give the exit code."""
        count = {status: sum(line[0] == status for line in self.lines) for status in ("PASS", "FAIL", "NOT CHECKED")}
        sys.stdout.write(
            f"\n{count['PASS']} passed, {count['FAIL']} failed, {count['NOT CHECKED']} not checked. {trust}\n"
        )
        return 1 if count["FAIL"] else 2 if count["NOT CHECKED"] else 0


# Merkle tree, RFC 9162 section 2.1


def node(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def inclusion_root(index: int, size: int, leaf: bytes, path: List[bytes]) -> bytes | None:
    """Root that an inclusion proof leads to, or None when it does not fit the tree's shape."""
    if not 0 <= index < size or any(len(value) != 32 for value in path):
        return None
    position, last, value = index, size - 1, leaf
    for other in path:
        if last == 0:
            return None
        if position % 2 or position == last:
            value = node(other, value)
            while position and position % 2 == 0:
                position, last = position >> 1, last >> 1
        else:
            value = node(value, other)
        position, last = position >> 1, last >> 1
    return value if last == 0 else None


def consistent(old: int, new: int, roots: Tuple[bytes, bytes], path: List[bytes]) -> bool:
    """Whether the tree of `old` leaves is a beginning of the tree of `new` leaves."""
    if any(len(value) != 32 for value in path) or old > new:
        return False
    if old == new:
        return not path and roots[0] == roots[1]
    if old == 0:
        return not path and roots[0] == sha256(b"").digest()
    hashes = list(path) if old & (old - 1) else [roots[0], *path]
    if not hashes or not path:
        return False
    position, last = old - 1, new - 1
    while position % 2:
        position, last = position >> 1, last >> 1
    first = second = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            first, second = node(other, first), node(other, second)
            while position and position % 2 == 0:
                position, last = position >> 1, last >> 1
        else:
            second = node(second, other)
        position, last = position >> 1, last >> 1
    return last == 0 and (first, second) == roots


# Signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature)


class Key:
    """A public key with the window in which it may sign."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.name, ident, data = text.split("+", 2)
        raw = unbase64(data)
        if len(raw) != 33 or raw[0] != 1 or self.key_id(1, raw[1:]).hex() != ident:
            raise ValueError(f"{text} is not an Ed25519 key")
        self.public = raw[1:]
        self.valid_from = self.valid_until = 0.0

    def key_id(self, kind: int, public: bytes | None = None) -> bytes:
        """Four bytes that name the key in a signature line."""
        return sha256(self.name.encode() + b"\n" + bytes([kind]) + (public or self.public)).digest()[:4]


class Note:
    """A parsed note: text and signature lines (name, key id, bytes)."""

    def __init__(self, data: bytes) -> None:
        whole = data.decode("utf-8")
        cut = whole.rindex("\n\n")
        self.text, self.data = whole[: cut + 1], data
        self.signatures: List[Tuple[str, bytes, bytes]] = []
        for line in whole[cut + 2 :].splitlines():
            dash, name, encoded = line.split(" ")
            raw = unbase64(encoded)
            if dash != "\u2014" or len(raw) < 5:
                raise ValueError("a signature line is malformed")
            self.signatures.append((name, raw[:4], raw[4:]))

    def time(self) -> int | None:
        """The signed time of the first cosignature-sized signature, POSIX seconds; trusted only once verified."""
        return next((struct.unpack(">Q", raw[:8])[0] for _, _, raw in self.signatures if len(raw) == 72), None)


class Checkpoint:
    """Origin, size, root and signed time of a checkpoint note."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.note = name, Note(data)
        self.origin, size, root = self.note.text.split("\n")[:3]
        self.size, self.root, self.time = int(size), unbase64(root), self.note.time()


def ed25519() -> Any:  # noqa: ANN401  a class of an optional package
    """The verifier of `cryptography`, or None when it is not installed."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return None
    return Ed25519PublicKey


def signature_problems(note: Note, keys: List[Key], verifier: Any) -> List[str]:  # noqa: ANN401
    """Everything wrong with the signatures of a note, each kind in its own words.

    The log signs twice, plainly and together with the time; both must be there. Lines by unknown keys are let pass.
    """
    problems: List[str] = []
    good = {1: 0, 4: 0}
    for name, ident, raw in note.signatures:
        for key in keys:
            kind = {key.key_id(1): 1, key.key_id(4): 4}.get(ident) if key.name == name else None
            if kind:
                problem = signature_problem(note, key, raw, kind == 4, verifier)
                problems += [problem] if problem else []
                good[kind] += not problem
    names = ", ".join(f"{name}+{ident.hex()}" for name, ident, _ in note.signatures)
    if not problems and not any(good.values()):
        problems.append(f"unknown key: signed by {names}, which keys.json does not hold")
    elif not problems and not all(good.values()):
        problems.append(f"altered: one of the log's two signatures is gone; there are {names}")
    return problems


def signature_problem(note: Note, key: Key, raw: bytes, timed: bool, verifier: Any) -> str:  # noqa: ANN401, FBT001
    """What is wrong with one signature by a known key, or nothing."""
    moment = note.time()
    if moment is None:
        return "altered: the timestamped signature is gone"
    message = f"cosignature/v1\ntime {moment}\n{note.text}" if timed else note.text
    try:
        verifier.from_public_bytes(key.public).verify(raw[8:] if timed else raw, message.encode())
    except Exception:  # noqa: BLE001  any failure to verify is the same answer
        return f"wrong key or altered text: the signature is not by {key.text}"
    if not key.valid_from <= moment < key.valid_until:
        return f"expired key: {key.text} was not in force at {utc(moment)}"
    return ""


def unbase64(text: str) -> bytes:
    """Base64 in its one canonical form: no other text stands for the same bytes."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64 that is not in canonical form")
    return raw


def utc(moment: float) -> str:
    """POSIX seconds as text."""
    return dt.datetime.fromtimestamp(moment, dt.timezone.utc).isoformat().replace("+00:00", "Z")


def posix(text: str) -> float:
    """RFC 3339 text as POSIX seconds."""
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Verifier:
    """All checks of one exhibit."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder, self.options, self.report = folder, options, Report()
        self.manifest: Json = json.loads(self.read("manifest.json"))
        self.ed25519 = ed25519()
        self.keys: List[Key] = []
        self.checkpoints: List[Checkpoint] = []
        self.leaves: List[Tuple[bytes, Json]] = []

    def read(self, name: str) -> bytes:
        """Bytes of a file of the exhibit."""
        return (self.folder / name).read_bytes()

    def run(self) -> int:
        """Every check in turn; one that stumbles over a malformed file fails and the next goes on."""
        for check in (
            self.check_keys,
            self.check_manifest,
            self.check_files,
            self.check_checkpoints,
            self.check_consistency,
            self.check_entries,
            self.check_proofs,
            self.check_chains,
            self.check_fields,
            self.check_calculation,
            self.check_timestamps,
        ):
            try:
                check()
            except Exception as error:  # noqa: BLE001  a malformed file is a finding, not a crash
                self.report.add("FAIL", check.__name__[6:], f"a file is missing or malformed: {error!r}")
        return self.report.verdict(self.trust())

    def trust(self) -> str:
        """What the verdict still rests on."""
        if not self.keys or self.options.key:
            return ""
        return (
            f"All of this rests on the first key being the lender's: "
            f"compare {self.keys[0].text} with a copy from elsewhere."
        )

    # keys

    def check_keys(self) -> None:
        """Each key follows from the one before, and the first is the one that the reader trusts."""
        data = json.loads(self.read("keys.json"))
        problems: List[str] = []
        for row in data["keys"]:
            note = Note(row["statement"].encode())
            lines = note.text.split("\n")
            key, before = Key(lines[2]), self.keys[-1] if self.keys else None
            key.valid_from, key.valid_until = posix(lines[3][5:]), posix(lines[4][6:])
            if lines[0] != "forewarn key/1" or lines[1] != self.manifest["origin"] or row["key"] != lines[2]:
                problems.append(f"the statement for {row['key']} is of another log or key")
            if lines[5] != (before.text if before else "first"):
                problems.append(f"unknown key: {key.text} does not follow from the key before it")
            problems += self.statement_problems(note, [key] + ([before] if before else []))
            if before:
                before.valid_until = min(before.valid_until, key.valid_from)
            self.keys.append(key)
        if self.options.key and (not self.keys or self.keys[0].text != self.options.key):
            problems.append(f"unknown key: the first key is {self.keys[0].text}, not {self.options.key}")
        self.signed("keys", problems, f"{len(self.keys)} key(s), each vouched for by the one before")

    def statement_problems(self, note: Note, needed: List[Key]) -> List[str]:
        """A key statement needs a good signature by every key in `needed`."""
        if self.ed25519 is None:
            return []
        found: List[str] = []
        for key in needed:
            raw = next((raw for name, ident, raw in note.signatures if (name, ident) == (key.name, key.key_id(1))), b"")
            try:
                self.ed25519.from_public_bytes(key.public).verify(raw, note.text.encode())
            except Exception:  # noqa: BLE001
                found.append(f"wrong key: the statement for {needed[0].text} is not signed by {key.text}")
        return found

    def signed(self, item: str, problems: List[str], passed: str) -> None:
        """Report an item that rests on signatures: without `cryptography` it is never PASS."""
        if problems or self.ed25519 is not None:
            self.report.check(item, problems, passed)
        else:
            self.report.add("NOT CHECKED", item, "signatures need the package `cryptography`: pip install cryptography")

    # manifest and files

    def check_manifest(self) -> None:
        """The manifest is the one that was signed."""
        note = Note(self.read("manifest.note"))
        lines = note.text.split("\n")
        problems = [] if self.ed25519 is None else signature_problems(note, self.keys, self.ed25519)
        if lines[:3] != ["forewarn exhibit/1", self.manifest["origin"], self.manifest["exhibit_id"]]:
            problems.append("the signed note is of another exhibit")
        if lines[3] != f"sha256 {sha256(self.read('manifest.json')).hexdigest()}":
            problems.append("altered: manifest.json is not the file that was signed")
        self.signed("manifest", problems, f"exhibit {self.manifest['exhibit_id']} of {self.manifest['made_at']}")

    def check_files(self) -> None:
        """Every file is as the manifest says, and there is no other."""
        named = self.manifest["files"]
        here = {
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        problems = [f"missing file: {name}" for name in sorted(set(named) - here)]
        problems += [
            f"inserted file: {name}" for name in sorted(here - set(named) - {"manifest.json", "manifest.note"})
        ]
        for name in sorted(set(named) & here):
            if sha256(self.read(name)).hexdigest() != named[name]:
                problems.append(f"altered file: {name}")
        self.report.check("files", problems, f"{len(named)} files as in the manifest")

    # checkpoints

    def check_checkpoints(self) -> None:
        """Signatures and windows, one history, never shorter."""
        paths = sorted((self.folder / "checkpoints").glob("*.note"), key=lambda path: int(path.stem))
        self.checkpoints = [Checkpoint(path.name, path.read_bytes()) for path in paths]
        for item in self.checkpoints:
            problems = [] if self.ed25519 is None else signature_problems(item.note, self.keys, self.ed25519)
            if item.origin != self.manifest["origin"]:
                problems.append(f"the checkpoint is of another log, {item.origin}")
            self.signed(f"checkpoint {item.size}", problems, f"signed at {utc(item.time or 0)}")
        known = [Checkpoint(str(path), path.read_bytes()) for path in map(Path, self.options.known)]
        self.report.check(
            "one history",
            self.history_problems(known),
            "no two checkpoints of one size differ, and none is shorter than before",
        )
        if not self.checkpoints or self.checkpoints[-1].size != self.manifest["tree_size"]:
            self.report.add("FAIL", "one history", f"the checkpoint of {self.manifest['tree_size']} entries is missing")

    def history_problems(self, known: List[Checkpoint]) -> List[str]:
        """Split views and rollbacks among the exhibit's checkpoints and those seen before."""
        problems: List[str] = []
        roots: Dict[int, bytes] = {}
        problems += [
            f"split view: two checkpoints of {item.size} entries have different roots ({item.name})"
            for item in [*known, *self.checkpoints]
            if roots.setdefault(item.size, item.root) != item.root
        ]
        ordered = sorted([*known, *self.checkpoints], key=lambda item: (item.time or 0, item.size))
        for before, after in zip(ordered, ordered[1:]):
            if after.size < before.size:
                problems.append(
                    f"rolled back: {before.size} entries were signed before {after.size} entries ({after.name})"
                )
        return problems

    def check_consistency(self) -> None:
        """Each checkpoint continues the one before."""
        problems: List[str] = []
        for before, after in zip(self.checkpoints, self.checkpoints[1:]):
            name = f"checkpoints/{before.size}-{after.size}.consistency"
            if not (self.folder / name).exists():
                problems.append(f"the proof from {before.size} to {after.size} entries is missing")
                continue
            lines = self.read(name).decode().splitlines()
            path = [unbase64(line) for line in lines[3:]]
            if lines[1:3] != [f"old {before.size}", f"new {after.size}"] or not consistent(
                before.size, after.size, (before.root, after.root), path
            ):
                problems.append(f"the log of {after.size} entries does not continue the one of {before.size} entries")
        self.report.check(
            "consistency", problems, f"{len(self.checkpoints)} checkpoint(s), each continuing the one before"
        )

    # entries

    def check_entries(self) -> None:
        """The lines of entries.jsonl are those of the manifest, unaltered, all, in order."""
        data = self.read("entries.jsonl")
        lines = data.split(b"\n")
        problems = [] if lines[-1] == b"" else ["truncated: the last line of entries.jsonl is cut"]
        lines = [line for line in lines if line]
        wanted = [row["leaf_hash"] for row in self.manifest["entries"]]
        index_of = {row["leaf_hash"]: row["index"] for row in self.manifest["entries"]}
        hashes = [sha256(b"\x00" + line).hexdigest() for line in lines]
        problems += line_problems(hashes, wanted, index_of)
        for line, digest in zip(lines, hashes):
            if digest in index_of:
                content = json.loads(line, object_pairs_hook=unique)
                self.leaves.append((line, content))
                if content["index"] != index_of[digest]:
                    problems.append(f"entry {index_of[digest]} says that it is entry {content['index']}")
        self.report.check("entries", problems, f"{len(lines)} entries, unaltered and in order")

    def check_proofs(self) -> None:
        """Each entry is in the tree of the last checkpoint."""
        last = self.checkpoints[-1]
        problems: List[str] = []
        for line, content in self.leaves:
            index = content["index"]
            head, _, note = self.read(f"proofs/{index}.tlog-proof").partition(b"\n\n")
            rows = head.decode().splitlines()
            path = [unbase64(row) for row in rows[2:]]
            if rows[:2] != ["c2sp.org/tlog-proof@v1", f"index {index}"] or note != last.note.data:
                problems.append(f"the proof of entry {index} is of another entry or checkpoint")
            elif inclusion_root(index, last.size, sha256(b"\x00" + line).digest(), path) != last.root:
                problems.append(f"entry {index} is not in the log that was signed")
        self.report.check("inclusion", problems, f"{len(self.leaves)} entries are in the signed tree of {last.size}")

    def check_chains(self) -> None:
        """Every chain that is said to be whole is: numbers without a gap, each entry naming the one before, closed."""
        chains: Dict[str, List[Tuple[bytes, Json]]] = {}
        for leaf in self.leaves:
            chains.setdefault(leaf[1]["chain"]["id"], []).append(leaf)
        for name, row in sorted(self.manifest["chains"].items()):
            leaves = sorted(chains.get(name, []), key=lambda leaf: int(leaf[1]["chain"]["sequence"]))
            if row["complete"]:
                problems = chain_problems(name, leaves, self.manifest["exhibit_id"])
                self.report.check(
                    f"complete {name}", problems, f"{len(leaves)} entries, numbers 1 to {len(leaves)} without a gap"
                )
            else:
                self.report.add("PASS", f"excerpt {name}", f"{len(leaves)} entries; this chain is shown in part")

    # personal fields

    def check_fields(self) -> None:
        """Each personal field shown is the one committed to; each not shown has a recorded reason."""
        shown, redactions = json.loads(self.read("disclosures.json")), json.loads(self.read("redactions.json"))
        reasons = {(row["index"], row["path"]): row for row in redactions}
        erased = {
            (field["index"], field["path"]): content["index"]
            for _, content in self.leaves
            if content["kind"] == "erasure"
            for field in content["body"]["fields"]
        }
        problems: List[str] = []
        for _, content in self.leaves:
            index = content["index"]
            for path, digest in content["commitments"].items():
                field, reason = shown.get(str(index), {}).get(path), reasons.get((index, path))
                if field and commitment(path, bytes.fromhex(field["salt"]), field["value"].encode()) != digest:
                    problems.append(f"altered: field {path} of entry {index} is not the one committed to")
                elif not field and not reason:
                    problems.append(f"field {path} of entry {index} is neither shown nor accounted for")
                elif not field and reason and reason["status"] == "erased" and erased.get((index, path)) is None:
                    problems.append(f"field {path} of entry {index} is called erased, but no entry records it")
                elif not field and reason and reason["status"].startswith("missing"):
                    problems.append(f"field {path} of entry {index} is missing without a recorded erasure")
        passed = f"{sum(map(len, shown.values()))} shown as committed, {len(redactions)} accounted for"
        self.report.check("personal fields", problems, passed)

    # calculation

    def check_calculation(self) -> None:
        """The days past due follow from the entries: recomputed here by other code."""
        stated = json.loads(self.read("calculation.json"))
        book = Book(content for _, content in self.leaves if content["kind"] == "event")
        problems = []
        for step in [*stated["steps"], {"day": stated["as_of"], **stated["result"]}]:
            days, arrears = book.standing(stated["loan_id"], day_of(step["day"]))
            if (days, arrears) != (step["days_past_due"], step["arrears_minor"]):
                problems.append(
                    f"on {step['day']} the entries give {days} days past due and arrears of {arrears}, "
                    f"but calculation.json says {step['days_past_due']} and {step['arrears_minor']}"
                )
        days, until = stated["result"]["days_past_due"], stated["as_of"]
        passed = f"{len(stated['steps'])} steps recomputed; {days} days past due on {until}"
        self.report.check("calculation", problems, passed)

    # timestamps

    def check_timestamps(self) -> None:
        """Tokens of an outside authority are over the checkpoints, and by an authority that the reader trusts."""
        for path in sorted((self.folder / "timestamps").glob("*.tsr")):
            note, token, item = self.read(f"checkpoints/{path.stem}.note"), path.read_bytes(), f"timestamp {path.stem}"
            if sha256(note).digest() not in token:
                self.report.add("FAIL", item, "the token is not over this checkpoint")
                continue
            if not self.options.tsa:
                self.report.add(
                    "NOT CHECKED", item, "over this checkpoint; give --tsa ROOTS.pem to check who signed it"
                )
                continue
            self.check_token(item, note, token)

    def check_token(self, item: str, note: bytes, token: bytes) -> None:
        """One token against the authority's roots, with certificates valid at the token's own time."""
        try:
            import rfc3161_client
            from cryptography import x509
        except ImportError:
            self.report.add("NOT CHECKED", item, "tokens need the package `rfc3161-client`: pip install rfc3161-client")
            return
        roots = x509.load_pem_x509_certificates(Path(self.options.tsa).read_bytes())
        try:
            response = rfc3161_client.decode_timestamp_response(token)
            rfc3161_client.VerifierBuilder(roots=roots).build().verify_message(response, note)
        except Exception as error:  # noqa: BLE001  any failure to verify is the same answer
            self.report.add("FAIL", item, f"the token does not hold: {error}")
            return
        self.report.add("PASS", item, f"the authority saw it at {response.tst_info.gen_time.isoformat()}")


def line_problems(hashes: List[str], wanted: List[str], index_of: Dict[str, int]) -> List[str]:
    """How a list of lines differs from the manifest's, in the words for what was done to it."""
    if hashes == wanted:
        return []
    have, problems = set(hashes), []
    strange = [place for place, digest in enumerate(hashes) if digest not in index_of]
    missing = [digest for digest in wanted if digest not in have]
    if missing and not strange and missing == wanted[len(wanted) - len(missing) :]:
        problems.append(f"truncated: the last {len(missing)} of {len(wanted)} entries are gone")
    elif strange and len(strange) == len(missing) and len(hashes) == len(wanted):
        problems += [
            f"altered: line {place + 1} is not the entry {index_of[wanted[place]]} that was logged" for place in strange
        ]
    else:
        problems += [f"deleted: entry {index_of[digest]} is gone" for digest in missing]
        problems += [f"inserted: line {place + 1} is no entry of this exhibit" for place in strange]
        twice = sorted({index_of[digest] for digest in hashes if digest in index_of and hashes.count(digest) > 1})
        problems += [f"inserted: entry {index} stands there more than once" for index in twice]
    if not problems:
        problems.append("swapped: the entries are not in the order of the log")
    return problems


def chain_problems(name: str, leaves: List[Tuple[bytes, Json]], exhibit_id: str) -> List[str]:
    """Gaps, broken links and a missing end of one chain."""
    problems: List[str] = []
    numbers = [content["chain"]["sequence"] for _, content in leaves]
    gaps = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    problems += [f"missing sequence number {number} of {name}" for number in gaps]
    previous: Tuple[bytes, Json] | None = None
    for line, content in leaves:
        link = content["chain"]
        digest = sha256(b"\x00" + previous[0]).hexdigest() if previous else None
        if link["sequence"] - 1 not in gaps and link["previous_hash"] != digest:
            problems.append(f"number {link['sequence']} of {name} does not name the entry before it")
        previous = (line, content)
    if name == "keys":
        return problems
    last: Json = leaves[-1][1] if leaves else {"kind": "", "body": {}}
    if last["body"].get("exhibit_id") != exhibit_id or last["kind"] != "exhibit":
        problems.append(f"truncated: {name} does not end in the entry of this exhibit's making")
    elif last["body"]["entries_before"] != len(leaves) - 1:
        problems.append(f"{name} held {last['body']['entries_before']} entries, but {len(leaves) - 1} are shown")
    return problems


def commitment(path: str, salt: bytes, value: bytes) -> str:
    """The commitment to a personal field, hex."""
    name = path.encode()
    parts = (
        b"forewarn-commitment/1\x00",
        len(salt).to_bytes(2, "big"),
        salt,
        len(name).to_bytes(2, "big"),
        name,
        value,
    )
    return sha256(b"".join(parts)).hexdigest()


def unique(pairs: List[Tuple[str, Any]]) -> Json:
    """A JSON object in which no name stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an entry")
    return found


def day_of(text: object) -> int:
    """Day number of an ISO date."""
    return dt.date.fromisoformat(str(text)[:10]).toordinal()


def minor(value: Any) -> int:  # noqa: ANN401  a money object, a number or a decimal string
    """Minor units."""
    return int(value["amount_minor"] if isinstance(value, dict) else value)


class Book:
    """Loans and money as the events tell. Oldest due first; days past due by the oldest unmet day."""

    def __init__(self, events: Any) -> None:  # noqa: ANN401  an iterable of leaf contents
        self.terms: Dict[str, List[Tuple[int, List[Tuple[int, int]]]]] = {}
        self.money: List[Tuple[int, int, Json]] = []
        self.back: Dict[str, int | None] = {}
        self.off: Dict[str, int] = {}
        self.shut: Dict[str, int] = {}
        told: Set[Tuple[str, Any, Any]] = set()
        for event in events:
            names = self.names(event["body"])
            if not names & told:
                told |= names
                self.take(event["index"], event["body"])
        self.money.sort(key=lambda row: row[:2])
        for terms in self.terms.values():
            terms.sort(key=lambda row: row[0])

    @staticmethod
    def names(body: Json) -> Set[Tuple[str, Any, Any]]:
        """What a fact is known by: told again under one of these, it does not count again."""
        found = {("key", body.get("borrower_id"), body.get("idempotency_key"))}
        if body.get("type") == "payment_received":
            found.add(("payment", body.get("borrower_id"), body.get("payment_id")))
        return {name for name in found if name[2]}

    def take(self, index: int, body: Json) -> None:
        """One event."""
        kind = body.get("type")
        if kind in ("schedule_set", "loan_restructured"):
            rows = [(day_of(row["due_date"]), minor(row["amount_minor"])) for row in body["installments"]]
            terms = self.terms.setdefault(body["loan_id"], [])
            begin = day_of(body["effective_on"]) if kind == "loan_restructured" else 0
            if kind == "schedule_set" and terms:
                begin = terms.pop()[0]
            terms.append((begin, rows))
        elif kind == "payment_received":
            self.money.append((day_of(body.get("value_date") or body["business_date"]), index, body))
        elif kind == "payment_reversed":
            before = self.back.get(body["payment_id"], 0)
            part = minor(body["amount"]) if body.get("amount") else None
            self.back[body["payment_id"]] = None if part is None or before is None else before + part
        elif kind == "loan_written_off":
            self.off[body["loan_id"]] = day_of(body["written_off_on"])
        elif kind == "loan_closed":
            self.shut[body["loan_id"]] = day_of(body["closed_on"])

    def rows(self, loan: str, day: int) -> Tuple[int, List[Tuple[int, int]]]:
        """Terms in force on a day: their first day, and (due day, amount)."""
        found = [terms for terms in self.terms.get(loan, []) if terms[0] <= day]
        return found[-1] if found else (0, [])

    def standing(self, loan: str, day: int) -> Tuple[int, int]:
        """Days past due and arrears of a loan at the close of a day."""
        begin, rows = self.rows(loan, day)
        total = dict.fromkeys(self.terms, 0)
        paid = 0
        for value_day, _, body in self.money:
            if value_day > day:
                break
            back = self.back.get(body.get("payment_id", ""), 0)
            left = 0 if back is None else max(0, minor(body["amount"]) - back)
            for target, part in self.split(body.get("loan_id"), left, value_day, total):
                total[target] += part
                if target == loan and begin <= value_day < self.off.get(loan, day + 1):
                    paid += part
        last = min(day, self.shut.get(loan, day))
        due = [(at, amount) for at, amount in rows if at < last]
        arrears, left = max(0, sum(amount for _, amount in due) - paid), paid
        for at, amount in due:
            if amount > left:
                return day - at, arrears
            left -= amount
        return 0, arrears

    def split(self, loan: str | None, amount: int, day: int, total: Dict[str, int]) -> List[Tuple[str, int]]:
        """The loans a payment goes to: the one it names, the only one, or the oldest due installments of all."""
        if loan or len(self.terms) == 1:
            target = loan or next(iter(self.terms))
            return [(target, amount)] if target in self.terms else []
        unmet: List[Tuple[int, str, int]] = []
        for name, done in total.items():
            for at, owed in self.rows(name, day)[1]:
                met = min(done, owed)
                done -= met  # noqa: PLW2901  what is left for the next installment
                unmet.append((at, name, owed - met))
        parts: List[Tuple[str, int]] = []
        for _, name, owed in sorted(unmet):
            part = min(amount, owed)
            amount -= part
            parts.append((name, part))
        return parts


def main(arguments: List[str] | None = None) -> int:
    """Read the arguments and check."""
    parser = argparse.ArgumentParser(description="Checks an exhibit of a Forewarn evidence log, offline.")
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--key", help="the lender's first key, got from elsewhere")
    parser.add_argument("--known", action="append", default=[], help="a checkpoint of this log seen before")
    parser.add_argument("--tsa", help="root certificates of the timestamp authority (PEM)")
    options = parser.parse_args(arguments)
    try:
        verifier = Verifier(Path(options.folder), options)
    except (OSError, ValueError) as error:
        sys.stdout.write(f"FAIL        manifest: {options.folder} holds no readable manifest.json: {error}\n")
        return 1
    return verifier.run()


if __name__ == "__main__":
    sys.exit(main())
