#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks report documents with parsers that are not ours.

--good DIR     every *.json must satisfy the schema
--bad DIR      every *.json must fail it
--formats DIR  every *.csv, *.jsonl and *.xml must parse and hold nothing that a reader would execute
FILE...        reports to check against the schema
"""
import argparse
import csv
import json
import pathlib
import sys
import xml.etree.ElementTree

try:
    import jsonschema
except ImportError:
    sys.exit("validate.py: the Python module jsonschema is missing; apt-get install python3-jsonschema")


def reject_constant(name):
    raise ValueError(f"{name} is not JSON")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=reject_constant)


def errors_of(validator, path):
    try:
        document = load(path)
    except ValueError as error:
        return [f"{path.name}: {error}"]
    return [f"{path.name}: {'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(document)]


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def check_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        yield f"{path.name}: rows differ in length"
    for row in rows:
        for text in row:
            if text.strip()[:1] in ("=", "+", "-", "@") and not is_number(text):
                yield f"{path.name}: a spreadsheet would run {text[:40]!r}"


def check_jsonl(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")[:-1], 1):
        try:
            if not isinstance(json.loads(line, parse_constant=reject_constant), dict):
                yield f"{path.name}:{number}: not an object"
        except ValueError as error:
            yield f"{path.name}:{number}: {error}"


def check_xml(path):
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except xml.etree.ElementTree.ParseError as error:
        yield f"{path.name}: {error}"
        return
    known = {"testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"}
    found = {element.tag for element in root.iter()}
    if not found <= known:
        yield f"{path.name}: elements {sorted(found - known)} came from a text"
    cases = list(root.iter("testcase"))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        if int(root.get(name)) != sum(case.find(tag) is not None for case in cases):
            yield f"{path.name}: {name} does not count its test cases"
    if int(root.get("tests")) != len(cases):
        yield f"{path.name}: tests does not count its test cases"


FORMATS = {".csv": check_csv, ".jsonl": check_jsonl, ".xml": check_xml}


def files_in(folder, suffixes):
    found = sorted(p for p in pathlib.Path(folder).iterdir() if p.suffix in suffixes)
    if not found:
        sys.exit(f"validate.py: nothing to check in {folder}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schema", required=True, type=pathlib.Path)
    parser.add_argument("--good")
    parser.add_argument("--bad")
    parser.add_argument("--formats")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    schema = load(options.schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    beside = [load(path) for path in options.schema.parent.glob("*.schema.json")]  # one may refer to another
    resolver = jsonschema.RefResolver.from_schema(schema, store={other["$id"]: other for other in beside})
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver)

    problems = []
    good = list(options.files) + (files_in(options.good, {".json"}) if options.good else [])
    for path in good:
        problems += errors_of(validator, path)
    bad = files_in(options.bad, {".json"}) if options.bad else []
    for path in bad:
        if not errors_of(validator, path):
            problems.append(f"{path.name}: the schema accepts a broken document")
    formats = files_in(options.formats, set(FORMATS)) if options.formats else []
    for path in formats:
        problems += FORMATS[path.suffix](path)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(good)} good, {len(bad)} broken and {len(formats)} other files checked, {len(problems)} problems")
    return 1 if problems or not (good or bad or formats) else 0


if __name__ == "__main__":
    sys.exit(main())
