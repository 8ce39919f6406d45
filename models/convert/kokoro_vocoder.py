"""Surgery on Kokoro's generator (an iSTFTNet vocoder with AdaIN, arXiv:2203.02395 and arXiv:2306.07691).

Each AdaIN normalises its channels over the whole clause, so a window of a clause sounds different from the clause. Here the
mean and the variance become inputs: measured once per voice, they turn the generator into a plain stack of convolutions that can
run window by window.
"""

import numpy as np
from onnx import helper

GENERATOR = "/decoder/decoder/generator/"
SPECTRUM = GENERATOR + "Concat_3_output_0"  # harmonic source: magnitudes and phases, [1, 22, 60 T + 1]
STYLE = "/decoder/Slice_output_0"  # the half of the style that the decoder uses, [1, 128]
SAMPLES = GENERATOR + "istft/stft/ConvTranspose_output_0"


def frames_tensor(graph):
    """The tensor that enters the generator: [1, 512, T], 12.5 ms a frame."""
    return next(n for n in graph.nodes if n.name == GENERATOR + "LeakyRelu").input[0]


def inverse_transform(graph):
    """Ends the generator at the inverse Fourier transform: [1, 1, 300 T].

    The published graph divides the first ten samples of a clause by the sum of the windows and no others (its table is as
    long as one window); a window in the middle of a clause has no such first samples, so that division goes.
    """
    four = graph.constant("parley/hop_gain", np.float32(4.0))
    axis = graph.constant("parley/time_axis", np.array([2], np.int64))
    first = graph.constant("parley/first_sample", np.array([10], np.int64))
    last = graph.constant("parley/last_sample", np.array([-10], np.int64))
    graph.nodes.append(helper.make_node("Mul", [SAMPLES, four], ["parley/loud"]))
    graph.nodes.append(helper.make_node("Slice", ["parley/loud", first, last, axis], ["samples"]))
    graph.index()
    return "samples"


def forward_transform(graph):
    """Rewrites the short-time Fourier transform of the harmonic source as a convolution, and its phase as a safe arctangent.

    A convolution of 20 taps costs a tenth of the general operator. Its sine columns for the lowest and the highest
    frequency are zero exactly, so that the phase there is 0 or +π and never flips with a rounding error; +π is what the network
    was trained with (the export says -π). Nothing divides 0 by 0 in silence.
    """
    transform = next(n for n in graph.nodes if n.op_type == "STFT")
    hop = int(graph.constants[transform.input[1]])
    window = graph.constants[transform.input[2]].astype(np.float64)
    padded = graph.maker[transform.input[0]].input[0]  # [1, 1, samples], before a Reshape
    size, bins = len(window), len(window) // 2 + 1
    angle = 2 * np.pi * np.outer(np.arange(bins), np.arange(size)) / size
    real, imaginary = np.cos(angle) * window, -np.sin(angle) * window
    imaginary[[0, -1]] = 0
    kernel = np.concatenate([real, imaginary])[:, None, :].astype(np.float32)
    weights = graph.constant("parley/fourier", kernel)
    halves = graph.constant("parley/fourier_halves", np.array([bins, bins], np.int64))
    zero = graph.constant("parley/zero", np.float32(0))
    tiny = graph.constant("parley/tiny", np.float32(1e-30))
    pi = graph.constant("parley/pi", np.float32(np.pi))
    old = graph.maker[SPECTRUM]

    def add(kind, inputs, name, **given):
        graph.nodes.append(helper.make_node(kind, inputs, ["parley/" + name], **given))
        return "parley/" + name

    spectrum = add("Conv", [padded, weights], "spectrum", strides=[hop], kernel_shape=[size])
    graph.nodes.append(helper.make_node("Split", [spectrum, halves], ["parley/re", "parley/im"], axis=1))
    re, im = "parley/re", "parley/im"
    power = add("Add", [add("Mul", [re, re], "re2"), add("Mul", [im, im], "im2")], "power")
    magnitude = add("Sqrt", [power], "magnitude")
    divisor = add("Where", [add("Equal", [re, zero], "re_is_0"), tiny, re], "divisor")
    slope = add("Atan", [add("Div", [im, divisor], "slope")], "angle")
    above = add("Add", [slope, pi], "above")
    below = add("Sub", [slope, pi], "below")
    turned = add("Where", [add("GreaterOrEqual", [im, zero], "upper"), above, below], "turned")
    phase = add("Where", [add("Less", [re, zero], "left"), turned, slope], "phase")
    graph.replace([old], [helper.make_node("Concat", [magnitude, phase], [SPECTRUM], axis=1)])
    graph.index()


# sin²(π r) / r² for |r| ≤ 1/2 as a polynomial in r²; Chebyshev fit, the error of sin² is below 3e-8.
SINE_SQUARED = [
    9.869604311707743,
    -32.469671171720094,
    42.727196336518475,
    -30.10146584132833,
    13.050098920345423,
    -3.3565926218443414,
]


