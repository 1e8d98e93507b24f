internal import OuterloopText

/// Points in the plane, in classes distinguished by colour and shape, with optional curves: the
/// best value so far, a front.
public struct Scatter: Figure {
  /// The points of one class.
  public struct Group: Sendable, Hashable {
    /// Its name in the legend; empty keeps it out of the legend.
    public var name: String
    /// Horizontal positions, in data units. Beyond the shorter of `x` and `y` nothing is drawn.
    public var x: [Double]
    /// Vertical positions, in data units.
    public var y: [Double]
    /// Areas of the points relative to the default, for each point; empty means all 1.
    public var sizes: [Double]
    /// What the figure's `shade` shows as colour, for each point; empty means the class's colour.
    public var shades: [Double]
    /// Which colour and shape; `nil` is the group's position in the chart.
    public var style: Int?
    /// Which shape, 0 for circles; `nil` is that of the style.
    public var marker: Int?
    /// Whether points are drawn as outlines, as for points beyond the picture.
    public var isOpen: Bool
    /// The numbers of the trials that the points represent; empty if none. They are recorded in the document
    /// for interactive use.
    public var trials: [Int] = []

    /// The points (`x[i]`, `y[i]`).
    public init(
      _ name: String, x: [Double], y: [Double], sizes: [Double] = [], shades: [Double] = [],
      style: Int? = nil, marker: Int? = nil, isOpen: Bool = false
    ) {
      self.name = name
      self.x = x
      self.y = y
      self.sizes = sizes
      self.shades = shades
      self.style = style
      self.marker = marker
      self.isOpen = isOpen
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// Names of the choices 0, 1, ... along the horizontal axis; empty for numbers. Points of a choice
  /// are spread sideways, so that they can be distinguished.
  public var categories: [String]
  /// The same for the vertical axis.
  public var rowCategories: [String]
  /// Later ones are drawn over earlier ones.
  public var groups: [Group]
  /// Lines under the points; unless they have a style, their colours follow those of the groups. The
  /// first one is solid.
  public var curves: [LineChart.Series]
  /// Known values to compare with, drawn as dashed horizontal lines.
  public var references: [ReferenceLine]
  /// What the colours of shaded points and of the field show; `nil` ignores shades.
  public var shade: Axis?
  /// A grid of values over the axes, drawn as colours under the points: rows from the bottom to the top,
  /// evenly spaced on the axes' scales; empty for none.
  public var field: [[Double]]
  /// Whether a colour bar explains the shades; figures side by side can share one instead.
  public var hasShadeKey: Bool
  /// A note under the picture.
  public var remark: String

  /// A value of the properties of the same names.
  public init(
    title: String = "", x: Axis, y: Axis, categories: [String] = [],
    rowCategories: [String] = [], groups: [Group], curves: [LineChart.Series] = [],
    references: [ReferenceLine] = [], shade: Axis? = nil, field: [[Double]] = [],
    hasShadeKey: Bool = true, remark: String = ""
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.categories = categories
    self.rowCategories = rowCategories
    self.groups = groups
    self.curves = curves
    self.references = references
    self.shade = shade
    self.field = field
    self.hasShadeKey = hasShadeKey
    self.remark = remark
  }

  /// - Complexity: O(n) in the number of points. Classes of more than 1000 points are drawn as dots,
  ///   about 13 bytes of the document for each.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    var (xs, ys, missing): ([Double], [Double], Int) = ([], [], 0)
    for group in groups {
      for (xValue, yValue) in zip(group.x, group.y) {
        if canShow(xValue, yValue) {
          xs.append(xValue)
          ys.append(yValue)
        } else {
          missing += 1
        }
      }
    }
    let pointCount = xs.count
    for curve in curves {
      for (xValue, yValue) in zip(curve.x, curve.y) where canShow(xValue, yValue) {
        xs.append(xValue)
        ys.append(yValue)
      }
    }
    let lines = references.filter { Scale.canShow($0.value, y.scale) }
    let bar = colorBar(height: canvas.box.height * 0.7, theme: canvas.theme)
    let overlay = overlay
    let frame = PlotFrame(
      PlotRequest(
        title: title, x: Self.side(x, categories, xs),
        y: Self.side(y, rowCategories, ys + lines.map(\.value)),
        legend: legend(hasBar: bar != nil)
          + overlay.series.indices.map { overlay.entry($0, theme: canvas.theme) },
        notes: [remark, note(missing)], references: lines,
        reserve: hasShadeKey ? bar?.width ?? 0 : 0),
      on: &canvas)
    if hasShadeKey {
      bar?.draw(on: &canvas, rightOf: frame.plot, gap: frame.referenceWidth)
    }
    canvas.clipped(to: frame.plot) { canvas in
      if let bar { drawField(bar, on: &canvas, frame: frame) }
      frame.drawReferences(on: &canvas)
      overlay.drawLines(on: &canvas, frame: frame)
    }
    overlay.drawMarkers(on: &canvas, frame: frame)
    // Many points are drawn smaller and translucent.
    let usual = canvas.theme.line * (pointCount > 2000 ? 1.1 : pointCount > 300 ? 1.6 : 2.1)
    let opacity = pointCount > 2000 ? 0.45 : pointCount > 300 ? 0.65 : 0.85
    for (index, group) in groups.enumerated() {
      draw(
        group, style: group.style ?? index, radius: usual, opacity: opacity, bar: bar, on: &canvas,
        frame: frame)
    }
    if xs.isEmpty { frame.drawEmpty("no points to show", on: &canvas) }
    return canvas.document(label: title)
  }

  private func canShow(_ xValue: Double, _ yValue: Double) -> Bool {
    Self.canShow(xValue, x, categories) && Self.canShow(yValue, y, rowCategories)
  }

