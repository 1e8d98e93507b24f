/// The devices and processors of one slot's programs, which no other slot has.
///
/// A slot is a trial's index among those that run at the same time: see `TrialRequest.slot`.
public struct SlotResources: Sendable, Hashable {
  /// Environment variables in addition to those of this process.
  public var environment: [String: String]
  /// The numbers of the processors that they are pinned to; empty: they are not pinned.
  public var processors: [Int]

  public init(environment: [String: String] = [:], processors: [Int] = []) {
    self.environment = environment
    self.processors = processors
  }

  /// A bit mask of the processors, in whole system words; empty if there are none.
  var mask: [UInt8] {
    guard let last = processors.max() else { return [] }
    var mask = [UInt8](repeating: 0, count: (last / 64 + 1) * 8)
    for number in processors { mask[number / 8] |= 1 << (number % 8) }
    return mask
  }
}

extension [SlotResources] {
  /// The resources of a slot; empty where none are assigned.
  func of(slot: Int) -> SlotResources { indices.contains(slot) ? self[slot] : SlotResources() }
}
