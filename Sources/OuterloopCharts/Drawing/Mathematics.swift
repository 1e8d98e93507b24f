private import OuterloopPlatform

/// The few functions of the C library that drawing needs; the only file here that imports it.
enum Mathematics {
  static func log10(_ x: Double) -> Double { CLibrary.log10(x) }

  /// The sine and cosine of an angle in degrees.
  static func sinCos(degrees: Double) -> (sin: Double, cos: Double) {
    let radians = degrees / 180 * Double.pi
    return (sin(radians), cos(radians))
  }

  /// The angle of a direction against the first axis, in degrees.
  static func degrees(x: Double, y: Double) -> Double { atan2(y, x) / Double.pi * 180 }

  static func cubeRoot(_ x: Double) -> Double { cbrt(x) }

  /// Ten to a power between 0 and 1.
  static func tenTo(fraction: Double) -> Double { exp(fraction * 2.302585092994046) }
}
