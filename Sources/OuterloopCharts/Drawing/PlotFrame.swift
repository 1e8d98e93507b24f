/// The contents of a chart's frame with two axes.
struct PlotRequest: Sendable {
  /// One axis: its label, its scale, and names instead of numbers if it counts categories 0, 1, ...
  struct Side: Sendable {
    var label: String
    var scale: Scale
    var categories: [String]?
    /// Row 0 on top instead of at the bottom.
    var isReversed = false
  }

  var title: String
  var x: Side
  var y: Side
  var legend: [LegendEntry] = []
  /// Notes under the picture, such as how many points could not be shown.
  var notes: [String] = []
  /// Horizontal lines whose labels are at the right of the plot.
  var references: [ReferenceLine] = []
  /// Space at the right of the plot kept free for the caller, in pixels.
  var reserve: Double = 0
  var hasGrid = true
}

/// The frame of a chart with two axes: it lays out title, labels, ticks and legend so that nothing
/// overlaps, draws them, and maps data to pixels inside the rest, `plot`.
struct PlotFrame: Sendable {
  let plot: Box
  /// The space the labels of reference lines take at the right of the plot, in pixels.
  let referenceWidth: Double
  private let request: PlotRequest

  /// Lays the chart out and draws everything but the data.
  init(_ request: PlotRequest, on canvas: inout Canvas) {
    self.request = request
    let theme = canvas.theme
    var area = FigureText.draw(title: request.title, notes: request.notes, on: &canvas)
    let legend = Legend(request.legend, in: area, theme: theme)
    let whole = area
    switch legend.place {
    case .none: break
    case .below: area = area.inset(bottom: legend.extent)
    case .right: area = area.inset(right: legend.extent)
    }

    // The heights first, then what depends on them: the ticks of y, hence the left margin, the width
    // of the plot, and the ticks of x.
    let labels = ReferenceLabels(request.references, room: area.width * 0.28, theme: theme)
    referenceWidth = labels.width
    let xLabelHeight = request.x.label.isEmpty ? theme.tick * 0.3 : theme.label * 1.5
    let yLabelWidth = request.y.label.isEmpty ? 0 : theme.label * 1.6
    var names = CategoryLabels([], width: 1, theme: theme)
    var left = 0.0
    var box = area
    var yTicks = Ticks(for: request.y.scale, count: 2)
    // Slanted names change the height, which can change the ticks: the last pass settles it.
    for _ in 0..<3 {
      let tickHeight = request.x.categories == nil ? theme.tick * 1.6 : names.height
      let height = max(20, area.height - theme.tick * 0.6 - tickHeight - xLabelHeight)
      yTicks = PlotFrame.ticks(of: request.y, length: height, spacing: theme.tick * 2.9)
      let widest = yTicks.major.map { TextWidth.of($0.label, size: theme.tick) }.max() ?? 0
      left = min(widest + theme.tick * 0.9, area.width * 0.32) + yLabelWidth
      left = max(left, min(names.overhang, area.width * 0.22))
      let right = max(theme.tick * 1.2, labels.width + request.reserve)
      box = Box(
        x: area.x + left, y: area.y + theme.tick * 0.6,
        width: max(20, area.width - left - right), height: height)
      names = CategoryLabels(request.x.categories ?? [], width: box.width, theme: theme)
    }
    plot = box
    let xTicks = PlotFrame.horizontalTicks(of: request.x, width: box.width, theme: theme)

    canvas.rect(box, fill: "#ffffff")
    drawGrid(xTicks, yTicks, on: &canvas)
    canvas.rect(box, fill: "none", stroke: Stroke(color: Theme.frame))
    drawLabels(xTicks, yTicks, names, left: area.x + yLabelWidth, on: &canvas)
    drawAxisNames(
      xTicks, yTicks, bottom: area.maxY - theme.label * 0.35, left: area.x, on: &canvas)
    labels.draw(on: &canvas, frame: self)
    switch legend.place {
    case .none: break
    case .below: legend.draw(on: &canvas, in: whole.inset(top: whole.height - legend.extent))
    case .right:
      legend.draw(
        on: &canvas,
        in: Box(x: whole.maxX - legend.extent, y: box.y, width: legend.extent, height: box.height))
    }
  }

  /// The pixel column of a value on the horizontal axis.
  func x(_ value: Double) -> Double {
    let share = request.x.scale.fraction(value)
    return plot.x + plot.width * (request.x.isReversed ? 1 - share : share)
  }

  /// The pixel row of a value on the vertical axis.
  func y(_ value: Double) -> Double {
    let share = request.y.scale.fraction(value)
    return plot.y + plot.height * (request.y.isReversed ? share : 1 - share)
  }

  func pixel(_ xValue: Double, _ yValue: Double) -> Pixel { Pixel(x: x(xValue), y: y(yValue)) }

  /// Whether a pixel is in the plot; its markers are then drawn whole, even over the edge.
  func contains(_ pixel: Pixel) -> Bool {
    pixel.x >= plot.x - 0.5 && pixel.x <= plot.maxX + 0.5 && pixel.y >= plot.y - 0.5
      && pixel.y <= plot.maxY + 0.5
  }

