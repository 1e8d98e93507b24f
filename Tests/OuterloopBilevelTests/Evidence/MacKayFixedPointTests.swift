import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// Re-estimation of precisions: where it settles the evidence is stationary.
@Suite struct MacKayFixedPointTests {
  private static func run(
    _ test: GaussianCase, _ method: MacKayFixedPoint = MacKayFixedPoint(iterationLimit: 5000)
  ) throws -> (MacKayFixedPoint.Report, LinearGaussianModel) {
    let model = try test.model()
    return (try method.run(LinearGaussianInference(model), from: test.precisions), model)
  }

  @Test(arguments: [
    GaussianCase(40, groups: [0, 1, 2], seed: 31),
    GaussianCase(40, groups: [0, 0, 1, 1], seed: 32),
    GaussianCase(15, groups: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], seed: 33, noise: 2),
  ])
  func gradientIsZero(_ test: GaussianCase) throws {
    let (report, model) = try Self.run(test)
    #expect(report.outcome == .converged)
    #expect(report.pruned.isEmpty && report.undetermined.isEmpty)
    #expect(report.gradient < 1e-8)
    // By the traced scalar, in the logarithms; and the start was not stationary.
    let logs = try report.precisions.mapLeaves { Tensor(try $0.doubles().map { log($0) }) }
    func slope(_ point: Precisions) throws -> Double {
      try gradient(at: point) { p in
        model.logEvidence(p.mapLeaves { OuterloopAutodiff.exp($0) })
      }.flat.map { abs($0) }.max() ?? .nan
    }
    #expect(try slope(logs) < 1e-8)
    let start = try test.precisions.mapLeaves { Tensor(try $0.doubles().map { log($0) }) }
    #expect(try slope(start) > 0.1)
    #expect(report.evidence.logEvidence > test.logEvidence(test.a, test.b))
  }

  /// Gradient steps on the evidence find the same point.
  @Test func gradientAscentAgrees() throws {
    let test = GaussianCase(40, groups: [0, 0, 1, 1], seed: 32)
    let (report, model) = try Self.run(test)
    let loop = OuterLoop<Precisions>(.sgd(rate: 0.05))
    let start = Precisions(weights: [0, 0], noise: 0)
    var objectives: [Double] = []
    let end = try loop.minimize(
      from: start, updates: 800,
      onUpdate: { update, value, _ in
        objectives.append(value)
        return update < 800
      }, of: { h in -model.logEvidence(h.mapLeaves { OuterloopAutodiff.exp($0) }) })
    #expect(deviation(try end.hyper.flat.map { exp($0) }, try report.precisions.flat) < 1e-7)
    #expect(zip(objectives, objectives.dropFirst()).allSatisfy { $1 <= $0 + 1e-12 })
    #expect(objectives.count == 800)
    #expect(abs(objectives[799] + report.evidence.logEvidence) < 1e-10)
  }

  /// A column that the targets do not depend on: its precision runs to the ceiling, and the rest is
  /// the fixed point of the model without it.
  @Test func pruning() throws {
    var test = GaussianCase(60, groups: [0, 1, 2], seed: 35)
    // Orthogonal to the targets and to the other columns, so that its mean is 0 to rounding.
    var column = (0..<60).map { sin(Double(3 * $0) + 0.5) }
    var others = [test.y, test.x.map { $0[0] }, test.x.map { $0[2] }]
    for k in others.indices {
      for j in 0..<k { remove(others[j], from: &others[k]) }
      remove(others[k], from: &column)
    }
    for i in 0..<60 { test.x[i][1] = column[i] }
    let (report, _) = try Self.run(test)
    #expect(report.outcome == .converged && report.pruned == [1])
    #expect(report.gradient < 1e-8)
    #expect(abs(try report.evidence.mean.flat[1]) < 1e-9)
    // The ceiling does not matter to the rest.
    let (lower, _) = try Self.run(test, MacKayFixedPoint(ceiling: 1e7, iterationLimit: 5000))
    #expect(lower.pruned == [1])
    var less = test
    less.x = test.x.map { [$0[0], $0[2]] }
    less.groups = [0, 1]
    less.a = [test.a[0], test.a[2]]
    let (rest, _) = try Self.run(less)
    for other in [report, lower] {
      let values = try other.precisions.weights.flat
      #expect(deviation([values[0], values[2]], try rest.precisions.weights.flat) < 1e-6)
    }
    // The slope there is positive, and below what the ceiling promises.
    let slope = try report.evidence.gradient.weights.flat[1] * report.precisions.weights.flat[1]
    #expect(abs(slope / 0.5e-10 - 1) < 1e-4)
  }

  private func remove(_ direction: [Double], from vector: inout [Double]) {
    let size = direction.reduce(0) { $0 + $1 * $1 }
    let share = zip(direction, vector).reduce(0) { $0 + $1.0 * $1.1 } / size
    vector = zip(vector, direction).map { $0 - share * $1 }
  }

  /// Inputs that are always zero leave their precision where it was.
  @Test func zeroColumn() throws {
    var test = GaussianCase(30, groups: [0, 1], seed: 36)
    for i in test.x.indices { test.x[i][1] = 0 }
    let (report, _) = try Self.run(test)
    #expect(report.outcome == .converged && report.undetermined == [1] && report.pruned.isEmpty)
    #expect(try report.precisions.weights.flat[1] == test.a[1])
  }

  /// Targets without noise: said so, and with b held fixed there is a fixed point.
  @Test func withoutNoise() throws {
    let test = GaussianCase(20, groups: [0, 0], seed: 37, noise: 0)
    let (report, _) = try Self.run(test)
    #expect(report.outcome == .noiseFree)
    #expect("\(report.outcome)".contains("keep it fixed"))
    let (held, _) = try Self.run(test, MacKayFixedPoint(fitsNoise: false))
    #expect(held.outcome == .converged && held.gradient < 1e-8)
    #expect(try held.precisions.noise.item() == test.b)
  }

  @Test func limits() throws {
    let test = GaussianCase(40, groups: [0, 1, 2], seed: 31)
    let (report, _) = try Self.run(test, MacKayFixedPoint(iterationLimit: 2))
    #expect(report.outcome == .iterationLimit && report.iterations == 2 && report.change > 1e-10)
    for wrong in [
      MacKayFixedPoint(ceiling: 1), MacKayFixedPoint(iterationLimit: 0),
      MacKayFixedPoint(tolerance: -1), MacKayFixedPoint(ceiling: .nan),
    ] {
      #expect(throws: BilevelError.self) { try Self.run(test, wrong) }
    }
  }
}
