/// A point on the canvas in pixels: `x` to the right, `y` down.
struct Pixel: Sendable, Hashable {
  var x: Double
  var y: Double
}

/// A rectangle on the canvas, in pixels.
struct Box: Sendable, Hashable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var maxX: Double { x + width }
  var maxY: Double { y + height }
  var midX: Double { x + width / 2 }
  var midY: Double { y + height / 2 }

  func touches(_ other: Box) -> Bool {
    x < other.maxX && other.x < maxX && y < other.maxY && other.y < maxY
  }

  /// The box without strips along its four sides; never narrower or lower than a pixel.
  func inset(
    left: Double = 0, top: Double = 0, right: Double = 0, bottom: Double = 0
  ) -> Box {
    Box(
      x: x + left, y: y + top, width: max(1, width - left - right),
      height: max(1, height - top - bottom))
  }
}
