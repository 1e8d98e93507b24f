internal import OuterloopNumerics

// Moves that take a step apart into its loss and its optimizer.
extension Run {
  /// Prepares a program of the loss for this run's lambda.
  func prepareLoss(_ stage: Stage) throws {
    let first = problem.weightTypes.count + problem.batchTypes.count
    stage.bind(inputs: first, to: hyper.map(\.memory))
    try stage.prepare()
  }

  /// Binds weights and the batch of step t.
  func bindLoss(_ stage: Stage, weights: Pointers, step t: Int) {
    bindLoss(stage, weights: weights, batch: batch(t))
  }

  /// Binds weights and any batch, which must outlive the program's run.
  func bindLoss(_ stage: Stage, weights: Pointers, batch: [Tensor]) {
    stage.bind(inputs: 0, to: weights)
    stage.bind(inputs: problem.weightTypes.count, to: batch.map(\.memory))
  }

  /// The weights of a state.
  func weights(of state: Pointers) -> Pointers { Array(state.prefix(problem.weightTypes.count)) }

  /// Data for work beside the steps, n = 0, 1, ...: the batches after the window's, fresh ones, where
  /// training goes on; else those of the training again, from its first.
  func batch(beyond n: Int) throws -> [Tensor] {
    guard window.continues, !batches.isEmpty else { return batch(n % steps + 1) }
    return try problem.batch(window.batch + steps + n)
  }

  /// Number of the first input of a program of the loss after lambda.
  var lossExtra: Int {
    problem.weightTypes.count + problem.batchTypes.count + problem.hyperTypes.count
  }

  /// Binds a program of the optimizer: state, gradient, time of step t and lambda.
  func bindUpdate(_ stage: Stage, state: Pointers, gradient: Pointers, step t: Int) {
    let (s, w) = (problem.stateTypes.count, problem.weightTypes.count)
    stage.bind(inputs: 0, to: state)
    stage.bind(inputs: s, to: gradient)
    stage.bind(inputs: s + w, to: time(t))
    stage.bind(inputs: s + w + 2, to: hyper.map(\.memory))
  }

  /// One step of the optimizer along a gradient given, at the time of step t.
  func update(
    _ stage: Stage, _ t: Int, from state: Pointers, along gradient: Pointers, to next: Pointers
  ) throws {
    bindUpdate(stage, state: state, gradient: gradient, step: t)
    stage.bind(outputs: 0, to: next)
    try stage.run()
  }

  /// Number of the first input of a program of the optimizer after lambda.
  var updateExtra: Int {
    problem.stateTypes.count + problem.weightTypes.count + 2 + problem.hyperTypes.count
  }
}
