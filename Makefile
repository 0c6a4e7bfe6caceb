# Two commands: `make run` and `make test`. Everything else is cmake with presets.
#
# Shell lines below run as given; no recipe keeps state beside build/ and the data folder.

JOBS ?= $(shell nproc)
PYTHON ?= /usr/bin/python3
CLANG_FORMAT ?= clang-format-14
CLANG_TIDY ?= clang-tidy-14
SOURCES = git ls-files '*.cc' '*.h'

.PHONY: help setup build run test soak check-replay fuzz-api bench-quick bench-ledger bench-load bench-stages bench-insight bench-dense bench-console bench-quality pictures clean format tidy
.DEFAULT_GOAL := help

help:
	@echo "make run     build, load this machine's Debian package catalogue, show, and serve"
	@echo "             ONCE=1 exits after the demo; DATA_DIR=, LISTEN=, NDJSON=, MODELS_DIR= as in scripts/quickstart"
	@echo "make test    build with sanitizers and run every test"
	@echo "make soak    a mixed load for MINUTES=10, watched: memory, latencies, and what it recorded"
	@echo "make check-replay  run 1,000 executions over the whole catalogue again, after writes, a"
	@echo "             vacuum, a restart and a backup: the same has to come out"
	@echo "make fuzz-api  hold a server to its API description with schemathesis, for MINUTES=10"
	@echo "make build   build only build/release/trawl; TRAWL_CONSOLE=OFF leaves /console out of it"
	@echo "make bench-quick  compare the instructions of ten hot paths with the previous commit"
	@echo "             BASE=COMMIT, compare with another; ARGS=--json (bench/README.md)"
	@echo "make bench-ledger  compare the ledger with PostgreSQL, SQLite and nginx (bench/README.md)"
	@echo "             SIZES=\"100k 1M 10M\"; BENCH_DIR=, ARGS=--without-postgres"
	@echo "make bench-load  what others feel of heavy requests, and what replaced documents cost"
	@echo "make bench-stages  what each stage costs at 1,000, 10,000 and 100,000 candidates"
	@echo "make bench-insight  what why, replay and diff cost beside a run and a record, and what"
	@echo "             others feel of a job of replays"
	@echo "make bench-dense  how quick the index of vectors is: VECTORS= and QUERIES= are NumPy files"
	@echo "make bench-console  how quick the page at /console is, beside a page that is drawn by hand"
	@echo "make bench-quality  what searches find of the Debian catalogue: hit@10, MRR@10, nDCG@10,"
	@echo "             by words, vectors and both (bench/README.md); PACKAGES=2000 of them"
	@echo "make pictures  take the pictures of docs/console.md and the README, of a new demonstration"
	@echo "make setup   install the Debian packages that the build needs"
	@echo "make format  clang-format;  make tidy: clang-tidy;  make clean: remove build/"

setup:
	@scripts/setup

pictures: build
	@scripts/setup --pictures
	@rm -rf build/pictures
	@ONCE=1 DATA_DIR=build/pictures LISTEN=127.0.0.1:18216 scripts/quickstart >build/pictures.log
	@$(PYTHON) tests/console/run.py --folder build/console-tests --pictures build/pictures

build: setup
	@scripts/build release trawl

# What needs no model goes without one.
run: build
	@scripts/models || echo "Without it all but the search by meaning works; to try again: scripts/models"
	@scripts/quickstart

test:
	@scripts/setup --tests
	@scripts/build release trawl
	@scripts/models || echo "Tests of embedding models are skipped."
	@scripts/build asan
	@scripts/build tsan unit_tests
	@ctest --preset asan -j$(JOBS)

soak:
	@scripts/setup --tests
	@scripts/build release trawl
	@TRAWL_BINARY=build/release/trawl $(PYTHON) tests/soak.py --minutes $(or $(MINUTES),10) $(ARGS)

check-replay: build
	@scripts/setup --tests
	@TRAWL_BINARY=build/release/trawl TRAWL_TEST_ALL_PACKAGES=1 $(PYTHON) -m pytest -q \
	  -p no:cacheprovider tests/e2e/test_replay.py -k every_run_is_the_same $(ARGS)

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

bench-dense: setup
	@scripts/build release dense_bench
	@$(PYTHON) bench/dense.py --vectors $(VECTORS) --queries $(QUERIES) $(ARGS)

bench-console:
	@scripts/setup --tests
	@scripts/build release trawl
	@$(PYTHON) bench/console/measure.py $(ARGS)

bench-quality: build
	@$(PYTHON) bench/quality.py $(if $(PACKAGES),--packages $(PACKAGES)) $(ARGS)

clean:
	rm -rf build

format:
	$(SOURCES) | xargs $(CLANG_FORMAT) -i

tidy:
	@scripts/setup --tidy
	@JOBS=$(JOBS) CLANG_TIDY=$(CLANG_TIDY) scripts/tidy $(ROOMS)
