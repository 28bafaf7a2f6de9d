# Two commands need nothing but Python >= 3.11, make, git and ssh: make demo, make test.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
SAM_VENV := build/sam-venv
SDK_VENV := build/sagemaker-venv
SAM := SAM_CLI_TELEMETRY=0 $(SAM_VENV)/bin/sam
PARTS := layers/core local_client sandbox
# A stamp, for the wheel of sshq-local that the access API hands out.
CLIENT := build/.client_layer-ready

# The first python on PATH that is new enough; PYTHON=... overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)

.PHONY: help
help: ## List what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.ready-runtime $(CLIENT) ## Play the way from /sshq setup to a shell, on this machine alone
	@$(BIN)/python -m sshq_sandbox.demo

.PHONY: sandbox
sandbox: $(VENV)/.ready-runtime $(CLIENT) ## Run the sandbox until Ctrl-C
	@$(BIN)/sshq-sandbox up

.PHONY: test
test: $(VENV)/.ready $(CLIENT) ## Run all tests, the unit tests first
	$(BIN)/python -m pytest tests/unit $(IN_PARALLEL)
	$(BIN)/python -m pytest tests --ignore=tests/unit $(IN_PARALLEL)

# One worker a core; the tests of a file stay together, since they share its servers.
IN_PARALLEL := -q --numprocesses=auto --dist=loadfile

# What decides in the data channel, without a socket or a clock of its own.
CHANNEL_CORE := channel,clocks,frames,keepalive,probe,reliable,settings,websocket
.PHONY: coverage
coverage: $(VENV)/.ready ## Hold the data channel's core to all of its branches, by its own tests
	$(BIN)/python -m coverage run --branch --source=local_client/src/sshq_local/ssm \
	  -m pytest tests/unit/local_client/ssm -q --hypothesis-seed=0
	$(BIN)/python -m coverage report --show-missing --skip-covered --fail-under=100 \
	  --include="$$(printf '*/ssm/%s.py,' $$(tr ',' ' ' <<< '$(CHANNEL_CORE)'))"

# Each partition has other resource types.
LINTED_REGIONS := eu-west-1 us-gov-west-1 cn-north-1 cn-northwest-1
.PHONY: lint
lint: $(VENV)/.ready ## Check style, types and the template
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy layers/core/sshq local_client/src sandbox/src functions tests scripts
	$(BIN)/cfn-lint --regions $(LINTED_REGIONS) -- template.yaml
	$(BIN)/python scripts/command_tables.py --check
	$(BIN)/python scripts/member_matrix.py --check
	$(BIN)/python scripts/parameter_table.py --check

.PHONY: docs
docs: $(VENV)/.ready ## Write what the docs take from the code: commands, the members' matrix, the stack's parameters
	$(BIN)/python scripts/command_tables.py
	$(BIN)/python scripts/member_matrix.py --write
	$(BIN)/python scripts/parameter_table.py

.PHONY: show-setup
show-setup: $(VENV)/.ready ## Print the evidence for setup
	@$(BIN)/python scripts/show_setup.py

.PHONY: bench
bench: $(VENV)/.ready ## Measure the tunnel, the way to it, a container's start, and the functions' imports
	$(BIN)/python -m tests.performance.measure_websocket_start
	$(BIN)/python -m tests.performance.measure_tunnel
	$(BIN)/python -m tests.performance.measure_container_start
	$(BIN)/python -m tests.performance.measure_broker
	$(BIN)/python -m tests.performance.measure_cold_starts

.PHONY: fuzz
fuzz: $(VENV)/.ready ## Bend frames out of shape, for longer than CI does
	SSHQ_FUZZ_EXAMPLES=$${SSHQ_FUZZ_EXAMPLES:-20000} $(BIN)/python -m pytest tests/unit/local_client/ssm/test_fuzz.py -q

.PHONY: show-data-channel
show-data-channel: $(VENV)/.ready ## Print the evidence for the data channel (ten minutes)
	@$(BIN)/python scripts/show_data_channel.py

.PHONY: show-broker
show-broker: $(VENV)/.ready ## Print the evidence for tickets, leases, certificates and sessions
	@$(BIN)/python scripts/show_broker.py

.PHONY: show-foundation
show-foundation: $(VENV)/.ready ## Print the evidence for the foundation
	@$(BIN)/python scripts/show_foundation.py

.PHONY: show-jobs
show-jobs: $(VENV)/.ready ## Print the evidence for jobs: asked for, watched, ended
	@$(BIN)/python -m scripts.show_jobs

.PHONY: record-traces
record-traces: $(VENV)/.ready ## Record traces of idleness anew (Linux, as root; ten minutes)
	@nice $(BIN)/python -m scripts.record_traces

.PHONY: show-container
show-container: $(VENV)/.ready ## Print the evidence for the container (Linux, as root; debootstrap)
	@$(BIN)/python scripts/show_container.py


.PHONY: show-members
show-members: $(VENV)/.ready ## Print the evidence for members and the audit
	@$(BIN)/python scripts/show_members.py

.PHONY: show-local-client
show-local-client: $(VENV)/.ready ## Print the evidence for sshq-local
	@$(BIN)/python scripts/show_local_client.py

