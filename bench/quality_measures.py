"""How good rankings are: hit@10, MRR@10 and nDCG@10, with intervals; and TREC's files."""

import math
import random

MEASURES = ("hit@10", "mrr@10", "ndcg@10")
DEPTH = 10
RESAMPLES = 2000
SEED = 15


def measure(ranked, relevant):
    """One query's figures, in the order of MEASURES."""
    relevant = set(relevant)
    found = [place for place, name in enumerate(ranked[:DEPTH]) if name in relevant]
    ideal = sum(1 / math.log2(place + 2) for place in range(min(DEPTH, len(relevant))))
    return (float(bool(found)), 1 / (found[0] + 1) if found else 0.0,
            sum(1 / math.log2(place + 2) for place in found) / ideal)


def mean(values):
    return sum(values) / len(values) if values else 0.0


def interval(values):
    """The middle 95 % of the means of samples that are drawn from the values again.

    With differences of the same queries it is a paired bootstrap."""
    if not values:
        return 0.0, 0.0
    draw = random.Random(SEED)
    means = sorted(mean(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]


def write_qrels(path, queries):
    with open(path, "w", encoding="utf-8") as file:
        for query in queries:
            for name in query.relevant:
                file.write(f"{query.id} 0 {name} 1\n")


def write_run(path, tag, queries, rankings):
    """`rankings` are as the queries: pairs of document and score, the best first."""
    with open(path, "w", encoding="utf-8") as file:
        for query, ranking in zip(queries, rankings):
            for place, (name, score) in enumerate(ranking, 1):
                file.write(f"{query.id} Q0 {name} {place} {score:.6f} {tag}\n")
