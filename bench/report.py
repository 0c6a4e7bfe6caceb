#!/usr/bin/env python3
"""Writes the figures of bench/ledger.py into bench/README.md, and draws bench/list_cost.svg.

    bench/report.py [BENCH_DIR/results.json]

Everything between the two markers in README.md is replaced; the rest is left alone.
"""

import json
import math
import pathlib
import sys

BENCH = pathlib.Path(__file__).resolve().parent
BEGIN = "<!-- figures: written by bench/report.py -->"
END = "<!-- end of figures -->"

QUESTIONS = {
    "first_page": "first page of 20",
    "first_page_with_total": "first page and its total",
    "failed_page": "failed page",
    "failed_page_with_total": "failed page and its total",
    "day_page": "a day in the middle",
    "cursor_page": "cursor at a random place",
    "offset_page": "offset 10,000",
    "total_30_days": "exact total of 30 days",
    "detail": "detail by id",
    "text_rare": "text: a rare word",
    "text_common": "text: a common word",
    "text_common_with_total": "text: a common word and its total",
    "text_two_words": "text: two words",
}
PEERS = {"trawl": "Trawl", "postgres": "PostgreSQL 15", "sqlite": "plain SQLite"}
TARGETS = {"nginx": "nginx, a file of the same bytes", "fixed": "our server, the same bytes fixed"}


def size_name(size):
    return f"{size // 1_000_000} M" if size >= 1_000_000 else f"{size // 1_000} k"


def micros(value):
    """Three digits, in the unit that fits."""
    if value is None:
        return "–"
    for limit, divisor, unit in ((1_000, 1, "µs"), (1_000_000, 1_000, "ms")):
        if value < limit:
            return f"{value / divisor:.3g} {unit}"
    return f"{value / 1_000_000:.3g} s"


def number(value):
    return "–" if value is None else f"{value:,.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


class Size:
    """The figures of one size, where missing ones read None."""

    def __init__(self, figures):
        self.figures = figures
        self.size = figures["size"]
        # An answer of our ledger that differs from the others' does not count.
        self.wrong = {question for question, _ in figures["differs"]}

    def at(self, *path):
        value = self.figures
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def read(self, question, peer, what="p50_us"):
        if peer == "trawl" and question in self.wrong:
            return None
        return self.at("read", question, peer, what)


def ratio(a, b):
    return None if a is None or not b else a / b


# --- goals ---------------------------------------------------------------------------


def goals(sizes):
    """Rows of (goal, limit, figure, reached); those without figures are left out."""
    large, small = sizes[-1], sizes[0]
    out = []

    def goal(text, value, limit, at_least=False, unit="×"):
        if value is None:
            out.append((text, "not measured", "–"))
            return
        reached = value >= limit if at_least else value <= limit
        shown = f"{value:,.2f}{unit}" if value < 100 else f"{value:,.0f}{unit}"
        out.append((text, shown, "reached" if reached else "**not reached**"))

    http = lambda target, what: large.at("http", target, "32", what)
    goal("list page over HTTP: CPU at most 2.0× that of the same bytes fixed",
         ratio(http("first_page", "cpu_us_per_request"), http("fixed", "cpu_us_per_request")), 2.0)
    goal("list page over HTTP: at least 0.5× nginx's requests per second",
         ratio(http("first_page", "per_second"), http("nginx", "per_second")), 0.5, True)
    goal(f"a page costs at most 1.3× that at {size_name(small.size)}",
         ratio(large.read("first_page", "trawl"), small.read("first_page", "trawl"))
         if large is not small else None, 1.3)
    goal("an exact total costs at most 2× the page",
         ratio(large.read("total_30_days", "trawl"), large.read("first_page", "trawl")), 2.0)
    answered = [q for q in QUESTIONS if large.read(q, "trawl") and large.read(q, "postgres")]
    slowest = min(answered, default=None, key=lambda q: ratio(large.read(q, "postgres"),
                                                              large.read(q, "trawl")))
    goal("every read in process at least 3× faster than PostgreSQL"
         + (f" (the closest: {QUESTIONS[slowest]})" if slowest else ""),
         slowest and ratio(large.read(slowest, "postgres"), large.read(slowest, "trawl")), 3.0, True)
    goal("at least 20,000 acknowledged executions per second with 64 writers",
         large.at("record", "64", "per_second"), 20_000, True, "/s")
    goal("recording adds at most one fsync, shared (commits per execution, one writer)",
         large.at("record", "1", "commits_per_execution"), 1.0, unit="")
    goal("the list's p99 at most 2× during an export",
         ratio(large.at("export", "beside", "p99_us"), large.at("export", "alone", "p99_us")), 2.0)
    goal("at most 600 bytes for an execution beyond its inputs",
         large.at("fill", "bytes_beyond_inputs"), 600, unit=" B")
    goal("served in at most 512 MiB resident", large.at("server_memory_mib", "VmRSS"), 512,
         unit=" MiB")
    return out


