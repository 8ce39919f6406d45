#!/usr/bin/env python3
"""Turns the published int8 Kokoro-82M and its voices into networks that can speak a clause window by window.

    python kokoro.py --from DIR --to DIR

From model_int8.onnx, vocab.json and voices/*.bin (float32 [510, 1, 256]) it makes

  front       tokens [1,n] with a 0 at both ends, style [1,256], speed [1]
              -> frames [1,512,T] (12.5 ms each), spectrum [1,22,60 T + 1] of the harmonic source, durations [n] (25 ms each)
  statistics  frames, spectrum, style [1,128] (first half) -> samples [1,1,300 T] at 24 kHz, exactly as the published graph
              normalises them, and the means and variances [1,8448,1] it found for that
  generator   the same with those means and variances as inputs: nothing but convolutions, so any window of frames with
              5 more at each side gives the very samples of that window

All in float32 arithmetic; weights are stored as float16, which is finer than the int8 they come from.
"""

import argparse
import json
import pathlib
import shutil
import sys

import numpy as np
import onnx
import openvino as ov
from onnx import TensorProto

import kokoro_onnx
import kokoro_vocoder as vocoder

FLOAT = TensorProto.FLOAT
DURATIONS = "/encoder/Gather_output_0"
VOICE_FLOATS = 510 * 256


def networks(path):
    """The three ONNX models, each with the plain names of its inputs and outputs."""
    graph = kokoro_onnx.Graph(onnx.load(path))
    kokoro_onnx.to_float32(graph)
    frames = vocoder.frames_tensor(graph)
    vocoder.forward_transform(graph)
    vocoder.inverse_transform(graph)
    vocoder.snake(graph)
    norms = vocoder.normalisations(graph)
    channels = sum(n.channels for n in norms)

    yield (
        "front",
        graph.model(
            [("tokens", TensorProto.INT64, [1, "n"]), ("style", FLOAT, [1, 256]), ("speed", FLOAT, [1])],
            [
                (frames, FLOAT, [1, 512, "t"]),
                (vocoder.SPECTRUM, FLOAT, [1, 22, "h"]),
                (DURATIONS, TensorProto.INT64, ["n"]),
            ],
        ),
        ["tokens", "style", "speed"],
        ["frames", "spectrum", "durations"],
    )

    window = [
        (frames, FLOAT, [1, 512, "t"]),
        (vocoder.SPECTRUM, FLOAT, [1, 22, "h"]),
        (vocoder.STYLE, FLOAT, [1, 128]),
    ]
    measured = [("mean", FLOAT, [1, channels, 1]), ("variance", FLOAT, [1, channels, 1])]
    samples = [("samples", FLOAT, [1, 1, "s"])]
    joined = vocoder.join_statistics(graph, norms)
    yield (
        "statistics",
        graph.model(window, samples + measured),
        ["frames", "spectrum", "style"],
        ["samples", "mean", "variance"],
    )
    graph.replace(joined, [])
    graph.index()
    vocoder.take_statistics(graph, norms)
    yield (
        "generator",
        graph.model(window + measured, samples),
        ["frames", "spectrum", "style", "mean", "variance"],
        ["samples"],
    )


def save(model, inputs, outputs, path):
    network = ov.Core().read_model(model.SerializeToString())
    for port, name in zip(network.inputs + network.outputs, inputs + outputs, strict=True):
        port.get_tensor().set_names({name})
    network.set_friendly_name(path.stem)
    ov.save_model(network, str(path), compress_to_fp16=True)


def copy_voices(source, target):
    voices = sorted(source.glob("*.bin"))
    if not voices:
        raise ValueError(f"{source}: there are no voices (*.bin) here")
    target.mkdir(parents=True, exist_ok=True)
    for voice in voices:
        values = np.fromfile(voice, np.float32)
        if values.size != VOICE_FLOATS or not np.isfinite(values).all():
            raise ValueError(f"{voice}: expected {VOICE_FLOATS} finite numbers, found {values.size}")
        shutil.copyfile(voice, target / voice.name)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--from", dest="source", required=True, type=pathlib.Path)
    arguments.add_argument("--to", dest="target", required=True, type=pathlib.Path)
    given = arguments.parse_args()
    given.target.mkdir(parents=True, exist_ok=True)
    copy_voices(given.source / "voices", given.target / "voices")
    vocabulary = json.loads((given.source / "vocab.json").read_text(encoding="utf-8"))
    vocabulary = vocabulary.get("vocab", vocabulary)
    (given.target / "symbols.json").write_text(json.dumps(vocabulary, ensure_ascii=False, indent=0), encoding="utf-8")
    for name, model, inputs, outputs in networks(given.source / "model_int8.onnx"):
        save(model, inputs, outputs, given.target / f"{name}.xml")
        print(name, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError, KeyError, StopIteration) as error:
        sys.exit(f"kokoro.py: {error!r}")
