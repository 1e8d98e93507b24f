import OuterloopCharts
import OuterloopStudy

extension AbuseRoom {
  static let charts = AbuseRoom("OuterloopCharts") { room in
    room.addFigures()
    room.addStudyFigures()
    room.exclude(
      "plain values, met in the figures that they are parts of", "Axis.init", "Axis.log",
      "BarChart.Series.init", "Histogram.Sample.init", "ImageGrid.Cell.init",
      "LineChart.Series.init", "ParallelCoordinates.Dimension.init",
      "ParallelCoordinates.Row.init", "ReferenceLine.init", "Scatter.Group.init",
      "Surface.Point.init", "Surface.Path.init", "SpacePlot.Group.init",
      "SpaceScatter.Group.init", "SpaceScatter.init", "Viewpoint.init",
      "SimplexPlot.init", "SpacePlot.init", "GraphPlot.init", "GraphPlot.Edge.init",
      "Timeline.Span.init", "Timeline.State.init",
      "BarChart.init",
      "HeatMap.init", "Histogram.init", "ImageGrid.init", "LineChart.init",
      "ParallelCoordinates.init", "Scatter.init", "SmallMultiples.init", "Surface.init",
      "Timeline.init", "StudyFigures.init")
  }

  private static let columns: [[Double]] =
    [[], [1], [1, 2, 3], Edges.numbers, Edges.numbers + Edges.numbers]
    + Edges.numbers.map { [$0] } + Edges.numbers.map { [$0, 1] }
  private static let axes: [OuterloopCharts.Axis] = [
    "", .log("x"), "a\0\n<&\u{1B}", .init("", range: 0...0), .log("", range: -1...0),
    .init("", range: -.infinity...(.infinity)), .init("", range: -1e308...1e308),
    .log("", range: .leastNonzeroMagnitude...1e308),
  ]
  private static let sizes: [Double] = Edges.numbers + [400]

