# The four commands of this repository. Each installs what is missing first (see Scripts/require.sh).
.PHONY: run test bench lint fuzz

# The tour: builds the release command and lets it clean the bundled digits.
run: require
	swift build -c release --explicit-target-dependency-import-check error --product outerloop
	.build/release/outerloop demo

# All tests. Undeclared imports and warnings are errors.
test: require
	swift build --build-tests --explicit-target-dependency-import-check error
	swift test --skip-build --no-parallel

# Ours and its peers in turn, on the same data, in the same run; results in Benchmarks/results:
# hypergradients against hand-written JAX, online updates against gradhpo.
bench: require
	bash Benchmarks/peers/install.sh jax
	bash Benchmarks/peers/install.sh gradhpo
	cd Benchmarks && env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE swift build -c release
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python3 Benchmarks/hypergradients.py $(BENCH)
	env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python3 Benchmarks/online.py $(BENCH)

# Formatting of every Swift file, and the direction of dependencies.
lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks/Sources Examples/Sources Fuzz/Sources
	bash Scripts/check-layers.sh
	bash Scripts/check-readme.sh

# The readers against broken files for a while.
fuzz: require
	cd Fuzz && swift run -c release

.PHONY: require
require:
	@bash Scripts/require.sh
