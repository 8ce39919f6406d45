#!/usr/bin/env python3
"""The frames of Volcengine's protocols as `volcengine-audio` writes and reads them (an independent client from the registry) against
Parley's: its frames to Parley's simulator, and those of Parley's clients to it.

    PARLEY=build/release/parley python3 tests/clients/test_volcengine_audio.py
"""
import asyncio
import base64
import contextlib
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

import client_venv

client_venv.enter("volcengine-audio==0.3.0", "websockets==17.4", place="venv-volcengine")

import websockets  # noqa: E402
from volcengine_audio import protocol, realtime, stt, tts  # noqa: E402

root = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(root / "tests"))

import served  # noqa: E402

PARLEY = os.environ.get("PARLEY", str(root / "build/release/parley"))
ENV = {**os.environ, "VOLC_API_KEY": "k", "ARK_API_KEY": "k"}
HEADERS = {"X-Api-Key": "k", "X-Api-Resource-Id": "r"}
ASR, TTS = stt.VolcengineAsrFunctionsV3, tts.VolcengineTTSFunctions
LIVE = realtime.RealtimeDialogueFunctions
REQUEST = {"user": {"uid": "u"}, "audio": {"format": "pcm", "rate": 16000, "bits": 16, "channel": 1},
           "request": {"model_name": "bigmodel", "enable_punc": True}}
SOUND = random.Random(1).randbytes(6400)
VOICE = random.Random(2).randbytes(48000)  # a second, at 24 kHz


