internal import OuterloopNumerics

/// The utility of trying a point, to be maximised.
package protocol Acquisition: Sendable {
  func values(at points: KernelPoints) -> [Double]

  /// Values, and gradients by group, (points, columns) by rows.
  func valuesAndGradients(at points: KernelPoints) -> (values: [Double], gradients: [[Double]])
}

/// An acquisition function computed from predictions for many points at once.
protocol BlockAcquisition: Acquisition {
  /// - Parameter gradients: whether gradients are computed.
  func evaluated(
    _ points: KernelPoints, gradients: Bool
  ) -> (values: [Double], gradients: [[Double]])
}

extension BlockAcquisition {
  /// In blocks whose covariances stay in the processor's caches.
  package func values(at points: KernelPoints) -> [Double] {
    let blocks = points.blocks(of: 128)
    return ThreadBudget.map(blocks.count) { evaluated(blocks[$0], gradients: false).values }
      .flatMap { $0 }
  }

  package func valuesAndGradients(
    at points: KernelPoints
  ) -> (values: [Double], gradients: [[Double]]) {
    evaluated(points, gradients: true)
  }
}

extension KernelPoints {
  /// The points in blocks of `size`, the last one shorter.
  fileprivate func blocks(of size: Int) -> [KernelPoints] {
    stride(from: 0, to: count, by: size).map { selecting($0..<min($0 + size, count)) }
  }
}
