internal import OuterloopStudy

/// The process of a study's curves at a proposal, rebuilt when hyperparameters or the choice of rows
/// change and otherwise extended by rows. Its predictions depend only on the observations, not on earlier
/// queries.
struct CurveModel: Sendable {
  private let coordinates: SpaceCoordinates
  private let epochs: Int
  private let prior: CurveKernelPrior
  /// The rows of a fit: their information about hyperparameters grows slowly, and their cost with the third
  /// power.
  private static let fitRows = RowThinning(limit: 200)
  /// The quantile of first losses beyond which losses are clipped: the worst fifth. (Clipping at the median would cost
  /// a smooth loss half of its shape, and recorded curves give the same result with either.)
  private static let mark = 0.8
  private var fits = AnchoredFits<(parameters: CurveParameters, scale: LossScale?)>()
  private var version = -1
  private(set) var process: CurveProcess?
  /// Rows that were passed to the process, and those that it could distinguish from others.
  private var handed = 0
  private var kept: [RowThinning.Row] = []
  /// The curve of each trial in the process.
  private(set) var curveOf: [Int: Int] = [:]

  init(_ coordinates: SpaceCoordinates, epochs: Int) {
    (self.coordinates, self.epochs) = (coordinates, epochs)
    prior = CurveKernelPrior(coordinates.layout)
  }

  /// Updates the process.
  ///
  /// - Returns: the scale of losses; nil if there is nothing to learn from yet.
  /// - Throws: `BLASError` if there is no linear algebra library.
  mutating func update(_ observed: ObservedCurves) throws -> LossScale? {
    let model = self
    let fit = try fits.fit(observed, from: (prior.start, nil)) { snapshot, start, _ in
      try model.fitted(snapshot, from: start.parameters)
    }
    guard let fit, let scale = fit.scale, scale.isInformative else { return nil }
    let parameters = fit.parameters
    if version != observed.version || process == nil {
      try build(observed, parameters)
      version = observed.version
    }
    while handed < observed.rows.count {
      append(observed.rows[handed], observed)
      handed += 1
    }
    process?.observe(
      kept.map { scale.value(observed.curves[$0.trial].loss(at: $0.epoch)) })
    return process == nil ? nil : scale
  }

  private mutating func build(_ observed: ObservedCurves, _ parameters: CurveParameters) throws {
    kept = Array(observed.rows.prefix(observed.base))
    handed = kept.count
    let (rows, curveOf) = rows(kept, observed.curves)
    self.curveOf = curveOf
    process = try CurveProcess(rows, parameters)
  }

  private mutating func append(_ row: RowThinning.Row, _ observed: ObservedCurves) {
    let curve = curveOf[row.trial] ?? curveOf.count
    if curve == curveOf.count {
      curveOf[row.trial] = curve
      process?.append(curves: coordinates.points([observed.curves[row.trial].candidate]))
    }
    let time = time(row.epoch)
    if process?.append(curve: curve, time: time) == true { kept.append(row) }
  }

  /// tau of an epoch.
  func time(_ epoch: Int) -> Double { CurveRows.time(ofEpoch: epoch, of: epochs) }

  private func rows(
    _ chosen: [RowThinning.Row], _ curves: [ObservedCurve]
  ) -> (rows: CurveRows, curveOf: [Int: Int]) {
    var curveOf: [Int: Int] = [:]
    var trials: [Int] = []
    for row in chosen where curveOf[row.trial] == nil {
      curveOf[row.trial] = trials.count
      trials.append(row.trial)
    }
    var rows = CurveRows(coordinates.layout)
    rows.append(curves: coordinates.points(trials.map { curves[$0].candidate }))
    for row in chosen { rows.append(curve: curveOf[row.trial] ?? 0, time: time(row.epoch)) }
    return (rows, curveOf)
  }

  private func fitted(
    _ snapshot: ObservedCurves.Snapshot, from start: CurveParameters
  ) throws -> (parameters: CurveParameters, scale: LossScale?) {
    let curves = snapshot.curves
    let chosen = Self.fitRows.rows(curves)
    let scale = LossScale(curves, quantile: Self.mark, byRatio: true)
    guard scale.isInformative else { return (start, scale) }
    let evidence = CurveEvidence(
      rows(chosen, curves).rows,
      outputs: chosen.map { scale.value(curves[$0.trial].loss(at: $0.epoch)) })
    return (try evidence.fitted(prior, from: start), scale)
  }
}
