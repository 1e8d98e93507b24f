/// Names along the bottom of a plot: level where they fit, in two lines if need be, slanted where
/// not, and only every n-th where even that is too narrow.
struct CategoryLabels: Sendable {
  /// The space they take under the plot, in pixels.
  let height: Double
  /// How far the first name reaches to the left of the plot's edge, in pixels.
  let overhang: Double
  private let lines: [[String]]
  private let isSlanted: Bool
  private let stride: Int
  private let limit: Double
  private let size: Double
  private static let angle = 35.0

  /// - Parameter width: of the plot, in pixels.
  init(_ names: [String], width: Double, theme: Theme) {
    let size = theme.tick
    self.size = size
    let slot = width / Double(max(1, names.count))
    let widest = names.map { TextWidth.of($0, size: size) }.max() ?? 0
    let wrapped = names.map {
      TextWidth.wrap($0, into: slot - size * 0.6, lines: 2, size: size)
    }
    // Short names, numbers above all, are better left out than slanted.
    if widest < size * 3.5 || !wrapped.contains(where: { $0.contains { $0.last == "…" } }) {
      let isShort = widest < size * 3.5
      isSlanted = false
      lines = isShort ? names.map { [$0] } : wrapped
      stride = isShort ? CategoryLabels.stride((widest + size * 0.6) / slot) : 1
      limit = slot * Double(stride)
      let most = lines.map(\.count).max() ?? 1
      height = size * (0.4 + 1.2 * Double(max(1, most)))
      overhang = 0
      return
    }
    isSlanted = true
    lines = names.map { [$0] }
    let longest = size * 12
    limit = longest
    stride = CategoryLabels.stride(size * 1.5 / slot)
    let slope = Mathematics.sinCos(degrees: CategoryLabels.angle)
    height = min(widest, longest) * slope.sin + size * 1.5
    let reach = names.indices.prefix(3).map { index in
      min(longest, TextWidth.of(names[index], size: size)) * slope.cos - slot
        * (Double(index) + 0.5)
    }
    overhang = max(0, reach.max() ?? 0)
  }

  /// The step that leaves out enough: 1, 2, 5, 10, 20, ...
  static func stride(_ least: Double) -> Int {
    var power = 1
    while power < 1_000_000_000 {
      for digit in [1, 2, 5] where Double(digit * power) >= least { return digit * power }
      power *= 10
    }
    return power
  }

  func draw(on canvas: inout Canvas, frame: PlotFrame) {
    let slope = Mathematics.sinCos(degrees: CategoryLabels.angle).cos
    for index in Swift.stride(from: 0, to: lines.count, by: stride) {
      let column = frame.x(Double(index))
      guard isSlanted else {
        for (line, text) in lines[index].enumerated() {
          canvas.text(
            TextWidth.fit(text, into: limit, size: size),
            at: Pixel(x: column, y: frame.plot.maxY + size * (1.4 + 1.2 * Double(line))),
            size: size, anchor: .middle)
        }
        continue
      }
      let room = max(0, min(limit, (column - 2) / slope))
      canvas.text(
        TextWidth.fit(lines[index].joined(), into: room, size: size),
        at: Pixel(x: column + size * 0.3, y: frame.plot.maxY + size * 1.1), size: size,
        anchor: .end, turn: -CategoryLabels.angle)
    }
  }
}
