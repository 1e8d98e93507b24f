internal import OuterloopLab
internal import OuterloopSearch
internal import OuterloopStudy

/// The third part of `outerloop demo`: searches with and without the derivatives of the loss with respect to the
/// hyperparameters, on the same problem.
struct DemoGradients {
  static let seeds = 5
  static let trials = 20
  /// The loss counts as reached within this much of the smallest loss of all searches.
  static let tolerance = 0.1

  struct Outcome: Encodable {
    /// Trials until the loss was reached, the median over seeds; searches that did not reach it count one
    /// trial more than they ran.
    var trialsWithGradients: Int
    var trialsWithout: Int
  }

  private let problem = DecayGroups(seed: 1)

  /// - Throws: a `CommandError` with status 130 when it was interrupted.
  func perform(_ progress: inout Progress) async throws -> Outcome {
    progress.say(
      """

      Both together: a regression with a weight decay for each of \(DecayGroups.groups) groups of features. \
      Trials report the derivatives of
      the validation loss with respect to the decays, and the search uses them; \(Self.seeds) searches with them and \
      \(Self.seeds) without.
      """)
    var informed: [[Double]] = []
    var plain: [[Double]] = []
    for seed in 0..<Self.seeds {
      guard !Interrupts.isRequested else {
        throw CommandError(
          "interrupted", hint: "continue with: \(CommandText.again)", status: Interrupts.status)
      }
      informed.append(try await losses(seed, reporting: true))
      plain.append(try await losses(seed, reporting: false))
    }
    let best = (informed + plain).joined().min() ?? 0
    func median(_ searches: [[Double]]) -> Int {
      let counts = searches.map { losses in
        1 + (losses.firstIndex { $0 <= best * (1 + Self.tolerance) } ?? Self.trials)
      }
      return counts.sorted()[Self.seeds / 2]
    }
    return Outcome(trialsWithGradients: median(informed), trialsWithout: median(plain))
  }

  /// The losses of a search, trial by trial.
  private func losses(_ seed: Int, reporting: Bool) async throws -> [Double] {
    var space = SearchSpace()
    let decays = try (0..<DecayGroups.groups).map {
      try space.float("decay\($0)", 1e-4...10, log: true)
    }
    let study = try await Study(space, .minimize("loss"), by: .gp(), seed: UInt64(seed))
    try await study.run(trials: Self.trials) { [problem] trial in
      let (loss, derivatives) = try problem.result(decays: decays.map { trial[$0] })
      if reporting {
        let gradient = zip(decays, derivatives).map { ($0.name, $1) }
        _ = try await trial.report(
          epoch: 1, ["loss": loss], gradient: Dictionary(uniqueKeysWithValues: gradient))
      }
      return loss
    }
    return try await study.trials().compactMap { $0.values?.first }
  }
}
