public import OuterloopStudy

/// The options of DyHPO.
public struct DyHPOOptions: Sendable, Hashable {
  /// Follows the published code in all choices, for comparisons; see `PublishedDyHPOSearch`.
  public var faithful = false
  /// The fraction of the budget's epochs spent on first epochs of space-filling configurations before the
  /// model decides.
  public var screening = 0.06
  /// New candidate configurations per proposal; 0: 512, and 1000 as published.
  public var candidates = 0
  /// The largest number of observations in the model; with more, fewer epochs of each curve are
  /// used.
  public var observations = 300
  /// Steps of a training of the model from scratch; a refinement takes a quarter of them, and a twentieth as
  /// published; 0: 100, and 1000 as published.
  public var training = 0

  public init() {}

  var candidateCount: Int { candidates > 0 ? candidates : faithful ? 1000 : 512 }
  var trainingSteps: Int { training > 0 ? training : faithful ? 1000 : 100 }
}

extension DyHPOOptions: EpochwiseOptions {
  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, a value of another kind or out of range, and options that
  ///   exclude one another.
  public init(_ given: [String: ParameterValue]) throws { try self.init(reading: given) }

  static let owner = "dyhpo"

  static let declarations: [MethodOption<Self>] = [
    .flag("faithful", \.faithful, "the published code's choices throughout, for comparisons"),
    .screening,
    .whole(
      "candidates", \.candidates, 16...65536, zero: "512, or 1000 with `faithful`",
      "new configurations considered for a proposal"),
    .observations,
    .whole(
      "training", \.training, 1...10000, zero: "100, or 1000 with `faithful`",
      "steps of a training of the model from scratch"),
  ]

  func checkTogether(given: Set<String>) throws {
    let standard = Self()
    guard faithful else { return }
    for (name, differs) in [
      ("screening", screening != standard.screening),
      ("observations", observations != standard.observations),
    ] where differs || given.contains(name) {
      throw StudyError(
        "dyhpo with faithful=true has no \(name): the published method has one first configuration and "
          + "takes all observations", "leave \(name) out, or faithful")
    }
  }
}
