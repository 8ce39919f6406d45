"""The official openai package's `realtime.connect`, unmodified, against PARLEY_URL (a server with engines of cardboard): the six
scenarios of docs/clients.md. test_openai_sdk.py talks to the real models."""
import client_venv

client_venv.enter()

import asyncio
import base64
import json
import os

from openai import AsyncOpenAI
from voices import RATE, STOP, STORY_EN, WEATHER_EN, WEATHER_ZH, pieces, until

URL = os.environ["PARLEY_URL"] + "/v1"
WEATHER_TOOL = {"type": "function", "name": "get_weather", "description": "The weather in a city.",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}


class Visit:
    async def __aenter__(self):
        self.events = []
        self.client = AsyncOpenAI(base_url=URL, websocket_base_url=URL.replace("http", "ws", 1), api_key="none-needed")
        self.manager = self.client.realtime.connect(model="default")
        self.connection = await self.manager.__aenter__()
        self.task = asyncio.create_task(self.listen())
        await self.connection.session.update(session={"type": "realtime", "instructions": "You are a guide.", "tools": [WEATHER_TOOL]})
        await until("session.updated", lambda: self.last("session.updated"))
        return self

    async def __aexit__(self, *problem):
        self.task.cancel()
        await self.manager.__aexit__(*problem)
        await self.client.close()
        if not problem[0]:
            assert not self.all("error"), self.all("error")

    async def listen(self):
        async for event in self.connection:
            self.events.append(event)

    def all(self, kind):
        return [event for event in self.events if event.type == kind]

    def last(self, kind):
        return next(iter(self.all(kind)[::-1]), None)

    def sound(self, item=None):
        """Bytes of it."""
        return sum(len(base64.b64decode(e.delta)) for e in self.all("response.output_audio.delta") if item in (None, e.item_id))

    def spoken(self, words):
        return any(words in event.transcript for event in self.all("response.output_audio_transcript.done"))

    async def say(self, sound):
        for piece in pieces(sound):
            await self.connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
            await asyncio.sleep(0.04)

    async def write(self, words):
        content = [{"type": "input_text", "text": words}]
        await self.connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await self.connection.response.create()


async def greeting():
    async with Visit() as visit:
        await visit.connection.response.create(response={"instructions": "Say hello."})
        done = await until("the greeting's end", lambda: visit.last("response.done"))
        assert done.response.status == "completed" and visit.sound() > RATE * 2 // 10


async def spoken_turn():
    async with Visit() as visit:
        await visit.say(WEATHER_ZH)
        words = await until("the user's words", lambda: visit.last("conversation.item.input_audio_transcription.completed"))
        assert words.transcript == "你好，今天天气怎么样？"


async def tool_call():
    async with Visit() as visit:
        await visit.say(WEATHER_EN)
        called = await until("the call", lambda: visit.last("response.function_call_arguments.done"))
        assert called.name == "get_weather" and json.loads(called.arguments) == {"city": "Paris"}
        await until("its response's end", lambda: visit.last("response.done"))
        result = {"type": "function_call_output", "call_id": called.call_id, "output": "sunny in Paris"}
        await visit.connection.conversation.item.create(item=result)
        await visit.connection.response.create()
        await until("the tool's result in an answer", lambda: visit.spoken("sunny in Paris"))
        assert len(visit.all("response.function_call_arguments.done")) == 1


async def barge_in():
    async with Visit() as visit:
        await visit.say(STORY_EN)
        story = (await until("the story's sound", lambda: visit.sound() > 24000 and visit.last("response.output_audio.delta"))).item_id
        await visit.say(STOP)
        await until("the interruption", lambda: len(visit.all("input_audio_buffer.speech_started")) == 2)
        await visit.connection.conversation.item.truncate(item_id=story, content_index=0, audio_end_ms=600)
        await until("the truncation", lambda: any(event.audio_end_ms == 600 for event in visit.all("conversation.item.truncated")))
        cancelled = await until("the story's end", lambda: visit.all("response.done")[:1])
        assert cancelled[0].response.status == "cancelled" and cancelled[0].response.status_details.reason == "turn_detected"
        silent = visit.sound(story)
        await until("the new answer", lambda: visit.spoken("等一下，停。"))
        assert visit.sound(story) == silent, "sound of the story after its end"


async def out_of_band():
    async with Visit() as visit:
        text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "aside"}]}
        await visit.connection.response.create(
            response={"conversation": "none", "output_modalities": ["text"], "metadata": {"topic": "aside"}, "input": [text]})
        done = (await until("the aside", lambda: visit.last("response.done"))).response
        assert done.metadata == {"topic": "aside"} and done.conversation_id is None
        assert done.output[0].content[0].text.strip() == "You said: aside"
        assert not visit.all("conversation.item.added"), "an answer outside of the conversation got into it"


async def reconnect():
    async with Visit() as first:
        await first.write("remember me")
        await until("an answer", lambda: first.spoken("remember me"))
        asked = (await until("its end", lambda: first.last("response.done"))).response.usage.input_tokens
        answer = first.last("response.output_audio_transcript.done").transcript
    async with Visit() as second:
        for role, kind, words in (("user", "input_text", "remember me"), ("assistant", "output_text", answer)):
            await second.connection.conversation.item.create(item={"type": "message", "role": role, "content": [{"type": kind, "text": words}]})
        await second.write("and again")
        await until("an answer", lambda: second.spoken("and again"))
        done = await until("its end", lambda: second.last("response.done"))
        assert done.response.usage.input_tokens > asked, "the old context was not read"


async def main():
    for scenario in [greeting, spoken_turn, tool_call, barge_in, out_of_band, reconnect]:
        await scenario()
        print("ok  ", scenario.__name__, flush=True)


asyncio.run(main())
