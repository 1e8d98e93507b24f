internal import OuterloopBilevel

/// The colour of a method in the pictures of all experiments, by its family: whoever has learned on one page
/// that DrMAD is orange finds it orange on the next.
enum MethodStyle: Int {
  /// Exact differentiation of the training: reverse, forward, reversible.
  case exact = 0
  case drmad = 1
  /// The solution of the inner problem: implicit, HOAG.
  case implicit = 2
  case hypernetwork = 3
  case random = 4
  /// One step, or every step by itself: one-step, greedy, truncated.
  case short = 5
  /// Searches that model the loss: Gaussian process, TPE.
  case model = 6

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
