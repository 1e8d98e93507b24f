/// How well wrong labels were found: positive means corrupted, found means suspicious.
public struct CleaningDetection: Sendable, Equatable {
  public var truePositives, falsePositives, falseNegatives, trueNegatives: Int

  /// Share of the suspicious examples that are corrupted; 0 if none is suspicious.
  public var precision: Double { Self.ratio(truePositives, truePositives + falsePositives) }
  /// Share of the corrupted examples that are suspicious; 0 if none is corrupted.
  public var recall: Double { Self.ratio(truePositives, truePositives + falseNegatives) }
  /// Harmonic mean of precision and recall.
  public var f1: Double {
    precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
  }

  private static func ratio(_ a: Int, _ b: Int) -> Double { b > 0 ? Double(a) / Double(b) : 0 }
}

/// Precision, recall and F1 are written too, for human readers; only the counts are read back.
extension CleaningDetection: Codable {
  enum CodingKeys: CodingKey { case truePositives, falsePositives, falseNegatives, trueNegatives }

  private enum Key: CodingKey {
    case truePositives, falsePositives, falseNegatives, trueNegatives, precision, recall, f1
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(truePositives, forKey: .truePositives)
    try container.encode(falsePositives, forKey: .falsePositives)
    try container.encode(falseNegatives, forKey: .falseNegatives)
    try container.encode(trueNegatives, forKey: .trueNegatives)
    try container.encode(precision, forKey: .precision)
    try container.encode(recall, forKey: .recall)
    try container.encode(f1, forKey: .f1)
  }
}
