#!/usr/bin/env python3
"""Other people's clients against one running server, each a script of its own that reads PARLEY_URL.

    tests/clients/run.py [SCRIPT …]        all of them without a name
"""
import os
import pathlib
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
import served
from node_packages import node_packages

JFK = str(served.HOME / "samples/jfk.wav")
# Those that are put through their scenarios by run_cardboard.py hold one spoken turn here, in Chinese, with the real models.
VOICE_CLIENTS = ["test_agents_realtime.mjs", "test_agents_python.py", "test_pipecat.py", "test_livekit.py"]
SCRIPTS = {
    "test_openai_sdk.py": [JFK],
    "test_text.py": [],
    "test_sound_and_vectors.py": [JFK],
    "test_node_sdk.mjs": [JFK],
    "test_llama_index.py": [],
    **{script: [] for script in VOICE_CLIENTS},
}


def question(folder):
    path = pathlib.Path(folder) / "question.wav"
    subprocess.run([served.PARLEY, "speak", "请问北京在哪里？", "--voice", "kokoro:zm_yunyang", "--out", path], check=True, stdout=subprocess.DEVNULL)
    return str(path)


def main():
    wanted = sys.argv[1:] or list(SCRIPTS)
    failed = []
    with tempfile.TemporaryDirectory() as folder, served.served() as address:
        environment = {**os.environ, "PARLEY_URL": address, "PARLEY_NODE_PACKAGES": str(node_packages())}
        if set(VOICE_CLIENTS) & set(wanted):
            real = {"PARLEY_QUESTION": question(folder), "PARLEY_EXPECTED": "北京"}
        for script in wanted:
            print(f"--- {script}", flush=True)
            command = ["node" if script.endswith(".mjs") else sys.executable, str(here / script), *SCRIPTS[script]]
            done = subprocess.run(command, env={**environment, **(real if script in VOICE_CLIENTS else {})}, timeout=600)
            failed += [script] if done.returncode else []
    print(f"{len(wanted) - len(failed)} passed, {len(failed)} failed" + (f": {', '.join(failed)}" if failed else ""))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
