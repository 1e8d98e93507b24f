private import OuterloopPlatform

/// The average of several acquisition functions, each of a model that may be the right one: the logarithm of
/// the mean of their exponentials, since each is a logarithm.
///
/// - Complexity: that of all of them.
struct EnsembleAcquisition: Acquisition {
  private let members: [any Acquisition]

  init(_ members: [any Acquisition]) { self.members = members }

  func values(at points: KernelPoints) -> [Double] {
    let all = members.map { $0.values(at: points) }
    return (0..<points.count).map { q in shares(all.map { $0[q] }).value }
  }

  func valuesAndGradients(at points: KernelPoints) -> (values: [Double], gradients: [[Double]]) {
    let all = members.map { $0.valuesAndGradients(at: points) }
    let shares = (0..<points.count).map { q in self.shares(all.map { $0.values[q] }) }
    var gradients = points.columns.map { $0.map { _ in 0.0 } }
    for (place, member) in all.enumerated() {
      for g in gradients.indices {
        let width = points.layout.groups[g].columns
        for entry in gradients[g].indices {
          gradients[g][entry] += shares[entry / width].shares[place] * member.gradients[g][entry]
        }
      }
    }
    return (shares.map(\.value), gradients)
  }

  /// log (1/E) sum_e exp v_e, and its derivatives by v_e.
  private func shares(_ values: [Double]) -> (value: Double, shares: [Double]) {
    let largest = values.reduce(-.infinity, max)
    guard largest > -.infinity else {
      return (largest, values.map { _ in 1 / Double(values.count) })
    }
    let parts = values.map { exp($0 - largest) }
    let total = parts.reduce(0, +)
    return (largest + log(total / Double(values.count)), parts.map { $0 / total })
  }
}
