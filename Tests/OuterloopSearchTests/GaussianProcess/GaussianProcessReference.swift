import Foundation
import OuterloopSearch
import Testing

/// What Golden/gaussian_process.py recorded, in 40 digits.
struct GaussianProcessReference: Decodable {
  struct Case: Decodable, Sendable, CustomStringConvertible {
    var name: String
    var groups: [[Int]]
    var conditional: [Bool]
    var points: [[[Double]?]]
    var queries: [[[Double]?]]
    var outputs: [Double]
    var theta: [Double]
    var evidence: Double
    var evidenceGradient: [Double]
    var predictions: [Prediction]
    var leftOut: [[Double]]

    var description: String { name }

    var layout: KernelLayout {
      KernelLayout(
        groups: zip(groups, conditional).map {
          KernelLayout.Group(lengthscales: $0, isConditional: $1)
        })
    }
    var parameters: KernelParameters { KernelParameters(logarithms: theta, layout) }
    func kernelPoints(_ points: [[[Double]?]]) -> KernelPoints {
      var result = KernelPoints(layout)
      for point in points { result.append(point) }
      return result
    }

    /// Gradients are differences of values, and both ways to ask give the same values.
    func expectSlopes(of acquisition: some Acquisition, within tolerance: Double, _ name: String) {
      let step = 1e-5
      for query in queries.prefix(4) {
        let (values, gradients) = acquisition.valuesAndGradients(at: kernelPoints([query]))
        #expect(acquisition.values(at: kernelPoints([query]))[0] == values[0])
        for (g, part) in query.enumerated() {
          for c in (part ?? []).indices {
            var (up, down) = (query, query)
            up[g]?[c] += step
            down[g]?[c] -= step
            let ends = acquisition.values(at: kernelPoints([up, down]))
            let slope = (ends[0] - ends[1]) / (2 * step)
            #expect(
              abs(gradients[g][c] - slope) < tolerance * max(1, abs(slope)), "\(name), \(g), \(c)")
          }
        }
      }
    }
  }

  struct Prediction: Decodable, Sendable {
    var mean: Double
    var variance: Double
    /// By active column: of the mean and of the variance.
    var gradients: [[Double]]
  }

  struct Bends: Decodable {
    struct Bend: Decodable {
      var power: Double
      var values: [Double]
      var logLikelihood: Double
    }
    var values: [Double]
    var bends: [Bend]
    var best: Double
  }

  var cases: [Case]
  var yeoJohnson: Bends

  static let recorded: GaussianProcessReference = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Golden/gaussian_process.json")
    do {
      return try JSONDecoder().decode(GaussianProcessReference.self, from: Data(contentsOf: file))
    } catch { preconditionFailure("\(error)") }
  }()
}
