"""`parley serve` for the length of a test, on a port that was free."""
import contextlib
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

root = pathlib.Path(__file__).resolve().parent.parent
PARLEY = os.environ.get("PARLEY", str(root / "build/release/parley"))
HOME = pathlib.Path(os.environ.get("PARLEY_HOME", pathlib.Path.home() / ".cache/parley"))


def start(*args, port=0, env=None):
    """The process; nobody has waited for anything yet."""
    command = [PARLEY, "serve", "--port", str(port), *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})


def wait_ready(process, patience_s=180):
    """The server's address. It says where it listens first; that it is ready is what /readyz says."""
    line = process.stdout.readline()
    assert "http://" in line, f"the server did not start: {line}{process.stderr.read()}"
    base = line.split()[-1].rstrip("/")
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(base + "/readyz") as answer:
                if answer.status == 200:
                    return base
        except urllib.error.HTTPError as error:
            assert error.code == 503, error
        assert process.poll() is None, f"the server ended: {process.stderr.read()}"
        time.sleep(0.2)
    raise AssertionError(f"not ready within {patience_s} s")


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()


@contextlib.contextmanager
def served(*args, env=None):
    """with served("--config", file) as address: …"""
    process = start(*args, env=env)
    try:
        yield wait_ready(process)
    finally:
        end(process)
