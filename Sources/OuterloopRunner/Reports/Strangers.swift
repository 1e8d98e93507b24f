/// The lines of JSON that are no reports, until there are enough of them to say what a program does
/// print.
struct Strangers {
  private var seen: Set<String> = []

  /// Nil: the line brings no new name, or there are enough.
  mutating func next(_ line: ArraySlice<UInt8>) -> ReportLine? {
    guard seen.count < ReportLine.strangersLimit, let stranger = ReportLine.stranger(line),
      !stranger.strangers.isSubset(of: seen)
    else { return nil }
    seen.formUnion(stranger.strangers)
    return stranger
  }
}
