/// The viewpoint of a 3-D picture.
public struct Viewpoint: Sendable, Hashable {
  /// The rotation around the vertical axis, in degrees.
  public var azimuth: Double
  /// The height above the ground, in degrees; clamped to 5...85.
  public var elevation: Double

  /// Where the eye is, in degrees.
  public init(azimuth: Double, elevation: Double) {
    (self.azimuth, self.elevation) = (azimuth, elevation)
  }
}
