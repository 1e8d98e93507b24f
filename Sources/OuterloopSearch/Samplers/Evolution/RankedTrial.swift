internal import OuterloopStudy

/// A finished trial for evolutionary samplers: its rank in the order of all, and its losses.
struct RankedTrial: Sendable {
  let rank: TrialRank
  /// Its constraint violation; 0: feasible.
  let violation: Double
  /// One for each objective, NaN as infinity; nil without a result.
  let losses: [Double]?

  /// Complete trials come first, by loss; then pruned ones, those that got further first; then infeasible
  /// ones, by violation (Deb 2000); then those whose configuration made them fail. Nil for trials without
  /// information about their configuration: lost, cancelled, not finished.
  ///
  /// With several objectives the rank uses only the first: complete trials are compared by
  /// `losses`.
  init?(_ trial: Trial, _ specification: StudySpecification) {
    let objectives = specification.objectives
    func losses(_ values: [Double]) -> [Double] {
      zip(objectives, values).map { objective, value in
        let loss = objective.loss(value)
        return loss.isNaN ? .infinity : loss
      }
    }
    switch trial.state {
    case .complete:
      // For a trial with too few or too many values, it is not known which is which.
      let values = trial.values.flatMap { $0.count == objectives.count ? $0 : nil }
      self.losses = values.map(losses)
      violation = specification.violation(of: trial)
      rank =
        violation > 0
        ? .infeasible(violation: violation) : .complete(loss: self.losses?[0] ?? .infinity)
    case .pruned:
      self.losses = nil
      // Metrics that are not reported yet violate nothing.
      let known = specification.violation(of: trial)
      violation = known.isFinite ? known : 0
      rank =
        violation > 0
        ? .infeasible(violation: violation)
        : trial.lastReport.map { report in
          let value = report.values[objectives[0].metric] ?? .nan
          return .pruned(lastStep: report.epoch, loss: objectives[0].loss(value))
        } ?? .prunedWithoutReport
    case .failed(let reason) where reason.isCausedByConfiguration:
      self.losses = nil
      violation = .infinity
      rank = .failed
    default: return nil
    }
  }
}
