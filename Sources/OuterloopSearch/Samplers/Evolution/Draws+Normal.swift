private import OuterloopPlatform

extension Draws {
  /// Standard normal numbers, two of each two uniform ones (Box and Muller 1958).
  mutating func normals(_ count: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(count + 1)
    while result.count < count {
      let radius = (-2 * log(next())).squareRoot()
      let angle = 2 * .pi * next()
      result.append(radius * cos(angle))
      result.append(radius * sin(angle))
    }
    if result.count > count { result.removeLast() }
    return result
  }

  /// A number of the standard Cauchy distribution.
  mutating func cauchy() -> Double { tan(.pi * (next() - 0.5)) }
}
