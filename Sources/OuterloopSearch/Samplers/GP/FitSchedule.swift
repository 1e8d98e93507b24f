/// When hyperparameters are refitted, as a function of the number of finished trials, and from
/// which start.
///
/// A replay of a study must reproduce the parameters. So there is no chain of fits, each started from the
/// last: some counts are *anchors*, each about 1.4 times the previous one, whose fit starts from the prior,
/// and every fit starts from the last anchor's result. A replay needs only these two.
///
/// A fit to few trials takes milliseconds and is used at once. From `delayed` trials on it is first used at
/// the count at which the next one is due: until then it is computed while trials run, and no worker that
/// asks for a trial waits for it (`Surrogates.fitAhead`). Suggestions do not depend on when it was ready.
package struct FitSchedule: Sendable, Hashable {
  /// The first count with a fit.
  package let first: Int
  /// The number of fits while the number of trials doubles: 25 means every trial up to 50 and every 8th
  /// at 200.
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

  /// Fits to at least this many trials are used one step later.
  package static let delayed = 100

  /// The count whose fit is used for a suggestion after `count` trials, which is at least `first`.
  package func used(upTo count: Int) -> Int {
    let last = fit(upTo: count)
    return last < Self.delayed || last == first ? last : fit(upTo: last - 1)
  }

  private func gap(_ count: Int) -> Int { max(count / density, 1) }

  /// The last anchor up to `count`; the first one is `first`.
  package func anchor(upTo count: Int) -> Int {
    var anchor = first
    while case let next = max(anchor + 2, anchor * 7 / 5), next <= count { anchor = next }
    return anchor
  }
}
