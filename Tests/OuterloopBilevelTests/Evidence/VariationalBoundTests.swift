import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// The variational bound: below the evidence always, equal to it where theory says so, and the same
/// objective at both levels.
@Suite struct VariationalBoundTests {
  static let anyKey = RandomKey(seed: 0).tensor

  private static func bound<Posterior: GaussianPosterior>(
    _ model: LinearGaussianModel, of: Posterior.Type
  ) -> VariationalBound<Posterior, Precisions> {
    VariationalBound(model) { $0 }
  }

  // MARK: - Linear-Gaussian: closed forms

  @Test(arguments: GaussianCase.all) func optima(_ test: GaussianCase) throws {
    let model = try test.model()
    let evidence = test.logEvidence(test.a, test.b)
    let point = test.precisions

    let whole = Self.bound(model, of: FullGaussian.self)
    let q = try model.optimalGaussian(point).mapLeaves { Tensor(try $0.doubles(), shape: $0.shape) }
    let (value, slope) = try valueAndGradient(at: q) { try whole($0, point, key: Self.anyKey) }
    #expect(abs(try value.item() - evidence) < 1e-10)
    #expect(try slope.flat.allSatisfy { abs($0) < 1e-9 })
    // Its h-gradient at fixed q is that of the evidence.
    let direct = try gradient(at: point) { try whole(q, $0, key: Self.anyKey) }
    let exact = try LinearGaussianInference(model).evidence(at: point)
    #expect(deviation(try direct.flat, try exact.gradient.flat) < 1e-9)

    let factorised = Self.bound(model, of: MeanFieldGaussian.self)
    let m = try model.optimalMeanField(point).mapLeaves { Tensor(try $0.doubles()) }
    let best = try valueAndGradient(at: m) { try factorised($0, point, key: Self.anyKey) }
    let a = test.posteriorPrecision
    let diagonal: Double = a.indices.reduce(0) { $0 + Foundation.log(a[$1][$1]) }
    let gap = 0.5 * (diagonal - solve(a, []).logDet)
    #expect(abs(try best.value.item() - (evidence - gap)) < 1e-10)
    #expect(try best.gradient.flat.allSatisfy { abs($0) < 1e-9 })
    #expect(gap >= 0 && (test.p == 1) == (gap < 1e-9))
  }

  /// Random q of both kinds, far and near: never above the evidence.
  @Test(arguments: GaussianCase.all) func neverAbove(_ test: GaussianCase) throws {
    let model = try test.model()
    let evidence = test.logEvidence(test.a, test.b)
    let point = test.precisions
    let best = try LinearGaussianInference(model).posterior(at: point)
    let p = test.p
    let full = Self.bound(model, of: FullGaussian.self)
    let independent = Self.bound(model, of: MeanFieldGaussian.self)
    let values = Compiled { (x: Pair<FullGaussian, MeanFieldGaussian>) in
      Pair(
        try full(x.first, point, key: Self.anyKey),
        try independent(x.second, point, key: Self.anyKey))
    }
    for seed in 0..<100 {
      let keys = RandomKey(seed: UInt64(seed), purpose: "random q").split(4)
      let size = [0.01, 0.1, 1, 10][seed % 4]
      let noise = try keys[0].normal([p], dtype: .float64).doubles()
      let mean = Tensor(zip(try best.mean.flat, noise).map { $0 + size * $1 })
      func draw(_ key: RandomKey, _ shape: [Int], _ size: Double) throws -> Tensor {
        Tensor(try key.normal(shape, dtype: .float64).doubles().map { size * $0 }, shape: shape)
      }
      let q = FullGaussian(mean: mean, root: try draw(keys[1], [p, p], size))
      let m = MeanFieldGaussian(mean: mean, logScale: try draw(keys[2], [p], 1))
      let result = try values(Pair(q, m))
      #expect(try result.first.item() < evidence)
      #expect(try result.second.item() < evidence)
    }
  }

