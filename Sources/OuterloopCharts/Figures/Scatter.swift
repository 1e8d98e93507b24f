/// Points in the plane, in classes told apart by colour and shape.
public struct Scatter: Figure {
  /// The points of one class.
  public struct Group: Sendable, Hashable {
    /// Its name in the legend; empty keeps it out of the legend.
    public var name: String
    /// Horizontal places, in data units. Beyond the shorter of `x` and `y` nothing is drawn.
    public var x: [Double]
    /// Vertical places, in data units.
    public var y: [Double]
    /// Areas of the points relative to the usual one, for each point; empty means all 1.
    public var sizes: [Double]
    /// Which colour and shape; `nil` is the group's position in the chart.
    public var style: Int?

    /// The points (`x[i]`, `y[i]`).
    public init(_ name: String, x: [Double], y: [Double], sizes: [Double] = [], style: Int? = nil) {
      self.name = name
      self.x = x
      self.y = y
      self.sizes = sizes
      self.style = style
    }
  }

  public var title: String
  public var x: Axis
  public var y: Axis
  public var groups: [Group]
  /// Known values to compare with, drawn as dashed horizontal lines.
  public var references: [ReferenceLine]

  public init(
    title: String = "", x: Axis, y: Axis, groups: [Group], references: [ReferenceLine] = []
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.groups = groups
    self.references = references
  }

  /// - Complexity: O(n) in the number of points.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    var (xs, ys, missing): ([Double], [Double], Int) = ([], [], 0)
    for group in groups {
      for (xValue, yValue) in zip(group.x, group.y) {
        if Scale.canShow(xValue, x.scale), Scale.canShow(yValue, y.scale) {
          xs.append(xValue)
          ys.append(yValue)
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
        x: .init(label: x.label, scale: Scale(showing: xs, kind: x.scale, range: x.range)),
        y: .init(
          label: y.label,
          scale: Scale(showing: ys + lines.map(\.value), kind: y.scale, range: y.range)),
        legend: groups.enumerated().map { index, group in
          let style = group.style ?? index
          return LegendEntry(
            name: group.name, mark: .point(Palette.marker(style), fill: Palette.color(style)))
        },
        notes: [Furniture.missing(missing, "point", isLog: hasLog)], references: lines),
      on: &canvas)
    canvas.clipped(to: frame.plot) { canvas in
      for (index, line) in lines.enumerated() {
        let row = frame.y(line.value)
        canvas.line(
          Pixel(x: frame.plot.x, y: row), Pixel(x: frame.plot.maxX, y: row),
          ReferenceLabels.stroke(index, theme: canvas.theme))
      }
    }
    // Many points are drawn smaller and let others shine through.
    let usual = canvas.theme.line * (xs.count > 2000 ? 1.1 : xs.count > 300 ? 1.6 : 2.1)
    let opacity = xs.count > 2000 ? 0.45 : xs.count > 300 ? 0.65 : 0.85
    for (index, group) in groups.enumerated() {
      draw(
        group, style: group.style ?? index, radius: usual, opacity: opacity, on: &canvas,
        frame: frame)
    }
    if xs.isEmpty { frame.drawEmpty("no points to show", on: &canvas) }
    return canvas.document(label: title)
  }

  private func draw(
    _ group: Group, style: Int, radius: Double, opacity: Double, on canvas: inout Canvas,
    frame: PlotFrame
  ) {
    for (index, point) in zip(group.x, group.y).enumerated() {
      guard Scale.canShow(point.0, x.scale), Scale.canShow(point.1, y.scale) else { continue }
      let pixel = frame.pixel(point.0, point.1)
      guard frame.contains(pixel) else { continue }
      let area = index < group.sizes.count ? group.sizes[index] : 1
      let share = area.isFinite ? max(0.05, min(40, area)).squareRoot() : 1
      Palette.marker(style).draw(
        on: &canvas, at: pixel, radius: radius * share,
        fill: Palette.color(style), opacity: opacity,
        outline: opacity > 0.8 ? Stroke(color: "#ffffff", width: 0.7) : nil)
    }
  }
}
