internal import OuterloopNumerics

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What one kind of features says about labels: logits of every row from models that have not seen it,
/// and how labels go wrong.
///
/// Decay and noise are hyperparameters of the same outer loss, the likelihood of the given labels
/// under the models that have not seen them. First the models are trained as if all labels were right,
/// over a grid of decays from strong to weak. Then in rounds: the noise found becomes the evidence
/// (`CrossFitting`), the decay moves to a neighbour if that explains the labels better, and the noise
/// is found anew. The round of the best outer loss is the answer; since no row's label is seen by the
/// model that judges it, later rounds cannot win by fitting wrong labels.
struct LabelExpert: Sendable {
  let logits: [Double]
  let noise: NoiseTransition
  let decay: Double

  private struct Round {
    var models: CrossFitting.Models
    var logits: [Double]
    var noise: NoiseTransition
    var decay: Double
  }

  init(
    _ fitting: CrossFitting, labels: [Int32], trusted: [Bool], decays: [Double],
    isStopped: () -> Bool
  ) throws {
    let classes = fitting.classes
    let enough = 1e-3 * Double(labels.count)
    func round(
      _ noise: NoiseTransition?, _ decay: Double, from models: CrossFitting.Models,
      _ iterations: Int
    ) throws -> Round {
      if isStopped() { throw CancellationError() }
      let evidence = Self.evidence(labels, trusted, noise, classes)
      let fit = try fitting.fit(
        evidence: evidence, decay: decay, from: models, iterations: iterations)
      let found = NoiseTransition(
        logits: fit.logits, labels: labels, trusted: trusted, classes: classes)
      return Round(models: fit.models, logits: fit.logits, noise: found, decay: decay)
    }

    var best = try round(nil, decays[0], from: fitting.start, 60)
    var last = best
    for decay in decays.dropFirst() {
      last = try round(nil, decay, from: last.models, 60)
      if last.noise.logLikelihood > best.noise.logLikelihood {
        best = last
      } else if last.noise.logLikelihood < best.noise.logLikelihood - 20 * enough {
        break
      }
    }

    var current = best
    let half = 0x1.94c583ada5b53p1  // the square root of 10
    for (index, factors) in [[1, 1 / half, 0.1], [1, 1 / half, half], [1]].enumerated() {
      var winner: Round?
      for factor in factors {
        let next = try round(
          current.noise, current.decay * factor, from: winner?.models ?? current.models, 60)
        guard let held = winner else {
          winner = next
          continue
        }
        if next.noise.logLikelihood > held.noise.logLikelihood {
          winner = next
        } else if index == 0 {
          break
        }
      }
      guard let winner else { break }
      let gain = winner.noise.logLikelihood - best.noise.logLikelihood
      if gain > 0 { best = winner }
      current = winner
      if gain < enough, index > 0 { break }
    }
    logits = best.logits
    noise = best.noise
    decay = best.decay
  }

  /// log P(label of row | class k): of no noise, or of the noise found; trusted rows are their label.
  static func evidence(
    _ labels: [Int32], _ trusted: [Bool], _ noise: NoiseTransition?, _ classes: Int
  ) -> [Float] {
    let impossible: Float = -30
    var values = [Float](repeating: impossible, count: labels.count * classes)
    for (row, label) in labels.enumerated() {
      let start = row * classes
      if let noise, !trusted[row] {
        for k in 0..<classes {
          values[start + k] = max(
            impossible, Float(noise.logProbability(of: Int(label), given: k)))
        }
      } else {
        values[start + Int(label)] = 0
      }
    }
    return values
  }
}