  /// KL and the quadratic expectation against quadrature in one dimension.
  @Test func divergenceByQuadrature() throws {
    let q = MeanFieldGaussian(mean: vector([0.7]), scale: 0.4)
    let bound = try VariationalBound<MeanFieldGaussian, Tensor>(
      groups: .each(1), draws: 1, precisions: { $0 }, logLikelihood: { w, _ in w.sum() })
    let value = try bound.divergence(q, vector([2.5])).item()
    let h = 0.001
    var sum = 0.0
    for step in -4000...4000 {
      let w = 0.7 + h * Double(step)
      let t = (w - 0.7) / 0.4
      let logQ = -0.5 * t * t - Foundation.log(0.4 * (2 * Double.pi).squareRoot())
      let logP = -0.5 * 2.5 * w * w + 0.5 * Foundation.log(2.5 / (2 * Double.pi))
      sum += h * Foundation.exp(logQ) * (logQ - logP)
    }
    #expect(abs(value - sum) < 1e-10)
  }

  /// The covariance that draws have is the one that the closed forms speak of.
  @Test func momentsOfDraws() throws {
    let root = Tensor([0.2, 9, 9, 0.5, -0.3, 9, -0.4, 0.7, 0.1], shape: [3, 3], dtype: .float64)
    let q = FullGaussian(mean: vector([1, -2, 0.5]), root: root)
    // L from the definition; the upper triangle does nothing.
    let roots: [Double] = [Foundation.exp(0.2), Foundation.exp(-0.3), Foundation.exp(0.1)]
    let l: [[Double]] = [[roots[0], 0, 0], [0.5, roots[1], 0], [-0.4, 0.7, roots[2]]]
    #expect(deviation(try q.factor.flat, l.flatMap { $0 }) < 1e-15)
    #expect(abs(try q.logDeterminant.item() - 2 * (0.2 - 0.3 + 0.1)) < 1e-15)
    let squares = l.map { row in row.reduce(0) { $0 + $1 * $1 } }
    #expect(deviation(try q.variances.flat, squares) < 1e-15)
    let units = Tensor.eye(3, dtype: .float64)
    let columns = try q.draws(units).flat
    let mean = [1, -2, 0.5]
    for i in 0..<3 {
      for j in 0..<3 { #expect(abs(columns[3 * i + j] - mean[j] - l[j][i]) < 1e-15) }
    }
    let x = Tensor([1.0, 2, -1, 0.5, 0, 3], shape: [2, 3], dtype: .float64)
    let rows = [[1.0, 2, -1], [0.5, 0, 3]]
    var spread = 0.0
    for row in rows {
      for j in 0..<3 {
        let part = row[0] * l[0][j] + row[1] * l[1][j] + row[2] * l[2][j]
        spread += part * part
      }
    }
    #expect(abs(try q.predictiveSpread(x).item() - spread) < 1e-13)
    let m = MeanFieldGaussian(mean: vector([1, 2, 3]), scale: 0.5)
    #expect(deviation(try m.draws(units).flat, [1.5, 2, 3, 1, 2.5, 3, 1, 2, 3.5]) < 1e-15)
    #expect(abs(try m.predictiveSpread(x).item() - 0.25 * 15.25) < 1e-13)
    #expect(abs(try m.logDeterminant.item() - 6 * log(0.5)) < 1e-14)
    #expect(deviation(try m.variances.flat, [0.25, 0.25, 0.25]) < 1e-15)
  }

  // MARK: - Monte Carlo

  /// Mean over 30 keys of 500 draws against the closed form, for value and gradient by q: two-sided
  /// z-tests at alpha = 1e-6 each (z < 4.9), fixed seeds.
  @Test func monteCarloIsUnbiased() throws {
    let test = GaussianCase.all[1]
    let model = try test.model()
    let point = test.precisions
    let closed = Self.bound(model, of: MeanFieldGaussian.self)
    let sampled = try VariationalBound<MeanFieldGaussian, Precisions>(
      groups: model.groups, draws: 500, precisions: { $0.weights },
      logLikelihood: { w, h in
        let error = (model.targets - matmul(model.inputs, w)).square().sum()
        return 0.5
          * (Double(test.n) * OuterloopAutodiff.log(h.noise / (2 * Double.pi)) - h.noise * error)
      })
    let q = MeanFieldGaussian(mean: vector([0.3, -0.8, 0.5]), logScale: vector([-1, -0.5, -1.5]))
    let exact = try valueAndGradient(at: q) { try closed($0, point, key: Self.anyKey) }
    let truth: [Double] = try exact.gradient.flat + [try exact.value.item()]
    let estimate = Compiled { (x: Pair<MeanFieldGaussian, Tensor>) in
      let pair = try valueAndGradient(at: x.first) { try sampled($0, point, key: x.second) }
      return Pair(pair.gradient, pair.value)
    }
    let rows = try (0..<30).map { index in
      try estimate(
        Pair(q, RandomKey(seed: 5, purpose: "unbiased", index: UInt64(index)).tensor)
      ).flat
    }
    for (place, expected) in truth.enumerated() {
      let values = rows.map { $0[place] }
      let mean = values.reduce(0, +) / 30
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 29
      let z = (mean - expected) / (variance / 30).squareRoot()
      #expect(abs(z) < 4.9 && variance > 0, "number \(place): \(mean), \(expected)")
    }
    // A key is a draw: the same again, another one otherwise.
    let key = RandomKey(seed: 5, purpose: "unbiased", index: 3).tensor
    #expect(try estimate(Pair(q, key)).flat == rows[3])
    #expect(rows[3] != rows[4])
  }

  /// Logistic regression, one weight: below the integral found by quadrature, for any q.
  @Test func belowQuadrature() throws {
    let (x, signs) = (vector([0.9, 0.2, -0.7, 1.4, -0.3]), vector([1.0, 1, -1, 1, 1]))
    let bound = try VariationalBound<MeanFieldGaussian, Tensor>(
      groups: .each(1), draws: 20_000, precisions: { $0 },
      logLikelihood: { w, _ in -softplus(-(signs * x * w)).sum() })
    let scores = try zip(x.doubles(), signs.doubles()).map { $0 * $1 }
    let truth = logIntegral(from: -9, to: 9, points: 4001) { w in
      var sum = 0.5 * (Foundation.log(0.8 / (2 * Double.pi)) - 0.8 * w * w)
      for score in scores { sum -= Foundation.log1p(Foundation.exp(-score * w)) }
      return sum
    }
    let key = RandomKey(seed: 9).tensor
    let value = Compiled { (q: MeanFieldGaussian) in try bound(q, vector([0.8]), key: key) }
    var best = -Double.infinity
    for mean in [-0.5, 0.5, 0.9, 1.3] {
      for scale in [0.2, 0.6, 0.8, 1.5] {
        let f = try value(MeanFieldGaussian(mean: vector([mean]), scale: scale)).item()
        best = max(best, f)
        // The noise of 20,000 draws is below 0.01.
        #expect(f < truth + 0.01)
      }
    }
    #expect(best > truth - 0.05, "the best of the grid comes near: \(best), \(truth)")
  }

  // MARK: - Both levels share one objective

  /// Log precisions as hyperparameters, a full covariance: trained to the end, every estimator gives
  /// the gradient of the evidence, the direct term alone too.
  @Test func firstOrderIsExact() throws {
    let test = GaussianCase(12, groups: [0, 1], seed: 2)
    let model = try test.model()
    let bound = VariationalBound<FullGaussian, Precisions>(model) { logs in
      logs.mapLeaves { OuterloopAutodiff.exp($0) }
    }
    let logs = Precisions(weights: test.a.map { log($0) }, noise: log(test.b))
    func problem(_ steps: Int) -> BilevelProblem<TrainingState<FullGaussian>, Precisions, Tensor> {
      bound.problem(
        steps: steps,
        posterior: { _ in FullGaussian(mean: Tensor.zeros([2], dtype: .float64), scale: 0.3) },
        optimizer: { _, _ in .momentum(rate: 0.01, momentum: 0.8) })
    }
    let evidence = try LinearGaussianInference(model).evidence(at: test.precisions)
    let expected = zip(try evidence.gradient.flat, try test.precisions.flat).map { -$0 * $1 }
    let long = problem(600)
    let reverse = try long.hypergradient(at: logs)
    #expect(abs(reverse.loss + evidence.logEvidence) < 1e-9)
    #expect(deviation(try reverse.gradient.flat, expected) < 1e-6)
    let first = try long.hypergradient(at: logs, by: .firstOrder)
    #expect(deviation(try first.gradient.flat, expected) < 1e-6)
    // Not so halfway: the two differ until training has converged.
    let short = problem(5)
    let early = try short.hypergradient(at: logs, by: .firstOrder).gradient.flat
    #expect(deviation(early, try short.hypergradient(at: logs).gradient.flat) > 1e-2)
  }

  /// Selection by the bound, by its direct gradient: to the precisions that MacKay's fixed point
  /// finds by the evidence, since q may be any Gaussian.
  @Test func selectionByTheBound() throws {
    let test = GaussianCase(30, groups: [0, 0], seed: 41)
    let model = try test.model()
    let fixed = try MacKayFixedPoint().run(LinearGaussianInference(model), from: test.precisions)
    #expect(fixed.outcome == .converged)
    let bound = VariationalBound<FullGaussian, Precisions>(model) { logs in
      logs.mapLeaves { OuterloopAutodiff.exp($0) }
    }
    let problem = bound.problem(
      steps: 60,
      posterior: { h in model.optimalGaussian(h.mapLeaves { OuterloopAutodiff.exp($0) }) },
      optimizer: { _, _ in .sgd(rate: 1e-3) })
    let loop = OuterLoop<Precisions>(.sgd(rate: 0.1))
    let start = Precisions(weights: [0], noise: 0)
    let end = try problem.minimize(from: start, by: .firstOrder, updates: 250, with: loop)
    #expect(deviation(try end.hyper.flat.map { exp($0) }, try fixed.precisions.flat) < 1e-6)
  }

  /// 1 / a_g = mean of mu^2 + s^2: the bound's gradient in a vanishes there, and alternating the two
  /// closed forms never lowers the bound.
  @Test(arguments: [GaussianCase.all[0], GaussianCase.all[3]])
  func closedFormPrecisions(_ test: GaussianCase) throws {
    let model = try test.model()
    let bound = Self.bound(model, of: MeanFieldGaussian.self)
    var point = test.precisions
    let update = Compiled { (p: Precisions) -> Pair<Tensor, Pair<Tensor, Tensor>> in
      let q = model.optimalMeanField(p)
      let next = Precisions(weights: bound.optimalPrecisions(q), noise: p.noise)
      let slope = try gradient(at: next) { try bound(q, $0, key: Self.anyKey) }
      return Pair(
        try bound(q, p, key: Self.anyKey), Pair(next.weights, slope.weights * next.weights))
    }
    let q = try model.optimalMeanField(point).mapLeaves { Tensor(try $0.doubles()) }
    let size = zip(try q.mean.flat, try q.variances.flat).map { $0 * $0 + $1 }
    let expected = test.a.indices.map { g in
      let members = test.groups.indices.filter { test.groups[$0] == g }
      return Double(members.count) / members.reduce(0) { $0 + size[$1] }
    }
    #expect(deviation(try update(point).second.first.flat, expected) < 1e-12)
    var last = -Double.infinity
    for _ in 0..<20 {
      let result = try update(point)
      #expect(try result.first.item() >= last)
      #expect(try result.second.second.flat.allSatisfy { abs($0) < 1e-10 })
      last = try result.first.item()
      point.weights = result.second.first
    }
  }

  /// By Monte Carlo each step has its own noise, the same at every replay, and the outer loss has one
  /// draw for good: two steps and the outer loss by hand.
  @Test func noiseOfTraining() throws {
    let x = vector([0.9, 0.2, -0.7])
    let bound = try VariationalBound<MeanFieldGaussian, Tensor>(
      groups: .shared(2), draws: 3, precisions: { $0 },
      logLikelihood: { w, _ in -softplus(-x * w.example(0) + w.example(1)).sum() })
    let start = MeanFieldGaussian(mean: vector([0.1, -0.2]), scale: 0.5)
    let h = vector([0.7])
    let result = try bound.problem(
      steps: 2, seed: 12, posterior: { _ in start }, optimizer: { _, _ in .sgd(rate: 0.1) }
    ).hypergradient(at: h, by: .firstOrder)
    var q = start
    for step in 0..<2 {
      let key = RandomKey(seed: 12, purpose: "variational bound, inner", index: UInt64(step))
      let slope = try gradient(at: q) { try bound($0, h, key: key.tensor) }
      q = q.zipLeaves(slope) { $0 + 0.1 * $1 }
    }
    #expect(deviation(try result.state.weights.flat, try q.flat) < 1e-14)
    let key = RandomKey(seed: 12, purpose: "variational bound, outer").tensor
    let outer = try valueAndGradient(at: h) { try bound(q, $0, key: key) }
    #expect(abs(try outer.value.item() + result.loss) < 1e-13)
    #expect(deviation(try result.gradient.flat, try outer.gradient.flat.map { -$0 }) < 1e-13)
  }

  @Test func refusals() {
    #expect(throws: BilevelError.self) {
      try VariationalBound<MeanFieldGaussian, Tensor>(
        groups: .each(1), draws: 0, precisions: { $0 }, logLikelihood: { w, _ in w.sum() })
    }
  }
}