.PHONY: build
build: $(SAM_VENV)/.ready lambda-python $(CLIENT) ## Validate the template and build what is deployed (needs python3.13)
	$(SAM) validate --lint
	$(SAM) build

.PHONY: deploy
deploy: build ## Deploy to AWS; asks for the parameters the first time
	if grep -q '^parameter_overrides' samconfig.toml; then $(SAM) deploy; else $(SAM) deploy --guided; fi

.PHONY: image-catalogue
image-catalogue: $(SDK_VENV)/.ready ## Make the catalogue of SageMaker's images anew, from the SDK's data
	$(SDK_VENV)/bin/python scripts/make_image_catalogue.py

.PHONY: test-sdk
test-sdk: $(SDK_VENV)/.ready ## Compare the catalogue and our request with the SageMaker SDK (450 MB)
	PYTHONPATH=layers/core $(SDK_VENV)/bin/python -m pytest -q -c /dev/null --rootdir . --noconftest tests/sdk/check_against_sdk.py

.PHONY: lock
lock: ## Pin the requirements anew (needs uv); the files name no index
	$(LOCK) --python-version 3.11 --universal -o requirements/dev.txt requirements/dev.in
	$(LOCK) --python-version 3.11 --universal -c requirements/dev.txt -o requirements/runtime.txt requirements/runtime.in
	$(LOCK) --python-version 3.11 --universal -o requirements/sam.txt requirements/sam.in
	$(LOCK) --python-version 3.11 --universal -o requirements/sagemaker.txt requirements/sagemaker.in
	$(LOCK) --python-version 3.13 --python-platform aarch64-manylinux2014 -c requirements/dev.txt \
	  -o layers/runtime/requirements.txt layers/runtime/requirements.in
	$(LOCK) --python-version 3.10 --universal --no-emit-package pycparser \
	  -o layers/ssh_server/requirements.txt layers/ssh_server/requirements.in
LOCK = uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: clean
clean: ## Remove what was made here (a sandbox that still runs is stopped first)
	if [ -x $(BIN)/sshq-sandbox ] && [ -d .sshq-sandbox ]; then $(BIN)/sshq-sandbox down || true; fi
	rm -rf $(VENV) build .aws-sam .sshq-sandbox .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

# ---- environments. A stamp says that all of its requirements were installed.
# The files list every package, so pip need not work out dependencies; what is imported gets compiled then.
INSTALL := install --quiet --disable-pip-version-check --no-deps --no-compile
.PHONY: python-is-new-enough
python-is-new-enough:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "sshq needs Python 3.11 or newer, and none is on PATH. Install one, or say make PYTHON=/path/to/python3." >&2; exit 1; fi

$(VENV)/bin/python: | python-is-new-enough
	@"$(PYTHON)" -m venv $(VENV) || { \
	  echo "Python's venv module is missing (on Debian and Ubuntu: apt-get install python3-venv)." >&2; rm -rf $(VENV); exit 1; }

# The parts are installed as they lie: no copy, no dependency looked up, the build tool is already there.
INSTALL_PARTS = $(BIN)/pip $(INSTALL) --no-build-isolation $(addprefix -e ./,$(PARTS))
PART_PROJECTS := $(addsuffix /pyproject.toml,$(PARTS))

$(VENV)/.ready-runtime: requirements/runtime.txt $(PART_PROJECTS) | $(VENV)/bin/python
	@echo "Installing what sshq needs into $(VENV) (once)"
	@$(BIN)/pip $(INSTALL) --require-hashes -r requirements/runtime.txt
	@$(INSTALL_PARTS)
	@touch $@

# dev.txt holds all of runtime.txt, at the same versions: so the demo is ready then, too.
$(VENV)/.ready: requirements/dev.txt $(PART_PROJECTS) | $(VENV)/bin/python
	@echo "Installing what sshq, its tests and its checks need into $(VENV) (once)"
	@$(BIN)/pip $(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL_PARTS)
	@touch $(VENV)/.ready-runtime $@

# Beside the layer: what lies in it is deployed. The same sources make the same wheel, byte for byte.
$(CLIENT): $(shell find local_client/src -name '*.py') local_client/pyproject.toml | $(VENV)/.ready-runtime
	@rm -rf build/client_layer && mkdir -p build/client_layer/client
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  --wheel-dir build/client_layer/client ./local_client
	@touch $@

$(SAM_VENV)/.ready: requirements/sam.txt | python-is-new-enough
	@echo "Installing the AWS SAM CLI into $(SAM_VENV) (once)"
	@"$(PYTHON)" -m venv $(SAM_VENV)
	@$(SAM_VENV)/bin/pip $(INSTALL) --require-hashes -r requirements/sam.txt
	@touch $@

$(SDK_VENV)/.ready: requirements/sagemaker.txt | python-is-new-enough
	@echo "Installing the SageMaker SDK into $(SDK_VENV) (once)"
	@"$(PYTHON)" -m venv $(SDK_VENV)
	@$(SDK_VENV)/bin/pip $(INSTALL) --require-hashes -r requirements/sagemaker.txt
	@touch $@

# sam build runs pip of the template's runtime, so that python must be there.
.PHONY: lambda-python
lambda-python:
	@python3.13 -c '' 2>/dev/null || { \
	  echo "make build needs python3.13 on PATH: Lambda's runtime, whose packages it collects." >&2; exit 1; }
