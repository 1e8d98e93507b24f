internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  public static let contour = StudyPlot(
    "contour", "what a model expects over two parameters, with the trials",
    applies: { figures, _ in
      let parameters = figures.specification.space.parameters
      return figures.canBeModelled
        && figures.variedParameters.count { parameters[$0].condition == nil } > 1
    },
    .ofObjective { figures, place, _ throws(StudyError) in try figures.contour(place) })
}

extension StudyFigures {
  /// Cells along an axis.
  private static let cells = 32

  /// The median that the Gaussian process of the trials expects over pairs of the parameters that matter most,
  /// the others as in the best trial, as colours; trials as points in the same colours. A point that stands
  /// out from what is around it differs in other parameters, or surprises the model.
  func contour(_ place: Int) throws(StudyError) -> Sized {
    let (model, best) = try modelled(place)
    let parameters = try paired(place, activeIn: best)
    let shown = Self.evenSample(of: trials.filter { $0.result(place) != nil }, most: 300)
    let axis = ValueAxis(objectives[place], shown.compactMap { $0.result(place) })
    var panels: [any Figure] = []
    for one in parameters.indices {
      for other in parameters.indices.dropFirst(one + 1) {
        panels.append(
          contourPanel((parameters[one], parameters[other]), place, model, best, shown, axis))
      }
    }
    let columns = min(panels.count, 3)
    let rows = (panels.count + columns - 1) / columns
    return Sized(
      figure: SmallMultiples(
        title: title(
          "\(Self.short(objectives[place].metric)) around trial \(best.number), by a model"),
        figures: panels, columns: columns, shade: axis.axis),
      width: 330 * Double(columns) + 90, height: 50 + 290 * Double(rows))
  }

  private func contourPanel(
    _ pair: (Int, Int), _ place: Int, _ model: StudyModel, _ best: Trial, _ shown: [Trial],
    _ axis: ValueAxis
  ) -> Scatter {
    let space = specification.space
    let (across, up) = (
      ParameterAxis(space.parameters[pair.0]), ParameterAxis(space.parameters[pair.1])
    )
    let (columns, rows) = (across.values(Self.cells), up.values(Self.cells))
    let field = rows.map { row in
      model.predictions(
        columns.map {
          best.assignment(in: space, replacing: [pair.0: $0.value, pair.1: row.value])
        }
      ).map { axis.place($0.median) }
    }
    var group = Scatter.Group("", x: [], y: [], style: 0)
    for trial in shown {
      guard let x = trial.value(ofParameter: pair.0).flatMap(across.place),
        let y = trial.value(ofParameter: pair.1).flatMap(up.place)
      else { continue }
      group.x.append(x)
      group.y.append(y)
      group.shades.append(axis.place(trial.result(place)))
    }
    return Scatter(
      x: across.axis, y: up.axis, categories: across.categories, rowCategories: up.categories,
      groups: [group], shade: axis.axis, field: field, hasShadeKey: false)
  }
}
