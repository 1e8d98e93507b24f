package import COuterloopKernels
package import OuterloopNumerics

/// One step of a compiled program: which kernel, on which slots. Descriptors are plain C structs in
/// memory owned by the program, so that running one involves no reference counting.
package enum Instruction {
  case fused(UnsafePointer<ol_fused>)
  case product(UnsafePointer<ol_product>, a: Int32, b: Int32, to: Int32)
  case copy(UnsafePointer<ol_view>, elementBytes: Int32, from: Int32, to: Int32)
  case fill(ol_dtype, value: Double, count: Int64, to: Int32)
  case cast(ol_dtype, ol_dtype, count: Int64, from: Int32, to: Int32)
  case iota(ol_dtype, total: Int64, count: Int64, inner: Int64, to: Int32)
  case reduce(ol_dtype, ol_reduction, UnsafePointer<Extents>, from: Int32, to: Int32)
  case argmax(ol_dtype, UnsafePointer<Extents>, from: Int32, to: Int32)
  case gather(elementBytes: Int32, UnsafePointer<Extents>, from: Int32, index: Int32, to: Int32)
  case scatterAdd(ol_dtype, UnsafePointer<Extents>, from: Int32, index: Int32, to: Int32)
  case oneHot(ol_dtype, count: Int64, depth: Int64, index: Int32, to: Int32)
  case random(ol_random_kind, ol_dtype, count: Int64, key: Int32, to: Int32)
  case convolution(ConvolutionMap, UnsafePointer<ol_convolution>, Int32, Int32, to: Int32)
  case windows(UnsafePointer<ol_convolution>, from: Int32, to: Int32)
  case windowsTranspose(UnsafePointer<ol_convolution>, from: Int32, to: Int32)
  case poolArgMax(UnsafePointer<ol_convolution>, from: Int32, to: Int32)
  case poolSelect(UnsafePointer<ol_convolution>, from: Int32, index: Int32, to: Int32)
  case poolSpread(UnsafePointer<ol_convolution>, from: Int32, index: Int32, to: Int32)
  case cholesky(DType, order: Int64, batch: Int64, from: Int32, to: Int32)
  case triangularSolve(
    DType, transposed: Bool, UnsafePointer<Extents>, matrix: Int32, from: Int32, to: Int32)

  package enum ConvolutionMap: String, Sendable { case forward, input, filter }

  /// Three sizes; their meaning depends on the instruction (outer, middle, inner for reductions;
  /// rows, row elements, count for look-ups; batch, order, columns for solves).
  package struct Extents {
    package var first, second, third: Int64
  }
}

/// Memory for the descriptors of one program.
final class DescriptorMemory {
  private var blocks: [UnsafeMutableRawPointer] = []

  func store<T>(_ value: T) -> UnsafePointer<T> { store([value]) }

  func store<T>(_ values: [T]) -> UnsafePointer<T> {
    let memory = UnsafeMutablePointer<T>.allocate(capacity: Swift.max(values.count, 1))
    memory.initialize(from: values, count: values.count)
    blocks.append(UnsafeMutableRawPointer(memory))
    return UnsafePointer(memory)
  }

  deinit {
    for block in blocks { block.deallocate() }
  }
}
