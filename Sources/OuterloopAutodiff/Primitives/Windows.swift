package import OuterloopNumerics

/// Every window of x (n, h, w, c): (n, oh, ow, kh, kw, c). No padding (pad first). Linear; pooling
/// is a reduction of it.
package struct Windows: Primitive {
  package let kernel: [Int]
  package let geometry: ConvolutionGeometry
  package var label: String { "windows \(kernel)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = operands[0]
    guard x.rank == 4, x.dtype.isFloating, kernel.count == 2,
      let height = geometry.output(x.shape[1], kernel: kernel[0], axis: 0),
      let width = geometry.output(x.shape[2], kernel: kernel[1], axis: 1)
    else { throw TensorError("windows \(kernel) of \(x)", remedy: "needs (n, h, w, c) that fits") }
    return TensorType(
      [x.shape[0], height, width, kernel[0], kernel[1], x.shape[3]], x.dtype)
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.windows(self), [$0]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [
      Tensor.apply(
        .windowsTranspose(WindowsTranspose(windows: self, shape: x[0].shape)), [ct])
    ]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    Tensor.apply(.windows(self), [x[0].mergedLeading()]).splitLeading(size)
  }
}

/// Adds every window back where it came from: the transpose of `Windows`.
package struct WindowsTranspose: Primitive {
  package let windows: Windows
  package let shape: [Int]
  package var label: String { "windowsTranspose \(windows.kernel)" }

  package func type(of operands: [TensorType]) throws(TensorError) -> TensorType {
    let x = TensorType(shape, operands[0].dtype)
    guard try windows.type(of: [x]) == operands[0] else {
      throw TensorError("windowsTranspose of \(operands[0]) to \(shape)")
    }
    return x
  }
  package func tangent(_ x: [Tensor], _ y: Tensor, _ dx: [Tensor?]) -> Tensor? {
    dx[0].map { Tensor.apply(.windowsTranspose(self), [$0]) }
  }
  package func transpose(_ ct: Tensor, _ x: [Tensor], linear: [Bool]) -> [Tensor?] {
    [Tensor.apply(.windows(windows), [ct])]
  }
  package func batch(_ x: [Tensor], batched: [Bool], size: Int) -> Tensor {
    let merged = WindowsTranspose(windows: windows, shape: [size * shape[0]] + shape.dropFirst())
    return Tensor.apply(.windowsTranspose(merged), [x[0].mergedLeading()]).splitLeading(size)
  }
}
