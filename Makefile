# The first target is what `make` alone does. Every target that needs packages or programs makes them first.
SHELL := bash
CONFIGURATION ?= Release
# Unset means: as last time. See ci/feed/setup.sh.
GPU ?=
export GPU

.PHONY: help setup build test clean clean-feed

help:
	@echo 'make setup       make the packages restorable: ask the NuGet sources, else put them together from npm'
	@echo 'make build       setup, then build everything'
	@echo 'make test        build, then run every test'
	@echo 'make clean       remove what build made; packages and downloads stay'
	@echo 'make clean-feed  remove the local packages, the downloads and what setup found out'
	@echo
	@echo 'GPU=1            with any of them: CUDA 13 and TensorRT 10 providers too (180 MB more to download);'
	@echo '                 remembered until GPU=0'
	@echo 'CONFIGURATION=Debug    instead of Release'

setup:
	@ci/feed/setup.sh

build: setup
	dotnet build pipeline.sln -c $(CONFIGURATION)

test: build
	ci/feed/test-setup.sh
	dotnet test --solution pipeline.sln -c $(CONFIGURATION) --no-build

clean:
	rm -rf artifacts bin

clean-feed:
	rm -rf .feed/downloads .feed/recipes .feed/work .feed/packages/*.nupkg
	rm -f .feed/stamp .feed/versions.props .feed/pack.log
