"""What the compiler and the linker do against the abuse of a defect, read off the binary."""

import re
import shutil
import subprocess

import pytest

from conftest import BINARY


def readelf(*arguments):
    return subprocess.run(["readelf", "--wide", *arguments, BINARY], capture_output=True,
                          text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module", autouse=True)
def release():
    if shutil.which("readelf") is None:
        pytest.skip("there is no readelf; it is in binutils")
    # Builds with sanitizers or without optimisation are not hardened. The former have their
    # runtime, the latter functions that every optimiser inlines.
    symbols = readelf("--symbols")
    if re.search(r"__[at]san_init|_ZSt4moveI", symbols):
        pytest.skip("not a release build")


def test_it_is_loaded_at_any_address():
    assert re.search(r"Type:\s+DYN \(Position-Independent Executable file\)", readelf("-h"))


def test_its_table_of_symbols_is_bound_at_once_and_read_only():
    dynamic = readelf("-d")
    assert "BIND_NOW" in dynamic or re.search(r"FLAGS_1.*NOW", dynamic), dynamic
    assert "GNU_RELRO" in readelf("-l")


def test_it_looks_for_libraries_where_the_system_does():
    dynamic = readelf("-d")
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic, dynamic


def test_its_stack_is_not_executable():
    [stack] = re.findall(r"GNU_STACK.*", readelf("-l"))
    assert "RWE" not in stack and " E " not in stack, stack
    # Nor is anything both.
    assert not re.search(r"LOAD.* RWE ", readelf("-l"))


def test_its_functions_check_their_frames_and_copies():
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk@", symbols.replace("__stack_chk_fail", "")), "no FORTIFY"


def test_its_branches_are_marked():
    header = readelf("-h")
    if "X86-64" not in header:
        pytest.skip("control-flow protection is of x86")
    notes = readelf("-n")
    assert "IBT" in notes and "SHSTK" in notes, notes
