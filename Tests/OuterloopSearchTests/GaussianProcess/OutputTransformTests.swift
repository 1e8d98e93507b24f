import Foundation
import OuterloopSearch
import Testing

@Suite struct OutputTransformTests {
  /// Against SciPy.
  @Test func yeoJohnsonIsTheRecorded() {
    let recorded = GaussianProcessReference.recorded.yeoJohnson
    for bend in recorded.bends {
      let transform = YeoJohnson(power: bend.power)
      for (value, want) in zip(recorded.values, bend.values) {
        #expect(abs(transform(value) - want) < 1e-12 * max(1, abs(want)))
      }
      // SciPy's likelihood has the variance over n, ours over n - 1: the same but for a constant.
      let n = Double(recorded.values.count)
      let ours = transform.standardized(recorded.values)?.logJacobian ?? .nan
      #expect(abs(ours - (bend.logLikelihood + 0.5 * n * log((n - 1) / n))) < 1e-10)
    }
    #expect(abs(YeoJohnson(fitting: recorded.values).power - recorded.best) < 1e-3)
  }

  @Test func bentValuesAreStandardized() throws {
    let values = (0..<20).map { exp(Double($0) / 5) - 3 }
    let bent = try #require(YeoJohnson(power: -0.3).standardized(values))
    let mean = bent.outputs.reduce(0, +) / 20
    let square = bent.outputs.reduce(0) { $0 + $1 * $1 }
    #expect(abs(mean) < 1e-13 && abs(square / 19 - 1) < 1e-13)
    // The Jacobian by differences.
    func output(_ step: Double, _ place: Int) -> Double {
      let bend = YeoJohnson(power: -0.3)
      let spread = values.map { bend($0) }
      let m = spread.reduce(0, +) / 20
      let s = (spread.reduce(0) { $0 + ($1 - m) * ($1 - m) } / 19).squareRoot()
      return (bend(values[place] + step) - m) / s
    }
    let jacobian = values.indices.reduce(0) {
      $0 + log((output(1e-6, $1) - output(-1e-6, $1)) / 2e-6)
    }
    #expect(abs(bent.logJacobian - jacobian) < 1e-6)
    #expect(YeoJohnson(power: 2).standardized([1, 1, 1]) == nil)
    #expect(YeoJohnson(fitting: []).standardized([]) == nil)
  }

  /// Tukey's upper fence, and nothing below.
  @Test func clipsTheBadTailAlone() {
    // Quartiles 2.25 and 6.75: the fence is at 13.5.
    let losses: [Double] = [-50, 1, 2, 3, 4, 5, 6, 7, 8, 1000]
    let clipped: [Double] = [-50, 1, 2, 3, 4, 5, 6, 7, 8, 13.5]
    let mean = clipped.reduce(0, +) / 10
    let deviation = (clipped.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 9).squareRoot()
    let outputs = OutputTransform(losses).standardized
    for (output, value) in zip(outputs, clipped) {
      #expect(abs(output - (value - mean) / deviation) < 1e-9)
    }
  }

  /// Trainings that diverge say nothing about those that did not, however many they are and however far they came.
  @Test func divergenceHidesNothing() {
    let good = (0..<14).map { 1e-5 * (1 + Double($0)) }
    for diverged in [[2e9, 3e15], [1e300, 1e308], [.greatestFiniteMagnitude]] {
      let transform = OutputTransform(good + diverged)
      #expect(transform.isInformative)
      let alone = OutputTransform(good + diverged.map { _ in 1 }).standardized
      #expect(zip(transform.standardized, alone).allSatisfy { abs($0 - $1) < 1e-9 }, "\(diverged)")
    }
    // More than a quarter: the fence is not where they are.
    let many = good + (1...9).map { pow(10, Double(2 * $0)) }
    let outputs = OutputTransform(many).standardized
    #expect(outputs[13] - outputs[0] > 1e-3)
    #expect(Set(outputs).count == 15)
    // A search that has converged keeps its shape.
    let converged = good.map { 1e-7 * $0 } + (1...9).map { Double($0) }
    #expect(Set(OutputTransform(converged).standardized.suffix(9)).count == 9)
  }

  /// Derivatives of losses become those of what losses become, but for those that were clipped.
  @Test func derivativesFollowLosses() throws {
    let losses: [Double] = [-50, 1, 2, 3, 4, 5, 6, 7, 8, 1000]
    let transform = OutputTransform(losses)
    let plain = transform.standardized
    let slope = (plain[8] - plain[0]) / 58
    for place in 0..<9 {
      let derivative = try #require(transform.derivative(-2, at: place))
      #expect(abs(derivative + 2 * slope) < 1e-9)
    }
    #expect(transform.derivative(-2, at: 9) == nil)
    #expect(transform.derivative(1e308, at: 0).map { $0.isFinite } != false)
    #expect(OutputTransform([1, 1]).derivative(1, at: 0) == nil)
    // Neither unit nor origin shows.
    for (a, b) in [(4, 2), (1e-3, -7), (3e7, 1e5), (0.1, 0)] {
      let other = OutputTransform(losses.map { a * $0 + b })
      for place in 0..<10 {
        #expect(other.derivative(-2 * a, at: place) == transform.derivative(-2, at: place))
      }
    }
    for power in [-0.5, 0, 1, 1.7, 2, 2.5] {
      let bend = YeoJohnson(power: power)
      for z in [-3, -0.4, 0.2, 2] {
        let difference = (bend(z + 1e-6) - bend(z - 1e-6)) / 2e-6
        #expect(abs(bend.slope(z) - difference) < 1e-8 * max(1, abs(difference)))
      }
      let bent = try #require(bend.standardized(plain))
      let mean = plain.reduce(0) { $0 + bend($1) } / 10
      let square = plain.reduce(0) { $0 + (bend($1) - mean) * (bend($1) - mean) }
      for (a, z) in zip(bent.slopes, plain) {
        #expect(abs(a - bend.slope(z) / (square / 9).squareRoot()) < 1e-12 * max(1, a))
      }
    }
  }

  /// Unit and origin leave no trace, not even in the last bit.
  @Test func knowsNoUnits() {
    let losses = (0..<50).map { cos(Double($0 * $0)) + 0.01 * Double($0) }
    let outputs = OutputTransform(losses).standardized
    for (a, b) in [(4, 2), (1e-3, -7), (3e7, 1e5), (0.1, 0), (1e300, 1e299)] {
      #expect(OutputTransform(losses.map { a * $0 + b }).standardized == outputs, "\(a), \(b)")
    }
  }

  @Test func equalAndFewLossesTellNothing() {
    for losses in [[], [3], [2, 2, 2], [0, 0], [1e308, 1e308]] {
      let transform = OutputTransform(losses)
      #expect(!transform.isInformative && transform.standardized == losses.map { _ in 0 })
    }
    let huge = OutputTransform([1e308, -1e308])
    #expect(huge.isInformative && huge.standardized.allSatisfy { $0.isFinite })
    // More than half are equal: there is no fence.
    #expect(OutputTransform([0, 0, 0, 0, 9]).isInformative)
  }
}
