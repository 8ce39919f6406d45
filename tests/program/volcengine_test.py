#!/usr/bin/env python3
"""Whole calls over Volcengine's protocols, against `parley simulate volcengine`: no account, real sockets.

    PARLEY=build/release/parley python3 tests/program/volcengine_test.py
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

root = pathlib.Path(__file__).resolve().parent.parent.parent
PARLEY = os.environ.get("PARLEY", str(root / "build/release/parley"))
KEY = "marked-key-7f3a9c1e"
ENV = {**os.environ, "VOLC_API_KEY": KEY, "ARK_API_KEY": KEY}
LINES = ["北京今天天气怎么样", "谢谢你"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def simulator(*options):
    """Yields (port, finish): finish() ends it and gives everything it printed."""
    process = subprocess.Popen([PARLEY, "simulate", "volcengine", "--port", "0", "--key-from", "VOLC_API_KEY", *map(str, options)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)
    said = []

    def finish():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        said.extend([out, err])
        return "".join(said)

    try:
        first = process.stdout.readline()
        said.append(first)
        if not first:
            raise AssertionError("the simulator did not start: " + process.stderr.read())
        yield int(first.rsplit(":", 1)[1]), finish
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def carry(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def behind_tls(port, folder):
    """Yields (port, certificate): TLS in front of a plain port, with a certificate nobody knows."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(plain):
        with contextlib.suppress(OSError):
            with context.wrap_socket(plain, server_side=True) as outer, socket.create_connection(("127.0.0.1", port)) as inner:
                back = threading.Thread(target=carry, args=(inner, outer), daemon=True)
                back.start()
                carry(outer, inner)
                back.join(timeout=30)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield listener.getsockname()[1], certificate


