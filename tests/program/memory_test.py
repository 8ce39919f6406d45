#!/usr/bin/env python3
"""Models are loaded into the memory there is: in a lower precision, with less context, or refused with the numbers. Never a crash.

    PARLEY=build/release/parley python3 tests/program/memory_test.py
"""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import served

MIB = 1 << 20
CHAT = "qwen2.5-coder-0.5b-instruct"


def parley(*args, address_space=None, env=None, timeout=600):
    """The finished program. A signal is a failure of every test."""
    limit = (lambda: resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))) if address_space else None
    done = subprocess.run([served.PARLEY, *map(str, args)], capture_output=True, text=True, timeout=timeout, preexec_fn=limit, env={**os.environ, **(env or {})})
    assert done.returncode in (0, 1), f"status {done.returncode}: {done.stderr[-2000:]}"
    return done


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        # A model with something to give up: the small one in eight bits.
        file = subprocess.run([served.PARLEY, "models", "path", CHAT], capture_output=True, text=True, check=True).stdout.strip() + "/model.gguf"
        cls.model = pathlib.Path(cls.scratch.name) / "large.gguf"
        made = parley("models", "quantise", file, cls.model, "Q8_0")
        assert made.returncode == 0, made.stderr

    def plan(self, *args, **more):
        # A home of its own for what is made smaller: found again within this test, gone after it.
        return parley("plan", self.model, "--json", *args, env={"PARLEY_HOME": self.scratch.name}, **more)

    def test_without_a_limit_it_is_loaded_as_it_is(self):
        told = json.loads(self.plan("--load", "--context", 1024, "--calls", 1).stdout)
        self.assertEqual((told["loaded"]["precision"], told["loaded"]["reduced"]), ("Q8_0", False))
        self.assertTrue(told["plans"][0]["fits"])

    def test_every_limit_ends_in_a_lower_precision_or_less_context_or_a_refusal(self):
        plans = json.loads(self.plan("--context", 4096, "--calls", 4).stdout)["plans"]
        whole = plans[0]["total"]
        kinds = set()
        for address_space in [200 * MIB, *(base + whole * share // 8 for base in (300 * MIB,) for share in range(2, 10))]:
            done = self.plan("--load", "--context", 4096, "--calls", 4, address_space=address_space)
            if done.returncode == 0:
                loaded = json.loads(done.stdout)["loaded"]
                kinds.add("reduced" if loaded["reduced"] else "whole")
            else:
                self.assertIn("parley: ", done.stderr)
                kinds.add("refused")
        self.assertLessEqual({"reduced", "refused"}, kinds)

    def test_the_refusal_says_what_is_needed_and_what_there_is(self):
        done = self.plan("--load", address_space=450 * MIB)
        self.assertEqual(done.returncode, 1)
        for word in ("MiB at its least", "may be used", "address space"):
            self.assertIn(word, done.stderr)

    def test_the_server_under_a_limit_serves_or_refuses(self):
        for address_space in (500 * MIB, 650 * MIB, 800 * MIB, 1200 * MIB):
            done = parley("serve", "--port", 0, address_space=address_space)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("parley: ", done.stderr)

    def test_sizes_are_planned_for_cards(self):
        rows = json.loads(parley("plan", "7B", "175B", "--json").stdout)
        self.assertEqual(len(rows), 12)
        self.assertEqual(rows[0]["cards"]["80 GB"], 1)
        self.assertEqual(parley("plan", "8B").returncode, 1)

    def test_the_page_holds_the_table_that_the_command_makes(self):
        table = parley("plan", "7B", "13B", "70B", "175B", "--context", 4096, "--calls", 1, "--markdown").stdout
        self.assertIn(table, (served.root / "docs/plan.md").read_text(), "write it anew: parley plan … --markdown")


if __name__ == "__main__":
    unittest.main(verbosity=2)
