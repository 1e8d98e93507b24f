internal import OuterloopStudy

/// The reports of a study's trials, the rows of the model, and when hyperparameters are fitted: the fold over
/// events on which proposals are based.
struct ObservedCurves: Sendable {
  /// The observations when a fit was due.
  struct Snapshot: Sendable {
    /// The number of rows until then, which identifies it.
    let count: Int
    let curves: [ObservedCurve]
    /// The latest observation.
    let newest: RowThinning.Row
  }

  private let specification: StudySpecification
  private let coordinates: SpaceCoordinates
  private let schedule: FitSchedule
  private let thinning: RowThinning
  /// By trial number.
  private(set) var curves: [ObservedCurve] = []
  /// Rows of the model, in the order in which they are added to it.
  private(set) var rows: [RowThinning.Row] = []
  /// The number of rows factorised at once; the others are added one by one, so that appending rows and
  /// replaying the study give bitwise equal results.
  private(set) var base = 0
  /// Changes whenever the first `base` rows do.
  private(set) var version = 0
  /// The total number of rows so far.
  private(set) var count = 0
  /// Trials started and continued: the number of the next proposal's random stream.
  private(set) var steps = 0
  /// The snapshots of the last fit that was due and of its anchor.
  private(set) var fit: Snapshot?
  private(set) var anchor: Snapshot?
  private var latestAnchor: Snapshot?

  init(
    _ specification: StudySpecification, _ coordinates: SpaceCoordinates, _ schedule: FitSchedule,
    rows limit: Int
  ) {
    (self.specification, self.coordinates) = (specification, coordinates)
    (self.schedule, thinning) = (schedule, RowThinning(limit: limit))
  }

  /// - Complexity: O(epochs of the trial); O(all) when rows are chosen again.
  mutating func observe(_ event: Event, in history: History) {
    switch event.kind {
    case .suggested(let assignment, _, _), .enqueued(let assignment, _):
      curves.append(ObservedCurve(coordinates.candidate(of: assignment)))
      steps += 1
    case .continued: steps += 1
    case .reported, .extended, .paused, .finished, .claimed: update(history.trials[event.trial])
    default: break
    }
  }

  private mutating func update(_ trial: Trial) {
    let known = curves[trial.number].epochs.count
    let isLonger = curves[trial.number].update(trial, in: specification)
    let new = curves[trial.number].epochs.dropFirst(isLonger ? known : 0)
    guard isLonger else {
      if !new.isEmpty || known > 0 { chooseRows() }
      return
    }
    guard !new.isEmpty else { return }
    rows += new.map { RowThinning.Row(trial: trial.number, epoch: $0) }
    let before = count
    count += new.count
    let newest = RowThinning.Row(trial: trial.number, epoch: new.last ?? 0)
    if isDue(after: before, newest) {
      chooseRows()
    } else if rows.count > thinning.limit {
      chooseRows()
    }
  }

  /// Records that hyperparameters should be fitted, if that became due since `before` rows.
  private mutating func isDue(after before: Int, _ newest: RowThinning.Row) -> Bool {
    guard count >= schedule.first else { return false }
    let isAnchor = before < schedule.first || schedule.anchor(upTo: count) > before
    let isFit = before < schedule.first || schedule.fit(upTo: count) > before
    let snapshot = Snapshot(count: count, curves: curves, newest: newest)
    if isAnchor { latestAnchor = snapshot }
    guard isAnchor || isFit else { return false }
    fit = snapshot
    anchor = latestAnchor
    return true
  }

  /// Leaves room for a third more rows than are kept: between two choices, rows are appended.
  private mutating func chooseRows() {
    rows = RowThinning(limit: thinning.limit * 3 / 4).rows(curves)
    base = rows.count
    version += 1
  }
}
