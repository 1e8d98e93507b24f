internal import OuterloopStudy
internal import OuterloopText

/// A study's entry in the list.
struct Overview {
  var specification: StudySpecification
  var summary: StudySummary
  var improvements: [(trial: Int, value: Double)] = []
  var rate: Double?
  var ended: String?
  var isPaused = false
  var epochsSpent = 0
  var secondsSpent = 0.0

  init(specification: StudySpecification, summary: StudySummary) {
    self.specification = specification
    self.summary = summary
  }

  private var finished: Int {
    [TrialState.Kind.complete, .pruned, .failed].reduce(0) { $0 + (summary.counts[$1] ?? 0) }
  }

  /// While trials are running: the smallest of the estimates from the trials left at the present rate, from
  /// the epochs left, and the seconds left. Where a scheduler pauses trials, it is not known how many of them
  /// will end.
  private var secondsLeft: Double? {
    guard summary.counts[.running] != nil, ended == nil else { return nil }
    var estimates: [Double] = []
    if let trials = specification.budget.trials, let rate, rate > 0,
      specification.method.scheduler == .fullTraining
    {
      estimates.append(Double(max(0, trials - finished)) / rate * 60)
    }
    if let epochs = specification.budget.epochs, epochsSpent > 0 {
      estimates.append(Double(max(0, epochs - epochsSpent)) / Double(epochsSpent) * secondsSpent)
    }
    if let seconds = specification.budget.seconds {
      estimates.append(max(0, seconds - secondsSpent))
    }
    return estimates.min()
  }

  func members(_ id: StudyID, stale: Int) -> [JSON.Member] {
    let counts = TrialState.Kind.allCases.map {
      JSON.Member(name: $0.rawValue, value: .int(summary.counts[$0] ?? 0))
    }
    let best = summary.best.map {
      JSON.object(["trial": .int($0.trial), "value": .float($0.value)])
    }
    let pairs: KeyValuePairs<String, JSON> = [
      "id": .int(id.rawValue), "name": .text(specification.name),
      "objectives": .array(
        specification.objectives.map {
          .object(["metric": .text($0.metric), "direction": .text($0.direction.rawValue)])
        }),
      "trials": .int(summary.trials), "counts": .object(counts), "stale": .int(stale),
      "best": best ?? .null,
      "improvements": .array(improvements.map { .array([.int($0.trial), .float($0.value)]) }),
      "budget": specification.budget.json, "epochs": .int(specification.epochs),
      "epochsSpent": .int(epochsSpent), "secondsSpent": .float(secondsSpent),
      "sampler": .text(specification.method.sampler.name),
      "scheduler": .text(specification.method.scheduler.name), "revision": .int(summary.revision),
      "lastEvent": .float(summary.lastEvent), "rate": .float(rate),
      "secondsLeft": .float(secondsLeft), "ended": .text(ended),
      "paused": .bool(isPaused),
    ]
    return pairs.map { JSON.Member(name: $0.key, value: $0.value) }
  }
}

extension Budget {
  var json: JSON {
    .object(["trials": .int(trials), "epochs": .int(epochs), "seconds": .float(seconds)])
  }
}