class Cloud(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.kept.cleanup)
        cls.question = pathlib.Path(cls.kept.name) / "问题.wav"
        done = subprocess.run([PARLEY, "speak", "请问北京在哪里？", "--voice", "kokoro:zm_yunyang", "--out", cls.question], capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        cls.script = pathlib.Path(cls.kept.name) / "script.txt"
        cls.script.write_text("\n".join(LINES) + "\n")

    def config(self, port, change=lambda text: text):
        text = (root / "config/volcengine-simulated.yaml").read_text().replace("127.0.0.1:8091", f"127.0.0.1:{port}")
        path = self.folder / "config.yaml"
        path.write_text(change(text) + "\nlog: debug\n")
        return path

    def parley(self, *args, env=ENV):
        done = subprocess.run([PARLEY, *map(str, args)], capture_output=True, text=True, timeout=240, env=env)
        self.assertGreaterEqual(done.returncode, 0, done.stderr)
        return done

    def replies(self, done):
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [l["text"] for l in lines if l["type"] == "user"], [l["text"] for l in lines if l["type"] == "reply"]

    def check_both_turns(self, done, out):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        users, replies = self.replies(done)
        self.assertEqual(users, LINES)
        self.assertIn("您刚才说的是：" + LINES[0], replies[-2])
        self.assertIn("您刚才说的是：" + LINES[1], replies[-1])
        self.assertGreater(out.stat().st_size, 24000 * 2)

    def test_a_chinese_conversation_goes_wholly_over_the_protocols_and_no_key_is_written(self):
        with simulator("--script", self.script, "--asr-final-ms", 250, "--first-token-ms", 350, "--first-sound-ms", 200) as (port, finish):
            out = self.folder / "answer.wav"
            done = self.parley("call", self.question, self.question, "--role", "xiaohe", "--json", "--out", out, "--config", self.config(port))
            self.check_both_turns(done, out)
            self.check_services(done, priced=False)
            doctor = self.parley("doctor", "--cloud", "--config", self.config(port))
            self.assertEqual(doctor.returncode, 0, doctor.stdout + doctor.stderr)
            self.assertEqual(doctor.stdout.count("ok "), 5, doctor.stdout)  # four services, and that no key lies open
            wrong = self.parley("doctor", "--cloud", "--config", self.config(port), env={**ENV, "VOLC_API_KEY": "another-" + KEY})
            self.assertEqual(wrong.returncode, 1)
            self.assertIn("the key is not accepted", wrong.stdout)
            simulated = finish()
        counts = dict(re.findall(r"(\w+) (\d+)", simulated.splitlines()[-1]))
        for what in ("recognitions", "syntheses", "chats"):
            self.assertGreaterEqual(int(counts[what]), 2, simulated)
        written = [done.stdout, done.stderr, doctor.stdout, doctor.stderr, wrong.stdout, wrong.stderr, simulated]
        written += [p.read_bytes().decode(errors="replace") for p in self.folder.iterdir()]
        for text in written:
            self.assertNotIn(KEY, text)

    def dialogue_config(self, port, behind="local", change=lambda text: text):
        text = (root / "config/volcengine-dialogue.yaml").read_text().replace("127.0.0.1:8091", f"127.0.0.1:{port}")
        path = self.folder / "dialogue.yaml"
        path.write_text(change(text.replace("local]", behind + "]")) + "\nlog: debug\n")
        return path

    def test_the_service_holds_the_whole_call_itself(self):
        with simulator("--script", self.script, "--asr-final-ms", 250, "--first-token-ms", 350, "--first-sound-ms", 200) as (port, finish):
            out = self.folder / "answer.wav"
            config = self.dialogue_config(port)
            done = self.parley("call", self.question, self.question, "--role", "xiaohe", "--json", "--out", out, "--config", config)
            self.check_both_turns(done, out)
            uses = [use for l in map(json.loads, done.stdout.splitlines()) if l["type"] in ("turn", "bill") for use in l["services"]]
            self.assertEqual({use["service"] for use in uses}, {"doubao-live"}, uses)
            doctor = self.parley("doctor", "--cloud", "--config", config)
            self.assertEqual(doctor.returncode, 0, doctor.stdout + doctor.stderr)
            self.assertIn("doubao-live: answers", doctor.stdout)
            simulated = finish()
        counts = dict(re.findall(r"([a-z ]+) (\d+)", simulated.splitlines()[-1].replace(", ", ",")))
        self.assertEqual((counts["recognitions"], counts["syntheses"], counts["chats"]), ("0", "0", "0"), simulated)
        self.assertGreaterEqual(int(counts["dialogue turns"]), 4, simulated)  # a greeting, two questions, the doctor's
        for text in (done.stdout, done.stderr, doctor.stdout, doctor.stderr, simulated):
            self.assertNotIn(KEY, text)

    def test_when_the_whole_call_breaks_the_others_step_in(self):
        with simulator("--script", self.script) as (port, finish):
            def dead_in_front(text):
                return re.sub(r"127\.0\.0\.1:\d+(/api/v3/realtime)", rf"127.0.0.1:{free_port()}\1", text) + "\n"
            config = self.dialogue_config(port, "local", dead_in_front)
            done = self.parley("call", self.question, "--role", "xiaohe", "--json", "--no-greeting", "--config", config)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            users, replies = self.replies(done)
            self.assertIn("北京", users[-1])
            self.assertTrue(replies[-1].strip())
            self.assertIn("Connection refused", done.stderr)
            finish()

    def check_services(self, done, priced):
        """Every turn names what was done for it, with the vendors' log ids; the bill adds it up."""
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        turns = [l for l in lines if l["type"] == "turn"]
        uses = [use for turn in turns for use in turn["services"]]
        done_well = [use for use in uses if "failure" not in use]
        self.assertLessEqual({"doubao-ears", "ark", "doubao"}, {use["service"] for use in done_well})
        for use in uses:
            if use.get("failure") == "cancelled" and "log_id" not in use:
                continue  # an answer to words that were not all yet, given up before the service had said anything
            self.assertTrue(use["log_id"], use)
            self.assertEqual("cost" in use, priced and "failure" not in use, use)
        bill = [l for l in lines if l["type"] == "bill"]
        self.assertEqual(len(bill), 1)
        if priced:
            self.assertAlmostEqual(bill[0]["sums"]["CNY"], sum(use.get("cost", 0) for use in uses + bill[0]["services"]))
            self.assertFalse(bill[0]["without_a_price"])
        else:
            self.assertGreater(bill[0]["without_a_price"]["seed-tts-2.0"], 0)

    def test_the_other_protocols_of_synthesis_and_openai_s_services(self):
        prices = self.folder / "prices.yaml"
        products = {"doubao-seed-1-6-flash-250828": "prompt: 0.1, completion: 0.2", "volc.seedasr.sauc.duration": "hour: 36", "seed-tts-2.0": "characters: 10"}
        prices.write_text("prices:\n" + "".join(f"  - {{product: {p}, since: 2026-01-01, currency: CNY, {x}}}\n" for p, x in products.items()))
        with simulator("--script", self.script) as (port, finish):
            for path in ("v3/tts/unidirectional/stream", "v3/tts/unidirectional", "v3/tts/unidirectional/sse"):
                change = lambda text: text.replace("v3/tts/bidirection", path) + f"prices: {prices}\n"
                done = self.parley("call", self.question, "--role", "xiaohe", "--json", "--no-greeting", "--config", self.config(port, change))
                self.assertEqual(done.returncode, 0, path + done.stdout + done.stderr)
                self.check_services(done, priced=True)
            v1 = lambda text: text.replace("v3/tts/bidirection\n    key_from: VOLC_API_KEY", "v1/tts/ws_binary\n    app_id: '1'\n    token_from: VOLC_API_KEY")
            done = self.parley("call", self.question, "--role", "xiaohe", "--json", "--no-greeting", "--config", self.config(port, v1))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            config = self.folder / "openai.yaml"
            base = f"url: http://127.0.0.1:{port}/api/v3, key_from: ARK_API_KEY, model: m"
            config.write_text(f"services:\n  ears: {{kind: openai-transcription, {base}}}\n  mind: {{kind: chat, {base}}}\n"
                              f"  voice: {{kind: openai-speech, {base}, voices: {{zh: a, en: b}}}}\n  vectors: {{kind: embeddings, {base}, dimensions: 64}}\n"
                              "use: {recogniser: ears, model: mind, synthesiser: voice, embedder: vectors}\n")
            done = self.parley("call", self.question, "--role", "xiaohe", "--json", "--no-greeting", "--config", config)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("您刚才说的是", self.replies(done)[1][-1])
            doctor = self.parley("doctor", "--cloud", "--config", config)
            self.assertEqual(doctor.returncode, 0, doctor.stdout + doctor.stderr)
            self.assertEqual(doctor.stdout.count("ok "), 6, doctor.stdout)
            finish()

    def test_when_no_model_answers_the_caller_hears_an_apology(self):
        dead = lambda text: re.sub(r"(kind: chat\n    url: http://127\.0\.0\.1:)\d+", rf"\g<1>{free_port()}", text)
        with simulator("--script", self.script) as (port, finish):
            done = self.parley("call", self.question, "--role", "xiaohe", "--json", "--no-greeting", "--config", self.config(port, dead))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("抱歉", self.replies(done)[1][-1])
            failures = [use for l in map(json.loads, done.stdout.splitlines()) if l["type"] in ("turn", "bill") for use in l["services"] if "failure" in use]
            self.assertEqual({use["failure"] for use in failures} - {"cancelled"}, {"unavailable"})
            finish()

    def test_a_role_may_be_served_by_others(self):
        share = self.folder / "share"
        share.mkdir()
        for name in ("config", "models"):
            (share / name).symlink_to(root / name)
        (share / "roles").mkdir()
        (share / "roles/own.yaml").write_text((root / "roles/xiaohe.yaml").read_text() + "model: second\n")
        second = lambda text: text.replace("services:\n", f"services:\n  second: {{kind: chat, url: 'http://127.0.0.1:{text.split('127.0.0.1:')[1][:5].split('/')[0]}/api/v3', key_from: ARK_API_KEY, model: another}}\n", 1)
        with simulator("--script", self.script) as (port, finish):
            done = self.parley("call", self.question, "--role", "own", "--json", "--no-greeting", "--config", self.config(port, second), env={**ENV, "PARLEY_SHARE": str(share)})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            uses = [use for l in map(json.loads, done.stdout.splitlines()) if l["type"] == "turn" for use in l["services"]]
            self.assertIn(("second", "another"), {(use["service"], use["product"]) for use in uses})
            self.assertNotIn("ark", {use["service"] for use in uses})
            finish()

    def test_the_models_of_this_machine_behind_the_protocols(self):
        with simulator() as (port, finish):
            done = self.parley("call", self.question, "--role", "xiaohe", "--json", "--no-greeting", "--config", self.config(port))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            users, replies = self.replies(done)
            self.assertIn("北京", users[-1])
            self.assertTrue(replies[-1].strip())
            finish()

    def test_the_next_provider_takes_over(self):
        def two(text):
            dead = f"127.0.0.1:{free_port()}"
            services, use = text.split("use:")
            first = re.sub(r"127\.0\.0\.1:\d+", dead, services.split("services:\n")[1])
            for name in ("doubao-ears", "ark", "doubao"):
                first = re.sub(rf"^  {name}:", f"  dead-{name}:", first, flags=re.M)
            use = re.sub(r": (doubao-ears|ark|doubao)\n", lambda m: f": [dead-{m[1]}, {m[1]}]\n", use)
            return services + first + "use:" + use

        with simulator("--script", self.script) as (port, finish):
            done = self.parley("call", self.question, "--role", "xiaohe", "--json", "--config", self.config(port, two))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            users, replies = self.replies(done)
            self.assertEqual(users, LINES[:1])
            self.assertIn(LINES[0], replies[-1])
            self.assertIn("Connection refused", done.stderr)
            finish()

    def test_tls_is_spoken_and_checked(self):
        with simulator("--script", self.script) as (port, finish), behind_tls(port, self.folder) as (secure, certificate):
            def over_tls(host, trust):
                def change(text):
                    text = re.sub(r"(ws|http)://127\.0\.0\.1:\d+", rf"\1s://{host}:{secure}", text)
                    return text.replace("use:", f"use:\n  authorities: {certificate}\n", 1) if trust else text
                return self.config(port, change)

            known = self.parley("doctor", "--cloud", "--config", over_tls("localhost", True))
            self.assertEqual(known.returncode, 0, known.stdout + known.stderr)
            for host, trust in (("localhost", False), ("127.0.0.1", True)):  # an unknown issuer; a name the certificate does not have
                refused = self.parley("doctor", "--cloud", "--config", over_tls(host, trust))
                self.assertEqual(refused.returncode, 1)
                self.assertEqual(refused.stdout.count("certificate verify failed"), 4, refused.stdout)
            finish()

    def test_what_is_missing_is_said(self):
        bare = {k: v for k, v in ENV.items() if k != "VOLC_API_KEY"}
        done = self.parley("call", self.question, "--config", self.config(free_port()), env=bare)
        self.assertEqual(done.returncode, 1)
        self.assertIn("VOLC_API_KEY", done.stderr)
        done = self.parley("simulate", "volcengine", "--host", "0.0.0.0", "--script", self.script)
        self.assertEqual(done.returncode, 1)
        self.assertIn("this machine only", done.stderr)


if __name__ == "__main__":
    unittest.main()