# --- tables --------------------------------------------------------------------------


def read_table(size):
    peers = [peer for peer in PEERS if size.at("read", "first_page", peer)]
    rows = []
    for question, text in QUESTIONS.items():
        row = [text]
        for peer in peers:
            row += [micros(size.read(question, peer)), micros(size.read(question, peer, "p99_us"))]
        faster = ratio(size.read(question, "postgres"), size.read(question, "trawl"))
        row.append("–" if faster is None else f"{faster:.1f}×")
        rows.append(row)
    head = ["in process"]
    for peer in peers:
        head += [f"{PEERS[peer]} p50", "p99"]
    return table([*head, "PostgreSQL ÷ Trawl"], rows)


def http_table(size):
    rows = []
    for target in [*TARGETS, *QUESTIONS]:
        for connections in ("32", "256"):
            found = size.at("http", target, connections)
            if not found:
                continue
            text = TARGETS.get(target) or QUESTIONS[target]
            if found["errors"] > 0:
                text += f" ({found['errors']:.0f} errors)"
            rows.append([text, connections, number(found["per_second"]), micros(found["p50_us"]),
                         micros(found["p99_us"]), micros(found["cpu_us_per_request"])])
    return table(["over HTTP", "connections", "requests/s", "p50", "p99", "server CPU"], rows)


def record_table(size):
    rows = []
    for writers in ("1", "8", "64"):
        found = size.at("record", writers)
        if found:
            rows.append([writers, number(found["per_second"]), micros(found["p50_us"]),
                         micros(found["p99_us"]), f"{found['commits_per_execution']:.3f}",
                         micros(found["fsync_p50_us"]),
                         f"{micros(found['list_idle_p50_us'])} / {micros(found['list_idle_p99_us'])}",
                         f"{micros(found['list_busy_p50_us'])} / {micros(found['list_busy_p99_us'])}"])
    return table(["recording, writers", "executions/s", "added p50", "p99", "fsyncs/execution",
                  "one bare fsync", "list alone p50 / p99", "list meanwhile p50 / p99"], rows)


def sizes_table(sizes):
    rows = []
    for size in sizes:
        millis = lambda *path: micros(size.at(*path) and size.at(*path) * 1000)
        rows.append([
            size_name(size.size), number(size.at("fill", "per_second")),
            number(size.at("fill", "bytes_per_execution")),
            number(size.at("fill", "input_bytes_per_execution")),
            number(size.at("postgres_bytes_per_execution")),
            number(size.at("sqlite_bytes_per_execution")),
            number(size.at("server_memory_mib", "VmRSS")),
            number(size.at("server_memory_mib", "RssAnon")),
            millis("open_warm", "until_first_list_ms"), millis("open_cold", "until_first_list_ms"),
            millis("server_start_ms"), millis("recover", "until_first_list_ms")])
    return table(["size", "filled/s", "bytes each", "of them inputs", "PostgreSQL", "plain SQLite",
                  "server MiB", "of them its own", "first list, warm", "cold", "server start",
                  "after SIGKILL"], rows)


def tables_of(size):
    tables = size.at("fill", "tables") or {}
    rows = [[f"`{name}`", f"{value / size.size:,.1f}"]
            for name, value in sorted(tables.items(), key=lambda item: -item[1])
            if value / size.size >= 0.5]
    return table(["table or index", "bytes for an execution"], rows)


def export_lines(size):
    found = size.at("export")
    if not found:
        return []
    rate = found["export"]["bytes"] / found["export"]["seconds"] / 1e6
    return ["", f"One list after the other on one connection, with 2 ms between: "
            f"{micros(found['alone']['p50_us'])} / {micros(found['alone']['p99_us'])} (p50 / p99) "
            f"alone, {micros(found['beside']['p50_us'])} / {micros(found['beside']['p99_us'])} "
            f"beside full exports ({rate:,.0f} MB/s)."]