  fileprivate mutating func addFigures() {
    let (columns, axes) = (Self.columns, Self.axes)
    func add(_ name: String, _ figures: [any Figure]) {
      self.add("\(name).svg", figures.indices.map { $0 }) {
        figures[$0].svg(width: 400, height: 300).count
      }
      if let first = figures.first {
        self.add("\(name).svg", Self.sizes, Self.sizes) { first.svg(width: $0, height: $1).count }
      }
    }
    let pairs = columns.flatMap { a in columns.map { (a, $0) } }
    add(
      "LineChart",
      pairs.map { a, b in
        LineChart(
          x: "", y: "",
          series: [.init("", x: a, y: b, lower: b, upper: a, style: .min, dash: .max)],
          references: [.init(b.first ?? .nan, "")])
      }
        + axes.flatMap { x in
          axes.map { LineChart(x: x, y: $0, series: [.init("s", y: Edges.numbers, style: .max)]) }
        })
    self.add("LineChart.Series.distribution", columns) {
      LineChart.Series.distribution("d", of: $0).x.count
    }
    add(
      "BarChart",
      pairs.map { a, b in
        BarChart(
          y: "", categories: a.map { "\($0)" }, series: [.init("", b, errors: a), .init("", a)],
          references: [.init(a.first ?? .nan, "")], showsValues: true)
      }
        + axes.map {
          BarChart(y: $0, categories: ["a", "b"], series: [.init("s", Edges.numbers)])
        })
    add(
      "HeatMap",
      pairs.map { a, b in HeatMap(columns: ["a"], rows: [], values: [a, b, []], showsValues: true) }
        + axes.map { HeatMap(values: [Edges.numbers], color: $0, map: .sequential) })
    add(
      "Histogram",
      pairs.map { a, b in Histogram(x: "", samples: [.init("", a), .init("", b)]) }
        + axes.flatMap { x in
          [nil, .min, 0, 1, .max].map {
            Histogram(
              x: x, y: .log(""), samples: [.init("s", Edges.numbers)], height: .fraction, bins: $0)
          }
        })
    let grey = Edges.sizes.filter { $0 < 1 << 20 || $0 == .max }
    let images = [0, 1, 3].flatMap { width in
      [0, 1, 3].map { GreyImage(width: width, height: $0, pixels: [1, 2, 3]) }
    }
    self.add("GreyImage.init", grey, grey) {
      GreyImage(width: $0, height: $1, pixels: [0]).pixels.count
    }
    self.add("GreyImage.init", grey, columns) {
      GreyImage(width: $0, height: 2, values: $1.map { Float($0) }).pixels.count
    }
    self.add("GreyImage.init", [1 << 33, 1 << 20], [1 << 20, 1 << 33]) {
      GreyImage(width: $0, height: $1, pixels: []).pixels.count
    }
    add(
      "ImageGrid",
      [nil, .min, 0, 1, 3, .max].map { count in
        ImageGrid(cells: images.map { .init($0, caption: "a\0", isMarked: true) }, columns: count)
      } + [ImageGrid(cells: [])])
    add(
      "ParallelCoordinates",
      pairs.map { a, b in
        ParallelCoordinates(
          dimensions: [.init("x"), .init("c", categories: ["a"]), .init("", categories: [])],
          rows: [.init(a, outcome: b.first ?? .nan), .init(b), .init([])], outcome: "")
      }
        + axes.map {
          ParallelCoordinates(
            dimensions: [.init($0), .init(.log("")), .init("", categories: [])],
            rows: Edges.numbers.map { .init([$0, $0, $0], outcome: $0) }, outcome: $0)
        } + [ParallelCoordinates(dimensions: [], rows: [], outcome: "")])
    add(
      "Scatter",
      pairs.map { a, b in
        Scatter(
          x: "", y: "", categories: ["a"],
          groups: [.init("", x: a, y: b, sizes: a, shades: b, style: .min, marker: .max)])
      }
        + axes.flatMap { x in
          axes.map {
            Scatter(
              x: x, y: $0,
              groups: [
                .init("s", x: Edges.numbers, y: Edges.numbers, shades: Edges.numbers, marker: .min)
              ], shade: x)
          }
        })
    add(
      "SmallMultiples",
      [nil, .min, 0, 1, 2, .max].flatMap { count in
        [0, 1, 3, 20].map { number in
          SmallMultiples(
            figures: (0..<number).map { _ in LineChart(x: "", y: "", series: []) }, columns: count,
            shade: .log(""))
        }
      })
    add(
      "Surface",
      pairs.map { a, b in
        Surface(
          x: "", y: "", z: "", xs: a, ys: b, values: [a, b, []],
          path: a.map { .init(x: $0, y: $0, z: $0) },
          paths: [
            .init("a\0<", b.map { .init(x: $0, y: $0) }, style: .min), .init("b", []),
          ])
      }
        + Edges.numbers.flatMap { azimuth in
          Edges.numbers.map {
            Surface(
              x: "", y: "", z: .log(""), xs: [0, 1], ys: [0, 1], values: [[1, 2], [3, 4]],
              azimuth: azimuth, elevation: $0)
          }
        })
    self.add("SimplexPlot.centers", [Int.min, -1, 0, 1, 3, Int.max]) {
      SimplexPlot.centers($0).count
    }
    add(
      "SimplexPlot",
      columns.map { a in
        SimplexPlot(
          corners: ["a\0<"], subdivisions: a.count, values: a, points: [a, [], Edges.numbers])
      } + [SimplexPlot(corners: [], subdivisions: .min, values: [])])
    add(
      "GraphPlot",
      columns.map { a in
        GraphPlot(
          nodes: a.map { "\($0)" },
          edges: a.indices.map { .init($0, $0 + 1, label: "a\0<", weight: a[$0], kind: .min) }
            + [.init(.min, .max), .init(1, 0), .init(0, 0)], kinds: ["a\0<"])
      } + [GraphPlot(nodes: [], edges: [])])
    add(
      "SpacePlot",
      columns.map { a in
        SpacePlot(
          axes: ["", "a\0<"], groups: [.init("a", [a, []], style: .min)], lines: [[a], [[], a]],
          faces: [[a, a, a], []])
      }
        + Edges.numbers.map {
          SpacePlot(axes: [], groups: [], azimuth: $0, elevation: $0)
        })
    add(
      "SpaceScatter",
      columns.flatMap { a in
        axes.map { axis in
          var group = SpaceScatter.Group(
            "a", [a, [], Array(a.reversed())], style: .min, isOpen: a.isEmpty, hasStems: true)
          group.trials = [.max]
          return SpaceScatter(x: axis, y: "", z: axis, groups: [group], remark: "a\0<")
        }
      }
        + Edges.numbers.map {
          SpaceScatter(
            x: "", y: "", z: "", groups: [],
            viewpoint: Viewpoint(azimuth: $0, elevation: $0))
        })
    add(
      "Timeline",
      pairs.map { a, b in
        Timeline(
          x: "", lanes: ["a"], states: [.init("s", style: .min)],
          spans: zip(a, b).map { .init(lane: 0, start: $0, end: $1, state: 0) })
      }
        + Edges.integers.map {
          Timeline(
            x: "", lanes: ["a"], states: [.init("s", style: $0)],
            spans: [.init(lane: $0, start: 0, end: nil, state: $0, label: "a\0")])
        } + [
          Timeline(
            x: "", lanes: [], states: [], spans: [.init(lane: 0, start: 1, end: 0, state: 0)])
        ])
    self.add("Figure.svg") { LineChart(x: "", y: "", series: []).svg().count }
  }

