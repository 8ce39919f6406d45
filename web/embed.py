#!/usr/bin/env python3
"""embed.py FOLDER OUT.cpp: the files of a folder, each compressed with gzip, as parley::app::page_files()."""
import gzip
import pathlib
import sys

LIMIT = 300_000  # bytes of all of it together, compressed: a page that is heavier has gone wrong
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}


def main() -> int:
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    arrays, rows, total = [], [], 0
    for number, path in enumerate(files):
        data = gzip.compress(path.read_bytes(), 9, mtime=0)
        total += len(data)
        numbers = ",".join(map(str, data))
        arrays.append(f"constexpr unsigned char bytes_{number}[] = {{{numbers}}};\n")
        where = "/" if path.name == "index.html" else "/" + path.relative_to(folder).as_posix()
        rows.append(f'    {{"{where}", "{TYPES[path.suffix]}", bytes_{number}}},\n')
    if total > LIMIT or not files:
        print(f"embed.py: the page weighs {total} bytes compressed; the limit is {LIMIT}", file=sys.stderr)
        return 1
    out.write_text(
        '#include "app/page_files.hpp"\n\nnamespace parley::app {\nnamespace {\n\n'
        + "".join(arrays)
        + "\nconstexpr PageFile files[] = {\n"
        + "".join(rows)
        + "};\n\n}  // namespace\n\nstd::span<PageFile const> page_files() noexcept { return files; }\n\n}  // namespace parley::app\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
