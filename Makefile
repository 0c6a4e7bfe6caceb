# Two commands: `make run` and `make test`. Everything else is cmake with presets.
#
# Shell lines below run as given; no recipe keeps state beside build/ and the data folder.

JOBS ?= $(shell nproc)
PYTHON ?= /usr/bin/python3
CLANG_FORMAT ?= clang-format-14
CLANG_TIDY ?= clang-tidy-14
SOURCES = git ls-files '*.cc' '*.h'

.PHONY: help setup build run test soak fuzz-api bench-quick bench-ledger bench-load bench-stages bench-insight clean format tidy
.DEFAULT_GOAL := help

help:
	@echo "make run     build, load this machine's Debian package catalogue, show, and serve"
	@echo "             ONCE=1 exits after the demo; DATA_DIR=, LISTEN=, NDJSON= as in scripts/quickstart"
	@echo "make test    build with sanitizers and run every test"
	@echo "make soak    a mixed load for MINUTES=10, watched: memory, latencies, and what it recorded"
	@echo "make fuzz-api  hold a server to its API description with schemathesis, for MINUTES=10"
	@echo "make build   build only build/release/trawl"
	@echo "make bench-quick  compare the instructions of ten hot paths with the previous commit"
	@echo "             BASE=COMMIT, compare with another; ARGS=--json (bench/README.md)"
	@echo "make bench-ledger  compare the ledger with PostgreSQL, SQLite and nginx (bench/README.md)"
	@echo "             SIZES=\"100k 1M 10M\"; BENCH_DIR=, ARGS=--without-postgres"
	@echo "make bench-load  what others feel of heavy requests, and what replaced documents cost"
	@echo "make bench-stages  what each stage costs at 1,000, 10,000 and 100,000 candidates"
	@echo "make bench-insight  what why, replay and diff cost beside a run and a record"
	@echo "make setup   install the Debian packages that the build needs"
	@echo "make format  clang-format;  make tidy: clang-tidy;  make clean: remove build/"

setup:
	@scripts/setup

build: setup
	@scripts/build release trawl

run: build
	@scripts/quickstart

test:
	@scripts/setup --tests
	@scripts/build release trawl
	@scripts/build asan
	@scripts/build tsan unit_tests
	@ctest --preset asan -j$(JOBS)

soak:
	@scripts/setup --tests
	@scripts/build release trawl
	@TRAWL_BINARY=build/release/trawl $(PYTHON) tests/soak.py --minutes $(or $(MINUTES),10) $(ARGS)

fuzz-api:
	@scripts/setup --tests
	@scripts/build release trawl
	@$(PYTHON) tests/openapi/fuzz.py --minutes $(or $(MINUTES),10) $(ARGS)

# Standard output has the figures alone, so that it can go to a file.
bench-quick:
	@scripts/setup --bench >&2
	@$(PYTHON) bench/quick.py --base $(or $(BASE),HEAD~1) $(ARGS)

bench-ledger: setup
	@bench/ledger.py --sizes $(or $(SIZES),100k 1M 10M) --bench-dir $(or $(BENCH_DIR),build/bench) $(ARGS)

bench-load: build
	@$(PYTHON) bench/load.py $(ARGS)
	@$(PYTHON) bench/replacements.py

bench-stages: build
	@$(PYTHON) bench/stages.py $(ARGS)

bench-insight: build
	@$(PYTHON) bench/insight.py $(ARGS)

clean:
	rm -rf build

format:
	$(SOURCES) | xargs $(CLANG_FORMAT) -i

tidy:
	@scripts/setup --tidy
	@JOBS=$(JOBS) CLANG_TIDY=$(CLANG_TIDY) scripts/tidy $(ROOMS)
