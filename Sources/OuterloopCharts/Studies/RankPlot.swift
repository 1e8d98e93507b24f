internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `rank`: two parameters against one another, coloured by rank.
  public static let rank = StudyPlot(
    "rank", "two parameters against one another, coloured by rank",
    applies: { figures, _ in figures.variedParameters.count > 1 },
    .ofObjective { figures, place, _ throws(StudyError) in try figures.rank(place) })
}

extension StudyFigures {
  /// Complete trials by two parameters, coloured by the rank of their value: the best is 1. A panel for
  /// each pair of the most important parameters. A rank shows the order where values span decades.
  func rank(_ place: Int) throws(StudyError) -> SizedFigure {
    let parameters = try paired(place)
    let objective = objectives[place]
    let shown = trials.filter { $0.result(place) != nil }
    let losses = shown.map { trial -> Double in
      let loss = objective.loss(trial.result(place) ?? .nan)
      return loss.isNaN ? .infinity : loss
    }
    // The mean rank of ties.
    let sorted = losses.sorted()
    let ranks = losses.map { loss in
      let below = sorted.indices.partitionPoint { sorted[$0] < loss }
      return Double(below + sorted.indices.partitionPoint { sorted[$0] <= loss } + 1) / 2
    }
    var sample = Self.evenSample(of: shown, most: detail == .full ? 2000 : 1100)
    let rankOf = Dictionary(uniqueKeysWithValues: zip(shown.map(\.number), ranks))
    // Of many, the best lie on top, and those of a colour share an element.
    if sample.count > 1000 { sample.sort { rankOf[$0.number] ?? 1 > rankOf[$1.number] ?? 1 } }
    let shade = Axis("rank", range: 1...Double(max(2, shown.count)))
    return pairPanels(
      parameters, sample, shade: shade, title: title("ranks by \(Self.short(objective.metric))"),
      color: { rankOf[$0.number] ?? 1 })
  }
}
