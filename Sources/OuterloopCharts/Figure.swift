/// A picture of plain values, drawn as one self-contained SVG document.
///
/// The same figure and the same size always give the same bytes. No input traps: values that cannot
/// be shown (not finite, or not positive on a logarithmic axis) are left out, and a note under the
/// picture says how many.
public protocol Figure: Sendable {
  /// The picture as SVG text, without an XML declaration, so that it can also stand inside HTML.
  ///
  /// - Parameters:
  ///   - width: in CSS pixels; brought into 120...20,000.
  ///   - height: in CSS pixels; brought into 90...20,000.
  func svg(width: Double, height: Double) -> String
}

extension Figure {
  /// The picture at the usual size, 640 by 400 pixels.
  public func svg() -> String { svg(width: 640, height: 400) }
}
