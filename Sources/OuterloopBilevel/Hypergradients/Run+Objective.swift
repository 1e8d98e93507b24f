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
    let first = problem.weightTypes.count
    stage.bind(inputs: 0, to: weights)
    stage.bind(inputs: first, to: batch(t).map(\.memory))
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

  /// Number of the first input of a program of the optimizer after lambda.
  var updateExtra: Int {
    problem.stateTypes.count + problem.weightTypes.count + 2 + problem.hyperTypes.count
  }
}
