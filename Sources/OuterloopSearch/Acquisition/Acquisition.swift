/// How much it is worth to try a point: a function to be made large.
package protocol Acquisition: Sendable {
  func values(at points: KernelPoints) -> [Double]

  /// Values, and gradients by group, (points, columns) by rows.
  func valuesAndGradients(at points: KernelPoints) -> (values: [Double], gradients: [[Double]])
}
