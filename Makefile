# The commands of this repository. Each installs what is missing first (see Scripts/require.sh).
.PHONY: run test bench lint fuzz wheel python

# What is released has Swift's libraries inside: it starts in half the time, and on machines
# without them. (On macOS they are part of the system.)
static := $(if $(filter Linux,$(shell uname)),--static-swift-stdlib)
# Variables that pin OpenBLAS to another processor.
plain := env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE

# The tour: builds the release command and lets it clean and learn the bundled digits.
run: require
	swift build -c release $(static) --explicit-target-dependency-import-check error --product outerloop
	.build/release/outerloop demo

# All tests. Undeclared imports and warnings are errors.
test: require
	bash Scripts/test.sh

# Ours and its peers in turn, on the same data, in the same run; results in Benchmarks/results:
# hypergradients against hand-written JAX, online updates against gradhpo, samplers, whole searches
# and studies in a store against Optuna, Gaussian processes against Optuna's, the pages against optuna-dashboard's. Ends with
# one table of ratios, and fails if one is worse than the README may state.
bench: require
	bash Benchmarks/peers/install.sh jax
	bash Benchmarks/peers/install.sh gradhpo
	bash Benchmarks/peers/install.sh optuna
	bash Benchmarks/peers/install.sh dashboard
	bash Benchmarks/peers/install.sh samplers
	swift build -c release $(static) --product outerloop
	cd Benchmarks && $(plain) swift build -c release $(static)
	$(plain) python3 Benchmarks/hypergradients.py $(BENCH)
	$(plain) python3 Benchmarks/online.py $(BENCH)
	$(plain) python3 Benchmarks/samplers.py $(BENCH)
	$(plain) python3 Benchmarks/studies.py $(BENCH)
	$(plain) Benchmarks/peers/optuna/.venv/bin/python Benchmarks/quality.py --write
	$(plain) python3 Benchmarks/gp_speed.py --write
	$(plain) Benchmarks/peers/dashboard/.venv/bin/python Benchmarks/dashboard.py --write
	python3 Benchmarks/ratios.py

# Formatting of every Swift file, the direction of dependencies, the README's programs, and links between pages.
lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks/Sources Examples/Sources Examples/Tests Fuzz/Sources
	bash Scripts/check-layers.sh
	bash Scripts/check-readme.sh
	python3 Scripts/check-links.py
	python3 Scripts/check-blocks.py
	bash Scripts/list-pages.sh --check

# The wheel with the command and the Python package, in dist; and the package's tests from it, with each Python there is.
wheel: require
	bash Scripts/build-wheel.sh

python: wheel
	bash Scripts/test-python.sh

# The API of every product and the guides as one static site in .build/docs/site, its links checked.
.PHONY: docs
docs: require
	swift build
	python3 Scripts/check-docstrings.py
	python3 Scripts/build-docs.py

# Studies on a real Slurm, a cluster of this one machine, and on a local Ray: installs both.
.PHONY: test-engines
test-engines: require
	swift build --product outerloop
	bash Scripts/test-engines.sh $(ENGINES)

# A search on eight hosts whose network, server and processes fail, with so many kills: make test-network KILLS=1000.
# As root, on Linux; about three minutes.
.PHONY: test-network
test-network: require postgres
	swift build --product outerloop
	swift build --product StoreProbe
	bash Scripts/test-network.sh $(KILLS)

# Optuna's own suite of storages against stores in a file and on a server.
.PHONY: test-storage
test-storage: require postgres
	swift build --product StoreProbe
	bash Scripts/test-storage.sh

# What the tests of stores on a server need; without it they are skipped.
.PHONY: postgres
postgres:
	bash Scripts/install-postgres.sh

# The readers against broken files for a while.
fuzz: require
	cd Fuzz && swift run -c release

.PHONY: require
require:
	@bash Scripts/require.sh
