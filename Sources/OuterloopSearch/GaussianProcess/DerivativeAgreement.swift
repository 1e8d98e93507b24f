internal import OuterloopNumerics
private import OuterloopPlatform

extension Evidence {
  /// By column, the log likelihood ratio of the outputs with and without the derivatives along that column:
  /// log p(outputs | all derivatives) - log p(outputs | those by other columns). Below 0, derivatives and
  /// outputs contradict each other.
  ///
  /// With S the rows of the column and g_S, g_R the derivatives along it and along others, by Bayes'
  /// rule this is
  ///
  ///     log p(g_S | outputs, g_R) - log p(g_S | g_R)
  ///
  /// and each of them, for a covariance K with inverse P of all its rows and alpha = P y,
  ///
  ///     log det(P_SS)/2 - alpha_S' P_SS^-1 alpha_S / 2 - |S| log(2 pi)/2
  ///
  /// so that one inverse suffices for all columns. The mean is the one of all rows.
  ///
  /// - Returns: nil if a covariance is not positive definite to rounding.
  /// - Throws: `BLASError` if there is no linear algebra library.
  /// - Complexity: O(n^3) time for n rows.
  package func agreement(_ parameters: KernelParameters) throws -> [DerivativeRows.Column: Double]?
  {
    let joint = JointCovariance(points, derivatives, parameters, forGradient: false)
    let (p, n) = (derivatives.count, joint.count)
    let own = (0..<p).flatMap { joint.matrix[$0 * n..<$0 * n + p] }
    guard let whole = try IncrementalCholesky(joint.matrix, count: n),
      let alone = try IncrementalCholesky(own, count: p)
    else { return nil }
    let (_, weights) = ConstantMean.solve(whole, outputs, derivatives)
    let (all, few) = (whole.inverse(), alone.inverse())
    let ownWeights = alone.solve(derivatives.rows.map(\.value))
    var rows: [DerivativeRows.Column: [Int]] = [:]
    for (place, row) in derivatives.rows.enumerated() { rows[row.by, default: []].append(place) }
    var agreement: [DerivativeRows.Column: Double] = [:]
    for (column, places) in rows {
      guard let known = try Self.leftOut(places, all, n, weights),
        let unknown = try Self.leftOut(places, few, p, ownWeights)
      else { return nil }
      agreement[column] = known - unknown
    }
    return agreement
  }

  /// log p of the rows at some indices given the others, up to the constant.
  private static func leftOut(
    _ places: [Int], _ inverse: [Double], _ count: Int, _ weights: [Double]
  ) throws -> Double? {
    let block = places.flatMap { i in places.map { inverse[i * count + $0] } }
    guard let factor = try IncrementalCholesky(block, count: places.count) else { return nil }
    var rest = places.map { weights[$0] }
    factor.solveLower(&rest, columns: 1)
    return 0.5 * factor.logDeterminant - 0.5 * rest.reduce(0) { $0 + $1 * $1 }
  }
}
