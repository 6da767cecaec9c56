# The first target is what `make` alone does. Every target that needs packages or programs makes them first.
SHELL := bash
.SHELLFLAGS := -o pipefail -ec
CONFIGURATION ?= Release
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

CHECKPOINT ?= models/demo/demo.pt
OUTPUT ?= out/demo
PROMPT ?= And the LORD said unto Moses,
# What the demo was trained with; of another checkpoint nobody knows.
ifeq ($(CHECKPOINT),models/demo/demo.pt)
EXPORT_OPTIONS ?= --window-stream-bytes 128 --window-prefix-slots 24 --window-kept-bytes 64 --draft-rows 4
endif
export CHECKPOINT OUTPUT PROMPT

.PHONY: help setup build pack aot export demo validate test bench peers fuzz mutate soak format check-onnx clean-clone clean

help:
	@echo 'make demo        set up, build, export the demo checkpoint and let it write'
	@echo 'make test        set up, build, check the formatting, run every test, validate and run the demo'
	@echo 'make validate    export tiny in four forms and the demo, and hold each against its goldens; reports in out/validate'
	@echo 'make export      export CHECKPOINT=file to OUTPUT=folder (the demo to out/demo)'
	@echo 'make build       set up and build: bin/holozero-export, bin/holozero, bin/holozero-validate'
	@echo 'make pack        NuGet packages of the libraries and of holozero as a dotnet tool, to out/packages'
	@echo 'make aot         ask .NET'"'"'s analyzers whether the libraries may be trimmed and compiled ahead of time'
	@echo 'make setup       restore the packages that the lock files name'
	@echo 'make check-onnx  hold exported graphs against ONNX'"'"'s own checker (needs python3-onnx)'
	@echo 'make clean-clone prove make demo and make test in a fresh clone in an empty folder'
	@echo 'make bench       measure all variants at full size in turn with its peers; tables in validation/benchmarks/results'
	@echo 'make peers       build and test the peers of make bench: LLamaSharp and ONNX Runtime GenAI'
	@echo 'make fuzz        attack the readers of checkpoints and manifests for MINUTES=10; findings go to out/fuzz'
	@echo 'make soak        load, use, cancel and dispose models at random for MINUTES=2; memory, threads, handles back to base'
	@echo 'make mutate      change the code in one place at a time, and see whether the tests tell; reports in out/mutation'
	@echo 'make clean       remove what build made; NuGet keeps its packages'
	@echo
	@echo 'CONFIGURATION=Debug    instead of Release'
	@echo 'PEERS=0                bench without peers; ROUNDS, THREADS, BYTES, LAUNCH, RESULTS: see validation/benchmarks/README.md'

setup:
	@ci/setup.sh

build: setup
	@dotnet build pipeline.sln -c $(CONFIGURATION) -v quiet --no-restore
	@ci/link-programs.sh $(CONFIGURATION)

pack: build
	@ci/pack.sh $(CONFIGURATION)

aot: setup
	@ci/aot.sh

export: build
	@bin/holozero-export --checkpoint "$$CHECKPOINT" --output "$$OUTPUT" $(EXPORT_OPTIONS)

demo: export
	@echo
	@bin/holozero doctor --model "$$OUTPUT" | grep -E '^(ONNX Runtime|processor|verdict)'
	@bin/holozero score --model "$$OUTPUT" --input validation/golden/demo-heldout.txt --prefix-slots 24
	@printf '\n%s' "$$PROMPT"
	@bin/holozero generate --model "$$OUTPUT" --prompt "$$PROMPT" --max-bytes 400 --temperature 0.7 --seed 1
	@echo

validate: build
	@ci/validate.sh

format: setup
	dotnet format pipeline.sln --verify-no-changes --no-restore

test: build format
	dotnet test --solution pipeline.sln -c $(CONFIGURATION) --no-build
	$(MAKE) validate
	$(MAKE) demo

bench: build
	@validation/benchmarks/run.sh

peers: setup
	@ci/peers.sh

fuzz: build
	@ci/fuzz.sh $(CONFIGURATION)

soak: build
	@ci/soak.sh $(CONFIGURATION)

mutate: setup
	@ci/mutate.sh

check-onnx: build
	@ci/check-onnx.sh

clean-clone:
	ci/clean-clone.sh

clean:
	rm -rf artifacts bin out
