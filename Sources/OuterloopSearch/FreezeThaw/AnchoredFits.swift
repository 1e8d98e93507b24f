/// Fits of a model's parameters that a replay of a study reproduces: the last one that was due, started from the end
/// of the last anchor fit, which starts from the prior (`FitSchedule`). A replay performs only these two.
struct AnchoredFits<Fit: Sendable>: Sendable {
  /// By the count of rows.
  private var anchor: (count: Int, fit: Fit)?
  private var last: (count: Int, fit: Fit)?

  /// The fit for the observations; nil if none was due yet.
  ///
  /// - Parameters:
  ///   - start: the start of an anchor fit.
  ///   - make: fits a snapshot, starting from another fit; the flag tells whether it is an anchor.
  mutating func fit(
    _ observed: ObservedCurves, from start: @autoclosure () -> Fit,
    make: (ObservedCurves.Snapshot, Fit, _ isAnchor: Bool) throws -> Fit
  ) rethrows -> Fit? {
    guard let due = observed.fit, let first = observed.anchor else { return nil }
    if let last, last.count == due.count { return last.fit }
    if anchor?.count != first.count { anchor = (first.count, try make(first, start(), true)) }
    guard let anchor else { return nil }
    let fit = try make(due, anchor.fit, false)
    last = (due.count, fit)
    return fit
  }
}
