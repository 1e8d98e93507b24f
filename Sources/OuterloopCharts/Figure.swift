/// A picture of plain values, drawn as one self-contained SVG document.
///
/// The same figure and the same size always give the same bytes. No input traps: values that cannot
/// be shown (not finite, or not positive on a logarithmic axis) are left out, and a note under the
/// picture says how many.
public protocol Figure: Sendable {
  /// The picture as SVG text, without an XML declaration, so that it can also be embedded in HTML.
  ///
  /// - Parameters:
  ///   - width: in CSS pixels; clamped to 120...20,000.
  ///   - height: in CSS pixels; clamped to 90...20,000.
  func svg(width: Double, height: Double) -> String
}

extension Figure {
  /// The picture at the default size, 640 by 400 pixels.
  public func svg() -> String { svg(width: 640, height: 400) }
}

/// How values are spread along an axis.
public enum AxisScale: Sendable, Hashable {
  /// Equal steps are equal distances.
  case linear
  /// Equal ratios are equal distances; only positive values can be shown.
  case log
}

/// One axis of a chart: its label, its scale and, if fixed, its limits.
///
/// A string literal is a linear axis with that label: `LineChart(x: "step", y: .log("loss"))`.
public struct Axis: Sendable, Hashable, ExpressibleByStringLiteral {
  /// What is measured, with its unit.
  public var label: String
  /// Linear or logarithmic.
  public var scale: AxisScale
  /// Fixed limits in data units; `nil` fits the data. Invalid limits are ignored.
  public var range: ClosedRange<Double>?

  /// An axis with a label; linear and fitted to the data by default.
  public init(_ label: String, scale: AxisScale = .linear, range: ClosedRange<Double>? = nil) {
    self.label = label
    self.scale = scale
    self.range = range
  }

  /// A linear axis with this label.
  public init(stringLiteral value: String) { self.init(value) }

  /// A logarithmic axis with this label.
  public static func log(_ label: String, range: ClosedRange<Double>? = nil) -> Axis {
    Axis(label, scale: .log, range: range)
  }
}
