/// The split of TPE, updated incrementally: trials in order of (rank, number), the first gamma(n)
/// of which are *below*, the rest *above*. Adding or removing a trial moves O(1) others across the
/// boundary (more only if gamma jumps), and these are reported, so that densities can be updated.
///
/// Insertion and removal take O(sqrt n), about a microsecond at 100,000 trials; memory is O(n).
package struct TrialSplit<Rank: Comparable & Sendable>: Sendable {
  package enum Side: Sendable, Hashable { case below, above }

  /// The effect of an insertion or removal on the other trials.
  package struct Change: Sendable, Equatable {
    /// Trials that moved from above to below, and back, best first.
    package var toBelow: [Int] = []
    package var toAbove: [Int] = []
    /// The side of the trial inserted, or the side that the removed one was on.
    package var side: Side
  }

  private struct Entry: Comparable, Sendable {
    let rank: Rank
    let number: Int

    static func < (a: Entry, b: Entry) -> Bool {
      a.rank != b.rank ? a.rank < b.rank : a.number < b.number
    }
  }

  private var entries = SortedList<Entry>()
  private let share: GoodShare
  /// The number of trials below.
  package private(set) var belowCount = 0

  package init(share: GoodShare = .standard) { self.share = share }

  package var count: Int { entries.count }

  /// The numbers of the trials below, best first. O(gamma).
  package var below: [Int] { entries.prefix(belowCount).map(\.number) }

  /// The number of the best trial.
  package var best: Int? { entries.count > 0 ? entries[0].number : nil }

  /// Adds a trial. (rank, number) must be new.
  package mutating func insert(_ rank: Rank, number: Int) -> Change {
    let place = entries.insert(Entry(rank: rank, number: number))
    let old = belowCount
    belowCount = share.count(of: entries.count)
    var change = Change(side: place < belowCount ? .below : .above)
    // Only ranks between the old and the new boundary can have changed sides; the new trial shifted
    // those after it by one.
    for now in window(old) where now != place {
      let before = now < place ? now : now - 1
      note(now, wasBelow: before < old, isBelow: now < belowCount, in: &change)
    }
    return change
  }

  /// Removes a trial; nil if it is not in the split.
  package mutating func remove(_ rank: Rank, number: Int) -> Change? {
    guard let place = entries.remove(Entry(rank: rank, number: number)) else { return nil }
    let old = belowCount
    belowCount = share.count(of: entries.count)
    var change = Change(side: place < old ? .below : .above)
    for now in window(old) {
      let before = now < place ? now : now + 1
      note(now, wasBelow: before < old, isBelow: now < belowCount, in: &change)
    }
    return change
  }

  /// The side of a trial in the split.
  package func side(of rank: Rank, number: Int) -> Side {
    entries.rank(of: Entry(rank: rank, number: number)) < belowCount ? .below : .above
  }

  private func window(_ old: Int) -> Range<Int> {
    let low = max(min(old, belowCount) - 1, 0)
    return low..<max(low, min(max(old, belowCount) + 1, entries.count))
  }

  private func note(_ place: Int, wasBelow: Bool, isBelow: Bool, in change: inout Change) {
    if wasBelow == isBelow { return }
    let number = entries[place].number
    if isBelow { change.toBelow.append(number) } else { change.toAbove.append(number) }
  }
}
