/// Very many points: discs of one colour are gathered into few elements, so that the document stays
/// small. Discs within an element do not darken one another, so elements are kept short.
struct Dots {
  let radius: Double
  let opacity: Double
  private var fill = ""
  private var centers: [Pixel] = []
  private var trials: [Int] = []

  init(radius: Double, opacity: Double) {
    self.radius = radius
    self.opacity = opacity
  }

  mutating func add(
    _ center: Pixel, fill color: String, trial: Int? = nil, on canvas: inout Canvas
  ) {
    if color != fill || centers.count >= 100 { flush(on: &canvas) }
    fill = color
    centers.append(center)
    if let trial { trials.append(trial) }
  }

  mutating func flush(on canvas: inout Canvas) {
    canvas.dots(
      centers, radius: radius, fill: fill, opacity: opacity,
      trials: trials.count == centers.count ? trials : [])
    centers.removeAll(keepingCapacity: true)
    trials.removeAll(keepingCapacity: true)
  }
}
