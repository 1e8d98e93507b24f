internal import COuterloopKernels

extension ThreadBudget {
  /// The values of `body` at 0..<count, computed on as many threads as the budget has. Parallel work inside
  /// `body` stays on its thread.
  ///
  /// - Complexity: worth it where a value takes tens of microseconds or more.
  package static func map<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Int) -> Value
  ) -> [Value] {
    let threads = Int32(threads)
    guard threads > 1, count > 1 else { return (0..<count).map(body) }
    return withoutActuallyEscaping(body) { body in
      [Value](unsafeUninitializedCapacity: count) { buffer, filled in
        filled = count
        guard let values = buffer.baseAddress else { return }
        var compute: (Int) -> Void = { (values + $0).initialize(to: body($0)) }
        withUnsafeMutablePointer(to: &compute) { compute in
          ol_parallel(
            threads, Int32(count),
            { context, index in
              context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(index))
            }, compute)
        }
      }
    }
  }
}
