import Foundation
import OuterloopNumerics
import Testing

@testable import OuterloopSearch

/// Power laws against PyTorch (Benchmarks/peers/hpo4dl/power_laws.py > Golden/dpl.json) and differences.
@Suite struct PowerLawTests {
  struct Recorded: Decodable {
    var fullEpochs: Double
    /// (rows, 3).
    var x: [Double]
    var epochs: [Double]
    var y: [Double]
    /// Losses of training from scratch, and of refining with the last row once more.
    var scratch: [Double]
    var refining: [Double]
    /// Predictions at the end of a full training.
    var final: [Double]

    var rows: PowerLawRows {
      PowerLawRows(x: x, logTimes: epochs.map { log($0 / fullEpochs) }, y: y)
    }
  }

  /// The parameters that the recording began with.
  static func parameters(_ network: PowerLawNetwork) -> [Double] {
    let layers = [(network.inputs, 128), (128, 128), (128, 3)]
    let limits = layers.flatMap { inputs, outputs in
      [Double](repeating: Double(inputs).squareRoot(), count: (inputs + 1) * outputs)
    }
    return limits.enumerated().map { sin(Double($0.offset)) / $0.element }
  }

  @Test func trainsAsPyTorchDoes() throws {
    let recorded: Recorded = try Golden.load("dpl")
    let network = PowerLawNetwork(inputs: 3)
    var ensemble = PowerLawEnsemble(members: [Self.parameters(network)])
    let key = RandomKey(seed: 1)
    let scratch = try ensemble.train(
      network, recorded.rows, newest: nil, epochs: recorded.scratch.count, key: key)
    let refining = try ensemble.train(
      network, recorded.rows, newest: recorded.y.count - 1, epochs: recorded.refining.count,
      key: key)
    for (got, want) in zip(scratch[0] + refining[0], recorded.scratch + recorded.refining) {
      #expect(abs(got - want) < 1e-9)
    }
    #expect(scratch[0].count + refining[0].count == 40)
    let (means, deviations) = try ensemble.predict(
      network, recorded.x, count: recorded.y.count)
    for (got, want) in zip(means, recorded.final) { #expect(abs(got - want) < 1e-9) }
    #expect(means.count == recorded.final.count && deviations.allSatisfy { $0 == 0 })
  }

  @Test func gradient() throws {
    let recorded: Recorded = try Golden.load("dpl")
    let network = PowerLawNetwork(inputs: 3)
    let parameters = Self.parameters(network)
    let places = Array(0..<40) + [39, 39]
    let loss = try network.loss(parameters, recorded.rows, at: places)
    let step = 1e-6
    for place in [0, 380, 390, 500, 5000, 16_900, 17_000, 17_200, network.count - 1] {
      var (above, below) = (parameters, parameters)
      above[place] += step
      below[place] -= step
      let difference =
        (try network.loss(above, recorded.rows, at: places).value
          - network.loss(below, recorded.rows, at: places).value) / (2 * step)
      #expect(abs(loss.gradient[place] - difference) < 1e-7 + 1e-4 * abs(difference), "\(place)")
    }
  }

  /// By hand: with all weights 0 the law is that of the last biases.
  @Test func closedForm() throws {
    let network = PowerLawNetwork(inputs: 2)
    var parameters = [Double](repeating: 0, count: network.count)
    parameters.replaceSubrange((network.count - 3)..., with: [0.5, 2, 1])
    func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }
    let times = [1, 0.5, 0.1, 1.0 / 27]
    let values = try network.values(
      parameters, [Double](repeating: 0.3, count: 8), count: 4, logTimes: times.map { log($0) })
    for (value, time) in zip(values, times) {
      #expect(abs(value - (0.5 + silu(2) * pow(time, -silu(1)))) < 1e-12)
    }
  }

  /// Members begin apart, and agree where they have seen observations more than elsewhere.
  @Test func disagreement() throws {
    let recorded: Recorded = try Golden.load("dpl")
    let network = PowerLawNetwork(inputs: 3)
    var ensemble = PowerLawEnsemble(network, seed: 3)
    #expect(Set(ensemble.members).count == PowerLawEnsemble.size)
    try ensemble.train(
      network, recorded.rows, newest: nil, epochs: 150, key: RandomKey(seed: 2))
    let known = try ensemble.predict(network, recorded.x, count: 40).deviations
    let far = try ensemble.predict(network, recorded.x.map { 8 * $0 }, count: 40).deviations
    #expect(known.reduce(0, +) < far.reduce(0, +) / 3)
  }
}
