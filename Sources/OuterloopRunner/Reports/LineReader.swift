/// Reads a program's lines: reports, near misses, and other JSON.
///
/// Only a few of the last two are passed on: enough to say what the program did print if no report
/// follows.
struct LineReader {
  let vocabulary: ReportLine.Vocabulary
  private var names: Set<String> = []
  private var misses = 0

  /// The number of near misses that are passed on.
  static let missesLimit = 3

  init(_ vocabulary: ReportLine.Vocabulary) { self.vocabulary = vocabulary }

  /// Starts over for another trial.
  mutating func begin() { self = LineReader(vocabulary) }

  /// The report in the line; nil: it is log output.
  mutating func read(_ line: LineSplitter.Line) -> ReportLine? {
    let plain = TerminalText.plain(line.bytes)
    if plain.isEmpty { return nil }
    if let report = ReportLine(plain, vocabulary) { return report }
    if line.isRewritten || line.bytes.contains(0x08), let report = reportAfterProgressBar(plain) {
      return report
    }
    if let miss = nearMiss(plain) { return miss }
    return unrecognized(plain)
  }

  /// Whether a line is nothing but a report, all of which is in the store.
  static func isReportOnly(_ report: ReportLine?, _ line: LineSplitter.Line) -> Bool {
    report?.isReport ?? line.bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 }
  }

  /// A report that follows a progress bar on the same line.
  private func reportAfterProgressBar(_ line: ArraySlice<UInt8>) -> ReportLine? {
    var tries = 0
    for start in line.indices where line[start] == UInt8(ascii: "{") {
      tries += 1
      if tries > 8 { return nil }
      if let report = ReportLine(line[start...], vocabulary) { return report }
    }
    return nil
  }

  private mutating func nearMiss(_ line: ArraySlice<UInt8>) -> ReportLine? {
    guard misses < Self.missesLimit,
      let miss = NearMiss(line, objectives: vocabulary.objectives)
    else { return nil }
    misses += 1
    return ReportLine(miss)
  }

  private mutating func unrecognized(_ line: ArraySlice<UInt8>) -> ReportLine? {
    guard names.count < ReportLine.unrecognizedLimit,
      let unrecognized = ReportLine.unrecognized(line),
      !unrecognized.unrecognizedKeys.isSubset(of: names)
    else { return nil }
    names.formUnion(unrecognized.unrecognizedKeys)
    return unrecognized
  }
}
