# Names for people.  The work is in hack/ and in the CMake presets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-real start-scheduler deploy-samples monitoring stop build sim test test-all lint \
        bench bench-core campaign image docs format clean deps
.NOTPARALLEL:

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort \
	  | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

demo: build ## the story in a minute: a real control plane, two operators, three tenants, thirty jobs
	@hack/demo.sh run

demo-real: build ## the same operator on two real kubelets (root on Linux)
	@hack/install-deps.sh build real
	@hack/demo.sh real

start-scheduler: build ## control plane and operator in the background
	@hack/demo.sh start

deploy-samples: ## apply manifests/samples to what start-scheduler started
	@hack/demo.sh samples

monitoring: ## Prometheus with our rules and scrape, and the address of every endpoint
	@hack/demo.sh monitoring

stop: ## stop what demo, start-scheduler and monitoring started, and remove what they made
	@hack/demo.sh stop

build: deps ## the operator, optimised: build/release/muster-operator
	@hack/build.sh release --target muster-operator

sim: deps ## the simulator: build/release/muster-sim
	@hack/build.sh release --target muster-sim

test: deps ## the fast part: unit and property tests under ASan and UBSan
	@hack/install-deps.sh check
	@hack/test-all.sh unit

test-all: ## everything that the gate checks
	@hack/test-all.sh

lint: deps ## format, clang-tidy, layers, sizes, charts, docs
	@hack/install-deps.sh check
	@hack/test-all.sh tidy lint

bench: build ## the figures, with their floors, on a real control plane
	@hack/bench.sh

bench-core: deps ## what the scheduler makes of real traces, beside references
	@hack/bench-core.sh

campaign: build ## what is longer than the gate: every kill, long fuzzing, full benchmarks
	@hack/campaign.sh

image: build ## an OCI image from scratch: build/image/muster-operator.tar
	@hack/build-image.sh

format: ## clang-format over the tree
	@hack/format.sh

docs: ## generate docs/reference from its sources
	@hack/gen-docs.sh

deps: ## install the packages that are missing
	@hack/install-deps.sh build

clean: ## remove build/ and .muster/ (caches outside the clone stay)
	@hack/clean.sh
