/// Names along the bottom of a plot: level where they fit, slanted where not, and only every n-th
/// where even that is too narrow.
struct CategoryLabels: Sendable {
  /// The space they take under the plot, in pixels.
  let height: Double
  private let names: [String]
  private let isSlanted: Bool
  private let stride: Int
  private let limit: Double
  private let size: Double
  private static let angle = 35.0

  /// - Parameter width: of the plot, in pixels.
  init(_ names: [String], width: Double, theme: Theme) {
    self.names = names
    size = theme.tick
    let slot = width / Double(max(1, names.count))
    let widest = names.map { TextWidth.of($0, size: theme.tick) }.max() ?? 0
    isSlanted = widest > slot - theme.tick * 0.5
    limit = isSlanted ? theme.tick * 9 : slot
    stride = isSlanted ? max(1, Int((theme.tick * 1.5 / slot).rounded(.up))) : 1
    let slope = Mathematics.sinCos(degrees: CategoryLabels.angle).sin
    height = isSlanted ? min(widest, limit) * slope + theme.tick * 1.5 : theme.tick * 1.6
  }

  func draw(on canvas: inout Canvas, frame: PlotFrame) {
    let slope = Mathematics.sinCos(degrees: CategoryLabels.angle).cos
    for index in Swift.stride(from: 0, to: names.count, by: stride) {
      let column = frame.x(Double(index))
      if isSlanted {
        let room = max(0, min(limit, (column - 2) / slope))
        canvas.text(
          TextWidth.fit(names[index], into: room, size: size),
          at: Pixel(x: column + size * 0.3, y: frame.plot.maxY + size * 1.1), size: size,
          anchor: .end, turn: -CategoryLabels.angle)
      } else {
        canvas.text(
          names[index], at: Pixel(x: column, y: frame.plot.maxY + size * 1.4), size: size,
          anchor: .middle)
      }
    }
  }
}
