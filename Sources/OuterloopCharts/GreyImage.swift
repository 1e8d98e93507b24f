/// A small grey picture, such as a digit: 0 is black, 255 white.
public struct GreyImage: Sendable, Hashable {
  /// In pixels; never negative.
  public let width: Int
  /// In pixels; never negative.
  public let height: Int
  /// The rows one after another, top row first: `width * height` bytes.
  public let pixels: [UInt8]

  /// A picture of bytes; missing pixels are black, surplus ones are left out. One of more than 2^28
  /// pixels has none.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    self.width = max(0, width)
    self.height = max(0, height)
    let (count, isTooLarge) = self.width.multipliedReportingOverflow(by: self.height)
    let wanted = isTooLarge || count > 1 << 28 ? 0 : count
    self.pixels =
      Array(pixels.prefix(wanted)) + [UInt8](repeating: 0, count: max(0, wanted - pixels.count))
  }

  /// A picture of numbers in 0...1, laid row after row; those outside are clipped, NaN is black.
  public init(width: Int, height: Int, values: [Float]) {
    self.init(
      width: width, height: height,
      pixels: values.map { $0.isNaN ? 0 : UInt8((max(0, min(1, $0)) * 255).rounded()) })
  }

  /// A picture of rows of numbers in 0...1; short rows are filled up with black.
  public init(rows: [[Float]]) {
    let width = rows.map(\.count).max() ?? 0
    let filled = rows.flatMap { $0 + [Float](repeating: 0, count: width - $0.count) }
    self.init(width: width, height: rows.count, values: filled)
  }

  /// The same picture with black and white exchanged.
  public var inverted: GreyImage {
    GreyImage(width: width, height: height, pixels: pixels.map { 255 - $0 })
  }
}
