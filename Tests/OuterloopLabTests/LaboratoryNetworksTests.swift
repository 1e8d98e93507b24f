import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

@testable import OuterloopLab

/// Model selection on tables, networks of the trace, and optimizers that are followed.
@Suite struct LaboratoryNetworksTests {
  /// A table whose error falls with the number of weights.
  private func table() throws -> ArchitectureTable {
    var entries: [[Int]: ArchitectureTable.Entry] = [:]
    for widths in ArchitectureTable.architectures(units: [2, 4, 8], layers: 2) {
      let cost = ArchitectureTable.operations([64] + widths + [10])
      entries[widths] = .init(error: 1 / cost, testError: 1 / cost, inference: cost)
    }
    return try ArchitectureTable(units: [2, 4, 8], layers: 2, entries: entries)
  }

  @Test func listsArchitectures() {
    let all = ArchitectureTable.architectures(units: [2, 4], layers: 2)
    #expect(all == [[2], [4], [2, 2], [2, 4], [4, 2], [4, 4]])
    #expect(ArchitectureTable.operations([64, 10]) == 1.78)
  }

  /// Every method makes its trials, the same ones for the same seed.
  @Test(arguments: SelectionMethod.allCases) func searches(_ method: SelectionMethod) throws {
    let table = try table()
    let first = try method.search(table, trials: 8, seed: 1, ExperimentContext())
    let again = try method.search(table, trials: 8, seed: 1, ExperimentContext())
    #expect(first.count == 8)
    #expect(first.map(\.inference) == again.map(\.inference))
    for trial in first { #expect((1...2).contains(trial.layers) && trial.units >= 2) }
  }

  /// The weights of the three models, and the numbers of their hyperparameters.
  @Test(arguments: [
    (TraceModel.logistic, 7_850, 4), (.mlp, 47_410, 12), (.cnn, 314_847, 10),
  ])
  func traceNetworks(_ model: TraceModel, _ weights: Int, _ hyperparameters: Int) throws {
    let network = TraceNetwork(model, classes: 10, seed: 0)
    #expect(network.elementCount == weights)
    #expect(model.hyperparameters == hyperparameters)
    #expect(network.penalized.count == model.layers)
    #expect(network(Tensor.zeros([2, 784])).shape == [2, 10])
  }

  /// Pictures of 8x8 become 24x24 in a frame of 28x28, those of 28x28 stay.
  @Test func enlargesPictures() throws {
    let x = Tensor((0..<64).map { Float($0) + 1 }, shape: [1, 64])
    let large = try TraceTraining.enlarged(x, 8, 8).scalars(Float.self)
    #expect(large.count == 784 && large.count { $0 == 0 } == 784 - 576)
    #expect(large[2 * 28 + 2] == 1 && large[4 * 28 + 4] == 1 && large[25 * 28 + 25] == 64)
    let own = RandomKey(seed: 1).uniform([1, 784])
    #expect(
      try TraceTraining.enlarged(own, 28, 28).scalars(Float.self) == own.scalars(Float.self))
  }

  /// What is followed is the training itself: losses of plain gradient descent, step by step.
  @Test func followsTrainings() throws {
    let data = try ImageSplit.first(60, of: Digits.load())
    let task = OptimizeeTask(
      data: data, hidden: [4], activation: .sigmoid, batch: 20, steps: 5)
    let batches = try task.batches(seed: 3, run: 2)
    let dynamics = task.dynamics(batches) { .sgd(rate: .init($0)) }
    let trace = try task.trace(dynamics, at: Tensor([0.5], dtype: .float32)) { $0.weights }
    var difference = task.origin
    for step in 0..<5 {
      let batch = try batches.batch(step)
      let (loss, slope) = try valueAndGradient(at: difference) { try task.loss($0, batch) }
      #expect(abs(try loss.item() - trace.losses[step]) < 1e-5)
      difference = difference.zipLeaves(slope) { $0 - 0.5 * $1 }
    }
    #expect(trace.gradientNorms.count == 5 && trace.weightNorms.allSatisfy { $0 > 0 })
    // Another run starts elsewhere.
    let other = try task.batches(seed: 3, run: 4).batch(0).second
    #expect(try other.leaves[0].doubles() != batches.batch(0).second.leaves[0].doubles())
  }
}
