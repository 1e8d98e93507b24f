import Testing

@testable import OuterloopStudy

@Suite struct PredicateTests {
  /// p and q are truth values, a, b, c numbers, mode a text; all may be absent.
  static let space: SearchSpace = {
    let declarations = [
      "p=choice(false, true)", "q=choice(false, true)", "r=choice(false, true)", "a=float(-9, 9)",
      "b=float(-9, 9)", "c=float(-9, 9)", "mode=choice(relu, tanh, 'a b', leaky-relu, 3x3)",
      "n=ordinal(1, 2, 4)", "learning-rate=float(0, 1)", "größe=int(1, 5)", "a/b=int(1, 5)",
      "step=int(1, 5)", "1st=int(1, 5)",
    ]
    return try! SearchSpace(declarations.map { try ParameterDeclaration(parsing: $0) })
  }()

  private func value(_ text: String, _ given: [String: ParameterValue]) throws -> Bool? {
    let predicate = try Predicate(text, over: Self.space)
    let value = predicate.expression.evaluate { given[Self.space.parameters[$0].name] }
    #expect(predicate.holds { given[Self.space.parameters[$0].name] } == (value == .bool(true)))
    guard case .bool(let truth) = value else { return nil }
    return truth
  }

  private let truths: [(Bool?)] = [true, false, nil]

  /// Kleene's tables, written as minimum and maximum of false < unknown < true.
  @Test func threeValuedLogic() throws {
    func rank(_ truth: Bool?) -> Int { truth.map { $0 ? 2 : 0 } ?? 1 }
    for p in truths {
      for q in truths {
        let given = ["p": p, "q": q].compactMapValues { $0.map(ParameterValue.bool) }
        #expect(rank(try value("p and q", given)) == min(rank(p), rank(q)))
        #expect(rank(try value("p or q", given)) == max(rank(p), rank(q)))
        #expect(rank(try value("not p", given)) == 2 - rank(p))
        #expect(try value("not not p", given) == p)
        #expect(try value("not (not p)", given) == p)
      }
    }
  }

  @Test(
    arguments: [
      ("a + b * c == 7", true), ("(a + b) * c == 9", true), ("a - b - c == -4", true),
      ("c / b / a == 1.5", true), ("-a == -1", true), ("- -a == 1", true), ("a - -b == 3", true),
      ("-(a + b) == -3", true), ("2*a - 1==1", true), ("a < b and b < c", true),
      ("p or q and r", true), ("(p or q) and r", false), ("not q or p", true),
      ("not (q or p)", false), ("not a == b", true), ("a in [1, 2]", true),
      ("a not in (1, 2)", false),
      ("a in {3}", false), ("mode == relu", true), ("mode = 'relu'", true), ("mode != tanh", true),
      ("mode in [relu, 'a b']", true), ("mode == \"a b\"", false), ("mode == leaky-relu", false),
      ("mode == 3x3", false), ("n == 4.0", true), ("n >= 4", true), ("n > a * 1e0", true),
      ("a == 1e+0", true), ("a > .5", true), ("1 < c", true), ("a + learning-rate == 1.5", true),
      ("größe == 5", true), ("`a/b` == 2", true), ("`a/b` * 2 == 4", true), ("a / b == 0.5", true),
      ("step == 3", true), ("`1st` == 4", true), ("`learning-rate` == 0.5", true), ("true", true),
      ("p and true", true), ("p == true", true), ("p != q", true), ("n == `1st`", true),
      ("a\t==\n1", true), ("mode == 'rel\\u'", true),
    ] as [(String, Bool)])
  func formulas(text: String, truth: Bool) throws {
    let given: [String: ParameterValue] = [
      "p": true, "q": false, "r": false, "a": 1.0, "b": 2.0, "c": 3.0, "mode": "relu", "n": 4,
      "learning-rate": 0.5, "größe": 5, "a/b": 2, "step": 3, "1st": 4,
    ]
    #expect(try value(text, given) == truth)
  }

  @Test(arguments: [
    "a == 1", "a != 1", "a < 1", "a + 1 == 2", "a in [1, 2]", "a not in [1, 2]", "not a == 1",
    "a == b", "mode == relu", "mode != relu", "a == 1 and p", "a == 1 or q", "0 * a == 0",
  ])
  func whatNeedsInactiveParametersIsUnknown(text: String) throws {
    #expect(try value(text, ["p": true, "q": false, "b": 1]) == nil)
  }

