#!/usr/bin/env python3
"""`parley keys`, `parley doctor` and a server that notices both; no model is needed. Nothing that is written anywhere holds a key.

    PARLEY=build/release/parley CARDBOARD=build/release/tests/cardboard_serve python3 tests/program/keys_test.py
"""
import concurrent.futures
import json
import os
import pathlib
import stat
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

root = pathlib.Path(__file__).resolve().parent.parent.parent
PARLEY = os.environ.get("PARLEY", str(root / "build/release/parley"))
CARDBOARD = os.environ.get("CARDBOARD", str(root / "build/release/tests/cardboard_serve"))


class KeysTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.file = self.folder / "keys.json"
        self.written = []  # everything that anybody printed but `create`
        self.secrets = []

    def keys(self, *args, good=True):
        done = subprocess.run([PARLEY, "keys", *map(str, args), "--file", self.file, "--json"], capture_output=True, text=True)
        self.assertEqual(done.returncode == 0, good, done.stdout + done.stderr)
        if args[0] == "create" and good:
            made = json.loads(done.stdout)
            self.secrets.append(made["key"])
            self.written.append(done.stderr)
            return made
        self.written += [done.stdout, done.stderr]
        return json.loads(done.stdout) if good else done.stderr

    def start(self):
        with open(self.folder / "log", "a") as log:
            process = subprocess.Popen([CARDBOARD, "--keys", self.file, "--log", "trace"], stdout=subprocess.PIPE, stderr=log, text=True)
        self.url = process.stdout.readline().split()[-1]
        return process

    def end(self, process):
        process.terminate()
        process.wait(20)
        self.written.append(process.stdout.read())
        process.stdout.close()

    def ask(self, key, path="/generate", body={"prompt": "你好", "max_tokens": 4}):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body is not None else None)
        if key:
            request.add_header("Authorization", "Bearer " + key)
        try:
            with urllib.request.urlopen(request) as answer:
                status, text, headers = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                status, text, headers = error.code, error.read().decode(), error.headers
        self.written += [text, str(headers)]
        return status, text, headers

    def becomes(self, status, key, **more):
        for _ in range(100):
            if self.ask(key, **more)[0] == status:
                return True
            time.sleep(0.05)
        return False

    def nothing_tells_a_key(self):
        texts = self.written + [path.read_text(errors="replace") for path in self.folder.rglob("*") if path.is_file()]
        self.assertGreater(len(texts), 5)
        for secret in self.secrets:
            for text in texts:
                self.assertNotIn(secret, text)

    def test_a_running_server_notices_keys_and_keeps_their_limits(self):
        first = self.keys("create", "--name", "first", "--scopes", "text,metrics")
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        server = self.start()
        try:
            self.assertEqual(self.ask(None)[0], 401)
            self.assertEqual(self.ask("sk-parley-nobody")[0], 401)
            self.assertEqual(self.ask(first["key"])[0], 200)
            slow = self.keys("create", "--name", "慢", "--requests-per-minute", 2, "--monthly-tokens", 1000000)
            self.assertTrue(self.becomes(200, slow["key"]), "created while the server runs")
            while (told := self.ask(slow["key"]))[0] == 200:
                pass
            self.assertEqual(told[0], 429)
            self.assertEqual(json.loads(told[1])["error"]["code"], "rate_limit_exceeded")
            self.assertTrue(1 <= int(told[2]["Retry-After"]) <= 30)
            self.assertEqual(told[2]["x-ratelimit-remaining-requests"], "0")
            self.assertEqual(self.ask(slow["key"], "/metrics", None)[0], 403)
            self.assertIn(f'parley_key_refused{{key="{slow["id"]}"}} ', self.ask(first["key"], "/metrics", None)[1])
            self.keys("revoke", "first")
            self.assertTrue(self.becomes(401, first["key"]), "revoked while the server runs")
            self.assertIn("already", self.keys("revoke", first["id"], good=False))
        finally:
            self.end(server)
        used = {key["name"]: key["used"] for key in self.keys("list")["keys"]}
        self.assertGreaterEqual(used["慢"]["requests"], 2)
        server = self.start()
        try:
            self.assertEqual(self.ask(slow["key"])[0], 429, "the minute goes on after a restart")
        finally:
            self.end(server)
        self.nothing_tells_a_key()

    def test_one_greedy_key_does_not_use_up_anothers_limits(self):
        greedy, modest = self.keys("create", "--requests-per-minute", 10), self.keys("create", "--requests-per-minute", 10)
        server = self.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                told = [status for status, *_ in pool.map(lambda _: self.ask(greedy["key"]), range(60))]
            self.assertEqual(told.count(200) + told.count(429), 60)
            self.assertLessEqual(told.count(200), 12)
            self.assertEqual(self.ask(modest["key"])[0], 200)
        finally:
            self.end(server)

    def test_mistakes_are_named(self):
        self.assertIn("did you mean 'realtime'", self.keys("create", "--scopes", "realtme", good=False))
        self.assertIn("no such key", self.keys("revoke", "nobody", good=False))
        self.keys("create", "--name", "app")
        self.assertIn("already", self.keys("create", "--name", "app", good=False))
        self.file.write_text("{")
        self.assertIn("damaged", self.keys("create", good=False))
        self.assertEqual(self.file.read_text(), "{")

    def test_the_doctor_finds_what_lies_open(self):
        (self.folder / "work").mkdir()
        (self.folder / "work" / ".git").mkdir()
        config = self.folder / "mine.yaml"
        config.write_text(f"server: {{keys_file: {self.file}}}\n")
        made = self.keys("create")
        doctor = lambda: subprocess.run([PARLEY, "doctor", "--config", config], capture_output=True, text=True, cwd=self.folder / "work",
                                        env={**os.environ, "PARLEY_KEYS": ""})
        good = doctor()
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        (self.folder / "work" / ".env").write_text("KEY=" + made["key"])
        self.file.chmod(0o644)
        bad = doctor()
        self.assertEqual(bad.returncode, 1)
        self.assertIn("git does not ignore it", bad.stdout)
        self.assertIn("chmod 600", bad.stdout)
        config.write_text(config.read_text() + f"# {made['key']}\n")
        bad = doctor()
        self.assertIn("mine.yaml:2: this looks like a key", bad.stdout)
        self.assertNotIn(made["key"], bad.stdout + bad.stderr)


if __name__ == "__main__":
    unittest.main()
