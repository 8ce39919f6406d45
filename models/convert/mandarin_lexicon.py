#!/usr/bin/env python3
"""Packs what is needed to read Chinese aloud into one file that loads in a few milliseconds.

    python mandarin_lexicon.py --from DIR --to DIR

Reads, from DIR or any folder below it,
  pinyin_dict.json, phrases_dict.json   readings of characters and of phrases (pypinyin, MIT)
  jieba.dict.utf8, hmm_model.utf8       words with their frequencies, and how unknown words are cut (cppjieba, MIT)
and writes lexicon.bin and lexicon.json (what is in it). The same input gives the same bytes.

lexicon.bin is little-endian: the magic "PARLEYZH", u32 version 1, then u32 counts of syllable bytes, characters, nodes and
phrase syllables, then
  syllable bytes   "a1 a2 ... zun4": pinyin in ASCII, v for u with dots, E for e with circumflex, the tone 1-5 last; space between
  characters       by code point: u32 code point, u32 syllable (0xffffffff: none), f32 log P(character | B, E, M, S) of the HMM
  nodes            a trie of all words and phrases, breadth first, node 0 the root: u32 character, u32 first child,
                   f32 log P(word) (-inf: no word of the dictionary), u32 first phrase syllable (0xffffffff: no phrase).
                   The children of a node end where those of the next begin, ordered by character.
  phrase syllables u32 each, as many as the node is deep
and last 21 f32: the log probability of a word that is not known, the start of the HMM (B E M S) and
its transitions, row by row in the same order.
"""
import argparse
import collections
import json
import math
import pathlib
import struct
import sys
import unicodedata

TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
NONE = 0xFFFFFFFF
NEVER = -3.14e37  # the HMM writes -3.14e100 for "cannot be", which no float32 holds


def is_han(text):
    return all("\u4e00" <= c <= "\u9fff" for c in text)


def numbered(pinyin):
    """lǜ -> lv4; the neutral tone is 5."""
    tone, letters = "5", ""
    for c in unicodedata.normalize("NFD", pinyin.strip()):
        if c in TONES:
            tone = TONES[c]
        elif c == "\u0308":
            letters = letters[:-1] + "v"
        elif c == "\u0302":
            letters = letters[:-1] + "E"
        elif c.isascii() and c.isalpha():
            letters += c.lower()
        else:
            raise ValueError(f"{pinyin!r} is not pinyin")
    return letters + tone


def find(folder, name):
    found = sorted(folder.rglob(name))
    if not found:
        sys.exit(f"{name} is not in {folder}; it comes from the packages named in this script's first lines")
    return found[0]


def read_characters(folder):
    text = json.loads(find(folder, "pinyin_dict.json").read_text(encoding="utf-8"))
    return {int(code): numbered(readings.split(",")[0]) for code, readings in text.items()}


def read_phrases(folder):
    text = json.loads(find(folder, "phrases_dict.json").read_text(encoding="utf-8"))
    phrases = {}
    for phrase, readings in text.items():
        if len(phrase) == len(readings) > 1 and is_han(phrase):
            phrases[phrase] = [numbered(reading[0]) for reading in readings]
    return phrases


def read_words(folder):
    """Words of Chinese characters with log probabilities, and the one of a word that is not known."""
    counts, total = {}, 0
    for line in find(folder, "jieba.dict.utf8").read_text(encoding="utf-8").splitlines():
        fields = line.split(" ")
        if len(fields) < 2:
            continue
        total += int(fields[1])
        if is_han(fields[0]) and int(fields[1]) > 0:
            counts[fields[0]] = int(fields[1])
    log_total = math.log(total)
    return {word: math.log(count) - log_total for word, count in counts.items()}, -log_total


def read_hmm(folder):
    """Start, transition rows and per-character emissions, all in the order B E M S."""
    lines = [line for line in find(folder, "hmm_model.utf8").read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")]
    if len(lines) != 9:
        sys.exit(f"hmm_model.utf8 has {len(lines)} lines of data; 9 are needed: start, four of transitions, four of emissions")
    numbers = [[max(float(value), NEVER) for value in line.split()] for line in lines[:5]]
    if any(len(row) != 4 for row in numbers):
        sys.exit("hmm_model.utf8: start and transitions need four numbers a line")
    emissions = collections.defaultdict(lambda: [NEVER] * 4)
    for state, line in enumerate(lines[5:]):
        for entry in line.split(","):
            character, _, value = entry.rpartition(":")
            if len(character) == 1:
                emissions[ord(character)][state] = float(value)
    return numbers[0], numbers[1:], emissions


def build_trie(words, phrases, syllable_ids):
    """Nodes (character, first child, log probability, phrase) breadth first, and the phrases' syllables."""
    root = {}
    for word in sorted(set(words) | set(phrases)):
        node = root
        for c in word:
            node = node.setdefault(c, {})
    nodes, syllables = [[0, 1, -math.inf, NONE]], []
    queue = collections.deque([("", root, 0)])
    while queue:
        prefix, children, index = queue.popleft()
        nodes[index][1] = len(nodes)
        for c in sorted(children):
            word = prefix + c
            phrase = NONE
            if word in phrases:
                phrase = len(syllables)
                syllables += [syllable_ids[s] for s in phrases[word]]
            queue.append((word, children[c], len(nodes)))
            nodes.append([ord(c), 0, words.get(word, -math.inf), phrase])
    return nodes, syllables


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=pathlib.Path, required=True)
    parser.add_argument("--to", dest="target", type=pathlib.Path, required=True)
    options = parser.parse_args()

    readings = read_characters(options.source)
    phrases = read_phrases(options.source)
    words, unknown = read_words(options.source)
    start, transitions, emissions = read_hmm(options.source)

    syllables = sorted(set(readings.values()) | {s for phrase in phrases.values() for s in phrase})
    ids = {syllable: i for i, syllable in enumerate(syllables)}
    nodes, phrase_syllables = build_trie(words, phrases, ids)
    spelled = " ".join(syllables).encode("ascii")

    options.target.mkdir(parents=True, exist_ok=True)
    characters = sorted(set(readings) | set(emissions))
    with open(options.target / "lexicon.bin", "wb") as out:
        out.write(b"PARLEYZH" + struct.pack("<5I", 1, len(spelled), len(characters), len(nodes), len(phrase_syllables)))
        out.write(spelled)
        for code in characters:
            syllable = ids[readings[code]] if code in readings else NONE
            out.write(struct.pack("<2I4f", code, syllable, *emissions[code]))
        for character, child, probability, phrase in nodes:
            out.write(struct.pack("<2IfI", character, child, probability, phrase))
        out.write(struct.pack(f"<{len(phrase_syllables)}I", *phrase_syllables))
        out.write(struct.pack("<21f", unknown, *start, *(value for row in transitions for value in row)))
    summary = {"format": 1, "syllables": len(syllables), "characters": len(characters), "words": len(words),
               "phrases": len(phrases), "nodes": len(nodes)}
    (options.target / "lexicon.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