def snake(graph):
    """The activation y + sin²(α y)/α by a polynomial: made of additions and products, which are fused into the passes before
    and after it, while a sine is a pass of its own, taken one number at a time (a seventh of the generator's time)."""
    terms = [graph.constant(f"parley/snake/{i}", np.float32(c)) for i, c in enumerate(SINE_SQUARED)]
    for square in [n for n in graph.nodes if n.op_type == "Pow" and n.input[0] in graph.maker]:
        sine = graph.maker[square.input[0]]
        if sine.op_type != "Sin":
            continue
        product = graph.maker[sine.input[0]]
        alpha = next(i for i in product.input if i in graph.constants)
        y = next(i for i in product.input if i != alpha)
        base = square.output[0] + "/"
        over_pi = graph.constant(base + "alpha", (graph.constants[alpha].astype(np.float64) / np.pi).astype(np.float32))
        turns, whole, rest, u = (base + n for n in ("turns", "whole", "rest", "u"))
        added = [
            helper.make_node("Mul", [y, over_pi], [turns]),
            helper.make_node("Round", [turns], [whole]),
            helper.make_node("Sub", [turns, whole], [rest]),
            helper.make_node("Mul", [rest, rest], [u]),
        ]
        value = terms[-1]
        for i, coefficient in reversed(list(enumerate(terms[:-1]))):
            added.append(helper.make_node("Mul", [value, u], [f"{base}{i}/product"]))
            added.append(helper.make_node("Add", [f"{base}{i}/product", coefficient], [f"{base}{i}/sum"]))
            value = f"{base}{i}/sum"
        added.append(helper.make_node("Mul", [value, u], [square.output[0]]))
        graph.replace([product, sine, square], added)
    graph.index()


class Normalisation:
    """One mean and variance over a clause, and the AdaINs (one to three) that share them."""

    def __init__(self, graph, mean):
        self.source, self.mean = mean.input[0], mean.output[0]
        centred = graph.only_reader(self.mean, "Sub")
        square = next(n for n in graph.readers[centred.output[0]] if n.op_type == "Mul" and n.input[0] == n.input[1])
        variance = graph.only_reader(square.output[0], "ReduceMean")
        self.variance = variance.output[0]
        shifted = graph.only_reader(self.variance, "Add")
        self.epsilon = next(i for i in shifted.input if i in graph.constants)
        root = graph.only_reader(shifted.output[0], "Sqrt")
        divided = graph.only_reader(root.output[0], "Div")
        self.gone = [mean, centred, square, variance, shifted, root, divided]
        self.adains = []  # (gain, shift, result) tensors
        for scaled in graph.readers[divided.output[0]]:
            added = graph.only_reader(scaled.output[0], "Add")
            gain = next(i for i in scaled.input if i != divided.output[0])
            shift = next(i for i in added.input if i != scaled.output[0])
            self.adains.append((gain, shift, added.output[0]))
            self.gone += [scaled, added]
        self.channels = self._channels(graph)

    def _channels(self, graph):
        gain = graph.maker[self.adains[0][0]]  # 1 + half of a Split
        split = next(graph.maker[i] for i in gain.input if i in graph.maker)
        return int(graph.constants[split.input[1]][0])


def normalisations(graph):
    """Those of the generator, in one order for ever: by name."""
    means = [
        n
        for n in graph.nodes
        if n.op_type == "ReduceMean" and n.name.startswith(GENERATOR) and n.name.endswith("/ReduceMean")
    ]
    return [Normalisation(graph, n) for n in sorted(means, key=lambda n: n.name)]


def join_statistics(graph, norms):
    """Two outputs with everything that was measured in a clause: "mean" and "variance", [1, channels of all, 1]."""
    joined = [
        helper.make_node("Concat", [n.mean for n in norms], ["mean"], axis=1),
        helper.make_node("Concat", [n.variance for n in norms], ["variance"], axis=1),
    ]
    graph.nodes.extend(joined)
    graph.index()
    return joined


def take_statistics(graph, norms):
    """The reverse: "mean" and "variance" are inputs. AdaIN is then x·a + b with a and b as small as a column."""
    sizes = graph.constant("parley/channels", np.array([n.channels for n in norms], np.int64))
    for name in ("mean", "variance"):
        parts = [f"parley/{name}/{i}" for i in range(len(norms))]
        graph.nodes.append(helper.make_node("Split", [name, sizes], parts, axis=1))
    added = []
    for i, norm in enumerate(norms):
        prefix = f"parley/adain/{i}/"
        added.append(helper.make_node("Add", [f"parley/variance/{i}", norm.epsilon], [prefix + "shifted"]))
        added.append(helper.make_node("Sqrt", [prefix + "shifted"], [prefix + "deviation"]))
        for k, (gain, shift, result) in enumerate(norm.adains):
            own = f"{prefix}{k}/"
            added.append(helper.make_node("Div", [gain, prefix + "deviation"], [own + "a"]))
            added.append(helper.make_node("Mul", [f"parley/mean/{i}", own + "a"], [own + "moved"]))
            added.append(helper.make_node("Sub", [shift, own + "moved"], [own + "b"]))
            added.append(helper.make_node("Mul", [norm.source, own + "a"], [own + "scaled"]))
            added.append(helper.make_node("Add", [own + "scaled", own + "b"], [result]))
        graph.replace(norm.gone, [])
    graph.nodes.extend(added)
    graph.index()
