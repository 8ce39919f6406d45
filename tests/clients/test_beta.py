"""The openai package's client of the beta protocol, against PARLEY_URL (a server with engines of cardboard that speaks it too).
Every event is held strictly against the package's own types."""
import client_venv

client_venv.enter()

import asyncio
import base64
import json
import os

from openai import AsyncOpenAI
from openai.types.beta.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from voices import RATE, STORY_ZH, WEATHER_EN, WEATHER_ZH, pieces, until

URL = os.environ["PARLEY_URL"]
TYPES = TypeAdapter(RealtimeServerEvent)
WEATHER = {"type": "function", "name": "get_weather", "description": "The weather in a city",
           "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}


class Visit:
    async def __aenter__(self):
        client = AsyncOpenAI(base_url=f"{URL}/v1", websocket_base_url=f"{URL.replace('http', 'ws', 1)}/v1", api_key="none-needed")
        self.manager = client.beta.realtime.connect(model="default")
        self.connection = await self.manager.enter()
        self.events = []
        self.listening = asyncio.create_task(self.listen())
        await self.wait("session.created")
        return self

    async def __aexit__(self, *_):
        self.listening.cancel()
        await self.connection.close()

    async def listen(self):
        while True:
            event = json.loads(await self.connection.recv_bytes())
            if "session" in event:  # the types list the names of OpenAI's own models
                event["session"]["model"] = "gpt-realtime"
            self.events.append(TYPES.validate_python(event, strict=True))

    def of(self, kind):
        return [event for event in self.events if event.type == kind]

    async def wait(self, kind, count=1):
        def found():
            if self.listening.done():
                self.listening.result()
            return len(self.of(kind)) >= count and self.of(kind)[count - 1]

        return await until(kind, found)

    async def say(self, hz):
        for piece in pieces(hz):
            await self.connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
            await asyncio.sleep(0.04)


SESSION = {"modalities": ["text", "audio"], "voice": "kokoro:zf_xiaoxiao", "input_audio_format": "pcm16", "output_audio_format": "pcm16",
           "input_audio_transcription": {"model": "whisper-1"}, "turn_detection": {"type": "server_vad"}, "temperature": 0.8,
           "max_response_output_tokens": 500}


async def session_is_flat():
    async with Visit() as visit:
        await visit.connection.session.update(session=SESSION)
        session = (await visit.wait("session.updated")).session
        assert session.modalities == ["text", "audio"] and session.voice == "kokoro:zf_xiaoxiao", session
        assert session.input_audio_format == "pcm16" and session.turn_detection.type == "server_vad", session
        assert session.max_response_output_tokens == 500 and session.input_audio_transcription, session


async def spoken_turn():
    async with Visit() as visit:
        await visit.connection.session.update(session=SESSION)
        await visit.say(WEATHER_ZH)
        words = await visit.wait("conversation.item.input_audio_transcription.completed")
        assert words.transcript == "你好，今天天气怎么样？", words
        done = await visit.wait("response.done")
        said = "".join(event.delta for event in visit.of("response.audio_transcript.delta"))
        assert "你好，今天天气怎么样？" in said and done.response.output[0].content[0].type == "audio", done
        assert sum(len(base64.b64decode(event.delta)) for event in visit.of("response.audio.delta")) > RATE
        items = [event.item.id for event in visit.of("conversation.item.created")]
        assert len(items) == len(set(items)) == 2, items


async def text_and_history():
    async with Visit() as visit:
        await visit.connection.session.update(session={**SESSION, "modalities": ["text"], "turn_detection": None})
        create = visit.connection.conversation.item.create
        await create(item={"type": "message", "role": "assistant", "content": [{"type": "text", "text": "你好。"}]})
        await create(item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "在吗？"}]})
        await visit.connection.response.create()
        done = await visit.wait("response.done")
        assert done.response.output[0].content[0].type == "text" and "在吗？" in visit.of("response.text.done")[0].text, done


async def tool_call():
    async with Visit() as visit:
        await visit.connection.session.update(session={**SESSION, "tools": [WEATHER], "tool_choice": "auto"})
        await visit.say(WEATHER_EN)
        call = await visit.wait("response.function_call_arguments.done")
        await visit.wait("response.done")
        await visit.connection.conversation.item.create(item={"type": "function_call_output", "call_id": call.call_id, "output": "sunny in Paris"})
        await visit.connection.response.create()
        await visit.wait("response.done", 2)
        assert "sunny in Paris" in visit.of("response.audio_transcript.done")[-1].transcript


async def cancel():
    async with Visit() as visit:
        await visit.connection.session.update(session=SESSION)
        await visit.say(STORY_ZH)
        await visit.wait("response.audio.delta")
        await visit.connection.response.cancel()
        assert (await visit.wait("response.done")).response.status == "cancelled"


async def main():
    for scenario in (session_is_flat, spoken_turn, text_and_history, tool_call, cancel):
        await scenario()
        print("ok  ", scenario.__name__, flush=True)


asyncio.run(main())
