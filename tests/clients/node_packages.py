"""Other people's packages for Node, beside the Python ones."""
import hashlib
import os
import pathlib
import shutil
import subprocess

here = pathlib.Path(__file__).resolve().parent
HOME = pathlib.Path(os.environ.get("PARLEY_HOME", pathlib.Path.home() / ".cache/parley"))


def node_packages() -> pathlib.Path:
    """What node/package-lock.json names, fetched once."""
    wanted = (here / "node/package-lock.json").read_bytes()
    place = HOME / f"client-packages-{hashlib.sha256(wanted).hexdigest()[:16]}"
    if not (place / "complete").exists():
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(here / "node" / name, place / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=place, check=True)
        (place / "complete").touch()
    return place
