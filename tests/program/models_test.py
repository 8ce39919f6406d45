#!/usr/bin/env python3
"""Adapters and further models: each a model of its own name, on the real model.

    PARLEY=build/release/parley python3 tests/program/models_test.py
"""
import itertools
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import served

CHAT = "qwen2.5-coder-0.5b-instruct"
LAYERS, WIDTH, VALUES, RANK = 24, 896, 128, 4


def adapter(path, seed, architecture="qwen2"):
    """A LoRA of random numbers on the values of every layer, as GGUF."""
    text = lambda value: struct.pack("<Q", len(value)) + value.encode()
    keys = [text("general.type") + struct.pack("<I", 8) + text("adapter"), text("general.architecture") + struct.pack("<I", 8) + text(architecture),
            text("adapter.type") + struct.pack("<I", 8) + text("lora"), text("adapter.lora.alpha") + struct.pack("<If", 6, RANK)]
    chance, table, data = random.Random(seed), [], b""
    for layer in range(LAYERS):
        for part, columns, rows in (("a", WIDTH, RANK), ("b", RANK, VALUES)):
            table.append(text(f"blk.{layer}.attn_v.weight.lora_{part}") + struct.pack("<IQQIQ", 2, columns, rows, 0, len(data)))
            data += struct.pack(f"<{columns * rows}f", *(chance.uniform(-0.2, 0.2) for _ in range(columns * rows)))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(table), len(keys)) + b"".join(keys) + b"".join(table)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + data)


def ask(url, path, body=None):
    """Status and answer."""
    request = urllib.request.Request(url + path, json.dumps(body).encode() if body is not None else None)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        adapter(cls.folder / "one.gguf", 3)  # its answer is sure of itself: no near ties
        adapter(cls.folder / "llama.gguf", 1, "llama")
        (cls.folder / "words.gguf").write_text("these are no tensors")
        cls.second = subprocess.run([served.PARLEY, "models", "path", CHAT], capture_output=True, text=True, check=True).stdout.strip() + "/model.gguf"

    def config(self, adapters, more=()):
        file = self.folder / "parley.yaml"
        file.write_text(json.dumps({"server": {"keys_file": str(self.folder / "keys.json")}, "adapters": adapters, "models": {"more": list(more)}}))
        return file

    def answer(self, url, model):
        """Its tokens up to the first that was a matter of chance: of two that are all but equally likely, the last digits of sums
        decide, and these hang on how many tokens shared a step and on the processor."""
        status, told = ask(url, "/v1/chat/completions", {"model": model, "temperature": 0, "max_tokens": 12, "logprobs": True, "top_logprobs": 2, "messages": [
            {"role": "system", "content": "You answer briefly."}, {"role": "user", "content": "What is the capital of France?"}]})
        self.assertEqual(status, 200, told)
        clear = itertools.takewhile(lambda token: token["top_logprobs"][0]["logprob"] - token["top_logprobs"][1]["logprob"] > 0.5,
                                    told["choices"][0]["logprobs"]["content"])
        return "".join(token["token"] for token in clear)

    def test_each_is_a_model_of_its_own(self):
        words = str(self.folder / "words.gguf")
        with served.served("--text-only", "--config", self.config({"strange": {"file": "one.gguf"}, "hardly": {"file": "one.gguf", "scale": 0}}, [self.second, words])) as url:
            listed = {each["id"]: each for each in ask(url, "/v1/models")[1]["data"]}
            self.assertEqual(listed["strange"]["parent"], CHAT)
            self.assertNotIn("parent", listed["default"])
            self.assertEqual(listed[self.second]["state"], "not loaded")

            plain, strange = self.answer(url, "default"), self.answer(url, "strange")
            self.assertIn("Paris", plain)
            self.assertTrue(strange)
            self.assertFalse(plain.startswith(strange))
            self.assertEqual(self.answer(url, "hardly"), plain)
            self.assertEqual(self.answer(url, "default"), plain)
            self.assertEqual(self.answer(url, "strange"), strange)
            self.assertEqual(ask(url, "/v1/completions", {"model": "polite", "prompt": "a"})[1]["error"]["code"], "model_not_found")

            self.assertIn("Paris", self.answer(url, self.second))
            state = lambda: {each["id"]: each for each in ask(url, "/v1/models")[1]["data"]}[self.second]["state"]
            self.assertEqual(state(), "loaded")
            self.assertEqual(ask(url, "/v1/models/unload", {"model": self.second}), (200, {"model": self.second, "state": "not loaded"}))
            self.assertEqual(state(), "not loaded")
            self.assertIn("Paris", self.answer(url, self.second))
            status, told = ask(url, "/v1/completions", {"model": words, "prompt": "a"})
            self.assertEqual(status, 503, told)
            self.assertEqual(ask(url, "/v1/models/load", {"model": "default"})[0], 404)

    def test_an_adapter_that_cannot_be_used_ends_the_start_with_its_reason(self):
        for file, reason in (("llama.gguf", "for models of the kind 'llama'"), ("words.gguf", "no GGUF"), ("absent.gguf", "not there")):
            done = subprocess.run([served.PARLEY, "serve", "--port", "0", "--text-only", "--config", self.config({"bad": {"file": file}})], capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(reason, done.stderr)
            self.assertIn(str(self.folder / file), done.stderr)


if __name__ == "__main__":
    unittest.main()
