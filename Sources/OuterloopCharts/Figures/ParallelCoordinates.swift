internal import OuterloopText

/// Many configurations at once: an upright axis for each hyperparameter, a line for each
/// configuration, its colour the outcome. The better lines are drawn on top of the others.
public struct ParallelCoordinates: Figure {
  /// One upright axis.
  public struct Dimension: Sendable, Hashable {
    /// The axis: label, scale and limits.
    public var axis: Axis
    /// Names of the choices 0, 1, ... of a categorical hyperparameter; empty for numbers.
    public var categories: [String]
    /// The label for configurations without a value here, such as `off`: their lines pass below the
    /// axis, at this label. Empty: the line has a gap.
    public var absence: String

    /// A numeric axis.
    public init(_ axis: Axis, absence: String = "") {
      self.axis = axis
      self.absence = absence
      categories = []
    }

    /// An axis of named choices, whose values are indices into `categories`.
    public init(_ name: String, categories: [String], absence: String = "") {
      axis = Axis(name)
      self.absence = absence
      self.categories = categories
    }
  }

  /// One configuration.
  public struct Row: Sendable, Hashable {
    /// A value for each dimension; `nan` where the configuration has none, which leaves a gap or
    /// passes below the axis.
    public var values: [Double]
    /// The outcome, shown as colour; lines whose outcome is NaN are grey.
    public var outcome: Double
    /// Whether the last value is beyond its axis and drawn, marked, at the edge.
    public var isBeyond: Bool
    /// The trial of this configuration; nil: none. It is recorded in the document for interactive use.
    public var trial: Int?

    /// A value of the properties of the same names.
    public init(_ values: [Double], outcome: Double = .nan, isBeyond: Bool = false) {
      self.values = values
      self.outcome = outcome
      self.isBeyond = isBeyond
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// The upright axes, from left to right.
  public var dimensions: [Dimension]
  /// The lines, one for each configuration.
  public var rows: [Row]
  /// What the outcome is; linear or logarithmic.
  public var outcome: Axis
  /// Whether small outcomes are good, hence on top.
  public var isSmallerBetter: Bool
  /// A note under the picture.
  public var remark: String

  /// A value of the properties of the same names.
  public init(
    title: String = "", dimensions: [Dimension], rows: [Row], outcome: Axis,
    isSmallerBetter: Bool = true, remark: String = ""
  ) {
    self.title = title
    self.dimensions = dimensions
    self.rows = rows
    self.outcome = outcome
    self.isSmallerBetter = isSmallerBetter
    self.remark = remark
  }

  /// - Complexity: O(n log n) in the number of rows.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let theme = canvas.theme
    let outcomes = rows.map(\.outcome).filter { Scale.canShow($0, outcome.scale) }
    let scales = dimensions.indices.map(scale)
    let broken = rows.filter { row in
      dimensions.indices.contains {
        position(row, $0, scales[$0]) == nil && !isAbsent(row, $0)
      }
    }.count
    let note = broken > 0 ? "\(NumberText.count(broken, "line")) with values missing" : ""
    let area = FigureText.draw(title: title, notes: [remark, note], on: &canvas)
    let bar = ColorBar(
      outcome.label,
      scale: Scale(showing: outcomes, kind: outcome.scale, range: outcome.range, padding: 0),
      map: .sequential, height: area.height * 0.8, theme: theme)
    guard !dimensions.isEmpty, !rows.isEmpty else {
      canvas.text(
        "no configurations to show", at: Pixel(x: area.midX, y: area.midY), size: theme.label,
        anchor: .middle, color: Theme.soft)
      return canvas.document(label: title)
    }
    // The first axis needs room for its tick labels and half its name.
    let ticks = dimensions.indices.map { self.ticks($0, scales[$0], height: area.height, theme) }
    let widest = ticks[0].map { TextWidth.of($0.label, size: theme.tick) }.max() ?? 0
    let halfName = TextWidth.of(dimensions[0].axis.label, size: theme.label) / 2
    let most = area.width / Double(dimensions.count) * 0.6
    let left = min(max(widest + theme.tick, halfName), max(most, theme.tick * 3))
    let hasBar = !outcomes.isEmpty
    let right = (hasBar ? bar.width + theme.tick : 0) + theme.tick * 2
    let span = max(1, area.width - left - right)
    let names = AxisNames(
      dimensions.map(\.axis.label),
      spacing: dimensions.count > 1 ? span / Double(dimensions.count - 1) : span, edge: left,
      limit: area.height * 0.28,
      theme: theme)
    // Lines that pass below an axis do so at the bottom of the area.
    let hasAbsence = dimensions.indices.contains { axis in rows.contains { isAbsent($0, axis) } }
    let plot = area.inset(
      left: left, top: names.height, right: right,
      bottom: theme.tick * (hasAbsence ? 2.4 : 0.8))
    let below = hasAbsence ? plot.maxY + theme.tick * 1.6 : nil
    let columns = dimensions.indices.map { index in
      dimensions.count == 1
        ? plot.midX : plot.x + plot.width * Double(index) / Double(dimensions.count - 1)
    }
    if hasBar { bar.draw(on: &canvas, rightOf: plot, gap: theme.tick * 2) }
    drawLines(columns, scales, bar: bar, plot: plot, below: below, on: &canvas)
    for index in dimensions.indices {
      drawAxis(columns, index, scale: scales[index], ticks: ticks[index], plot: plot, on: &canvas)
      if let below, rows.contains(where: { isAbsent($0, index) }) {
        drawAbsence(columns, index, below: below, on: &canvas)
      }
    }
    names.draw(on: &canvas, columns: columns, bottom: plot.y)
    markBeyond(columns, scales, bar: bar, plot: plot, on: &canvas)
    return canvas.document(label: title)
  }

