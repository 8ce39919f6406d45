"""Other people's clients of embeddings, speech and transcriptions talk to a running `parley serve`: openai, LangChain, curl.

    PARLEY_URL=http://127.0.0.1:8080 python tests/clients/test_sound_and_vectors.py speech.wav

`speech.wav`: somebody says "ask not what your country can do for you …". PARLEY_KEY: an API key, when the server wants one.
"""

import client_venv

client_venv.enter(*client_venv.TEXT, place="venv-clients-text")

import io
import json
import math
import os
import subprocess
import sys
import time
import unittest
import wave

import openai
from langchain_openai import OpenAIEmbeddings
from openapi_spec_validator import validate

URL = os.environ.get("PARLEY_URL", "http://127.0.0.1:8080").rstrip("/")
KEY = os.environ.get("PARLEY_KEY", "none-needed")
SPEECH = sys.argv.pop(1)
CHINESE = "今天天气很好，我们一起去公园散步吧。"


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b))


class Client(unittest.TestCase):
    def setUp(self):
        self.client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=300)
        self.addCleanup(self.client.close)

    def refused(self, param, call, **what):
        with self.assertRaises(openai.BadRequestError) as caught:
            call(**what)
        self.assertEqual(caught.exception.param, param)


class Embeddings(Client):
    def embed(self, texts, **more):
        return self.client.embeddings.create(model="default", input=texts, **more)

    def test_near_meaning_is_near_in_both_languages(self):
        answer = self.embed(["The cat sits on the mat.", "一只猫坐在垫子上。", "Interest rates rose in March."])
        cat, 猫, rates = (each.embedding for each in answer.data)
        self.assertEqual([each.index for each in answer.data], [0, 1, 2])
        self.assertEqual(len(cat), 384)
        self.assertAlmostEqual(cosine(cat, cat), 1, places=3)
        self.assertGreater(cosine(cat, 猫), cosine(cat, rates))
        self.assertGreater(answer.usage.total_tokens, 15)

    def test_floats_and_base64_are_the_same(self):
        # The SDK asks for base64 of its own accord and decodes it.
        as_base64, as_floats = self.embed("same"), self.embed("same", encoding_format="float")
        for x, y in zip(as_base64.data[0].embedding, as_floats.data[0].embedding):
            self.assertTrue(math.isclose(x, y, abs_tol=1e-6))

    def test_mistakes_name_their_field(self):
        self.refused("input", self.embed, texts=[])
        self.refused("input", self.embed, texts="很长" * 2000)
        self.refused("input[1]", self.embed, texts=["a", ""])
        self.refused("input[0]", self.embed, texts=[1, 2, 3])
        self.refused("dimensions", self.embed, texts="a", dimensions=256)
        with self.assertRaises(openai.NotFoundError):
            self.client.embeddings.create(model="text-embedding-3-small", input="a")

    def test_langchain(self):
        kept = dict(model="default", base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
        model = OpenAIEmbeddings(check_embedding_ctx_length=False, **kept)
        documents = model.embed_documents(["怎么退货？", "商店几点开门？"])
        question = model.embed_query("我想把买的东西退掉")
        self.assertGreater(cosine(question, documents[0]), cosine(question, documents[1]))


class Speech(Client):
    def speak(self, text, **more):
        return self.client.audio.speech.create(model="tts-1", **{"voice": "alloy", **more}, input=text)

    def transcribed(self, sound, name):
        return self.client.audio.transcriptions.create(model="whisper-1", file=(name, sound)).text

    def test_what_is_spoken_is_heard_again_in_every_format(self):
        for name in ("mp3", "opus", "flac", "wav"):
            sound = self.speak("The weather is nice today.", response_format=name).content
            self.assertIn("weather", self.transcribed(sound, f"speech.{name}").lower(), name)

    def test_chinese(self):
        sound = self.speak(CHINESE, voice="kokoro:zf_xiaoxiao").content
        heard = self.transcribed(sound, "speech.mp3")
        self.assertGreaterEqual(sum(c in heard for c in "天气公园散步"), 4, heard)

    def test_sound_leaves_before_all_of_it_is_made(self):
        text = " ".join(f"This is sentence number {i}, and it says nothing of importance." for i in range(12))
        began, sizes, times = time.monotonic(), [], []
        with self.client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input=text, response_format="pcm") as answer:
            for piece in answer.iter_bytes():
                sizes.append(len(piece))
                times.append(time.monotonic() - began)
        self.assertGreater(sum(sizes), 24000 * 2 * 10)
        self.assertLess(times[0], times[-1] / 3)

    def test_speed(self):
        slow, fast = (len(self.speak("One two three four five.", response_format="pcm", speed=s).content) for s in (0.75, 1.5))
        self.assertGreater(slow, 1.5 * fast)

    def test_a_wav_is_one(self):
        with wave.open(io.BytesIO(self.speak("Good morning.", response_format="wav").content)) as file:
            self.assertEqual((file.getframerate(), file.getnchannels(), file.getsampwidth()), (24000, 1, 2))

    def test_events(self):
        with self.client.audio.speech.with_streaming_response.create(
            model="default", voice="alloy", input="Good morning.", response_format="pcm", stream_format="sse"
        ) as answer:
            events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line]
        self.assertEqual({event["type"] for event in events[:-1]}, {"speech.audio.delta"})
        self.assertEqual(events[-1]["type"], "speech.audio.done")

    def test_mistakes_name_their_field(self):
        self.refused("voice", self.speak, text="hi", voice="nobody:at-all")
        self.refused("input", self.speak, text="很" * 5000)
        self.refused("response_format", self.speak, text="hi", response_format="aac")
        self.refused("instructions", self.speak, text="hi", instructions="sing")


