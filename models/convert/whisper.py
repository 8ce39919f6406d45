#!/usr/bin/env python3
"""Rewrites a Whisper model from CTranslate2's format into the one whisper.cpp loads.

    python whisper.py --from DIR --to DIR

Reads model.bin, config.json and tokenizer.json, writes ggml-base.bin (named after the size of the model) and prints its
SHA-256. The same input gives the same bytes.

CTranslate2 keeps a flat list of named tensors: u32 version, string spec, u32 revision, u32 count, then each as string name,
u8 rank, u32 dims, u8 type, u32 bytes, data; a string is u16 length and bytes ending in a zero. The queries, keys and values of
self-attention are fused into linear_0, the keys and values of cross-attention into linear_1. Whisper has no key bias, so
that third of a fused bias is zero and is dropped.

ggml: magic, eleven int32 hyper-parameters, the mel filters, the vocabulary, then each tensor as int32 rank, name length
and type (0 float32, 1 float16), the dims fastest first, name, data. Vectors and positions are float32, the rest float16.
"""
import argparse
import hashlib
import json
import pathlib
import struct
import sys

import numpy as np

TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}  # ctranslate2::DataType
SIZES = {4: "tiny", 6: "base", 12: "small", 24: "medium", 32: "large"}  # whisper's names by the encoder's layers
SAMPLE_RATE, N_FFT = 16000, 400


