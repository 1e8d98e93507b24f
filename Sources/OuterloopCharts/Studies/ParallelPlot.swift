internal import OuterloopStudy

extension StudyPlot {
  /// The plot `parallel`: a line for each configuration.
  public static let parallel = StudyPlot(
    "parallel", "a line for each configuration",
    applies: { figures, _ in !figures.variedParameters.isEmpty },
    .ofObjective { figures, place, _ throws(StudyError) in try figures.parallel(place) })
}

extension StudyFigures {
  /// How many lines can be distinguished, if only just.
  private var mostLines: Int { detail == .full ? 1000 : 400 }

  /// A line for each complete trial through the axes of the varying parameters and of the
  /// objective, which is its colour too. Lines pass below the axes of parameters that are inactive.
  ///
  /// Of more than 1000 trials the best 250 and an even sample of the others are shown.
  func parallel(_ place: Int) throws(StudyError) -> SizedFigure {
    let parameters = try varied()
    let objective = objectives[place]
    let shown = trials.filter { $0.result(place) != nil }
    let axis = valueAxis(objective, shown.compactMap { $0.result(place) }, label: objective.metric)
    let axes = parameters.map { ParameterAxis(specification.space.parameters[$0]) }
    let sample = linesToShow(shown, place)
    var dimensions = zip(parameters, axes).map { index, axis in
      let absence = specification.space.parameters[index].condition == nil ? "" : "off"
      return axis.categories.isEmpty
        ? ParallelCoordinates.Dimension(axis.axis, absence: absence)
        : .init(axis.axis.label, categories: axis.categories, absence: absence)
    }
    dimensions.append(.init(axis.axis))
    let rows = sample.map { trial in
      let values = zip(parameters, axes).map { index, axis in
        trial.value(ofParameter: index).flatMap(axis.place) ?? .nan
      }
      let value = trial.result(place) ?? .nan
      var row = ParallelCoordinates.Row(
        values + [axis.place(value)], outcome: value.isNaN ? .nan : axis.place(value),
        isBeyond: axis.isBeyond(value))
      row.trial = trial.number
      return row
    }
    var about = title("configurations by \(Self.short(objective.metric))")
    if sample.count < shown.count {
      about += " (the best 250 of \(shown.count) trials, and \(sample.count - 250) others)"
    }
    return SizedFigure(
      figure: ParallelCoordinates(
        title: about, dimensions: dimensions, rows: rows,
        outcome: Axis(ValueAxis.label(objective), scale: axis.axis.scale, range: axis.axis.range),
        isSmallerBetter: objective.direction == .minimize,
        remark: ValueAxis.remark(sample.count { axis.isBeyond($0.result(place) ?? .nan) })),
      width: min(6000, max(760, 220 + 105 * Double(dimensions.count))), height: 440)
  }

  /// The trials whose lines are shown, by number.
  private func linesToShow(_ shown: [Trial], _ place: Int) -> [Trial] {
    guard shown.count > mostLines else { return shown }
    let objective = objectives[place]
    let rank = { (trial: Trial) -> Double in
      let loss = objective.loss(trial.result(place) ?? .nan)
      return loss.isNaN ? .infinity : loss
    }
    let order = shown.sorted { (rank($0), $0.number) < (rank($1), $1.number) }
    let others = order.dropFirst(250).sorted { $0.number < $1.number }
    let sample = Array(order.prefix(250)) + Self.evenSample(of: others, most: mostLines - 250)
    return sample.sorted { $0.number < $1.number }
  }
}
