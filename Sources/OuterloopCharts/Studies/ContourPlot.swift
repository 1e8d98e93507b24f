internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `contour`: what a model expects over two parameters, with the trials.
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
  private var cells: Int { detail == .full ? 32 : 20 }

  /// The median predicted by a Gaussian process fitted to the trials, over pairs of the most important
  /// parameters, the others as in the best trial, as colours; trials as points in the same colours. A point
  /// that stands out from its surroundings differs in other parameters, or contradicts the model.
  func contour(_ place: Int) throws(StudyError) -> SizedFigure {
    let (model, best) = try modelled(place)
    let parameters = try paired(place, activeIn: best)
    let shown = Self.evenSample(
      of: trials.filter { $0.result(place) != nil }, most: detail == .full ? 300 : 150)
    let axis = valueAxis(objectives[place], shown.compactMap { $0.result(place) })
    let space = specification.space
    return pairPanels(
      parameters, shown, shade: axis.axis,
      title: title(
        "\(Self.short(objectives[place].metric)) around trial \(best.number), by a model"),
      color: { axis.place($0.result(place)) },
      field: { one, other in
        let columns = one.1.values(cells)
        return other.1.values(cells).map { row in
          model.predictions(
            columns.map {
              best.assignment(in: space, replacing: [one.0: $0.value, other.0: row.value])
            }
          ).map { axis.place($0.median) }
        }
      })
  }
}
