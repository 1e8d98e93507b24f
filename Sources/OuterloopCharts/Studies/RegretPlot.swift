internal import OuterloopStudy
internal import OuterloopText

extension StudyPlot {
  /// The plot `regret`: how far the best value so far is from the best of all, over epochs.
  public static let regret = StudyPlot(
    "regret", "how far the best value so far is from the best of all, over epochs",
    comparesStudies: true,
    applies: { figures, _ in figures.log?.entries.contains { $0.epoch > 1 } ?? false },
    .ofObjective { figures, place, others throws(StudyError) in
      try figures.regret(place, comparedWith: others)
    })
}

extension StudyFigures {
  /// With best(e) the smallest loss of any report until the study had trained e epochs (`TrainingLog`), and best
  /// the smallest of all studies that are shown,
  ///
  ///     regret(e) = best(e) - best
  ///
  /// on a logarithmic axis where it spans a factor of 30; a regret of 0 then stands at the lower edge.
  ///
  /// - Throws: `StudyError` if another study has no such objective, and if the pictures were made without a
  ///   training log.
  /// - Complexity: O(improvements).
  func regret(_ place: Int, comparedWith others: [StudyFigures]) throws(StudyError) -> SizedFigure {
    let objective = objectives[place]
    var studies = [(self, place)]
    for other in others {
      guard let there = other.objectives.firstIndex(where: { $0.metric == objective.metric }) else {
        throw StudyError(
          "study `\(other.specification.name)` has no objective `\(objective.metric)`",
          "compare studies of the same metric")
      }
      studies.append((other, there))
    }
    var curves: [Descent] = []
    for (figures, there) in studies {
      curves.append(Descent(try figures.trainingLog(), there))
    }
    let best = curves.compactMap(\.last).min { $0.loss < $1.loss }
    let least = best?.loss ?? 0
    let regrets = curves.flatMap { curve in curve.points.map { $0.loss - least } }
    let axis = RegretAxis(regrets, "regret of \(Self.short(objective.metric))")
    let series = zip(studies, curves).map { study, curve in
      LineChart.Series(
        others.isEmpty ? "" : Self.short(study.0.specification.name),
        x: curve.points.map { Double($0.epochs) },
        y: curve.points.map { axis.place($0.loss - least) }, markers: false,
        isStepped: true)
    }
    var remark = ""
    if let best {
      remark =
        "0\(axis.isLog ? " (at the lower edge)" : "") is "
        + "\(Self.short(objective.metric)) \(NumberText.short(best.value)): trial \(best.trial)"
        + (others.isEmpty ? "" : " of \(Self.short(best.study))")
    }
    let hasEpochs = studies.contains { $0.0.specification.epochs > 1 }
    let about = "regret of \(Self.short(objective.metric))"
    return SizedFigure(
      figure: LineChart(
        title: others.isEmpty ? title(about) : about,
        x: Axis(hasEpochs ? Self.spentLabel : "trials"), y: axis.axis,
        series: series, remark: remark),
      width: 760, height: 420)
  }

  func trainingLog() throws(StudyError) -> TrainingLog {
    guard let log else {
      throw StudyError(
        "it is not known when the trials of study `\(specification.name)` were trained",
        "make the pictures from its training log")
    }
    return log
  }
}

/// The course of the best loss of an objective, and for how long it has been constant.
private struct Descent {
  struct Point {
    var epochs: Int
    var loss: Double
    var value: Double
    var trial: Int
    var study: String
  }

  var points: [Point]
  var last: Point? { points.last }

  init(_ log: TrainingLog, _ place: Int) {
    let objective = log.specification.objectives[place]
    points = log.improvements[place].map { one in
      Point(
        epochs: one.spent.epochs, loss: objective.loss(one.value), value: one.value,
        trial: one.trial, study: log.specification.name)
    }
    if var end = points.last, end.epochs < log.spent.epochs {
      end.epochs = log.spent.epochs
      points.append(end)
    }
  }
}

/// The axis of regrets, which are 0 at the best and positive elsewhere.
private struct RegretAxis {
  let axis: Axis
  private let floor: Double

  var isLog: Bool { floor > 0 }

  init(_ regrets: [Double], _ label: String) {
    let positive = regrets.filter { Scale.canShow($0, .log) }
    guard let low = positive.min(), let high = positive.max(), high / low >= 30 else {
      let high = positive.max() ?? 1
      (axis, floor) = (Axis(label, range: 0...high * 1.04), 0)
      return
    }
    let scale = Scale(showing: positive, kind: .log, padding: 0.09)
    axis = .log(label, range: scale.lower...scale.upper)
    floor = scale.value(at: 0.01)
  }

  func place(_ regret: Double) -> Double { max(regret, floor) }
}
