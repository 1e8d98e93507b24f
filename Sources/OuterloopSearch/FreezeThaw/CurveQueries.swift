/// Points of learning curves to predict.
package struct CurveQueries: Sendable {
  /// One for each query.
  package private(set) var configurations: KernelPoints
  /// The index of each query's curve in the process; -1: an unknown curve.
  package private(set) var curves: [Int] = []
  package private(set) var times: [Double] = []

  package init(_ layout: KernelLayout) { configurations = KernelPoints(layout) }

  package var count: Int { curves.count }

  /// Adds a point of a curve of the process, with its configuration.
  package mutating func append(_ configuration: KernelPoints, curve: Int, time: Double) {
    precondition(configuration.count == 1)
    configurations.append(contentsOf: configuration)
    curves.append(curve)
    times.append(time)
  }

  /// Adds points of unknown curves, with a time for each.
  package mutating func append(contentsOf new: KernelPoints, times: [Double]) {
    precondition(times.count == new.count)
    configurations.append(contentsOf: new)
    curves += [Int](repeating: -1, count: new.count)
    self.times += times
  }

  /// The same, all at the same time.
  package mutating func append(contentsOf new: KernelPoints, time: Double) {
    append(contentsOf: new, times: [Double](repeating: time, count: new.count))
  }
}
