# What a newcomer types. `make help` lists it.

VENV := .venv
NODE := tests/outside/node
GENERATED := tests/outside/openapi
BROWSER := tests/browser
TEMPLATE := target/template
CHECKOV := target/checkov
EMULATOR := target/emulator
FUZZER := target/cargo-fuzz-0.13.2
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help dev test crash simulation planted check openapi fuzz fuzz-api template deployed emulator packages bench
.DEFAULT_GOAL := help

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

dev: ## serve on http://127.0.0.1:3001
	cargo run --release --locked -- dev

test: $(VENV)/installed $(NODE)/node_modules/.package-lock.json $(GENERATED)/node_modules/.package-lock.json $(BROWSER)/node_modules/.package-lock.json emulator ## all tests but `make deployed`: the crates', on the AWS emulator too, the release binary's from outside, and the dashboard's in chromium
	RUST_TEST_THREADS=8 cargo test --workspace --locked
	cargo build --release --locked
	cargo build --package minoots --features failpoints --locked
	pytest tests/outside
	node --test --test-concurrency=1 $(BROWSER)/*.test.js

crash: $(VENV)/installed ## kill -9 at 200 moments, the end at every failpoint twelve times, 300 power cuts: all under load
	cargo build --release --locked
	cargo build --package minoots --features failpoints --locked
	MINOOTS_KILLS=200 MINOOTS_DEATHS=12 MINOOTS_POWER_CUTS=300 MINOOTS_POWER_SECONDS=12 \
		pytest tests/outside/test_crash.py tests/outside/test_failpoints.py tests/outside/test_power.py

simulation: ## 100,000 seeds of the simulation: faults of every kind between all calls
	cargo run --release --locked -p minoots-simulation -- 0..100000

planted: ## plants bugs into a copy of the code and sees the simulation find each
	python3 tests/simulation/planted.py

deployed: $(TEMPLATE)/installed emulator ## timers, events and webhooks through the template, deployed to an emulator with the functions' real binaries
	$(TEMPLATE)/bin/python -m pytest -c tests/template/pytest.ini tests/template/test_deployed*.py

openapi: ## write /openapi.json anew, from the code
	MINOOTS_WRITE_OPENAPI=1 cargo test -p minoots-shared --locked openapi

fuzz: $(FUZZER)/bin/cargo-fuzz ## libFuzzer, led by coverage, on each parser for a minute; seconds=600 for longer, target=json for one of them
	cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null
	for target in $(or $(target),cursor duration json queue_message url); do \
		mkdir -p fuzz/found/$$target && \
		$< run --fuzz-dir fuzz --sanitizer $(or $(sanitizer),none) $$target fuzz/found/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(or $(seconds),60) -timeout=5 -print_final_stats=1 || exit 1; \
	done

fuzz-api: $(VENV)/installed ## generated requests from /openapi.json to the release server, for 10 minutes
	cargo build --release --locked
	python tests/outside/fuzzing.py 600

template: $(TEMPLATE)/installed $(CHECKOV)/installed ## what linters and our own assertions say of template.yaml
	$(TEMPLATE)/bin/python -m pytest -c tests/template/pytest.ini tests/template --ignore-glob '*/test_deployed*.py'

bench: benches/peer/node_modules/.package-lock.json ## beside BullMQ on Redis, by turns, into docs/benchmarks.md: ten minutes; quick=1 for two minutes
	command -v redis-server >/dev/null || { echo "bench: install Debian's redis-server" >&2; exit 1; }
	cargo build --release --locked
	cargo build --release --locked --package minoots --example send --example record
	cargo build --release --locked --manifest-path benches/load/Cargo.toml
	python3 benches/side_by_side $(if $(quick),--quick,--write)

emulator: $(EMULATOR)/installed ## the AWS emulator that tests run on

check: $(VENV)/installed $(NODE)/node_modules/.package-lock.json $(BROWSER)/node_modules/.package-lock.json ## formatting, lints, documentation, licences, unused dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --package minoots --features failpoints --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	cargo deny --locked check --hide-inclusion-graph licenses bans sources
	cargo shear --locked
	cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null
	ruff format --check tests/outside tests/simulation tests/template benches clients/python
	ruff check tests/outside tests/simulation tests/template benches clients/python
	cd clients/python && mypy src
	$(NODE)/node_modules/.bin/tsc -p clients/js
	$(BROWSER)/node_modules/.bin/tsc -p $(BROWSER)
	$(MAKE) template

$(VENV)/installed: tests/outside/requirements.txt
$(TEMPLATE)/installed: tests/template/requirements.txt
$(CHECKOV)/installed: tests/template/checkov.txt
$(EMULATOR)/installed: tests/emulator/requirements.txt

%/installed: | packages
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	touch $@

benches/peer/node_modules/.package-lock.json: benches/peer/package.json benches/peer/package-lock.json | packages
	cd benches/peer && npm ci
	touch $@

# npm writes this file last, so it stands for the whole folder.
$(NODE)/node_modules/.package-lock.json: clients/js/package.json
%/node_modules/.package-lock.json: %/package.json %/package-lock.json | packages
	cd $* && npm ci
	touch $@

# Its version is in its folder's name. libFuzzer itself is C++.
$(FUZZER)/bin/cargo-fuzz:
	command -v c++ >/dev/null || { echo "fuzz: install Debian's g++" >&2; exit 1; }
	cargo install cargo-fuzz --version $(@:target/cargo-fuzz-%/bin/cargo-fuzz=%) --locked --root $(FUZZER)

# Debian's packages that the samples and the tools need, installed only where one is missing.
packages:
	@missing=; \
	for command in chromium curl jq npm openssl ruby valgrind; do command -v $$command >/dev/null || missing="$$missing $$command"; done; \
	command -v go >/dev/null || missing="$$missing golang-go"; \
	command -v php >/dev/null || missing="$$missing php-cli"; \
	python3 -c 'import ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	if [ -n "$$missing" ]; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; \
	fi