  /// Draws the lines across the plot whose labels stand beside it.
  func drawReferences(on canvas: inout Canvas) {
    for (index, line) in request.references.enumerated() {
      let row = y(line.value)
      canvas.line(
        Pixel(x: plot.x, y: row), Pixel(x: plot.maxX, y: row),
        ReferenceLabels.stroke(index, theme: canvas.theme))
    }
  }

  /// Writes in the middle of the plot why it is empty.
  func drawEmpty(_ text: String, on canvas: inout Canvas) {
    let size = canvas.theme.label
    canvas.text(
      TextWidth.fit(text, into: plot.width, size: size),
      at: Pixel(x: plot.midX, y: plot.midY + size * 0.35), size: size, anchor: .middle,
      color: Theme.soft)
  }

  // MARK: Ticks

  /// Ticks for a length in pixels, at least `spacing` apart.
  private static func ticks(of side: PlotRequest.Side, length: Double, spacing: Double) -> Ticks {
    guard let names = side.categories else {
      return Ticks(for: side.scale, count: Int(length / spacing))
    }
    // Lines of text need about 40% of the spacing of numbers.
    let stride = CategoryLabels.stride(spacing * 0.42 * Double(names.count) / length)
    var result = Ticks(for: side.scale, count: 2)
    result.minor = []
    result.major = Swift.stride(from: 0, to: names.count, by: stride).map {
      Tick(value: Double($0), label: names[$0])
    }
    return result
  }

  /// Ticks along the bottom, as many as fit without touching labels.
  private static func horizontalTicks(
    of side: PlotRequest.Side, width: Double, theme: Theme
  ) -> Ticks {
    guard side.categories == nil else { return Ticks(for: side.scale, count: 2) }
    var count = max(2, Int(width / (theme.tick * 4)))
    while true {
      var ticks = Ticks(for: side.scale, count: count)
      let fits = zip(ticks.major, ticks.major.dropFirst()).allSatisfy { one, next in
        let distance = (side.scale.fraction(next.value) - side.scale.fraction(one.value)) * width
        let need =
          TextWidth.of(one.label, size: theme.tick) + TextWidth.of(next.label, size: theme.tick)
        return distance >= need / 2 + theme.tick * 0.8
      }
      if fits { return ticks }
      if count == 2 {
        ticks.major.removeSubrange(min(1, ticks.major.count)...)
        return ticks
      }
      count -= 1
    }
  }

  // MARK: Drawing

  private func drawGrid(_ xTicks: Ticks, _ yTicks: Ticks, on canvas: inout Canvas) {
    guard request.hasGrid else { return }
    let faint = Stroke(color: Theme.faintGrid)
    let grid = Stroke(color: Theme.grid)
    let vertical = { (canvas: inout Canvas, value: Double, stroke: Stroke) in
      canvas.line(Pixel(x: x(value), y: plot.y), Pixel(x: x(value), y: plot.maxY), stroke)
    }
    let horizontal = { (canvas: inout Canvas, value: Double, stroke: Stroke) in
      canvas.line(Pixel(x: plot.x, y: y(value)), Pixel(x: plot.maxX, y: y(value)), stroke)
    }
    for value in yTicks.minor { horizontal(&canvas, value, faint) }
    if request.x.categories == nil {
      for value in xTicks.minor { vertical(&canvas, value, faint) }
      for tick in xTicks.major { vertical(&canvas, tick.value, grid) }
    }
    if request.y.categories == nil {
      for tick in yTicks.major { horizontal(&canvas, tick.value, grid) }
    }
  }

  private func drawLabels(
    _ xTicks: Ticks, _ yTicks: Ticks, _ names: CategoryLabels, left: Double,
    on canvas: inout Canvas
  ) {
    let size = canvas.theme.tick
    let mark = Stroke(color: Theme.frame)
    for tick in yTicks.major {
      let row = y(tick.value)
      canvas.line(Pixel(x: plot.x - 4, y: row), Pixel(x: plot.x, y: row), mark)
      canvas.text(
        TextWidth.fit(tick.label, into: plot.x - size * 0.7 - left + 1, size: size),
        at: Pixel(x: plot.x - size * 0.6, y: row + size * 0.35), size: size, anchor: .end)
    }
    if request.x.categories != nil {
      names.draw(on: &canvas, frame: self)
      return
    }
    for tick in xTicks.major {
      let column = x(tick.value)
      canvas.line(Pixel(x: column, y: plot.maxY), Pixel(x: column, y: plot.maxY + 4), mark)
      canvas.text(
        tick.label, at: Pixel(x: column, y: plot.maxY + size * 1.4), size: size, anchor: .middle)
    }
  }

  private func drawAxisNames(
    _ xTicks: Ticks, _ yTicks: Ticks, bottom: Double, left: Double, on canvas: inout Canvas
  ) {
    let size = canvas.theme.label
    let base = { (side: PlotRequest.Side, ticks: Ticks) in side.categories == nil ? ticks.base : ""
    }
    canvas.text(
      TextWidth.fit(request.x.label + base(request.x, xTicks), into: plot.width, size: size),
      at: Pixel(x: plot.midX, y: bottom), size: size, anchor: .middle)
    canvas.text(
      TextWidth.fit(request.y.label + base(request.y, yTicks), into: plot.height, size: size),
      at: Pixel(x: left + size, y: plot.midY), size: size, anchor: .middle, turn: -90)
  }
}
