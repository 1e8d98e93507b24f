public import OuterloopBilevel

/// All settings of the search for wrong labels.
public struct LabelErrorSettings: Sendable, Codable, Equatable {
  public var model = LabelErrorFinder.Model.auto
  public var folds = 5
  /// How often folds are drawn; nil chooses by the number of rows.
  @OrNull public var repeats: Int?
  /// Fraction of the labels to corrupt first, to measure how well they are detected.
  public var corrupt = 0.0
  public var seed: UInt64 = 0

  public init() {}

  /// - Throws: `LabError` naming the first setting that is out of range, and its range.
  public func validate() throws {
    try LabError.require((2...50).contains(folds), "folds", folds, "from 2 to 50")
    if let repeats {
      try LabError.require((1...100).contains(repeats), "repeats", repeats, "from 1 to 100")
    }
    try LabError.require(corrupt >= 0 && corrupt < 1, "corrupt", corrupt, "from 0 to below 1")
  }

  var finder: LabelErrorFinder {
    var finder = LabelErrorFinder()
    finder.model = model
    finder.folds = folds
    finder.repeats = repeats
    finder.seed = seed
    return finder
  }

  /// The settings in which these differ from others, as `--seed 0, here 7`.
  func differences(from other: LabelErrorSettings) -> [String] {
    func text(_ repeats: Int?) -> String { repeats.map(String.init) ?? "chosen" }
    let pairs: [(String, String, String)] = [
      ("model", model.rawValue, other.model.rawValue),
      ("folds", "\(folds)", "\(other.folds)"),
      ("repeats", text(repeats), text(other.repeats)),
      ("corrupt", "\(corrupt)", "\(other.corrupt)"), ("seed", "\(seed)", "\(other.seed)"),
    ]
    return pairs.filter { $0.1 != $0.2 }.map { "--\($0.0) \($0.1), here \($0.2)" }
  }
}
