import COuterloopKernels
import Testing

struct ProductCase: Sendable, CustomTestStringConvertible {
  var batch = 1
  var m: Int, n: Int, k: Int
  var transA = false, transB = false
  var padding = 0  // beyond the row length, of all three matrices
  var alpha = 1.0, beta = 0.0
  var sharesB = false

  var testDescription: String {
    "\(batch)x \(m)x\(n)x\(k)\(transA ? " A'" : "")\(transB ? " B'" : "") +\(padding) \(alpha) \(beta)"
  }

  static let forms: [ProductCase] = {
    let shapes: [(Int, Int, Int)] = [
      (0, 3, 2), (3, 0, 2), (3, 2, 0), (1, 1, 1), (1, 1, 100), (2, 3, 4), (5, 7, 1), (16, 16, 16),
      (17, 33, 15), (1, 70, 130), (70, 1, 130), (130, 10, 784), (128, 20, 300), (9, 200, 100),
      (65, 66, 67), (100, 31, 300), (300, 40, 5), (33, 140, 520), (40, 300, 65), (3, 2, 9000),
      (16, 10, 20000), (1, 1, 100_000), (24, 17, 64), (70, 150, 600), (25, 256, 1030),
    ]
    var cases: [ProductCase] = []
    for (m, n, k) in shapes {
      for (transA, transB) in [(false, false), (true, false), (false, true), (true, true)] {
        cases.append(ProductCase(m: m, n: n, k: k, transA: transA, transB: transB))
      }
      cases.append(ProductCase(m: m, n: n, k: k, padding: 3, alpha: 0.5, beta: -2))
      cases.append(
        ProductCase(m: m, n: n, k: k, transA: true, transB: true, padding: 5, alpha: -1, beta: 1))
    }
    for (transA, transB) in [(false, false), (true, false), (false, true), (true, true)] {
      for shared in [false, true] {
        cases.append(
          ProductCase(
            batch: 7, m: 6, n: 9, k: 70, transA: transA, transB: transB, beta: 0.5, sharesB: shared)
        )
        cases.append(
          ProductCase(
            batch: 40, m: 20, n: 30, k: 25, transA: transA, transB: transB, sharesB: shared))
        cases.append(
          ProductCase(
            batch: 3, m: 90, n: 80, k: 70, transA: transA, transB: transB, sharesB: shared))
      }
    }
    // More rows than are brought together at a time, in pieces of different lengths.
    cases.append(ProductCase(m: 500, n: 130, k: 200, transA: true, beta: 0.5))
    return cases
  }()
}

@Suite struct ProductKernelTests {
  @Test(arguments: ProductCase.forms)
  func matchesTheDefinition(_ form: ProductCase) {
    check(form, Float.self, tolerance: 2e-6)
    check(form, Double.self, tolerance: 2e-14)  // the oracle's plain sum rounds too
  }

  @Test func readsNothingOfCWithoutBeta() {
    let a: [Float] = [1, 2]
    let b: [Float] = [3, 4]
    var c: [Float] = [.nan]
    var product = ol_product()
    (product.batch, product.m, product.n, product.k) = (1, 1, 1, 2)
    (product.lda, product.ldb, product.ldc) = (2, 1, 1)
    product.alpha = 1
    _ = withScratch(ol_product_scratch_bytes(&product, 1)) {
      ol_product_run(&product, a, b, &c, $0, 1)
    }
    #expect(c == [11])
  }

  private func check<T: KernelScalar>(_ form: ProductCase, _: T.Type, tolerance: Double) {
    let (m, n, k) = (form.m, form.n, form.k)
    var product = ol_product()
    product.dtype = Int32(T.dtype.rawValue)
    (product.trans_a, product.trans_b) = (form.transA ? 1 : 0, form.transB ? 1 : 0)
    (product.batch, product.m, product.n, product.k) = (
      Int64(form.batch), Int64(m), Int64(n), Int64(k)
    )
    let lda = max(1, (form.transA ? m : k) + form.padding)
    let ldb = max(1, (form.transB ? k : n) + form.padding)
    let ldc = max(1, n + form.padding)
    (product.lda, product.ldb, product.ldc) = (Int64(lda), Int64(ldb), Int64(ldc))
    let strideA = lda * (form.transA ? k : m)
    let strideC = ldc * m
    let strideB = form.sharesB ? 0 : ldb * (form.transB ? n : k)
    (product.stride_a, product.stride_b, product.stride_c) = (
      Int64(strideA), Int64(strideB), Int64(strideC)
    )
    (product.alpha, product.beta) = (form.alpha, form.beta)

    var numbers = TestNumbers(seed: UInt64(m + 1000 * n + 1_000_000 * k))
    let a: [T] = numbers.values(strideA * form.batch)
    let b: [T] = numbers.values(max(strideB * form.batch, ldb * (form.transB ? n : k)))
    let before: [T] = numbers.values(strideC * form.batch)

    var want = before.map(Double.init)
    for q in 0..<form.batch {
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          for l in 0..<k {
            let x = a[q * strideA + (form.transA ? l * lda + i : i * lda + l)]
            let y = b[q * strideB + (form.transB ? j * ldb + l : l * ldb + j)]
            sum += Double(x) * Double(y)
          }
          let at = q * strideC + i * ldc + j
          want[at] = form.alpha * sum + form.beta * want[at]
        }
      }
    }

    onEveryInstructionSet { isa in
      var first: [T]?
      for threads: Int32 in [1, 2, 4] {
        var c = before
        let fenced = withScratch(ol_product_scratch_bytes(&product, threads)) { scratch in
          ol_product_run(&product, a, b, &c, scratch, threads)
        }
        #expect(fenced, "wrote past the scratch on \(isa), \(threads) threads")
        let worst = worstDifference(c, want, scale: max(1, Double(k).squareRoot()))
        #expect(worst <= tolerance, "\(T.self) on \(isa), \(threads) threads")
        if let first { #expect(c.sameBits(as: first), "\(T.self) on \(isa), \(threads) threads") }
        first = first ?? c
      }
    }
  }
}
