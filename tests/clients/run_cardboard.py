#!/usr/bin/env python3
"""Other people's voice clients, and clients that mean harm, against a server with engines of cardboard.

    tests/clients/run_cardboard.py [SCRIPT …]        all of them without a name
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from node_packages import node_packages

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
CARDBOARD = os.environ.get("CARDBOARD", str(root / "build/release/tests/cardboard_serve"))
SCRIPTS = ["test_openai_realtime.py", "test_agents_realtime.mjs", "test_agents_python.py", "test_pipecat.py", "test_livekit.py", "test_beta.py",
           "test_bad_input.py", "test_langchain_retriever.py"]


def run(script: str, address: str, process: int) -> bool:
    environment = {**os.environ, "PARLEY_URL": address, "PARLEY_PID": str(process)}
    if script.endswith(".mjs"):
        environment["PARLEY_NODE_PACKAGES"] = str(node_packages())
    command = ["node" if script.endswith(".mjs") else sys.executable, str(here / script)]
    try:
        return subprocess.run(command, env=environment, timeout=240).returncode == 0
    except subprocess.TimeoutExpired:
        print(f"{script} took longer than 240 s")
        return False


def main() -> int:
    wanted = sys.argv[1:] or SCRIPTS
    failed = []
    for script in wanted:
        print(f"--- {script}", flush=True)
        home = tempfile.TemporaryDirectory()
        server = subprocess.Popen([CARDBOARD, "--home", home.name], stdout=subprocess.PIPE, text=True)
        address = server.stdout.readline().split()[-1]
        if not run(script, address, server.pid) or server.poll() is not None:
            failed.append(script)
        server.terminate()
        server.wait()
        server.stdout.close()
        home.cleanup()
    print(f"{len(wanted) - len(failed)} passed, {len(failed)} failed" + (f": {', '.join(failed)}" if failed else ""))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
