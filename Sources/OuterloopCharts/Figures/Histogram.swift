internal import OuterloopText

/// Distributions of one or more samples over shared bins, overlaid.
///
/// Made for weights in [0, 1], such as the learned weights of clean and of corrupted examples: if
/// all values are in [0, 1] and spread over it, the bins divide exactly that interval.
public struct Histogram: Figure {
  /// A named set of numbers.
  public struct Sample: Sendable, Hashable {
    /// Stands in the legend.
    public var name: String
    /// The numbers.
    public var values: [Double]

    /// A value of the properties of the same names.
    public init(_ name: String, _ values: [Double]) {
      self.name = name
      self.values = values
    }
  }

  /// What the heights mean.
  public enum Height: Sendable, Hashable {
    /// Values in the bin.
    case count
    /// Values in the bin, divided by the size of their own sample: samples of different sizes become
    /// comparable.
    case fraction
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// The values; a logarithmic scale bins by ratios.
  public var x: Axis
  /// Linear or logarithmic heights; on a logarithmic scale, empty bins have no bar.
  public var y: Axis
  /// The sets of numbers.
  public var samples: [Sample]
  /// What the height of a bar is.
  public var height: Height
  /// How many bins; `nil` chooses by the size of the samples.
  public var bins: Int?

  /// A histogram; the label of `y` follows from `height` if it is empty.
  public init(
    title: String = "", x: Axis, y: Axis = "", samples: [Sample], height: Height = .count,
    bins: Int? = nil
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.samples = samples
    self.height = height
    self.bins = bins
  }

  /// - Complexity: O(n) in the number of values.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let usable = samples.map { $0.values.filter { Scale.canShow($0, x.scale) } }
    let missing = zip(samples, usable).map { $0.values.count - $1.count }.reduce(0, +)
    let scale = binScale(usable)
    let count = binCount(usable, scale: scale)
    var outside = 0
    var heights: [[Double]] = []
    for values in usable {
      var counts = [Double](repeating: 0, count: count)
      for value in values {
        guard let bin = Histogram.bin(value, of: count, scale: scale) else {
          outside += 1
          continue
        }
        counts[bin] += 1
      }
      let total = self.height == .fraction ? Double(max(1, values.count)) : 1
      heights.append(counts.map { $0 / total })
    }

    let positive = heights.flatMap { $0 }.filter { $0 > 0 }
    // Bars start at zero; on a logarithmic scale half a step below the lowest bar.
    let floor = y.scale == .log ? (positive.min() ?? 1) / 2 : 0
    let top = positive.max() ?? 1
    let ceiling = y.scale == .log ? top * 1.3 : top * 1.06
    var vertical = Scale(
      showing: [floor, ceiling], kind: y.scale, range: y.range ?? floor...ceiling)
    vertical.isWhole = self.height == .count && y.scale == .linear
    let frame = PlotFrame(
      PlotRequest(
        title: title,
        x: .init(label: x.label, scale: Histogram.padded(scale)),
        y: .init(
          label: !y.label.isEmpty
            ? y.label : self.height == .count ? "count" : "fraction of sample",
          scale: vertical),
        legend: samples.indices.map { index in
          LegendEntry(
            name: samples[index].name,
            mark: .block(
              fill: Palette.color(index), opacity: fillOpacity,
              Histogram.outline(index, theme: canvas.theme)))
        },
        notes: [
          FigureText.missing(missing, "value", isLog: x.scale == .log),
          outside > 0 ? "\(NumberText.count(outside, "value")) outside the axis" : "",
        ]),
      on: &canvas)
    canvas.clipped(to: frame.plot) { canvas in
      let edges = (0...count).map { frame.x(scale.value(at: Double($0) / Double(count))) }
      for (index, bars) in heights.enumerated() {
        drawBars(bars, edges: edges, base: floor, index: index, on: &canvas, frame: frame)
      }
    }
    if positive.isEmpty { frame.drawEmpty("no values to show", on: &canvas) }
    return canvas.document(label: title)
  }

  private var fillOpacity: Double { samples.count > 1 ? 0.4 : 0.75 }

  private static func outline(_ index: Int, theme: Theme) -> Stroke {
    Stroke(color: Palette.color(index), width: theme.line * 0.8, dash: Palette.dash(index))
  }

  // MARK: Bins

  /// The interval that the bins divide.
  private func binScale(_ usable: [[Double]]) -> Scale {
    let all = usable.lazy.joined()
    if x.range == nil, x.scale == .linear, let low = all.min(), let high = all.max(), low >= 0,
      high <= 1, high - low > 0.3
    {
      return Scale(showing: [], kind: .linear, range: 0...1)
    }
    return Scale(showing: all, kind: x.scale, range: x.range, padding: 0)
  }

  /// Sturges' rule is too coarse and the square root too fine for thousands: twice the cube root.
  private func binCount(_ usable: [[Double]], scale: Scale) -> Int {
    if let bins { return max(1, min(2000, bins)) }
    let most = usable.map(\.count).max() ?? 0
    let wanted = 2 * Mathematics.cubeRoot(Double(most))
    for choice in [5, 10, 20, 25] where Double(choice) >= wanted { return choice }
    return 40
  }

  /// The bin of a value; the last bin includes its upper edge.
  private static func bin(_ value: Double, of count: Int, scale: Scale) -> Int? {
    let place = scale.fraction(value)
    guard place >= -1e-12, place <= 1 + 1e-12 else { return nil }
    // A small tolerance, so that 0.3 of ten bins is in the fourth, as its decimal digits say.
    return max(0, min(count - 1, Int(place * Double(count) + 1e-9)))
  }

  /// The axis a little longer than the bins, so that the bars at its ends are whole.
  private static func padded(_ scale: Scale) -> Scale {
    var result = Scale(showing: [scale.lower, scale.upper], kind: scale.kind, padding: 0.015)
    result.isWhole = false  // the edges of bins may be whole numbers, the values between are not
    return result
  }

  // MARK: Drawing

  /// The bars of one sample as filled steps, and around them one outline.
  private func drawBars(
    _ bars: [Double], edges: [Double], base: Double, index: Int, on canvas: inout Canvas,
    frame: PlotFrame
  ) {
    let ground = y.range == nil ? frame.y(base) : frame.plot.maxY
    let rows = bars.map { $0 > 0 ? min(ground, frame.y($0)) : ground }
    guard rows.contains(where: { $0 < ground }) else { return }
    var steps = [Pixel(x: edges[0], y: ground)]
    for (bin, row) in rows.enumerated() {
      if steps[steps.count - 1].y != row { steps.append(Pixel(x: edges[bin], y: row)) }
      steps.append(Pixel(x: edges[bin + 1], y: row))
    }
    steps.append(Pixel(x: edges[edges.count - 1], y: ground))
    canvas.polygon(steps, fill: Palette.color(index), opacity: fillOpacity)
    canvas.polyline(steps, Histogram.outline(index, theme: canvas.theme))
  }
}
