# `make` builds bin/closup. `make help` lists the rest.

GOFUMPT       := v0.12.0
GOLANGCI_LINT := v2.15.0

GO      ?= go
TOOLS   := $(CURDIR)/.tools
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X closup/ui/cli.Version=$(VERSION)

# Tests that run real devices need root. With sudo at hand only their binaries
# run as root; the compiler and its cache stay the user's.
AS_ROOT := $(shell if [ "$$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then echo 'sudo -n --preserve-env=CLOSUP_NO_SKIP,CLOSUP_MATRIX,CLOSUP_FAULTS,CLOSUP_SCREENSHOTS,HOME env PATH=$(PATH)'; fi)
TEST    := $(GO) test -race -count=1 -p 2 -timeout 40m $(if $(AS_ROOT),-exec "$(AS_ROOT)")

.PHONY: build test test-sim conformance lint bench bench-lab bench-observe bench-push diagnose-matrix screenshots fuzz fuzz-keys try untry needs needs-test needs-pictures clean help

build: ## build bin/closup
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/closup .

test: needs-test ## install what the tests need (Debian, Ubuntu), then run them all
	$(TEST) ./...
	cd render/kubeadmtest && $(GO) test -count=1 ./...

lint: $(TOOLS)/gofumpt-$(GOFUMPT) $(TOOLS)/golangci-lint-$(GOLANGCI_LINT) ## formatting, imports, mistakes
	@out=$$($< -l $$(git ls-files -co --exclude-standard '*.go')); \
		if [ -n "$$out" ]; then echo "not formatted with gofumpt:"; echo "$$out"; exit 1; fi
	$(TOOLS)/golangci-lint-$(GOLANGCI_LINT) run ./...
	@for to in darwin/arm64 linux/arm64; do \
		echo "vet and build for $$to"; \
		GOOS=$${to%/*} GOARCH=$${to#*/} CGO_ENABLED=0 $(GO) vet ./... && \
		GOOS=$${to%/*} GOARCH=$${to#*/} CGO_ENABLED=0 $(GO) build -o /dev/null . || exit 1; done

$(TOOLS)/gofumpt-$(GOFUMPT):
	GOBIN=$(TOOLS) $(GO) install mvdan.cc/gofumpt@$(GOFUMPT)
	mv $(TOOLS)/gofumpt $@

$(TOOLS)/golangci-lint-$(GOLANGCI_LINT):
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	mv $(TOOLS)/golangci-lint $@

test-sim: ## every preset on simulated devices (make test has two of them)
	CLOSUP_LONG=1 $(GO) test -race -count=1 -timeout 10m ./lab/sim

conformance: needs-test ## simulated devices beside real ones: every preset, every fault (root, half an hour)
	CLOSUP_NO_SKIP=1 $(GO) test -count=1 -run TestConformance -v -timeout 60m -exec "$(or $(AS_ROOT),env) CLOSUP_CONFORMANCE=1" ./lab/sim

bench: ## benchmarks that need no root
	$(GO) test -run '^$$' -bench . -benchmem ./model/... ./render/... ./provision/... ./ui
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m ./lab/sim
	$(GO) test -run '^$$' -bench Simulated -benchtime 1x -timeout 60m ./ui/cli

bench-lab: needs build ## seconds of `lab up` and of push to all Established, on real FRR
	$(GO) test -run '^$$' -bench Lab -benchtime 3x -timeout 10m $(if $(AS_ROOT),-exec "$(AS_ROOT)") ./ui/cli

bench-observe: needs-test ## what watching costs a device, how soon a loss shows, 50 devices beside Ansible, 1,000 in-process ones
	$(GO) test -run '^$$' -bench Thousand -benchtime 3s ./provision/observe
	CLOSUP_NO_SKIP=1 $(GO) test -count=1 -run TestBench -v -timeout 40m -exec "$(or $(AS_ROOT),env) CLOSUP_BENCH=1" ./provision/observe

bench-push: needs-test ## 1,000 in-process devices that take 300 ms a step; 10 and 50 real ones beside Ansible (root, half an hour)
	$(GO) test -run '^$$' -bench Thousand -benchtime 1x ./provision/push
	CLOSUP_NO_SKIP=1 $(GO) test -count=1 -run TestBenchAnsible -v -timeout 60m -exec "$(or $(AS_ROOT),env) CLOSUP_BENCH=1" ./provision/push

diagnose-matrix: needs-test ## every fault of the lab on two fabrics, and whether diagnose names it; FAULTS=
	CLOSUP_MATRIX=1 CLOSUP_FAULTS='$(FAULTS)' $(GO) test -count=1 -run 'TestDiagnose(Matrix|Generations|Pairs|Remedies)' -v -timeout 90m $(if $(AS_ROOT),-exec "$(AS_ROOT)") ./ui/cli

torture: needs ## 200 pushes to a real device with a random fault in each; ROUNDS=, SEED= replays
	CLOSUP_NO_SKIP=1 $(GO) test -v -count=1 -run 'TestLab(Torture|Faults)' -timeout 6h -exec "$(or $(AS_ROOT),env) CLOSUP_TORTURE=$(or $(ROUNDS),200) CLOSUP_SEED=$(SEED)" ./provision/push

screenshots: needs-pictures build ## the pictures of docs/screens, of the wizard on a lab (root)
	CLOSUP_SCREENSHOTS=$(CURDIR)/docs/screens $(GO) test -count=1 -run TestScreenshots -timeout 15m $(if $(AS_ROOT),-exec "$(AS_ROOT)") ./ui/cli

fuzz: ## a short run of every fuzz target
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for f in $$($(GO) test -list '^Fuzz' $$dir | grep '^Fuzz'); do \
			$(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-30s} $$dir || exit 1; \
		done; done

fuzz-keys: ## random keys, pastes and sizes over every screen; FUZZTIME=60s
	CLOSUP_FUZZ=$(or $(FUZZTIME),60s) $(GO) test -count=1 -run TestRandomKeys -timeout 1h ./ui

try: needs build ## a lab of the fabric `article`, configured and shown (root)
	@mkdir -p .try
	@[ -e .try/fabric.yaml ] || bin/closup new --preset article > .try/fabric.yaml
	@cd .try && { ../bin/closup lab status >/dev/null 2>&1 || ../bin/closup lab up; }
	cd .try && ../bin/closup push --lab --yes
	cd .try && ../bin/closup status --lab --wait 60s
	@echo
	@echo 'The lab goes on. `cd .try && ../bin/closup --lab` opens the wizard on it, `make untry` ends it.'

untry: ## end the lab of `make try`
	@[ ! -e .try ] || { cd .try && ../bin/closup lab down; }
	@rm -rf .try

needs: ## install what the lab runs, where it is missing: FRR, sshd, ifupdown2
	@.ci/needs

needs-pictures:
	@.ci/needs pictures

needs-test: ## the same for the tests, and unpack older and newer Debians
	@.ci/needs test

clean: ## remove what make made
	rm -rf bin .tools

help:
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12
