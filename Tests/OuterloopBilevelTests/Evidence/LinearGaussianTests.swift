import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopNumerics
import OuterloopTesting
import Testing

/// The evidence of linear-Gaussian models against the covariance of the targets, quadrature and
/// differences.
@Suite struct LinearGaussianTests {
  typealias Form = LinearGaussianModel.Form

  /// Value, closed gradient and derivative of the traced scalar, in both forms.
  @Test(arguments: GaussianCase.all, [.primal, .dual] as [Form])
  func valueAndGradients(_ test: GaussianCase, _ form: Form) throws {
    let model = try test.model(form)
    let result = try LinearGaussianInference(model).evidence(at: test.precisions)
    let expected = test.logEvidence(test.a, test.b)
    #expect(abs(result.logEvidence - expected) < 1e-11 * max(1, abs(expected)))
    let slopes = (0...test.a.count).map { index in
      HypergradientLaws.slope { h in
        var (a, b) = (test.a, test.b)
        if index < a.count { a[index] += h * a[index] } else { b += h * b }
        return test.logEvidence(a, b)
      } / (index < test.a.count ? test.a[index] : test.b)
    }
    #expect(deviation(try result.gradient.flat, slopes) < 1e-8)
    let traced = try valueAndGradient(at: test.precisions) { model.logEvidence($0) }
    #expect(abs(try traced.value.item() - result.logEvidence) < 1e-11 * max(1, abs(expected)))
    #expect(deviation(try traced.gradient.flat, try result.gradient.flat) < 1e-11)
  }

  /// Second derivatives of the traced scalar, as Newton steps on the evidence would use.
  @Test(arguments: [.primal, .dual] as [Form]) func traced(_ form: Form) throws {
    let test = GaussianCase.all[1]
    let model = try test.model(form)
    try DerivativeLaws.check(
      DerivativeCase("evidence", [Tensor([0.3], dtype: .float64), number(-0.2)]) {
        model.logEvidence(Precisions(weights: exp($0[0]), noise: exp($0[1])))
      })
  }

  /// Mean and covariance solve A m = b X'y and A A^-1 = I.
  @Test(arguments: GaussianCase.all, [.primal, .dual] as [Form])
  func posterior(_ test: GaussianCase, _ form: Form) throws {
    let inference = LinearGaussianInference(try test.model(form))
    let posterior = try inference.posterior(at: test.precisions)
    let p = test.p
    let right = (0..<p).map { j in
      zip(test.x, test.y).reduce(0) { $0 + test.b * $1.0[j] * $1.1 }
    }
    let units = (0..<p).map { i in (0..<p).map { $0 == i ? 1.0 : 0.0 } }
    let (columns, _) = solve(test.posteriorPrecision, [right] + units)
    #expect(deviation(try posterior.mean.flat, columns[0]) < 1e-12)
    #expect(deviation(try posterior.covariance.flat, columns[1...].flatMap { $0 }) < 1e-12)
    let evidence = try inference.evidence(at: test.precisions)
    #expect(deviation(try evidence.mean.flat, columns[0]) < 1e-12)
    var determined = [Double](repeating: 0, count: test.a.count)
    for i in 0..<p { determined[test.groups[i]] += 1 - test.a[test.groups[i]] * columns[1 + i][i] }
    #expect(deviation(evidence.determined, determined) < 1e-12)
  }

  /// The integral over one weight, and over two, by quadrature.
  @Test func bruteForce() throws {
    func logJoint(_ test: GaussianCase, _ w: [Double]) -> Double {
      var sum = 0.5 * Double(test.n) * Foundation.log(test.b / (2 * Double.pi))
      for (row, y) in zip(test.x, test.y) {
        var e = y
        for (input, weight) in zip(row, w) { e -= input * weight }
        sum -= 0.5 * test.b * e * e
      }
      for (index, weight) in w.enumerated() {
        let a = test.a[test.groups[index]]
        sum += 0.5 * (Foundation.log(a / (2 * Double.pi)) - a * weight * weight)
      }
      return sum
    }
    let one = GaussianCase(3, groups: [0], seed: 21)
    let line = logIntegral(from: -12, to: 12, points: 801) { logJoint(one, [$0]) }
    let first = try LinearGaussianInference(one.model()).evidence(at: one.precisions)
    #expect(abs(first.logEvidence - line) < 1e-11)
    let two = GaussianCase(4, groups: [0, 1], seed: 22)
    let plane = logIntegral(from: -12, to: 12, points: 201) { u in
      logIntegral(from: -12, to: 12, points: 201) { v in logJoint(two, [u, v]) }
    }
    let second = try LinearGaussianInference(two.model()).evidence(at: two.precisions)
    #expect(abs(second.logEvidence - plane) < 1e-11)
  }

  /// A weight of precision 1e14 is out: the evidence is that of the model without its column.
  @Test(arguments: [.primal, .dual] as [Form]) func prunedWeight(_ form: Form) throws {
    var test = GaussianCase(9, groups: [0, 1, 2], seed: 8)
    test.a[1] = 1e14
    var less = test
    less.x = test.x.map { [$0[0], $0[2]] }
    less.groups = [0, 1]
    less.a = [test.a[0], test.a[2]]
    let whole = try LinearGaussianInference(test.model(form)).evidence(at: test.precisions)
    #expect(abs(whole.logEvidence - less.logEvidence(less.a, less.b)) < 1e-11)
    #expect(whole.determined[1] > 0 && whole.determined[1] < 1e-11)
  }

  @Test func refusals() throws {
    let test = GaussianCase.all[0]
    let x = test.inputs
    let y = Tensor(test.y)
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "nothing was thrown"
    }
    let single = try x.converted(to: .float32)
    #expect(
      message { _ = try LinearGaussianModel(inputs: single, targets: y) }.contains("float64"))
    #expect(
      message { _ = try LinearGaussianModel(inputs: x, targets: Tensor([1.0], dtype: .float64)) }
        .contains("needs (n, P) and (n)"))
    var broken = test.y
    broken[3] = .nan
    #expect(
      message { _ = try LinearGaussianModel(inputs: x, targets: Tensor(broken)) }
        .contains("targets have a non-finite value at element 3"))
    #expect(
      message { _ = try LinearGaussianModel(inputs: x, targets: y, groups: .each(2)) }
        .contains("groups of 2 weights for 3"))
    #expect(message { _ = try WeightGroups([0, 2, 2]) }.contains("group 1 has no weight"))
    #expect(message { _ = try WeightGroups([0, -1]) }.contains("number them from 0"))
    #expect(message { _ = try WeightGroups([]) }.contains("no weights"))
    let inference = LinearGaussianInference(try test.model())
    let wrong: [([Double], Double)] = [([1, -1, 1], 1), ([1, 1, 1], 0), ([1, 1, .nan], 1)]
    for (weights, noise) in wrong {
      #expect(
        message {
          _ = try inference.evidence(at: Precisions(weights: weights, noise: noise))
        }.contains("positive"))
    }
    #expect(
      message { _ = try inference.evidence(at: Precisions(weights: [1], noise: 1)) }
        .contains("3 groups"))
    // Inside a trace the error is the tensor's.
    #expect(throws: TensorError.self) {
      let model = try test.model()
      _ = try gradient(at: Precisions(weights: [1, 1], noise: 1)) { model.logEvidence($0) }
    }
  }
}
