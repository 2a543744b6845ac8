# Everything runs in .venv, which `make setup` builds and every other target keeps up to date.

SHELL := bash
# the environment's interpreter
PYTHON_ENV := .venv/bin/python
# for `make test`: more options for pytest, and how many tests at a time
PYTEST_ARGS ?=
JOBS ?= 2
# for `make bench`: which benchmark, in which world, its seed, and more options
NAME ?=
WORLD ?= scene-v0
SEED ?= 0
BENCH_ARGS ?=
BENCH_OUT ?= docs/bench
ONE_WORLD := motion latency
OTHER := $(filter-out scene-v0,$(WORLD))
BENCHMARKS ?= $(filter-out $(if $(OTHER),$(ONE_WORLD)),ranking planning works \
    imagined worldmodel goalcheck refusal surface reading skills $(ONE_WORLD))
# for `make train`: options of `vljepa train`
TRAIN_ARGS ?=
# for `make ablations`: options of python -m vljepa_ros.training.ablations
ABLATION_ARGS ?=

# Rendering without a screen. An environment left over from another python would lead ours to its ROS libraries.
export MUJOCO_GL ?= egl
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench train ablations clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 18

setup: ## system packages, .venv, interfaces, the command .venv/bin/vljepa
	@scripts/setup

demo: setup ## the main job in the simulator; GOAL="open the window" takes another goal
	@.venv/bin/vljepa demo $(if $(GOAL),--goal "$$GOAL")

test: setup lint ## lint and all tests; PYTEST_ARGS="-k planning" runs some of them
	$(PYTHON_ENV) -m pytest -n $(JOBS) --dist loadfile $(PYTEST_ARGS)

lint: setup ## ruff on everything, mypy on the core
	$(PYTHON_ENV) -m ruff check .
	$(PYTHON_ENV) -m mypy

format: setup ## put imports and layout in order
	$(PYTHON_ENV) -m ruff check --fix .
	$(PYTHON_ENV) -m ruff format .

bench: setup ## measure; NAME=planning SEED=1 BENCH_ARGS="--episodes 40", without NAME the main ones
	@mkdir -p $(BENCH_OUT)
	@set -e; for name in $(or $(NAME),$(BENCHMARKS)); do \
	    options="--seed $(SEED) $(if $(OTHER),--env $(OTHER)) $(BENCH_ARGS)"; \
	    out="$(BENCH_OUT)/$${name}$(if $(OTHER),_$(OTHER)).json"; \
	    echo "vljepa bench $$name $$options --json $$out"; \
	    .venv/bin/vljepa bench $$name $$options --json $$out; \
	done

train: setup ## train the compact model, or go on where training stopped; TRAIN_ARGS="..."
	.venv/bin/vljepa train $(TRAIN_ARGS)

ablations: setup ## the base run and five variants of it; ABLATION_ARGS="--steps 300 --minutes 120"
	$(PYTHON_ENV) -m vljepa_ros.training.ablations $(ABLATION_ARGS)

clean: ## remove .venv, builds and outputs
	rm -rf .venv build install log demo_output *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
