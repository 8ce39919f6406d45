#!/usr/bin/env python3
"""Turns a Piper voice (one VITS ONNX file and its .onnx.json) into three OpenVINO networks that run at fixed lengths.

    python piper.py --from DIR --to DIR

VITS as published is one graph whose inner length depends on what it computes, so every clause is a new shape and an
inference engine plans it anew. Its parts between the two places where lengths change are plain:

  front    phoneme ids [1,n], count [1], duration noise [1,2,n]  ->  mean, log_scale [1,192,n], durations [1,1,n] in frames
           (text encoder and duration predictor; ids behind the count are masked and change nothing)
  flow     latent, mask [1,192,T], [1,1,T]  ->  z [1,192,T]      (sees 32 frames to each side; masked frames count as nothing)
  decoder  z [1,192,T]  ->  wave [1,1,256 T]                     (HiFi-GAN, nothing but convolutions)

What lies between them, repeating each phoneme's column for its duration and adding noise, is a loop in the program, which
therefore owns the noise: one seed gives one sound. The three scales of the original (noise, length, duration noise) belong
to that loop too; config.json keeps the voice's own values.

Source of the shapes: VITS, Kim et al. 2021 (arXiv:2106.06103); of the spline: Neural Spline Flows, Durkan et al. 2019
(arXiv:1906.04032), equations 4-8 and the inverse in appendix A.1.
"""

import argparse
import json
import math
import pathlib
import sys

import numpy as np
import onnx
import onnx.utils
import openvino as ov
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 192
BINS = 10
TAIL = 5.0
LEAST = 1e-3  # least bin width, bin height and slope
SPLINES = ("7", "5", "3")  # the duration predictor's three spline flows, in the order in which they run


class Graph:
    """Appends plain operations to an ONNX graph."""

    def __init__(self, graph, prefix):
        self.graph, self.prefix, self.count = graph, prefix, 0

    def constant(self, value, kind=np.float32):
        self.count += 1
        name = f"{self.prefix}/constant_{self.count}"
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value, dtype=kind), name))
        return name

    def op(self, kind, *inputs, **attributes):
        self.count += 1
        name = f"{self.prefix}/{kind}_{self.count}"
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.graph.node.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def rows(self, tensor, begin, end):
        return self.op("Slice", tensor, *(self.constant([v], np.int64) for v in (begin, end, 1)))

    def total(self, tensor):
        return self.op("ReduceSum", tensor, self.constant([1], np.int64), keepdims=1)


def knots(g, raw):
    """Bin edges in [-TAIL, TAIL] as (lower [1,10,n], sizes [1,10,n]) from unnormalised sizes."""
    share = g.op("Softmax", g.op("Div", raw, math.sqrt(CHANNELS)), axis=1)
    sizes = g.op("Mul", g.op("Add", g.op("Mul", share, 1 - LEAST * BINS), LEAST), 2 * TAIL)
    upper = g.op("CumSum", sizes, g.constant(1, np.int64))
    return g.op("Sub", g.op("Sub", upper, sizes), TAIL), sizes


def inverse_spline(g, x, h):
    """x [1,1,n], h [1,29,n] -> [1,1,n]: the inverse rational-quadratic spline inside the tails, identity outside.

    The original picks elements with boolean masks, hundreds of nodes of data-dependent shape. Here every bin is computed
    and one is selected by a 0/1 vector.
    """
    left, widths = knots(g, g.rows(h, 0, BINS))
    bottom, heights = knots(g, g.rows(h, BINS, 2 * BINS))
    inner = g.op("Add", g.op("Softplus", g.rows(h, 2 * BINS, 3 * BINS - 1)), LEAST)
    edge = g.op("Add", g.op("Mul", x, 0.0), 1.0)  # slope 1 where the spline meets the identity
    slopes = g.op("Concat", edge, inner, edge, axis=1)

    # The spline is continuous, so a hair of tolerance only guards the very first edge against rounding.
    inside = g.op("Clip", x, g.constant(-TAIL), g.constant(TAIL))
    reached = g.op("Cast", g.op("GreaterOrEqual", inside, g.op("Sub", bottom, 1e-6)), to=TensorProto.FLOAT)
    following = g.op("Concat", g.rows(reached, 1, BINS), g.op("Mul", x, 0.0), axis=1)
    chosen = g.op("Sub", reached, following)

    def pick(values):
        return g.total(g.op("Mul", values, chosen))

    height, width = pick(heights), pick(widths)
    ratio = pick(g.op("Div", heights, widths))
    slope0, slope1 = pick(g.rows(slopes, 0, BINS)), pick(g.rows(slopes, 1, BINS + 1))
    y = g.op("Sub", inside, pick(bottom))
    bend = g.op("Mul", y, g.op("Sub", g.op("Add", slope0, slope1), g.op("Mul", ratio, 2.0)))
    a = g.op("Add", bend, g.op("Mul", height, g.op("Sub", ratio, slope0)))
    b = g.op("Sub", g.op("Mul", height, slope0), bend)
    c = g.op("Neg", g.op("Mul", ratio, y))
    root = g.op("Sqrt", g.op("Relu", g.op("Sub", g.op("Mul", b, b), g.op("Mul", g.op("Mul", a, c), 4.0))))
    share = g.op("Div", g.op("Mul", c, 2.0), g.op("Sub", g.op("Neg", b), root))
    result = g.op("Add", g.op("Mul", share, width), pick(left))
    return g.op("Where", g.op("LessOrEqual", g.op("Abs", x), TAIL), result, x)


