"""A cookbook's output is compared strictly, but for its placeholders."""

import pytest

from expected_output import differences, is_expected, update

ID = "exec_01M84WEKTSAA6QM0KMD1G1K9DK"
TIME = "2031-01-02T03:04:05.678901Z"

SAME = [
    ("exec_… done", f"{ID} done"),
    ('{"id":"exec_…","n":3}', f'{{"id":"{ID}","n":3}}'),
    ("at 2026-… it ran", f"at {TIME} it ran"),
    ("took … ms", "took 0.031 ms"),
    ("took … ms", "took 1.5e-05 ms"),
    ("col_… and ns_…", "col_0lky65qeor and ns_eshu4gquw3"),
    ('{"sha256":"…"}', '{"sha256":"9f86d081884c7d65"}'),
    ('"sha256:…"', '"sha256:6bb33c7c0a74d378"'),
    ("a (b) [c] *", "a (b) [c] *"),
]
DIFFERENT = [
    ("exec_… done", "exec_ done"),
    ("exec_… done", f"{ID}0 done"),
    ("exec_… done", "exec_old_1 done"),
    ("took … ms", "took long ms"),
    ("took … ms", "took 3 ms "),
    ("at 2026-… it ran", "at 2026-01-01 it ran"),
    ('{"sha256":"…"}', '{"sha256":""}'),
    ('{"sha256":"…"}', '{"sha256":"a","b":"c"}'),
    ("2 failed", "3 failed"),
    ("a.b", "axb"),
]


@pytest.mark.parametrize("expected,printed", SAME)
def test_placeholders_stand_for_what_differs(expected, printed):
    assert is_expected(expected, printed)
    assert differences([expected], [printed], "doc") == ""


@pytest.mark.parametrize("expected,printed", DIFFERENT)
def test_everything_else_is_strict(expected, printed):
    assert not is_expected(expected, printed)
    assert differences([expected], [printed], "doc") != ""


def test_a_diff_shows_the_line_that_differs_and_no_other():
    expected = ["exec_… a", "two", "… ms"]
    diff = differences(expected, [f"{ID} a", "2", "3.5 ms"], "doc:7").splitlines()
    assert diff[:2] == ["--- doc:7 says", "+++ doc:7 printed"]
    assert [line for line in diff[2:] if line[0] in "+-"] == ["-two", "+2"]


def test_lines_too_many_and_too_few_are_told():
    assert "+b" in differences(["a"], ["a", "b"], "doc")
    assert "-b" in differences(["a", "b"], ["a"], "doc")
    assert differences([], ["a"], "doc") and differences(["a"], [], "doc")
    # A line that is new shifts no other.
    diff = differences(["exec_… a", "… ms"], ["new", f"{ID} a", "1 ms"], "doc").splitlines()
    assert [line for line in diff[2:] if line[0] in "+-"] == ["+new"]


def test_an_update_keeps_what_holds_and_masks_what_is_new():
    assert update(["… ms", "old"], ["7 ms", f"{ID} at {TIME}"]) == ["… ms", "exec_… at 2026-…"]
    assert update([], ["at 2024-05-13T08:00:00Z"]) == ["at 2024-05-13T08:00:00Z"]
