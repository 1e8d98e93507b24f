private import OuterloopPlatform
public import OuterloopStudy

/// PED-ANOVA (Watanabe, Bansal and Hutter 2023), with conditional parameters (condPED-ANOVA, 2026): how much
/// the distribution of a parameter among the best trials differs from that among all. Equal to Optuna 5.0.0.
///
///     D = sum over the grid of p_all (p_top / p_all - 1)^2
///     importance = (n_top / n_all)^2 sum over regimes of alpha^2 / beta D
///
/// p are Parzen densities on a grid of at most 50 values. A parameter with a condition has two regimes, active
/// and inactive, of which the former counts if it has two trials; alpha and beta are its fractions of the best
/// trials and of all.
///
/// The best are all trials with a loss no larger than the ceil(q n)-th smallest; for several objectives
/// complete fronts, and of the front that does not fit, the subset with the most hypervolume. Losses follow
/// the objectives' directions. It measures where good values are, not how good they are, and needs five or
/// more trials among the best.
///
/// - Complexity: O(n d) time and O(n m) memory, for several objectives also that of sorting.
public struct PEDANOVA: Sendable {
  /// The fraction of trials that count as best.
  public var target = 0.1
  /// The fraction of trials to compare with, for the importance among good ones.
  public var region = 1.0

  private static let steps = 50
  private static let leastTrials = 2

  /// The defaults.
  public init() {}

  /// The importance of every parameter of the space, the largest first. All are 0 for less than two trials
  /// with finite results.
  ///
  /// - Parameters:
  ///   - trials: of the study, in any state.
  ///   - objective: the index of the objective; nil: all together.
  /// - Throws: `StudyError` unless 0 < target < region <= 1, and for an unknown objective.
  public func importances(
    _ trials: [Trial], _ specification: StudySpecification, objective: Int? = nil
  ) throws -> [ParameterImportance] {
    guard target > 0, target < region, region <= 1 else {
      throw StudyError(
        "the shares \(target) and \(region) are not of the best trials and of those around",
        "let 0 < target < region <= 1")
    }
    let rated = try RatedTrials(trials, specification, objective: objective)
    let parameters = specification.space.parameters
    let names = parameters.map(\.name)
    guard rated.losses.count > 1 else {
      return ParameterImportance.shares(names, names.map { _ in 0 })
    }
    let isTop = try best(target, rated.losses)
    let isInRegion = try best(region, rated.losses)
    let regional = rated.assignments.indices.filter { isInRegion[$0] }
    let topCount = regional.count { isTop[$0] }
    let values = parameters.indices.map { index in
      Self.importance(
        of: index, parameters[index].domain, rated.assignments, regional, isTop,
        topCount: topCount)
    }
    return ParameterImportance.shares(names, values)
  }

  /// Whether each trial is among the best `share`.
  private func best(_ share: Double, _ losses: [[Double]]) throws -> [Bool] {
    guard share < 1 else { return losses.map { _ in true } }
    let count = Int((share * Double(losses.count)).rounded(.up))
    if losses[0].count == 1 {
      let cut = losses.map { $0[0] }.sorted()[count - 1]
      return losses.map { $0[0] <= cut }
    }
    let points = try ObjectivePoints(losses, objectives: losses[0].count)
    var isBest = losses.map { _ in false }
    var chosen = 0
    for front in points.fronts() where chosen < count {
      let room = count - chosen
      var members = front
      if front.count > room {
        let tie = points.selecting(front)
        members = try tie.hypervolumeSubset(size: room, reference: tie.referencePoint())
          .map { front[$0] }
      }
      for index in members { isBest[index] = true }
      chosen += members.count
    }
    return isBest
  }

  private static func importance(
    of index: Int, _ domain: Domain, _ assignments: [Assignment], _ regional: [Int],
    _ isTop: [Bool], topCount: Int
  ) -> Double {
    guard let grid = ImportanceGrid(domain, steps: steps) else { return 0 }
    var (all, top) = (
      [Int](repeating: 0, count: grid.count), [Int](repeating: 0, count: grid.count)
    )
    var (active, activeTop) = (0, 0)
    for trial in regional {
      guard let value = assignments[trial].values[index], let place = grid.place(of: value) else {
        continue
      }
      all[place] += 1
      active += 1
      if isTop[trial] {
        top[place] += 1
        activeTop += 1
      }
    }
    guard active >= leastTrials, activeTop > 0 else { return 0 }
    let (pTop, pAll) = (grid.density(top), grid.density(all))
    let divergence = zip(pTop, pAll).reduce(0) { sum, p in
      let (top, all) = (p.0 + 1e-12, p.1 + 1e-12)
      return sum + all * (top / all - 1) * (top / all - 1)
    }
    let (n, m) = (Double(regional.count), Double(topCount))
    let (alpha, beta) = (Double(activeTop) / m, Double(active) / n)
    return alpha * alpha / beta * divergence * (m / n) * (m / n)
  }
}
