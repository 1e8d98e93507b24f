internal import OuterloopSearch
internal import OuterloopStudy

extension StudyPlot {
  /// The plot `front-3d`: three objectives in space.
  public static let frontInSpace = StudyPlot(
    "front-3d", "three objectives in space", applies: { _, objectives in objectives == 3 },
    .ofStudy { figures, places throws(StudyError) in try figures.frontInSpace(places) })
}

extension StudyFigures {
  /// How many trials can be distinguished in 3-D; of more, those of the front and an even sample.
  private var mostPoints: Int { detail == .full ? 5000 : 1000 }

  /// Complete trials by three objectives, seen from `viewpoint`; those on the Pareto front have stems to the floor.
  func frontInSpace(_ places: [Int]) throws(StudyError) -> SizedFigure {
    guard places.count == 3 else {
      throw StudyError(
        "a front in space has three objectives, not \(places.count)",
        objectives.count > 3 ? "name three of them" : "look at its front")
    }
    let shown = trials.filter { trial in places.allSatisfy { trial.result($0) != nil } }
    let front = specification.paretoFront(of: shown, places: places)
    let numbers = Set(front.map(\.number))
    var rest = shown.filter { !numbers.contains($0.number) }
    let axes = places.map { place in
      valueAxis(objectives[place], shown.compactMap { $0.result(place) })
    }
    let isBeyond = { (trial: Trial) in
      zip(places, axes).contains { place, axis in axis.isBeyond(trial.result(place) ?? .nan) }
    }
    let beyond = shown.count(where: isBeyond)
    if rest.count > mostPoints {
      let step = Double(rest.count) / Double(mostPoints)
      rest = (0..<mostPoints).map { rest[Int(Double($0) * step)] }
    }
    func group(_ name: String, _ trials: [Trial], isOpen: Bool, style: Int, marker: Int)
      -> SpaceScatter.Group
    {
      let chosen = trials.filter { isBeyond($0) == isOpen }
      var group = SpaceScatter.Group(
        name, chosen.map { trial in zip(places, axes).map { $1.place(trial.result($0)) } },
        style: style, marker: marker, isOpen: isOpen, hasStems: style == 6)
      group.trials = chosen.map(\.number)
      return group
    }
    var edges = [
      group("", rest, isOpen: true, style: 5, marker: 0),
      group("", front, isOpen: true, style: 6, marker: 3),
    ].filter { !$0.points.isEmpty }
    if !edges.isEmpty { edges[0].name = ValueAxis.edge }
    let groups = [
      group("dominated", rest, isOpen: false, style: 5, marker: 0),
      group("Pareto front", front, isOpen: false, style: 6, marker: 3),
    ].filter { !$0.points.isEmpty }
    return SizedFigure(
      figure: SpaceScatter(
        title: title("Pareto front"), x: axes[0].axis, y: axes[1].axis, z: axes[2].axis,
        groups: groups + edges, viewpoint: viewpoint, remark: ValueAxis.remark(beyond)),
      width: 700, height: 560)
  }
}
