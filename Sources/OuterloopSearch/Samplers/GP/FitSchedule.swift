/// When hyperparameters are fitted anew, by how many trials have ended, and from where.
///
/// Whoever replays a study has to come to the same parameters. So there is no chain of fits, each begun
/// where the last one ended: some counts are *anchors*, each about 1.4 times the one before, and every fit
/// begins at the end of the last anchor's. A replay needs the anchors, O(log n) of them, and one more.
package struct FitSchedule: Sendable, Hashable {
  /// The first count that is fitted at.
  package let first: Int
  /// How many fits there are while the number of trials grows by its own size: 25 means every trial up to
  /// 50 and every 8th at 200.
  package let density: Int

  package init(first: Int, density: Int) {
    (self.first, self.density) = (first, density)
  }

  /// The last count up to `count` at which there is a fit. `count` is at least `first`.
  package func fit(upTo count: Int) -> Int {
    var place = first
    while place + gap(place) <= count { place += gap(place) }
    return place
  }

  private func gap(_ count: Int) -> Int { max(count / density, 1) }

  /// The anchors up to `count`, rising; the first one is `first`.
  package func anchors(upTo count: Int) -> [Int] {
    var anchors = [first]
    while let last = anchors.last, case let next = max(last + 2, last * 7 / 5), next <= count {
      anchors.append(next)
    }
    return anchors
  }
}
