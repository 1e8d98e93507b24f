internal import OuterloopStudy

/// The normalized regret of a study on a table, between 0 and 1:
///
///     regret = (best of the table - best of the study) / (best of the table - typical value),
///
/// clipped at 1, typical being the median over candidates. Two values are tracked: the best seen at any
/// epoch, which noise makes optimistic, against the best of each curve; and the value at the end of the
/// curve of the incumbent, which is the candidate with the best value seen, against the ends of all curves.
struct CurveRegret {
  private let objective: Objective
  private let seen, full: Scale

  private struct Scale {
    let best, typical: Double

    /// - Parameter losses: NaN counts as worse than all others.
    init(_ losses: [Double]) {
      let sorted = losses.map { $0.isNaN ? .infinity : $0 }.sorted()
      best = sorted[0]
      let median = Repetitions(values: sorted).median
      // Where half of the curves have no finite value, the worst finite one.
      typical = median.isFinite ? median : sorted.last { $0.isFinite } ?? best
    }

    func regret(_ loss: Double) -> Double {
      guard loss > best else { return 0 }
      guard loss < typical else { return 1 }
      return (loss - best) / (typical - best)
    }
  }

  /// - Complexity: O(values).
  init(_ table: CurveTable) {
    let objective = table.objective
    self.objective = objective
    let curves = table.candidates.map(\.values)
    full = Scale(curves.map { curve in curve.last.map(objective.loss) ?? .nan })
    seen = Scale(
      curves.map { curve in
        curve.map(objective.loss).reduce(.infinity) { $1 < $0 ? $1 : $0 }
      })
  }

  /// The regret after each of a study's epochs, which observed points of `curves`.
  func trace(
    _ observations: [SimulatedStudy.Observation], of curves: [CurveTable.Candidate]
  ) -> RegretTrace {
    var trace = RegretTrace()
    var best = Double.infinity
    for (index, observation) in observations.enumerated() {
      let loss = objective.loss(curves[observation.candidate].values[observation.epoch - 1])
      guard loss < best else { continue }
      best = loss
      let end = curves[observation.candidate].values.last.map(objective.loss) ?? .nan
      trace.steps.append(
        .init(
          epoch: index + 1, seen: seen.regret(loss), full: end.isNaN ? 1 : full.regret(end)))
    }
    return trace
  }
}

/// Regret against epochs spent: a step function that is 1 before the first step.
struct RegretTrace: Codable, Sendable, Hashable {
  struct Step: Codable, Sendable, Hashable {
    /// From this epoch on, the first one being 1.
    var epoch: Int
    /// Of the best value seen at any epoch.
    var seen: Double
    /// Of the incumbent at the end of its curve.
    var full: Double
  }

  var steps: [Step] = []

  /// The value after each of the epochs 1, ..., `count`.
  func values(_ count: Int, of value: KeyPath<Step, Double>) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(count)
    var next = 0
    var current = 1.0
    for epoch in 1...Swift.max(count, 1) {
      while next < steps.count, steps[next].epoch <= epoch {
        current = steps[next][keyPath: value]
        next += 1
      }
      values.append(current)
    }
    return values
  }
}

extension RegretTrace {
  /// The share of the budget at each mark of a report.
  static let marks = [0.1, 0.25, 0.5, 1]

  /// Of regrets after each epoch, those at the marks, and their mean: the area under the curve.
  static func figures(_ values: [Double]) -> (marks: [Double], area: Double) {
    let marks = marks.map { share in
      values[Swift.max(Int((share * Double(values.count)).rounded()), 1) - 1]
    }
    return (marks, Repetitions(values: values).mean)
  }
}
