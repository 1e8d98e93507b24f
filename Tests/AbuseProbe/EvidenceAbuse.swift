import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics

extension AbuseRoom {
  mutating func addEvidence() {
    add("WeightGroups.init", [[], [0], [1], [-1], [.max], [.min], [0, 2], [1, 0], [0, 0, 1]]) {
      try WeightGroups($0).count
    }
    refuse("WeightGroups.init", [[], [1], [-1], [.max], [0, 2]]) { try WeightGroups($0) }
    add("WeightGroups.each", Edges.integers.filter { $0 < 100 || $0 > 1 << 30 }) {
      try WeightGroups.each($0).count
    }
    add("WeightGroups.shared", Edges.integers.filter { $0 < 100 || $0 > 1 << 30 }) {
      try WeightGroups.shared($0).count
    }
    refuse("WeightGroups.each", [.min, -1, 0, .max]) { try WeightGroups.each($0) }
    refuse("WeightGroups.shared", [.min, -1, 0, .max]) { try WeightGroups.shared($0) }
    add("WeightGroups.tensors", Edges.tensors.filter { $0.count < 100 }) {
      try WeightGroups.tensors(of: [$0, $0]).count
    }
    add("WeightGroups.expanded", Edges.tensors) { try WeightGroups([0, 1, 0]).expanded($0) }
    add("WeightGroups.sums", Edges.tensors) { try WeightGroups([0, 1, 0]).sums($0) }
    add("WeightLayout.init", Edges.tensors) { try WeightLayout([$0, $0]).count }
    add("WeightLayout.init", [[], [Tensor(1), Tensor([1.0, 2])]]) { try WeightLayout($0).count }
    add("WeightLayout.vector", Edges.tensors) {
      try WeightLayout([Tensor(1), Tensor(2)]).vector([$0, $0])
    }
    add("WeightLayout.weights", Edges.tensors) {
      try WeightLayout([Tensor(1), Tensor(2)]).weights($0)
    }

    let key = RandomKey(seed: 1)
    let (x, y) = (key.normal([4, 2], dtype: .float64), key.normal([4], dtype: .float64))
    add("LinearGaussianModel.init", Edges.tensors, Edges.tensors) {
      try LinearGaussianModel(inputs: $0, targets: $1).weightCount
    }
    add("LinearGaussianModel.init", [LinearGaussianModel.Form.primal, .dual]) { form in
      let wide = key.normal([2, 5], dtype: .float64)
      return try LinearGaussianInference(
        LinearGaussianModel(inputs: wide, targets: key.normal([2], dtype: .float64), form: form)
      ).evidence(at: Precisions(weights: [1, 1, 1, 1, 1], noise: 1)).logEvidence
    }
    let precisions: [Precisions] =
      Edges.tensors.flatMap {
        [
          Precisions(weights: $0, noise: Tensor(1, dtype: .float64)),
          Precisions(weights: Tensor([1.0, 1]), noise: $0),
        ]
      } + Edges.numbers.map { Precisions(weights: [$0, 1], noise: $0) }
    add("Precisions.init", Edges.numbers, [[], [1], [1, 2], [1, 2, 3]]) {
      try LinearGaussianInference(try LinearGaussianModel(inputs: x, targets: y))
        .evidence(at: Precisions(weights: $1, noise: $0)).logEvidence
    }
    add("LinearGaussianInference.init") {
      LinearGaussianInference(try LinearGaussianModel(inputs: x, targets: y)).model.weightCount
    }
    add("LinearGaussianInference.evidence", precisions) {
      try LinearGaussianInference(LinearGaussianModel(inputs: x, targets: y)).evidence(at: $0)
        .logEvidence
    }
    add("LinearGaussianInference.posterior", precisions) {
      try LinearGaussianInference(LinearGaussianModel(inputs: x, targets: y)).posterior(at: $0).mean
    }
    add("LinearGaussianModel.logEvidence", precisions) {
      try LinearGaussianModel(inputs: x, targets: y).logEvidence($0)
    }
    add("LinearGaussianModel.optimalGaussian", precisions) {
      try LinearGaussianModel(inputs: x, targets: y).optimalGaussian($0)
    }
    add("LinearGaussianModel.optimalMeanField", precisions) {
      try LinearGaussianModel(inputs: x, targets: y).optimalMeanField($0)
    }
    add("MacKayFixedPoint.init", Edges.numbers, Edges.numbers) {
      try MacKayFixedPoint(ceiling: $0, tolerance: $1, iterationLimit: 20).run(
        LinearGaussianInference(LinearGaussianModel(inputs: x, targets: y)),
        from: Precisions(weights: [1, 1], noise: 1)
      ).iterations
    }
    add("MacKayFixedPoint.init", Edges.integers.filter { $0 < 100 }) {
      try MacKayFixedPoint(iterationLimit: $0).run(
        LinearGaussianInference(LinearGaussianModel(inputs: x, targets: y)),
        from: Precisions(weights: [1, 1], noise: 1)
      ).iterations
    }
    add("MacKayFixedPoint.run", precisions) {
      try MacKayFixedPoint(iterationLimit: 5).run(
        LinearGaussianInference(LinearGaussianModel(inputs: x, targets: y)), from: $0
      ).iterations
    }

    addGaussians()
    addLaplace()
  }

