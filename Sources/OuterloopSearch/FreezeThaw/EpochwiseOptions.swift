internal import OuterloopStudy

/// What may be chosen about every search that trains all trials side by side, one epoch at a time.
protocol EpochwiseOptions: MethodOptions {
  /// The share of the budget's epochs that is spent on the first epochs of evenly spread configurations before
  /// a model decides.
  var screening: Double { get set }
  /// How many observations the model takes at most: of more, fewer epochs of each curve.
  var observations: Int { get set }

  /// See `NewConfigurations`.
  static var staysInside: Bool { get }

  /// - Parameter pool: the configurations that there are to try, as those of a recorded table; nil: all of
  ///   the space.
  /// - Throws: `StudyError` for options out of range, and several objectives; `BLASError` if a linear algebra
  ///   library is needed and there is none.
  func searcher(_ specification: StudySpecification, pool: [Assignment]?) throws -> any Searcher
}

extension EpochwiseOptions {
  static var staysInside: Bool { false }

  /// The search with these options: it chooses configurations too, so it has no sampler.
  func method(pool: [Assignment]? = nil) -> SearchMethod {
    SearchMethod(
      MethodDescription(.noSampler, scheduler: description),
      searcher: { try searcher($0, pool: pool) })
  }
}

extension MethodOption where Options: EpochwiseOptions {
  static var screening: MethodOption {
    .number(
      "screening", \.screening, 0...1,
      "share of the budget's epochs for first epochs of evenly spread configurations")
  }

  static var observations: MethodOption {
    .whole(
      "observations", \.observations, 20...2000,
      "most reports in the model; of more, it uses fewer epochs of each trial")
  }
}
