internal import OuterloopNumerics

// Moves of methods that have the loss and the optimizer apart.
extension Run {
  private var hyperInput: Int { problem.weightTypes.count + problem.batchTypes.count }

  /// Number of the first input that a program adds to those of the loss.
  var inputAfterLoss: Int { hyperInput + hyper.count }

  /// Binds lambda to a program of the loss, which is then ready to run at any weights.
  func bindHyper(ofLoss stage: Stage) throws {
    stage.bind(inputs: hyperInput, to: hyper.map(\.memory))
    try stage.prepare()
  }

  /// Binds weights and data to a program of the loss. A state's weights come first in it.
  func bindLoss(_ stage: Stage, at state: Pointers, batch: [Tensor]) {
    for index in problem.weightTypes.indices { stage.bind(varying: index, to: state[index]) }
    for (index, tensor) in batch.enumerated() {
      stage.bind(varying: problem.weightTypes.count + index, to: tensor.memory)
    }
  }

  /// The data of step t (1...steps).
  func batch(_ t: Int) -> [Tensor] { batches.isEmpty ? [] : batches[t - 1] }

  /// The validation data of step t.
  func validationBatch(_ t: Int) throws -> [Tensor] {
    problem.validationTypes.isEmpty ? [] : try problem.validationBatch(window.validation + t - 1)
  }

  /// Data for work beside the steps, n = 0, 1, ...: the batches after the window's, fresh ones, where
  /// training goes on; else those of the training again, from its first.
  func batch(beyond n: Int) throws -> [Tensor] {
    guard window.continues, !batches.isEmpty else { return batch(n % steps + 1) }
    return try problem.batch(window.batch + steps + n)
  }

  /// One step of the optimizer along a gradient given, at the time of step t.
  func update(
    _ stage: Stage, _ t: Int, from state: Pointers, along gradient: Pointers, to next: Pointers
  ) throws {
    let times = [indexTimes + 4 * (t - 1), numberTimes + 8 * (t - 1)]
    stage.bind(inputs: 0, to: state + gradient + times + hyper.map(\.memory))
    stage.bind(outputs: 0, to: next)
    try stage.run()
  }
}
