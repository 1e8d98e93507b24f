import COuterloopKernels
import Foundation
import Testing

// Every instruction of fused.c against loops over the C library, on every instruction set.

/// A function of one number, and where to try it.
private struct Unary: Sendable, CustomTestStringConvertible {
  var name: String
  var op: ol_op
  var range: ClosedRange<Double>
  var ulps = 3.0
  var function: @Sendable (Double) -> Double
  var testDescription: String { name }
}

private func sigmoid(_ x: Double) -> Double { x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)) }
private func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

// The library itself errs by up to an ulp; composed references by another.
private let unaries: [Unary] = [
  Unary(name: "copy", op: OL_COPY, range: -9...9, ulps: 0) { $0 },
  Unary(name: "neg", op: OL_NEG, range: -9...9, ulps: 0) { -$0 },
  Unary(name: "abs", op: OL_ABS, range: -9...9, ulps: 0) { abs($0) },
  Unary(name: "sign", op: OL_SIGN, range: -9...9, ulps: 0) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
  Unary(name: "exp", op: OL_EXP, range: -80...80) { exp($0) },
  Unary(name: "exp near 0", op: OL_EXP, range: -1...1) { exp($0) },
  Unary(name: "expm1", op: OL_EXPM1, range: -50...80) { expm1($0) },
  Unary(name: "expm1 near 0", op: OL_EXPM1, range: -0.7...0.7) { expm1($0) },
  Unary(name: "expm1 at 0", op: OL_EXPM1, range: -1e-6...1e-6) { expm1($0) },
  Unary(name: "log", op: OL_LOG, range: 1e-30...1e3) { log($0) },
  Unary(name: "log near 1", op: OL_LOG, range: 0.6...1.6) { log($0) },
  Unary(name: "log1p", op: OL_LOG1P, range: -0.999...50) { log1p($0) },
  Unary(name: "log1p near 0", op: OL_LOG1P, range: -0.3...0.5) { log1p($0) },
  Unary(name: "log1p at 0", op: OL_LOG1P, range: -1e-6...1e-6) { log1p($0) },
  Unary(name: "sqrt", op: OL_SQRT, range: 0...100, ulps: 0.6) { $0.squareRoot() },
  Unary(name: "rsqrt", op: OL_RSQRT, range: 0.001...100, ulps: 1.6) { 1 / $0.squareRoot() },
  Unary(name: "recip", op: OL_RECIP, range: 0.001...100, ulps: 0.6) { 1 / $0 },
  Unary(name: "square", op: OL_SQUARE, range: -9...9, ulps: 0.6) { $0 * $0 },
  Unary(name: "sin", op: OL_SIN, range: -10...10) { sin($0) },
  Unary(name: "sin far", op: OL_SIN, range: -9e5...9e5) { sin($0) },
  Unary(name: "sin too far", op: OL_SIN, range: 1e7...1e30) { sin($0) },
  Unary(name: "cos", op: OL_COS, range: -10...10) { cos($0) },
  Unary(name: "cos far", op: OL_COS, range: -9e5...9e5) { cos($0) },
  Unary(name: "tan", op: OL_TAN, range: -10...10, ulps: 3.5) { tan($0) },
  Unary(name: "tan far", op: OL_TAN, range: -9e5...9e5, ulps: 3.5) { tan($0) },
  Unary(name: "tanh", op: OL_TANH, range: -25...25) { tanh($0) },
  Unary(name: "tanh near 0", op: OL_TANH, range: -1...1) { tanh($0) },
  Unary(name: "tanh at 0", op: OL_TANH, range: -1e-6...1e-6) { tanh($0) },
  Unary(name: "sigmoid", op: OL_SIGMOID, range: -80...40, ulps: 4) { sigmoid($0) },
  Unary(name: "softplus", op: OL_SOFTPLUS, range: -80...40, ulps: 4) { softplus($0) },
  Unary(name: "erf", op: OL_ERF, range: -6.5...6.5) { erf($0) },
  Unary(name: "erf near 0", op: OL_ERF, range: -1.2...1.2) { erf($0) },
  Unary(name: "floor", op: OL_FLOOR, range: -9...9, ulps: 0) { floor($0) },
  Unary(name: "ceil", op: OL_CEIL, range: -9...9, ulps: 0) { ceil($0) },
  Unary(name: "round", op: OL_ROUND, range: -9...9, ulps: 0) { rint($0) },
]

@Suite struct FusedKernelTests {
  @Test(arguments: unaries)
  private func unary(_ unary: Unary) {
    check(unary, Float.self)
    check(unary, Double.self)
  }

  private func check<T: KernelScalar>(_ unary: Unary, _: T.Type) {
    var numbers = TestNumbers(seed: 3)
    for (rows, cols) in [(1, 1), (1, 2), (3, 7), (100, 10), (700, 3), (1, 2500)] {
      var program = FusedProgram<T>(rows: rows, cols: cols)
      var pairs: [(input: Int32, output: Int32)] = []
      for width in [OL_ONE, OL_COL, OL_ROW, OL_FULL] {
        let span = unary.range.upperBound - unary.range.lowerBound
        let middle = unary.range.lowerBound + span / 2
        let unit: [T] = numbers.values(program.count(width))
        let a = program.input(width, unit.map { T(middle) + T(span / 2) * $0 })
        let d = program.output(width)
        pairs.append((a, d))
        let instruction = fused(unary.op, width, d, a)
        if width == OL_ONE || width == OL_COL {
          program.prologue.append(instruction)
        } else {
          program.body.append(instruction)
        }
      }
      onEveryInstructionSet { isa in
        let result = program.run()
        for (a, d) in pairs {
          let want = program.memory[program.slot(of: a)].map { unary.function(Double($0)) }
          let worst = worstUlps(result[program.slot(of: d)], want)
          #expect(worst <= unary.ulps, "\(T.self) \(isa) \(rows) x \(cols)")
        }
      }
    }
  }