  private func scale(_ index: Int) -> Scale {
    let dimension = dimensions[index]
    let values = rows.compactMap { index < $0.values.count ? $0.values[index] : nil }
    guard !dimension.categories.isEmpty else {
      return Scale(
        showing: values, kind: dimension.axis.scale, range: dimension.axis.range, padding: 0.02)
    }
    let last = Double(max(1, dimension.categories.count - 1))
    return Scale(showing: [], kind: .linear, range: -last * 0.05...last * 1.05)
  }

  /// How far up a row crosses an axis, 0...1; `nil` where it does not.
  private func position(_ row: Row, _ index: Int, _ scale: Scale) -> Double? {
    guard index < row.values.count, scale.canShow(row.values[index]) else { return nil }
    let share = scale.fraction(row.values[index])
    return share >= -1e-9 && share <= 1 + 1e-9 ? share : nil
  }

  /// Whether a row's value is absent here on an axis that shows absence.
  private func isAbsent(_ row: Row, _ index: Int) -> Bool {
    !dimensions[index].absence.isEmpty && index < row.values.count && row.values[index].isNaN
  }

  private func ticks(_ index: Int, _ scale: Scale, height: Double, _ theme: Theme) -> [Tick] {
    let names = dimensions[index].categories
    if names.isEmpty { return Ticks(for: scale, count: Int(height / (theme.tick * 4))).major }
    let stride = max(1, Int((Double(names.count) * theme.tick * 1.6 / height).rounded(.up)))
    return Swift.stride(from: 0, to: names.count, by: stride).map {
      Tick(value: Double($0), label: names[$0])
    }
  }

  private func drawLines(
    _ columns: [Double], _ scales: [Scale], bar: ColorBar, plot: Box, below: Double?,
    on canvas: inout Canvas
  ) {
    let rank = { (row: Row) -> Double in
      guard Scale.canShow(row.outcome, outcome.scale) else { return -.infinity }
      return isSmallerBetter ? -row.outcome : row.outcome
    }
    let order = rows.indices.sorted { (rank(rows[$0]), $0) < (rank(rows[$1]), $1) }
    let many = rows.count > 100
    for (place, index) in order.enumerated() {
      let row = rows[index]
      let hasOutcome = Scale.canShow(row.outcome, outcome.scale)
      let isBest = hasOutcome && place == order.count - 1
      let stroke = Stroke(
        color: hasOutcome ? bar.color(row.outcome).hex : "#bbbbbb",
        width: canvas.theme.line * (isBest ? 1.8 : many ? 0.5 : 0.75),
        opacity: isBest ? 1 : many ? 0.5 : 0.75)
      let points = columns.indices.map { (axis) -> Pixel? in
        let share = position(row, axis, scales[axis])
        let level = share.map { plot.maxY - $0 * plot.height }
        return (level ?? (isAbsent(row, axis) ? below : nil)).map { Pixel(x: columns[axis], y: $0) }
      }
      canvas.trial = row.trial
      for run in Runs.split(points) {
        canvas.polyline(run, stroke)
        if run.count == 1 { canvas.circle(run[0], radius: stroke.width * 1.5, fill: stroke.color) }
      }
    }
    canvas.trial = nil
  }

