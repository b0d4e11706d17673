# Build, test and install rkt. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
export SWIFT_BACKTRACE := enable=no

DESTDIR ?=
PREFIX ?= /usr
RKT ?= $(CURDIR)/build/root/usr/bin/rkt
# Seconds for all integration tests.
LIMIT ?= 1800

FLAVORS := $(notdir $(patsubst %/manifest.json,%,$(wildcard stage1-images/*/manifest.json)))
PROGRAMS := rkt $(FLAVORS:%=stage1-%) stage2-exec
TOOLS := pack-image inspect
ARCH := $(if $(filter x86_64,$(shell uname -m)),amd64,$(shell uname -m))

BUILD_DEBUG := swift build --build-tests --explicit-target-dependency-import-check error
# What is linked with the shared libraries of the system: the program that talks to strangers gets their fixes at once.
BUILD_DYNAMIC := swift build -c release --static-swift-stdlib -Xlinker --gc-sections --scratch-path .build-dynamic
BUILD_STATIC := RKT_LINK=static swift build -c release --static-swift-stdlib --scratch-path .build-static
STATIC := .build-static/release
DYNAMIC := .build-dynamic/release
# What differs between two builds of one commit in different directories.
PATH_DEPENDENT := --remove-section=.swift_modhash --remove-section=.note.gnu.build-id

# What the build links, then what tests, demo and benchmark run.
PACKAGES := pkg-config binutils libarchive-dev libseccomp-dev libcap-dev libssl-dev libsqlite3-dev \
	libcurl4-openssl-dev libgpgme-dev libzstd-dev liblz4-dev libacl1-dev libbz2-dev liblzma-dev nettle-dev zlib1g-dev \
	busybox-static mmdebstrap crun hyperfine bzip2 xz-utils zstd gnupg openssl python3 skopeo umoci docker-registry podman appc-spec \
	qemu-system-x86 e2fsprogs systemd-container

.PHONY: help deps demo check check-long bench build release images install root test integration lint fmt clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

deps: ## Install the Debian packages that build and tests need
	@missing=""; for package in $(PACKAGES); do \
		[ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null || true)" = installed ] || missing+=" $$package"; done; \
	if [ -n "$$missing" ]; then \
		timeout 600 apt-get update -q; \
		DEBIAN_FRONTEND=noninteractive timeout 1200 apt-get install -yq --no-install-recommends $$missing; fi

demo: deps root ## Build everything and run a small image in a pod
	timeout 300 Tests/Demo/demo.sh $(CURDIR)/build

check: ## Lint, unit tests and integration tests
	@rm -rf build/reports
	.ci/step deps 1800 lint 300 build 2400 test 900 root 2400 integration 1800
	.ci/summary

check-long: ## The same with the long campaigns in full
	RKT_LONG=1 $(MAKE) test integration LIMIT=36000

bench: deps root ## Measure speed, memory and size against crun; Markdown on stdout
	Tests/Bench/bench.sh $(CURDIR)/build

build: ## Debug build with all tests
	$(BUILD_DEBUG)

release: ## Release programs, stripped, in build/bin
	install -d -m 0755 build/bin
	for product in $(PROGRAMS) $(TOOLS); do \
		$(BUILD_STATIC) --product $$product; \
		if grep -q _RegexParser $(STATIC)/$$product; then \
			echo "$$product: something like text.contains(\"ab\") brought in regular expressions, 2 MB" >&2; exit 1; fi; \
		strip $(PATH_DEPENDENT) -o build/bin/$$product $(STATIC)/$$product; done
	RKT_TESTS=none $(BUILD_DYNAMIC) --product fetch
	strip $(PATH_DEPENDENT) -o build/bin/fetch $(DYNAMIC)/fetch

images: release ## Stage1 images in build/images
	for flavor in $(FLAVORS); do stage1-images/pack $$flavor $(ARCH) build/bin build/images; done

install: images ## Install to $(DESTDIR)$(PREFIX)
	install -d -m 0755 $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/rkt/stage1-images \
		$(DESTDIR)$(PREFIX)/libexec/rkt
	install -m 0755 build/bin/rkt $(DESTDIR)$(PREFIX)/bin/rkt
	install -m 0755 build/bin/fetch $(DESTDIR)$(PREFIX)/libexec/rkt/fetch
	install -m 0644 $(FLAVORS:%=build/images/stage1-%.aci) $(DESTDIR)$(PREFIX)/lib/rkt/stage1-images/

root: ## Install below build/root, for tests and demo
	$(MAKE) install DESTDIR=$(CURDIR)/build/root PREFIX=/usr

test: build ## Unit tests
	.ci/suite 300 $(filter-out IntegrationTests,$(notdir $(wildcard Tests/*Tests)))

integration: build root ## Tests of the installed programs (RKT=… for others), as root
	RKT=$(RKT) INSPECT=$(CURDIR)/build/bin/inspect .ci/suite $(LIMIT) IntegrationTests

lint: ## Format, forbidden words, file sizes
	.ci/lint

fmt: ## Format the sources
	swift format -i -r -p Sources Tests Package.swift

clean: ## Remove everything that was built
	rm -rf .build .build-static .build-dynamic build
