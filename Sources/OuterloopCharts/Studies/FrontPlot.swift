internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `front`: two objectives against one another.
  public static let front = StudyPlot(
    "front", "two objectives against one another", applies: { _, objectives in objectives > 1 },
    .ofStudy { figures, places throws(StudyError) in try figures.front(places) })
}

extension StudyFigures {
  /// Complete trials by two objectives, with the Pareto front marked; with more objectives a panel
  /// for each pair, where the marked trials are those on the front of all objectives.
  func front(_ places: [Int]) throws(StudyError) -> SizedFigure {
    guard places.count > 1 else {
      throw StudyError(
        objectives.count > 1
          ? "a front of one objective is one trial"
          : "study `\(specification.name)` has one objective, and a front needs two",
        objectives.count > 1
          ? "name two objectives or none for all of them" : "look at its history")
    }
    guard places.count <= 6 else {
      throw StudyError(
        "a front of \(places.count) objectives has \(places.count * (places.count - 1) / 2) pairs",
        "name up to 6 objectives")
    }
    let shown = trials.filter { trial in places.allSatisfy { trial.result($0) != nil } }
    let front = specification.paretoFront(of: shown, places: places)
    let numbers = Set(front.map(\.number))
    let rest = shown.filter { !numbers.contains($0.number) }
    let axes = places.map { place in
      (place, valueAxis(objectives[place], shown.compactMap { $0.result(place) }))
    }
    if places.count == 2 {
      return SizedFigure(
        figure: pair(axes[0], axes[1], front, rest, title: title("Pareto front"), hasCurve: true),
        width: 700, height: 480)
    }
    var panels: [any Figure] = []
    for one in places.indices {
      for other in places.indices.dropFirst(one + 1) {
        panels.append(pair(axes[one], axes[other], front, rest, title: "", hasCurve: false))
      }
    }
    let columns = panels.count == 3 ? 3 : places.count - 1
    let lines = (panels.count + columns - 1) / columns
    return SizedFigure(
      figure: SmallMultiples(
        title: title("Pareto front of \(places.count) objectives"), figures: panels,
        columns: columns),
      width: 400 * Double(columns), height: 50 + 340 * Double(lines))
  }

  private func pair(
    _ x: (place: Int, axis: ValueAxis), _ y: (place: Int, axis: ValueAxis), _ front: [Trial],
    _ rest: [Trial], title: String, hasCurve: Bool
  ) -> Scatter {
    let across = { (trial: Trial) in x.axis.place(trial.result(x.place)) }
    let up = { (trial: Trial) in y.axis.place(trial.result(y.place)) }
    // In ascending order of the first loss, hence descending in the second: between two trials, the
    // attainable second value is that of the first trial.
    let curve = LineChart.Series(
      "", x: front.map(across), y: front.map(up), markers: false, isStepped: true, style: 6)
    let isBeyond = { (trial: Trial) in
      x.axis.isBeyond(trial.result(x.place) ?? .nan)
        || y.axis.isBeyond(trial.result(y.place) ?? .nan)
    }
    let beyond = (front + rest).count(where: isBeyond)
    func group(_ name: String, _ trials: [Trial], isOpen: Bool, style: Int, marker: Int)
      -> Scatter.Group
    {
      let shown = trials.filter { isBeyond($0) == isOpen }
      var group = Scatter.Group(
        name, x: shown.map(across), y: shown.map(up), style: style, marker: marker, isOpen: isOpen)
      group.trials = shown.map(\.number)
      return group
    }
    var edges = [
      group("", rest, isOpen: true, style: 5, marker: 0),
      group("", front, isOpen: true, style: 6, marker: 3),
    ].filter { !$0.x.isEmpty }
    if !edges.isEmpty { edges[0].name = ValueAxis.edge }
    let groups = [
      group("dominated", rest, isOpen: false, style: 5, marker: 0),
      group("Pareto front", front, isOpen: false, style: 6, marker: 3),
    ].filter { !$0.x.isEmpty }
    return Scatter(
      title: title, x: x.axis.axis, y: y.axis.axis, groups: groups + edges,
      curves: hasCurve ? [curve] : [],
      remark: ValueAxis.remark(beyond))
  }
}