  @Test func specialValues() {
    let functions: [(ol_op, @Sendable (Double) -> Double)] = [
      (OL_EXP, { exp($0) }), (OL_EXPM1, { expm1($0) }), (OL_LOG, { log($0) }),
      (OL_LOG1P, { log1p($0) }), (OL_SIN, { sin($0) }), (OL_COS, { cos($0) }),
      (OL_TAN, { tan($0) }), (OL_TANH, { tanh($0) }), (OL_SIGMOID, sigmoid),
      (OL_SOFTPLUS, { $0.isNaN ? .nan : softplus($0) }), (OL_ERF, { erf($0) }),
      (OL_SQRT, { $0.squareRoot() }), (OL_RECIP, { 1 / $0 }),
      (OL_SIGN, { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }),
      (OL_FLOOR, { floor($0) }), (OL_CEIL, { ceil($0) }), (OL_ROUND, { rint($0) }),
    ]
    for (op, function) in functions {
      check(op, Float.self, function, extra: [88.8, -103, -104, 0x1p-140, -0x1p-140, 3e38])
      check(op, Double.self, function, extra: [709.9, -740, -745.5, 0x1p-1060, -0x1p-1060, 1e308])
    }
  }

  private func check<T: KernelScalar>(
    _ op: ol_op, _: T.Type, _ function: (Double) -> Double, extra: [T]
  ) {
    let values: [T] =
      [0, -T.zero, 1, -1, 0.5, -0.5, 2.5, -2, .infinity, -.infinity, .nan, 1000, -1000] + extra
    var program = FusedProgram<T>(rows: values.count, cols: 1)
    let a = program.input(OL_FULL, values)
    let d = program.output(OL_FULL)
    program.body = [fused(op, OL_FULL, d, a)]
    onEveryInstructionSet { isa in
      let got = program.run()[program.slot(of: d)]
      for (x, y) in zip(values, got) {
        let want = function(Double(x))
        let place = "\(T.self) \(isa) op \(op.rawValue) at \(x)"
        #expect(worstUlps([y], [want]) <= 3, "\(place): \(y)")
        if want == 0 { #expect(y.sign == want.sign, "\(place)") }
      }
    }
  }

  @Test func binaryAndTernary() {
    func yes(_ condition: Bool) -> Double { condition ? 1 : 0 }
    let binaries: [(ol_op, Double, (Double, Double) -> Double)] = [
      (OL_ADD, 0.6, { $0 + $1 }), (OL_SUB, 0.6, { $0 - $1 }), (OL_MUL, 0.6, { $0 * $1 }),
      (OL_DIV, 0.6, { $0 / $1 }), (OL_POW, 1, { pow($0, $1) }), (OL_ATAN2, 2, { atan2($0, $1) }),
      (OL_MAX, 0, { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }),
      (OL_MIN, 0, { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }),
      (OL_EQ, 0, { yes($0 == $1) }), (OL_NE, 0, { yes($0 != $1) }), (OL_LT, 0, { yes($0 < $1) }),
      (OL_LE, 0, { yes($0 <= $1) }), (OL_GT, 0, { yes($0 > $1) }), (OL_GE, 0, { yes($0 >= $1) }),
    ]
    for (op, ulps, function) in binaries {
      check(op, Float.self, ulps: ulps) { a, b, _ in function(a, b) }
      check(op, Double.self, ulps: ulps) { a, b, _ in function(a, b) }
    }
    let ternaries: [(ol_op, (Double, Double, Double) -> Double)] = [
      (OL_SELECT, { $0 != 0 ? $1 : $2 }), (OL_FMA, { $0 * $1 + $2 }), (OL_FNMA, { $2 - $0 * $1 }),
    ]
    for (op, function) in ternaries {
      // Without fused multiply-add the product rounds first: small multiples of 1/8 stay exact.
      check(op, Float.self, ulps: 0, function)
      check(op, Double.self, ulps: 0, function)
    }
  }

  private func check<T: KernelScalar>(
    _ op: ol_op, _: T.Type, ulps: Double, _ function: (Double, Double, Double) -> Double
  ) {
    let special: [T] = [0, 1, -1, 2, -2, 3, 0.5, .infinity, -.infinity, .nan, -0.0]
    var numbers = TestNumbers(seed: 11)
    for cols in [1, 3, 40, 121, 700] {
      for positive in [false, true] {
        var program = FusedProgram<T>(rows: cols == 121 ? 1 : 5, cols: cols)
        let n = program.count(OL_FULL)
        func draw(_ index: (Int) -> Int) -> [T] {
          (0..<n).map { i in
            if cols == 121 { return special[index(i) % special.count] }
            let x = T(numbers.index(below: 33)) / 8
            return positive ? x + 0.125 : x - 2
          }
        }
        let a = program.input(OL_FULL, draw { $0 })
        let b = program.input(OL_FULL, draw { $0 / 11 })
        let c = program.input(OL_FULL, draw { $0 + 1 })
        let d = program.output(OL_FULL)
        program.body = [fused(op, OL_FULL, d, a, b, c)]
        let (x, y, z) = (program.memory[0], program.memory[1], program.memory[2])
        let want = (0..<n).map { function(Double(x[$0]), Double(y[$0]), Double(z[$0])) }
        onEveryInstructionSet { isa in
          let worst = worstUlps(program.run()[program.slot(of: d)], want)
          #expect(worst <= ulps, "\(T.self) \(isa) op \(op.rawValue), \(cols) columns")
        }
      }
    }
  }
}
