#!/usr/bin/env python3
"""SIGTERM to a server with calls: nobody new is let in, answers are heard to their end, a deadline and a second signal hold.

    CARDBOARD=build/release/tests/cardboard_serve python3 tests/program/ending_test.py
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import client_venv

client_venv.enter()

import json
import os
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import websockets
from websockets.sync.client import connect

CARDBOARD = os.environ["CARDBOARD"]


class Server(unittest.TestCase):
    def start(self, drain_s):
        self.process = subprocess.Popen([CARDBOARD, "--drain-s", str(drain_s)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.base = self.process.stdout.readline().split()[-1]

    def call(self):
        ws = connect(self.base.replace("http", "ws", 1) + "/v1/realtime?model=default", open_timeout=30)
        self.addCleanup(ws.close)
        self.hear(ws, "session.created")
        return ws

    def hear(self, ws, kind):
        while True:
            event = json.loads(ws.recv(timeout=30))
            if event["type"] == kind:
                return event

    def ask(self, ws, text):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        ws.send(json.dumps({"type": "conversation.item.create", "item": item}))
        ws.send(json.dumps({"type": "response.create"}))
        self.hear(ws, "response.output_audio.delta")

    def closed_with(self, ws):
        """The close code, and the events before it."""
        events = []
        try:
            while True:
                events.append(json.loads(ws.recv(timeout=60)))
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None, events

    def test_answers_are_heard_to_their_end_and_nobody_new_comes_in(self):
        self.start(60)
        resting, talking = self.call(), self.call()
        self.ask(talking, "are you there, and do you hear me well enough?")
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.closed_with(resting)[0], 1001)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(self.base + "/readyz")
        self.assertEqual(caught.exception.code, 503)
        self.assertEqual(json.loads(caught.exception.read())["status"], "draining")
        caught.exception.close()
        with self.assertRaises(websockets.InvalidStatus) as refused:
            self.call()
        self.assertEqual(refused.exception.response.status_code, 503)
        self.assertIn("Retry-After", refused.exception.response.headers)
        done = self.hear(talking, "response.done")
        self.assertEqual(done["response"]["status"], "completed")
        handed_over = time.monotonic()
        self.assertEqual(self.closed_with(talking)[0], 1001)
        self.assertGreater(time.monotonic() - handed_over, 0.5, "the last words were still being played")
        self.assertEqual(self.process.wait(30), 0)

    def test_a_deadline_ends_what_does_not_end(self):
        self.start(1)
        ws = self.call()
        self.ask(ws, "tell me a story")
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.closed_with(ws)[0], 1001)
        self.assertEqual(self.process.wait(30), 0)

    def test_a_second_signal_ends_at_once(self):
        for second in (signal.SIGTERM, signal.SIGINT):
            self.start(600)
            ws = self.call()
            self.ask(ws, "tell me a story")
            self.process.send_signal(signal.SIGTERM)
            while True:  # until the first has been taken
                try:
                    urllib.request.urlopen(self.base + "/readyz").close()
                except urllib.error.HTTPError as draining:
                    draining.close()
                    break
            self.process.send_signal(second)
            self.assertEqual(self.process.wait(30), 130)


if __name__ == "__main__":
    unittest.main(verbosity=2)