  private static func canShow(_ value: Double, _ axis: Axis, _ categories: [String]) -> Bool {
    if categories.isEmpty { return Scale.canShow(value, axis.scale) }
    return value >= -0.5 && value < Double(categories.count) - 0.5
  }

  private func note(_ missing: Int) -> String {
    guard categories.isEmpty, rowCategories.isEmpty else {
      if missing == 0 { return "" }
      return "\(NumberText.count(missing, "point")) not shown (no such choice, or no such value)"
    }
    return FigureText.missing(missing, "point", isLog: x.scale == .log || y.scale == .log)
  }

  private static func side(
    _ axis: Axis, _ categories: [String], _ values: [Double]
  ) -> PlotRequest.Side {
    guard !categories.isEmpty else {
      return .init(
        label: axis.label, scale: Scale(showing: values, kind: axis.scale, range: axis.range))
    }
    return .init(
      label: axis.label,
      scale: Scale(showing: [], kind: .linear, range: -0.5...Double(categories.count) - 0.5),
      categories: categories)
  }

  /// The curves as a chart of their own on the same axes.
  private var overlay: LineChart {
    LineChart(
      x: categories.isEmpty ? x : Axis(x.label), y: rowCategories.isEmpty ? y : Axis(y.label),
      series: curves.enumerated().map { index, curve in
        var curve = curve
        curve.style = curve.style ?? groups.count + index
        curve.dash = curve.dash ?? index
        curve.markers = curve.markers ?? false
        return curve
      })
  }

  private func legend(hasBar: Bool) -> [LegendEntry] {
    groups.enumerated().map { index, group in
      let style = group.style ?? index
      let isShaded = hasBar && !group.shades.isEmpty
      let (marker, color) = (
        Palette.marker(group.marker ?? style), isShaded ? Theme.soft : Palette.color(style)
      )
      return LegendEntry(
        name: group.name,
        mark: group.isOpen ? .openPoint(marker, color: color) : .point(marker, fill: color))
    }
  }

  /// The key of the shades, if any point has one.
  private func colorBar(height: Double, theme: Theme) -> ColorBar? {
    guard let shade else { return nil }
    let shades = (groups.map(\.shades) + field).joined().filter {
      Scale.canShow($0, shade.scale)
    }
    guard !shades.isEmpty else { return nil }
    return ColorBar(
      shade.label, scale: Scale(showing: shades, kind: shade.scale, range: shade.range, padding: 0),
      map: .sequential, height: height, theme: theme)
  }

  /// Cells of one colour side by side share an element.
  private func drawField(_ bar: ColorBar, on canvas: inout Canvas, frame: PlotFrame) {
    let height = frame.plot.height / Double(max(field.count, 1))
    for (row, values) in field.enumerated() {
      let width = frame.plot.width / Double(max(values.count, 1))
      let colors = values.map {
        Scale.canShow($0, shade?.scale ?? .linear) ? bar.color($0).hex : nil
      }
      var start = 0
      while start < colors.count {
        var end = start + 1
        while end < colors.count, colors[end] == colors[start] { end += 1 }
        if let color = colors[start] {
          canvas.rect(
            Box(
              x: frame.plot.x + width * Double(start),
              y: frame.plot.maxY - height * Double(row + 1), width: width * Double(end - start),
              height: height), fill: color, isCrisp: true)
        }
        start = end
      }
    }
  }

  private func draw(
    _ group: Group, style: Int, radius: Double, opacity: Double, bar: ColorBar?,
    on canvas: inout Canvas, frame: PlotFrame
  ) {
    let marker = Palette.marker(group.marker ?? style)
    var dots = Dots(radius: radius, opacity: opacity)
    for (index, point) in zip(group.x, group.y).enumerated() where canShow(point.0, point.1) {
      let column = categories.isEmpty ? point.0 : point.0 + Scatter.spread(index)
      // Another sequence than that of the columns: cells are filled evenly.
      let row =
        rowCategories.isEmpty
        ? point.1
        : point.1
          + (categories.isEmpty
            ? Scatter.spread(index) : Scatter.spread(index, by: 0.754_877_666_246_692_8))
      let pixel = frame.pixel(column, row)
      guard frame.contains(pixel) else { continue }
      let area = index < group.sizes.count ? group.sizes[index] : 1
      let share = area.isFinite ? max(0.05, min(40, area)).squareRoot() : 1
      let shade = index < group.shades.count ? group.shades[index] : nil
      canvas.trial = index < group.trials.count ? group.trials[index] : nil
      if group.x.count > 1000, group.sizes.isEmpty, !group.isOpen {
        let fill = bar.flatMap { bar in shade.map { bar.coarseColor($0).hex } }
        dots.add(pixel, fill: fill ?? Palette.color(style), trial: canvas.trial, on: &canvas)
        continue
      }
      let fill = bar.flatMap { bar in shade.map { bar.color($0).hex } } ?? Palette.color(style)
      if group.isOpen {
        marker.drawOpen(on: &canvas, at: pixel, radius: max(radius, 2) * share, color: fill)
        continue
      }
      marker.draw(
        on: &canvas, at: pixel, radius: radius * share, fill: fill, opacity: opacity,
        outline: opacity > 0.8 || !field.isEmpty ? Stroke(color: "#ffffff", width: 0.7) : nil)
    }
    dots.flush(on: &canvas)
    canvas.trial = nil
  }

  /// Steps of the golden ratio fill the middle of a choice's column evenly, however many there are.
  private static func spread(_ index: Int, by step: Double = 0.618_033_988_749_894_9) -> Double {
    let steps = Double(index) * step
    return (steps - steps.rounded(.down) - 0.5) * 0.5
  }
}
