/// The box around a 3-D picture: floor and back walls with a grid, three axes with ticks and names.
struct SpaceBox: Sendable {
  let projection: Projection
  private let sides: [Side]
  private let size: Double
  private let labelSize: Double

  /// One axis: where its edge is, and which way is out of the box.
  private struct Side {
    var name: String
    var scale: Scale
    var ticks: Ticks
    /// The point of the edge at a fraction 0...1 of its length.
    var edge: @Sendable (Double) -> SpacePoint
    /// The same edge moved out of the box by a share of the box.
    var outside: @Sendable (Double) -> SpacePoint
  }

  /// - Parameters:
  ///   - labels: the names of the axes.
  ///   - boxHeight: of the box, as a share of its width.
  init(
    _ labels: (x: String, y: String, z: String), _ scales: (x: Scale, y: Scale, z: Scale),
    seenFrom eye: Viewpoint, boxHeight: Double = 0.62, area: Box, theme: Theme
  ) {
    size = theme.tick
    labelSize = theme.label
    let count = { (length: Double) in max(2, Int(length / (theme.tick * 3))) }
    let (x, y, z) = (
      Ticks(for: scales.x, count: count(area.width * 0.4)),
      Ticks(for: scales.y, count: count(area.width * 0.4)),
      Ticks(for: scales.z, count: count(area.height * 0.6))
    )
    let widest = { (ticks: Ticks) in
      ticks.major.map { TextWidth.of($0.label, size: theme.tick) }.max() ?? 0
    }
    let left = max(widest(z) + theme.tick * 0.8 + theme.label * 1.7, widest(y) + theme.tick)
    // The axis names hang below the middle of the two floor edges, which are higher than the
    // lowest corner by half of what the edge rises.
    let rough = Projection(eye, area: area, boxHeight: boxHeight)
    let flatter = min(abs(rough.turn.sin), abs(rough.turn.cos))
    let rise = 0.6 * flatter * rough.tilt.sin * rough.unit / 2
    let inner = area.inset(
      left: min(left, area.width * 0.25), top: theme.tick * 0.5,
      right: min(max(widest(x), widest(y)) + theme.tick, area.width * 0.2),
      bottom: max(theme.tick * 2.2, theme.tick * 4 - rise))
    let projection = Projection(eye, area: inner, boxHeight: boxHeight)
    self.projection = projection
    let (near, upright) = (projection.nearSide, projection.leftEdge)
    let away = 1.1
    sides = [
      Side(
        name: labels.x + x.base, scale: scales.x, ticks: x,
        edge: { SpacePoint(x: $0 - 0.5, y: near.y, z: -0.5) },
        outside: { SpacePoint(x: $0 - 0.5, y: near.y * away, z: -0.5) }),
      Side(
        name: labels.y + y.base, scale: scales.y, ticks: y,
        edge: { SpacePoint(x: near.x, y: $0 - 0.5, z: -0.5) },
        outside: { SpacePoint(x: near.x * away, y: $0 - 0.5, z: -0.5) }),
      Side(
        name: labels.z + z.base, scale: scales.z, ticks: z,
        edge: { SpacePoint(x: upright.x, y: upright.y, z: $0 - 0.5) },
        outside: { SpacePoint(x: upright.x * away, y: upright.y * away, z: $0 - 0.5) }),
    ]
  }

  func draw(on canvas: inout Canvas) {
    drawWalls(on: &canvas)
    // The upright axis first: where labels would touch, those of the floor give way.
    var taken: [Box] = []
    draw(sides[2], isUpright: true, taken: &taken, on: &canvas)
    draw(sides[0], isUpright: false, taken: &taken, on: &canvas)
    draw(sides[1], isUpright: false, taken: &taken, on: &canvas)
  }

