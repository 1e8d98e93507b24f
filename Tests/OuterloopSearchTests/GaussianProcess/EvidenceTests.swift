import Foundation
import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct EvidenceTests {
  static let cases = GaussianProcessReference.recorded.cases

  @Test(arguments: cases)
  func equalsTheRecorded(_ item: GaussianProcessReference.Case) throws {
    let evidence = Evidence(item.kernelPoints(item.points), outputs: item.outputs)
    let (value, gradient) = try #require(try evidence.logarithm(item.parameters))
    #expect(abs(value - item.evidence) < 1e-8)
    #expect(gradient.count == item.evidenceGradient.count)
    for (a, b) in zip(gradient, item.evidenceGradient) { #expect(abs(a - b) < 1e-8) }
  }

  @Test(arguments: cases)
  func parametersAndLogarithms(_ item: GaussianProcessReference.Case) {
    for (a, b) in zip(item.parameters.logarithms, item.theta) { #expect(abs(a - b) < 1e-14) }
  }

  /// BoTorch's start: sqrt d e^(sqrt 2 - 3); and e^-10 for the noise.
  @Test(arguments: [
    (1, 0.20479), (2, 0.28961), (5, 0.45792), (10, 0.64759), (20, 0.91583), (50, 1.44806),
  ])
  func modeOfThePrior(_ dimensions: Int, _ lengthscale: Double) {
    let prior = KernelPrior(KernelLayout(dimensions: dimensions))
    #expect(prior.mode.lengthscales[0].allSatisfy { abs($0 - lengthscale) < 1e-5 })
    #expect(abs(prior.mode.noise - 4.5399930e-5) < 1e-11)
    #expect(prior.mode.scales == [1])
    // Densities of l, and not of log l, have their mode there.
    let (_, gradient) = prior.logDensity(prior.mode.logarithms)
    for slope in gradient { #expect(abs(slope) < 1e-12) }
  }

  @Test func gradientOfThePrior() {
    let layout = KernelLayout(groups: [
      .init(lengthscales: [0, 1]), .init(lengthscales: [0], isConditional: true),
    ])
    let prior = KernelPrior(layout)
    let theta = [-1.0, 0.4, 0.2, -0.7, 1.5, -3]
    let (_, gradient) = prior.logDensity(theta)
    for place in theta.indices {
      var (up, down) = (theta, theta)
      up[place] += 1e-5
      down[place] -= 1e-5
      let slope = (prior.logDensity(up).value - prior.logDensity(down).value) / 2e-5
      #expect(abs(gradient[place] - slope) < 1e-8)
    }
  }

  /// A function of one of three coordinates: that one has a short length-scale, the others long ones;
  /// and the fit is a stationary point, at least as good as every start.
  @Test func fitsWhatMatters() throws {
    let layout = KernelLayout(dimensions: 3)
    let uniforms = try RandomKey(seed: 2).uniform([30, 3], dtype: .float64).scalars(Double.self)
    var points = KernelPoints(layout)
    var outputs: [Double] = []
    for row in 0..<30 {
      let x = Array(uniforms[3 * row..<3 * row + 3])
      points.append([x])
      outputs.append(1.4 * sin(9 * x[1]))
    }
    let prior = KernelPrior(layout)
    let starts = [prior.mode, prior.mode.stretched(by: 3), prior.mode.stretched(by: 0.3)]
    let evidence = Evidence(points, outputs: outputs)
    let fit = try KernelFit(evidence, prior, from: starts)
    let lengths = fit.parameters.lengthscales[0]
    #expect(lengths[1] < 0.7 && lengths[0] > 3 * lengths[1] && lengths[2] > 3 * lengths[1])
    #expect(fit.parameters.noise < 1e-3)
    func value(_ parameters: KernelParameters) throws -> Double {
      try #require(try evidence.logarithm(parameters)).value
        + prior.logDensity(parameters.logarithms).value
    }
    #expect(abs(try value(fit.parameters) - fit.value) < 1e-9)
    for start in starts { #expect(try value(start) <= fit.value) }
    for place in 0..<4 {
      for step in [-0.2, 0.2] {
        var theta = fit.parameters.logarithms
        theta[place] = max(theta[place] + step, prior.lower[place])
        #expect(try value(KernelParameters(logarithms: theta, layout)) <= fit.value + 1e-3)
      }
    }
  }

  /// Constant outputs and repeated points have a fit too.
  @Test func degenerateDataHaveFits() throws {
    let layout = KernelLayout(dimensions: 2)
    var points = KernelPoints(layout)
    for _ in 0..<6 { points.append([[0.1, -0.2]]) }
    for outputs in [[0, 0, 0, 0, 0, 0], [1, -1, 1, -1, 1, -1.0]] {
      let prior = KernelPrior(layout)
      let fit = try KernelFit(Evidence(points, outputs: outputs), prior, from: [prior.mode])
      #expect(fit.value.isFinite)
      let process = try #require(try GaussianProcess(points, outputs: outputs, fit.parameters))
      #expect(process.predict(points).means.allSatisfy { $0.isFinite })
    }
    // The spread of what is the same is noise.
    let prior = KernelPrior(layout)
    let fit = try KernelFit(
      Evidence(points, outputs: [1, -1, 1, -1, 1, -1.0]), prior, from: [prior.mode])
    #expect(fit.parameters.noise > 0.3)
  }
}
