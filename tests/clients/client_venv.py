"""Other people's SDKs live in a virtual environment of their own, made on first use."""

import os
import pathlib
import subprocess
import sys
import venv

PACKAGES = ["openai", "websockets"]


def enter() -> None:
    """Restarts the running script with the Python of that environment, unless it already is."""
    home = pathlib.Path(os.environ.get("PARLEY_HOME") or pathlib.Path.home() / ".cache" / "parley")
    place = home / "venv-clients"
    if pathlib.Path(sys.prefix) == place:
        return
    python = place / "bin" / "python"
    have = python.exists() and subprocess.run([python, "-c", "import openai, websockets"], capture_output=True).returncode == 0
    if not have:
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    os.execv(python, [str(python), *sys.argv])
