internal import OuterloopStudy

/// Which GPUs the trials share, as written by the user: `all`, `4` (the first four), `0,2,3` or `2,`
/// (by their numbers or names), `none`.
public enum DeviceChoice: Sendable, Hashable, CustomStringConvertible {
  case all
  /// The first N.
  case first(Int)
  /// Indices among the visible ones, or names such as `GPU-5d1e...`.
  case named([String])
  /// Devices are not assigned to trials.
  case unassigned

  /// Nil: the text has none of these forms.
  public init?(_ text: String) {
    switch text {
    case "all": self = .all
    case "none": self = .unassigned
    case let text where !text.contains(",") && Int(text) != nil:
      guard let count = Int(text), count > 0 else { return nil }
      self = .first(count)
    default:
      var names = text.split(separator: ",", omittingEmptySubsequences: false)
        .map { $0.filter { $0 != " " } }
      // A single one has a trailing comma, to distinguish it from a count.
      if names.count > 1, names.last == "" { names.removeLast() }
      guard !names.isEmpty, names.allSatisfy(Self.isName) else { return nil }
      self = .named(names)
    }
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && (text.allSatisfy { $0.isASCII && $0.isNumber }
        || text.hasPrefix("GPU-") || text.hasPrefix("MIG-"))
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-/".contains($0)) }
  }

  public var description: String {
    switch self {
    case .all: "all"
    case .first(let count): "\(count)"
    case .named(let names): names.count == 1 ? names[0] + "," : names.joined(separator: ",")
    case .unassigned: "none"
    }
  }
}

/// How many GPUs a trial has: several, or a share of one.
public struct DeviceShare: Sendable, Hashable, CustomStringConvertible {
  /// GPUs per trial.
  public let devices: Int
  /// Trials per GPU; one of the two numbers is 1.
  public let trials: Int

  public static let one = DeviceShare(devices: 1, trials: 1)

  private init(devices: Int, trials: Int) {
    self.devices = devices
    self.trials = trials
  }

  /// An integer number of GPUs, or the share of each of two, three, ... trials on one GPU: 0.5,
  /// 0.33, 0.25. Nil: it is neither.
  public init?(_ amount: Double) {
    guard amount > 0, amount <= 1024 else { return nil }
    if amount >= 1 {
      guard amount == amount.rounded() else { return nil }
      self.init(devices: Int(amount), trials: 1)
    } else {
      let trials = (1 / amount).rounded()
      guard trials <= 100, abs(1 / amount - trials) < 0.04 * trials else { return nil }
      self.init(devices: 1, trials: Int(trials))
    }
  }

  /// The number that is read back as this value.
  public var amount: Double { trials > 1 ? 1 / Double(trials) : Double(devices) }

  public var description: String {
    if trials > 1 { return "1/\(trials) GPU" }
    return devices == 1 ? "1 GPU" : "\(devices) GPUs"
  }
}
