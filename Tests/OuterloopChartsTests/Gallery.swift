import OuterloopCharts
import Testing

/// Figures to run the laws of the room over: an everyday one and degenerate ones of every type.
struct Specimen: Sendable, CustomTestStringConvertible {
  var name: String
  var figure: any Figure
  var testDescription: String { name }

  init(_ name: String, _ figure: any Figure) {
    self.name = name
    self.figure = figure
  }
}

enum Gallery {
  static let specials = "<a> & \"b\" 'c' \u{1}\u{FFFE} 日本語 𝛌  ends"
  static let long = String(repeating: "very long name ", count: 30)
  static let strange: [Double] = [
    .nan, .infinity, -.infinity, 0, -0.0, -1, 1e300, -1e300, .leastNonzeroMagnitude, 1e-290, 1e100,
    3,
  ]

  static let everyday: [Specimen] = [
    Specimen("lines", lines(series: 3)),
    Specimen("lines with references", references),
    Specimen("histogram", histogram),
    Specimen("images", images(12)),
    Specimen("scatter", scatter),
    Specimen("history", history),
    Specimen("slices", slices),
    Specimen("slice of choices", slice(ofChoices: 60)),
    Specimen("Pareto front", paretoFront),
    Specimen("configurations", configurations),
    Specimen("distributions", distributions),
    Specimen("timeline", timeline(workers: 4, trials: 30)),
    Specimen("bars", bars),
    Specimen("heat map", heatMap),
    Specimen("surface", surface),
    Specimen("surface with paths", surfacePaths),
    Specimen(
      "simplex",
      SimplexPlot(
        title: "Density", corners: ["first", "second", "third"], subdivisions: 4,
        values: SimplexPlot.centers(4).map { $0[0] * $0[1] }, points: [[0.2, 0.3, 0.5]],
        remark: "largest in the middle of a side")),
    Specimen(
      "space",
      SpacePlot(
        title: "Simplex", axes: ["first", "second", "third"],
        groups: [
          .init("corners", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]), .init("middle", [[0.3, 0.3, 0.4]]),
        ],
        lines: [[[0, 0, 0], [1, 1, 1]]], faces: [[[1, 0, 0], [0, 1, 0], [0, 0, 1]]])),
    Specimen(
      "graph",
      GraphPlot(
        title: "A cell", nodes: ["in", "1", "2"],
        edges: [
          .init(0, 1, label: "conv", weight: 0.7, kind: 0), .init(0, 1, weight: 0.3, kind: 1),
          .init(0, 2, label: "max", weight: 1, kind: 1), .init(1, 2, weight: 0.1),
        ], kinds: ["convolution", "maximum"], remark: "as wide as their weights")),
    Specimen(
      "multiples", SmallMultiples(title: "All", figures: [bars, histogram, heatMap, scatter])),
  ]

  static let degenerate: [Specimen] = [
    Specimen("no series", LineChart(x: "x", y: "y", series: [])),
    Specimen("no points", LineChart(x: "x", y: "y", series: [.init("a", y: [])])),
    Specimen("one point", LineChart(x: "x", y: "y", series: [.init("a", y: [5])])),
    Specimen(
      "one point, log", LineChart(x: .log("x"), y: .log("y"), series: [.init("a", x: [2], y: [5])])),
    Specimen("all equal", LineChart(x: "x", y: "y", series: [.init("a", y: [0, 0, 0])])),
    Specimen("strange", LineChart(x: "x", y: "y", series: [.init("a", x: strange, y: strange)])),
    Specimen(
      "strange, log",
      LineChart(x: .log("x"), y: .log("y"), series: [.init("a", x: strange, y: strange)])),
    Specimen("huge", LineChart(x: "x", y: "y", series: [.init("a", y: [1e279, -1e279])])),
    Specimen(
      "tiny",
      LineChart(
        x: .log("x"), y: "y", series: [.init("a", x: [1e-279, 1e279], y: [1e-250, 2e-250])])),
    Specimen(
      "offset",
      LineChart(x: "x", y: "y", series: [.init("a", x: [1e15, 1e15 + 1], y: [-5.0000000001, -5])])),
    Specimen(
      "bad range",
      LineChart(
        x: Axis("x", range: 3...3), y: .log("y", range: -1...1), series: [.init("a", y: [1, 2])])),
    Specimen(
      "far outside",
      LineChart(
        x: Axis("x", range: 0...1e-9), y: "y", series: [.init("a", x: [0, 1e12], y: [1, 2])])),
    Specimen(
      "uneven",
      LineChart(x: "x", y: "y", series: [.init("a", x: [1, 2, 3], y: [1], lower: [0], upper: [])])),
    Specimen(
      "long",
      LineChart(
        title: long, x: Axis(long), y: Axis(long), series: [.init(long, y: [1, 2])],
        references: [.init(1, long), .init(.nan, "x"), .init(1, "y")])),
    Specimen(
      "special",
      LineChart(
        title: specials, x: Axis(specials), y: Axis(specials), series: [.init(specials, y: [1, 2])])
    ),
    Specimen("many series", lines(series: 200)),
    Specimen("empty histogram", Histogram(x: "x", samples: [])),
    Specimen(
      "strange histogram",
      Histogram(x: "x", y: .log("n"), samples: [.init("a", strange), .init(specials, [])])),
    Specimen(
      "log histogram",
      Histogram(x: .log("x"), samples: [.init("a", strange)], height: .fraction, bins: -3)),
    Specimen("equal histogram", Histogram(x: "x", samples: [.init("a", [7, 7])])),
    Specimen("no images", ImageGrid(title: specials, cells: [])),
    Specimen("too many images", images(3000)),
    Specimen(
      "empty image",
      ImageGrid(
        cells: [.init(GreyImage(width: 0, height: -4, pixels: []), caption: specials)], columns: 0)),
    Specimen("no groups", Scatter(x: "x", y: "y", groups: [])),
    Specimen(
      "strange scatter",
      Scatter(
        x: "x", y: .log("y"), groups: [.init(specials, x: strange, y: strange, sizes: strange)])),
    Specimen(
      "strange shades",
      Scatter(
        x: "x", y: "y", categories: [specials, long, "c"],
        groups: [
          .init("a", x: strange, y: strange, shades: strange),
          .init("b", x: [0, 1, 2, 3, -1], y: [1, 2, 3, 4, 5], shades: [7]),
        ], curves: [.init(specials, x: strange, y: strange, isStepped: true)],
        references: [.init(1, long)], shade: .log(specials))),
    Specimen(
      "long shades",
      Scatter(
        title: long, x: Axis(long), y: Axis(long), categories: [long, long, long],
        groups: [.init(long, x: [0, 1, 2], y: [1, 2, 3], shades: [1, 2, 3])],
        curves: [.init(long, x: [0, 2], y: [1, 2])], references: [.init(2, long)],
        shade: Axis(long))),
    Specimen(
      "no distribution",
      LineChart(
        x: "x", y: "y",
        series: [
          .distribution("a", of: []), .distribution("b", of: [.nan, .infinity]),
          .distribution("c", of: strange),
        ])),
    Specimen("no lanes", Timeline(x: "s", lanes: [], states: [], spans: [])),
    Specimen("crowded timeline", timeline(workers: 700, trials: 2000)),
    Specimen(
      "long timeline",
      Timeline(
        title: long, x: Axis(long), y: long, lanes: [long, long], states: [.init(long)],
        spans: [.init(lane: 0, start: 0, end: 1, state: 0, label: long)])),
    Specimen(
      "strange timeline",
      Timeline(
        x: .log("s"), lanes: [specials, "b"], states: [.init(specials), .init("", style: -3)],
        spans: strange.flatMap { start in
          strange.map {
            .init(lane: 1, start: start, end: $0, state: start == 3 ? 1 : 0, label: specials)
          } + [
            .init(lane: -1, start: 1, end: 2, state: 0), .init(lane: 0, start: 1, end: 2, state: 9),
            .init(lane: 0, start: start, end: nil, state: 1),
          ]
        })),
    Specimen("no bars", BarChart(y: "y", categories: [], series: [])),
    Specimen(
      "strange bars",
      BarChart(
        y: "y", categories: [specials, long], series: [.init("a", strange, errors: strange)],
        showsValues: true)),
    Specimen(
      "log bars",
      BarChart(
        y: .log("y"), categories: ["a", "b", "c"],
        series: [.init("a", [-1, 1, 1e5], errors: [1, 2, .nan])], showsValues: true)),
    Specimen("no cells", HeatMap(values: [])),
    Specimen(
      "ragged cells",
      HeatMap(
        columns: [long], rows: [specials], values: [[], strange, [1]], color: .log(specials),
        showsValues: true)),
    Specimen("equal cells", HeatMap(values: [[0, 0]], map: .diverging, showsValues: true)),
    Specimen("no surface", Surface(x: "x", y: "y", z: "z", xs: [], ys: [], values: [])),
    Specimen(
      "flat surface",
      Surface(
        x: "x", y: "y", z: "z", xs: [1, 1], ys: [2, 3], values: [[1, 1], [1, 1]],
        path: [.init(x: 1, y: 2)])),
    Specimen(
      "strange surface",
      Surface(
        title: specials, x: .log("x"), y: "y", z: .log("z"), xs: strange, ys: strange,
        values: strange.map { a in strange.map { a * $0 } },
        path: strange.map { .init(x: $0, y: 3, z: $0) }, azimuth: .nan, elevation: .infinity)),
    Specimen(
      "no dimensions", ParallelCoordinates(dimensions: [], rows: [.init([1])], outcome: "o")),
    Specimen(
      "one dimension",
      ParallelCoordinates(dimensions: [.init("a")], rows: [.init([1], outcome: 3)], outcome: "o")),
    Specimen(
      "strange lines",
      ParallelCoordinates(
        dimensions: [.init("a"), .init(.log(long)), .init(specials, categories: ["p"])],
        rows: strange.map { .init([$0, $0, 7], outcome: $0) } + [.init([])], outcome: .log("o"))),
    Specimen("no figures", SmallMultiples(figures: [])),
    Specimen("long key", SmallMultiples(figures: [scatter], shade: .log(long))),
    Specimen(
      "too many figures",
      SmallMultiples(
        figures: (0..<40).map { _ in LineChart(x: "x", y: "y", series: []) }, columns: -1)),
  ]

  static func lines(series count: Int) -> LineChart {
    LineChart(
      title: "Loss", x: "epoch", y: .log("loss"),
      series: (0..<count).map { index in
        .init("series \(index)", y: (0..<40).map { 1 / Double($0 + index + 1) })
      })
  }

  static let references = LineChart(
    title: "Accuracy", x: "corrupted, %", y: "test accuracy, %",
    series: [.init("cleaned", x: [0, 20, 40], y: [91, 90.6, 90.1])],
    references: [.init(90.5, "oracle 90.5"), .init(90.4, "clean only"), .init(90.45, "third")])

  static let histogram = Histogram(
    title: "Weights", x: "weight",
    samples: [
      .init("clean", (0..<300).map { 1 - Double($0 * $0) / 200_000 }),
      .init("corrupted", (0..<200).map { Double($0 * $0) / 100_000 }),
    ])

  static func images(_ count: Int) -> ImageGrid {
    ImageGrid(
      title: "Digits",
      cells: (0..<count).map { index in
        let pixels = (0..<64).map { UInt8(($0 * 4 + index) & 255) }
        return .init(
          GreyImage(width: 8, height: 8, pixels: pixels), caption: "7 -> 3  w=0.00",
          isMarked: index == 1)
      })
  }

  static let scatter = Scatter(
    title: "Trials", x: .log("learning rate"), y: "error, %",
    groups: [
      .init("a", x: [1e-4, 1e-3, 1e-2], y: [3, 2, 5]), .init("b", x: [1e-3], y: [4], sizes: [3]),
    ])

  static let bars = BarChart(
    title: "Cost", y: "seconds",
    categories: ["reverse", "forward", "implicit, conjugate gradients"],
    series: [.init("CPU", [1.5, 3, 0.4], errors: [0.2, 0.4, 0.1]), .init("other", [2, -1, 1])],
    references: [.init(2.5, "peer")], showsValues: true)

  static let heatMap = HeatMap(
    title: "Loss", x: "lr", y: "decay", columns: ["0.1", "1", "10"], rows: ["a", "b"],
    values: [[1, 2, 3], [4, .nan, 6]], color: "loss", showsValues: true)

  static let surface: Surface = {
    let grid = (0..<12).map { Double($0) / 11 }
    let height = { (x: Double, y: Double) -> Double in (x - 0.5) * (x - 0.5) + y * y }
    return Surface(
      title: "Surface", x: "h", y: "w", z: "loss", xs: grid, ys: grid,
      values: grid.map { x in grid.map { height(x, $0) } },
      path: [.init(x: 0, y: 1), .init(x: 0.5, y: 0.2)])
  }()

  /// Two ways that meet: their names have no room at their ends, and stand in a legend.
  static let surfacePaths: Surface = {
    var figure = surface
    let ends: [Surface.Point] = [.init(x: 0.5, y: 0.2), .init(x: 0.5, y: 0.19)]
    figure.paths = ["gradient descent", "momentum", "Adam", "L-BFGS", "Newton"].enumerated().map {
      .init($1, [.init(x: Double($0) / 5, y: 1), ends[$0 % 2]])
    }
    return figure
  }()
}
