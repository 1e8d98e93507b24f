internal import COuterloopKernels

/// Products of row-major matrices of doubles in flat arrays.
package enum DenseProduct {
  /// c = alpha op(a) op(b) + beta c; op transposes the stored matrix. O(m n k) time.
  ///
  /// - Parameters:
  ///   - a: (m, k), or (k, m) if `aTransposed`, from its first element on.
  ///   - b: (k, n), or (n, k) if `bTransposed`.
  ///   - c: (m, n).
  package static func apply(
    _ a: [Double], aTransposed: Bool = false, _ b: [Double],
    bTransposed: Bool = false, m: Int, n: Int, k: Int, alpha: Double = 1, beta: Double = 0,
    into c: inout [Double]
  ) {
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n)
    guard m > 0, n > 0, k > 0 else {
      for place in 0..<m * n { c[place] = beta == 0 ? 0 : beta * c[place] }
      return
    }
    var product = ol_product()
    product.trans_a = aTransposed ? 1 : 0
    product.trans_b = bTransposed ? 1 : 0
    (product.m, product.n, product.k) = (Int64(m), Int64(n), Int64(k))
    product.lda = Int64(aTransposed ? m : k)
    product.ldb = Int64(bTransposed ? k : n)
    product.ldc = Int64(n)
    (product.alpha, product.beta) = (alpha, beta)
    run(&product, a, b, &c)
  }

  /// A part of a matrix: its first element, and its row stride.
  struct Part {
    var first: UnsafeMutablePointer<Double>
    var lead: Int

    /// The part that starts at a row and column.
    func from(_ row: Int, _ column: Int) -> Part {
      Part(first: first + row * lead + column, lead: lead)
    }
  }

  /// c = alpha op(a) b for parts of matrices.
  static func apply(
    _ a: Part, aTransposed: Bool = false, _ b: Part, m: Int, n: Int, k: Int, alpha: Double = 1,
    into c: Part
  ) {
    guard m > 0, n > 0, k > 0 else { return }
    var product = ol_product()
    product.trans_a = aTransposed ? 1 : 0
    (product.m, product.n, product.k) = (Int64(m), Int64(n), Int64(k))
    (product.lda, product.ldb) = (Int64(a.lead), Int64(b.lead))
    (product.ldc, product.alpha) = (Int64(c.lead), alpha)
    run(&product, a.first, b.first, c.first)
  }

  private static func run(
    _ product: inout ol_product, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ c: UnsafeMutablePointer<Double>
  ) {
    product.dtype = Int32(OL_F64.rawValue)
    product.batch = 1
    let threads = Int32(ThreadBudget.threads)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: max(ol_product_scratch_bytes(&product, threads), 64), alignment: 64)
    defer { scratch.deallocate() }
    ol_product_run(&product, a, b, c, scratch, threads)
  }

  /// The same as a new matrix.
  package static func of(
    _ a: [Double], aTransposed: Bool = false, _ b: [Double], bTransposed: Bool = false, m: Int,
    n: Int, k: Int
  ) -> [Double] {
    var c = [Double](repeating: 0, count: m * n)
    apply(
      a, aTransposed: aTransposed, b, bTransposed: bTransposed, m: m, n: n, k: k, into: &c)
    return c
  }
}
