/// What the programs of one slot may use: the devices and processors of no other slot.
///
/// A slot is the place that a trial has among those that run at the same time: see `TrialRequest.slot`.
public struct SlotResources: Sendable, Hashable {
  /// Variables of their environment, beside what this process has.
  public var environment: [String: String]
  /// The numbers of the processors that they are pinned to; empty: they are not pinned.
  public var processors: [Int]

  public init(environment: [String: String] = [:], processors: [Int] = []) {
    self.environment = environment
    self.processors = processors
  }

  /// A bit for each of the processors, in whole words of the system; none if there are none.
  var mask: [UInt8] {
    guard let last = processors.max() else { return [] }
    var mask = [UInt8](repeating: 0, count: (last / 64 + 1) * 8)
    for number in processors { mask[number / 8] |= 1 << (number % 8) }
    return mask
  }
}

extension [SlotResources] {
  /// Those of a slot; nothing of its own where there are none.
  func of(slot: Int) -> SlotResources { indices.contains(slot) ? self[slot] : SlotResources() }
}
