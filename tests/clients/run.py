#!/usr/bin/env python3
"""Other people's clients against one running server, each a script of its own that reads PARLEY_URL.

    tests/clients/run.py [SCRIPT …]        all of them without a name
"""
import os
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
import served

SCRIPTS = {"test_openai_sdk.py": [str(served.HOME / "samples/jfk.wav")], "test_text.py": []}


def main():
    wanted = sys.argv[1:] or list(SCRIPTS)
    failed = []
    with served.served() as address:
        for script in wanted:
            print(f"--- {script}", flush=True)
            done = subprocess.run([sys.executable, str(here / script), *SCRIPTS[script]], env={**os.environ, "PARLEY_URL": address}, timeout=600)
            failed += [script] if done.returncode else []
    print(f"{len(wanted) - len(failed)} passed, {len(failed)} failed" + (f": {', '.join(failed)}" if failed else ""))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
