/// Where the eye of a picture in space is.
public struct Viewpoint: Sendable, Hashable {
  /// The turn around the vertical, in degrees.
  public var azimuth: Double
  /// The height above the ground, in degrees; brought into 5...85.
  public var elevation: Double

  /// Where the eye is, in degrees.
  public init(azimuth: Double, elevation: Double) {
    (self.azimuth, self.elevation) = (azimuth, elevation)
  }
}
