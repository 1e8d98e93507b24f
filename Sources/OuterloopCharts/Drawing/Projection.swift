/// A point in the unit box of a 3-D picture; every coordinate is in -0.5...0.5.
struct SpacePoint: Sendable, Hashable {
  var x: Double
  var y: Double
  var z: Double
}

/// A parallel projection of the unit box onto the canvas, as seen from a direction.
///
/// With azimuth a and elevation e, the ground point (x, y) is turned to
/// (x cos a - y sin a, x sin a + y cos a) = (right, depth), and the picture shows
/// (right, z h cos e + depth sin e) with y up, where h is the height of the box.
struct Projection: Sendable {
  let turn: (sin: Double, cos: Double)
  let tilt: (sin: Double, cos: Double)
  let boxHeight: Double
  /// Pixels for the length of the box.
  let unit: Double
  private let center: Pixel

  /// The largest projection whose box lies within `area`.
  ///
  /// - Parameter boxHeight: of the box, as a share of its width.
  init(_ eye: Viewpoint, area: Box, boxHeight: Double = 0.62) {
    turn = Mathematics.sinCos(degrees: eye.azimuth.isFinite ? eye.azimuth : 35)
    tilt = Mathematics.sinCos(
      degrees: eye.elevation.isFinite ? max(5, min(85, eye.elevation)) : 28)
    self.boxHeight = boxHeight
    let halfWidth = (abs(turn.sin) + abs(turn.cos)) / 2
    let halfHeight = halfWidth * tilt.sin + boxHeight / 2 * tilt.cos
    unit = min(area.width / (2 * halfWidth), area.height / (2 * halfHeight))
    center = Pixel(x: area.midX, y: area.midY)
  }

  func pixel(_ point: SpacePoint) -> Pixel {
    let right = point.x * turn.cos - point.y * turn.sin
    let up = point.z * boxHeight * tilt.cos + depth(point.x, point.y) * tilt.sin
    return Pixel(x: center.x + right * unit, y: center.y - up * unit)
  }

  /// How far away a point of the ground is from the eye, up to a constant.
  func depth(_ x: Double, _ y: Double) -> Double { x * turn.sin + y * turn.cos }

  /// The side of the box (-0.5 or 0.5) that is nearer to the eye, for x and for y.
  var nearSide: (x: Double, y: Double) {
    (turn.sin > 0 ? -0.5 : 0.5, turn.cos > 0 ? -0.5 : 0.5)
  }

  /// The upright edge of the box that is leftmost in the picture.
  var leftEdge: (x: Double, y: Double) {
    (turn.cos > 0 ? -0.5 : 0.5, turn.sin > 0 ? 0.5 : -0.5)
  }
}
