private import OuterloopPlatform

/// When a run of CMA-ES has converged, and how it restarts: BIPOP (Hansen 2009, "Benchmarking a
/// BI-population CMA-ES on the BBOB-2009 function testbed").
///
/// Every run starts at a random point. Large runs have twice the population of the previous large run;
/// between them come small ones, as long as these have used fewer trials in total than the large ones:
///
///     lambda = lambda_0 (lambda_large / (2 lambda_0))^(u^2),   sigma = sigma_0 10^(-2 v)
///
/// with u and v uniform; a small run ends after half of the trials of the last large one. Large populations
/// suit functions of many minima with a global trend, small steps those without, and which applies is not
/// known in advance; IPOP has only the former.
struct Restarts: Sendable {
  /// One run.
  struct Run: Sendable {
    let number: Int
    let population: Int
    /// What sigma is multiplied by.
    let stepFactor: Double
    let isLarge: Bool
    /// The largest number of its trials.
    let limit: Int
    var trials = 0
  }

  private let basePopulation: Int
  private let seed: UInt64
  private var largePopulation: Int
  private var largeTrials = 0
  private var smallTrials = 0
  private var lastLargeTrials = 0
  private(set) var run: Run

  /// The limit on population growth.
  private static let mostTrials = 10_000

  init(population: Int, seed: UInt64) {
    basePopulation = population
    largePopulation = population
    self.seed = seed
    run = Run(number: 0, population: population, stepFactor: 1, isLarge: true, limit: .max)
  }

  mutating func count() { run.trials += 1 }

  /// Ends the run and begins the next; returns draws for its random starting point.
  mutating func restart() -> Draws {
    if run.isLarge {
      largeTrials += run.trials
      lastLargeTrials = run.trials
    } else {
      smallTrials += run.trials
    }
    let number = run.number + 1
    var draws = Draws(seed: seed, .restarts, trial: number)
    let (u, v) = (draws.next(), draws.next())
    if number > 1, smallTrials < largeTrials {
      let ratio = Double(largePopulation) / Double(2 * basePopulation)
      let population = Double(basePopulation) * pow(max(ratio, 1), u * u)
      run = Run(
        number: number, population: Int(population), stepFactor: pow(10, -2 * v), isLarge: false,
        limit: max(lastLargeTrials / 2, basePopulation))
    } else {
      largePopulation = min(2 * largePopulation, max(Self.mostTrials, basePopulation))
      run = Run(
        number: number, population: largePopulation, stepFactor: 1, isLarge: true, limit: .max)
    }
    return draws
  }
}

/// Whether a run has converged, judging by its distribution and losses.
///
/// The tests of pycma, made independent of the unit of the loss: the losses of the last 10 + 30 n / lambda
/// generations are equal up to 1e-12 of the first generations' spread; no coordinate moves by more than a
/// billionth of its initial step; sigma has exploded; a step no longer changes the mean; C has a condition
/// number of 1e14.
struct StopTest: Sendable {
  private let window: Int
  private let initialDeviation: Double
  private var best: [Double] = []
  private var worst: [Double] = []
  private var spread = 0.0
  private var generation = 0

  static let tolerance = 1e-9

  init(_ gaussian: CovarianceAdaptation) {
    let parameters = gaussian.parameters
    window = 10 + (30 * parameters.dimensions + parameters.population - 1) / parameters.population
    initialDeviation =
      gaussian.sigma * (0..<parameters.dimensions).reduce(0) { max($0, gaussian.deviation($1)) }
  }

  /// Adds the losses of a generation, and the resulting distribution.
  mutating func isDone(
    losses: [Double], _ gaussian: CovarianceAdaptation
  ) -> Bool {
    let (least, most) = (losses.min() ?? 0, losses.max() ?? 0)
    if best.count < window {
      best.append(least)
      worst.append(most)
    } else {
      best[generation % window] = least
      worst[generation % window] = most
    }
    generation += 1
    if generation <= window, (most - least).isFinite { spread = max(spread, most - least) }
    let range = (worst.max() ?? 0) - (best.min() ?? 0)
    if generation > window, range <= 1e-12 * spread { return true }

    let n = gaussian.parameters.dimensions
    let (sigma, axes) = (gaussian.sigma, gaussian.axes)
    let limit = Self.tolerance * initialDeviation
    if (0..<n).allSatisfy({
      sigma * gaussian.deviation($0) < limit && sigma * abs(gaussian.covariancePath[$0]) < limit
    }) {
      return true
    }
    if sigma * axes[n - 1] > 1e4 || axes[n - 1] > 1e7 * axes[0] { return true }
    if (0..<n).contains(where: {
      gaussian.mean[$0] == gaussian.mean[$0] + 0.2 * sigma * gaussian.deviation($0)
    }) {
      return true
    }
    let axis = generation % n
    return (0..<n).allSatisfy {
      let step = 0.1 * sigma * axes[axis] * gaussian.directions[axis * n + $0]
      return gaussian.mean[$0] == gaussian.mean[$0] + step
    }
  }
}