  /// Open circles where lines meet the last axis at its edge.
  private func markBeyond(
    _ columns: [Double], _ scales: [Scale], bar: ColorBar, plot: Box, on canvas: inout Canvas
  ) {
    guard let column = columns.last, let scale = scales.last else { return }
    var levels: Set<Double> = []
    for row in rows where row.isBeyond {
      // Of many at one position only one is visible.
      guard let share = position(row, dimensions.count - 1, scale), levels.insert(share).inserted
      else { continue }
      let hasOutcome = Scale.canShow(row.outcome, outcome.scale)
      Marker.circle.drawOpen(
        on: &canvas, at: Pixel(x: column, y: plot.maxY - share * plot.height),
        radius: canvas.theme.line * 2, color: hasOutcome ? bar.color(row.outcome).hex : "#8c8c8c")
    }
  }

  private func drawAbsence(
    _ columns: [Double], _ index: Int, below: Double, on canvas: inout Canvas
  ) {
    let size = canvas.theme.tick
    let column = columns[index]
    canvas.line(
      Pixel(x: column, y: below - size * 0.4), Pixel(x: column, y: below + size * 0.4),
      Stroke(color: "#444444", width: 1.3))
    let spacing = columns.count > 1 ? columns[1] - columns[0] : canvas.box.width / 2
    canvas.text(
      TextWidth.fit(dimensions[index].absence, into: index == 0 ? column : spacing, size: size),
      at: Pixel(x: column - size * 0.55, y: below + size * 0.35), size: size, anchor: .end,
      halo: true)
  }

  private func drawAxis(
    _ columns: [Double], _ index: Int, scale: Scale, ticks: [Tick], plot: Box,
    on canvas: inout Canvas
  ) {
    let size = canvas.theme.tick
    let column = columns[index]
    let stroke = Stroke(color: "#444444", width: 1.3)
    canvas.line(
      Pixel(x: column, y: plot.y), Pixel(x: column, y: plot.maxY), stroke, axis: index)
    let spacing = columns.count > 1 ? columns[1] - columns[0] : plot.width
    for tick in ticks {
      let y = plot.maxY - scale.fraction(tick.value) * plot.height
      canvas.line(Pixel(x: column - 4, y: y), Pixel(x: column, y: y), stroke)
      let room = index == 0 ? column - size * 0.7 : spacing - size
      canvas.text(
        TextWidth.fit(tick.label, into: room, size: size),
        at: Pixel(x: column - size * 0.55, y: y + size * 0.35), size: size, anchor: .end, halo: true
      )
    }
  }
}

/// The names above the axes: level in one or two lines where they fit, otherwise slanted.
private struct AxisNames {
  /// The space they take above the plot, in pixels.
  let height: Double
  private let lines: [[String]]
  private let isSlanted: Bool
  private let size: Double

  /// - Parameters:
  ///   - spacing: from axis to axis, in pixels.
  ///   - edge: from the left end of the space to the first axis.
  ///   - limit: how high slanted names may reach.
  init(_ names: [String], spacing: Double, edge: Double, limit: Double, theme: Theme) {
    size = theme.label
    let wrapped = names.enumerated().map { index, name in
      let room = index == 0 ? min(spacing * 0.94, edge * 2) : spacing * 0.94
      return TextWidth.wrap(name, into: room, lines: 2, size: theme.label)
    }
    isSlanted = wrapped.contains { $0.contains { $0.last == "…" } }
    let room = max(theme.label * 8, limit * 2)
    lines = isSlanted ? names.map { [TextWidth.fit($0, into: room, size: theme.label)] } : wrapped
    let widest = lines.map { TextWidth.of($0.joined(), size: theme.label) }.max() ?? 0
    height =
      isSlanted
      ? widest / 2 + theme.label * 1.6
      : theme.label * (0.9 + 1.15 * Double(lines.map(\.count).max() ?? 1))
  }

  func draw(on canvas: inout Canvas, columns: [Double], bottom: Double) {
    for (column, texts) in zip(columns, lines) {
      for (index, text) in texts.enumerated() {
        let row = bottom - size * (0.7 + 1.15 * Double(texts.count - 1 - index))
        // Slanted by 30 degrees: half as high as long. The end may be cut by the picture's edge.
        let room = isSlanted ? max(0, canvas.box.width - column - size) / 0.87 : .infinity
        canvas.text(
          TextWidth.fit(text, into: room, size: size), at: Pixel(x: column, y: row), size: size,
          anchor: isSlanted ? .start : .middle, turn: isSlanted ? -30 : 0)
      }
    }
  }
}
