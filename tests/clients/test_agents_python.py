"""openai-agents (Python), unmodified, against PARLEY_URL (a server with engines of cardboard): the six scenarios of docs/clients.md."""
import client_venv

client_venv.enter("openai-agents==0.24.0", "websockets==16.1.1", place="venv-agents")

import asyncio
import os

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner
from agents.realtime.model_inputs import RealtimeModelRawClientMessage, RealtimeModelSendRawMessage
from voices import EXPECTED, QUESTION, STOP, STORY_EN, WEATHER_EN, WEATHER_ZH, pieces, question, until

URL = os.environ["PARLEY_URL"].replace("http", "ws", 1) + "/v1/realtime?model=default"


class Visit:
    def __init__(self):
        self.asked = []
        self.history = []
        self.raw = []
        self.sound = 0
        self.interrupted = 0
        self.errors = []

    async def __aenter__(self):
        @function_tool
        def get_weather(city: str) -> str:
            """The weather in a city."""
            self.asked.append(city)
            return f"sunny in {city}"

        agent = RealtimeAgent(name="Guide", instructions="You are a guide.", tools=[get_weather])
        runner = RealtimeRunner(agent)
        self.session = await runner.run(model_config={"url": URL, "api_key": "none-needed"})
        await self.session.__aenter__()
        self.task = asyncio.create_task(self.listen())
        await until("session.updated", lambda: self.saw("session.updated"))
        return self

    async def __aexit__(self, *problem):
        self.task.cancel()
        await self.session.__aexit__(*problem)
        if not problem[0]:
            assert not self.errors, self.errors

    async def listen(self):
        async for event in self.session:
            if event.type == "audio":
                self.sound += len(event.audio.data)
            elif event.type == "audio_interrupted":
                self.interrupted += 1
            elif event.type == "history_updated":
                self.history = event.history
            elif event.type == "history_added":
                self.history = [*self.history, event.item]
            elif event.type == "error":
                if "response_cancel_not_active" not in str(event.error):
                    self.errors.append(event.error)
            elif event.type == "raw_model_event" and event.data.type == "raw_server_event":
                self.raw.append(event.data.data)

    def saw(self, kind):
        return next((event for event in reversed(self.raw) if event["type"] == kind), None)

    async def say(self, sound):
        for piece in pieces(sound):
            await self.session.send_audio(piece)
            await asyncio.sleep(0.04)

    async def send(self, kind, **fields):
        message = RealtimeModelRawClientMessage(type=kind, other_data=fields)
        await self.session.model.send_event(RealtimeModelSendRawMessage(message=message))

    def words(self, role):
        found = []
        for item in self.history:
            if getattr(item, "role", None) == role:
                found += [getattr(part, "transcript", None) or getattr(part, "text", None) or "" for part in item.content]
        return found


async def greeting():
    async with Visit() as visit:
        await visit.send("response.create")
        await until("the greeting's end", lambda: visit.saw("response.done"))
        assert visit.sound > 4800


async def spoken_turn():
    async with Visit() as visit:
        await visit.say(WEATHER_ZH)
        await until("the user's words", lambda: "你好，今天天气怎么样？" in visit.words("user"))


async def tool_call():
    async with Visit() as visit:
        await visit.say(WEATHER_EN)
        await until("the tool's result in an answer", lambda: any("sunny in Paris" in words for words in visit.words("assistant")))
        assert visit.asked == ["Paris"]


async def barge_in():
    async with Visit() as visit:
        await visit.say(STORY_EN)
        await until("the story's sound", lambda: visit.sound > 24000)
        await visit.say(STOP)
        await until("the interruption", lambda: visit.interrupted)
        await until("the truncation", lambda: visit.saw("conversation.item.truncated"))
        await until("the new answer", lambda: any("等一下，停。" in words for words in visit.words("assistant")))


async def out_of_band():
    async with Visit() as visit:
        text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "aside"}]}
        response = {"conversation": "none", "output_modalities": ["text"], "metadata": {"topic": "aside"}, "input": [text]}
        await visit.send("response.create", response=response)
        done = await until("the aside", lambda: visit.saw("response.done"))
        assert done["response"]["metadata"] == {"topic": "aside"}
        assert done["response"]["output"][0]["content"][0]["text"].strip() == "You said: aside"


async def reconnect():
    for words in ("remember me", "and again"):
        async with Visit() as visit:
            await visit.session.send_message(words)
            await until("an answer", lambda: any(words in said for said in visit.words("assistant")))


async def real_turn():
    async with Visit() as visit:
        await visit.say(question())
        await until("the user's words", lambda: any(EXPECTED in words for words in visit.words("user")))
        await until("an answer", lambda: visit.sound > 24000 and any(visit.words("assistant")))


async def main():
    for scenario in [real_turn] if QUESTION else [greeting, spoken_turn, tool_call, barge_in, out_of_band, reconnect]:
        await scenario()
        print("ok  ", scenario.__name__, flush=True)


asyncio.run(main())