def redirect(graph, old, new):
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new


def plain_splines(model):
    """Replaces the three data-dependent splines of the duration predictor and makes its noise an input."""
    graph = model.graph
    produced = {name for node in graph.node for name in node.output}
    for flow in SPLINES:
        old = f"/dp/flows.{flow}/ScatterND_9_output_0"
        if old not in produced:
            raise SystemExit(f"this is not the Piper export that this script knows: it has no {old}")
        g = Graph(graph, f"spline_{flow}")
        new = inverse_spline(g, f"/dp/flows.{flow}/Split_output_1", f"/dp/flows.{flow}/Mul_output_0")
        redirect(graph, old, new)
    redirect(graph, "/dp/Mul_1_output_0", "duration_noise")
    graph.input.append(helper.make_tensor_value_info("duration_noise", TensorProto.FLOAT, [1, 2, "n"]))
    sort(graph)


def sort(graph):
    """New nodes stand at the end of the list; ONNX wants every node behind what it reads."""
    ready = {i.name for i in graph.input} | {i.name for i in graph.initializer} | {""}
    waiting, ordered = list(graph.node), []
    while waiting:
        late = []
        for node in waiting:
            if all(name in ready for name in node.input):
                ordered.append(node)
                ready.update(node.output)
            else:
                late.append(node)
        if len(late) == len(waiting):
            raise SystemExit(f"the graph has a cycle or lacks an input at {late[0].name}")
        waiting = late
    del graph.node[:]
    graph.node.extend(ordered)


def cut(model, inputs, outputs):
    """The part of `model` between tensors, as OpenVINO. `inputs`: {tensor: (name, type, shape)}; `outputs`: {tensor: name}."""
    part = onnx.ModelProto()
    part.CopyFrom(model)
    graph = part.graph
    needed, keep = set(outputs), []
    for node in reversed(list(graph.node)):
        if any(name in needed and name not in inputs for name in node.output):
            keep.append(node)
            needed.update(node.input)
    del graph.node[:]
    graph.node.extend(reversed(keep))
    del graph.input[:], graph.output[:], graph.value_info[:]
    constants = [i for i in graph.initializer if i.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(constants)
    for tensor, (name, kind, shape) in inputs.items():
        redirect(graph, tensor, name)
        graph.input.append(helper.make_tensor_value_info(name, kind, shape))
    for tensor, name in outputs.items():
        graph.node.append(helper.make_node("Identity", [tensor], [name], name=name))
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return ov.Core().read_model(part.SerializeToString())


def convert(onnx_file, json_file, to):
    config = json.loads(json_file.read_text(encoding="utf-8"))
    if config.get("phoneme_type", "espeak") != "espeak" or config.get("num_speakers", 1) != 1:
        raise SystemExit("only voices with one speaker and espeak-ng phonemes can be converted")
    model = onnx.load(onnx_file)
    plain_splines(model)
    number, f32 = TensorProto.INT64, TensorProto.FLOAT
    parts = {
        "front": cut(
            model,
            {
                "input": ("ids", number, [1, "n"]),
                "input_lengths": ("count", number, [1]),
                "duration_noise": ("noise", f32, [1, 2, "n"]),
            },
            {"/enc_p/Split_output_0": "mean", "/enc_p/Split_output_1": "log_scale", "/Mul_output_0": "durations"},
        ),
        "flow": cut(
            model,
            {"/Add_output_0": ("latent", f32, [1, CHANNELS, "T"]), "/Cast_2_output_0": ("mask", f32, [1, 1, "T"])},
            {"/Mul_7_output_0": "z"},
        ),
        "decoder": cut(model, {"/Mul_7_output_0": ("z", f32, [1, CHANNELS, "T"])}, {"output": "wave"}),
    }
    to.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        ov.save_model(part, to / f"{name}.xml", compress_to_fp16=False)
    kept = {
        "voice": onnx_file.stem,
        "language": config["espeak"]["voice"].split("-")[0],
        "sample_rate": config["audio"]["sample_rate"],
        "frame_samples": 256,
        "channels": CHANNELS,
        "espeak_voice": config["espeak"]["voice"],
        "noise_scale": config["inference"]["noise_scale"],
        "length_scale": config["inference"]["length_scale"],
        "duration_noise_scale": config["inference"]["noise_w"],
        "phoneme_ids": {k: v[0] for k, v in config["phoneme_id_map"].items()},
    }
    (to / "config.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", type=pathlib.Path, required=True, help="folder with NAME.onnx, NAME.onnx.json")
    parser.add_argument("--to", type=pathlib.Path, required=True, help="folder to write to")
    arguments = parser.parse_args()
    files = sorted(arguments.source.rglob("*.onnx"))
    if len(files) != 1 or not files[0].with_suffix(".onnx.json").exists():
        sys.exit(f"{arguments.source} must hold exactly one NAME.onnx beside its NAME.onnx.json")
    convert(files[0], files[0].with_suffix(".onnx.json"), arguments.to)


if __name__ == "__main__":
    main()
