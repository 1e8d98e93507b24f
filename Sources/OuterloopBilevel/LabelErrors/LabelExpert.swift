internal import OuterloopNumerics
internal import OuterloopPlatform

/// A model of the labels from one kind of features: logits of every row from models that have not seen
/// it, and the label noise.
///
/// Smoothing and noise are hyperparameters of the same outer loss, the likelihood of the given labels
/// under the models that have not seen them. The search starts by assuming that all labels are right,
/// and, where there are trusted rows, also from models of these alone: with half of a class labelled as
/// another, the labels themselves do not identify the two classes. A start is a grid of smoothings from
/// large to small. From there it proceeds in rounds: the estimated noise becomes the noise model of the
/// labels, the smoothing moves to a neighbour if that explains them better, and the noise is
/// re-estimated. After a round the better start alone goes on. The round of the best outer loss is the
/// answer; since no row's label is seen by the model that judges it, later rounds cannot win by fitting
/// wrong labels.
///
/// With redrawn folds, smoothing and noise are taken from an earlier search: they are a few numbers
/// for all rows, and depend little on the folds.
struct LabelExpert: Sendable {
  let logits: [Double]
  let noise: NoiseTransition
  let smoothing: Double

  /// - Parameters:
  ///   - smoothings: a grid, from large to small.
  ///   - previous: an expert for the same features with other folds, if there is one.
  init(
    _ fitting: some CrossFitted, smoothings: [Double], previous: LabelExpert? = nil,
    after first: LabelExpert? = nil, isStopped: @escaping () -> Bool
  ) throws {
    let search = Search(fitting: fitting, isStopped: isStopped)
    let best =
      try previous.map {
        try search.round(
          .noise($0.noise, logits: $0.logits), $0.smoothing, from: fitting.start)
      } ?? search.best(smoothings, after: first)
    logits = best.logits
    noise = best.noise
    smoothing = best.smoothing
  }

  private struct Round<Models> {
    var models: Models
    var logits: [Double]
    var noise: NoiseTransition
    var smoothing: Double
    /// The outer loss, with the opposite sign: log P(labels), and the prior of the shares of classes.
    var outer: Double
  }

  private struct Search<Fitting: CrossFitted> {
    let fitting: Fitting
    let isStopped: () -> Bool

    private var given: GivenLabels { fitting.given }
    /// Gains of the outer loss below this count as none.
    private var enough: Double { 1e-3 * Double(given.labels.count) }

    func best(_ smoothings: [Double], after first: LabelExpert?) throws -> Round<Fitting.Models> {
      if let first {
        let start = try start(.noise(first.noise, logits: first.logits), smoothings)
        let next = try improved(start, .both)
        return next.outer > start.outer ? next : start
      }
      var best = try start(.all, smoothings)
      var current = try improved(best, .finer)
      let trusted = given.trusted.filter { $0 }.count
      if trusted > 0, trusted < given.labels.count {
        let start = try start(.trusted, smoothings)
        let other = try improved(start, .finer)
        if other.outer > current.outer { (best, current) = (start, other) }
      }
      for neighbours in [Neighbours.both, .none] {
        let gain = current.outer - best.outer
        if gain > 0 { best = current }
        if gain < enough, neighbours == .none { break }
        current = try improved(current, neighbours)
      }
      return current.outer > best.outer ? current : best
    }

    /// The best of the grid, stopping when less smoothing is much worse.
    private func start(
      _ belief: GivenLabels.Belief, _ smoothings: [Double]
    ) throws -> Round<Fitting.Models> {
      var best = try round(belief, smoothings[0], from: fitting.start)
      var last = best
      for smoothing in smoothings.dropFirst() {
        last = try round(belief, smoothing, from: last.models)
        if last.outer > best.outer {
          best = last
        } else if last.outer < best.outer - 20 * enough {
          break
        }
      }
      return best
    }

    /// Which smoothings a round tries besides the current one.
    private enum Neighbours {
      /// Less smoothing, as long as that is better.
      case finer
      case both, none

      var factors: [Double] {
        let half = 0x1.94c583ada5b53p1  // the square root of 10
        return switch self {
        case .finer: [1 / half, 0.1]
        case .both: [1 / half, half]
        case .none: []
        }
      }
    }

    /// The next round, with the estimated noise as the noise model.
    private func improved(
      _ current: Round<Fitting.Models>, _ neighbours: Neighbours
    ) throws -> Round<Fitting.Models> {
      let belief = GivenLabels.Belief.noise(current.noise, logits: current.logits)
      var winner = try round(belief, current.smoothing, from: current.models)
      for factor in neighbours.factors {
        let next = try round(belief, current.smoothing * factor, from: winner.models)
        if next.outer > winner.outer {
          winner = next
        } else if neighbours == .finer {
          break
        }
      }
      return winner
    }

    func round(
      _ belief: GivenLabels.Belief, _ smoothing: Double, from models: Fitting.Models
    ) throws -> Round<Fitting.Models> {
      if isStopped() { throw CancellationError() }
      let fit = try fitting.fit(belief, smoothing: smoothing, from: models)
      let noise = NoiseTransition(
        logits: fit.logits, labels: given.labels, trusted: given.trusted,
        classes: given.classes)
      return Round(
        models: fit.models, logits: fit.logits, noise: noise, smoothing: smoothing,
        outer: noise.logLikelihood + logPrior(of: noise.probabilities(fit.logits)))
    }

    /// Shares pi of the classes near those of the labels, q, are more probable (Dirichlet):
    ///
    ///     30 K sum_k q_k log(pi_k / q_k)
    ///
    /// Otherwise a class can vanish, its labels explained as errors of another: the rounds find such
    /// solutions, and with many classes they can be the more likely ones.
    private func logPrior(of predictions: [Double]) -> Double {
      let classes = given.classes
      var shares = [Double](repeating: 0, count: classes)
      for (index, value) in predictions.enumerated() { shares[index % classes] += value }
      var counts = [Double](repeating: 0, count: classes)
      for label in given.labels { counts[Int(label)] += 1 }
      var sum = 0.0
      for k in 0..<classes where counts[k] > 0 {
        sum += counts[k] * log(max(shares[k], 1e-100) / counts[k])
      }
      return 30 * Double(classes) * sum / Double(given.labels.count)
    }
  }
}