  @Test func arithmeticWithoutFiniteResultIsUnknown() throws {
    for text in ["a / b > 1", "a / b < 1", "b / b == 1", "b / b != 1", "1 / (a / b) == 0"] {
      #expect(try value(text, ["a": 1.0, "b": 0.0]) == nil, "\(text)")
    }
  }

  // MARK: Printing and reading again

  private func number(_ depth: Int, _ random: inout SplitMix64) -> Expression {
    let names = ["a", "b", "c", "n", "learning-rate", "größe", "a/b", "step", "1st"]
    if depth == 0 || Bool.random(using: &random) {
      let name = names.pick(&random)
      let literals: [ParameterValue] = [0, 1, -3, 0.25, -1e-7, 1e20]
      return Bool.random(using: &random)
        ? .parameter(Self.space.index(of: name)!, name: name) : .literal(literals.pick(&random))
    }
    let sums: [Expression.Arithmetic] = [.add, .subtract]
    let products: [Expression.Arithmetic] = [.multiply, .divide]
    let signs = Bool.random(using: &random) ? sums : products
    let operations = (0..<Int.random(in: 1...3, using: &random)).map { _ in
      Expression.Operation(sign: signs.pick(&random), operand: number(depth - 1, &random))
    }
    return .arithmetic(number(depth - 1, &random), operations)
  }

  private func truth(_ depth: Int, _ random: inout SplitMix64) -> Expression {
    let mode = Expression.parameter(Self.space.index(of: "mode")!, name: "mode")
    let texts: [ParameterValue] = ["relu", "tanh", "a b", "leaky-relu", "3x3"]
    switch Int.random(in: 0..<(depth == 0 ? 4 : 7), using: &random) {
    case 0:
      let signs = Expression.Comparison.allCases
      let a = Expression.arithmetic(
        .parameter(3, name: "a"), [.init(sign: .add, operand: number(depth, &random))])
      return .comparison(signs.pick(&random), a, number(depth, &random))
    case 1: return .membership(mode, [texts.pick(&random), texts.pick(&random)])
    case 2: return .comparison(.notEqual, mode, .literal(texts.pick(&random)))
    case 3: return .parameter(0, name: "p")
    case 4:
      // Two negations in a row are read as none.
      let inner = truth(depth - 1, &random)
      if case .not = inner { return inner }
      return .not(inner)
    case 5:
      return .all(
        (0...Int.random(in: 1...3, using: &random)).map { _ in truth(depth - 1, &random) })
    default:
      return .any(
        (0...Int.random(in: 1...3, using: &random)).map { _ in truth(depth - 1, &random) })
    }
  }

  @Test func whatIsPrintedReadsTheSame() throws {
    var random = SplitMix64(3)
    for _ in 0..<3000 {
      let expression = truth(4, &random)
      #expect(try Predicate(expression.text, over: Self.space).expression == expression)
    }
  }

  @Test func textsStayTextsWhateverParametersComeLater() throws {
    var space = SearchSpace()
    _ = try space.choice("act", ["relu", "tanh"])
    _ = try space.when("act == relu") { try $0.float("slope", 0...1) }
    _ = try space.choice("relu", ["tanh"])
    let again = try SearchSpace(space.parameters.map(ParameterDeclaration.init))
    #expect(again.assignment(choosing: { $1.value(atIndex: 0) })?["slope"] != nil)
  }

  @Test func longChainsNeedNoDepth() throws {
    for (part, word) in [("p", " and "), ("q", " or "), ("a == 1", " and ")] {
      let text = Array(repeating: part, count: 10_000).joined(separator: word)
      _ = try value(text, ["p": true, "q": false, "a": 1])
    }
    let sum = Array(repeating: "a", count: 5_000).joined(separator: " + ") + " == 5000"
    #expect(try value(sum, ["a": 1]) == true)
    #expect(try value(String(repeating: "not ", count: 100_001) + "p", ["p": true]) == false)
    #expect(try value(String(repeating: "-", count: 100_000) + "a == 1", ["a": 1]) == true)
    #expect(
      try value(
        String(repeating: "(", count: 100) + "p" + String(repeating: ")", count: 100), ["p": true])
        == true)
  }
}
