"""LiveKit's openai.realtime.RealtimeModel, unmodified, against PARLEY_URL (a server with engines of cardboard)."""
import client_venv

client_venv.enter("livekit-agents==1.8.9", "livekit-plugins-openai==1.8.9", place="venv-livekit")

import asyncio
import os

from livekit import rtc
from livekit.agents import llm
from livekit.agents.utils import http_context
from livekit.plugins.openai import realtime
from voices import EXPECTED, QUESTION, RATE, STOP, STORY_EN, WEATHER_EN, WEATHER_ZH, pieces, question, until

URL = os.environ["PARLEY_URL"] + "/v1"


class Visit:
    async def __aenter__(self):
        self.asked = []
        self.heard = []
        self.answers = []
        self.calls = []
        self.started = 0
        self.raw = []
        self.tasks = set()

        @llm.function_tool
        async def get_weather(city: str) -> str:
            """The weather in a city."""
            return f"sunny in {city}"

        self.model = realtime.RealtimeModel(model="default", base_url=URL, api_key="none-needed")
        self.session = self.model.session()
        self.session.on("generation_created", self.on_generation)
        self.session.on("input_audio_transcription_completed", lambda event: self.heard.append(event.transcript))
        self.session.on("input_speech_started", lambda _: self.on_speech())
        self.session.on("openai_server_event_received", lambda event: self.raw.append(event))
        self.session.on("error", lambda error: self.raw.append({"type": "client_error", "error": repr(error)}))
        await self.session.update_instructions("You are a guide.")
        await self.session.update_tools([get_weather])
        return self

    async def __aexit__(self, *problem):
        for task in self.tasks:
            task.cancel()
        await self.session.aclose()
        await self.model.aclose()
        if not problem[0]:
            bad = [event for event in self.raw if event.get("type") == "client_error"]
            assert not bad, bad

    def saw(self, kind):
        return next((event for event in reversed(self.raw) if event.get("type") == kind), None)

    def on_speech(self):
        self.started += 1

    def on_generation(self, generation):
        task = asyncio.create_task(self.read(generation))
        self.tasks.add(task)

    async def read(self, generation):
        answer = {"text": "", "sound": 0, "item": None, "done": False}
        self.answers.append(answer)

        async def messages():
            async for message in generation.message_stream:
                answer["item"] = message.message_id

                async def texts():
                    async for text in message.text_stream:
                        answer["text"] += str(text)

                async def sounds():
                    async for frame in message.audio_stream:
                        answer["sound"] += frame.samples_per_channel

                await asyncio.gather(texts(), sounds())

        async def functions():
            async for call in generation.function_stream:
                self.calls.append(call)

        await asyncio.gather(messages(), functions())
        answer["done"] = True

    async def say(self, sound):
        for piece in pieces(sound):
            self.session.push_audio(rtc.AudioFrame(piece, RATE, 1, len(piece) // 2))
            await asyncio.sleep(0.04)


async def greeting():
    async with Visit() as visit:
        await asyncio.wait_for(visit.session.generate_reply(instructions="Say hello."), 10)
        await until("the greeting", lambda: visit.answers and visit.answers[0]["done"])
        assert visit.answers[0]["sound"] > 4800 and visit.answers[0]["text"]


async def spoken_turn():
    async with Visit() as visit:
        await visit.say(WEATHER_ZH)
        await until("the user's words", lambda: "你好，今天天气怎么样？" in visit.heard)


async def tool_call():
    async with Visit() as visit:
        await visit.say(WEATHER_EN)
        call = await until("the call", lambda: visit.calls and visit.calls[0])
        assert call.name == "get_weather" and call.arguments == '{"city":"Paris"}'
        context = visit.session.chat_ctx.copy()
        context.items.append(llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output="sunny in Paris", is_error=False))
        await visit.session.update_chat_ctx(context)
        await asyncio.wait_for(visit.session.generate_reply(), 10)
        await until("the tool's result in an answer", lambda: any("sunny in Paris" in answer["text"] for answer in visit.answers))


async def barge_in():
    async with Visit() as visit:
        await visit.say(STORY_EN)
        story = await until("the story's sound", lambda: next((a for a in visit.answers if a["sound"] > 24000), None))
        before = visit.started
        await visit.say(STOP)
        await until("the interruption", lambda: visit.started > before)
        visit.session.truncate(message_id=story["item"], modalities=["audio"], audio_end_ms=900, audio_transcript="You said")
        await until("the truncation", lambda: visit.saw("conversation.item.truncated"))
        await until("the new answer", lambda: any("等一下，停。" in answer["text"] for answer in visit.answers))


async def out_of_band():
    async with Visit() as visit:
        text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "aside"}]}
        response = {"conversation": "none", "output_modalities": ["text"], "metadata": {"topic": "aside"}, "input": [text]}
        visit.session.send_event({"type": "response.create", "response": response})
        done = await until("the aside", lambda: visit.saw("response.done"))
        assert done["response"]["metadata"] == {"topic": "aside"}
        assert done["response"]["output"][0]["content"][0]["text"].strip() == "You said: aside"


async def reconnect():
    """What a client of LiveKit does when its session is over: a new one with the whole context, item for item."""
    async with Visit() as first:
        context = llm.ChatContext.empty()
        context.add_message(role="user", content="remember me")
        context.add_message(role="assistant", content="I shall.")
        await asyncio.wait_for(first.session.update_chat_ctx(context), 10)
        kept = first.session.chat_ctx.copy()
    async with Visit() as second:
        await asyncio.wait_for(second.session.update_chat_ctx(kept), 10)
        assert [item.id for item in second.session.chat_ctx.items] == [item.id for item in kept.items]
        await asyncio.wait_for(second.session.generate_reply(), 10)
        await until("an answer", lambda: any("remember me" in answer["text"] for answer in second.answers))


async def real_turn():
    async with Visit() as visit:
        await visit.say(question())
        await until("the user's words", lambda: any(EXPECTED in words for words in visit.heard))
        await until("an answer", lambda: any(answer["text"] and answer["sound"] > 12000 for answer in visit.answers))


async def main():
    async with http_context.open():
        for scenario in [real_turn] if QUESTION else [greeting, spoken_turn, tool_call, barge_in, out_of_band, reconnect]:
            await scenario()
            print("ok  ", scenario.__name__, flush=True)


asyncio.run(main())