class Tensors:
    def __init__(self, path):
        self.bytes = path.read_bytes()
        self.at = 0
        version = self.number("<I")
        spec = self.string()
        self.number("<I")  # revision of the spec
        if version != 6 or spec != "WhisperSpec":
            sys.exit(f"{path} is not a Whisper model of CTranslate2 (version {version}, {spec!r})")
        self.named = {}
        for _ in range(self.number("<I")):
            self.tensor()

    def number(self, form):
        value = struct.unpack_from(form, self.bytes, self.at)[0]
        self.at += struct.calcsize(form)
        return value

    def string(self):
        size = self.number("<H")
        text = self.bytes[self.at : self.at + size].rstrip(b"\0").decode()
        self.at += size
        return text

    def tensor(self):
        name = self.string()
        shape = [self.number("<I") for _ in range(self.number("<B"))]
        kind = TYPES[self.number("<B")]
        size = self.number("<I")
        if self.at + size > len(self.bytes):
            sys.exit(f"model.bin ends inside {name}: download it again")
        self.named[name] = np.frombuffer(self.bytes, kind, size // np.dtype(kind).itemsize, self.at).reshape(shape)
        self.at += size

    def __getitem__(self, name):
        found = self.named[name]
        if found.dtype != np.float16 and found.dtype != np.float32 and found.ndim:
            sys.exit(f"{name} is {found.dtype}: quantised CTranslate2 models cannot be rewritten without loss")
        return found

    def layers(self, side):
        return sum(name.startswith(f"{side}/layer_") and name.endswith("/self_attention/linear_0/weight") for name in self.named)


def linear(tensors, source, target):
    return [(target + ".weight", tensors[source + "/weight"]), (target + ".bias", tensors[source + "/bias"])]


def norm(tensors, source, target):
    return [(target + ".weight", tensors[source + "/gamma"]), (target + ".bias", tensors[source + "/beta"])]


def no_key_bias(bias, name):
    if np.any(bias):
        sys.exit(f"{name} has a key bias, which Whisper does not know")


def self_attention(tensors, source, target):
    yield from norm(tensors, source + "/layer_norm", target + "_ln")
    weight = np.split(tensors[source + "/linear_0/weight"], 3)
    bias = np.split(tensors[source + "/linear_0/bias"], 3)
    no_key_bias(bias[1], source)
    yield from [(target + ".query.weight", weight[0]), (target + ".query.bias", bias[0])]
    yield target + ".key.weight", weight[1]
    yield from [(target + ".value.weight", weight[2]), (target + ".value.bias", bias[2])]
    yield from linear(tensors, source + "/linear_1", target + ".out")


def cross_attention(tensors, source, target):
    yield from norm(tensors, source + "/layer_norm", target + "_ln")
    weight = np.split(tensors[source + "/linear_1/weight"], 2)
    bias = np.split(tensors[source + "/linear_1/bias"], 2)
    no_key_bias(bias[0], source)
    yield from linear(tensors, source + "/linear_0", target + ".query")
    yield target + ".key.weight", weight[0]
    yield from [(target + ".value.weight", weight[1]), (target + ".value.bias", bias[1])]
    yield from linear(tensors, source + "/linear_2", target + ".out")


def feed_forward(tensors, source, target):
    yield from norm(tensors, source + "/layer_norm", target + "_ln")
    yield from linear(tensors, source + "/linear_0", target + ".0")
    yield from linear(tensors, source + "/linear_1", target + ".2")


def renamed(tensors):
    """Every tensor under the name of OpenAI's modules, which is the name whisper.cpp asks for, in the order of OpenAI's own
    checkpoint: so the file equals the publisher's ggml-base.bin to the last bit."""
    for side in ("decoder", "encoder"):
        yield f"{side}.positional_embedding", tensors[f"{side}/position_encodings/encodings"]

    yield "decoder.token_embedding.weight", tensors["decoder/embeddings/weight"]
    for i in range(tensors.layers("decoder")):
        source, target = f"decoder/layer_{i}", f"decoder.blocks.{i}"
        yield from feed_forward(tensors, source + "/ffn", target + ".mlp")
        yield from self_attention(tensors, source + "/self_attention", target + ".attn")
        yield from cross_attention(tensors, source + "/attention", target + ".cross_attn")
    yield from norm(tensors, "decoder/layer_norm", "decoder.ln")

    for conv in ("conv1", "conv2"):
        yield f"encoder.{conv}.weight", tensors[f"encoder/{conv}/weight"]
        yield f"encoder.{conv}.bias", tensors[f"encoder/{conv}/bias"][:, None]
    for i in range(tensors.layers("encoder")):
        source, target = f"encoder/layer_{i}", f"encoder.blocks.{i}"
        yield from feed_forward(tensors, source + "/ffn", target + ".mlp")
        yield from self_attention(tensors, source + "/self_attention", target + ".attn")
    yield from norm(tensors, "encoder/layer_norm", "encoder.ln_post")


def mel_filters(bands):
    """Slaney's mel scale (linear to 1 kHz, logarithmic above) and triangles of equal area, as Whisper was trained with."""
    step, knee, log_step = 200.0 / 3, 1000.0, np.log(6.4) / 27.0

    def to_mel(hertz):
        return knee / step + np.log(hertz / knee) / log_step if hertz >= knee else hertz / step

    mels = np.linspace(0.0, to_mel(SAMPLE_RATE / 2), bands + 2)
    edges = step * mels
    above = mels >= knee / step
    edges[above] = knee * np.exp(log_step * (mels[above] - knee / step))
    ramps = np.subtract.outer(edges, np.fft.rfftfreq(N_FFT, 1.0 / SAMPLE_RATE))
    widths = np.diff(edges)
    filters = np.zeros((bands, N_FFT // 2 + 1), np.float32)
    for i in range(bands):
        filters[i] = np.maximum(0, np.minimum(-ramps[i] / widths[i], ramps[i + 2] / widths[i + 1])) + 0.0  # no -0
    filters *= (2.0 / (edges[2:] - edges[:bands]))[:, None]
    return filters


def vocabulary(path):
    """The words as bytes, in the order of their numbers. BPE files write each byte as a printable letter (GPT-2's table)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    rest = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(rest)}
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    special = {token["content"] for token in tokenizer["added_tokens"]}
    words = sorted((number, word) for word, number in tokenizer["model"]["vocab"].items() if word not in special)
    if [number for number, _ in words] != list(range(len(words))):
        sys.exit(f"{path} has gaps in its vocabulary")
    return [bytes(letters[letter] for letter in word) for _, word in words]


def encode(name, data):
    small = data.ndim < 2 or name.endswith((".positional_embedding", "conv1.bias", "conv2.bias"))
    data = np.ascontiguousarray(data, np.float32 if small else np.float16)
    raw_name = name.encode()
    header = struct.pack("<iii", data.ndim, len(raw_name), 0 if small else 1)
    return header + struct.pack(f"<{data.ndim}i", *reversed(data.shape)) + raw_name + data.tobytes()


def convert(source, target):
    tensors = Tensors(source / "model.bin")
    words = vocabulary(source / "tokenizer.json")
    audio, text = tensors["encoder/position_encodings/encodings"], tensors["decoder/position_encodings/encodings"]
    embedding = tensors["decoder/embeddings/weight"]
    bands = tensors["encoder/conv1/weight"].shape[1]
    layers = tensors.layers("encoder")
    shape = [embedding.shape[0], *audio.shape, int(tensors["encoder/num_heads"]), layers,
             *text.shape, int(tensors["decoder/num_heads"]), tensors.layers("decoder"), bands, 1]
    filters = mel_filters(bands)

    target.mkdir(parents=True, exist_ok=True)
    path = target / f"ggml-{SIZES.get(layers, 'model')}.bin"
    part = path.with_suffix(".part")  # a half-written file never carries the final name
    digest = hashlib.sha256()
    with part.open("wb") as out:
        def write(data):
            digest.update(data)
            out.write(data)

        write(struct.pack("<I11i", 0x67676D6C, *shape))
        write(struct.pack("<ii", *filters.shape) + filters.tobytes())
        write(struct.pack("<i", len(words)))
        for word in words:
            write(struct.pack("<i", len(word)) + word)
        for name, data in renamed(tensors):
            write(encode(name, data))
    part.replace(path)
    print(f"{digest.hexdigest()}  {path.name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", type=pathlib.Path, required=True)
    parser.add_argument("--to", dest="target", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    try:
        convert(arguments.source, arguments.target)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    except (KeyError, IndexError, struct.error, ValueError) as error:
        sys.exit(f"{arguments.source} does not hold a whole Whisper model ({error}): download it again")


if __name__ == "__main__":
    main()
