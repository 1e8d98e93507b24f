internal import OuterloopStudy

/// A scheduler that lets every trial run through all epochs, and only decides by its verdicts which ones are
/// stopped early.
protocol EarlyStopping: Scheduler {
  var training: FullTraining { get set }
}

extension EarlyStopping {
  mutating func observe(_ event: Event, in history: History) {}

  mutating func propose(
    _ number: Int?, in history: History, suggest: (Int) throws -> Assignment?
  ) throws -> Proposal {
    try training.propose(number, in: history, suggest: suggest)
  }
}
