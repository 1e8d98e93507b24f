internal import OuterloopText

/// A statement that an experiment checks its numbers against: a known value, the interval around it that
/// counts as agreement, and the measured value.
public struct Claim: Sendable, Codable, Equatable {
  /// Where the expected value comes from.
  public enum Basis: String, Sendable, Codable {
    /// A formula, evaluated for the settings of the run.
    case closedForm = "closed form"
    /// A table or figure of the source.
    case published
    /// A second way of computing the same number, in the same run.
    case secondMethod = "second method"
    /// An order or a sign that the theory predicts.
    case theory
    /// An expectation, reported either way.
    case expectation
  }

  public var statement: String
  public var basis: Basis
  /// The known value; nil where only the interval is known.
  @OrNull public var expected: Double?
  /// What counts as agreement.
  @OrNull public var lower: Double?
  @OrNull public var upper: Double?
  /// Nil where there is no number: the claim fails then.
  @OrNull public var measured: Double?
  /// How the interval was chosen and the value checked.
  public var check: String

  /// - Parameters:
  ///   - range: what counts as agreement; its ends may be infinite.
  public init(
    _ statement: String, _ basis: Basis, expected: Double? = nil, in range: ClosedRange<Double>,
    measured: Double, check: String
  ) {
    self.statement = statement
    self.basis = basis
    self.expected = expected
    lower = range.lowerBound.isFinite ? range.lowerBound : nil
    upper = range.upperBound.isFinite ? range.upperBound : nil
    self.measured = measured.isFinite ? measured : nil
    self.check = check
  }

  /// A number that must equal a known one up to a tolerance.
  public init(
    _ statement: String, _ basis: Basis, is expected: Double, within tolerance: Double,
    measured: Double, check: String
  ) {
    self.init(
      statement, basis, expected: expected, in: (expected - tolerance)...(expected + tolerance),
      measured: measured, check: check)
  }

  /// Whether the number lies in the interval.
  public var holds: Bool {
    guard let measured else { return false }
    return measured >= (lower ?? -.infinity) && measured <= (upper ?? .infinity)
  }

  /// The interval as text: `at most 1e-12`, `0.27 to 0.38`.
  public var interval: String {
    switch (lower, upper) {
    case (let lower?, let upper?):
      if let expected, upper > lower {
        "within \(NumberText.short((upper - lower) / 2)) of \(NumberText.short(expected))"
      } else if lower == upper {
        "exactly \(NumberText.short(lower))"
      } else if lower == 0, measured.map({ $0 >= 0 }) ?? true {
        "at most \(NumberText.short(upper))"
      } else {
        "\(NumberText.short(lower)) to \(NumberText.short(upper))"
      }
    case (let lower?, nil): "at least \(NumberText.short(lower))"
    case (nil, let upper?): "at most \(NumberText.short(upper))"
    case (nil, nil): "any number"
    }
  }

  /// `pass  STATEMENT: 1.210 (expected 1.210, within 1e-12)`
  public var text: String {
    let found = measured.map(NumberText.short) ?? "no number"
    return "\(holds ? "pass" : "FAIL")  \(statement): \(found) (\(interval))"
  }
}
