import Foundation
import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct HypervolumeImprovementTests {
  static let cases = GaussianProcessReference.recorded.cases

  /// Processes of three outputs at the points of a case.
  private func processes(
    _ item: GaussianProcessReference.Case, _ objectives: Int
  ) throws -> [GaussianProcess] {
    let outputs = [
      item.outputs, item.outputs.map { 0.3 - $0 * $0 }, item.outputs.map { 0.5 * $0 + sin(9 * $0) },
    ]
    return try (0..<objectives).map {
      try #require(
        try GaussianProcess(item.kernelPoints(item.points), outputs: outputs[$0], item.parameters))
    }
  }

  private func front(_ processes: [GaussianProcess], draw: Int = 0) -> [[Double]] {
    (0..<processes[0].points.count).map { row in
      processes.map { $0.smoothed[row * $0.samples + draw] }
    }
  }

  private let reference = [1.5, 1.2, 1.4]

  /// The mean of the hypervolume that draws of the predictions add, by an independent computation of
  /// hypervolumes.
  @Test(arguments: cases, 2...3)
  func equalsMonteCarlo(_ item: GaussianProcessReference.Case, _ objectives: Int) throws {
    let processes = try processes(item, objectives)
    let reference = Array(reference.prefix(objectives))
    let front = front(processes)
    let query = item.kernelPoints([item.queries[2]])
    let value = HypervolumeImprovement(processes, fronts: [front], reference: reference)
      .values(at: query)[0]
    let predictions = processes.map { $0.predict(query) }
    let known = try ObjectivePoints(front, objectives: objectives)
      .hypervolume(reference: reference)
    let draws = try SobolSequence(
      dimensions: objectives, key: RandomKey(seed: 5, purpose: "draws")
    ).points(count: 4096)
    var (total, squares) = (0.0, 0.0)
    for draw in draws {
      let point = (0..<objectives).map { j in
        predictions[j].means[0] + predictions[j].variances[0].squareRoot()
          * StandardNormal.truncatedQuantile(draw[j], -40, 40)
      }
      let gain =
        try ObjectivePoints(front + [point], objectives: objectives)
        .hypervolume(reference: reference) - known
      total += gain
      squares += gain * gain
    }
    let mean = total / 4096
    // Four standard errors: evenly spread draws err less.
    let error = (squares / 4096 / 4096).squareRoot()
    #expect(abs(exp(value) - mean) < 4 * error + 1e-9, "\(exp(value)), \(mean)")
  }

  /// With pending points the mean over the draws, each with its front; and differences of values are
  /// gradients, also with constraints, and where a draw has a front of its own.
  @Test(arguments: cases, 2...3)
  func gradientsAreDifferences(_ item: GaussianProcessReference.Case, _ objectives: Int) throws {
    let plain = try processes(item, objectives)
    let pending = item.kernelPoints(Array(item.queries.suffix(2)))
    let normals = [[0.5, -1], [-0.4, 0.3], [1.3, 1.1]]
    let imagined = plain.enumerated().map { place, process in
      process.imagining(
        pending, normals: (0..<3).map { normals[($0 + place) % 3] })
    }
    let reference = Array(reference.prefix(objectives))
    let constraint = ExpectedImprovement.Constraint(try processes(item, 3)[2], atMost: 0.4)
    let together = HypervolumeImprovement(
      imagined, fronts: (0..<3).map { front(imagined, draw: $0) }, reference: reference)
    let acquisitions = [
      HypervolumeImprovement(plain, fronts: [front(plain)], reference: reference), together,
      HypervolumeImprovement(
        imagined, constraints: [constraint], fronts: (0..<3).map { front(imagined, draw: $0) },
        reference: reference),
    ]
    for (name, acquisition) in acquisitions.enumerated() {
      item.expectSlopes(of: acquisition, within: 2e-5, "\(name)")
    }
    let query = item.kernelPoints([item.queries[0]])
    let single = (0..<3).map { k in
      let draw = plain.enumerated().map { place, process in
        process.imagining(pending, normals: [normals[(k + place) % 3]])
      }
      return HypervolumeImprovement(draw, fronts: [front(draw)], reference: reference)
        .values(at: query)[0]
    }
    let mean = single.reduce(0) { $0 + exp($1) } / 3
    #expect(abs(together.values(at: query)[0] - log(mean)) < 1e-9)
  }
}
