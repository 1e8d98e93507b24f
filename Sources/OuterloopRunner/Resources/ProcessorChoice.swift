/// Which processors the trials share, as written by the user: `all`, `8` (the first eight), `0-3,8`
/// or `4,` (by their numbers), `none`.
public enum ProcessorChoice: Sendable, Hashable, CustomStringConvertible {
  case all
  /// The first N.
  case first(Int)
  /// Numbers, in ascending order.
  case listed([Int])
  /// The operating system schedules all trials on all of them.
  case unassigned

  /// Nil: the text has none of these forms.
  public init?(_ text: String) {
    switch text {
    case "all": self = .all
    case "none": self = .unassigned
    case let text where Int(text) != nil:
      guard let count = Int(text), count > 0 else { return nil }
      self = .first(count)
    default:
      var parts = text.split(separator: ",", omittingEmptySubsequences: false)
      if parts.count > 1, parts.last == "" { parts.removeLast() }
      var numbers: Set<Int> = []
      for part in parts {
        let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(ends.count), let low = ends[0], let high = ends[ends.count - 1],
          low >= 0, low <= high, high < 1 << 16
        else { return nil }
        numbers.formUnion(low...high)
      }
      guard !numbers.isEmpty else { return nil }
      self = .listed(numbers.sorted())
    }
  }

  public var description: String {
    switch self {
    case .all: "all"
    case .first(let count): "\(count)"
    case .listed(let numbers):
      numbers.map(String.init).joined(separator: ",") + (numbers.count == 1 ? "," : "")
    case .unassigned: "none"
    }
  }
}
