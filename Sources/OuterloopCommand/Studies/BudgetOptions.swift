internal import ArgumentParser
internal import OuterloopStudy
internal import OuterloopText

/// How much a study may spend; totals over its whole life.
struct BudgetOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: ArgumentHelp("Trials in total.", valueName: "n"))
  var trials: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Time in total, during which trials run: 90s, 10m, 2h. Running trials are stopped then.",
      valueName: "time"))
  var timeout: Seconds?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Epochs in total, over all trials.", valueName: "n")
  )
  var totalEpochs: Int?

  func validate() throws {
    if let trials, trials < 0 { throw ValidationError("--trials \(trials) is below 0") }
    if let totalEpochs, totalEpochs < 1 {
      throw ValidationError("--total-epochs \(totalEpochs) is below 1")
    }
  }

  var isGiven: Bool { trials != nil || timeout != nil || totalEpochs != nil }

  /// The previous budget, with the limits given here.
  func changing(_ budget: Budget) -> Budget {
    Budget(
      trials: trials ?? budget.trials, epochs: totalEpochs ?? budget.epochs,
      seconds: timeout?.value ?? budget.seconds)
  }
}

/// The budget of an existing study: totals, or a number of additional trials.
struct AdditionalBudget: ParsableArguments {
  @OptionGroup var totals: BudgetOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Trials beyond those there are: after 10, --more 5 is --trials 15.", valueName: "n"))
  var more: Int?

  func validate() throws {
    if let more, more < 1 { throw ValidationError("--more \(more) is below 1") }
    if more != nil && totals.trials != nil {
      throw ValidationError("--trials is a total and --more adds to it: give one of them")
    }
  }

  var isGiven: Bool { totals.isGiven || more != nil }

  /// The previous budget, with the limits given here, after `count` trials.
  func changing(_ budget: Budget, after count: Int) -> Budget {
    var budget = totals.changing(budget)
    if let more { budget.trials = count.addingSaturated(more) }
    return budget
  }
}

/// How much of its budget a study has spent.
struct BudgetUse {
  /// Trials created, in any state.
  var trials = 0
  /// Trials that are waiting or running.
  var open = 0
  var epochs = 0
  /// Seconds during which trials ran.
  var seconds = 0.0

  /// - Complexity: O(states), O(events) if epochs or time are limited.
  init(_ found: StudyChoice.Found) async throws {
    let summary = try await found.store.summary(of: found.id)
    trials = summary.trials
    open = [.waiting, .running, .paused].reduce(0) { $0 + (summary.counts[$1] ?? 0) }
    let budget = found.specification.budget
    guard budget.epochs != nil || budget.seconds != nil else { return }
    let history = try await found.store.history(of: found.id)
    (epochs, seconds) = (history.epochs, history.busySeconds)
  }
}

extension Budget {
  /// Whether no new trial may be begun.
  func isSpent(_ spent: BudgetUse) -> Bool {
    trials.map { spent.trials >= $0 } ?? false || epochs.map { spent.epochs >= $0 } ?? false
      || seconds.map { spent.seconds >= $0 } ?? false
  }

  /// The options that enlarge every limit that is spent: `further` more trials, or twice as many;
  /// twice the epochs and the time.
  func enlarged(after spent: BudgetUse, by further: Int? = nil) -> String {
    var options: [String] = []
    if let trials, spent.trials >= trials {
      options.append("--trials \(spent.trials.addingSaturated(further ?? max(spent.trials, 1)))")
    }
    if let epochs, spent.epochs >= epochs {
      let most = max(epochs, spent.epochs)
      options.append("--total-epochs \(most.addingSaturated(most))")
    }
    if let seconds, spent.seconds >= seconds {
      options.append("--timeout \(Seconds(value: 2 * max(seconds, spent.seconds)))")
    }
    if options.isEmpty { options.append("--more \(max(spent.trials, 1))") }
    return options.joined(separator: " ")
  }

  /// `20 trials, 30 epochs, 10m`.
  var parts: [String] {
    [
      trials.map { NumberText.count($0, "trial") }, epochs.map { NumberText.count($0, "epoch") },
      seconds.map { Seconds(value: $0).description },
    ].compactMap(\.self)
  }
}

extension Int {
  /// The sum, or the largest number if it overflows.
  fileprivate func addingSaturated(_ other: Int) -> Int {
    let (sum, isBeyond) = addingReportingOverflow(other)
    return isBeyond ? .max : sum
  }
}
