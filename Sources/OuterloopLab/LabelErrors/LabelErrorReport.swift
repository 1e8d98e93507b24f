internal import OuterloopBilevel
internal import OuterloopLearning

/// The result of a search for wrong labels. Its JSON is `result.json` and the output of the command
/// with `--json`; the keys are the names of the properties here and are stable.
public struct LabelErrorReport: Sendable, Codable, Equatable {
  /// A row whose label is suspicious.
  public struct Suspect: Sendable, Codable, Equatable {
    /// Number of the row in its file, from 1, without a header row.
    public var row: Int
    /// The line on which it begins, from 1; nil where the file is not text.
    @OrNull public var line: Int?
    /// The class as labelled, and the most probable class.
    public var label, likely: String
    /// P(the label is wrong).
    public var probability: Double
    /// Out-of-sample probabilities of the label and of the likely class, before the noise is taken
    /// into account.
    public var labelPrediction, likelyPrediction: Double
    /// How often rows of the likely class carry this label, as estimated.
    public var flipRate: Double
    /// The class before artificial corruption, if there was any.
    @OrNull public var trueLabel: String?
  }

  /// Labels of one class that are probably another.
  public struct Flip: Sendable, Codable, Equatable {
    public var label, likely: String
    public var count: Int
  }

  /// Version of the keys.
  public var format = 1
  public var method = "auto"
  public var settings: LabelErrorSettings
  public var source, dataFingerprint: String
  /// Rows examined, rows that are trusted, and names of the classes.
  public var examples, trusted: Int
  public var classes: [String]
  /// How many rows are suspicious, and the expected number of wrong labels.
  public var suspicious: Int
  public var expectedWrong: Double
  /// `transition[k][j]`: how often rows of class k are labelled j, as estimated.
  public var transition: [[Double]]
  /// Of the suspicious rows, the most frequent first.
  public var flips: [Flip]
  /// How well artificially corrupted labels were detected; nil without corruption.
  @OrNull public var detection: CleaningDetection?
  /// Area under the precision-recall curve of the ranking of all rows (step function); nil like
  /// `detection`.
  @OrNull public var averagePrecision: Double?
  public var seconds: Double
  public var notes: [String]
  /// The most probable first.
  public var suspects: [Suspect]
  /// Paths of the files.
  public var files: Files

  public struct Files: Sendable, Codable, Equatable {
    public var suspicious, rows, probabilities, transition: String
    /// Pictures of the suspicious rows; nil if rows are not images.
    @OrNull public var images: String?
    public var result: String
  }

  init(
    _ found: LabelErrors, _ data: LabelErrorData, _ settings: LabelErrorSettings, seconds: Double,
    files: Files
  ) {
    let given = data.rows
    let names = given.classNames
    let k = names.count
    self.settings = settings
    self.files = files
    source = given.source
    dataFingerprint = data.fingerprint
    examples = given.count
    trusted = data.trusted.count { $0 } + (data.trustedRows?.count ?? 0)
    classes = names
    let chosen = found.suspicious.filter { $0 < given.count }
    suspicious = chosen.count
    expectedWrong = found.expectedWrong
    transition = (0..<k).map { Array(found.noise[$0 * k..<($0 + 1) * k]) }
    suspects = chosen.map { row in Self.suspect(row, found, data) }
    var counts: [Flip: Int] = [:]
    // Where most labels are doubtful, a label may be suspicious and still the most likely.
    for suspect in suspects where suspect.likely != suspect.label {
      counts[Flip(label: suspect.label, likely: suspect.likely, count: 0), default: 0] += 1
    }
    flips = counts.map { Flip(label: $0.key.label, likely: $0.key.likely, count: $0.value) }
      .sorted { ($1.count, $0.label, $0.likely) < ($0.count, $1.label, $1.likely) }
    if let truth = data.trueLabels {
      let wrong = truth.indices.map { truth[$0] != given.labels[$0] }
      let hits = chosen.count { wrong[$0] }
      let all = wrong.count { $0 }
      detection = CleaningDetection(
        truePositives: hits, falsePositives: chosen.count - hits, falseNegatives: all - hits,
        trueNegatives: given.count - chosen.count - (all - hits))
      averagePrecision = Self.averagePrecision(
        Array(found.probabilities.prefix(given.count)), wrong)
    }
    self.seconds = seconds
    notes = data.notes
  }

  static func suspect(_ row: Int, _ found: LabelErrors, _ data: LabelErrorData) -> Suspect {
    let given = data.rows
    let k = given.classCount
    let (label, likely) = (Int(given.labels[row]), Int(found.likely[row]))
    return Suspect(
      row: given.rows[row], line: given.lines.isEmpty ? nil : given.lines[row],
      label: given.classNames[label], likely: given.classNames[likely],
      probability: found.probabilities[row], labelPrediction: found.prediction[row * k + label],
      likelyPrediction: found.prediction[row * k + likely],
      flipRate: found.noise[likely * k + label],
      trueLabel: data.trueLabels.map { given.classNames[Int($0[row])] })
  }

  /// The mean, over all wrong labels, of the precision down to that rank; ties count together.
  static func averagePrecision(_ probabilities: [Double], _ wrong: [Bool]) -> Double {
    let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
    let all = wrong.count { $0 }
    guard all > 0 else { return 0 }
    var (seen, hits, sum) = (0, 0, 0.0)
    var place = 0
    while place < order.count {
      var (end, new) = (place, 0)
      while end < order.count, probabilities[order[end]] == probabilities[order[place]] {
        if wrong[order[end]] { new += 1 }
        end += 1
      }
      hits += new
      seen += end - place
      sum += Double(new) * Double(hits) / Double(seen)
      place = end
    }
    return sum / Double(all)
  }
}

extension LabelErrorReport.Flip: Hashable {}
