/// The split of TPE kept up to date: trials in order of (rank, number), the first gamma(n) of which
/// are *below*, the rest *above*. A trial that comes or goes moves O(1) others across the boundary
/// (more only if gamma jumps), and these are reported, so that densities can follow.
///
/// Insertion and removal take O(sqrt n), about a microsecond at 100,000 trials; memory is O(n).
package struct TrialSplit<Rank: Comparable & Sendable>: Sendable {
  package enum Side: Sendable, Hashable { case below, above }

  /// What an insertion or removal did to the trials that were there before.
  package struct Change: Sendable, Equatable {
    /// Trials that went from above to below, and back, best first.
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
  /// How many are below.
  package private(set) var belowCount = 0

  package init(share: GoodShare = .standard) { self.share = share }

  package var count: Int { entries.count }

  /// The numbers of the trials below, best first. O(gamma).
  package var below: [Int] { entries.prefix(belowCount).map(\.number) }

  /// The number of the best trial.
  package var best: Int? { entries.count > 0 ? entries[0].number : nil }

  /// Enters a trial. (rank, number) must not be there yet.
  package mutating func insert(_ rank: Rank, number: Int) -> Change {
    let place = entries.insert(Entry(rank: rank, number: number))
    let old = belowCount
    belowCount = share.count(of: entries.count)
    var change = Change(side: place < belowCount ? .below : .above)
    // Only ranks between the old and the new boundary can have changed sides; the new trial pushed
    // those behind it back by one.
    for now in window(old) where now != place {
      let before = now < place ? now : now - 1
      note(now, wasBelow: before < old, isBelow: now < belowCount, in: &change)
    }
    return change
  }

  /// Takes a trial out; nil if it is not there.
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

  /// The side of a trial that is there.
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
