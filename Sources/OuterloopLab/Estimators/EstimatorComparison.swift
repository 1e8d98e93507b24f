internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

extension EstimatorsExperiment {
  /// Estimators on one problem, a row each. An estimator that refuses the problem or gives no result
  /// has a row of dashes and a note.
  struct Comparison {
    private let problem: Problem
    private let steps, repeats: Int
    private let lambda = Tensor([Double](repeating: -7, count: 64))
    /// The hypergradient of the training, and of the solution of the inner problem.
    private var exact, solution: Tensor?
    private(set) var answers = Answers()

    /// A row for each estimator, and why some have none.
    struct Answers: Codable {
      var rows: [ExperimentReport.Table.Row] = []
      var notes: [String] = []
    }

    init(_ problem: Problem, steps: Int, repeats: Int) {
      self.problem = problem
      self.steps = steps
      self.repeats = repeats
      exact = truth(.reverse, "the exact hypergradient of the training")
      solution = truth(
        .implicit(.dense, inner: .lbfgs()), "the hypergradient of the solution of the inner problem"
      )
    }

    private mutating func truth(_ estimator: Estimator, _ name: String) -> Tensor? {
      do {
        return try problem.hypergradient(at: lambda, by: estimator).gradient
      } catch {
        answers.notes.append(
          "there is nothing to compare with for \(steps) steps: \(name): \(error).")
        return nil
      }
    }

    mutating func add(_ estimator: Estimator) {
      do {
        let answer = try problem.hypergradient(at: lambda, by: estimator)
        let unrolled = try exact.map { try Agreement(answer.gradient, $0) }
        let implicit = try solution.map { try Agreement(answer.gradient, $0) }
        let time = time(estimator)
        answers.rows.append(
          .init(
            "\(estimator)",
            [
              unrolled?.cosine, unrolled?.ratio, unrolled?.error, implicit?.error, time,
              Double(answer.cost.plannedBytes) / 1024,
            ]))
      } catch {
        answers.rows.append(.init("\(estimator)", [Double?](repeating: nil, count: 6)))
        if case BilevelError.refused(_, let reason, _) = error {
          answers.notes.append("\(estimator) refuses this problem: \(reason).")
        } else {
          answers.notes.append("\(estimator) has no answer after \(steps) steps: \(error).")
        }
      }
    }

    /// Alternating with plain training, so that a slow period of the machine affects both; nil if
    /// plain training fails.
    private func time(_ estimator: Estimator) -> Double? {
      let times = (0..<repeats).compactMap { _ -> Double? in
        let clock = ContinuousClock()
        guard let training = try? clock.measure({ _ = try problem.solve(at: lambda) }),
          let answer = try? problem.hypergradient(at: lambda, by: estimator)
        else { return nil }
        return answer.cost.seconds / (training / .seconds(1))
      }.sorted()
      return times.isEmpty ? nil : times[times.count / 2]
    }
  }

  /// The agreement of a vector with the true one.
  struct Agreement {
    var cosine, ratio, error: Double

    init(_ given: Tensor, _ truth: Tensor) throws {
      let (a, b) = (try given.doubles(), try truth.doubles())
      func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let (na, nb) = (norm(a), norm(b))
      cosine = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / (na * nb)
      ratio = na / nb
      error = norm(zip(a, b).map { $0 - $1 }) / nb
    }
  }
}
