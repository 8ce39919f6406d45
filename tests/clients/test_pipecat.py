"""Pipecat's OpenAIRealtimeLLMService, unmodified, in a pipeline, against PARLEY_URL (a server with engines of cardboard)."""
import client_venv

client_venv.enter("pipecat-ai[openai]==1.14.0", place="venv-pipecat")

import asyncio
import os

from loguru import logger
from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import ErrorFrame, InputAudioRawFrame, InterruptionFrame, LLMRunFrame, TranscriptionFrame, TTSAudioRawFrame, TTSTextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from voices import EXPECTED, QUESTION, RATE, STOP, STORY_EN, WEATHER_EN, WEATHER_ZH, pieces, question, until

URL = os.environ["PARLEY_URL"].replace("http", "ws", 1) + "/v1/realtime"
logger.remove()
WEATHER = FunctionSchema(name="get_weather", description="The weather in a city", properties={"city": {"type": "string"}}, required=["city"])


class Ear(FrameProcessor):
    """Sits behind the service (or before it, where its transcripts and errors travel) and writes down what passes."""

    def __init__(self, visit):
        super().__init__()
        self.visit = visit

    async def process_frame(self, frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self.visit.sound += len(frame.audio)
        elif isinstance(frame, TTSTextFrame):
            self.visit.said += frame.text
        elif isinstance(frame, TranscriptionFrame):
            self.visit.heard.append(frame.text)
        elif isinstance(frame, InterruptionFrame):
            self.visit.interrupted += 1
        elif isinstance(frame, ErrorFrame):
            self.visit.errors.append(frame.error)
        await self.push_frame(frame, direction)


class Recorded(OpenAIRealtimeLLMService):
    """The service as it is; what it sends and what it is told is noted."""

    def __init__(self, visit, **options):
        super().__init__(**options)
        self.visit = visit

    async def _ws_send(self, message):
        self.visit.sent.append(message.get("type"))
        await super()._ws_send(message)

    async def _handle_evt_response_done(self, event):
        self.visit.done.append(event.response)
        await super()._handle_evt_response_done(event)


class Visit:
    def __init__(self, words="hello"):
        self.words = words

    async def __aenter__(self):
        self.sound, self.said, self.heard, self.interrupted, self.errors, self.sent, self.done, self.asked = 0, "", [], 0, [], [], [], []
        properties = events.SessionProperties(
            audio=events.AudioConfiguration(
                input=events.AudioInput(transcription=events.InputAudioTranscription(), turn_detection=events.SemanticTurnDetection())
            )
        )
        self.llm = Recorded(
            self,
            api_key="none-needed",
            base_url=URL,
            settings=OpenAIRealtimeLLMService.Settings(
                model="default", system_instruction="You are a guide.", session_properties=properties
            ),
        )

        async def get_weather(call):
            self.asked.append(call.arguments["city"])
            await call.result_callback({"weather": f"sunny in {call.arguments['city']}"})

        self.llm.register_function("get_weather", get_weather)
        context = LLMContext([{"role": "user", "content": self.words}], ToolsSchema(standard_tools=[WEATHER]))
        pair = LLMContextAggregatorPair(context, realtime_service_mode=True)
        pipeline = Pipeline([pair.user(), Ear(self), self.llm, Ear(self), pair.assistant()])
        self.task = PipelineTask(pipeline)
        self.running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(self.task))
        await self.task.queue_frames([LLMRunFrame()])
        await until("the first answer", lambda: self.done)
        return self

    async def __aexit__(self, *problem):
        await self.task.cancel()
        await asyncio.wait_for(self.running, 10)
        if not problem[0]:
            assert not self.errors, self.errors

    async def say(self, sound):
        for piece in pieces(sound):
            await self.task.queue_frame(InputAudioRawFrame(audio=piece, sample_rate=RATE, num_channels=1))
            await asyncio.sleep(0.04)


async def greeting():
    async with Visit() as visit:
        assert visit.sound > 4800
        assert "You said: hello" in visit.said, visit.said


async def spoken_turn():
    async with Visit() as visit:
        await visit.say(WEATHER_ZH)
        await until("the user's words", lambda: "你好，今天天气怎么样？" in visit.heard)


async def tool_call():
    async with Visit() as visit:
        await visit.say(WEATHER_EN)
        await until("the tool's result in an answer", lambda: "sunny in Paris" in visit.said)
        assert visit.asked == ["Paris"]


async def barge_in():
    async with Visit() as visit:
        await visit.say(STORY_EN)
        before = visit.sound
        await until("the story's sound", lambda: visit.sound > before + 24000)
        interrupted = visit.interrupted
        await visit.say(STOP)
        await until("the interruption", lambda: visit.interrupted > interrupted)
        await until("the client's truncation", lambda: "conversation.item.truncate" in visit.sent)
        await until("the new answer", lambda: "等一下，停。" in visit.said)


async def out_of_band():
    async with Visit() as visit:
        text = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "aside"}]}
        response = {"conversation": "none", "output_modalities": ["text"], "metadata": {"topic": "aside"}, "input": [text]}
        await visit.llm._ws_send({"type": "response.create", "response": response})
        await until("the aside", lambda: len(visit.done) > 1)
        assert visit.done[-1].status == "completed" and visit.done[-1].usage.total_tokens > 0


async def reconnect():
    async with Visit("remember me") as visit:
        before = visit.sound
        await visit.llm.reset_conversation()
        await visit.llm._create_response()  # what the next context frame does
        await until("an answer of the new session", lambda: visit.sound > before + 24000)
        await visit.say(STOP)
        await until("a spoken turn after it", lambda: "等一下，停。" in visit.said)


async def real_turn():
    async with Visit() as visit:
        before = visit.sound
        await visit.say(question())
        await until("the user's words", lambda: any(EXPECTED in words for words in visit.heard))
        await until("an answer", lambda: visit.sound > before + 24000)


async def main():
    for scenario in [real_turn] if QUESTION else [greeting, spoken_turn, tool_call, barge_in, out_of_band, reconnect]:
        await scenario()
        print("ok  ", scenario.__name__, flush=True)


asyncio.run(main())
