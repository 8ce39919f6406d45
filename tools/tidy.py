#!/usr/bin/env python3
"""The house rules that a machine can check; `make test` runs it. Prints what is off and exits with 1."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
found = []


def off(path, line, what):
    found.append(f"{path.relative_to(root)}:{line}: {what}")


def tracked(*patterns):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=root, capture_output=True, text=True, check=True).stdout
    return [root / name for name in names.splitlines() if (root / name).is_file()]


def rooms():
    """room -> rooms it may include, read from the one place where the arrow is written."""
    text = (root / "cmake/ParleyRoom.cmake").read_text()
    return {room: set(filter(None, known.split(";"))) for room, known in re.findall(r'set\(PARLEY_MAY_KNOW_(\w+) "([^"]*)"\)', text)}


def check_arrow(path, text, arrow):
    room = path.relative_to(root / "src").parts[0]
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#include "([a-z0-9_]+)/', line)
        if match and match[1] != room and match[1] not in arrow.get(room, set()):
            off(path, number, f"{room} may not include {match[1]}: it is against the arrow of ARCHITECTURE.md")


LIMIT_FILE = 600
FORBIDDEN = [
    (re.compile(r"\b(TODO|FIXME|XXX)\b"), "unfinished"),
    (re.compile(r"\.detach\(\)"), "detached threads are not allowed"),
    (re.compile(r"(?<!_ptr<)(?<!\()\bnew [A-Za-z_:]+[({]|\bdelete [a-z]"), "no raw owning pointers"),
    (re.compile(r"(?<![\w.:>_])(?:std::)?(?:abort|_Exit|quick_exit|exit)\("), "a library does not end the program"),
    (re.compile("pypi" + r"\.org|registry\.npmjs|deb\.debian"), "no registry's host name in the tree"),
]


def check_source(path, text):
    lines = text.splitlines()
    if len(lines) > LIMIT_FILE and "testdata" not in path.parts:
        off(path, len(lines), f"{len(lines)} lines; a file is read in one sitting (limit {LIMIT_FILE})")
    for number, line in enumerate(lines, 1):
        for pattern, why in FORBIDDEN:
            fuzzer = path.stem.endswith("_fuzz")  # a fuzz target ends itself when it finds something
            if pattern.search(line) and not line.lstrip().startswith("//") and not fuzzer:
                off(path, number, why)


def check_format(paths):
    tool = "clang-format-19"
    try:
        done = subprocess.run([tool, "--dry-run", "--Werror", *map(str, paths)], capture_output=True, text=True)
    except FileNotFoundError:
        print(f"tidy: {tool} is not installed; formatting was not checked")
        return
    for line in done.stderr.splitlines():
        if "error:" in line:
            found.append(line.replace(str(root) + "/", ""))


arrow = rooms()
sources = tracked("src/*.hpp", "src/*.cpp")
for source in sources:
    content = source.read_text()
    check_arrow(source, content, arrow)
    check_source(source, content)
check_format(sources)
for row in found:
    print(row)
print(f"tidy: {len(sources)} files, {len(found)} findings")
sys.exit(bool(found))
