internal import OuterloopStudy

/// Observations and candidates of a study as rows of the deep kernel's network.
///
/// *Configurations.* Numbers in -1/2...1/2 on their scales, choices in columns of their own; for conditional
/// parameters also whether they are active, and 0 where they are not. *Curves.* Values in units of their standard
/// deviation, the median first loss being the worst (`LossScale`): at most 32 of them, evenly spaced back from the
/// last one.
struct KernelInputs: Sendable {
  private let coordinates: SpaceCoordinates
  private let epochs: Int
  /// The length of an encoded configuration.
  let width: Int

  private static let mostValues = 32

  init(_ coordinates: SpaceCoordinates, epochs: Int) {
    (self.coordinates, self.epochs) = (coordinates, epochs)
    width = coordinates.layout.groups.reduce(0) { $0 + $1.columns + ($1.isConditional ? 1 : 0) }
  }

  /// (candidates, width) by rows.
  func numbers(_ candidates: [Candidate]) -> [Double] {
    let points = coordinates.points(candidates)
    var result: [Double] = []
    result.reserveCapacity(candidates.count * width)
    for row in candidates.indices {
      for (place, group) in coordinates.layout.groups.enumerated() {
        result += points.columns[place][row * group.columns..<(row + 1) * group.columns]
        if group.isConditional { result.append(points.activity[place][row]) }
      }
    }
    return result
  }

  var none: NetworkRows { NetworkRows(width: width, .masked) }

  /// Rows of observations.
  func rows(
    _ chosen: [RowThinning.Row], _ curves: [ObservedCurve], _ scale: LossScale
  ) -> NetworkRows {
    var rows = none
    var known: [Int: [Double]] = [:]
    for row in chosen {
      let curve = curves[row.trial]
      let numbers = known[row.trial] ?? numbers([curve.candidate])
      known[row.trial] = numbers
      append(numbers[...], curve, epoch: row.epoch, scale, to: &rows)
    }
    return rows
  }

  /// A row for an epoch of a curve that is known before it.
  func append(
    _ numbers: ArraySlice<Double>, _ curve: ObservedCurve, epoch: Int, _ scale: LossScale,
    to rows: inout NetworkRows
  ) {
    let known = curve.losses.prefix(
      curve.epochs.indices.partitionPoint { curve.epochs[$0] < epoch })
    let step = (epochs + Self.mostValues - 1) / Self.mostValues
    let values = stride(from: known.count - 1, through: 0, by: -step).reversed().map {
      scale.value(known[$0])
    }
    rows.append(numbers, epoch: share(epoch), curve: values)
  }

  /// A row for the first epoch of a new configuration.
  func append(new numbers: ArraySlice<Double>, to rows: inout NetworkRows) {
    rows.append(numbers, epoch: share(1), curve: [])
  }

  private func share(_ epoch: Int) -> Double { Double(epoch) / Double(epochs) }
}