  private mutating func addGaussians() {
    let small = Edges.tensors.filter { $0.count < 100 }
    add("MeanFieldGaussian.init", small, small) { mean, scale in
      let q = MeanFieldGaussian(mean: mean, logScale: scale)
      return [q.variances, q.logDeterminant]
    }
    add("MeanFieldGaussian.init", Edges.tensors, Edges.numbers) {
      MeanFieldGaussian(mean: $0, scale: $1)
    }
    add("FullGaussian.init", small, small) { mean, root in
      let q = FullGaussian(mean: mean, root: root)
      return [q.variances, q.logDeterminant]
    }
    add("FullGaussian.init", Edges.tensors, Edges.numbers) { FullGaussian(mean: $0, scale: $1) }
    let mean = Tensor([1, 2, 3] as [Float])
    add("MeanFieldGaussian.draws", Edges.tensors) {
      MeanFieldGaussian(mean: mean, scale: 1).draws($0)
    }
    add("MeanFieldGaussian.predictiveSpread", Edges.tensors) {
      MeanFieldGaussian(mean: mean, scale: 1).predictiveSpread($0)
    }
    add("FullGaussian.draws", Edges.tensors) { FullGaussian(mean: mean, scale: 1).draws($0) }
    add("FullGaussian.predictiveSpread", Edges.tensors) {
      FullGaussian(mean: mean, scale: 1).predictiveSpread($0)
    }
    @Sendable func bound(_ draws: Int, _ precision: Tensor) throws
      -> VariationalBound<MeanFieldGaussian, Tensor>
    {
      try VariationalBound(
        groups: .each(3), draws: draws, precisions: { _ in precision },
        logLikelihood: { w, h in -(w * h).square().sum() })
    }
    let q = MeanFieldGaussian(mean: mean, scale: 1)
    add("VariationalBound.init", Edges.integers) {
      try bound($0, mean)(q, Tensor(1), key: RandomKey(seed: 1).tensor)
    }
    refuse("VariationalBound.init", [.min, -1, 0, .max]) { try bound($0, mean) }
    add("VariationalBound.callAsFunction", Edges.tensors, Edges.tensors) {
      try bound(2, mean)(q, $0, key: $1)
    }
    add("VariationalBound.callAsFunction", Edges.tensors) {
      try bound(2, $0)(q, Tensor(1), key: RandomKey(seed: 1).tensor)
    }
    add("VariationalBound.divergence", small) {
      try bound(2, $0).divergence(MeanFieldGaussian(mean: $0, scale: 1), $0)
    }
    add("VariationalBound.optimalPrecisions", small) {
      try bound(2, $0).optimalPrecisions(MeanFieldGaussian(mean: $0, scale: 1))
    }
    add("VariationalBound.problem", Edges.integers.filter { $0 < 100 || $0 > 1 << 27 }) {
      try bound(2, mean).problem(
        steps: $0, posterior: { _ in q }, optimizer: { _, _ in .sgd(rate: 0.1) }
      ).hypergradient(at: Tensor(0.5), by: .firstOrder).gradient
    }
  }

  private mutating func addLaplace() {
    @Sendable func evidence(_ weights: Tensor) throws -> LaplaceEvidence<Tensor, Tensor> {
      try LaplaceEvidence(weights: weights) { w, h in (h * w.square()).sum() }
    }
    let start = Tensor([1.0, 2])
    let h = Tensor(1, dtype: .float64)
    let small = Edges.tensors.filter { $0.count < 100 }
    add("LaplaceEvidence.init", Edges.tensors) { try evidence($0).layout.count }
    add("LaplaceEvidence.logEvidence", small, small) { try evidence(start).logEvidence($0, $1) }
    add("LaplaceEvidence.evaluate", small, small) {
      try evidence(start).evaluate(at: $0, $1).logEvidence
    }
    add("LaplaceEvidence.mode", small) { try evidence(start).mode(at: h, from: $0).weights }
    add("LaplaceEvidence.mode", Edges.numbers, Edges.integers.filter { $0 < 100 || $0 > 1 << 30 }) {
      try evidence(start).mode(at: h, from: start, tolerance: $0, iterationLimit: $1).weights
    }
    refuse("LaplaceEvidence.mode", [.min, -1, .max]) {
      try evidence(start).mode(at: h, from: start, iterationLimit: $0).weights
    }
  }
}