  private func drawWalls(on canvas: inout Canvas) {
    let near = projection.nearSide
    let (farX, farY) = (-near.x, -near.y)
    let point = { (x: Double, y: Double, z: Double) in
      projection.pixel(SpacePoint(x: x, y: y, z: z))
    }
    let (l, h) = (-0.5, 0.5)
    let frame = Stroke(color: "#cccccc")
    for corners in [
      [point(l, l, l), point(h, l, l), point(h, h, l), point(l, h, l)],
      [point(farX, l, l), point(farX, h, l), point(farX, h, h), point(farX, l, h)],
      [point(l, farY, l), point(h, farY, l), point(h, farY, h), point(l, farY, h)],
    ] {
      canvas.polygon(corners, fill: "#fafafa", stroke: frame)
    }
    let grid = Stroke(color: Theme.grid)
    for tick in sides[0].ticks.major {
      let x = sides[0].scale.fraction(tick.value) - 0.5
      canvas.polyline([point(x, near.y, l), point(x, farY, l), point(x, farY, h)], grid)
    }
    for tick in sides[1].ticks.major {
      let y = sides[1].scale.fraction(tick.value) - 0.5
      canvas.polyline([point(near.x, y, l), point(farX, y, l), point(farX, y, h)], grid)
    }
    for tick in sides[2].ticks.major {
      let z = sides[2].scale.fraction(tick.value) - 0.5
      canvas.polyline([point(near.x, farY, z), point(farX, farY, z), point(farX, near.y, z)], grid)
    }
  }

  private func draw(
    _ side: Side, isUpright: Bool, taken: inout [Box], on canvas: inout Canvas
  ) {
    let stroke = Stroke(color: Theme.frame)
    let (start, end) = (projection.pixel(side.edge(0)), projection.pixel(side.edge(1)))
    canvas.line(start, end, stroke)
    // Out of the box in the picture: straight left for the upright axis, else along the floor.
    let (from, to) = (projection.pixel(side.edge(0.5)), projection.pixel(side.outside(0.5)))
    let length = max(
      1e-6, ((to.x - from.x) * (to.x - from.x) + (to.y - from.y) * (to.y - from.y)).squareRoot())
    let out =
      isUpright
      ? Pixel(x: -1, y: 0) : Pixel(x: (to.x - from.x) / length, y: (to.y - from.y) / length)
    let anchor: Canvas.Anchor = out.x > 0.25 ? .start : out.x < -0.25 ? .end : .middle
    var widest = 0.0
    for tick in side.ticks.major {
      let foot = projection.pixel(side.edge(side.scale.fraction(tick.value)))
      canvas.line(foot, Pixel(x: foot.x + out.x * 5, y: foot.y + out.y * 5), stroke)
      let place = Pixel(
        x: foot.x + out.x * size * 0.75, y: foot.y + out.y * size * 0.9 + size * 0.35)
      let width = TextWidth.of(tick.label, size: size)
      let left = anchor == .start ? 0 : anchor == .end ? width : width / 2
      let label = Box(x: place.x - left, y: place.y - size * 0.8, width: width, height: size * 0.9)
      if taken.contains(where: { $0.touches(label) }) { continue }
      taken.append(label)
      canvas.text(tick.label, at: place, size: size, anchor: anchor)
      widest = max(widest, width)
    }
    drawName(side, from: start, to: end, out: out, widest: widest, on: &canvas)
  }

  /// The name along its axis, far enough out to clear the tick labels.
  private func drawName(
    _ side: Side, from start: Pixel, to end: Pixel, out: Pixel, widest: Double,
    on canvas: inout Canvas
  ) {
    let (left, right) = start.x <= end.x ? (start, end) : (end, start)
    var (dx, dy) = (right.x - left.x, right.y - left.y)
    if abs(dx) < 1 { (dx, dy) = (0, -abs(dy)) }
    let length = max(1e-6, (dx * dx + dy * dy).squareRoot())
    var normal = Pixel(x: -dy / length, y: dx / length)
    if normal.x * out.x + normal.y * out.y < 0 { normal = Pixel(x: -normal.x, y: -normal.y) }
    let distance = size * 1.1 + widest * abs(normal.x) + size * abs(normal.y) + labelSize * 0.45
    canvas.text(
      TextWidth.fit(side.name, into: length * 1.05, size: labelSize),
      at: Pixel(
        x: (left.x + right.x) / 2 + normal.x * distance - dy / length * labelSize * 0.3,
        y: (left.y + right.y) / 2 + normal.y * distance + dx / length * labelSize * 0.3),
      size: labelSize, anchor: .middle, turn: Mathematics.degrees(x: dx, y: dy))
  }
}
