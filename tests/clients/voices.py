"""What is said to a server with engines of cardboard: a pitch is a sentence (tests/cardboard/engines.hpp). With PARLEY_QUESTION the
server has real models, and that recording (mono PCM16, 24 kHz) is said, which holds the words PARLEY_EXPECTED."""
import array
import asyncio
import math
import os
import wave

RATE = 24000
WEATHER_ZH, STORY_ZH, STORY_EN, WEATHER_EN, STOP = 300, 400, 530, 700, 930

QUESTION, EXPECTED = os.environ.get("PARLEY_QUESTION"), os.environ.get("PARLEY_EXPECTED", "")


def question(silence_ms=3000):
    with wave.open(QUESTION) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), QUESTION
        return file.readframes(file.getnframes()) + bytes(RATE * silence_ms // 1000 * 2)


def voice(hz, ms=900, silence_ms=1500, rate=RATE):
    """PCM16 of a voice and of the silence that ends its turn."""
    sound = array.array("h", (int(9000 * math.sin(2 * math.pi * hz * i / rate)) for i in range(rate * ms // 1000)))
    sound.extend([0] * (rate * silence_ms // 1000))
    return sound.tobytes()


def pieces(sound, ms=40, rate=RATE):
    """`sound`: PCM16, or the pitch of a sentence."""
    sound = voice(sound) if isinstance(sound, int) else sound
    size = rate * 2 * ms // 1000
    return [sound[at : at + size] for at in range(0, len(sound), size)]


# Real models on a machine that has other work to do are slow, not wrong.
PATIENCE_S = 60.0 if QUESTION else 15.0


async def until(what, condition, patience_s=PATIENCE_S):
    for _ in range(int(patience_s / 0.025)):
        found = condition()
        if found:
            return found
        await asyncio.sleep(0.025)
    raise AssertionError(f"never: {what}")
