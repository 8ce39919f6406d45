# The two commands: `make demo` and `make test`. Everything else is a step of theirs.
BUILD := build/release
export PARLEY_HOME ?= $(HOME)/.cache/parley
export CCACHE_DIR ?= $(PARLEY_HOME)/ccache
# A second checkout finds what the first has compiled.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1

.PHONY: demo test setup build everything models lint format fuzz clean

demo: models            ## one English and one Chinese conversation on real speech, with stage times
	@tools/demo

test: models everything ## all that must hold: style, unit, models, whole program, clients, sanitizers
	@tools/test

setup:                  ## what Parley is built on (Debian packages, wheels, ggml); a no-op the second time
	@tools/setup

build: setup            ## the program, at build/release/parley
	@cmake --preset release >build/release.log 2>&1 || { tail -20 build/release.log; exit 1; }
	@ninja -C $(BUILD) parley

everything: build       ## the tests as well
	@ninja -C $(BUILD)

models: build           ## the default models of models/catalog.yaml
	@$(BUILD)/parley models pull

lint: everything        ## clang-tidy over our own code
	@tools/lint

format:                 ## clang-format over our own code
	@git ls-files 'src/*.hpp' 'src/*.cpp' | xargs clang-format-19 -i

fuzz: setup             ## every fuzz target for a minute each
	@tools/fuzz

clean:                  ## the build, not the cache
	rm -rf build
