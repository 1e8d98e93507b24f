internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  public static let rank = StudyPlot(
    "rank", "two parameters against one another, coloured by rank",
    applies: { figures, _ in figures.variedParameters.count > 1 },
    .ofObjective { figures, place, _ throws(StudyError) in try figures.rank(place) })
}

extension StudyFigures {
  /// The most parameters that are paired.
  private static let mostParameters = 4

  /// Complete trials by two parameters, coloured by the rank of their value: the best is 1. A panel for
  /// each pair of the parameters that matter most. A rank shows the order where values span decades.
  func rank(_ place: Int) throws(StudyError) -> Sized {
    let parameters = try paired(place)
    let objective = objectives[place]
    let shown = trials.filter { $0.result(place) != nil }
    let losses = shown.map { trial -> Double in
      let loss = objective.loss(trial.result(place) ?? .nan)
      return loss.isNaN ? .infinity : loss
    }
    // The middle rank of those that are equal.
    let sorted = losses.sorted()
    let ranks = losses.map { loss in
      let below = sorted.indices.partitionPoint { sorted[$0] < loss }
      return Double(below + sorted.indices.partitionPoint { sorted[$0] <= loss } + 1) / 2
    }
    let sample = Self.evenSample(of: shown, most: 2000)
    let rankOf = Dictionary(uniqueKeysWithValues: zip(shown.map(\.number), ranks))
    let shade = Axis("rank", range: 1...Double(max(2, shown.count)))
    var panels: [any Figure] = []
    for one in parameters.indices {
      for other in parameters.indices.dropFirst(one + 1) {
        panels.append(rankPanel(parameters[one], parameters[other], sample, rankOf, shade))
      }
    }
    let columns = min(panels.count, 3)
    let rows = (panels.count + columns - 1) / columns
    return Sized(
      figure: SmallMultiples(
        title: title("ranks by \(Self.short(objective.metric))"), figures: panels,
        columns: columns, shade: shade),
      width: 330 * Double(columns) + 90, height: 50 + 290 * Double(rows))
  }

  /// The parameters that matter most, in the order of the space.
  /// - Throws: `StudyError` if there are not two that can differ.
  func paired(_ place: Int) throws(StudyError) -> [Int] {
    let parameters = try varied()
    guard parameters.count > 1 else {
      throw StudyError(
        "one parameter of study `\(specification.name)` can differ, and a pair needs two",
        "look at its slices")
    }
    guard parameters.count > Self.mostParameters else { return parameters }
    let order = try importances { try PEDANOVA().importances($0, $1, objective: place) }
    let names = Set(order.prefix(Self.mostParameters).map(\.name))
    return parameters.filter { names.contains(specification.space.parameters[$0].name) }
  }

  private func rankPanel(
    _ one: Int, _ other: Int, _ sample: [Trial], _ rankOf: [Int: Double], _ shade: Axis
  ) -> Scatter {
    let (across, up) = (
      ParameterAxis(specification.space.parameters[one]),
      ParameterAxis(specification.space.parameters[other])
    )
    var group = Scatter.Group("", x: [], y: [], style: 0)
    for trial in sample {
      guard let x = trial.value(ofParameter: one).flatMap(across.place),
        let y = trial.value(ofParameter: other).flatMap(up.place)
      else { continue }
      group.x.append(x)
      group.y.append(y)
      group.shades.append(rankOf[trial.number] ?? 1)
    }
    return Scatter(
      x: across.axis, y: up.axis, categories: across.categories, rowCategories: up.categories,
      groups: [group], shade: shade, hasShadeKey: false)
  }
}
