internal import OuterloopNumerics

/// Power laws of several networks, which differ in their initial parameters and data order: their disagreement
/// estimates the uncertainty.
struct PowerLawEnsemble: Sendable {
  /// Parameters by member.
  private(set) var members: [[Double]]

  static let size = 5
  static let rate = 1e-3

  init(_ network: PowerLawNetwork, seed: UInt64) {
    members = (0..<Self.size).map {
      network.initial(RandomKey(seed: seed, purpose: "dpl-network", index: UInt64($0)))
    }
  }

  init(members: [[Double]]) { self.members = members }

  /// Minimizes the mean absolute error with Adam from its start, in shuffled batches of 64.
  ///
  /// - Parameters:
  ///   - newest: an observation to include in every batch; nil: none.
  ///   - key: names the orders.
  /// - Returns: by member and epoch, the mean over batches of the losses before their steps.
  /// - Complexity: five networks' gradients for each observation and epoch.
  @discardableResult
  mutating func train(
    _ network: PowerLawNetwork, _ rows: PowerLawRows, newest: Int?, epochs: Int, key: RandomKey
  ) throws -> [[Double]] {
    let keys = key.split(members.count)
    return try members.indices.map { member in
      var adam = AdamSteps(count: network.count, rate: Self.rate)
      let orders = keys[member].split(epochs)
      return try orders.map { order in
        let order = order.permutation(rows.count)
        var (sum, batches) = (0.0, 0)
        for first in stride(from: 0, to: order.count, by: PowerLawNetwork.batch) {
          var batch = Array(order[first..<min(first + PowerLawNetwork.batch, order.count)])
          if let newest { batch.append(newest) }
          let loss = try network.loss(members[member], rows, at: batch)
          adam.step(&members[member], loss.gradient)
          sum += loss.value
          batches += 1
        }
        return sum / Double(max(batches, 1))
      }
    }
  }

  /// Mean and standard deviation over the members of values at the end of a full training.
  func predict(
    _ network: PowerLawNetwork, _ x: [Double], count: Int
  ) throws -> (means: [Double], deviations: [Double]) {
    let all = try members.map { try network.values($0, x, count: count) }
    let size = Double(members.count)
    let means = (0..<count).map { place in all.reduce(0) { $0 + $1[place] } / size }
    let deviations = (0..<count).map { place in
      let squares = all.reduce(0) { $0 + ($1[place] - means[place]) * ($1[place] - means[place]) }
      return (squares / size).squareRoot()
    }
    return (means, deviations)
  }
}
