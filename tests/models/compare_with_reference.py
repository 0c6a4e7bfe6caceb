#!/usr/bin/env python3
"""Compares the built-in models with the libraries that they were made with.

Tokens: 10,000 texts in many scripts, and each code point by itself, against `tokenizers` of
Hugging Face; they have to be the same. Vectors: those of some hundred texts against ONNX
Runtime from Python with the same pooling; they have to be equal to 1e-3. Speed: documents a
second of CPU of both, one thread, the same texts. The libraries are installed by pip into
build/models-reference; the models have to be there (scripts/models).

    tests/models/compare_with_reference.py
    tests/models/compare_with_reference.py --texts 100000 --seed 7 --model bge-small-en-v1.5
    tests/models/compare_with_reference.py --speed --documents packages.ndjson

Exit status: 0 all is equal, 1 something differs, 77 there is no model, or no network to
install the libraries with.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import subprocess
import sys
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = ROOT / "build" / "models-reference"
REQUIREMENTS = ["numpy==2.2.6", "onnxruntime==1.32.0", "tokenizers==0.22.1"]
SKIPPED = 77
DIFFERENCE_MAX = 1e-3

# How each model's vectors become one, and how many tokens it reads, as trawl has it.
MODELS = {"all-MiniLM-L6-v2": ("mean", 128), "bge-small-en-v1.5": ("first", 512)}

# Blocks that texts are made of: of all that is written, and what is rare and difficult.
BLOCKS = [(0x20, 0x7E)] * 6 + [
    (0xA0, 0xFF), (0x100, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF),
    (0x400, 0x52F), (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F),
    (0x980, 0x9FF), (0xB80, 0xBFF), (0xE00, 0xE7F), (0x10A0, 0x10FF), (0x1100, 0x11FF),
    (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x20A0, 0x20CF), (0x2100, 0x214F),
    (0x2190, 0x23FF), (0x2460, 0x24FF), (0x2E00, 0x2E7F), (0x3000, 0x30FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFEFF),
    (0xFF00, 0xFFEF), (0xFFF0, 0xFFFF), (0xE000, 0xE0FF), (0x10000, 0x101FF),
    (0x10400, 0x1044F), (0x11000, 0x1107F), (0x1D100, 0x1D1FF), (0x1D400, 0x1D7FF),
    (0x1E900, 0x1E95F), (0x1F300, 0x1F64F), (0x1F900, 0x1F9FF), (0x20000, 0x2A6DF),
    (0x2B820, 0x2B95F), (0xE0000, 0xE01EF), (0x0, 0x1F), (0x7F, 0x9F)]
WORDS = ("the a of and to in is for with on Server python3 x86_64 don't naïve CAFÉ Straße "
         "İstanbul ΣΊΣΥΦΟΣ Москва שלום مرحبا हिन्दी ไทย 中文 日本語 カタカナ 한국어 👩‍💻 🇩🇪 e\u0301 "
         "[MASK] [SEP] [CLS] [UNK] [PAD] ##ing [mask] http://example.com/a?b=c 1,234.56 --- "
         "ﬁne ½ ™ \u00ad \u200b \ufeff ' ` $ + ~").split(" ")


def make_text(chance):
    """A random mixture: words, code points of a few blocks, runs of one, spaces."""
    blocks = [chance.choice(BLOCKS) for _ in range(chance.randint(1, 4))]
    parts = []
    for _ in range(chance.randint(0, 40)):
        kind = chance.random()
        if kind < 0.35:
            parts.append(chance.choice(WORDS))
        elif kind < 0.9:
            first, last = chance.choice(blocks)
            parts.append("".join(chr(chance.randint(first, last))
                                 for _ in range(chance.choice((1, 2, 5, 9)))))
        else:
            parts.append(chr(chance.randint(*chance.choice(blocks))) * chance.choice((3, 101)))
        if chance.random() < 0.6:
            parts.append(chance.choice((" ", " ", " ", "\n", "\t", "\u3000", "\u00a0", "-")))
    return "".join(part for part in "".join(parts) if not 0xD800 <= ord(part) <= 0xDFFF)


def code_points():
    """Each code point within a word, by itself and twice."""
    for point in range(0x110000):
        if not 0xD800 <= point <= 0xDFFF:
            yield f"sa{chr(point)}ch {chr(point)} e{chr(point) * 2}1"


def run_trawl(arguments, texts):
    """What `trawl models embed` says of texts, and the seconds of CPU that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [os.environ.get("TRAWL_BINARY", str(ROOT / "build/release/trawl")), "models", "embed",
         *arguments, "--models-dir", str(ARGUMENTS.models)],
        input="".join(json.dumps(text) + "\n" for text in texts), text=True,
        capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [json.loads(line) for line in done.stdout.splitlines()], cpu


class Reference:
    """A model as the libraries run it."""

    def __init__(self, name):
        import onnxruntime
        import tokenizers
        self.pooling, self.tokens_max = MODELS[name]
        folder = ARGUMENTS.models / name
        self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])

    def tokens(self, text):
        ids = self.tokenizer.encode(text).ids
        return ids if len(ids) <= self.tokens_max else ids[:self.tokens_max - 1] + ids[-1:]

    def vectors(self, batch):
        import numpy
        most = max(map(len, batch))
        ids = numpy.zeros((len(batch), most), numpy.int64)
        mask = numpy.zeros_like(ids)
        for i, tokens in enumerate(batch):
            ids[i, :len(tokens)] = tokens
            mask[i, :len(tokens)] = 1
        state = self.session.run(None, {"input_ids": ids, "attention_mask": mask,
                                        "token_type_ids": numpy.zeros_like(ids)})[0]
        if self.pooling == "mean":
            made = (state * mask[:, :, None]).sum(1) / mask.sum(1)[:, None]
        else:
            made = state[:, 0]
        return made / numpy.linalg.norm(made, axis=1, keepdims=True)


