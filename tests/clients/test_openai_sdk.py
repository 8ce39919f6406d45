"""The official openai package talks to a running `parley serve`.

    PARLEY_URL=http://127.0.0.1:8080 python tests/clients/test_openai_sdk.py speech.wav

`speech.wav`: mono PCM16 of any rate in which somebody says a sentence. PARLEY_KEY: an API key, when the server wants one.
"""

import client_venv

client_venv.enter()

import array
import asyncio
import base64
import os
import sys
import time
import wave

from openai import AsyncOpenAI

PATIENCE_S = float(os.environ.get("PARLEY_PATIENCE_S", "60"))
RATE = 24000
PIECE_MS = 40


def read_speech(path: str) -> bytes:
    """The file as 24 kHz PCM16; other rates by linear interpolation, which is good enough to be understood."""
    with wave.open(path) as file:
        assert file.getsampwidth() == 2 and file.getnchannels() == 1, "a mono 16-bit WAV is needed"
        rate = file.getframerate()
        samples = array.array("h", file.readframes(file.getnframes()))
    if rate != RATE:
        count = len(samples) * RATE // rate
        out = array.array("h")
        for i in range(count):
            position = i * rate / RATE
            left = int(position)
            right = min(left + 1, len(samples) - 1)
            out.append(int(samples[left] + (samples[right] - samples[left]) * (position - left)))
        samples = out
    return samples.tobytes()


class Ear:
    """Reads everything the server says and lets a test wait for what it wants."""

    def __init__(self, connection):
        self.connection = connection
        self.events = []
        self.changed = asyncio.Condition()
        self.task = asyncio.create_task(self.listen())

    async def listen(self):
        async for event in self.connection:
            async with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    async def wait(self, kind: str, since: int = 0, fits=lambda event: True):
        def found():
            return next((event for event in self.events[since:] if event.type == kind and fits(event)), None)

        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(found), PATIENCE_S)
            except asyncio.TimeoutError:
                raise AssertionError(f"no {kind} within {PATIENCE_S:.0f} s; heard {[event.type for event in self.events[since:]]}")
            return found()

    def kinds(self, since: int = 0):
        return [event.type for event in self.events[since:]]

    def sound(self, since: int = 0) -> bytes:
        return b"".join(base64.b64decode(event.delta) for event in self.events[since:] if event.type == "response.output_audio.delta")


def in_order(kinds: list[str], wanted: list[str]) -> None:
    position = -1
    for kind in wanted:
        assert kind in kinds[position + 1 :], f"{kind} is missing or out of order in {kinds}"
        position = kinds.index(kind, position + 1)


async def speak(connection, speech: bytes) -> None:
    """In real time, as a microphone would, and silence after it."""
    piece = RATE * 2 * PIECE_MS // 1000
    sound = speech + bytes(RATE * 2 * 3)
    began = time.monotonic()
    for index, start in enumerate(range(0, len(sound), piece)):
        await connection.input_audio_buffer.append(audio=base64.b64encode(sound[start : start + piece]).decode())
        await asyncio.sleep(max(0.0, began + (index + 1) * PIECE_MS / 1000 - time.monotonic()))


async def test_spoken_turn(connection, ear: Ear, speech: bytes) -> None:
    since = len(ear.events)
    speaking = asyncio.create_task(speak(connection, speech))
    await ear.wait("input_audio_buffer.speech_started", since)
    # A speaker who pauses long may be answered and go on: that answer ends as cancelled, and the one that counts is completed.
    done = await ear.wait("response.done", since, lambda event: event.response.status == "completed")
    await speaking
    ours = lambda event: getattr(event, "response_id", getattr(getattr(event, "response", None), "id", done.response.id)) == done.response.id
    since += max(i for i, event in enumerate(ear.events[since : ear.events.index(done)]) if event.type == "input_audio_buffer.speech_started")
    words = await ear.wait("conversation.item.input_audio_transcription.completed", since)
    in_order(
        [event.type for event in ear.events[since:] if ours(event)],
        [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_audio.delta",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
            "rate_limits.updated",
        ],
    )
    assert words.transcript.strip() and words.usage is not None
    assert done.response.usage.output_tokens > 0
    said = await ear.wait("response.output_audio_transcript.done", since, ours)
    deltas = "".join(event.delta for event in ear.events[since:] if event.type == "response.output_audio_transcript.delta" and ours(event))
    assert said.transcript.strip() and said.transcript == deltas
    assert len(ear.sound(since)) > RATE * 2 // 5, "less than 0.2 s of sound"
    print(f"heard: {words.transcript!r}\nsaid:  {said.transcript!r} ({len(ear.sound(since)) / RATE / 2:.1f} s)")


