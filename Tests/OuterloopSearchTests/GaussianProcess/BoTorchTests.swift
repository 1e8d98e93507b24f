import Foundation
import OuterloopSearch
import Testing

/// BoTorch 0.18 on the same points with the same hyperparameters: see Golden/botorch_posterior.py.
@Suite struct BoTorchTests {
  private struct Recorded: Decodable {
    var mean, likelihood: Double
    var means, variances, logImprovements: [Double]
    var gradients: [[Double]]
  }

  private static func recorded() throws -> Recorded {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Golden/botorch.json")
    return try JSONDecoder().decode(Recorded.self, from: Data(contentsOf: file))
  }

  private func isClose(_ value: Double, _ expected: Double) -> Bool {
    abs(value - expected) <= 1e-8 * max(abs(expected), 1)
  }

  @Test func posteriorEvidenceAndImprovement() throws {
    let expected = try Self.recorded()
    let item = try #require(GaussianProcessReference.recorded.cases.first { $0.name == "floats" })
    let points = item.kernelPoints(item.points)
    let evidence = try Evidence(points, outputs: item.outputs).logarithm(item.parameters)
    #expect(isClose(evidence?.value ?? .nan, expected.likelihood))
    let process = try #require(
      try GaussianProcess(points, outputs: item.outputs, item.parameters))
    #expect(isClose(process.mean, expected.mean))
    let queries = item.kernelPoints(item.queries)
    let (means, variances) = process.predict(queries)
    let (values, gradients) = ExpectedImprovement(process).valuesAndGradients(at: queries)
    for q in 0..<queries.count {
      #expect(isClose(means[q], expected.means[q]))
      #expect(isClose(variances[q], expected.variances[q]))
      #expect(isClose(values[q], expected.logImprovements[q]))
      for j in 0..<3 { #expect(isClose(gradients[0][3 * q + j], expected.gradients[q][j])) }
    }
  }
}
