internal import OuterloopBilevel

/// The estimators that make sense for thousands of example weights.
///
/// As text, also in JSON: `reverse`, `reverse:64MB`, `truncated:100` or `one-step`.
public enum CleaningMethod: Sendable, Equatable, CustomStringConvertible {
  case reverse
  case reverseWithin(bytes: Int)
  case truncated(Int)
  case oneStep

  var value: Estimator {
    switch self {
    case .reverse: .reverse
    case .reverseWithin(let bytes): .reverse(memory: bytes)
    case .truncated(let k): .truncated(k)
    case .oneStep: .oneStep
    }
  }

  /// Reads `reverse`, `reverse:64MB`, `truncated:100` or `one-step`; nil for all else.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("reverse", 1): self = .reverse
    case ("reverse", 2):
      guard let bytes = Self.bytes(String(parts[1])) else { return nil }
      self = .reverseWithin(bytes: bytes)
    case ("truncated", 2):
      guard let k = Int(parts[1]), k > 0 else { return nil }
      self = .truncated(k)
    case ("one-step", 1): self = .oneStep
    default: return nil
    }
  }

  private static func bytes(_ text: String) -> Int? {
    for (suffix, factor) in [("KB", 1_000.0), ("MB", 1e6), ("GB", 1e9), ("", 1)]
    where text.hasSuffix(suffix) {
      guard let number = Double(text.dropLast(suffix.count)), number * factor >= 1,
        number * factor < 1e15
      else { return nil }
      return Int(number * factor)
    }
    return nil
  }

  public var description: String {
    switch self {
    case .reverse: "reverse"
    case .reverseWithin(let bytes): "reverse:\(bytes)"
    case .truncated(let k): "truncated:\(k)"
    case .oneStep: "one-step"
    }
  }
}

extension CleaningMethod: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let method = CleaningMethod(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "no such method: \(text)")
    }
    self = method
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
