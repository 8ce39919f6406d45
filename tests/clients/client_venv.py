"""Other people's SDKs live in a virtual environment of their own, made on first use."""

import os
import pathlib
import subprocess
import sys
import venv

PACKAGES = ["openai==3.57.0", "websockets==17.4"]


def enter() -> None:
    """Restarts the running script with the Python of that environment, unless it already is."""
    home = pathlib.Path(os.environ.get("PARLEY_HOME") or pathlib.Path.home() / ".cache" / "parley")
    place = home / "venv-clients"
    if pathlib.Path(sys.prefix) == place:
        return
    python = place / "bin" / "python"
    installed = place / "installed"
    if not installed.exists() or installed.read_text() != "\n".join(PACKAGES):
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        installed.write_text("\n".join(PACKAGES))
    os.execv(python, [str(python), *sys.argv])
