internal import OuterloopText

/// Values over the simplex of three probabilities, as colours in a triangle, and points in it: densities
/// of distributions over distributions.
public struct SimplexPlot: Figure {
  /// Stands above the figure; empty for none.
  public var title: String
  /// Names of the corners: the first at the lower left, the second at the lower right, the third on top.
  public var corners: [String]
  /// Cells along a side of the triangle.
  public let subdivisions: Int
  /// A value for each of the n^2 cells, in the order of `centers(subdivisions)`; non-finite values are
  /// white.
  public var values: [Double]
  /// The points, as triples of probabilities.
  public var points: [[Double]]
  /// What the colours mean; `nil` names no scale.
  public var remark: String

  /// - Parameter subdivisions: clamped to 1...200.
  public init(
    title: String = "", corners: [String], subdivisions: Int, values: [Double],
    points: [[Double]] = [], remark: String = ""
  ) {
    self.title = title
    self.corners = corners
    self.subdivisions = max(1, min(200, subdivisions))
    self.values = values
    self.points = points
    self.remark = remark
  }

  /// The centre of each cell, as probabilities: row by row from the bottom, alternating between cells that
  /// point up and down. All cells are of the same size.
  public static func centers(_ subdivisions: Int) -> [[Double]] {
    cells(max(1, min(200, subdivisions))).map { cell in
      (0..<3).map { axis in cell.reduce(0) { $0 + $1[axis] } / 3 }
    }
  }

  /// The three corners of each cell.
  private static func cells(_ n: Int) -> [[[Double]]] {
    let place = { (i: Int, k: Int) -> [Double] in
      [Double(n - i - k) / Double(n), Double(i) / Double(n), Double(k) / Double(n)]
    }
    return (0..<n).flatMap { k in
      (0..<n - k).flatMap { i -> [[[Double]]] in
        let up = [place(i, k), place(i + 1, k), place(i, k + 1)]
        guard i < n - k - 1 else { return [up] }
        return [up, [place(i + 1, k), place(i + 1, k + 1), place(i, k + 1)]]
      }
    }
  }

  /// - Complexity: O(n^2) in the subdivisions.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let theme = canvas.theme
    let area = FigureText.draw(title: title, notes: [remark], on: &canvas)
      .inset(left: theme.tick, top: theme.tick * 1.6, right: theme.tick, bottom: theme.tick * 1.8)
    let side = min(area.width, area.height / 0.866)
    let (left, bottom) = (area.midX - side / 2, area.midY + side * 0.433)
    let pixel = { (shares: [Double]) -> Pixel in
      let clean = (0..<3).map { axis in
        axis < shares.count && shares[axis].isFinite ? max(0, min(1, shares[axis])) : 0
      }
      return Pixel(
        x: left + side * (clean[1] + clean[2] / 2), y: bottom - side * 0.866 * clean[2])
    }
    let usable = values.filter(\.isFinite)
    let scale = Scale(showing: usable + [0], kind: .linear, range: nil, padding: 0)
    for (cell, value) in zip(Self.cells(subdivisions), values) where value.isFinite {
      let fill = ColorMap.sequential.color(scale.fraction(value)).hex
      // A stroke of the same colour closes the seams between neighbours.
      canvas.polygon(cell.map(pixel), fill: fill, stroke: Stroke(color: fill, width: 0.6))
    }
    let outline = [pixel([1, 0, 0]), pixel([0, 1, 0]), pixel([0, 0, 1])]
    canvas.polyline(outline + [outline[0]], Stroke(color: Theme.ink, width: theme.line * 0.6))
    for point in points {
      canvas.circle(
        pixel(point), radius: theme.line * 1.6, fill: "#ffffff",
        stroke: Stroke(color: Theme.ink, width: theme.line * 0.7))
    }
    for (index, name) in corners.prefix(3).enumerated() {
      let below = index < 2
      let corner = outline[index]
      canvas.text(
        TextWidth.fit(name, into: area.width / 2, size: theme.tick),
        at: Pixel(x: corner.x, y: corner.y + (below ? theme.tick * 1.4 : -theme.tick * 0.6)),
        size: theme.tick, anchor: index == 0 ? .start : index == 1 ? .end : .middle)
    }
    return canvas.document(label: title)
  }
}
