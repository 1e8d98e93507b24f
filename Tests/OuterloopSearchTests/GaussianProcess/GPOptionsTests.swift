import Foundation
import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// What options of `gp` for many dimensions claim.
@Suite struct GPOptionsTests {
  private func study(
    _ dimensions: Int, seed: UInt64, _ change: (inout GPOptions) -> Void
  ) throws -> SearchSimulation {
    var options = GPOptions()
    change(&options)
    let method = SearchMethod.gp(options)
    return try SearchSimulation(
      StudySpecification(
        name: "s", space: GPObjectivesTests.space(Array(repeating: 0...1, count: dimensions)),
        objectives: [.minimize("loss")], method: method.description, seed: seed), method)
  }

  private func numbers(_ trial: Trial) -> [Double] {
    trial.assignment.values.compactMap { $0?.number }
  }

  /// Proposals of the model change fewer parameters of the best trial before them, and lose little by it.
  @Test func sparseChangesChangeFew() throws {
    func changes(_ isSparse: Bool) throws -> (share: Double, best: Double) {
      var (changed, total) = (0, 0)
      var best = 0.0
      for seed: UInt64 in 1...2 {
        var study = try study(8, seed: seed) { $0.sparseChanges = isSparse }
        var incumbent: (loss: Double, places: [Double])?
        for step in 0..<35 {
          let trial = try #require(try study.ask())
          let x = numbers(trial)
          if step >= 10, let incumbent {
            changed += zip(x, incumbent.places).count { $0 != $1 }
            total += x.count
          }
          // Two of eight parameters matter.
          let loss = (x[1] - 0.3) * (x[1] - 0.3) + (x[5] - 0.6) * (x[5] - 0.6)
          try study.tell(trial.number, .complete([loss]))
          if loss < incumbent?.loss ?? .infinity { incumbent = (loss, x) }
        }
        best = max(best, study.bestLoss)
      }
      return (Double(changed) / Double(total), best)
    }
    let (plain, sparse) = (try changes(false), try changes(true))
    #expect(sparse.share < 0.6 * plain.share, "\(sparse.share), \(plain.share)")
    #expect(sparse.best < 0.01)
  }

  /// The density of rho = 1/(tau l^2) and its slope, by differences; others keep theirs.
  @Test func shrinkageIsHalfCauchy() {
    let layout = KernelLayout(dimensions: 3)
    let (prior, plain) = (KernelPrior(layout, shrinkage: 0.1), KernelPrior(layout))
    for scale in [-2.0, -0.5, 0, 1, 4] {
      let theta = [scale, scale + 0.3, scale - 0.2, -5]
      let gradient = prior.logDensity(theta).gradient
      for place in theta.indices {
        var (up, down) = (theta, theta)
        up[place] += 1e-6
        down[place] -= 1e-6
        let slope = (prior.logDensity(up).value - prior.logDensity(down).value) / 2e-6
        #expect(abs(slope - gradient[place]) < 1e-6)
      }
      #expect(gradient[3] == plain.logDensity(theta).gradient[3])
      let rho = exp(-2 * theta[0]) / 0.1
      var other = theta
      other[0] = 20
      let ratio = prior.logDensity(theta).value - prior.logDensity(other).value
      #expect(abs(ratio + log(1 + rho * rho)) < 1e-9)
    }
    // Quantiles of |Cauchy| / 10.
    for (place, tau) in KernelPrior.shrinkages.enumerated() {
      #expect(abs(2 / .pi * atan(tau / 0.1) - (2 * Double(place) + 1) / 8) < 1e-3)
    }
  }

  /// Two of thirty coordinates matter: what the mean of the sparse models expects at other points is nearer to
  /// the truth. Pairs of the same seed: without a difference 7 wins of 8 or more have probability .035 (sign
  /// test).
  @Test func sparseModelsFindWhatMatters() throws {
    let (known, held, dimensions) = (60, 100, 30)
    let layout = KernelLayout(dimensions: dimensions)
    var wins = 0
    for seed: UInt64 in 1...8 {
      let x = try RandomKey(seed: seed).uniform([known + held, dimensions], dtype: .float64)
        .scalars(Double.self)
      let all = KernelPoints(layout, count: known + held, columns: [x], activity: [[]])
      let truth = (0..<known + held).map { row in
        TestProblem.branin.value([
          15 * x[row * dimensions + 3] - 5, 15 * x[row * dimensions + 17],
        ])
      }
      let mean = truth.reduce(0, +) / Double(truth.count)
      let scale = (truth.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(truth.count))
        .squareRoot()
      let outputs = truth.map { ($0 - mean) / scale }
      let points = all.selecting(0..<known)
      func error(_ shrinkages: [Double?]) throws -> Double {
        var expected = [Double](repeating: 0, count: held)
        for shrinkage in shrinkages {
          let prior = KernelPrior(layout, shrinkage: shrinkage)
          let evidence = Evidence(points, outputs: Array(outputs.prefix(known)))
          let fit = try KernelFit(
            evidence, prior, from: [1, 2, 0.5].map { prior.mode.stretched(by: $0) })
          let process = try #require(
            try GaussianProcess(points, outputs: evidence.outputs, fit.parameters))
          let means = process.predict(all.selecting(known..<known + held)).means
          for place in means.indices { expected[place] += means[place] / Double(shrinkages.count) }
        }
        return zip(expected, outputs.dropFirst(known)).reduce(0) {
          $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
        }
      }
      let (sparse, dense) = (try error(KernelPrior.shrinkages), try error([nil]))
      if sparse < dense { wins += 1 }
    }
    #expect(wins >= 7, "\(wins) of 8")
  }

  /// Nothing gets better: the box shrinks around the first trial, and the search begins anew.
  @Test func trustRegionsShrinkAndBeginAnew() throws {
    var study = try study(2, seed: 3) {
      $0.trustRegion = true
      $0.candidates = 64
      $0.startup = 5
    }
    // A loss that gets worse and worse: nothing is an improvement.
    var far: [Double] = []
    for step in 0..<60 {
      let trial = try #require(try study.ask())
      let x = numbers(trial)
      if step >= 20, step < 29 { far.append(max(abs(x[0] - 0.5), abs(x[1] - 0.5))) }
      try study.tell(trial.number, .complete([Double(step)]))
    }
    // 4 failures halve the box: after 8 times 4 it is spent, and evenly spread points come again.
    let late = study.trials[33..<38].map { numbers($0)[0] }
    #expect((late.max() ?? 0) - (late.min() ?? 0) > 0.4)
    let small = study.trials[29..<33].map { numbers($0) }
    let first = numbers(study.trials[0])
    for x in small {
      #expect(zip(x, first).allSatisfy { abs($0 - $1) < 0.1 })
    }
  }

  @Test func refusesSeveralObjectives() throws {
    var options = GPOptions()
    options.trustRegion = true
    let method = SearchMethod.gp(options)
    let specification = try StudySpecification(
      name: "s", space: GPObjectivesTests.space([0...1]),
      objectives: [.minimize("a"), .minimize("b")],
      method: method.description, seed: 1)
    #expect(
      throws: StudyError(
        "gp:trustRegion=true takes one objective, not 2", "leave the option trustRegion out")
    ) {
      try method.searcher(specification)
    }
  }
}
