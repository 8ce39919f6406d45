"""Other people's packages live in virtual environments of their own, made on first use."""

import os
import pathlib
import subprocess
import sys
import venv

OPENAI = ("openai==3.57.0", "websockets==17.4")
TEXT = ("openai==3.57.0", "langchain-openai==1.7.4", "openapi-spec-validator==0.9.0")


def enter(*packages: str, place: str = "venv-clients") -> None:
    """Restarts the running script with the Python of the environment `place`, unless it already is. It holds `packages`;
    without any, the official OpenAI SDK."""
    home = pathlib.Path(os.environ.get("PARLEY_HOME") or pathlib.Path.home() / ".cache" / "parley")
    folder = home / place
    if pathlib.Path(sys.prefix) == folder:
        return
    wanted = packages or OPENAI
    python = folder / "bin" / "python"
    installed = folder / "installed"
    if not installed.exists() or installed.read_text() != "\n".join(wanted):
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        installed.write_text("\n".join(wanted))
    os.execv(python, [str(python), *sys.argv])
