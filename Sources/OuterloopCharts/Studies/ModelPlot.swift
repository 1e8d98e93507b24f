internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `model`: what a model of the trials expects along each parameter.
  public static let model = StudyPlot(
    "model", "what a model of the trials expects along each parameter",
    applies: { figures, _ in figures.canBeModelled && !figures.variedParameters.isEmpty },
    .ofObjective { figures, place, _ throws(StudyError) in try figures.model(place) })
}

extension StudyFigures {
  /// The number of predictions along a parameter.
  private static let places = 80

  /// The prediction of a Gaussian process fitted to the trials along each parameter, the others as in the
  /// best trial: the median, and the range that contains the function with probability 2/3. A panel for
  /// each parameter that is active in the best trial.
  func model(_ place: Int) throws(StudyError) -> SizedFigure {
    let (model, best) = try modelled(place)
    let parameters = try varied().filter { best.value(ofParameter: $0) != nil }
    let slices = parameters.map { parameter in
      let across = ParameterAxis(specification.space.parameters[parameter])
      let values = across.values(Self.places)
      return (
        across, values.map(\.place),
        model.predictions(
          values.map { best.assignment(in: specification.space, replacing: [parameter: $0.value]) })
      )
    }
    // All panels share one range.
    let medians = slices.flatMap { $0.2.map(\.median) }
    let result = best.result(place) ?? .nan
    let axis = valueAxis(objectives[place], medians + [result])
    let columns = max(1, min(parameters.count, parameters.count == 4 ? 2 : 3))
    let rows = (parameters.count + columns - 1) / columns
    return SizedFigure(
      figure: SmallMultiples(
        title: title(
          "\(Self.short(objectives[place].metric)) around trial \(best.number), by a model"),
        figures: zip(parameters, slices).map { parameter, slice -> any Figure in
          let at = best.value(ofParameter: parameter).flatMap(slice.0.place) ?? .nan
          return slice.0.categories.isEmpty
            ? Self.curve(slice.0, slice.1, slice.2, axis, best: (at, result))
            : Self.choices(slice.0, slice.1, slice.2, axis, best: (at, result))
        }, columns: columns),
      width: 330 * Double(columns) + 20, height: 50 + 270 * Double(rows))
  }

  private static func curve(
    _ across: ParameterAxis, _ places: [Double], _ predictions: [StudyModel.Prediction],
    _ axis: ValueAxis, best: (Double, Double)
  ) -> LineChart {
    LineChart(
      x: across.axis, y: axis.axis,
      series: [
        .init(
          "", x: places, y: predictions.map(\.median), lower: predictions.map(\.low),
          upper: predictions.map(\.high), markers: false, style: 0),
        .init("", x: [best.0], y: [best.1], markers: true, style: 6),
      ])
  }

  private static func choices(
    _ across: ParameterAxis, _ places: [Double], _ predictions: [StudyModel.Prediction],
    _ axis: ValueAxis, best: (Double, Double)
  ) -> Scatter {
    // Ranges as lines, medians and the best trial as marks on them.
    let ranges = zip(places, predictions).map { place, prediction in
      LineChart.Series(
        "", x: [place, place], y: [prediction.low, prediction.high], markers: false, style: 0,
        dash: 0)
    }
    func mark(_ x: Double, _ y: Double, style: Int) -> LineChart.Series {
      LineChart.Series("", x: [x], y: [y], markers: true, style: style)
    }
    let medians = zip(places, predictions).map { mark($0, $1.median, style: 0) }
    return Scatter(
      x: across.axis, y: axis.axis, categories: across.categories,
      groups: [],
      curves: ranges + medians + [mark(best.0, best.1, style: 6)])
  }

  /// Whether there are enough trials for a model, and results that differ.
  var canBeModelled: Bool {
    guard StudyModel.isAvailable,
      trials.count(where: { $0.state == .complete }) >= Self.fewestTrials
    else { return false }
    return objectives.indices.allSatisfy { place in
      let results = trials.compactMap { $0.result(place) }.filter(\.isFinite)
      guard let low = results.min(), let high = results.max() else { return false }
      return high - low > 1e-9 * max(abs(low), abs(high))
    }
  }

  /// With fewer trials, a picture of a model says little.
  private static let fewestTrials = 10

  /// The model of an objective, and the best feasible trial.
  func modelled(_ place: Int) throws(StudyError) -> (StudyModel, Trial) {
    let model = try StudyModel(specification, trials, objective: place)
    let objective = objectives[place]
    let complete = trials.filter { $0.result(place) != nil }
    let kept = complete.filter(specification.isFeasible)
    let best = (kept.isEmpty ? complete : kept).min {
      objective.loss($0.result(place) ?? .nan) < objective.loss($1.result(place) ?? .nan)
    }
    guard let best else {
      throw StudyError(
        "no trial of study `\(specification.name)` is complete", "run more trials")
    }
    return (model, best)
  }
}

extension Trial {
  /// The trial's configuration with other values; parameters that become active are in the middle of their
  /// range.
  func assignment(
    in space: SearchSpace, replacing values: [Int: ParameterValue]
  ) -> Assignment {
    space.assignment { index, domain in
      values[index] ?? value(ofParameter: index) ?? domain.value(atUnit: 0.5)
    } ?? assignment
  }
}
