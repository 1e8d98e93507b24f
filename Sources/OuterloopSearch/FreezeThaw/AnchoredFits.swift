/// Fits of a model's parameters that whoever replays a study comes to as well: the last one that fell due, from the
/// end of the last anchor's, which begins at what is believed before any trial (`FitSchedule`). A replay makes these
/// two.
struct AnchoredFits<Fit: Sendable>: Sendable {
  /// By the count of rows.
  private var anchor: (count: Int, fit: Fit)?
  private var last: (count: Int, fit: Fit)?

  /// The fit for what was observed; nil if none fell due yet.
  ///
  /// - Parameters:
  ///   - start: what an anchor's fit begins with.
  ///   - make: a fit to what was known, from another one; and whether it is an anchor's.
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
