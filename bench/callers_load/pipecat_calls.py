#!/usr/bin/env python3
"""The peer of bench/callers: as many Pipecat 1.14 pipelines in one process, against engines of the same latencies.

Callers, turns and the two delays are those of main.cpp beside this file: 20 ms of sound at a time in real time, a turn every eight
seconds, three frames of 32 ms for a voice to begin and two to pause; a transcript takes 60 ms, the end-of-turn model 20 ms, six bytes of
an answer 8 ms, 200 ms of its sound 15 ms. All services are as cheap as they can be. Prints one JSON object.

    pipecat_calls.py CALLS SECONDS
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "clients"))
import client_venv

client_venv.enter("pipecat-ai[openai]==1.14.0", place="venv-pipecat")

import array
import asyncio
import json
import math
import random
import resource
import time

from loguru import logger
from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer, BaseTurnParams, EndOfTurnState
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    InputAudioRawFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    UserStartedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601

logger.remove()
HEARD_HZ, SPOKEN_HZ, PIECE, FRAME = 16000, 24000, 320, 512
VOICE_FRAMES, CYCLE_FRAMES = 64, 256
CYCLE = CYCLE_FRAMES * FRAME
QUESTION = "你好，今天天气怎么样？"
ANSWER = f"你说的是：“{QUESTION}”。".encode()
BLOCK = bytes(2 * SPOKEN_HZ // 5)


class Shared:
    counting = False
    decisions, sounds, turns = [], [], 0


class Loudness(VADAnalyzer):
    """One sample tells a tone from silence often enough: as cheap as it can be."""

    def num_frames_required(self):
        return FRAME

    def voice_confidence(self, buffer):
        return 0.95 if max(array.array("h", buffer[:128])) > 600 else 0.01


class AlwaysFinished(BaseTurnAnalyzer):
    speech_triggered = True
    params = BaseTurnParams()

    def append_audio(self, buffer, is_speech):
        return EndOfTurnState.INCOMPLETE

    async def analyze_end_of_turn(self):
        await asyncio.sleep(0.02)
        return EndOfTurnState.COMPLETE, None

    def clear(self):
        pass


class Ear(SegmentedSTTService):
    def __init__(self, caller, **options):
        super().__init__(ttfs_p99_latency=0.1, **options)
        self.caller = caller

    async def run_stt(self, audio):
        self.caller.note(VOICE_FRAMES + 2)
        await asyncio.sleep(0.06)
        yield TranscriptionFrame(QUESTION, "", time_now_iso8601(), finalized=True)


class Thought(LLMService):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        for at in range(0, len(ANSWER), 6):
            await asyncio.sleep(0.008)
            await self.push_frame(LLMTextFrame(ANSWER[at : at + 6].decode(errors="ignore")))
        await self.push_frame(LLMFullResponseEndFrame())


class Voice(TTSService):
    async def run_tts(self, text, context_id):
        for _ in range(max(1, round(len(text) * 0.12 / 0.2))):
            await asyncio.sleep(0.015)
            frame = TTSAudioRawFrame(audio=BLOCK, sample_rate=SPOKEN_HZ, num_channels=1, context_id=context_id)
            frame.made = time.monotonic()
            yield frame


class Out(FrameProcessor):
    """Where a transport would send."""

    def __init__(self, caller):
        super().__init__()
        self.caller = caller

    async def process_frame(self, frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame) and hasattr(frame, "made"):
            if Shared.counting:
                Shared.sounds.append(time.monotonic() - frame.made)
        elif isinstance(frame, UserStartedSpeakingFrame):
            self.caller.note(3)
        elif isinstance(frame, LLMFullResponseStartFrame):
            Shared.turns += 1
        await self.push_frame(frame, direction)


class Caller:
    def __init__(self, lead):
        self.lead, self.sent, self.times = lead * FRAME, 0, [0.0] * 64
        start = [VADUserTurnStartStrategy()]
        stop = [TurnAnalyzerUserTurnStopStrategy(turn_analyzer=AlwaysFinished())]
        pair = LLMContextAggregatorPair(
            LLMContext(),
            user_params=LLMUserAggregatorParams(
                vad_analyzer=Loudness(params=VADParams(confidence=0.5, start_secs=0.096, stop_secs=0.064, min_volume=0.0)),
                user_turn_strategies=UserTurnStrategies(start=start, stop=stop),
            ),
        )
        pipeline = Pipeline([Ear(self), pair.user(), Thought(), Voice(push_start_frame=True, push_stop_frames=True), Out(self), pair.assistant()])
        self.task = PipelineTask(pipeline, params=PipelineParams(audio_in_sample_rate=HEARD_HZ, audio_out_sample_rate=SPOKEN_HZ), idle_timeout_secs=None)
        self.running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(self.task))

    def note(self, frames):
        """The matter was certain when so many frames of the cycle had been sent."""
        begin = self.lead + (self.sent * PIECE - self.lead) // CYCLE * CYCLE
        if Shared.counting:
            Shared.decisions.append(time.monotonic() - self.times[(begin + frames * FRAME - 1) // PIECE % 64])

    async def speak(self, tone):
        first = self.sent * PIECE - self.lead
        voiced = first + PIECE > 0 and first % CYCLE < VOICE_FRAMES * FRAME and first >= 0
        at = first % len(tone)
        audio = (tone[at : at + PIECE] + tone[: max(0, at + PIECE - len(tone))]).tobytes() if voiced else bytes(2 * PIECE)
        self.times[self.sent % 64] = time.monotonic()
        self.sent += 1
        await self.task.queue_frame(InputAudioRawFrame(audio=audio, sample_rate=HEARD_HZ, num_channels=1))


def summary(values):
    values.sort()
    at = lambda share: 1000 * values[int(share * (len(values) - 1))] if values else -1  # noqa: E731
    return {"count": len(values), "p50_ms": at(0.5), "p99_ms": at(0.99), "longest_ms": at(1)}


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def live(calls, seconds):
    dice = random.Random(1)
    tone = array.array("h", (int(9000 * math.sin(2 * math.pi * 300 * i / HEARD_HZ)) for i in range(HEARD_HZ)))
    callers = [Caller(dice.randint(1, CYCLE_FRAMES)) for _ in range(calls)]
    await asyncio.sleep(2)
    due = sorted((time.monotonic() + 0.1 + dice.random() * 0.02, i) for i in range(calls))
    warm = time.monotonic() + 10
    end, began, used, late = warm + seconds, None, 0, 0
    while time.monotonic() < end:
        for n, (at, i) in enumerate(due):
            wait = at - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            elif n % 8 == 0:
                await asyncio.sleep(0)
            if Shared.counting:
                late = max(late, time.monotonic() - at)
            await callers[i].speak(tone)
            due[n] = (at + 0.02, i)
        if not Shared.counting and time.monotonic() >= warm:
            Shared.counting, used = True, cpu()
    Shared.counting = False
    used = cpu() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "calls": calls,
        "seconds": seconds,
        "turns": Shared.turns,
        "frame_to_decision": summary(Shared.decisions),
        "event_to_byte": summary(Shared.sounds),
        "cores": used / seconds,
        "sender_late_ms": 1000 * late,
        "resident_mb": memory,
    }
    print(json.dumps(result), flush=True)
    import os

    os._exit(0)  # a thousand pipelines take their time to say goodbye


if __name__ == "__main__":
    asyncio.run(live(int(sys.argv[1]), int(sys.argv[2])))
