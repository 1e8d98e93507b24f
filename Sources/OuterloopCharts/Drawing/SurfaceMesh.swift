/// The surface in its unit box: sorted, thinned, scaled; and the path split by cells.
struct SurfaceMesh: Sendable {
  let scales: (x: Scale, y: Scale, z: Scale)
  /// Grid lines in box coordinates, ascending.
  let columns: [Double]
  let rows: [Double]
  /// Grid points that cannot be shown.
  let missing: Int
  /// `heights[i][j]` in box coordinates; `nil` is a hole.
  private let heights: [[Double?]]

  init(_ figure: Surface) {
    func order(_ places: [Double], _ kind: AxisScale) -> [Int] {
      let usable = places.indices.filter { Scale.canShow(places[$0], kind) }
        .sorted { (places[$0], $0) < (places[$1], $1) }
      let stride = max(1, (usable.count + 79) / 80)
      var kept = Swift.stride(from: 0, to: usable.count, by: stride).map { usable[$0] }
      if let last = usable.last, kept.last != last { kept.append(last) }
      return kept
    }
    let xOrder = order(figure.xs, figure.x.scale)
    let yOrder = order(figure.ys, figure.y.scale)
    let value = { (i: Int, j: Int) -> Double in
      i < figure.values.count && j < figure.values[i].count ? figure.values[i][j] : .nan
    }
    let all = xOrder.flatMap { i in yOrder.map { j in value(i, j) } }
    let usable = all.filter { Scale.canShow($0, figure.z.scale) }
    missing = all.count - usable.count
    let along = { (axis: Axis, values: [Double]) in
      Scale(showing: values, kind: axis.scale, range: axis.range, padding: 0)
    }
    let x = along(figure.x, xOrder.map { figure.xs[$0] })
    let y = along(figure.y, yOrder.map { figure.ys[$0] })
    let heightsOfPath = figure.paths.flatMap(\.points).compactMap(\.z).filter {
      Scale.canShow($0, figure.z.scale)
    }
    let z = Scale(
      showing: usable + heightsOfPath, kind: figure.z.scale, range: figure.z.range, padding: 0.02)
    scales = (x, y, z)
    columns = xOrder.map { x.fraction(figure.xs[$0]) - 0.5 }
    rows = yOrder.map { y.fraction(figure.ys[$0]) - 0.5 }
    heights = xOrder.map { i in
      yOrder.map { j in SurfaceMesh.height(value(i, j), z) }
    }
  }

  var hasCells: Bool {
    guard columns.count > 1, rows.count > 1 else { return false }
    return (0..<columns.count - 1).contains { i in
      (0..<rows.count - 1).contains { corners(i, $0) != nil }
    }
  }

  private static func height(_ value: Double, _ scale: Scale) -> Double? {
    guard scale.canShow(value) else { return nil }
    let share = scale.fraction(value)
    return share < -1e-9 || share > 1 + 1e-9 ? nil : share - 0.5
  }

