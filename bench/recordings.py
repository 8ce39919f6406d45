"""Recordings as a client of the Realtime protocol sends them."""
import array
import wave

WIRE_HZ = 24000


def read(path):
    """PCM16 at the wire's rate, and where the last voiced sample is."""
    with wave.open(str(path)) as file:
        samples, rate = array.array("h", file.readframes(file.getnframes())), file.getframerate()
    wire = array.array("h", (samples[min(len(samples) - 1, i * rate // WIRE_HZ)] for i in range(len(samples) * WIRE_HZ // rate)))
    return wire, last_voiced(wire)


def last_voiced(wire):
    floor = max(map(abs, wire)) // 100
    return max(i for i, sample in enumerate(wire) if abs(sample) > floor)


def inner_pause(wire):
    """(begin, end) of the longest silence that is neither the beginning nor the end, in samples; voices breathe at a comma."""
    hop = WIRE_HZ // 100
    loudest = max(map(abs, wire))
    levels = [max(map(abs, wire[at : at + hop])) for at in range(0, len(wire) - hop, hop)]
    voiced = [i for i, level in enumerate(levels) if level > loudest // 50]
    first, last = voiced[0], voiced[-1]
    _, begin, end = max((after - before, before, after) for before, after in zip(voiced, voiced[1:]) if first + 20 < before and after < last - 20)
    return (begin + 1) * hop, end * hop


def with_pause(wire, seconds):
    """The same with an inner pause of this length, made of what the voice's own silence sounds like."""
    begin, end = inner_pause(wire)
    middle = (begin + end) // 2
    own = wire[begin:end] or array.array("h", [0])
    wanted = max(0, int(seconds * WIRE_HZ) - (end - begin))
    return wire[:middle] + array.array("h", (own[i % len(own)] for i in range(wanted))) + wire[middle:]
