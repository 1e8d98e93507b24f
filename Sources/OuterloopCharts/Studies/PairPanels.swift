internal import OuterloopSearch
internal import OuterloopStudy

extension StudyFigures {
  /// The largest number of paired parameters.
  private static let mostParameters = 4

  /// The most important parameters, in the order of the space.
  ///
  /// - Parameter trial: only parameters that are active in it; nil: any.
  /// - Throws: `StudyError` if fewer than two can vary.
  func paired(_ place: Int, activeIn trial: Trial? = nil) throws(StudyError) -> [Int] {
    let parameters = try varied().filter { parameter in
      trial.map { $0.value(ofParameter: parameter) != nil } ?? true
    }
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

  /// A panel for each pair of parameters: trials as points, in colours, over a field of such colours.
  func pairPanels(
    _ parameters: [Int], _ trials: [Trial], shade: Axis, title: String,
    color: (Trial) -> Double,
    field: (_ one: (Int, ParameterAxis), _ other: (Int, ParameterAxis)) -> [[Double]] = { _, _ in []
    }
  ) -> SizedFigure {
    let axes = parameters.map { ($0, ParameterAxis(specification.space.parameters[$0])) }
    let panels = axes.indices.flatMap { first in
      axes.dropFirst(first + 1).map { other -> any Figure in
        let (one, across) = axes[first]
        let (two, up) = other
        var group = Scatter.Group("", x: [], y: [], style: 0)
        for trial in trials {
          guard let x = trial.value(ofParameter: one).flatMap(across.place),
            let y = trial.value(ofParameter: two).flatMap(up.place)
          else { continue }
          group.x.append(x)
          group.y.append(y)
          group.shades.append(color(trial))
          group.trials.append(trial.number)
        }
        return Scatter(
          x: across.axis, y: up.axis, categories: across.categories, rowCategories: up.categories,
          groups: [group], shade: shade, field: field(axes[first], other), hasShadeKey: false)
      }
    }
    let columns = min(panels.count, 3)
    let rows = (panels.count + columns - 1) / columns
    return SizedFigure(
      figure: SmallMultiples(title: title, figures: panels, columns: columns, shade: shade),
      width: 330 * Double(columns) + 90, height: 50 + 290 * Double(rows))
  }
}
