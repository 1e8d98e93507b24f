import Foundation
import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// What `gp` makes of costs and beliefs.
@Suite struct GPTermsTests {
  private static let space = ["x=float(0, 3)", "z=float(0, 1)"]

  private func x(_ assignment: Assignment) -> Double { assignment["x"]?.number ?? 0 }
  private func z(_ assignment: Assignment) -> Double { assignment["z"]?.number ?? 0 }

  /// The loss depends on z alone.
  private func told(_ assignment: Assignment, _ cost: Double) -> Told {
    let offset = z(assignment) - 0.6
    return Told(metrics: ["y": offset * offset, "cost": cost])
  }

  private func run(
    _ cost: TrialCost?, seed: Int = 1, trials: Int = 25, _ tell: (Assignment) -> Told
  ) throws -> SearchSimulation {
    var study = try SearchSimulation(.tpe(Self.space, seed: seed, cost: cost), .gp())
    try study.run(trials, telling: tell)
    return study
  }

  /// The gradient of an acquisition function with costs, by central differences.
  @Test func costGradients() throws {
    let layout = KernelLayout(dimensions: 2)
    func points(_ rows: [[Double]]) -> KernelPoints {
      KernelPoints(layout, count: rows.count, columns: [rows.flatMap { $0 }], activity: [[]])
    }
    let rows = (0..<12).map { (row: Int) -> [Double] in
      [Double(row * 5 % 12) / 12 - 0.5, Double(row) / 12 - 0.5]
    }
    let data = points(rows)
    let parameters = KernelParameters(lengthscales: [[0.4, 0.7]], scales: [1], noise: 1e-3)
    let loss = try #require(
      try GaussianProcess(data, outputs: (0..<12).map { sin(Double($0)) }, parameters))
    let cost = try #require(
      try GaussianProcess(data, outputs: (0..<12).map { cos(Double($0)) }, parameters))
    let costed = CostedAcquisition(ExpectedImprovement(loss), cost: cost, weight: 0.7)
    let at = [0.1, -0.23]
    let (values, gradients) = costed.valuesAndGradients(at: points([at]))
    #expect(abs(values[0] - costed.values(at: points([at]))[0]) < 1e-10)
    for j in 0..<2 {
      let step = 1e-6
      let ends = [-step, step].map { move -> [Double] in
        var moved = at
        moved[j] += move
        return moved
      }
      let found = costed.values(at: points(ends))
      let difference = (found[1] - found[0]) / (2 * step)
      #expect(abs(difference - gradients[0][j]) < 1e-5 * max(abs(difference), 1))
    }
    let free = CostedAcquisition(ExpectedImprovement(loss), cost: cost, weight: 0)
    #expect(free.values(at: data) == ExpectedImprovement(loss).values(at: data))
  }

  /// What does not change the loss is chosen by what it costs.
  @Test func cheapTrialsArePreferred() throws {
    for seed in 0..<3 {
      func mean(_ cost: TrialCost?) throws -> Double {
        let study = try run(cost, seed: seed) { told($0, pow(10, x($0))) }
        return study.trials.suffix(12).reduce(0) { $0 + x($1.assignment) } / 12
      }
      let (cheap, plain) = (try mean(TrialCost("cost")), try mean(nil))
      #expect(cheap < 1 && cheap < plain, "seed \(seed): \(cheap), plain \(plain)")
    }
  }

  @Test(arguments: [0x1p-10, 0x1p-20, 0x1p10]) func theUnitOfCostDoesNotMatter(_ scale: Double)
    throws
  {
    func assignments(_ scale: Double) throws -> [Assignment] {
      try run(TrialCost("cost"), trials: 16) { told($0, scale * pow(10, x($0))) }.assignments
    }
    #expect(try assignments(scale) == assignments(1))
  }

  @Test func withoutWeightItIsPlain() throws {
    let plain = try run(nil) { told($0, pow(10, x($0))) }.assignments
    let spent = TrialCost("cost", horizon: Budget(trials: 1))
    #expect(try run(spent) { told($0, pow(10, x($0))) }.assignments == plain)
    for bad in [-1, 0, Double.nan, .infinity] {
      let ignored = try run(TrialCost("cost")) { told($0, bad) }.assignments
      #expect(try ignored == run(nil) { told($0, bad) }.assignments)
    }
  }

  private func loss(_ assignment: Assignment) -> Told {
    let (a, b) = (x(assignment) / 3 - 0.8, z(assignment) - 0.2)
    return Told(metrics: ["y": a * a + b * b])
  }

  @Test func startsWhereItIsBelieved() throws {
    let priors = try ParameterPrior.parsing("x=2.25±0.06, c=b")
    var study = try SearchSimulation(
      .tpe(Self.space + ["c=choice(a, b, d)", "k=int(1, 9) if c == b"], priors: priors), .gp())
    try study.run(10, telling: loss)
    #expect(study.trials[0].assignment["x"]?.number == 2.25)
    #expect(study.trials[0].assignment["c"] == .text("b"))
    let near = study.trials.filter { abs(x($0.assignment) - 2.25) < 0.3 }
    #expect(Set(near.map(\.number)).isSuperset(of: [0, 2, 4, 6, 8]))
    #expect(near.count < 9)
    try study.take(
      .hinted(ParameterPrior.parsing("x=0.6±0.1, c=d")), of: study.trials.count)
    #expect(try study.ask()?.assignment["x"]?.number == 0.6)
  }

  /// 20 paired seeds at 8 trials: 16 wins have a probability of .006 by chance.
  @Test func goodBeliefsHelp() throws {
    let priors = try ParameterPrior.parsing("x=2.37±0.15, z=0.22±0.05")
    let wins = try (0..<20).count { seed in
      func best(_ priors: [ParameterPrior]) throws -> Double {
        var study = try SearchSimulation(.tpe(Self.space, seed: seed, priors: priors), .gp())
        try study.run(8, telling: loss)
        return study.bestLoss
      }
      return try best(priors) < best([])
    }
    #expect(wins >= 16)
  }

  /// Against random search without a wrong belief, at 30 trials.
  @Test func wrongBeliefsAreOvercome() throws {
    let priors = try ParameterPrior.parsing("x=0.3±0.15, z=0.9±0.05")
    let wins = try (0..<20).count { seed in
      func best(_ method: SearchMethod, _ priors: [ParameterPrior]) throws -> Double {
        var study = try SearchSimulation(.tpe(Self.space, seed: seed, priors: priors), method)
        try study.run(30, telling: loss)
        return study.bestLoss
      }
      return try best(.gp(), priors) < best(.random, [])
    }
    #expect(wins >= 16)
  }
}