class Transcriptions(Client):
    def transcribe(self, **more):
        with open(SPEECH, "rb") as file:
            return self.client.audio.transcriptions.create(**{"model": "default", "file": file, **more})

    def test_text_and_json(self):
        self.assertIn("country", self.transcribe().text)
        self.assertIn("country", self.transcribe(response_format="text"))

    def test_segments_and_words_have_times(self):
        told = self.transcribe(response_format="verbose_json", timestamp_granularities=["word", "segment"])
        self.assertEqual(told.language, "en")
        self.assertAlmostEqual(told.duration, 11, delta=0.1)
        self.assertIn("country", " ".join(segment.text for segment in told.segments))
        self.assertTrue(all(a.end <= b.start + 0.01 for a, b in zip(told.segments, told.segments[1:])))
        words = {word.word.lower(): word for word in told.words}
        self.assertTrue(all(0 <= word.start <= word.end <= 11.1 for word in told.words))
        self.assertTrue(all(a.start <= b.start for a, b in zip(told.words, told.words[1:])))
        # "ask not" comes after the long pause at 3.3 s; the last word ends before 10.9 s.
        self.assertTrue(2.9 < words["ask"].start or told.words[5].start > 2.9, told.words)

    def test_subtitles(self):
        self.assertRegex(self.transcribe(response_format="srt"), r"^1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n")
        self.assertRegex(self.transcribe(response_format="vtt"), r"^WEBVTT\n\n00:00:0\d\.\d{3} --> ")

    def test_a_stream(self):
        events = list(self.transcribe(stream=True))
        self.assertEqual(events[-1].type, "transcript.text.done")
        self.assertEqual("".join(event.delta for event in events[:-1]), events[-1].text)
        self.assertIn("country", events[-1].text)

    def test_mistakes_name_their_field(self):
        self.refused("file", self.transcribe, file=("a.wav", b"no sound at all"))
        self.refused("file", self.transcribe, file=("a.wav", b""))
        self.refused("language", self.transcribe, language="english")
        self.refused("response_format", self.transcribe, response_format="xml")
        self.refused("temperature", self.transcribe, temperature=0.8)

    def test_curl_sends_a_form(self):
        command = ["curl", "-sN", f"{URL}/v1/audio/transcriptions", "-H", f"Authorization: Bearer {KEY}", "-F", f"file=@{SPEECH}", "-F", "stream=true"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        self.assertIn('"transcript.text.done"', told)

    def test_what_is_too_large_is_refused(self):
        with self.assertRaises(openai.APIStatusError) as caught:
            self.transcribe(file=("a.wav", bytes(27 << 20)))
        self.assertEqual(caught.exception.status_code, 413)


class Description(Client):
    def test_openapi_is_valid_and_models_are_listed(self):
        told = subprocess.run(["curl", "-s", f"{URL}/openapi.json"], capture_output=True, text=True, check=True).stdout
        validate(json.loads(told))
        names = [model.id for model in self.client.models.list()]
        for name in ("default", "whisper-base", "multilingual-e5-small", "kokoro-82m"):
            self.assertIn(name, names)


if __name__ == "__main__":
    unittest.main(verbosity=2)
