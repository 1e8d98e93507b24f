/// Reads a program's lines: reports, what nearly is one, and what else is JSON.
///
/// Of the last two few are handed on: enough to say, if nothing else follows, what the program did
/// print.
struct LineReader {
  let vocabulary: ReportLine.Vocabulary
  private var names: Set<String> = []
  private var misses = 0

  /// Near misses that are handed on.
  static let missesLimit = 3

  init(_ vocabulary: ReportLine.Vocabulary) { self.vocabulary = vocabulary }

  /// Another trial begins, of which nothing has been told.
  mutating func begin() { self = LineReader(vocabulary) }

  /// What the line says; nil: it is log.
  mutating func read(_ line: LineSplitter.Line) -> ReportLine? {
    let plain = TerminalText.plain(line.bytes)
    if plain.isEmpty { return nil }
    if let report = ReportLine(plain, vocabulary) { return report }
    if line.isRewritten || line.bytes.contains(0x08), let report = behindBar(plain) {
      return report
    }
    if let miss = nearMiss(plain) { return miss }
    return stranger(plain)
  }

  /// Whether a line is nothing but a report: all it says is in the store.
  static func isNothingElse(_ report: ReportLine?, _ line: LineSplitter.Line) -> Bool {
    report?.isTelling ?? line.bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 }
  }

  /// A report behind a progress bar, which has no line of its own to end.
  private func behindBar(_ line: ArraySlice<UInt8>) -> ReportLine? {
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

  private mutating func stranger(_ line: ArraySlice<UInt8>) -> ReportLine? {
    guard names.count < ReportLine.strangersLimit, let stranger = ReportLine.stranger(line),
      !stranger.strangers.isSubset(of: names)
    else { return nil }
    names.formUnion(stranger.strangers)
    return stranger
  }
}
