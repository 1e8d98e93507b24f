/// Curves over a common horizontal axis: losses over steps, errors over a hyperparameter.
///
/// Points that cannot be shown leave gaps. Series differ by colour, dash and marker.
public struct LineChart: Figure {
  /// One curve, with a band around it if asked for.
  public struct Series: Sendable, Hashable {
    /// Its name in the legend; empty keeps it out of the legend.
    public var name: String
    /// Horizontal positions, in data units. Beyond the shorter of `x` and `y` nothing is drawn.
    public var x: [Double]
    /// Vertical positions, in data units.
    public var y: [Double]
    /// The lower edge of the band, a value for each point; empty means no band.
    public var lower: [Double]
    /// The upper edge of the band, a value for each point.
    public var upper: [Double]
    /// Whether points get markers; `nil` decides by their number.
    public var markers: Bool?
    /// Whether the points are joined by a line; otherwise they are isolated.
    public var hasLine: Bool
    /// Whether the value holds until the next point, as a best-so-far curve does.
    public var isStepped: Bool
    /// Which colour, dash and marker; `nil` is the series' position in the chart.
    public var style: Int?
    /// Which dash, 0 for none; `nil` is that of the style.
    public var dash: Int?
    /// The trial whose curve it is; nil: none. It is recorded in the document for interactive use.
    public var trial: Int?

    /// A curve through the points (`x[i]`, `y[i]`).
    public init(
      _ name: String, x: [Double], y: [Double], lower: [Double] = [], upper: [Double] = [],
      markers: Bool? = nil, hasLine: Bool = true, isStepped: Bool = false, style: Int? = nil,
      dash: Int? = nil
    ) {
      self.name = name
      self.x = x
      self.y = y
      self.lower = lower
      self.upper = upper
      self.markers = markers
      self.hasLine = hasLine
      self.isStepped = isStepped
      self.style = style
      self.dash = dash
    }

    /// A curve through the points (0, `y[0]`), (1, `y[1]`), ...
    public init(_ name: String, y: [Double], markers: Bool? = nil, style: Int? = nil) {
      self.init(name, x: y.indices.map(Double.init), y: y, markers: markers, style: style)
    }

    /// The empirical distribution of values: for each value the fraction of values up to it, a step
    /// function from 0. Infinities and NaN count but are not drawn, so that failures keep the line
    /// below 1.
    ///
    /// - Complexity: O(n log n).
    public static func distribution(_ name: String, of values: [Double], style: Int? = nil)
      -> Series
    {
      let below = values.count { $0 == -.infinity }
      let finite = values.filter(\.isFinite).sorted()
      let share = { (count: Int) in Double(below + count) / Double(values.count) }
      return Series(
        name, x: finite.prefix(1) + finite, y: (0..<finite.count + min(1, finite.count)).map(share),
        markers: false, isStepped: true, style: style)
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// The series, in the order of their colours.
  public var series: [Series]
  /// Known values to compare with, drawn as dashed lines; the vertical axis makes room for them.
  public var references: [ReferenceLine]
  /// Positions on the horizontal axis marked by thin vertical lines.
  public var marks: [Double]
  /// A note under the picture.
  public var remark: String

  /// A chart of curves.
  public init(
    title: String = "", x: Axis, y: Axis, series: [Series], references: [ReferenceLine] = [],
    marks: [Double] = [], remark: String = ""
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
    self.references = references
    self.marks = marks
    self.remark = remark
  }

  /// - Complexity: O(n) in the number of points; the document grows with the width, not with n.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    var (xs, ys, missing): ([Double], [Double], Int) = ([], [], 0)
    for curve in series {
      for (index, point) in zip(curve.x, curve.y).enumerated() {
        if isVisible(point.0, point.1) {
          xs.append(point.0)
          ys.append(point.1)
          if let band = band(of: curve, at: index) { ys += [band.lower, band.upper] }
        } else {
          missing += 1
        }
      }
    }
    let lines = references.filter { Scale.canShow($0.value, y.scale) }
    let hasLog = x.scale == .log || y.scale == .log
    let frame = PlotFrame(
      PlotRequest(
        title: title,
        x: .init(
          label: x.label, scale: Scale(showing: xs, kind: x.scale, range: x.range, padding: 0.02)),
        y: .init(
          label: y.label,
          scale: Scale(showing: ys + lines.map(\.value), kind: y.scale, range: y.range)),
        legend: series.indices.map { entry($0, theme: canvas.theme) },
        notes: [remark, FigureText.missing(missing, "point", isLog: hasLog)], references: lines),
      on: &canvas)
    canvas.clipped(to: frame.plot) { canvas in
      for (index, curve) in series.enumerated() {
        drawBand(of: curve, style: curve.style ?? index, on: &canvas, frame: frame)
      }
      for mark in marks where Scale.canShow(mark, x.scale) {
        canvas.line(
          Pixel(x: frame.x(mark), y: frame.plot.y), Pixel(x: frame.x(mark), y: frame.plot.maxY),
          Stroke(color: Theme.soft, width: canvas.theme.line * 0.5, dash: "2 3"))
      }
      frame.drawReferences(on: &canvas)
      drawLines(on: &canvas, frame: frame)
    }
    drawMarkers(on: &canvas, frame: frame)
    if xs.isEmpty { frame.drawEmpty("no points to show", on: &canvas) }
    return canvas.document(label: title)
  }

