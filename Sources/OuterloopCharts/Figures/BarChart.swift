internal import OuterloopText

/// Bars side by side: a group for each category, in it a bar for each series, with error bars.
public struct BarChart: Figure {
  /// One bar in every category.
  public struct Series: Sendable, Hashable {
    /// Its name in the legend; empty keeps it out of the legend.
    public var name: String
    /// A height for each category; missing ones and those that are not numbers have no bar.
    public var values: [Double]
    /// Half the length of the error bar of each value, in data units; empty means none.
    public var errors: [Double]
    /// The interval of each value, drawn as its error bar instead of `errors`; empty means none.
    public var ranges: [ClosedRange<Double>]

    /// A value of the properties of the same names.
    public init(
      _ name: String, _ values: [Double], errors: [Double] = [], ranges: [ClosedRange<Double>] = []
    ) {
      self.name = name
      self.values = values
      self.errors = errors
      self.ranges = ranges
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// What the categories are; may be empty.
  public var x: String
  /// The vertical axis.
  public var y: Axis
  /// The categories, from left to right.
  public var categories: [String]
  /// The series, in the order of their colours.
  public var series: [Series]
  /// Known values to compare with, drawn as dashed lines.
  public var references: [ReferenceLine]
  /// Whether each bar is labelled with its value (four significant digits), where there is room.
  public var showsValues: Bool

  /// A value of the properties of the same names.
  public init(
    title: String = "", x: String = "", y: Axis, categories: [String], series: [Series],
    references: [ReferenceLine] = [], showsValues: Bool = false
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.categories = categories
    self.series = series
    self.references = references
    self.showsValues = showsValues
  }

  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let lines = references.filter { Scale.canShow($0.value, y.scale) }
    var ends = lines.map(\.value)
    var (shown, missing) = (0, 0)
    for one in series {
      for (index, value) in one.values.prefix(categories.count).enumerated() {
        guard Scale.canShow(value, y.scale) else {
          missing += 1
          continue
        }
        shown += 1
        ends.append(value)
        if let range = BarChart.range(of: one, at: index) { ends += [range.low, range.high] }
      }
    }
    if y.scale == .linear { ends.append(0) }
    let slots = Double(max(1, categories.count))
    let frame = PlotFrame(
      PlotRequest(
        title: title,
        x: .init(
          label: x, scale: Scale(showing: [], kind: .linear, range: -0.5...slots - 0.5),
          categories: categories),
        y: .init(label: y.label, scale: verticalScale(ends)),
        legend: series.enumerated().map { index, one in
          LegendEntry(
            name: one.name,
            mark: .block(fill: Palette.color(index), opacity: 0.85, BarChart.outline))
        },
        notes: [FigureText.missing(missing, "bar", isLog: y.scale == .log)], references: lines),
      on: &canvas)
    canvas.clipped(to: frame.plot) { canvas in
      frame.drawReferences(on: &canvas)
      for index in series.indices { drawBars(of: index, on: &canvas, frame: frame) }
    }
    if shown == 0 { frame.drawEmpty("no bars to show", on: &canvas) }
    return canvas.document(label: title)
  }

  private static let outline = Stroke(color: "#333333", width: 0.8)

  /// The ends of a value's error bar; nil: it has none.
  private static func range(of series: Series, at index: Int) -> (low: Double, high: Double)? {
    if index < series.ranges.count {
      let range = series.ranges[index]
      guard Scale.canShow(range.lowerBound, .linear), Scale.canShow(range.upperBound, .linear),
        range.lowerBound < range.upperBound
      else { return nil }
      return (range.lowerBound, range.upperBound)
    }
    guard index < series.errors.count else { return nil }
    let (value, error) = (series.values[index], abs(series.errors[index]))
    guard error > 0, Scale.canShow(error, .linear) else { return nil }
    return (value - error, value + error)
  }

  /// Bars start at zero and end a little under the frame, with room for their labels.
  private func verticalScale(_ ends: [Double]) -> Scale {
    let room = showsValues ? 0.12 : 0.06
    guard y.scale == .linear, y.range == nil else {
      return Scale(showing: ends, kind: y.scale, range: y.range, padding: 0.1)
    }
    let usable = ends.filter { Scale.canShow($0, .linear) }
    let (low, high) = (usable.min() ?? 0, usable.max() ?? 0)
    guard high > low else { return Scale(showing: [], kind: .linear, range: 0...1) }
    let length = high - low
    return Scale(
      showing: ends, kind: .linear,
      range: (low < 0 ? low - length * room : 0)...(high > 0 ? high + length * room : 0))
  }

  private func drawBars(of position: Int, on canvas: inout Canvas, frame: PlotFrame) {
    let theme = canvas.theme
    let slot = frame.plot.width / Double(max(1, categories.count))
    let width = min(slot * 0.76 / Double(series.count), frame.plot.width * 0.16)
    let ground = y.scale == .linear ? frame.y(0) : frame.plot.maxY
    let one = series[position]
    for (index, value) in one.values.prefix(categories.count).enumerated() {
      guard Scale.canShow(value, y.scale) else { continue }
      let left = frame.x(Double(index)) + (Double(position) - Double(series.count) / 2) * width
      let row = frame.y(value)
      canvas.rect(
        Box(x: left, y: min(row, ground), width: width * 0.94, height: abs(ground - row)),
        fill: Palette.color(position), stroke: BarChart.outline, opacity: 0.85)
      let range = BarChart.range(of: one, at: index)
      let middle = left + width * 0.47
      var top = min(row, range.map { frame.y($0.high) } ?? row)
      if let range {
        let bottom = Scale.canShow(range.low, y.scale) ? frame.y(range.low) : frame.plot.maxY
        drawError(x: middle, top: top, bottom: bottom, cap: min(width * 0.25, 6), on: &canvas)
        if value < 0 { top = bottom }
      }
      if value < 0, range == nil { top = row }
      let text = NumberText.significant(value, digits: 4)
      let size = theme.note
      guard showsValues, TextWidth.of(text, size: size) <= width * (series.count == 1 ? 1.25 : 1)
      else { continue }
      canvas.text(
        text, at: Pixel(x: middle, y: value < 0 ? top + size * 1.1 : top - size * 0.4), size: size,
        anchor: .middle)
    }
  }

  private func drawError(
    x: Double, top: Double, bottom: Double, cap: Double, on canvas: inout Canvas
  ) {
    let stroke = Stroke(color: "#111111", width: 1.4)
    canvas.line(Pixel(x: x, y: top), Pixel(x: x, y: bottom), stroke)
    for end in [top, bottom] {
      canvas.line(Pixel(x: x - cap, y: end), Pixel(x: x + cap, y: end), stroke)
    }
  }
}