def compare_tokens(reference, texts, what):
    found, _ = run_trawl([ARGUMENTS.model, "--tokens"], texts)
    wrong = [(text, mine, wanted) for text, mine in zip(texts, found)
             if mine != (wanted := reference.tokens(text))]
    print(f"tokens of {len(found):,} {what}: {len(wrong)} differ")
    for text, mine, wanted in wrong[:5]:
        print(f"  {text!r}\n    trawl     {mine}\n    reference {wanted}")
    return len(wrong)


def compare_vectors(reference, texts):
    import numpy
    found, _ = run_trawl([ARGUMENTS.model], texts)
    mine = numpy.array(found, numpy.float32)
    theirs = numpy.concatenate([reference.vectors([reference.tokens(text)])
                                for text in texts])
    furthest = float(abs(mine - theirs).max())
    print(f"vectors of {len(texts):,} texts: furthest number {furthest:.1e} apart, "
          f"least cosine {float((mine * theirs).sum(1).min()):.7f}")
    return 0 if furthest <= DIFFERENCE_MAX else 1


def compare_speed(reference, texts):
    """Documents a second of CPU, each way several times in turn; the best of each counts."""
    def python(size):
        start = time.process_time()
        tokens = sorted((reference.tokens(text) for text in texts), key=len)
        for i in range(0, len(tokens), size):
            reference.vectors(tokens[i:i + size])
        return len(texts) / (time.process_time() - start)

    def trawl():
        # Less what loading the model takes, which Python's figures are without, too.
        _, loading = run_trawl([ARGUMENTS.model], [])
        _, all_of_it = run_trawl([ARGUMENTS.model], texts)
        return len(texts) / (all_of_it - loading)

    best = {}
    for _ in range(ARGUMENTS.rounds):
        for name, measure in [("trawl, one by one", trawl)] + [
                (f"python, batches of {size}", lambda size=size: python(size))
                for size in (1, 8, 32)]:
            best[name] = max(best.get(name, 0), measure())
    mean = sum(len(reference.tokens(text)) for text in texts) / len(texts)
    print(f"documents a second of CPU, {len(texts):,} of {mean:.0f} tokens:")
    for name, figure in best.items():
        print(f"  {figure:7.1f}  {name}")


def texts_to_embed(chance):
    if ARGUMENTS.documents is None:
        return [make_text(chance) for _ in range(300)]
    with open(ARGUMENTS.documents, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    texts = [row if isinstance(row, str) else str(row.get("description", "")) for row in rows]
    return chance.sample(texts, min(400, len(texts)))


def install():
    """The libraries, in an environment of their own, in which this then goes on."""
    python = ENVIRONMENT / "bin" / "python"
    if pathlib.Path(sys.prefix) == ENVIRONMENT:
        return
    if not (ENVIRONMENT / "installed").exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet",
                               "--disable-pip-version-check", *REQUIREMENTS], check=False)
        if done.returncode != 0:
            print("the libraries to compare with cannot be installed; skipped")
            sys.exit(SKIPPED)
        (ENVIRONMENT / "installed").touch()
    os.execv(python, [str(python), *sys.argv])


def main():
    install()
    seed = ARGUMENTS.seed if ARGUMENTS.seed is not None else random.SystemRandom().getrandbits(32)
    print(f"{ARGUMENTS.model}, seed {seed}")
    chance = random.Random(seed)
    reference = Reference(ARGUMENTS.model)
    wrong = compare_tokens(reference, [make_text(chance) for _ in range(ARGUMENTS.texts)],
                           "texts")
    if ARGUMENTS.code_points:
        wrong += compare_tokens(reference, list(code_points()), "code points")
    texts = texts_to_embed(chance)
    wrong += compare_vectors(reference, texts)
    if ARGUMENTS.speed:
        compare_speed(reference, texts)
    return 1 if wrong else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", choices=MODELS, default="all-MiniLM-L6-v2")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build" / "models",
                        help="the folder of models [build/models]")
    parser.add_argument("--texts", type=int, default=10_000, help="random texts [10000]")
    parser.add_argument("--seed", type=int, help="of these [another each time]")
    parser.add_argument("--code-points", action="store_true", help="also each code point")
    parser.add_argument("--documents", help="NDJSON with texts or descriptions, for vectors")
    parser.add_argument("--speed", action="store_true", help="also measure both")
    parser.add_argument("--rounds", type=int, default=3, help="of measuring [3]")
    return parser.parse_args()


if __name__ == "__main__":
    ARGUMENTS = parse()
    if not (ARGUMENTS.models / ARGUMENTS.model / "model.onnx").exists():
        print(f"{ARGUMENTS.models} does not have {ARGUMENTS.model}; scripts/models fetches it")
        sys.exit(SKIPPED)
    sys.exit(main())
