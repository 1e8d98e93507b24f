internal import OuterloopBilevel

/// The colour of a method in the pictures of all experiments, by its family, so that DrMAD, for example, is
/// orange on every page.
enum MethodStyle: Int, CaseIterable {
  /// Exact differentiation of the training: reverse, forward, reversible.
  case exact = 0
  case drmad = 1
  /// The solution of the inner problem: implicit, HOAG.
  case implicit = 2
  case hypernetwork = 3
  case random = 4
  /// One step, or every step separately: one-step, greedy, truncated.
  case short = 5
  /// Searches that model the loss: Gaussian process, TPE.
  case model = 6

  /// The style of one of several methods of the family in a picture, from 0: its colour, with its own marker and dash.
  func style(_ number: Int) -> Int { rawValue + Self.allCases.count * number }

  /// The same for a method in a list, counting the others of its family.
  static func style<Method: Equatable>(
    _ method: Method, among all: [Method], of family: (Method) -> MethodStyle
  ) -> Int {
    let own = family(method)
    let before = all.prefix { $0 != method }.count { family($0) == own }
    return own.style(before)
  }

  init(_ family: EstimatorProperties.Family) {
    self =
      switch family {
      case .exact: .exact
      case .shortHorizon: .short
      case .knottedPath: .drmad
      case .implicit: .implicit
      case .concurrent: .hypernetwork
      }
  }
}