class TheirClient(unittest.TestCase):
    """Their frames, in every dialect they speak, to our simulator; our replies through their readers."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        script = pathlib.Path(folder.name) / "script.txt"
        script.write_text("北京今天天气怎么样\n")
        cls.process = subprocess.Popen([PARLEY, "simulate", "volcengine", "--port", "0", "--script", script], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(lambda: (cls.process.terminate(), cls.process.communicate(timeout=30)))
        cls.address = "ws://127.0.0.1:" + cls.process.stdout.readline().strip().rsplit(":", 1)[1]

    def recognise(self, frames):
        async def run():
            async with websockets.connect(self.address + "/api/v3/sauc/bigmodel_async", additional_headers=HEADERS) as ws:
                for frame in frames:
                    await ws.send(bytes(frame))
                replies = []
                while not replies or not replies[-1]["is_last_package"]:
                    replies.append(ASR.parse_response(await ws.recv()))
                return replies
        return asyncio.run(asyncio.wait_for(run(), 30))

    def test_recognition_with_and_without_numbers_and_compression(self):
        plain = stt.VolcengineAsrFunctionsV2
        for compress in (False, True):
            numbered = [ASR.generate_asr_full_client_request(1, REQUEST, compress)]
            numbered += [ASR.generate_asr_audio_only_request(i, SOUND, compress) for i in (2, 3)]
            numbered += [ASR.generate_asr_audio_only_request(4, b"", compress)]
            bare = [plain.full_client_request(REQUEST, compress), plain.audio_only_request(SOUND, compress), plain.audio_only_request(SOUND, compress, last=True)]
            for frames in (numbered, bare):
                replies = self.recognise(frames)
                self.assertTrue(replies[0]["message"]["result"]["additions"]["log_id"])
                self.assertEqual(replies[-1]["message"]["result"]["text"], "北京今天天气怎么样")
                self.assertLess(replies[-1]["sequence"], 0)
                self.assertEqual([r["sequence"] for r in replies[:-1]], list(range(1, len(replies))))

    def test_an_error_is_read_as_one(self):
        async def run():
            async with websockets.connect(self.address + "/api/v3/sauc/bigmodel_async", additional_headers=HEADERS) as ws:
                await ws.send(bytes(ASR.generate_asr_audio_only_request(2, SOUND, False)))
                return ASR.parse_response(await ws.recv())
        reply = asyncio.run(asyncio.wait_for(run(), 30))
        self.assertEqual(reply["code"], 45000001)
        self.assertIn("error", reply["message"])

    def test_synthesis_in_both_directions(self):
        async def run():
            sound, events = b"", []
            async with websockets.connect(self.address + "/api/v3/tts/bidirection", additional_headers=HEADERS, max_size=None) as ws:
                params = {"speaker": "zh_female_vv_uranus_bigtts", "audio_params": {"format": "pcm", "sample_rate": 24000}}
                await ws.send(TTS.start_connection_payload())
                for session in ("first-session", "会话二"):
                    await ws.send(TTS.start_session_payload(session, params, {"uid": "u"}))
                    await ws.send(TTS.task_request_payload(session, "你好，我是豆包。", params["speaker"], params["audio_params"]))
                    await ws.send(TTS.finish_session_payload(session))
                    while True:
                        event, number, payload = TTS.extract_response_payload(await ws.recv())
                        events.append(event)
                        if event >= protocol.EventReceive.SessionStarted:
                            self.assertEqual(number, session)
                        if event == protocol.EventReceive.TTSResponse:
                            sound += payload
                        if event == protocol.EventReceive.SessionFinished:
                            break
                await ws.send(TTS.start_session_payload("cancelled", params))
                self.assertEqual(TTS.extract_response_payload(await ws.recv())[0], protocol.EventReceive.SessionStarted)
                await ws.send(TTS.cancel_session_payload("cancelled"))
                self.assertEqual(TTS.extract_response_payload(await ws.recv())[0], protocol.EventReceive.SessionCanceled)
                await ws.send(TTS.finish_connection_payload())
                self.assertEqual(TTS.extract_response_payload(await ws.recv())[0], protocol.EventReceive.ConnectionFinished)
            return sound, events
        sound, events = asyncio.run(asyncio.wait_for(run(), 30))
        self.assertEqual(events[:2], [protocol.EventReceive.ConnectionStarted, protocol.EventReceive.SessionStarted])
        self.assertEqual(len(sound), 2 * 8 * 1440 * 2)  # the simulator's hum is 60 ms a character

    def test_synthesis_in_one_direction(self):
        async def run():
            sound = b""
            async with websockets.connect(self.address + "/api/v3/tts/unidirectional/stream", additional_headers=HEADERS, max_size=None) as ws:
                body = {"user": {"uid": "u"}, "req_params": {"text": "你好，我是豆包。", "speaker": "v", "audio_params": {"format": "pcm", "sample_rate": 24000}}}
                await ws.send(bytes(TTS.prepare_request(body)))
                while True:
                    event, _, payload = TTS.extract_response_payload(await ws.recv())
                    if event == protocol.EventReceive.TTSResponse:
                        sound += payload
                    if event == protocol.EventReceive.SessionFinished:
                        return sound
        self.assertEqual(len(asyncio.run(asyncio.wait_for(run(), 30))), 8 * 1440 * 2)


    def test_the_realtime_dialogue(self):
        config = realtime.RealtimeDialogueConfig(
            dialog={"system_role": "你是小禾。", "extra": {"input_mod": "push_to_talk", "model": "1.2.1.1"}},
            tts={"audio_config": {"format": "pcm_s16le"}, "extra": {}}, asr={})
        models = {"TTSSentenceStart": realtime.RealtimeTTSSentenceStartResponse, "TTSSentenceEnd": realtime.RealtimeTTSSentenceEndResponse,
                  "ASRInfo": realtime.ASRInfoResponse, "ASRResponse": realtime.ASRResponseModel, "ASREnded": realtime.ASREndedResponse,
                  "ChatResponse": realtime.ChatResponseModel, "ChatTextQueryConfirmed": realtime.ChatTextQueryConfirmedResponse,
                  "SessionStarted": realtime.SessionStartedResponse, "ConversationUpdated": realtime.ConversationUpdatedResponse}

        async def run():
            seen, said, written, sound = [], [], [], b""
            async with websockets.connect(self.address + "/api/v3/realtime/dialogue", additional_headers=HEADERS, max_size=None) as ws:
                async def until(last):
                    nonlocal sound
                    while True:
                        event, session, payload = TTS.extract_response_payload(await ws.recv())
                        seen.append(event.name)
                        if event >= protocol.EventReceive.SessionStarted:
                            self.assertEqual(session, "their-session")
                        if event == protocol.EventReceive.TTSResponse:
                            sound += payload
                        elif event.name in models:
                            told = models[event.name].model_validate(json.loads(payload) if isinstance(payload, (bytes, str)) else payload)
                            said.extend(r.text for r in getattr(told, "results", []) if not r.is_interim)
                            written.extend([told.content] if event == protocol.EventReceive.ChatResponse else [])
                            reply = getattr(told, "reply_id", None)
                        if event == last:
                            return reply if event == protocol.EventReceive.TTSSentenceEnd else None

                await ws.send(LIVE.start_connection_payload())
                await until(protocol.EventReceive.ConnectionStarted)
                await ws.send(LIVE.start_session_payload("their-session", config))
                await until(protocol.EventReceive.SessionStarted)
                await ws.send(LIVE.say_hello_payload("their-session", realtime.SayHelloRequest(content="你好，我是豆包。")))
                await until(protocol.EventReceive.TTSEnded)
                greeting = len(sound)
                for _ in range(5):
                    await ws.send(LIVE.task_request_payload("their-session", SOUND))
                await ws.send(LIVE.end_asr_payload("their-session"))
                reply = await until(protocol.EventReceive.TTSSentenceEnd)
                await until(protocol.EventReceive.TTSEnded)
                await ws.send(LIVE.conversation_update_payload("their-session", realtime.ConversationUpdateRequest(items=[{"item_id": reply, "text": "您刚才"}])))
                await until(protocol.EventReceive.ConversationUpdated)
                await ws.send(LIVE.chat_text_query_payload("their-session", realtime.ChatTextQueryRequest(content="你是谁")))
                await until(protocol.EventReceive.TTSEnded)
                await ws.send(LIVE.chat_tts_text_payload("their-session", realtime.ChatTTSTextRequest(start=True, content="再见。", end=True)))
                await until(protocol.EventReceive.TTSSentenceStart)
                await ws.send(LIVE.client_interrupt_payload("their-session"))
                await ws.send(LIVE.finish_session_payload("their-session"))
                await until(protocol.EventReceive.SessionFinished)
                await ws.send(LIVE.finish_connection_payload())
                await until(protocol.EventReceive.ConnectionFinished)
            return seen, said, "".join(written), greeting

        seen, said, written, greeting = asyncio.run(asyncio.wait_for(run(), 60))
        self.assertEqual(said, ["北京今天天气怎么样"])
        self.assertIn("您刚才说的是：北京今天天气怎么样", written)
        self.assertIn("您刚才说的是：你是谁", written)
        self.assertEqual(greeting, 8 * 1440 * 2)
        for name in ("ASRInfo", "ASREnded", "ChatEnded", "USAGE", "ChatTextQueryConfirmed"):
            self.assertIn(name, seen)


class ServedCall(unittest.TestCase):
    """A call of `parley serve` that the realtime dialogue holds: the Realtime protocol says of it what it says of any other."""

    def test_the_events_of_a_call_that_the_service_holds(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            script = pathlib.Path(folder) / "script.txt"
            script.write_text("北京今天天气怎么样\n谢谢你\n你是谁\n")
            simulator = subprocess.Popen([PARLEY, "simulate", "volcengine", "--port", "0", "--script", script], stdout=subprocess.PIPE, text=True)
            stack.callback(lambda: (simulator.terminate(), simulator.communicate(timeout=30)))
            port = simulator.stdout.readline().strip().rsplit(":", 1)[1]
            ears, voice = ((root / f"config/volcengine-{name}.yaml").read_text().split("\nuse:")[0].replace("127.0.0.1:8091", f"127.0.0.1:{port}")
                           for name in ("simulated", "dialogue"))
            config = pathlib.Path(folder) / "config.yaml"
            config.write_text(ears + voice[voice.index("services:") + len("services:"):] + "\nuse:\n"
                              "  recogniser: [doubao-live, doubao-ears]\n  model: [doubao-live, ark]\n  synthesiser: [doubao-live, doubao]\n")
            address = stack.enter_context(served.served("--config", config, env={"VOLC_API_KEY": "k", "ARK_API_KEY": "k"}))
            asyncio.run(asyncio.wait_for(self.call(address.replace("http", "ws", 1)), 120))

    async def call(self, address):
        events = []
        async with websockets.connect(address + "/v1/realtime?model=default", max_size=None) as ws:
            async def tell(**event):
                await ws.send(json.dumps(event))

            async def until(kind, too_late=False):
                while True:
                    events.append(json.loads(await ws.recv()))
                    if events[-1]["type"] == "error" and too_late:
                        self.assertEqual(events[-1]["error"]["code"], "response_cancel_not_active", events[-1])
                        continue
                    self.assertNotEqual(events[-1]["type"], "error", events[-1])
                    if events[-1]["type"] == kind:
                        return events[-1]

            async def turn():
                for at in range(0, len(VOICE), 4800):
                    await tell(type="input_audio_buffer.append", audio=base64.b64encode(VOICE[at:at + 4800]).decode())
                await tell(type="input_audio_buffer.commit")
                await tell(type="response.create")

            await until("session.created")
            await tell(type="session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}})
            await until("session.updated")
            await turn()
            done = (await until("response.done"))["response"]
            self.assertEqual(done["status"], "completed")
            said = done["output"][0]["content"][0]["transcript"]
            self.assertIn("您刚才说的是：北京今天天气怎么样", said)
            kinds = [event["type"] for event in events]
            for kind in ("input_audio_buffer.committed", "conversation.item.input_audio_transcription.completed", "response.created",
                         "response.output_item.added", "response.output_audio.done", "response.output_item.done"):
                self.assertEqual(kinds.count(kind), 1, kind)
            text = "".join(e["delta"] for e in events if e["type"] == "response.output_audio_transcript.delta")
            sound = sum(len(base64.b64decode(e["delta"])) for e in events if e["type"] == "response.output_audio.delta")
            self.assertEqual(text, said)
            self.assertEqual(sound, len(said) * 1440 * 2)  # every sample of the service's, once
            heard = [e["transcript"] for e in events if e["type"].endswith("transcription.completed")]
            self.assertEqual(heard, ["北京今天天气怎么样"])

            await turn()
            first = await until("response.output_audio.delta")
            await tell(type="response.cancel")
            stopped = (await until("response.done"))["response"]
            too_late = stopped["status"] == "completed"  # all of it had been handed over: then there is nothing to cancel any more
            if not too_late:
                self.assertEqual(stopped["status"], "cancelled")
            await tell(type="conversation.item.truncate", item_id=first["item_id"], content_index=0, audio_end_ms=300)
            self.assertEqual((await until("conversation.item.truncated", too_late))["audio_end_ms"], 300)
            await turn()
            done = (await until("response.done"))["response"]
            self.assertIn("您刚才说的是：你是谁", done["output"][0]["content"][0]["transcript"])


class OurClient(unittest.TestCase):
    """What Parley's clients send, read by their readers and written again by their writers: the same bytes."""

    def test_every_frame_is_one_of_theirs(self):
        got = {"sauc": [], "tts": []}

        async def listen(ws):
            kind = "sauc" if "/sauc/" in ws.request.path else "tts"
            async for frame in ws:
                got[kind].append(frame)
                event = int.from_bytes(frame[4:8], "big")
                if kind == "tts" and event == 1:  # greet back, so that the session begins
                    await ws.send(bytes.fromhex("1194100000000032000000016300000002") + b"{}")
                elif kind == "tts" and event == 100:
                    size = int.from_bytes(frame[8:12], "big")
                    await ws.send(bytes.fromhex("1194100000000096") + frame[8:12 + size] + b"\0\0\0\2{}")
                elif (kind == "tts" and event == 102) or (kind == "sauc" and frame[1] & 2):
                    return await ws.close()

        async def run():
            async with websockets.serve(listen, "127.0.0.1", 0) as server:
                port = server.sockets[0].getsockname()[1]
                with tempfile.TemporaryDirectory() as folder:
                    text = (root / "config/volcengine-simulated.yaml").read_text().replace("127.0.0.1:8091", f"127.0.0.1:{port}")
                    config = pathlib.Path(folder) / "config.yaml"
                    config.write_text(re.sub(r"  ark:.*?(?=  doubao:)", "", text, flags=re.S).replace("  model: ark\n", ""))
                    doctor = await asyncio.create_subprocess_exec(PARLEY, "doctor", "--cloud", "--config", str(config), env=ENV, stdout=subprocess.PIPE)
                    await doctor.communicate()
        asyncio.run(asyncio.wait_for(run(), 90))

        self.assertGreaterEqual(len(got["sauc"]), 3)
        last = [frame for frame in got["sauc"] if frame[1] & 2]
        self.assertTrue(last)
        request = ASR.parse_request(got["sauc"][0])
        self.assertEqual(request["request"]["model_name"], "bigmodel")
        for frame in got["sauc"]:
            kind = "full" if frame[1] >> 4 == 1 else "sound"
            if kind == "full":
                body = frame[8:]
                theirs = stt.VolcengineAsrFunctionsV2.full_client_request(json.loads(body), False)
                self.assertEqual(frame[:4], bytes(theirs[:4]))
                self.assertEqual(json.loads(body), json.loads(bytes(theirs[8:])))
            else:  # raw sound: they mark it as JSON, the document as raw
                theirs = bytearray(stt.VolcengineAsrFunctionsV2.audio_only_request(frame[8:], False, last=bool(frame[1] & 2)))
                theirs[2] = 0
                self.assertEqual(frame, bytes(theirs))

        seen = set()
        for frame in got["tts"]:
            event = protocol.EventSend(int.from_bytes(frame[4:8], "big"))
            seen.add(event)
            if event == protocol.EventSend.StartConnection:
                self.assertEqual(frame, TTS.start_connection_payload())
                continue
            size = int.from_bytes(frame[8:12], "big")
            session, body = frame[12:12 + size].decode(), frame[16 + size:]
            theirs = TTS.calculate_payload(protocol.MessageType.FULL_CLIENT_REQUEST, event, session_id=session, request_meta=json.loads(body))
            self.assertEqual(frame[:12 + size], theirs[:12 + size])
            self.assertEqual(int.from_bytes(frame[12 + size:16 + size], "big"), len(body))
            self.assertEqual(json.loads(body), json.loads(theirs[16 + size:]))
        self.assertLessEqual({protocol.EventSend.StartConnection, protocol.EventSend.StartSession, protocol.EventSend.TaskRequest, protocol.EventSend.FinishSession}, seen)

    def test_every_frame_of_the_dialogue_is_one_of_theirs(self):
        got = []

        async def listen(ws):
            async for frame in ws:
                got.append(frame)
                event = int.from_bytes(frame[4:8], "big")
                if event == 1:
                    await ws.send(bytes.fromhex("1194100000000032000000016300000002") + b"{}")
                elif event == 100:
                    size = int.from_bytes(frame[8:12], "big")
                    await ws.send(bytes.fromhex("1194100000000096") + frame[8:12 + size] + b"\0\0\0\2{}")
                elif event == 501:
                    return await ws.close()

        async def run():
            async with websockets.serve(listen, "127.0.0.1", 0) as server:
                port = server.sockets[0].getsockname()[1]
                with tempfile.TemporaryDirectory() as folder:
                    config = pathlib.Path(folder) / "config.yaml"
                    config.write_text((root / "config/volcengine-dialogue.yaml").read_text().replace("127.0.0.1:8091", f"127.0.0.1:{port}"))
                    doctor = await asyncio.create_subprocess_exec(PARLEY, "doctor", "--cloud", "--config", str(config), env=ENV, stdout=subprocess.PIPE)
                    await doctor.communicate()
        asyncio.run(asyncio.wait_for(run(), 90))

        seen = set()
        for frame in got:
            event = protocol.EventSend(int.from_bytes(frame[4:8], "big"))
            seen.add(event)
            if event == protocol.EventSend.StartConnection:
                self.assertEqual(frame, LIVE.start_connection_payload())
                continue
            size = int.from_bytes(frame[8:12], "big")
            session, body = frame[12:12 + size].decode(), frame[16 + size:]
            if event == protocol.EventSend.StartSession:
                told = json.loads(body)
                known = realtime.RealtimeDialogueConfig.model_validate(told).model_dump(exclude_none=True, by_alias=True, mode="json")
                self.assert_within(told, known)
            if event == protocol.EventSend.ChatTextQuery:
                theirs = LIVE.chat_text_query_payload(session, realtime.ChatTextQueryRequest(content=json.loads(body)["content"]))
                self.assertEqual(frame, theirs)
        self.assertLessEqual({protocol.EventSend.StartConnection, protocol.EventSend.StartSession, protocol.EventSend.ChatTextQuery}, seen)

    def assert_within(self, ours, theirs):
        """Everything of ours is known to their model of the document, under the same name and with the same value."""
        for key, value in ours.items():
            self.assertIn(key, theirs)
            if isinstance(value, dict):
                self.assert_within(value, theirs[key])
            else:
                self.assertEqual(value, theirs[key], key)


if __name__ == "__main__":
    unittest.main()
