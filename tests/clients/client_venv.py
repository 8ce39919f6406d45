"""Other people's packages live in virtual environments of their own, made on first use."""

import os
import pathlib
import subprocess
import sys
import venv

OPENAI = ("openai==3.57.0", "websockets==17.4")
TEXT = ("openai==3.57.0", "langchain-openai==1.7.4", "openapi-spec-validator==0.9.0")


def environment(place: str, *packages: str) -> pathlib.Path:
    """The folder of an environment that holds `packages`; made on first use."""
    home = pathlib.Path(os.environ.get("PARLEY_HOME") or pathlib.Path.home() / ".cache" / "parley")
    folder = home / place
    installed = folder / "installed"
    if not installed.exists() or installed.read_text() != "\n".join(packages):
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
        installed.write_text("\n".join(packages))
    return folder


def enter(*packages: str, place: str = "venv-clients") -> None:
    """Restarts the running script with the Python of the environment `place`, unless it already is. It holds `packages`;
    without any, the official OpenAI SDK."""
    home = pathlib.Path(os.environ.get("PARLEY_HOME") or pathlib.Path.home() / ".cache" / "parley")
    if pathlib.Path(sys.prefix) == home / place:
        return
    python = environment(place, *(packages or OPENAI)) / "bin" / "python"
    os.execv(python, [str(python), *sys.argv])