def figures(results, sizes):
    machine = results["machine"]
    last = sizes[-1]
    out = [f"Measured on {last.at('date')} at commit `{last.at('commit')}`: {machine['cpu']}, "
           f"{machine['cores']} cores, {machine['memory_gib']} GiB, Linux {machine['kernel']}; "
           f"{machine['nginx']}, {machine['postgres']}, SQLite {machine['sqlite']}. "
           f"{last.at('rounds')} rounds, {last.at('candidates')} candidates at each boundary."]
    if results.get("provisional"):
        out += ["", f"**Provisional:** {results['provisional']}"]
    busy = [size_name(size.size) for size in sizes if size.at("load_before") > machine["cores"] / 2]
    if busy:
        out += ["", f"The machine had other work when this began for: {', '.join(busy)}."]
    out += ["", "### Goals", "", f"At {size_name(last.size)}, where nothing else is said.", "",
            table(["goal", "figure", ""], goals(sizes)), "",
            "![List cost against history size](list_cost.svg)", "",
            "### Space, memory and start", "", sizes_table(sizes)]
    for size in reversed(sizes):
        out += ["", f"### {size_name(size.size)} executions", "", read_table(size), "",
                http_table(size), "", record_table(size), *export_lines(size), "", tables_of(size)]
        if size.wrong:
            names = ", ".join(QUESTIONS[name] for name in QUESTIONS if name in size.wrong)
            out += ["", f"Answered otherwise by the peers, so left out for Trawl: {names}."]
        if size.at("peer_details_every") != 1:
            out += ["", f"The peers held the stages of one execution in "
                    f"{size.at('peer_details_every')} only, to fit the disk."]
    return "\n".join(out)


# --- plot ----------------------------------------------------------------------------

# Readable on white and on black.
COLORS = {"trawl": "#e8590c", "postgres": "#3b82c4", "sqlite": "#2f9e6e"}
GREY = "#808890"


def plot(sizes):
    """Time of the first page against the size, both on logarithmic axes."""
    left, right, top, bottom = 70, 560, 24, 300
    lines = [("trawl", "first_page", False), ("postgres", "first_page", False),
             ("sqlite", "first_page", False), ("postgres", "first_page_with_total", True),
             ("sqlite", "first_page_with_total", True)]
    series = []
    for peer, question, dashed in lines:
        points = [(size.size, size.read(question, peer)) for size in sizes
                  if size.read(question, peer)]
        if points:
            series.append((peer, question, dashed, points))
    values = [value for *_, points in series for _, value in points]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0].size), math.log10(sizes[-1].size)

    def x(size):
        return left + (math.log10(size) - first) / max(last - first, 1e-9) * (right - left)

    def y(value):
        return bottom - (math.log10(value) - low) / max(high - low, 1) * (bottom - top)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 350" font-family="sans-serif"'
           ' font-size="13">',
           "<title>Time to list the newest 20 executions, in process, by size of history</title>"]
    for power in range(low, high + 1):
        at = y(10 ** power)
        out.append(f'<line x1="{left}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="{GREY}"'
                   ' stroke-opacity="0.3"/>')
        out.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end" fill="{GREY}">'
                   f"{micros(10 ** power)}</text>")
    for size in sizes:
        out.append(f'<text x="{x(size.size):.1f}" y="{bottom + 22}" text-anchor="middle"'
                   f' fill="{GREY}">{size_name(size.size)}</text>')
    out.append(f'<text x="{(left + right) / 2}" y="{bottom + 42}" text-anchor="middle"'
               f' fill="{GREY}">executions in the history</text>')
    labels = []
    for peer, question, dashed, points in series:
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        path = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{COLORS[peer]}"'
                   f' stroke-width="2"{dash}/>')
        out += [f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3" fill="{COLORS[peer]}"/>'
                for size, value in points]
        text = PEERS[peer] + (", page and total" if dashed or peer == "trawl" else ", page alone")
        labels.append([y(points[-1][1]), text, COLORS[peer]])
    # Names stand at the ends of their lines, pushed apart where those are close.
    labels.sort()
    for above, label in zip(labels, labels[1:]):
        label[0] = max(label[0], above[0] + 17)
    out += [f'<text x="{right + 12}" y="{at + 4:.1f}" fill="{color}">{text}</text>'
            for at, text, color in labels]
    return "\n".join([*out, "</svg>", ""])


def main():
    default = BENCH.parent / "build/bench/results.json"
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    if not path.exists():
        sys.exit(f"report: {path} is not there; run bench/ledger.py first")
    results = json.loads(path.read_text())
    sizes = [Size(results["sizes"][key]) for key in sorted(results["sizes"], key=int)]
    readme = BENCH / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"report: {readme} lacks the markers {BEGIN} and {END}")
    readme.write_text(f"{before}{BEGIN}\n\n{figures(results, sizes)}\n\n{END}{after}")
    (BENCH / "list_cost.svg").write_text(plot(sizes))
    print(f"wrote {readme} and {BENCH / 'list_cost.svg'}")


if __name__ == "__main__":
    main()
