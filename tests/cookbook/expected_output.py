"""What a cookbook says that a recipe prints, compared with what it printed.

Every line has to be the same, but for an ellipsis where the output differs from run to run:

  exec_…    an id: the prefix, an underscore and what is random about it
  2026-…    a time, RFC 3339 in UTC, of any year
  sha256:…  the hash that stands for a redacted value
  "…"       a text without spaces, such as a cursor or a digest
  …         a number, such as a duration
"""

import difflib
import re

EXECUTION_ID = "[0-9A-HJKMNP-TV-Z]{26}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"

# (what stands before the ellipsis, or nothing; what the two together match)
PLACEHOLDERS = [
    (r"\bexec_…", f"exec_{EXECUTION_ID}"),
    (r"\b(?P<prefix>[a-z]+_)…", r"{prefix}[0-9a-z]{{8,}}"),
    (r"\b\d{4}-…", TIME),
    (r"\bsha256:…", "sha256:[0-9a-f]{16}"),
    (r'"…"', r'"[^"\s]+"'),
    (r"…", r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"),
]
ANY_PLACEHOLDER = re.compile("|".join(text for text, _ in PLACEHOLDERS))

# What an update writes in place of what it saw. Years before 2025 are those of a recipe's
# own data.
VOLATILE = [
    (re.compile(rf"\bexec_{EXECUTION_ID}\b"), "exec_…"),
    (re.compile(r"\b(col|ns|key|req|sk)_[0-9a-z]{8,}\b"), r"\1_…"),
    (re.compile(r"\b(?:202[5-9]|20[3-9]\d)" + TIME[5:]), "2026-…"),
    (re.compile(r"\bsha256:[0-9a-f]{16}\b"), "sha256:…"),
]


def pattern_of(line):
    """The regular expression that an expected line stands for."""
    pattern, at = "", 0
    for found in ANY_PLACEHOLDER.finditer(line):
        pattern += re.escape(line[at:found.start()])
        for text, matches in PLACEHOLDERS:
            placeholder = re.fullmatch(text, found.group())
            if placeholder:
                prefix = placeholder.groupdict().get("prefix")
                pattern += matches.format(prefix=prefix) if prefix else matches
                break
        at = found.end()
    return re.compile(pattern + re.escape(line[at:]))


def is_expected(expected, printed):
    return pattern_of(expected).fullmatch(printed) is not None


def align(expected, printed):
    """The printed lines, where one of the expected stands for them that one in its place.

    Lines are compared in order, so that one that is too many does not shift all others.
    """
    matcher = difflib.SequenceMatcher(
        None, [masked(line) for line in expected], [masked(line) for line in printed], False)
    aligned = list(printed)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            line = expected[block.a + offset]
            if is_expected(line, printed[block.b + offset]):
                aligned[block.b + offset] = line
    # Of as many lines each stands beside its own, whatever numbers it holds.
    if len(expected) == len(printed):
        for at, line in enumerate(expected):
            if is_expected(line, printed[at]):
                aligned[at] = line
    return aligned


def masked(line):
    """A line without what may differ, to find the ones that belong together."""
    for volatile, placeholder in VOLATILE:
        line = volatile.sub(placeholder, line)
    return re.sub(r'"[^"\s]{24,}"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|"…"', "…", line)


def differences(expected, printed, name):
    """A unified diff from what the document says to what was printed; empty if it holds."""
    aligned = align(expected, printed)
    if aligned == expected:
        return ""
    return "\n".join(difflib.unified_diff(
        expected, aligned, f"{name} says", f"{name} printed", lineterm="", n=3))


def update(expected, printed):
    """What the document should say: the lines that hold stay, new ones get placeholders."""
    updated = []
    for line in align(expected, printed):
        if line not in expected:
            for volatile, placeholder in VOLATILE:
                line = volatile.sub(placeholder, line)
        updated.append(line)
    return updated
