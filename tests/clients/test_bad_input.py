"""Clients that are broken or mean harm, against PARLEY_URL: typed answers, bounded memory, and a good call beside them unharmed.

PARLEY_PID is the server's process, whose memory is looked at.
"""
import client_venv

client_venv.enter()

import asyncio
import base64
import json
import os
import random
import socket
import urllib.parse

import websockets

URL = os.environ["PARLEY_URL"]
ADDRESS = urllib.parse.urlparse(URL)
WS = URL.replace("http", "ws", 1) + "/v1/realtime?model=default"
MIB = 1 << 20
OPTIONS = {"max_size": None, "open_timeout": 30}


def memory() -> int:
    with open(f"/proc/{os.environ['PARLEY_PID']}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


async def hear(ws, kind: str):
    while True:
        event = json.loads(await asyncio.wait_for(ws.recv(), 30))
        if event["type"] == kind:
            return event


async def ask(ws) -> None:
    """One typed turn of a good client."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "are you there?"}]}
    await ws.send(json.dumps({"type": "conversation.item.create", "item": item}))
    await ws.send(json.dumps({"type": "response.create", "response": {"output_modalities": ["text"]}}))
    done = await hear(ws, "response.done")
    assert done["response"]["output"][0]["content"][0]["text"].strip() == "You said: are you there?", done


def malformed(chance: random.Random) -> str | bytes:
    good = json.dumps({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "你好"}]}})
    kind = chance.randrange(6)
    if kind == 0:
        return good[: chance.randrange(len(good) - 1)]
    if kind == 1:
        return chance.randbytes(chance.randrange(1, 200))
    if kind == 2:
        return "[" * chance.randrange(1, 5000)
    if kind == 3:
        return json.dumps({"type": chance.choice(["session.update", "response.create", "conversation.item.truncate"]), "session": chance.choice([1, None, [], "x"]), "response": 7})
    if kind == 4:
        return json.dumps({"type": "input_audio_buffer.append", "audio": "!" * chance.randrange(1, 500)})
    return json.dumps({"type": chance.choice(["", "x", "session.created", 5, None, {}]), "event_id": chance.choice(["a", 5, "b" * 600])})


async def ten_thousand_malformed_frames(good) -> None:
    chance = random.Random(1)
    async with websockets.connect(WS, **OPTIONS) as ws:
        await hear(ws, "session.created")
        for round in range(100):
            frames = [malformed(chance) for _ in range(100)]
            for frame in frames:
                await ws.send(frame)
            for _ in frames:
                error = (await hear(ws, "error"))["error"]
                assert error["type"] == "invalid_request_error" and error["message"], error
            if round % 25 == 0:
                await ask(good)
        await ask(ws)  # and the session itself goes on


async def a_frame_of_30_mib(good) -> None:
    async with websockets.connect(WS, **OPTIONS) as ws:
        try:
            await ws.send("x" * (30 * MIB))
            while True:
                await asyncio.wait_for(ws.recv(), 30)
        except websockets.ConnectionClosed:
            assert ws.close_code in (1009, 1006), ws.close_code
    await ask(good)


async def a_frame_of_20_mib(good) -> None:
    """As long as the protocol's 15 MiB of sound allow: read, and refused for what is in it."""
    async with websockets.connect(WS, **OPTIONS) as ws:
        await hear(ws, "session.created")
        await ws.send(json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(14 * MIB)).decode()}))
        await ws.send(json.dumps({"type": "x" * (20 * MIB - 100)}))
        assert (await hear(ws, "error"))["error"]["message"]
    await ask(good)


async def clients_that_never_read(good) -> None:
    """They ask for long answers and leave them lying; the queue's limit is the server's."""
    sockets = []
    for _ in range(8):
        ws = await websockets.connect(WS, **OPTIONS, max_queue=1)
        ws.transport.pause_reading()
        sockets.append(ws)
        for _ in range(3):
            await ws.send(json.dumps({"type": "response.create", "response": {"parley": {"say": "很久很久以前，" * 100}}}))
    await asyncio.sleep(2)
    await ask(good)
    for ws in sockets:
        ws.transport.abort()


async def clients_that_send_a_byte_a_second(good) -> None:
    sockets = [socket.create_connection((ADDRESS.hostname, ADDRESS.port)) for _ in range(50)]
    for character in "GET":
        for one in sockets:
            one.send(character.encode())
        await asyncio.sleep(1)
    await ask(good)
    for one in sockets:
        one.close()


async def a_thousand_connects_at_once(good) -> None:
    async def connect() -> str:
        try:
            async with websockets.connect(WS, **OPTIONS) as ws:
                await hear(ws, "session.created")
                return "served"
        except websockets.InvalidStatus as refused:
            assert refused.response.status_code == 429 and refused.response.headers["Retry-After"], refused.response
            return "refused"
        except (OSError, websockets.WebSocketException):
            return "closed"  # beyond the open sockets that it takes: before a byte is read

    outcomes = await asyncio.gather(*(connect() for _ in range(1000)))
    assert outcomes.count("served") > 0
    print("      ", {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))})
    await ask(good)


TESTS = (
    ten_thousand_malformed_frames,
    a_frame_of_20_mib,
    a_frame_of_30_mib,
    clients_that_never_read,
    clients_that_send_a_byte_a_second,
    a_thousand_connects_at_once,
)


async def main() -> None:
    async with websockets.connect(WS, **OPTIONS) as good:
        await hear(good, "session.created")
        await ask(good)
        before = memory()
        for test in TESTS:
            await test(good)
            grown = (memory() - before) / MIB
            print(f"ok   {test.__name__}: {grown:+.0f} MiB", flush=True)
            assert grown < 100, f"the server has grown by {grown:.0f} MiB"


asyncio.run(main())
