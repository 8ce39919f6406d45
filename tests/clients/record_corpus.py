"""Writes down what other people's clients say to the server and what they are told, for codec tests and as seeds of the fuzzer.

    CARDBOARD=build/release/tests/cardboard_serve python3 tests/clients/record_corpus.py

A relay stands between each client of run_cardboard.py and a server with engines of cardboard. Sound is cut short, repeated sound left
out. Messages of a client go, one a line and a blank line between connections, to src/server/testdata/realtime_codec_fuzz/CLIENT.jsonl;
one event of each type that it was told to src/server/testdata/told/CLIENT.jsonl."""
import client_venv

client_venv.enter()

import asyncio
import json
import pathlib
import subprocess
import sys
import threading

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run_cardboard

testdata = run_cardboard.root / "src/server/testdata"
CLIENTS = [script for script in run_cardboard.SCRIPTS if script != "test_bad_input.py"]
HOP = {"host", "connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol", "user-agent"}


def shortened(message):
    for field in ("audio", "delta"):
        if isinstance(message.get(field), str) and message["type"] in ("input_audio_buffer.append", "response.output_audio.delta", "response.audio.delta"):
            message[field] = message[field][:64]
    return message


class Relay:
    def __init__(self, target):
        self.target = target
        self.connections = []  # of each: what the client said
        self.told = {}  # type → event

    def note(self, said, text):
        message = shortened(json.loads(text))
        appended = sum(one["type"] == "input_audio_buffer.append" for one in said)
        if message["type"] != "input_audio_buffer.append" or appended < 2:
            said.append(message)

    async def carry(self, source, sink, seen):
        try:
            async for text in source:
                seen(text)
                await sink.send(text)
        except ConnectionClosed:
            pass
        await sink.close()

    async def handle(self, client):
        said = []
        self.connections.append(said)
        headers = [(name, value) for name, value in client.request.headers.raw_items() if name.lower() not in HOP]
        offered = [name.strip() for value in client.request.headers.get_all("Sec-WebSocket-Protocol") for name in value.split(",")]
        address = self.target.replace("http", "ws", 1) + client.request.path
        async with connect(address, additional_headers=headers, subprotocols=offered or None, max_size=None, compression=None) as server:

            def told(text):
                event = shortened(json.loads(text))
                self.told.setdefault(event["type"], event)

            await asyncio.gather(self.carry(client, server, lambda text: self.note(said, text)), self.carry(server, client, told))

    async def run(self, opened, closing):
        choose = lambda connection, offered: "realtime" if "realtime" in offered else None
        async with serve(self.handle, "127.0.0.1", 0, max_size=None, compression=None, select_subprotocol=choose) as door:
            opened(door.sockets[0].getsockname()[1])
            await asyncio.to_thread(closing.wait)


def record(script):
    server = subprocess.Popen([run_cardboard.CARDBOARD], stdout=subprocess.PIPE, text=True)
    relay = Relay(server.stdout.readline().split()[-1])
    closing, port, ready = threading.Event(), [], threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(relay.run(lambda number: (port.append(number), ready.set()), closing)))
    thread.start()
    ready.wait()
    try:
        if not run_cardboard.run(script, f"http://127.0.0.1:{port[0]}", server.pid):
            sys.exit(f"{script} failed; nothing is written")
    finally:
        closing.set()
        thread.join()
        server.terminate()
        server.wait()
    return relay


def write(folder, name, connections):
    folder.mkdir(parents=True, exist_ok=True)
    blocks = ["".join(json.dumps(message, ensure_ascii=False) + "\n" for message in connection) for connection in connections]
    (folder / f"{name}.jsonl").write_text("\n".join(blocks), encoding="utf-8")


def main():
    for script in sys.argv[1:] or CLIENTS:
        print(f"--- {script}", flush=True)
        relay = record(script)
        name = pathlib.Path(script).stem.removeprefix("test_")
        write(testdata / "realtime_codec_fuzz", name, relay.connections)
        write(testdata / "told", name, [[relay.told[kind] for kind in sorted(relay.told)]])
        print(f"{name}: {len(relay.connections)} connections, {sum(map(len, relay.connections))} messages, {len(relay.told)} types told")


main()
