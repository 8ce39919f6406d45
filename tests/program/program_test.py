#!/usr/bin/env python3
"""The program as a person meets it: good calls, and every kind of bad input with a clear sentence and no crash.

    PARLEY=build/release/parley python3 tests/program/program_test.py
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
import wave

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import served

PARLEY, HOME = served.PARLEY, served.HOME
JFK = HOME / "samples/jfk.wav"


def parley(*args, timeout=240, env=None, stdin=None):
    done = subprocess.run([PARLEY, *map(str, args)], capture_output=True, text=True, timeout=timeout, env={**os.environ, **(env or {})}, input=stdin)
    assert done.returncode >= 0, f"killed by signal {-done.returncode}: {done.stderr}"
    return done


def write_wav(path, samples, rate=16000, channels=1):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(int(s).to_bytes(2, "little", signed=True) for s in samples))


def read_wav(path):
    with wave.open(str(path)) as recording:
        data = recording.readframes(recording.getnframes())
        return [int.from_bytes(data[i : i + 2], "little", signed=True) for i in range(0, len(data), 2)], recording.getframerate()


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def refused(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)


class Calls(Scratch):
    def test_english_recording_is_heard_and_answered(self):
        out = self.folder / "answer.wav"
        done = parley("call", JFK, "--role", "joe", "--out", out, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        heard = " ".join(line["text"] for line in lines if line["type"] == "user").lower()
        self.assertIn("ask not what your country can do for you", re.sub(r"[^a-z ]", "", heard))
        answers = [line for line in lines if line["type"] == "reply"]
        self.assertTrue(answers[-1]["text"].strip())
        turn = [line for line in lines if line["type"] == "turn"][-1]["stages"]
        self.assertLessEqual(turn["commitment_ms"], turn["first_byte_ms"])
        samples, rate = read_wav(out)
        self.assertEqual(rate, 24000)
        self.assertGreater(max(map(abs, samples)), 2000, "the answer is silent")

    def test_chinese_question_of_another_voice_is_heard_and_answered_in_chinese(self):
        question = self.folder / "问题.wav"
        spoken = parley("speak", "请问北京在哪里？", "--voice", "kokoro:zm_yunyang", "--out", question)
        self.assertEqual(spoken.returncode, 0, spoken.stderr)
        done = parley("call", question, "--role", "xiaohe", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn("北京", next(line["text"] for line in lines if line["type"] == "user"))
        answer = [line for line in lines if line["type"] == "reply"][-1]["text"]
        self.assertTrue(any("\u4e00" <= c <= "\u9fff" for c in answer), answer)

    def test_stereo_at_44100_hz_is_taken_and_said(self):
        samples, _ = read_wav(JFK)
        both = [s for sample in samples[:48000] for s in (sample,) * 4]  # each sample twice in time, and on both channels
        write_wav(self.folder / "stereo.wav", both, 44100, 2)
        done = parley("transcribe", self.folder / "stereo.wav")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = parley("call", self.folder / "stereo.wav", "--role", "joe", "--no-greeting")
        self.assertIn("2 channels mixed to one, 44100 Hz resampled to 16000 Hz", done.stdout)

    def test_mp3_called_wav_is_decoded_and_said(self):
        shutil.copy(HOME / "samples/jfk.mp3", self.folder / "question.wav")
        done = parley("call", self.folder / "question.wav", "--role", "joe", "--no-greeting")
        self.assertIn("decoded", done.stdout)
        self.assertIn("country", done.stdout)


class BadInput(Scratch):
    def test_empty_file(self):
        (self.folder / "empty.wav").touch()
        self.refused(parley("call", self.folder / "empty.wav"), "empty.wav", "empty (0 bytes)")

    def test_no_recording_at_all(self):
        (self.folder / "letter.wav").write_text("Dear aunt, this is no sound.")
        self.refused(parley("call", self.folder / "letter.wav"), "letter.wav", "no recording that can be read")

    def test_missing_file(self):
        self.refused(parley("call", self.folder / "nowhere.wav"), "no such file")

    def test_silence_gets_a_sentence_and_no_invented_words(self):
        write_wav(self.folder / "silence.wav", [0] * 32000)
        done = parley("call", self.folder / "silence.wav", "--no-greeting")
        self.refused(done, "no speech was heard in silence.wav")
        self.assertNotIn("you", done.stdout.replace("your", ""))

    def test_unknown_role_names_the_ones_there_are(self):
        self.refused(parley("call", JFK, "--role", "pirate"), "no role 'pirate'", "xiaohe")
        self.refused(parley("call", JFK, "--role", "xiaoha"), "did you mean 'xiaohe'")

    def test_unknown_voice(self):
        self.refused(parley("speak", "你好", "--voice", "kokoro:zf_xiaoxia", "--out", self.folder / "a.wav"), "zf_xiaoxia")
        self.refused(parley("speak", "你好", "--voice", "nobody:at_all", "--out", self.folder / "a.wav"), "nobody")

    def test_broken_configuration_names_the_line(self):
        (self.folder / "c.yaml").write_text("server:\n  prot: 1\n")
        self.refused(parley("call", JFK, "--config", self.folder / "c.yaml"), "line 2", "did you mean 'port'")

    def test_no_sound_card_is_said(self):
        if pathlib.Path("/dev/snd").exists():
            self.skipTest("this machine has a sound card")
        self.refused(parley("call"), "give a recording")

    def damaged_home(self, damage):
        """A home that shares everything with the real one but one model file."""
        home = self.folder / "home"
        (home / "models").mkdir(parents=True)
        for entry in HOME.iterdir():
            if entry.name != "models":
                (home / entry.name).symlink_to(entry)
        for model in (HOME / "models").iterdir():
            if model.name != damage.parts[0]:
                (home / "models" / model.name).symlink_to(model)
                continue
            shutil.copytree(model, home / "models" / model.name, symlinks=True)
        file = home / "models" / damage
        os.chmod(file, 0o644)
        with open(file, "r+b") as out:
            out.truncate(file.stat().st_size // 2)
        return {"PARLEY_HOME": str(home)}

    def test_damaged_models_are_named(self):
        for file in ("whisper-base/ggml-base.bin", "smart-turn-v3.2/smart-turn-v3.2-cpu.onnx", "qwen2.5-coder-0.5b-instruct/model.gguf"):
            with self.subTest(file):
                shutil.rmtree(self.folder / "home", ignore_errors=True)
                env = self.damaged_home(pathlib.Path(file))
                self.refused(parley("call", JFK, env=env), file.split("/")[0], "parley models")
                self.refused(parley("models", "verify", file.split("/")[0], env=env), file.split("/")[0])

    def test_absent_model_says_how_to_get_it(self):
        home = self.folder / "home"
        (home / "models").mkdir(parents=True)
        self.refused(parley("call", JFK, env={"PARLEY_HOME": str(home)}), "parley models pull")


class Serve(Scratch):
    def start(self, *args):
        process = served.start(*args)
        self.addCleanup(served.end, process)
        return process

    def test_ready_health_and_end_in_peace(self):
        process = self.start()
        base = served.wait_ready(process)
        with urllib.request.urlopen(base + "/healthz") as answer:
            self.assertEqual(answer.status, 200)
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(base + "/v1/nothing")
        self.assertEqual(caught.exception.code, 404)
        self.assertIn("error", json.loads(caught.exception.read()))
        caught.exception.close()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(parley("serve", "--port", port), "in use", "--port")

    def test_other_hosts_need_a_key(self):
        self.refused(parley("serve", "--host", "0.0.0.0", "--port", 0), "key")


if __name__ == "__main__":
    unittest.main(verbosity=2)
