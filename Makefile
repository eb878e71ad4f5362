# Every command a developer or CI needs. Tools run at a pinned version with "go run", so nothing is installed.

# synctests is franz-go's tag: its locks then let the virtual time of testing/synctest go on.
TAGS      := synctests
LINT      := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULN    := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
LICENCES  := go run github.com/google/go-licenses@v1.6.0
COMMAND   := ./connector/cmd/connector
ARGS      ?=
FUZZTIME  ?= 10s
BENCH     ?= .
SEED      ?= 1
CASES     ?= 100000
SEEDS     ?= 200
BENCHTIME ?= 1s
DURATION  ?= 3m

.DEFAULT_GOAL := help
.PHONY: help demo run build test integration browser differential simulate mutations torture fuzz bench bench-smoke benchmarks vet lint manifests fmt licences vulnerabilities tidy check up down kafka-jars registry kafka-up kafka-down

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## see it work: embedded broker, sample events, a receiver that checks signatures; Ctrl-C ends it, or ARGS="--for 20s"
	go run $(COMMAND) demo $(ARGS)

run: ## run the connector with the CONNECTOR_ variables of this shell
	go run $(COMMAND) run $(ARGS)

build: ## build bin/connector, static
	CGO_ENABLED=0 go build -trimpath -o bin/connector $(COMMAND)

test: ## run every test that needs nothing but Go
	go test -race -shuffle=on -tags $(TAGS) ./...

integration: kafka-jars registry ## run the tests that need a real Kafka: KAFKA_BROKERS if set, else one started from the jars
	go test -race -shuffle=on -count=1 -p 1 -timeout 15m -tags "$(TAGS) integration" ./connector/kafkatest/... ./connector/integration/...

# Segment's own packages, which the mapping layer is compared with, at the versions of package-lock.json.
NODE_PACKAGES := .node/node_modules/.package-lock.json
DIFFERENTIAL  := mapping/testdata/differential

$(NODE_PACKAGES): $(DIFFERENTIAL)/package.json $(DIFFERENTIAL)/package-lock.json
	mkdir -p .node
	cp $^ .node
	npm ci --prefix .node --ignore-scripts --no-audit --no-fund
	touch $@

differential: $(NODE_PACKAGES) ## compare CASES (100000) random triggers, mappings, JSON texts and Liquid templates, picked by SEED (1), with Segment's npm packages; needs Node
	go test -count=1 -timeout 60m -tags "$(TAGS) differential" -v -run '^TestDifferential$$' ./mapping ./mapping/trigger -args -packages "$(CURDIR)/.node" -seed $(SEED) -cases $(CASES)
	go test -count=1 -timeout 60m -tags "$(TAGS)" -v -run '^TestAgainstNode$$' ./mapping/document -args -node.seed $(SEED) -node.texts $(CASES)
	cd .node && TZ=UTC node ../mapping/liquid/testdata/differential.mjs $(CASES) $(SEED) > liquid.jsonl
	go test -count=1 -timeout 60m -tags "$(TAGS)" -v -run '^TestDifferential$$' ./mapping/liquid -args -rows "$(CURDIR)/.node/liquid.jsonl"

simulate: ## simulate SEEDS (200) worlds in virtual time, from SEED (1) on, with everything that goes wrong in them, and judge what the connector did
	go test -count=1 -timeout 3h -tags "$(TAGS) simulation" -v ./connector/simulation -args -seed $(SEED) -seeds $(SEEDS)

mutations: ## make known mistakes in the code, one at a time, and see that the simulation and the models notice each; about half an hour
	go test -count=1 -timeout 2h -tags mutations -v -run '^TestMutations$$' ./connector/simulation

# Playwright and axe for the tests in a browser, which is the system's.
BROWSER_PACKAGES := .node/browser/node_modules/.package-lock.json
BROWSER          := connector/web/testdata/browser

$(BROWSER_PACKAGES): $(BROWSER)/package.json $(BROWSER)/package-lock.json
	mkdir -p .node/browser
	cp $^ .node/browser
	npm ci --prefix .node/browser --ignore-scripts --no-audit --no-fund
	touch $@

browser: $(BROWSER_PACKAGES) ## test the pages in headless Chromium, with screenshots in dist/screenshots; needs Node and Debian's chromium
	go test -count=1 -timeout 5m -tags "$(TAGS) browser" -v -run '^TestBrowser$$' ./connector/web -args -packages "$(CURDIR)/.node/browser" -screenshots "$(CURDIR)/dist/screenshots"

fuzz: ## run every fuzz target for FUZZTIME (10s)
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u); do \
		for target in $$(grep -h -o '^func Fuzz[A-Za-z0-9_]*' $$package/*_test.go | cut -c6-); do \
			echo "$$package $$target"; \
			go test -tags $(TAGS) -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

torture: kafka-jars ## break everything around three connectors and three brokers for DURATION (3m), picked by SEED (1), and count what is lost; needs Java
	go test -count=1 -timeout 3h -tags "$(TAGS) torture" -v -run '^TestTorture$$' ./connector/torture -args -duration $(DURATION) -seed $(SEED) $(ARGS)

bench: kafka-jars ## measure the connector on a real Kafka, and the limit beside it: a table in Markdown; ARGS="-scenario singles -rounds 3" for a part; two CPUs, Java
	go test -count=1 -timeout 3h -tags "$(TAGS) bench" -v -run '^TestBench$$' ./connector/bench -args $(ARGS)

bench-smoke: ## see that the benchmark still measures, and every signature is right; its figures mean nothing
	$(MAKE) --no-print-directory bench ARGS="-rounds 1 -singles 20000 -batches 60000 -verify -latency 2s -scenario 'singles-latency|singles-avro|batches-tls'"

benchmarks: ## run the benchmarks of single functions that match BENCH (.) for BENCHTIME (1s) each
	go test -tags $(TAGS) -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) ./...

vet: ## go vet, tests and integration tests included
	go vet -tags "$(TAGS) integration browser differential simulation mutations torture bench" ./...

lint: ## golangci-lint with the rules of .golangci.yml; the first run compiles it
	$(LINT) run

manifests: ## check what is deployed with the libraries of Prometheus, Kubernetes, KEDA, Compose and Grafana, and run the image's build step
	cd deploy/checks && go vet ./... && go test ./...

fmt: ## format the code as lint wants it
	$(LINT) fmt

licences: ## write deploy/docs/licences.md anew: the licence of every package in the binary
	$(LICENCES) report $(COMMAND) --template deploy/docs/licences.tpl > deploy/docs/licences.md

vulnerabilities: ## look for known vulnerabilities that the code can reach; needs the network, for vuln.go.dev
	$(GOVULN) ./...

tidy: ## fail if go.mod or go.sum is not what "go mod tidy" would write
	go mod tidy -diff

check: ## everything CI does
	.ci/run

up: ## run the compose example: Kafka, topics, sample events, receiver, connector; Ctrl-C stops it
	docker compose up --build

down: ## remove the compose example and its data
	docker compose down --volumes

kafka-jars: ## fetch Apache Kafka's jars for the integration tests into .kafka/libs (Maven)
	@deploy/kafka/broker jars

registry: ## fetch a schema registry, and a producer of another vendor, for the integration tests into .kafka (Maven, pip)
	@deploy/registry/registry fetch

kafka-up: kafka-jars ## start one Kafka broker on 127.0.0.1, port KAFKA_PORT (9092)
	@deploy/kafka/broker up

kafka-down: ## stop that broker and remove its data
	@deploy/kafka/broker down
