/// One value of one hyperparameter: a number, a string or a truth value.
///
/// In JSON it is a plain scalar. Whether `1` is an integer or a real number is decided by the domain
/// it belongs to, not by its spelling: see `Domain.canonical`.
public enum ParameterValue: Sendable, Hashable {
  /// True or false.
  case bool(Bool)
  /// A whole number.
  case int(Int)
  /// A real number.
  case float(Double)
  /// A text.
  case text(String)

  /// The number, or nil for texts and truth values.
  public var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .float(let value): value
    case .bool, .text: nil
    }
  }

  /// Whether both mean the same: numbers are compared as numbers, `1` and `1.0` are equal.
  public func matches(_ other: ParameterValue) -> Bool {
    if case .int = self, case .int = other { return self == other }
    if let a = number, let b = other.number { return a == b }
    return self == other
  }

  /// The one form of equal values: whole numbers are integers. JSON does not tell `2.0` from `2`.
  package var canonical: ParameterValue {
    guard case .float(let number) = self, abs(number) <= NumericRange.exactIntegers,
      let whole = Int(exactly: number)
    else { return self }
    return .int(whole)
  }
}

extension ParameterValue: CustomStringConvertible {
  /// As written in a table or in place of a placeholder: without quotation marks.
  public var description: String {
    switch self {
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .float(let value): "\(value)"
    case .text(let value): value
    }
  }
}

extension ParameterValue {
  /// As written in a command line: negative numbers have all their digits and no exponent, since
  /// Python's argparse and others mistake `-7.6e-05` for an option.
  public var word: String {
    guard case .float(let value) = self, value < 0, value.isFinite else { return description }
    return Self.plainDigits(description)
  }

  /// `-1.5e-05` as `-0.000015`.
  private static func plainDigits(_ text: String) -> String {
    let parts = text.split(separator: "e", maxSplits: 1)
    guard parts.count == 2, let exponent = Int(parts[1]) else { return text }
    let mantissa = parts[0].drop { $0 == "-" }.split(separator: ".")
    let whole = String(mantissa.first ?? "")
    let fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
    let digits = whole + fraction
    let point = whole.count + exponent
    let sign = text.hasPrefix("-") ? "-" : ""
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= digits.count {
      return sign + digits + String(repeating: "0", count: point - digits.count) + ".0"
    }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }

  /// What `text` means without quotation marks: `true` and `false`, a number such as `64`, `1e-3` or
  /// `1_000`, else the text itself, `nan` and `infinity` included.
  public init(plain text: String) {
    switch text {
    case "true": self = .bool(true)
    case "false": self = .bool(false)
    default: self = Self.number(text) ?? .text(text)
    }
  }

  private static func number(_ text: String) -> ParameterValue? {
    // Decimal notation only: no `0x10`, no `inf`, digits first.
    let digits = text.drop { $0 == "-" || $0 == "+" || $0 == "." }
    guard digits.first?.isASCIIDigit == true, !text.contains(where: { "xXpP".contains($0) }) else {
      return nil
    }
    let plain = text.filter { $0 != "_" }
    if let value = Int(plain) { return .int(value) }
    return Double(plain).map(ParameterValue.float)
  }

  /// As the command line and formulas write it: in quotation marks where the plain text would mean
  /// something else.
  var spelled: String {
    guard case .text(let text) = self, !ExpressionToken.isPlainWord(text) else {
      return description
    }
    return Self.quoted(text)
  }

  package static func quoted(_ text: String) -> String {
    "'" + String(text.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] }) + "'"
  }
}

extension Character {
  var isASCIIDigit: Bool { isASCII && isNumber }
}

extension ParameterValue: Codable {
  /// Reads a truth value, a number or a text.
  ///
  /// - Throws: `DecodingError` for anything else.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .float(value)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  /// Writes the value itself.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .float(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    }
  }
}

extension ParameterValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int) { self = .int(value) }
  public init(floatLiteral value: Double) { self = .float(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
