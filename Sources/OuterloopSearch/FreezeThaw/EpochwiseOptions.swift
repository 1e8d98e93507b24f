internal import OuterloopStudy

/// The options of every search that trains all trials concurrently, one epoch at a time.
protocol EpochwiseOptions: MethodOptions {
  /// The fraction of the budget's epochs spent on first epochs of space-filling configurations before the
  /// model decides.
  var screening: Double { get set }
  /// The largest number of observations in the model; with more, fewer epochs of each curve are
  /// used.
  var observations: Int { get set }

  /// See `NewConfigurations`.
  static var staysInside: Bool { get }

  /// - Parameter pool: the available configurations, such as those of a recorded table; nil: the entire
  ///   space.
  /// - Throws: `StudyError` for options out of range, and several objectives; `BLASError` if a linear algebra
  ///   library is needed and missing.
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