  /// Draws the lines into a frame with these axes, to which the canvas is clipped.
  func drawLines(on canvas: inout Canvas, frame: PlotFrame) {
    for (index, curve) in series.enumerated() {
      drawLine(of: curve, style: curve.style ?? index, on: &canvas, frame: frame)
    }
  }

  func drawMarkers(on canvas: inout Canvas, frame: PlotFrame) {
    for (index, curve) in series.enumerated() {
      drawMarkers(of: curve, style: curve.style ?? index, on: &canvas, frame: frame)
    }
  }

  private func isVisible(_ xValue: Double, _ yValue: Double) -> Bool {
    Scale.canShow(xValue, x.scale) && Scale.canShow(yValue, y.scale)
  }

  /// The edges of a curve's band at a point, if it has usable ones.
  private func band(of curve: Series, at index: Int) -> (lower: Double, upper: Double)? {
    guard index < curve.lower.count, index < curve.upper.count else { return nil }
    let (lower, upper) = (curve.lower[index], curve.upper[index])
    guard Scale.canShow(lower, y.scale), Scale.canShow(upper, y.scale) else { return nil }
    return (lower, upper)
  }

  private func stroke(_ curve: Series, style: Int, theme: Theme) -> Stroke {
    Stroke(
      color: Palette.color(style), width: theme.line, dash: Palette.dash(curve.dash ?? style))
  }

  private func hasMarkers(_ curve: Series) -> Bool {
    curve.markers ?? (!curve.hasLine || curve.x.count <= 24)
  }

  func entry(_ index: Int, theme: Theme) -> LegendEntry {
    let style = series[index].style ?? index
    let marker = hasMarkers(series[index]) ? Palette.marker(style) : nil
    if !series[index].hasLine {
      return LegendEntry(
        name: series[index].name, mark: .point(Palette.marker(style), fill: Palette.color(style)))
    }
    return LegendEntry(
      name: series[index].name,
      mark: .line(stroke(series[index], style: style, theme: theme), marker))
  }

  private func drawBand(of curve: Series, style: Int, on canvas: inout Canvas, frame: PlotFrame) {
    var (upper, lower): ([Pixel?], [Pixel?]) = ([], [])
    for (index, point) in zip(curve.x, curve.y).enumerated() {
      let edges = isVisible(point.0, point.1) ? band(of: curve, at: index) : nil
      upper.append(edges.map { frame.pixel(point.0, $0.upper) })
      lower.append(edges.map { frame.pixel(point.0, $0.lower) })
    }
    for (top, bottom) in zip(Runs.split(upper), Runs.split(lower)) {
      let outline = Runs.thinned(top) + Runs.thinned(bottom).reversed()
      canvas.polygon(outline, fill: Palette.color(style), opacity: 0.18)
    }
  }

  /// The runs of a curve between its gaps.
  private func runs(of curve: Series, frame: PlotFrame) -> [[Pixel]] {
    Runs.split(zip(curve.x, curve.y).map { isVisible($0, $1) ? frame.pixel($0, $1) : nil })
  }

  private func drawLine(of curve: Series, style: Int, on canvas: inout Canvas, frame: PlotFrame) {
    guard curve.hasLine else { return }
    canvas.trial = curve.trial
    defer { canvas.trial = nil }
    for run in runs(of: curve, frame: frame) {
      let thinned = Runs.thinned(curve.isStepped ? LineChart.steps(through: run) : run)
      canvas.polyline(thinned, stroke(curve, style: style, theme: canvas.theme))
    }
  }

  private func drawMarkers(
    of curve: Series, style: Int, on canvas: inout Canvas, frame: PlotFrame
  ) {
    let (marker, radius) = (Palette.marker(style), canvas.theme.line * 1.7)
    canvas.trial = curve.trial
    defer { canvas.trial = nil }
    // A point between two gaps has no line, so it always shows.
    for run in runs(of: curve, frame: frame) where hasMarkers(curve) || run.count == 1 {
      for pixel in run where frame.contains(pixel) {
        marker.draw(on: &canvas, at: pixel, radius: radius, fill: Palette.color(style))
      }
    }
  }

  /// The run with every value held until the next point.
  private static func steps(through run: [Pixel]) -> [Pixel] {
    var result: [Pixel] = []
    for pixel in run {
      if let last = result.last { result.append(Pixel(x: pixel.x, y: last.y)) }
      result.append(pixel)
    }
    return result
  }
}
