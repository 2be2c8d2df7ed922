# What a person does with this checkout; `make help` lists it. Everything that is needed comes into a cache outside the
# checkout by itself (tools/setup.sh) and is there the next time. ARGS goes to the program behind a target:
#   make test ARGS=src/core/stats      make demo ARGS='--report report.json'      make bench BENCH=statistics

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup modules generate build sbom audit demo test proof chaos fuzz check e2e e2e-kube e2e-kube-node e2e-istio e2e-jaeger bench clean
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

run := tools/run.sh
messages := src/gen/.stamp
# Golden files are compared, never written: `npx vitest run -u` writes them.
test_env := CI=1

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\): [^#]*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r target words; do \
	  printf '  make %-14s %s\n' "$$target" "$$words"; done

setup: ## Node, its packages, Envoy and Prometheus into the cache (every target does what it needs of this)
	@tools/setup.sh modules envoy prometheus

modules:
	@tools/setup.sh modules

generate: $(messages) ## protobuf messages from proto/, reference documents and CRDs from the kinds, alerts and dashboards from the metrics
	@$(run) node tools/generate-reference.ts >/dev/null
	@$(run) node tools/generate-crds.ts >/dev/null
	@$(run) node tools/generate-observability.ts >/dev/null

# The folders are among the prerequisites because a file that is gone has no date.
$(messages): $(shell find proto -name '*.proto' -o -type d) buf.yaml buf.gen.yaml | modules
	@$(run) buf generate
	@touch $@

build: modules $(messages) ## dist/ and the programs bin/penstock and bin/model-server
	@$(run) tools/build.sh

demo: setup build ## the whole thing on this machine, told live; ends by itself
	@bin/penstock demo $(ARGS)

test: setup $(messages) ## the tests beside the code
	@$(test_env) $(run) vitest run --project unit $(ARGS)

proof: setup $(messages) ## the searches through the small machines (part of `make test`), as far as they go
	@$(test_env) PENSTOCK_PROOF_DEPTH=60 PENSTOCK_PROOF_MOVES=4 $(run) vitest run --project unit proof $(ARGS)

chaos: setup $(messages) ## faults by a seeded schedule against the whole system, and promises that must hold throughout
	@$(run) node chaos/main.ts $(ARGS)

fuzz: setup $(messages) ## changed inputs for every parser that faces the network or a file
	@$(run) node --expose-gc fuzz/main.ts $(ARGS)

check: modules $(messages) ## formatting, lint, types, import directions, dead code, generated documents
	@$(run) node tools/check/main.ts

e2e: setup build ## the tests with real Envoys, Prometheus and a browser
	@tools/setup.sh shells
	@tools/setup.sh chromium || echo 'make e2e: going on without Chromium; the dashboard cannot be tried' >&2
	@$(test_env) $(run) vitest run --project e2e $(ARGS)

e2e-kube: setup $(messages) ## the tests with a real Kubernetes, built from source the first time (6 minutes)
	@tools/setup.sh kubernetes kubernetes-controllers helm
	@$(test_env) $(run) vitest run --project kube $(ARGS)

e2e-kube-node: setup $(messages) ## the tests with pods on a real node; root on Linux, built from source the first time (10 minutes)
	@tools/setup.sh kubernetes-node
	@$(test_env) e2e/kube/node/with-node.sh $(CURDIR)/$(run) vitest run --project kube-node $(ARGS)

e2e-istio: setup build ## the tests with a real istiod, which is compiled the first time (minutes, 2 GB; needs Go)
	@tools/setup.sh envoy-oldest istiod
	@$(test_env) $(run) vitest run --project e2e-istio $(ARGS)

e2e-jaeger: setup build ## the traces of a live system in a real Jaeger, which is compiled the first time (minutes; needs Go)
	@tools/setup.sh jaeger
	@$(test_env) $(run) vitest run --project e2e-jaeger $(ARGS)

bench: setup build ## the benchmarks, or one of them: make bench BENCH=statistics ARGS='--runs 50'
	@for main in bench/$(or $(BENCH),*)/main.ts; do echo "== $$main"; $(run) node "$$main" $(ARGS) || exit 1; done

sbom: modules ## what is shipped, with versions, checksums and licences, as CycloneDX on stdout
	@$(run) npm sbom --omit=dev --sbom-format=cyclonedx --sbom-type=application

audit: modules ## known vulnerabilities in what is shipped, where the registry tells
	@$(run) tools/ci/audit.sh

clean: ## remove what was built; the cache stays
	@rm -rf bin dist src/gen node_modules/.cache
