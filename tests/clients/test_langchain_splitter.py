"""The real langchain-text-splitters beside `parley knowledge split`: the same chunks from seeded random texts and rules.

    python tests/clients/test_langchain_splitter.py [--parley build/release/parley] [--count 100000] [--seed 1]

Where the chunks are slices of the text (no dropped separators), our start indices are checked against the text as well.
"""

import client_venv

client_venv.enter("langchain-text-splitters==1.1.3", place="venv-langchain")

import argparse
import json
import pathlib
import random
import subprocess
import sys

from langchain_text_splitters import RecursiveCharacterTextSplitter

ROOT = pathlib.Path(__file__).resolve().parents[2]
LENGTHS = {
    "codepoints": len,
    "utf8_bytes": lambda text: len(text.encode()),
    "utf16_units": lambda text: len(text.encode("utf-16-le")) // 2,
    "words": lambda text: len(text.split()),
    "ceil_codepoints_div_4": lambda text: (len(text) + 3) // 4,
}
LITERALS = ["\n\n", "\n", " ", "", ".", ",", "。", "，", "！", "ab", "\t", "|", "(", "\u200b", "、"]
REGEXES = [r"\d+", r"(?<=[。！？])", r"(?=Item)", r"\n#{1,6} ", r"[，、]", r"\s+", "x*", "", " ", "\n", r"(?<=\. )", r"\bb", "a|ab"]
WORDS = "the cat sat on a mat because it was warm Item 12 ab aab 今天 天气 很好 我们 去 公园 你 来 吗 好的 3.14 é 👨‍👩‍👧 नमस्ते x xx".split()
MARKS = [" ", " ", " ", "", "", "。", "，", "！", "？", ". ", ", ", "\n", "\n\n", "\r\n", "\n# ", "\t", "\u3000", "\x1c", "\u200b", "\u2003", "|", "("]


def text_of(rng):
    return "".join(rng.choice(WORDS) + rng.choice(MARKS) for _ in range(rng.randrange(0, 60))) if rng.random() < 0.9 else "".join(
        rng.choice("ab \n。，1.é漢") for _ in range(rng.randrange(0, 120))
    )


def case_of(rng):
    size = rng.randrange(1, 60)
    regex = rng.random() < 0.3
    pool = REGEXES if regex else LITERALS
    separators = None if rng.random() < 0.3 else rng.sample(pool, rng.randrange(1, 6))
    return {
        "input": text_of(rng),
        "params": {
            "chunk_size": size,
            "chunk_overlap": rng.randrange(0, size + 1),
            "separators": separators,
            "keep_separator": rng.choice([True, "start", "end", False]),
            "is_separator_regex": regex and separators is not None,
            "length_function": rng.choice(["codepoints"] * 4 + list(LENGTHS)),
            "strip_whitespace": rng.random() < 0.8,
        },
    }


def expected(case):
    params = dict(case["params"])
    params["length_function"] = LENGTHS[params["length_function"]]
    return RecursiveCharacterTextSplitter(**params).split_text(case["input"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--parley", default=ROOT / "build/release/parley")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    cases = [case_of(rng) for _ in range(args.count)]
    lines = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    done = subprocess.run([args.parley, "knowledge", "split"], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = done.stdout.decode().split("\n")[:-1]
    assert len(answers) == len(cases), f"{len(answers)} answers to {len(cases)} lines"
    wrong = 0
    for case, line in zip(cases, answers):
        answer, right = json.loads(line), expected(case)
        slices = case["params"]["keep_separator"] is False or all(
            case["input"][start : start + len(chunk)] == chunk for chunk, start in zip(answer["chunks"], answer["start_index"])
        )
        if answer["chunks"] != right or not slices:
            wrong += 1
            if wrong <= 5:
                print(json.dumps(case, ensure_ascii=False), "\n  theirs", right, "\n  ours  ", answer)
    print(f"{len(cases)} texts (seed {args.seed}): {wrong} differences")
    sys.exit(wrong > 0)


main()
