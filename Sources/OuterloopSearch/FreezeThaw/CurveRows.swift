internal import OuterloopPlatform

/// Observations of learning curves as inputs of a Gaussian process: curve and time.
package struct CurveRows: Sendable {
  /// The configuration of each curve.
  package private(set) var curves: KernelPoints
  /// The curve of each row, by index.
  package private(set) var curveOf: [Int] = []
  /// tau = log t / log T of each row, in 0...1.
  package private(set) var times: [Double] = []

  package init(_ layout: KernelLayout) { curves = KernelPoints(layout) }

  package var count: Int { curveOf.count }

  /// Adds curves without rows.
  package mutating func append(curves new: KernelPoints) { curves.append(contentsOf: new) }

  package mutating func append(curve: Int, time: Double) {
    precondition(0..<curves.count ~= curve)
    curveOf.append(curve)
    times.append(time)
  }

  /// tau of an epoch; 0 where there is only one.
  ///
  /// Logarithmic, since the first epochs of a training change most.
  package static func time(ofEpoch epoch: Int, of epochs: Int) -> Double {
    epochs > 1 ? log(Double(max(epoch, 1))) / log(Double(epochs)) : 0
  }
}

/// exp(-|tau - tau'|/l) for all pairs of rows and columns, looked up by their times: with one exponential
/// per pair of distinct times.
struct TimeCorrelation {
  /// By row and column of the table.
  let table: [Double]
  let width: Int
  /// The table row of each row, and the table column of each column.
  let rowOf: [Int]
  let columnOf: [Int]
  private let rowTimes: [Double]
  private let columnTimes: [Double]

  init(_ rows: [Double], _ columns: [Double], timescale: Double) {
    let (rowTimes, rowOf) = Self.distinct(rows)
    let (columnTimes, columnOf) = Self.distinct(columns)
    (self.rowTimes, self.rowOf) = (rowTimes, rowOf)
    (self.columnTimes, self.columnOf) = (columnTimes, columnOf)
    width = columnTimes.count
    table = rowTimes.flatMap { time in
      columnTimes.map { exp(-abs(time - $0) / timescale) }
    }
  }

  /// kt |tau - tau'|/l, its derivative with respect to log l, laid out like the table.
  func slopes(timescale: Double) -> [Double] {
    var slopes = table
    for (i, time) in rowTimes.enumerated() {
      for (j, other) in columnTimes.enumerated() {
        slopes[i * width + j] *= abs(time - other) / timescale
      }
    }
    return slopes
  }

  private static func distinct(_ times: [Double]) -> (values: [Double], placeOf: [Int]) {
    var places: [Double: Int] = [:]
    var values: [Double] = []
    let placeOf = times.map { time in
      if let place = places[time] { return place }
      places[time] = values.count
      values.append(time)
      return values.count - 1
    }
    return (values, placeOf)
  }
}