  /// The corners of a cell in drawing order; `nil` for a hole.
  func corners(_ i: Int, _ j: Int) -> [SpacePoint]? {
    var result: [SpacePoint] = []
    for (a, b) in [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)] {
      let isInside = abs(columns[a]) <= 0.5 + 1e-9 && abs(rows[b]) <= 0.5 + 1e-9
      guard isInside, let z = heights[a][b] else { return nil }
      result.append(SpacePoint(x: columns[a], y: rows[b], z: z))
    }
    return result
  }

  /// How much light falls on a cell, about 0.8 to 1.1: its normal against a lamp at the upper left.
  func light(_ corners: [SpacePoint]) -> Double {
    let across = max(1e-9, corners[1].x - corners[0].x)
    let along = max(1e-9, corners[3].y - corners[0].y)
    let dx = (corners[1].z - corners[0].z + corners[2].z - corners[3].z) / 2 / across
    let dy = (corners[3].z - corners[0].z + corners[2].z - corners[1].z) / 2 / along
    return 0.95 + 0.15 * (dx * 0.5 - dy * 0.5) / (1 + dx * dx + dy * dy).squareRoot()
  }

  // MARK: The path

  /// The path in box coordinates, in steps shorter than a cell. Points without a height lie on the
  /// surface, and so does the way between two of them; points outside the box are left out.
  func route(_ path: [Surface.Point]) -> [SpacePoint] {
    var result: [SpacePoint] = []
    var wasOnSurface = false
    let finest = 0.5 / Double(max(columns.count, rows.count, 2))
    for point in path {
      guard let end = place(point) else { continue }
      let isOnSurface = point.z == nil
      if let start = result.last {
        let length = max(abs(end.x - start.x), abs(end.y - start.y))
        let steps = max(1, min(400, Int((length / finest).rounded(.up))))
        for step in 1..<max(1, steps) {
          let share = Double(step) / Double(steps)
          var between = SpacePoint(
            x: start.x + (end.x - start.x) * share, y: start.y + (end.y - start.y) * share,
            z: start.z + (end.z - start.z) * share)
          if isOnSurface, wasOnSurface { between.z = height(between.x, between.y) ?? between.z }
          result.append(between)
        }
      }
      result.append(end)
      wasOnSurface = isOnSurface
    }
    return result
  }

  /// The points of a path that lie in the box.
  func places(_ path: [Surface.Point]) -> [SpacePoint] { path.compactMap(place) }

  /// Whether the surface stands between a point and the eye: the line of sight, which rises by
  /// tan(elevation) over the ground, dips below it somewhere.
  func hides(_ point: SpacePoint, _ view: Projection) -> Bool {
    let step = 0.25 / Double(max(columns.count, rows.count, 2))
    let rise = view.tilt.sin / view.tilt.cos / view.boxHeight
    var way = step * 2
    while way < 1.5 {
      let (x, y) = (point.x - view.turn.sin * way, point.y - view.turn.cos * way)
      guard abs(x) <= 0.5, abs(y) <= 0.5, point.z + rise * way <= 0.5 else { return false }
      if let ground = height(x, y), ground > point.z + rise * way + 0.01 { return true }
      way += step
    }
    return false
  }

  private func place(_ point: Surface.Point) -> SpacePoint? {
    guard scales.x.canShow(point.x), scales.y.canShow(point.y) else { return nil }
    let x = scales.x.fraction(point.x) - 0.5
    let y = scales.y.fraction(point.y) - 0.5
    guard abs(x) <= 0.5 + 1e-9, abs(y) <= 0.5 + 1e-9 else { return nil }
    let z = point.z.map { SurfaceMesh.height($0, scales.z) } ?? height(x, y)
    return z.map { SpacePoint(x: x, y: y, z: $0) }
  }

  /// The height of the surface at a point of the ground, by bilinear interpolation in the box.
  private func height(_ x: Double, _ y: Double) -> Double? {
    guard columns.count > 1, rows.count > 1 else { return nil }
    let (i, j) = cell(x, y)
    guard let corners = corners(i, j) else { return nil }
    let (width, depth) = (columns[i + 1] - columns[i], rows[j + 1] - rows[j])
    let s = width > 0 ? (x - columns[i]) / width : 0
    let t = depth > 0 ? (y - rows[j]) / depth : 0
    return corners[0].z * (1 - s) * (1 - t) + corners[1].z * s * (1 - t)
      + corners[2].z * s * t + corners[3].z * (1 - s) * t
  }

  private func cell(_ x: Double, _ y: Double) -> (Int, Int) {
    let find = { (lines: [Double], value: Double) in
      max(0, min(lines.count - 2, (lines.firstIndex { $0 > value } ?? lines.count - 1) - 1))
    }
    return (find(columns, x), find(rows, y))
  }
}
