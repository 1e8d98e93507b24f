/// The key of a colour map: a vertical bar with ticks and a label.
struct ColorBar: Sendable {
  let scale: Scale
  let map: ColorMap
  /// The space it takes at the right of a plot, in pixels.
  let width: Double
  private let label: String
  private let ticks: Ticks
  private let size: Double
  private let labelSize: Double

  /// - Parameter height: of the bar, about; it decides the number of ticks.
  init(_ label: String, scale: Scale, map: ColorMap, height: Double, theme: Theme) {
    self.label = label
    self.scale = scale
    self.map = map
    size = theme.tick
    labelSize = theme.label
    ticks = Ticks(for: scale, count: max(2, min(8, Int(height / (theme.tick * 3)))))
    let widest = ticks.major.map { TextWidth.of($0.label, size: theme.tick) }.max() ?? 0
    width = theme.tick * (1.2 + 1.2 + 0.8) + widest + (label.isEmpty ? 0 : theme.tick * 1.9)
  }

  /// A scale for colours: the values' own range, symmetric around zero for a diverging map.
  static func scale(
    for values: some Sequence<Double>, kind: AxisScale, range: ClosedRange<Double>?, map: ColorMap
  ) -> Scale {
    guard map == .diverging, range == nil, kind == .linear else {
      return Scale(showing: values, kind: kind, range: range, padding: 0)
    }
    let both = values.flatMap { [$0, -$0] }
    return Scale(showing: both, kind: .linear, padding: 0)
  }

  func color(_ value: Double) -> RGB {
    map.color(scale.canShow(value) ? scale.fraction(value) : .nan)
  }

  /// One of 64 colours, so that many neighbours have the same.
  func coarseColor(_ value: Double) -> RGB {
    map.color(scale.canShow(value) ? (scale.fraction(value) * 63).rounded() / 63 : .nan)
  }

  /// Draws the bar at the right of `plot`, along its whole height.
  func draw(on canvas: inout Canvas, rightOf plot: Box, gap: Double = 0) {
    let bar = Box(
      x: plot.maxX + gap + size * 1.2, y: plot.y, width: size * 1.2, height: plot.height)
    let strips = 64
    for index in 0..<strips {
      let share = (Double(index) + 0.5) / Double(strips)
      let height = bar.height / Double(strips)
      let top = bar.maxY - Double(index + 1) * height
      canvas.rect(
        Box(x: bar.x, y: top, width: bar.width, height: height), fill: map.color(share).hex,
        isCrisp: true)
    }
    canvas.rect(bar, fill: "none", stroke: Stroke(color: Theme.frame))
    for tick in ticks.major {
      let y = bar.maxY - scale.fraction(tick.value) * bar.height
      canvas.line(
        Pixel(x: bar.maxX, y: y), Pixel(x: bar.maxX + 4, y: y), Stroke(color: Theme.frame))
      canvas.text(
        tick.label, at: Pixel(x: bar.maxX + size * 0.6, y: y + size * 0.35), size: size)
    }
    canvas.text(
      TextWidth.fit(label + ticks.base, into: bar.height, size: labelSize),
      at: Pixel(x: plot.maxX + gap + width - size * 0.4, y: bar.midY), size: labelSize,
      anchor: .middle, turn: -90)
  }
}
