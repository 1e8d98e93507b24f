package import OuterloopStudy

extension StudyPlot {
  /// The plot `slices`: an objective against each parameter.
  public static let slices = StudyPlot(
    "slices", "an objective against each parameter",
    applies: { figures, _ in !figures.variedParameters.isEmpty },
    .ofObjective { figures, place, _ throws(StudyError) in try figures.slices(place) })
}

extension StudyFigures {
  /// An objective against each varying parameter, one panel each; later trials are brighter. Shows
  /// complete trials, and at the bad edge those that failed because of their configuration. Where a
  /// parameter is inactive, the trial is absent from its panel.
  func slices(_ place: Int) throws(StudyError) -> SizedFigure {
    let parameters = try varied()
    let shown = trials.filter { $0.result(place) != nil }
    // Pictures with many panels show fewer points in each.
    let sample = Self.evenSample(
      of: shown, most: max(300, (detail == .full ? 90_000 : 5_000) / parameters.count))
    let axis = valueAxis(objectives[place], shown.compactMap { $0.result(place) })
    let last = Double(max(1, (trials.last?.number ?? 1)))
    let shade = Axis("trial", range: 0...last)
    let (width, columns) = (330.0, max(1, min(parameters.count, parameters.count == 4 ? 2 : 3)))
    let rows = (parameters.count + columns - 1) / columns
    var about = title("\(Self.short(objectives[place].metric)) by parameter")
    if sample.count < shown.count { about += " (\(sample.count) of \(shown.count) trials)" }
    let beyond =
      sample.count { axis.isBeyond($0.result(place) ?? .nan) }
      + trials.count(where: \.failedByItself)
    return SizedFigure(
      figure: SmallMultiples(
        title: about,
        figures: parameters.map { slice($0, place, axis, sample, shade) }, columns: columns,
        shade: shade, remark: ValueAxis.remark(beyond)),
      width: width * Double(columns) + 90, height: 50 + 270 * Double(rows))
  }

  private func slice(
    _ parameter: Int, _ place: Int, _ axis: ValueAxis, _ sample: [Trial], _ shade: Axis
  ) -> Scatter {
    let across = ParameterAxis(specification.space.parameters[parameter])
    var complete = Scatter.Group("", x: [], y: [], style: 0)
    var edge = Scatter.Group(ValueAxis.edge, x: [], y: [], style: 0, isOpen: true)
    var failed = Scatter.Group("failed", x: [], y: [], style: 6, marker: 5)
    for trial in sample {
      guard let column = trial.value(ofParameter: parameter).flatMap(across.place) else { continue }
      if axis.isBeyond(trial.result(place) ?? .nan) {
        edge.x.append(column)
        edge.y.append(axis.place(trial.result(place)))
        edge.shades.append(Double(trial.number))
        edge.trials.append(trial.number)
      } else {
        complete.x.append(column)
        complete.y.append(axis.place(trial.result(place)))
        complete.shades.append(Double(trial.number))
        complete.trials.append(trial.number)
      }
    }
    for trial in trials where trial.failedByItself {
      guard let column = trial.value(ofParameter: parameter).flatMap(across.place) else { continue }
      failed.x.append(column)
      failed.y.append(axis.place(nil))
      failed.trials.append(trial.number)
    }
    return Scatter(
      x: across.axis, y: axis.axis, categories: across.categories,
      groups: [complete] + [edge, failed].filter { !$0.x.isEmpty }, shade: shade, hasShadeKey: false
    )
  }

  /// The parameters to show.
  /// - Throws: `StudyError` if none can vary.
  func varied() throws(StudyError) -> [Int] {
    let parameters = variedParameters
    guard !parameters.isEmpty else {
      throw StudyError(
        "every parameter of study `\(specification.name)` has a single value",
        "there is nothing to compare; look at its history")
    }
    return parameters
  }

  /// At most `most` of the trials, evenly spaced, the first and the last among them.
  package static func evenSample(of trials: [Trial], most: Int) -> [Trial] {
    guard trials.count > most, most > 1 else { return trials }
    return (0..<most).map { trials[$0 * (trials.count - 1) / (most - 1)] }
  }
}

extension Trial {
  /// Whether the same configuration would fail again.
  var failedByItself: Bool {
    if case .failed(let reason) = state { reason.isCausedByConfiguration } else { false }
  }
}