  fileprivate mutating func addStudyFigures() {
    @Sendable func figures(_ kinds: [Event.Kind], _ metrics: [String]) throws -> StudyFigures {
      let specification = try changed(Studies.specification()) {
        $0.objectives = metrics.map { Objective($0) }
      }
      var history = History()
      for number in 0..<3 {
        for (index, kind) in try (Studies.begun() + kinds).enumerated() {
          _ = try? history.take(kind, of: number, at: index == 1 ? .nan : 1e308)
        }
      }
      return StudyFigures(specification, history)
    }
    let kinds = Studies.kinds
    let outcomes = Edges.numbers.map { Event.Kind.finished(attempt: 1, .complete([$0, $0])) }
    let asked: [[String]] = [[], ["loss"], ["loss", "time"], ["none"], ["loss", "loss"]]
    for kind in StudyPlot.all {
      for metrics in [["loss"], ["loss", "time"], ["a", "b", "c"]] {
        add("StudyFigures.pictures", kinds + outcomes, asked) { one, names in
          let figures = try figures([one], metrics)
          return try figures.pictures(kind, of: names, comparedWith: [figures]).map(\.fileName)
        }
      }
      add("StudyFigures.applies", asked) { try figures([], ["loss"]).applies(kind, to: $0) }
    }
    add("StudyPlot.init", ["", "history", "front\0"]) { StudyPlot(named: $0)?.name ?? "" }
    for kinds in [[], outcomes] {
      add("StudyFigures.showing", asked) { names in
        try names.map { metric in
          try figures(kinds, ["loss"]).showing(Objective(metric)).pictures(.history).map(\.fileName)
        }
      }
      add("StudyComparison.init", asked) { names in
        try names.map { metric in
          let all = try [figures(kinds, ["loss"]), figures([], ["loss"])]
          return try StudyComparison(all, of: metric, scale: .log, joinsSeeds: true).svg.count
        }
      }
    }
    add("StudyFigures.pictures", StudyPlot.all.map(\.name)) { name in
      guard let kind = StudyPlot(named: name) else { return [] }
      let specification = try changed(Studies.specification()) { $0.objectives = [] }
      return try StudyFigures(specification, [Trial]()).pictures(kind).map(\.fileName)
    }
  }
}
