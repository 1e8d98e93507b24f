import Foundation
import Outerloop

/// Adam on lambda, as Outerloop has it: the root is taken of v / (1 - b2^t) + eps^2.
struct Adam {
  let rate: Double
  private let beta1 = 0.9
  private let beta2 = 0.999
  private let epsilon = 1e-5
  private var m = 0.0
  private var v = 0.0
  private var t = 0.0

  init(rate: Double) { self.rate = rate }

  mutating func step(_ x: Double, along g: Double) -> Double {
    t += 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    let mean = m / (1 - Foundation.pow(beta1, t))
    let root = (v / (1 - Foundation.pow(beta2, t)) + epsilon * epsilon).squareRoot()
    return x - rate * mean / root
  }
}

func outerLoop() throws {
  // Each update trains from the start, then follows the hypergradient.
  let (hypergradient, updates) = (Hypergradient(), 60)
  var (l, adam) = (-3.0, Adam(rate: 0.1))
  for update in 1...updates {
    let (loss, gradient) = hypergradient(at: l)
    if update % 20 == 1 {
      print("  update \(update): outer loss \(loss), weight decay \(Foundation.exp(l))")
    }
    l = adam.step(l, along: gradient)
  }
  print("  outer loss \(hypergradient(at: l).loss), weight decay \(Foundation.exp(l))")

  let theirs = try Ridge.problem().minimize(
    from: Tensor(-3, dtype: .float64), by: .reverse, updates: updates,
    with: OuterLoop(.adam(rate: 0.1)))
  check("outer loop: the logarithm of the weight decay", [l], try theirs.hyper.doubles())
}
