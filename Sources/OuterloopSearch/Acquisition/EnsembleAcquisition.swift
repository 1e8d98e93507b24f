/// The average of several acquisition functions, each of a different model: the logarithm of the mean of
/// their exponentials, since each is a logarithm.
///
/// - Complexity: that of all of them.
struct EnsembleAcquisition: Acquisition {
  private let members: [any Acquisition]

  init(_ members: [any Acquisition]) { self.members = members }

  func values(at points: KernelPoints) -> [Double] {
    average(members.map { $0.values(at: points) }).values
  }

  func valuesAndGradients(at points: KernelPoints) -> (values: [Double], gradients: [[Double]]) {
    let all = members.map { $0.valuesAndGradients(at: points) }
    let average = average(all.map(\.values))
    var gradients = points.columns.map { $0.map { _ in 0.0 } }
    for (place, member) in all.enumerated() {
      for g in gradients.indices {
        let width = points.layout.groups[g].columns
        for entry in gradients[g].indices {
          let share = average.shares[place * points.count + entry / width]
          gradients[g][entry] += share * member.gradients[g][entry]
        }
      }
    }
    return (average.values, gradients)
  }

  private func average(_ values: [[Double]]) -> DrawAverage {
    let points = values[0].count
    var factor = AcquisitionFactor(draws: members.count, points: points, slopes: 0)
    factor.values = values.flatMap { $0 }
    return DrawAverage([factor], draws: members.count, points: points, logWeights: [])
  }
}