async def test_text_turn(connection, ear: Ear) -> None:
    since = len(ear.events)
    await connection.conversation.item.create(
        item={"id": "item_mine", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "用一句话介绍北京。"}]}
    )
    added = await ear.wait("conversation.item.added", since)
    assert added.item.id == "item_mine" and added.previous_item_id != "item_mine"
    await ear.wait("conversation.item.done", since)
    await connection.conversation.item.retrieve(item_id="item_mine")
    retrieved = await ear.wait("conversation.item.retrieved", since)
    assert retrieved.item.content[0].text == "用一句话介绍北京。"
    await connection.response.create(response={"output_modalities": ["text"], "metadata": {"client_event_id": "七"}})
    created = await ear.wait("response.created", since)
    assert created.response.metadata == {"client_event_id": "七"}
    done = await ear.wait("response.done", since)
    assert done.response.status in ("completed", "incomplete") and done.response.output[0].content[0].text.strip()
    assert not ear.sound(since)


async def test_unknown_event(connection, ear: Ear) -> None:
    since = len(ear.events)
    await connection.send({"type": "parley.no_such_event", "event_id": "mine_1"})
    error = (await ear.wait("error", since)).error
    assert error.type == "invalid_request_error" and error.event_id == "mine_1" and error.param == "type", error


async def test_cancel(connection, ear: Ear) -> None:
    since = len(ear.events)
    await connection.response.cancel()
    assert (await ear.wait("error", since)).error.code == "response_cancel_not_active"
    since = len(ear.events)
    await connection.response.create(response={"instructions": "从一慢慢数到一百。"})
    await ear.wait("response.created", since)
    await connection.response.cancel()
    done = await ear.wait("response.done", since)
    assert done.response.status == "cancelled" and done.response.status_details.reason == "client_cancelled", done.response
    assert done.response.usage is not None
    before = len(ear.events)
    await asyncio.sleep(1.0)
    assert not ear.sound(before), "sound of a cancelled answer"


async def test_update(connection, ear: Ear) -> None:
    since = len(ear.events)
    await connection.session.update(
        session={"type": "realtime", "audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}}}
    )
    session = (await ear.wait("session.updated", since)).session
    assert session.audio.input.turn_detection.interrupt_response is True
    assert session.audio.input.turn_detection.eagerness == "high"
    since = len(ear.events)
    await connection.session.update(session={"type": "realtime", "audio": {"output": {"speed": 9}}})
    assert (await ear.wait("error", since)).error.param == "session.audio.output.speed"


async def main() -> None:
    speech = read_speech(sys.argv[1])
    url = os.environ.get("PARLEY_URL", "http://127.0.0.1:8080").rstrip("/")
    client = AsyncOpenAI(
        base_url=f"{url}/v1",
        websocket_base_url=f"{url.replace('http', 'ws', 1)}/v1",
        api_key=os.environ.get("PARLEY_KEY", "none-needed"),
    )
    async with client.realtime.connect(model="default") as connection:
        ear = Ear(connection)
        await ear.wait("session.created")
        assert ear.events[0].type == "session.created", ear.kinds()
        for test in (test_update, test_unknown_event, test_text_turn, test_cancel):
            await test(connection, ear)
            print("ok  ", test.__name__)
        await test_spoken_turn(connection, ear, speech)
        print("ok   test_spoken_turn")
        ear.task.cancel()


asyncio.run(main())
